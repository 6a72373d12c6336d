#include "matcher/exposure/exposure_config_json.h"

#include <array>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "matcher/exposure/exposure_config.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

// What every configuration needs, without the braces.
constexpr char kRequired[] = R"("name":"x","attenuation_thresholds":[1,2,3],)"
                             R"("attenuation_weights":[1,1,1,1])";

absl::StatusOr<ExposureConfig> Parse(const std::string& more) {
  return ParseExposureConfig(absl::StrCat("{", kRequired, more, "}"));
}

TEST(ExposureConfigJsonTest, FromJson) {
  const auto config = ParseExposureConfig(R"({
      "name": "mine",
      "infectiousness": {"-14": "standard", "0": "high"},
      "infectiousness_when_missing": "none",
      "report_type_when_missing": "self_report",
      "attenuation_thresholds": [10, 20, 30],
      "attenuation_weights": [2.5, 1, 0.5, 0],
      "report_type_weights": {"confirmed_test": 2},
      "infectiousness_weights": {"high": 1.5},
      "minimum_window_score": 5, "days_since_exposure_threshold": 14,
      "alert": {"score_sum": 100, "seconds": 60},
      "version_1": {"attenuation_scores": [0, 1, 2, 3, 4, 5, 6, 7],
                    "minimum_risk_score": 10, "duration_thresholds": [1, 2]},
      "consultation": {"ja": "a", "en": "b"}})");
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->mapping.infectiousness[0], Infectiousness::kStandard);
  EXPECT_EQ(config->mapping.infectiousness[1], Infectiousness::kNone);
  EXPECT_EQ(config->mapping.infectiousness[14], Infectiousness::kHigh);
  EXPECT_EQ(config->mapping.infectiousness_when_missing, Infectiousness::kNone);
  EXPECT_EQ(config->mapping.report_type_when_missing, ReportType::kSelfReport);
  EXPECT_EQ(config->daily_summaries.report_type_weights,
            (std::array<double, 6>{0, 2, 0, 0, 0, 0}));
  EXPECT_EQ(config->daily_summaries.infectiousness_weights,
            (std::array<double, 3>{0, 0, 1.5}));
  EXPECT_EQ(config->alert.seconds, 60);
  EXPECT_EQ(config->version_1.attenuation_scores[7], 7);
  EXPECT_EQ(config->version_1.duration_thresholds, (std::array<int, 2>{1, 2}));
  EXPECT_EQ(config->consultation.japanese, "a");
}

// What others wrote stands in a notice, in a line among the program's own.
TEST(ExposureConfigJsonTest, TextsAreOneLineThatCanBeShown) {
  for (const char* text : {R"(x\nNo contact.)", R"(\u001b[2J)", R"(\u202e)"}) {
    for (const char* language : {"ja", "en"}) {
      EXPECT_EQ(Parse(absl::StrCat(R"(,"consultation":{")", language, R"(":")",
                                   text, R"("})"))
                    .status()
                    .message(),
                absl::StrCat("consultation.", language,
                             ": has characters that cannot be shown"));
    }
  }
}

// Without an alert no sum of a day's scores reaches it, and no time either.
TEST(ExposureConfigJsonTest, AnAlertThatIsNotConfiguredIsOutOfReach) {
  for (const char* more : {"", R"(,"alert":{})"}) {
    const auto config = Parse(more);
    ASSERT_THAT(config, IsOk());
    EXPECT_EQ(config->alert,
              (AlertConfig{.score_sum = 1e9, .seconds = 1'000'000'000}));
  }
}

// Each number is taken at its limit and refused beyond it.
TEST(ExposureConfigJsonTest, NumbersUpToTheirLimits) {
  struct Case {
    const char* before;
    const char* limit;
    const char* beyond;
    const char* after;
    const char* message;
    std::function<double(const ExposureConfig&)> value;
  };
  const std::vector<Case> cases = {
      {R"(,"minimum_window_score":)", "1000000000", "1000000001", "",
       "minimum_window_score: not a number in 0..1e+09",
       [](const ExposureConfig& c) {
         return c.daily_summaries.minimum_window_score;
       }},
      {R"(,"days_since_exposure_threshold":)", "36500", "36501", "",
       "days_since_exposure_threshold: not an integer in 0..36500",
       [](const ExposureConfig& c) -> double {
         return c.daily_summaries.days_since_exposure_threshold;
       }},
      {R"(,"alert":{"score_sum":)", "1000000000", "1000000001", "}",
       "alert.score_sum: not a number in 0..1e+09",
       [](const ExposureConfig& c) { return c.alert.score_sum; }},
      {R"(,"alert":{"seconds":)", "1000000000", "1000000001", "}",
       "alert.seconds: not an integer in 0..1000000000",
       [](const ExposureConfig& c) -> double { return c.alert.seconds; }},
      {R"(,"version_1":{"minimum_risk_score":)", "4096", "4097", "}",
       "version_1.minimum_risk_score: not an integer in 0..4096",
       [](const ExposureConfig& c) -> double {
         return c.version_1.minimum_risk_score;
       }},
      {R"(,"version_1":{"duration_thresholds":[0,)", "255", "256", "]}",
       "version_1.duration_thresholds[1]: not an integer in 0..255",
       [](const ExposureConfig& c) -> double {
         return c.version_1.duration_thresholds[1];
       }},
      {R"(,"version_1":{"attenuation_scores":[0,0,0,0,0,0,0,)", "8", "9", "]}",
       "version_1.attenuation_scores[7]: not an integer in 0..8",
       [](const ExposureConfig& c) -> double {
         return c.version_1.attenuation_scores[7];
       }},
      {R"(,"infectiousness_weights":{"high":)", "2.5", "2.51", "}",
       "infectiousness_weights.high: not a number in 0..2.5",
       [](const ExposureConfig& c) {
         return c.daily_summaries.infectiousness_weights[2];
       }},
  };
  for (const Case& c : cases) {
    const auto at_limit = Parse(absl::StrCat(c.before, c.limit, c.after));
    ASSERT_THAT(at_limit, IsOk());
    EXPECT_EQ(absl::StrCat(c.value(*at_limit)),
              absl::StrCat(std::stod(c.limit)))
        << c.message;
    EXPECT_EQ(Parse(absl::StrCat(c.before, c.beyond, c.after)).status(),
              absl::InvalidArgumentError(c.message));
    EXPECT_EQ(Parse(absl::StrCat(c.before, "-1", c.after)).status(),
              absl::InvalidArgumentError(c.message));
  }
}

// With the object or without it, and also if it names none.
TEST(ExposureConfigJsonTest, NoneWeighsNothing) {
  using Weights = std::array<double, 3>;
  const std::vector<std::pair<std::string, Weights>> cases = {
      {"", {0, 1, 1}},
      {R"(,"infectiousness_weights":{})", {0, 0, 0}},
      {R"(,"infectiousness_weights":{"none":2.5,"high":2})", {0, 0, 2}}};
  for (const auto& [more, weights] : cases) {
    const auto config = Parse(more);
    ASSERT_THAT(config, IsOk());
    EXPECT_EQ(config->daily_summaries.infectiousness_weights, weights) << more;
  }
}

TEST(ExposureConfigJsonTest, WrongFieldsAreNamed) {
  const std::string rest = kRequired;
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{}", "name: missing"},
      {R"({"name":"x"})", "attenuation_thresholds: missing"},
      {R"({"name":"x","attenuation_thresholds":[1,2],)"
       R"("attenuation_weights":[1,1,1,1]})",
       "attenuation_thresholds: not an array of 3"},
      {R"({"name":"x","attenuation_thresholds":[1,2,256],)"
       R"("attenuation_weights":[1,1,1,1]})",
       "attenuation_thresholds[2]: not an integer in 0..255"},
      {R"({"name":"x","attenuation_thresholds":[1,2,2],)"
       R"("attenuation_weights":[1,1,1,1]})",
       "attenuation_thresholds[2]: not above the one before"},
      {R"({"name":"x","attenuation_thresholds":[1,2,3],)"
       R"("attenuation_weights":[1,2.6,1,1]})",
       "attenuation_weights[1]: not a number in 0..2.5"},
      {"{" + rest + R"(,"infectiousness":{"15":"high"}})",
       "infectiousness.15: no such field"},
      {"{" + rest + R"(,"infectiousness":{"1":"low"}})",
       "infectiousness.1: not one of none, standard, high"},
      {"{" + rest + R"(,"report_type_weights":{"revoked":1}})",
       "report_type_weights.revoked: no such field"},
      {"{" + rest + R"(,"infectiousness_weights":{"high":-1}})",
       "infectiousness_weights.high: not a number in 0..2.5"},
      {"{" + rest + R"(,"alert":{"seconds":-1}})",
       "alert.seconds: not an integer in 0..1000000000"},
      {"{" + rest + R"(,"alert":7})", "alert: not a JSON object"},
      {"{" + rest + R"(,"version_1":{"duration_scores":[1,2,3,4,5,6,7,9]}})",
       "version_1.duration_scores[7]: not an integer in 0..8"},
      {"{" + rest + R"(,"version_1":{"duration_thresholds":[2,1]}})",
       "version_1.duration_thresholds[1]: below the one before"},
      {"{" + rest + R"(,"report_type_when_missing":"recursive"})",
       "report_type_when_missing: not one of confirmed_test, "
       "confirmed_clinical_diagnosis, self_report"},
      {"{" + rest + R"(,"report_type_when_missing":"revoked"})",
       "report_type_when_missing: not one of confirmed_test, "
       "confirmed_clinical_diagnosis, self_report"},
      {"{" + rest + R"(,"allert":{}})", "allert: no such field"},
  };
  for (const auto& [json, message] : cases) {
    EXPECT_EQ(ParseExposureConfig(json).status(),
              absl::InvalidArgumentError(message))
        << json;
  }
}

// Each number of each array goes to its place, and all may be 0.
TEST(ExposureConfigJsonTest, EveryArrayIsRead) {
  using Scores = std::array<int, 8>;
  const auto config = ParseExposureConfig(R"({
      "name": "x",
      "attenuation_thresholds": [10, 20, 30],
      "attenuation_weights": [2.5, 1, 0.5, 0.25],
      "report_type_weights": {"confirmed_test": 1,
                              "confirmed_clinical_diagnosis": 2,
                              "self_report": 0.5, "recursive": 0.25},
      "version_1": {"attenuation_scores": [0, 1, 2, 3, 4, 5, 6, 7],
                    "days_since_last_exposure_scores": [8, 7, 6, 5, 4, 3, 2, 1],
                    "duration_scores": [1, 2, 3, 4, 5, 6, 7, 8],
                    "transmission_risk_scores": [7, 6, 5, 4, 3, 2, 1, 0],
                    "duration_thresholds": [1, 2]}})");
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->daily_summaries.attenuation_thresholds,
            (std::array<int, 3>{10, 20, 30}));
  EXPECT_EQ(config->daily_summaries.attenuation_weights,
            (std::array<double, 4>{2.5, 1, 0.5, 0.25}));
  EXPECT_EQ(config->daily_summaries.report_type_weights,
            (std::array<double, 6>{0, 1, 2, 0.5, 0.25, 0}));
  const ExposureConfigV1& v1 = config->version_1;
  EXPECT_EQ(v1.attenuation_scores, (Scores{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(v1.days_since_last_exposure_scores,
            (Scores{8, 7, 6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(v1.duration_scores, (Scores{1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(v1.transmission_risk_scores, (Scores{7, 6, 5, 4, 3, 2, 1, 0}));
  for (const char* name :
       {"attenuation_scores", "days_since_last_exposure_scores",
        "duration_scores", "transmission_risk_scores"}) {
    const auto with = [name](const char* last) {
      return Parse(absl::StrCat(R"(,"version_1":{")", name,
                                R"(":[0,0,0,0,0,0,0,)", last, "]}"));
    };
    EXPECT_THAT(with("0"), IsOk()) << name;
    EXPECT_THAT(with("8"), IsOk()) << name;
    for (const char* bad : {"-1", "9"}) {
      EXPECT_EQ(with(bad).status(),
                absl::InvalidArgumentError(absl::StrCat(
                    "version_1.", name, "[7]: not an integer in 0..8")));
    }
  }
}

}  // namespace
}  // namespace tekmatch
