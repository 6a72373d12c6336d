#include "registration/rules/publish_schedule.h"

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/release.h"
#include "tests/registration/rules/times.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;

// COCOA's slots from version 2.0.1 on.
PublishSchedule FiveADay() {
  PublishSchedule schedule;
  schedule.slots = {absl::Hours(3), absl::Hours(7), absl::Hours(11),
                    absl::Hours(15), absl::Hours(23)};
  return schedule;
}

WaitingKey Key(const char* start, const char* arrived, uint8_t period = 144) {
  return {.rolling_start = IntervalAt(start),
          .rolling_period = period,
          .arrived = At(arrived)};
}

// The verdicts and the age, in words.
std::string Plan(const std::vector<WaitingKey>& keys, const char* slot,
                 const PublishSchedule& schedule) {
  const ReleasePlan plan = PlanRelease(keys, At(slot), schedule);
  EXPECT_EQ(plan.verdicts.size(), keys.size());
  std::string words;
  int64_t num_going_out = 0;
  for (const ReleaseVerdict verdict : plan.verdicts) {
    absl::StrAppend(&words, words.empty() ? "" : " ",
                    ReleaseVerdictName(verdict));
    if (verdict == ReleaseVerdict::kGoesOut) ++num_going_out;
  }
  EXPECT_EQ(plan.num_going_out, num_going_out);
  if (plan.oldest_unpublished_age.has_value()) {
    absl::StrAppend(&words, ", ",
                    absl::FormatDuration(*plan.oldest_unpublished_age));
  }
  return words;
}

TEST(PublishScheduleTest, ValidateNamesTheField) {
  EXPECT_THAT(Validate(PublishSchedule()), IsOk());
  EXPECT_THAT(Validate(FiveADay()), IsOk());
  const auto refuses = [](const PublishSchedule& schedule, const char* field) {
    EXPECT_THAT(Validate(schedule),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(field)));
  };
  PublishSchedule schedule;
  schedule.slots = {};
  refuses(schedule, "slots");
  schedule.slots = {absl::Hours(24)};
  refuses(schedule, "slots");
  schedule.slots = {absl::Seconds(-1)};
  refuses(schedule, "slots");
  schedule.slots = {absl::Milliseconds(1500)};
  refuses(schedule, "slots");
  schedule.slots = {absl::Hours(3), absl::Hours(3)};
  refuses(schedule, "slots");
  schedule.slots = {absl::Hours(3), absl::Hours(2)};
  refuses(schedule, "slots");
  schedule.slots.clear();
  for (int i = 0; i < 1441; ++i) schedule.slots.push_back(absl::Seconds(i));
  refuses(schedule, "slots");
  schedule = {};
  schedule.min_keys = -1;
  refuses(schedule, "min_keys");
  schedule = {};
  schedule.longest_wait = absl::Hours(-1);
  refuses(schedule, "longest_wait");
}

TEST(PublishScheduleTest, SlotsOfTheUtcDay) {
  const struct {
    const char* time;
    const char* first_from;
    const char* last_by;
  } kDaily[] =
      {
          {"2020-12-15T00:00:00Z", "2020-12-15T15:00:00Z",
           "2020-12-14T15:00:00Z"},
          {"2020-12-15T14:59:59Z", "2020-12-15T15:00:00Z",
           "2020-12-14T15:00:00Z"},
          {"2020-12-15T15:00:00Z", "2020-12-15T15:00:00Z",
           "2020-12-15T15:00:00Z"},
          {"2020-12-15T15:00:01Z", "2020-12-16T15:00:00Z",
           "2020-12-15T15:00:00Z"},
          {"2020-12-31T23:59:59Z", "2021-01-01T15:00:00Z",
           "2020-12-31T15:00:00Z"},
          // Midnight in Japan.
          {"2020-12-16T00:00:00+09:00", "2020-12-15T15:00:00Z",
           "2020-12-15T15:00:00Z"},
          {"1969-12-31T10:00:00Z", "1969-12-31T15:00:00Z",
           "1969-12-30T15:00:00Z"},
      },
    kFive[] = {
        {"2020-12-15T00:00:00Z", "2020-12-15T03:00:00Z",
         "2020-12-14T23:00:00Z"},
        {"2020-12-15T07:00:00Z", "2020-12-15T07:00:00Z",
         "2020-12-15T07:00:00Z"},
        {"2020-12-15T16:00:00Z", "2020-12-15T23:00:00Z",
         "2020-12-15T15:00:00Z"},
        {"2020-12-15T23:30:00Z", "2020-12-16T03:00:00Z",
         "2020-12-15T23:00:00Z"},
    };
  for (const auto& [time, first_from, last_by] : kDaily) {
    EXPECT_EQ(FirstSlotFrom(At(time), PublishSchedule()), At(first_from))
        << time;
    EXPECT_EQ(LastSlotBy(At(time), PublishSchedule()), At(last_by)) << time;
  }
  for (const auto& [time, first_from, last_by] : kFive) {
    EXPECT_EQ(FirstSlotFrom(At(time), FiveADay()), At(first_from)) << time;
    EXPECT_EQ(LastSlotBy(At(time), FiveADay()), At(last_by)) << time;
  }
}

TEST(PublishScheduleTest, ARunIsDueOnceASlot) {
  const absl::Time slot = At("2020-12-15T15:00:00Z");
  const PublishSchedule daily;
  EXPECT_EQ(DueSlot(slot - absl::Hours(24), slot - absl::Seconds(1), daily),
            std::nullopt);
  EXPECT_EQ(DueSlot(slot - absl::Hours(24), slot, daily), slot);
  EXPECT_EQ(DueSlot(slot - absl::Hours(24), slot + absl::Hours(20), daily),
            slot);
  EXPECT_EQ(DueSlot(slot, slot + absl::Seconds(1), daily), std::nullopt);
  // Two days without a publisher are one run.
  EXPECT_EQ(DueSlot(slot - absl::Hours(72), slot, daily), slot);
  EXPECT_EQ(DueSlot(absl::InfinitePast(), slot, daily), slot);
  // A clock set back does not publish again.
  EXPECT_EQ(DueSlot(slot, slot - absl::Hours(2), daily), std::nullopt);
}

// The same instants as keyformat's rule, which takes a list of keys.
TEST(PublishScheduleTest, ReleaseTimeIsThatOfKeyformat) {
  for (const ReleaseRule rule :
       {ReleaseRule::kAfterEnd, ReleaseRule::kSameDay}) {
    for (const int period : {1, 90, 143, 144}) {
      for (const EnIntervalNumber start : {144U, 2659680U, 2147483503U}) {
        DiagnosisKey key;
        key.rolling_start = start;
        key.rolling_period = static_cast<uint8_t>(period);
        const int64_t from =
            absl::ToUnixSeconds(ReleaseTime(start, key.rolling_period, rule));
        std::vector<DiagnosisKey> keys = {key};
        EXPECT_EQ(HoldBack(from - 1, rule, keys), 1);
        keys = {key};
        EXPECT_EQ(HoldBack(from, rule, keys), 0);
      }
    }
  }
}

TEST(PublishScheduleTest, AKeyInUseWaitsForItsEndAndTwoHours) {
  const WaitingKey key = Key("2020-12-15T00:00:00Z", "2020-12-15T10:00:00Z");
  EXPECT_EQ(Plan({key}, "2020-12-15T15:00:00Z", {}), "embargoed, 5h");
  EXPECT_EQ(Plan({key}, "2020-12-16T01:59:59Z", {}), "embargoed, 15h59m59s");
  EXPECT_EQ(Plan({key}, "2020-12-16T02:00:00Z", {}), "goes_out");
  EXPECT_EQ(SlotOf(key, {}), At("2020-12-16T15:00:00Z"));
  EXPECT_EQ(SlotOf(key, FiveADay()), At("2020-12-16T03:00:00Z"));
  PublishSchedule same_day;
  same_day.rule = ReleaseRule::kSameDay;
  EXPECT_EQ(Plan({key}, "2020-12-15T15:00:00Z", same_day), "goes_out");
  EXPECT_EQ(SlotOf(key, same_day), At("2020-12-15T15:00:00Z"));
}

// F7: 14 days are not too old, 15 days are.
TEST(F7, AKeyOfFourteenDaysStillGoesOut) {
  const WaitingKey key = Key("2020-12-01T00:00:00Z", "2020-12-15T10:00:00Z");
  EXPECT_EQ(SlotOf(key, {}), At("2020-12-15T15:00:00Z"));
  EXPECT_EQ(Plan({key}, "2020-12-15T15:00:00Z", {}), "goes_out");
  EXPECT_EQ(Plan({key}, "2020-12-15T23:59:59Z", {}), "goes_out");
  EXPECT_EQ(TooOldFrom(key.rolling_start), At("2020-12-16T00:00:00Z"));
  EXPECT_EQ(Plan({key}, "2020-12-16T00:00:00Z", {}), "too_old");
  // After the day's only slot there is none left.
  EXPECT_EQ(SlotOf(Key("2020-12-01T00:00:00Z", "2020-12-15T15:00:01Z"),
                   PublishSchedule()),
            std::nullopt);
  EXPECT_EQ(
      SlotOf(Key("2020-12-01T00:00:00Z", "2020-12-15T15:00:01Z"), FiveADay()),
      At("2020-12-15T23:00:00Z"));
  PublishSchedule midnight;
  midnight.slots = {absl::ZeroDuration()};
  EXPECT_EQ(SlotOf(key, midnight), std::nullopt);
}

TEST(R15, WaitingForMoreKeysIsBounded) {
  PublishSchedule schedule;
  schedule.min_keys = 3;
  const WaitingKey first = Key("2020-12-10T00:00:00Z", "2020-12-15T10:00:00Z");
  const WaitingKey second = Key("2020-12-11T00:00:00Z", "2020-12-15T14:00:00Z");
  const WaitingKey third = Key("2020-12-12T00:00:00Z", "2020-12-15T14:30:00Z");
  const WaitingKey in_use = Key("2020-12-15T00:00:00Z", "2020-12-15T14:30:00Z");
  // Two are too few, and their age is said.
  EXPECT_EQ(Plan({first, second}, "2020-12-15T15:00:00Z", schedule),
            "waits_for_more waits_for_more, 5h");
  // One that may not go out yet does not count.
  EXPECT_EQ(Plan({first, second, in_use}, "2020-12-15T15:00:00Z", schedule),
            "waits_for_more waits_for_more embargoed, 5h");
  EXPECT_EQ(Plan({first, second, third}, "2020-12-15T15:00:00Z", schedule),
            "goes_out goes_out goes_out");
  // A day after their first slot they go, however few.
  EXPECT_EQ(Plan({first, second}, "2020-12-16T15:00:00Z", schedule),
            "goes_out goes_out");
  // One that cannot wait takes the others with it.
  const WaitingKey later = Key("2020-12-14T00:00:00Z", "2020-12-16T10:00:00Z");
  EXPECT_EQ(Plan({later}, "2020-12-16T15:00:00Z", schedule),
            "waits_for_more, 5h");
  EXPECT_EQ(Plan({first, later}, "2020-12-16T15:00:00Z", schedule),
            "goes_out goes_out");
  // Without a wait, and with slots that are further apart than the wait, none
  // waits.
  schedule.longest_wait = absl::ZeroDuration();
  EXPECT_EQ(Plan({first}, "2020-12-15T15:00:00Z", schedule), "goes_out");
  schedule.longest_wait = absl::Hours(23);
  EXPECT_EQ(Plan({first}, "2020-12-15T15:00:00Z", schedule), "goes_out");
  // A key never waits until it is too old.
  schedule.longest_wait = absl::Hours(24 * 30);
  const WaitingKey old = Key("2020-12-01T00:00:00Z", "2020-12-15T14:00:00Z");
  const WaitingKey day_younger =
      Key("2020-12-02T00:00:00Z", "2020-12-15T14:00:00Z");
  EXPECT_EQ(Plan({day_younger}, "2020-12-15T15:00:00Z", schedule),
            "waits_for_more, 1h");
  EXPECT_EQ(Plan({day_younger}, "2020-12-16T15:00:00Z", schedule), "goes_out");
  EXPECT_EQ(Plan({old}, "2020-12-15T15:00:00Z", schedule), "goes_out");
}

TEST(R15, AgeIsThatOfTheOldestThatStays) {
  const WaitingKey in_use = Key("2020-12-15T00:00:00Z", "2020-12-15T14:00:00Z");
  const WaitingKey longer = Key("2020-12-15T00:00:00Z", "2020-12-15T01:00:00Z");
  const WaitingKey ready = Key("2020-12-10T00:00:00Z", "2020-12-13T00:00:00Z");
  const WaitingKey gone = Key("2020-11-10T00:00:00Z", "2020-11-13T00:00:00Z");
  EXPECT_EQ(Plan({in_use, ready, longer, gone}, "2020-12-15T15:00:00Z", {}),
            "embargoed goes_out embargoed too_old, 14h");
  EXPECT_EQ(Plan({}, "2020-12-15T15:00:00Z", {}), "");
}

}  // namespace
}  // namespace tekmatch
