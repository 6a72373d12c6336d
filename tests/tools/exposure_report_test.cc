// Exposure windows, daily summaries and their trace, as JSON.
#include "tools/exposure_report.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/explain.h"
#include "tools/hex.h"
#include "tools/match_report.h"

namespace tekmatch {
namespace {

using ::nlohmann::ordered_json;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr int64_t kNoon = 1589976000;  // 2020-05-20T12:00:00Z

ExposureConfig Cocoa() { return *NamedExposureConfig("cocoa"); }

Match Heard(uint8_t key, int64_t time, int attenuation) {
  Match match;
  match.tek.bytes.fill(key);
  match.rolling_start = 2649888;  // 2020-05-20T00:00:00Z
  match.rolling_period = 144;
  match.metadata.report_type = ReportType::kConfirmedTest;
  match.metadata.days_since_onset = 1;
  match.interval = 2649960;
  match.sighting.rpi.bytes.fill(0xcd);
  match.sighting.unix_seconds = time;
  match.sighting.rssi = static_cast<int16_t>(-20 - attenuation);
  match.tx_power = -20;
  match.attenuation = attenuation;
  return match;
}

// Key 1: 46 and 47 dB, 5 minutes apart; an hour later 66 dB. Key 2: before.
std::vector<Match> Matches() {
  std::vector<Match> matches = {Heard(2, kNoon - 86400, 60),
                                Heard(1, kNoon, 46), Heard(1, kNoon + 300, 47),
                                Heard(1, kNoon + 3600, 66)};
  matches[2].sighting.seconds_since_previous_scan = 300;
  return matches;
}

MatchRunResult ARun() {
  MatchRunResult run;
  run.files.resize(1);
  run.files[0].path = "a.zip";
  run.files[0].verdict = "valid";
  run.files[0].accepted = true;
  run.files[0].report.signature.verdict = SignatureVerdict::kValid;
  run.result.matches = Matches();
  return run;
}

ExposureReport Report(const ExposureConfig& config = Cocoa(),
                      int64_t now = kNoon + 86400) {
  return MakeExposureReport(Matches(), config, absl::UTCTimeZone(),
                            absl::FromUnixSeconds(now));
}

TEST(ExposureReportTest, JsonIsAsDocumented) {
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
  EXPECT_EQ(DumpJson(ExposureReportJson(Report(), Cocoa(),
                                        {.files = 1, .sightings = 2},
                                        absl::UTCTimeZone()),
                     1),
            DumpJson(expected, 1));
}

// Windows are in no order that would tell of their times.
TEST(ExposureReportTest, WindowsOfADateAreInTheOrderOfTheirContent) {
  const ordered_json windows =
      ExposureReportJson(Report(), Cocoa(), {}, absl::UTCTimeZone())["windows"];
  std::vector<std::string> texts;
  for (const ordered_json& window : windows) texts.push_back(window.dump());
  EXPECT_TRUE(std::is_sorted(texts.begin(), texts.end()));
}

TEST(ExposureReportTest, ContactsAreThoseOfTheDaysReported) {
  ExposureConfig config = Cocoa();
  config.daily_summaries.days_since_exposure_threshold = 1;
  const ExposureReport report = Report(config);
  ASSERT_EQ(report.days.size(), 1U);
  EXPECT_EQ(report.num_contacts, 1);
  config.daily_summaries.days_since_exposure_threshold = 2;
  EXPECT_EQ(Report(config).num_contacts, 2);
}

// As on the platform, of which the same is asked: only the summaries have a
// limit.
TEST(ExposureReportTest, WindowsAndVersion1AreOfAllDays) {
  ExposureConfig config = Cocoa();
  config.daily_summaries.days_since_exposure_threshold = 1;
  const ExposureReport report = Report(config);
  EXPECT_EQ(report.since, absl::CivilDay(2020, 5, 20));
  EXPECT_EQ(report.windows.size(), 3U);
  EXPECT_EQ(report.version_1.num_matched_keys, 2);
  config.daily_summaries.days_since_exposure_threshold = 0;
  EXPECT_EQ(Report(config).since, std::nullopt);
  EXPECT_FALSE(ExposureReportJson(Report(config), config, {},
                                  absl::UTCTimeZone())["notice"]
                   .contains("since"));
}

TEST(ExposureReportTest, NothingMatched) {
  const ExposureReport report =
      MakeExposureReport({}, Cocoa(), absl::UTCTimeZone(), absl::Now());
  const ordered_json json =
      ExposureReportJson(report, Cocoa(), {}, absl::UTCTimeZone());
  EXPECT_EQ(json["windows"], ordered_json::array());
  EXPECT_EQ(json["daily_summaries"], ordered_json::array());
  EXPECT_EQ(json["notice"]["contact"], false);
  EXPECT_EQ(json["notice"]["complete"], true);
  EXPECT_EQ(json["notice"]["contacts"], 0);
}

TEST(ExposureReportTest, TellsDatesOnly) {
  const std::string text = DumpJson(
      ExposureReportJson(Report(), Cocoa(), {}, absl::UTCTimeZone()), -1);
  for (const Match& match : Matches()) {
    EXPECT_THAT(text, Not(HasSubstr(EncodeHex(match.tek.bytes))));
    EXPECT_THAT(text, Not(HasSubstr(EncodeHex(match.sighting.rpi.bytes))));
    EXPECT_THAT(text,
                Not(HasSubstr(std::to_string(match.sighting.unix_seconds))));
    EXPECT_THAT(text, Not(HasSubstr("days_since_onset")));
  }
  EXPECT_THAT(text, Not(HasSubstr("12:00")));
}

// From key to score, for the one who asks.
TEST(ExplainTest, TracesEveryContactOfTheDate) {
  const MatchRunResult run = ARun();
  const ordered_json windows =
      ExplainJson(absl::CivilDay(2020, 5, 20), run.files, run.result.matches,
                  Report(), Cocoa(), absl::UTCTimeZone());
  ASSERT_EQ(windows.size(), 2U);
  const ordered_json& window = windows[0];
  EXPECT_EQ(window["tek"], "01010101010101010101010101010101");
  EXPECT_EQ(window["rolling_start"], 2649888);
  EXPECT_EQ(window["rolling_period"], 144);
  EXPECT_EQ(window["file"], "a.zip");
  EXPECT_EQ(window["days_since_onset"], 1);
  EXPECT_EQ(window["report_type"], "confirmed_test");
  EXPECT_EQ(window["infectiousness"], "high");
  EXPECT_EQ(window["begins"], "2020-05-20T12:00:00+00:00");
  EXPECT_EQ(window["weighted_duration"], 870.0);
  EXPECT_EQ(window["report_type_weight"], 1.0);
  EXPECT_EQ(window["infectiousness_weight"], 1.0);
  EXPECT_EQ(window["score"], 870.0);
  EXPECT_EQ(window["counts"], true);
  ASSERT_EQ(window["scans"].size(), 2U);
  const ordered_json& scan = window["scans"][1];
  EXPECT_EQ(scan["seconds_since_last_scan"], 300);
  EXPECT_EQ(scan["typical_attenuation"], 47);
  EXPECT_EQ(scan["weight"], 2.5);
  ASSERT_EQ(scan["sightings"].size(), 1U);
  EXPECT_EQ(scan["sightings"][0], ordered_json::parse(R"({
      "time": "2020-05-20T12:05:00+00:00",
      "rpi": "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd", "interval": 2649960,
      "rssi": -67, "tx_power": -20, "attenuation": 47})"));
  EXPECT_EQ(windows[1]["scans"][0]["weight"], 0.01);
}

TEST(ExplainTest, AWindowBelowTheMinimumDoesNotCount) {
  ExposureConfig config = Cocoa();
  config.daily_summaries.minimum_window_score = 870;
  const ordered_json windows = ExplainJson(
      absl::CivilDay(2020, 5, 20), ARun().files, ARun().result.matches,
      Report(config), config, absl::UTCTimeZone());
  ASSERT_EQ(windows.size(), 2U);
  EXPECT_EQ(windows[0]["counts"], true);
  EXPECT_EQ(windows[1]["counts"], false);
}

TEST(ExplainTest, Text) {
  const MatchRunResult run = ARun();
  const SightingsCounts sightings;
  const RunAccount account = {.run = run, .sightings = sightings};
  const std::string text =
      ExplainText(absl::CivilDay(2020, 5, 20), account, run.result.matches,
                  Report(), Cocoa(), absl::UTCTimeZone());
  EXPECT_EQ(text.substr(0, text.find("window: ")),
            "Contacts of 2020-05-20 (UTC), configuration cocoa, as of "
            "2020-05-21\n"
            "score sum 871.2, maximum 870, 540 s in 2 windows of 1 key\n");
  EXPECT_THAT(text, HasSubstr("\n  scan: seconds_since_last_scan 300, "
                              "typical_attenuation 47, min_attenuation 47, "
                              "weight 2.5\n"
                              "    sighting: time 2020-05-20T12:05:00+00:00, "
                              "rpi cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd, "));
  EXPECT_EQ(
      ExplainText(absl::CivilDay(2020, 5, 21), account, run.result.matches,
                  Report(), Cocoa(), absl::UTCTimeZone()),
      "Contacts of 2020-05-21 (UTC), configuration cocoa, as of "
      "2020-05-21\nnone\n");
  EXPECT_EQ(ExplainJson(absl::CivilDay(2020, 5, 21), ARun().files,
                        ARun().result.matches, Report(), Cocoa(),
                        absl::UTCTimeZone()),
            ordered_json::array());
}

// Whoever asks about a date that the notice shows no more sees why.
TEST(ExplainTest, AnOldDateIsTracedAndDoesNotCount) {
  const MatchRunResult run = ARun();
  const SightingsCounts sightings;
  const absl::CivilDay date(2020, 5, 20);
  const auto trace = [&](int days_later) {
    const ExposureReport report =
        Report(Cocoa(), kNoon + int64_t{86400} * days_later);
    EXPECT_EQ(ExplainJson(date, run.files, run.result.matches, report, Cocoa(),
                          absl::UTCTimeZone())[0]["counts"],
              days_later <= 15);
    return ExplainText(date, {.run = run, .sightings = sightings},
                       run.result.matches, report, Cocoa(),
                       absl::UTCTimeZone());
  };
  EXPECT_THAT(trace(15), HasSubstr("\nscore sum 871.2"));
  EXPECT_THAT(trace(16), HasSubstr("as of 2020-06-05\nnot shown any more: the "
                                   "date is before 2020-05-21\nwindow: "));
  EXPECT_THAT(trace(16), Not(HasSubstr("score sum")));
}

// As every other output.
TEST(ExplainTest, SaysWhatWasLeftOutAndWhatAnybodyCouldHaveMade) {
  MatchRunResult run = ARun();
  run.files[0].verdict = "no_signature_entry";
  run.files[0].report.signature.verdict = SignatureVerdict::kNoSignatureEntry;
  run.files.resize(2);
  run.files[1].verdict = "malformed";
  run.files[1].path = "b.zip";
  const SightingsCounts sightings;
  const std::string text = ExplainText(
      absl::CivilDay(2020, 5, 20), {.run = run, .sightings = sightings},
      run.result.matches, Report(), Cocoa(), absl::UTCTimeZone());
  EXPECT_THAT(text, StartsWith("UNSIGNED (no_signature_entry): a.zip\n"
                               "LEFT OUT (malformed): b.zip\n"
                               "Keys of unsigned files count here"));
  EXPECT_EQ(
      ExplainJson(absl::CivilDay(2020, 5, 20), run.files, run.result.matches,
                  Report(), Cocoa(), absl::UTCTimeZone())[0]["verdict"],
      "no_signature_entry");
}

}  // namespace
}  // namespace tekmatch
