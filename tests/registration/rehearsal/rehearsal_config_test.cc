#include "registration/rehearsal/rehearsal_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

nlohmann::json Small() {
  return nlohmann::json::parse(std::string(ShippedConfig("small")));
}

TEST(RehearsalConfigTest, ShippedOnesAreThere) {
  EXPECT_THAT(ShippedConfigNames(),
              ElementsAre("2022-01-14", "prefecture", "small"));
  for (const std::string& name : ShippedConfigNames()) {
    const auto config = ParseRehearsalConfig(ShippedConfig(name));
    ASSERT_THAT(config, IsOk()) << name;
    EXPECT_EQ(config->name, name);
    EXPECT_EQ(config->planted, PlantedFault::kNone);
  }
  EXPECT_EQ(ShippedConfig("another"), "");
}

TEST(RehearsalConfigTest, ReadsEachKindOfField) {
  const auto config = ParseRehearsalConfig(ShippedConfig("small"));
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->NumPersons(), 60);
  EXPECT_EQ(config->IssueMinutes(), 120);
  EXPECT_TRUE(config->issue_by_page);
  EXPECT_EQ(config->mail_share, 0.25);
  EXPECT_EQ(config->life_from, "handover");
  ASSERT_EQ(config->gateway_errors.size(), 1);
  EXPECT_EQ(config->gateway_errors[0].at_minute, 40);
  EXPECT_EQ(config->gateway_errors[0].minutes, 10);
  ASSERT_EQ(config->clock_steps.size(), 1);
  EXPECT_EQ(config->clock_steps[0].minutes, 120);
  EXPECT_THAT(SlotsOf(*config), ElementsAre(absl::Hours(3), absl::Hours(15)));
}

// Every field of the file, at any depth: without it, with another beside it,
// with another type.
TEST(RehearsalConfigTest, EveryFieldIsNamedByItsFault) {
  const nlohmann::json flat = Small().flatten();
  for (const auto& [pointer, value] : flat.items()) {
    const nlohmann::json::json_pointer at(pointer);
    if (value.is_array() || pointer.find("per_step") != std::string::npos) {
      continue;
    }
    nlohmann::json without = Small();
    without[at.parent_pointer()].erase(at.back());
    EXPECT_THAT(ParseRehearsalConfig(without.dump()),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr(at.back() + ": is missing")))
        << pointer;
    nlohmann::json more = Small();
    more[at.parent_pointer()]["unheard_of"] = 1;
    EXPECT_THAT(
        ParseRehearsalConfig(more.dump()),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("unheard_of")))
        << pointer;
    nlohmann::json other = Small();
    // An empty array comes as null here.
    other[at] = value.is_null() ? nlohmann::json(5) : nlohmann::json::array();
    EXPECT_THAT(
        ParseRehearsalConfig(other.dump()),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(at.back())))
        << pointer;
  }
}

TEST(RehearsalConfigTest, ValuesOutsideTheirRange) {
  const std::vector<std::pair<std::string, nlohmann::json>> faults = {
      {"/speed", 0},
      {"/speed", 3601},
      {"/longest_real_seconds", 0},
      {"/issues/step_minutes", 0},
      {"/issues/per_step", nlohmann::json::array()},
      {"/issues/per_step/0", -1},
      {"/issues/per_step/0", "1"},
      {"/issues/per_step/0", 1.5},
      {"/issues/mail_share", 1.01},
      {"/gateway/delay_median_minutes", 0},
      {"/gateway/life_minutes", 1441},
      {"/gateway/life_from", "arrival"},
      {"/persons/mistype", -0.1},
      {"/persons/wait_median_minutes", 91},
      {"/persons/wait_least_minutes", 13},
      {"/persons/never", 0.98},
      {"/attacker/addresses", 0},
      {"/faults/gateway_errors/0/minutes", 0},
      {"/faults/planted", "another"},
      {"/contacts/sightings", 59},
      {"/contacts/fetch_every_minutes", 0},
      {"/publish/slots", "3:00"},
      {"/publish/slots", "24:00"},
      {"/publish/slots", "-1:00"},
      {"/publish/slots", "03:00,,"}};
  for (const auto& [pointer, value] : faults) {
    const nlohmann::json::json_pointer at(pointer);
    nlohmann::json config = Small();
    config[at] = value;
    const std::string field =
        pointer.find("per_step") != std::string::npos ? "per_step" : at.back();
    // What two fields say together names one of them.
    const std::string named =
        field == "wait_least_minutes" ? "wait_median_minutes" : field;
    EXPECT_THAT(ParseRehearsalConfig(config.dump()),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(named)))
        << pointer << " " << value;
  }
}

TEST(RehearsalConfigTest, NobodyAndTooMany) {
  nlohmann::json config = Small();
  config["issues"]["per_step"] = {0, 0};
  EXPECT_THAT(ParseRehearsalConfig(config.dump()),
              StatusIs(absl::StatusCode::kInvalidArgument));
  config["issues"]["per_step"] = {100000, 100000};
  EXPECT_THAT(ParseRehearsalConfig(config.dump()), IsOk());
  config["issues"]["per_step"] = {100000, 100000, 1};
  EXPECT_THAT(ParseRehearsalConfig(config.dump()),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParseRehearsalConfig("[]"),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParseRehearsalConfig("{"),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace tekmatch
