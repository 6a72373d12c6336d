// Exposure windows and daily summaries, as JSON.
#include "tools/report/exposure_json.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "matcher/exposure/exposure_findings.h"
#include "tests/tools/report/example_contacts.h"
#include "tools/files/hex.h"
#include "tools/files/json_text.h"
#include "tools/report/match_report.h"

namespace tekmatch {
namespace {

using ::nlohmann::ordered_json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ExposureJsonTest, JsonIsAsDocumented) {
  const ordered_json expected = ordered_json::parse(R"({
    "config": "cocoa",
    "windows": [
      {"date": "2020-05-19", "report_type": "confirmed_test",
       "infectiousness": "high", "calibration_confidence": 0,
       "scans": [{"seconds_since_last_scan": 120,
                  "typical_attenuation": 60, "min_attenuation": 60}]},
      {"date": "2020-05-20", "report_type": "confirmed_test",
       "infectiousness": "high", "calibration_confidence": 0,
       "scans": [{"seconds_since_last_scan": 120,
                  "typical_attenuation": 46, "min_attenuation": 46},
                 {"seconds_since_last_scan": 300,
                  "typical_attenuation": 47, "min_attenuation": 47}]},
      {"date": "2020-05-20", "report_type": "confirmed_test",
       "infectiousness": "high", "calibration_confidence": 0,
       "scans": [{"seconds_since_last_scan": 120,
                  "typical_attenuation": 66, "min_attenuation": 66}]}],
    "daily_summaries": [
      {"date": "2020-05-19", "maximum_score": 300.0, "score_sum": 300.0,
       "weighted_duration_sum": 300.0, "seconds": 120, "windows": 1, "keys": 1,
       "alerting": false,
       "by_report_type": {"confirmed_test": {"maximum_score": 300.0,
         "score_sum": 300.0, "weighted_duration_sum": 300.0}}},
      {"date": "2020-05-20", "maximum_score": 870.0, "score_sum": 871.2,
       "weighted_duration_sum": 871.2, "seconds": 540, "windows": 2, "keys": 1,
       "alerting": false,
       "by_report_type": {"confirmed_test": {"maximum_score": 870.0,
         "score_sum": 871.2, "weighted_duration_sum": 871.2}}}],
    "version_1": {"matched_keys": 2, "days_since_last_exposure": 1,
                  "maximum_risk_score": 1, "summation_risk_score": 3,
                  "attenuation_minutes": [10, 10, 0]},
    "notice": {"as_of": "2020-05-21", "since": "2020-05-06",
               "complete": false,
               "left_out": {"files": 1, "keys": 0, "sightings": 2, "losses": 0},
               "contact": true, "contacts": 2,
               "dates": [{"date": "2020-05-19", "minutes": 2,
                          "alerting": false},
                         {"date": "2020-05-20", "minutes": 9,
                          "alerting": false}],
               "consultation": {
                 "ja": "お住まいの都道府県の受診・相談センター",
                 "en": "the consultation centre of your prefecture"}}})");
  EXPECT_EQ(
      DumpJson(ExposureJson(ExampleReport(), Cocoa(),
                            {.files = 1, .sightings = 2}, absl::UTCTimeZone()),
               1),
      DumpJson(expected, 1));
}

// By what they say, as numbers: never in an order that would tell of their
// times, which here is another one.
TEST(ExposureJsonTest, WindowsOfADateAreInTheOrderOfTheirContent) {
  const auto window = [](ReportType type, Infectiousness infectiousness,
                         std::vector<ScanInstance> scans, int64_t start) {
    ExposureWindow made;
    made.report_type = type;
    made.infectiousness = infectiousness;
    made.scans = std::move(scans);
    made.start_seconds = start;
    return made;
  };
  const auto scan = [](int seconds) {
    ScanInstance made;
    made.seconds_since_last_scan = seconds;
    return made;
  };
  constexpr auto kTest = ReportType::kConfirmedTest;
  constexpr auto kClinical = ReportType::kConfirmedClinicalDiagnosis;
  constexpr auto kHigh = Infectiousness::kHigh;
  const std::vector<ExposureWindow> sorted = {
      window(kClinical, kHigh, {scan(60)}, kNoon - 86400 + 500),
      window(kTest, Infectiousness::kStandard, {scan(300)}, kNoon + 900),
      window(kTest, kHigh, {scan(60)}, kNoon + 800),
      window(kTest, kHigh, {scan(60), scan(60)}, kNoon + 700),
      window(kTest, kHigh, {scan(120)}, kNoon + 600),
      window(kClinical, kHigh, {scan(60)}, kNoon + 500)};
  ExposureFindings findings;
  findings.windows = sorted;
  const std::string expected =
      ExposureJson(findings, Cocoa(), {}, absl::UTCTimeZone())["windows"]
          .dump();
  for (size_t i = 1; i < sorted.size(); ++i) {
    std::rotate(findings.windows.begin(), findings.windows.begin() + 1,
                findings.windows.end());
    EXPECT_EQ(
        ExposureJson(findings, Cocoa(), {}, absl::UTCTimeZone())["windows"]
            .dump(),
        expected);
  }
  std::vector<int> seconds;
  for (const auto& made : ordered_json::parse(expected)) {
    seconds.push_back(made["scans"][0]["seconds_since_last_scan"].get<int>());
  }
  EXPECT_THAT(seconds, ElementsAre(60, 300, 60, 60, 120, 60));
}

TEST(ExposureJsonTest, ContactsAreThoseOfTheDaysReported) {
  ExposureConfig config = Cocoa();
  config.daily_summaries.days_since_exposure_threshold = 1;
  const ExposureFindings report = ExampleReport(config);
  ASSERT_EQ(report.days.size(), 1U);
  EXPECT_EQ(report.num_contacts, 1);
  config.daily_summaries.days_since_exposure_threshold = 2;
  EXPECT_EQ(ExampleReport(config).num_contacts, 2);
}

// As on the platform, of which the same is asked: only the summaries have a
// limit.
TEST(ExposureJsonTest, WindowsAndVersion1AreOfAllDays) {
  ExposureConfig config = Cocoa();
  config.daily_summaries.days_since_exposure_threshold = 1;
  const ExposureFindings report = ExampleReport(config);
  EXPECT_EQ(report.since, absl::CivilDay(2020, 5, 20));
  EXPECT_EQ(report.windows.size(), 3U);
  EXPECT_EQ(report.version_1.num_matched_keys, 2);
  config.daily_summaries.days_since_exposure_threshold = 0;
  EXPECT_EQ(ExampleReport(config).since, std::nullopt);
  EXPECT_FALSE(ExposureJson(ExampleReport(config), config, {},
                            absl::UTCTimeZone())["notice"]
                   .contains("since"));
}

TEST(ExposureJsonTest, NothingMatched) {
  const ExposureFindings report =
      FindExposures({}, Cocoa(), absl::UTCTimeZone(), absl::Now());
  const ordered_json json =
      ExposureJson(report, Cocoa(), {}, absl::UTCTimeZone());
  EXPECT_EQ(json["windows"], ordered_json::array());
  EXPECT_EQ(json["daily_summaries"], ordered_json::array());
  EXPECT_EQ(json["notice"]["contact"], false);
  EXPECT_EQ(json["notice"]["complete"], true);
  EXPECT_EQ(json["notice"]["contacts"], 0);
}

TEST(ExposureJsonTest, TellsDatesOnly) {
  const std::string text = DumpJson(
      ExposureJson(ExampleReport(), Cocoa(), {}, absl::UTCTimeZone()), -1);
  for (const Match& match : ExampleMatches()) {
    EXPECT_THAT(text, Not(HasSubstr(EncodeHex(match.tek.bytes))));
    EXPECT_THAT(text, Not(HasSubstr(EncodeHex(match.sighting.rpi.bytes))));
    EXPECT_THAT(text,
                Not(HasSubstr(std::to_string(match.sighting.unix_seconds))));
    EXPECT_THAT(text, Not(HasSubstr("days_since_onset")));
  }
  EXPECT_THAT(text, Not(HasSubstr("12:00")));
}

}  // namespace
}  // namespace tekmatch
