#include "matcher/exposure/transmission_window_json.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

TEST(TransmissionWindowJsonTest, EveryField) {
  const auto policy = ParseTransmissionWindowPolicy(R"({
      "name": "mine", "basis": "days_since_onset", "days_before": 4,
      "days_after_onset": 9, "days_after_test": null, "max_age_days": 10,
      "registration_calendar": "utc", "starts_by_registration_day": true,
      "onset_reference": "utc_date_of_local_midnight",
      "days_since_onset_missing": "ignore"})");
  ASSERT_THAT(policy, IsOk());
  using Policy = TransmissionWindowPolicy;
  const Policy want = {
      .name = "mine",
      .basis = Policy::Basis::kDaysSinceOnset,
      .days_before = 4,
      .days_after_onset = 9,
      .days_after_test = std::nullopt,
      .max_age_days = 10,
      .registration_calendar = Policy::Calendar::kUtc,
      .starts_by_registration_day = true,
      .onset_reference = Policy::OnsetReference::kUtcDateOfLocalMidnight,
      .days_since_onset_missing = Policy::WhenMissing::kIgnore};
  EXPECT_EQ(*policy, want);
}

TEST(TransmissionWindowJsonTest, WrongFieldsAreNamed) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "not JSON"},
      {"[]", "not a JSON object"},
      {"{}", "name: missing"},
      {R"({"name":"x"})", "basis: missing"},
      {R"({"name":1,"basis":"none"})", "name: not a string"},
      {R"({"name":"x\nvalid","basis":"none"})",
       "name: has characters that cannot be shown"},
      {R"({"name":"\u202e","basis":"none"})",
       "name: has characters that cannot be shown"},
      {R"({"name":"x","basis":"start"})",
       "basis: not one of none, contact_time, rolling_start, "
       "days_since_onset"},
      {R"({"name":"x","basis":"none","days_before":-1})",
       "days_before: not an integer in 0..14"},
      {R"({"name":"x","basis":"none","days_after_onset":1.5})",
       "days_after_onset: not an integer in 0..14"},
      {R"({"name":"x","basis":"none","max_age_days":15})",
       "max_age_days: not an integer in 0..14"},
      {R"({"name":"x","basis":"none","starts_by_registration_day":0})",
       "starts_by_registration_day: neither true nor false"},
      {R"({"name":"x","basis":"none","day_before":1})",
       "day_before: no such field"},
      {R"({"name":"x","basis":"none","max_age_days":14,"max_age_days":1})",
       "max_age_days: stands twice in one object"},
  };
  for (const auto& [json, message] : cases) {
    EXPECT_EQ(ParseTransmissionWindowPolicy(json).status(),
              absl::InvalidArgumentError(message))
        << json;
  }
}

// Each field at its limits; a day of onset or test alone is a window, too.
TEST(TransmissionWindowJsonTest, DaysAreZeroToFourteen) {
  const auto parse = [](const std::string& field, const std::string& value) {
    return ParseTransmissionWindowPolicy(R"({"name":"x","basis":"none",")" +
                                         field + "\":" + value + "}");
  };
  for (const int days : {0, 14}) {
    const std::string text = std::to_string(days);
    const auto before = parse("days_before", text);
    ASSERT_THAT(before, IsOk());
    EXPECT_EQ(before->days_before, days);
    const auto onset = parse("days_after_onset", text);
    ASSERT_THAT(onset, IsOk());
    EXPECT_EQ(onset->days_after_onset, days);
    EXPECT_EQ(onset->days_after_test, std::nullopt);
    const auto test = parse("days_after_test", text);
    ASSERT_THAT(test, IsOk());
    EXPECT_EQ(test->days_after_test, days);
    EXPECT_EQ(test->days_after_onset, std::nullopt);
    const auto age = parse("max_age_days", text);
    ASSERT_THAT(age, IsOk());
    EXPECT_EQ(age->max_age_days, days);
  }
  for (const std::string field :
       {"days_before", "days_after_onset", "days_after_test", "max_age_days"}) {
    for (const char* days : {"-1", "15", "0.5", "\"1\""}) {
      EXPECT_EQ(parse(field, days).status(),
                absl::InvalidArgumentError(field + ": not an integer in 0..14"))
          << days;
    }
  }
}

}  // namespace
}  // namespace tekmatch
