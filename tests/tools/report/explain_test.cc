// The trace of a date's contacts, as JSON and as text: why it is alerting or
// not, and what was left out.
#include "tools/report/explain.h"

#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "matcher/exposure/exposure_config_json.h"
#include "matcher/exposure/exposure_findings.h"
#include "tests/tools/report/example_contacts.h"

namespace tekmatch {
namespace {

using ::nlohmann::ordered_json;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// The example's run and report, explained.
class ExplainTest : public ::testing::Test {
 protected:
  ExplainInput Input(absl::CivilDay date) {
    report_ = ExampleReport(config_, now_);
    return {.date = date,
            .account = account_,
            .matches = run_.result.matches,
            .dropped = run_.dropped,
            .report = report_,
            .config = config_,
            .window_policy = "civil",
            .zone = absl::UTCTimeZone()};
  }
  ordered_json Json() { return ExplainJson(Input(kDate)); }
  std::string Text() { return ExplainText(Input(kDate)); }

  static constexpr absl::CivilDay kDate{2020, 5, 20};

  ExposureConfig config_ = Cocoa();
  int64_t now_ = kNoon + 86400;
  ExposureCheckResult run_ = ExampleRun();
  SightingsCounts sightings_;
  RunAccount account_ = {.run = run_, .sightings = sightings_};
  ExposureFindings report_;
};

TEST_F(ExplainTest, TracesEveryContactOfTheDate) {
  const ordered_json json = Json();
  ordered_json summary = json;
  summary.erase("windows");
  EXPECT_EQ(summary, ordered_json::parse(R"({
      "date": "2020-05-20", "config": "cocoa", "policy": "civil",
      "as_of": "2020-05-21", "since": "2020-05-06", "alerting": false,
      "reason": "score sum 871.2 < 1350 and 540 s < 900 s: no alert",
      "score_sum": 871.2, "maximum_score": 870.0, "seconds": 540,
      "score_sum_needed": 1350.0, "seconds_needed": 900, "keys_own": 0, "keys": 1,
      "left_out": []})"));
  const ordered_json& windows = json["windows"];
  ASSERT_EQ(windows.size(), 2U);
  ordered_json window = windows[0];
  const ordered_json scans = window["scans"];
  window.erase("scans");
  EXPECT_EQ(window, ordered_json::parse(R"({
      "tek": "01010101010101010101010101010101", "rolling_start": 2649888,
      "rolling_period": 144, "file": "a.zip", "verdict": "valid",
      "days_since_onset": 1, "report_type": "confirmed_test",
      "infectiousness": "high", "calibration_confidence": 0,
      "begins": "2020-05-20T12:00:00+00:00", "weighted_duration": 870.0,
      "report_type_weight": 1.0, "infectiousness_weight": 1.0, "score": 870.0,
      "counts": true})"));
  ASSERT_EQ(scans.size(), 2U);
  EXPECT_EQ(scans[1], ordered_json::parse(R"({
      "seconds_since_last_scan": 300, "typical_attenuation": 47,
      "min_attenuation": 47, "weight": 2.5, "sightings": [
        {"time": "2020-05-20T12:05:00+00:00",
         "rpi": "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd", "interval": 2649960,
         "rssi": -67, "tx_power": -20, "attenuation": 47}]})"));
  EXPECT_EQ(windows[1]["scans"][0]["weight"], 0.01);
}

TEST_F(ExplainTest, TheReasonOfTheVerdictWithItsNumbers) {
  config_.alert = {.score_sum = 871, .seconds = 540};
  EXPECT_EQ(Json()["reason"],
            "score sum 871.2 >= 871 and 540 s >= 540 s: alert");
  EXPECT_EQ(Json()["alerting"], true);
  config_.alert = {.score_sum = 871, .seconds = 541};
  EXPECT_EQ(Json()["reason"],
            "score sum 871.2 >= 871 and 540 s < 541 s: no alert");
  config_.alert = {.score_sum = 871.25, .seconds = 540};
  EXPECT_EQ(Json()["reason"],
            "score sum 871.2 < 871.25 and 540 s >= 540 s: no alert");
  EXPECT_EQ(Json()["alerting"], false);
}

// 39.6 as a sum of 44 windows may be a hair less than 39.6.
TEST_F(ExplainTest, NumbersThatDifferAreShownToDiffer) {
  config_.alert = {.score_sum = std::nextafter(871.2, 900), .seconds = 0};
  EXPECT_EQ(Json()["alerting"], false);
  EXPECT_EQ(Json()["reason"],
            "score sum 871.20000000000005 < 871.20000000000016 and 540 s >= 0 "
            "s: no alert");
}

TEST_F(ExplainTest, AConfigurationWithoutAlertNeverAlerts) {
  config_.alert = kNoAlert;
  const ordered_json json = Json();
  EXPECT_EQ(json["reason"], "the configuration has no alert: no alert");
  EXPECT_FALSE(json.contains("score_sum_needed"));
  EXPECT_FALSE(json.contains("seconds_needed"));
}

TEST_F(ExplainTest, OwnKeysThatWereNeverComparedAreSaid) {
  run_.num_own_keys = 3;
  EXPECT_EQ(Json()["keys_own"], 3);
  EXPECT_THAT(Text(),
              HasSubstr("\nown keys of all devices, never compared: 3\n"));
}

TEST_F(ExplainTest, AWindowBelowTheMinimumDoesNotCount) {
  config_.daily_summaries.minimum_window_score = 870;
  const ordered_json json = Json();
  ASSERT_EQ(json["windows"].size(), 2U);
  EXPECT_EQ(json["windows"][0]["counts"], true);
  EXPECT_FALSE(json["windows"][0].contains("reason"));
  EXPECT_EQ(json["windows"][1]["counts"], false);
  EXPECT_EQ(json["windows"][1]["reason"], "below_minimum_score");
  EXPECT_EQ(json["score_sum"], 870.0);
  EXPECT_THAT(Text(), HasSubstr("= score 1.2, not in the score sum: "
                                "below_minimum_score\n"));
}

TEST_F(ExplainTest, Text) {
  EXPECT_EQ(
      Text(),
      "Contacts of 2020-05-20 (UTC), configuration cocoa, policy civil, as of "
      "2020-05-21\n"
      "score sum 871.2 < 1350 and 540 s < 900 s: no alert\n"
      "2 windows of 1 key, score maximum 870\n"
      "\n"
      "window, 12:00:00: 870 s weighted x 1 (confirmed_test) x 1 (high) = "
      "score 870\n"
      "  key 01010101010101010101010101010101, rolling start 2649888, period "
      "144, days since onset 1\n"
      "  file a.zip (valid), calibration confidence 0\n"
      "  scan: 120 s x 1, attenuation 46 dB, least 46 dB\n"
      "    12:00:00 rpi cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd, interval 2649960, "
      "rssi -66, tx power -20, attenuation 46\n"
      "  scan: 300 s x 2.5, attenuation 47 dB, least 47 dB\n"
      "    12:05:00 rpi cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd, interval 2649960, "
      "rssi -67, tx power -20, attenuation 47\n"
      "\n"
      "window, 13:00:00: 1.2 s weighted x 1 (confirmed_test) x 1 (high) = "
      "score 1.2\n"
      "  key 01010101010101010101010101010101, rolling start 2649888, period "
      "144, days since onset 1\n"
      "  file a.zip (valid), calibration confidence 0\n"
      "  scan: 120 s x 0.01, attenuation 66 dB, least 66 dB\n"
      "    13:00:00 rpi cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd, interval 2649960, "
      "rssi -86, tx power -20, attenuation 66\n");
}

TEST_F(ExplainTest, ADateWithoutContacts) {
  const ExplainInput input = Input(absl::CivilDay(2020, 5, 21));
  EXPECT_EQ(ExplainText(input),
            "Contacts of 2020-05-21 (UTC), configuration cocoa, policy civil, "
            "as of 2020-05-21\nno window: no alert\n");
  EXPECT_EQ(ExplainJson(input)["windows"], ordered_json::array());
  EXPECT_EQ(ExplainJson(input)["left_out"], ordered_json::array());
}

// Whoever asks about a date that the notice shows no more sees why.
TEST_F(ExplainTest, AnOldDateIsTracedAndDoesNotCount) {
  now_ = kNoon + int64_t{15} * 86400;
  EXPECT_EQ(Json()["windows"][0]["counts"], true);
  now_ += 86400;
  const ordered_json json = Json();
  EXPECT_EQ(json["windows"][0]["counts"], false);
  EXPECT_EQ(json["windows"][0]["reason"], "date_not_shown");
  EXPECT_EQ(json["alerting"], false);
  EXPECT_THAT(Text(),
              HasSubstr("as of 2020-06-05\n2020-05-20 is before 2020-05-21, "
                        "the first date that is shown: no alert\n"
                        "2 windows\n\nwindow, 12:00:00: "));
  EXPECT_THAT(Text(), HasSubstr("does not count: date_not_shown\n"));
  EXPECT_THAT(Text(), Not(HasSubstr("score sum")));
}

// Cut into windows as those of the result; only of the date.
TEST_F(ExplainTest, WindowsThatWereLeftOutHaveTheirReason) {
  for (const int64_t later : {0, 300, 1800, 86400}) {
    run_.dropped.push_back(
        {HeardAt(3, kNoon + 7200 + later, 50), "before_window"});
  }
  run_.dropped.push_back({HeardAt(4, kNoon, 51), "replayed"});
  run_.dropped.push_back({HeardAt(5, kNoon, 52), "revoked_key"});
  run_.dropped.back().match.metadata.report_type = ReportType::kRevoked;
  const ordered_json left_out = Json()["left_out"];
  ASSERT_EQ(left_out.size(), 4U);
  EXPECT_EQ(left_out[0]["reason"], "before_window");
  EXPECT_EQ(left_out[0]["tek"], "03030303030303030303030303030303");
  EXPECT_EQ(left_out[0]["begins"], "2020-05-20T14:00:00+00:00");
  EXPECT_EQ(left_out[0]["scans"].size(), 2U);
  EXPECT_EQ(left_out[0]["scans"][0]["sightings"][0]["attenuation"], 50);
  EXPECT_FALSE(left_out[0].contains("score"));
  EXPECT_EQ(left_out[1]["begins"], "2020-05-20T14:30:00+00:00");
  EXPECT_EQ(left_out[1]["scans"].size(), 1U);
  EXPECT_EQ(left_out[2]["reason"], "replayed");
  EXPECT_EQ(left_out[3]["reason"], "revoked_key");
  EXPECT_EQ(left_out[3]["report_type"], "revoked");
  EXPECT_THAT(Text(), HasSubstr("\nleft out, 14:00:00: before_window, 2 "
                                "sightings, confirmed_test, high\n"
                                "  key 03030303030303030303030303030303, "));
  EXPECT_THAT(Text(), HasSubstr("    14:05:00 rpi "));
}

TEST_F(ExplainTest, AKeyThatIsNotInfectiousIsLeftOut) {
  config_.mapping.infectiousness[14 + 1] = Infectiousness::kNone;
  const ordered_json json = Json();
  EXPECT_EQ(json["windows"], ordered_json::array());
  EXPECT_EQ(json["reason"], "no window: no alert");
  ASSERT_EQ(json["left_out"].size(), 2U);
  for (const ordered_json& left_out : json["left_out"]) {
    EXPECT_EQ(left_out["reason"], "infectiousness_none");
    EXPECT_EQ(left_out["infectiousness"], "none");
  }
}

TEST_F(ExplainTest, AWindowOverMidnightSaysTheOtherDate) {
  run_.result.matches = {HeardAt(1, kNoon + 43200 - 60, 50),
                         HeardAt(1, kNoon + 43200 + 240, 50)};
  ExplainInput input = Input(kDate);
  report_ = FindExposures(run_.result.matches, config_, absl::UTCTimeZone(),
                          absl::FromUnixSeconds(now_));
  const std::string text = ExplainText(input);
  EXPECT_THAT(text, HasSubstr("    23:59:00 rpi "));
  EXPECT_THAT(text, HasSubstr("    2020-05-21 00:04:00 rpi "));
}

// As every other output.
TEST_F(ExplainTest, SaysWhatWasLeftOutAndWhatAnybodyCouldHaveMade) {
  run_.files[0].verdict = "no_signature_entry";
  run_.files[0].report.signature.verdict = SignatureVerdict::kNoSignatureEntry;
  run_.files.resize(2);
  run_.files[1].verdict = "malformed";
  run_.files[1].path = "b.zip";
  EXPECT_THAT(Text(), StartsWith("UNSIGNED (no_signature_entry): a.zip\n"
                                 "LEFT OUT (malformed): b.zip\n"
                                 "Keys of unsigned files count here"));
  EXPECT_EQ(Json()["windows"][0]["verdict"], "no_signature_entry");
}

}  // namespace
}  // namespace tekmatch
