// The end of a window, and the limits of a policy of one's own: those with a
// name have either no end, or one in days since onset.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "matcher/exposure/transmission_window.h"
#include "tests/matcher/exposure/transmission_window_test_util.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using Policy = TransmissionWindowPolicy;

Policy OwnPolicy(Policy::Basis basis, std::optional<int> days_after_onset,
                 std::optional<int> days_after_test) {
  Policy policy;
  policy.name = "mine";
  policy.basis = basis;
  policy.days_after_onset = days_after_onset;
  policy.days_after_test = days_after_test;
  EXPECT_THAT(Validate(policy), IsOk());
  return policy;
}

// D is 10 December 2020, by onset or by test.
const absl::CivilDay kOnset(2020, 12, 10);

Registration Register(bool by_test_date) {
  return {.onset_or_test = kOnset,
          .by_test_date = by_test_date,
          .registered = At("2020-12-20T10:00:00+09:00")};
}

KeyMetadata WithOnset(int days) {
  KeyMetadata metadata;
  metadata.days_since_onset = static_cast<int8_t>(days);
  return metadata;
}

// A key goes out if any part of it lies before the end, 00:00 local of the day
// after the last one.
TEST(WindowLimitsTest, ByContactTimeAKeyCanStraddleTheEnd) {
  const Policy policy = OwnPolicy(Policy::Basis::kContactTime, 3, 0);
  struct Case {
    bool by_test_date;
    const char* end;
  };
  for (const auto& [by_test_date, end_time] :
       {Case{false, "2020-12-14T00:00:00+09:00"},
        Case{true, "2020-12-11T00:00:00+09:00"}}) {
    SCOPED_TRACE(end_time);
    const Registration registration = Register(by_test_date);
    const EnIntervalNumber end = Interval(end_time);
    const auto select = [&](EnIntervalNumber start, uint8_t period) {
      return Reason(Select(policy, start, registration, Tokyo(), period));
    };
    EXPECT_EQ(select(end - 144, 144), "in: in_window");
    EXPECT_EQ(select(end - 143, 144), "in: partly_in_window");
    EXPECT_EQ(select(end - 1, 1), "in: in_window");
    EXPECT_EQ(select(end - 1, 2), "in: partly_in_window");
    EXPECT_EQ(select(end - 1, 144), "in: partly_in_window");
    EXPECT_EQ(select(end, 1), "out: after_window");
    EXPECT_EQ(select(end, 144), "out: after_window");
    EXPECT_EQ(select(end + 1, 144), "out: after_window");
  }
}

TEST(WindowLimitsTest, ByRollingStartAWholeKeyIsInOrOut) {
  const Policy policy = OwnPolicy(Policy::Basis::kRollingStart, 1, 4);
  for (const bool by_test_date : {false, true}) {
    const Registration registration = Register(by_test_date);
    const EnIntervalNumber end =
        Interval(by_test_date ? "2020-12-15T00:00:00+09:00"
                              : "2020-12-12T00:00:00+09:00");
    EXPECT_EQ(Reason(Select(policy, end - 1, registration, Tokyo())),
              "in: in_window");
    EXPECT_EQ(Reason(Select(policy, end, registration, Tokyo())),
              "out: after_window");
  }
}

TEST(WindowLimitsTest, WithoutAnEndOfItsKindNothingComesAfter) {
  const EnIntervalNumber late = Interval("2021-01-10T00:00:00Z");
  for (const auto basis :
       {Policy::Basis::kContactTime, Policy::Basis::kRollingStart,
        Policy::Basis::kDaysSinceOnset}) {
    const Policy only_onset = OwnPolicy(basis, 5, std::nullopt);
    EXPECT_EQ(Reason(Select(only_onset, late, Register(false), Tokyo())),
              "out: after_window");
    EXPECT_EQ(Reason(Select(only_onset, late, Register(true), Tokyo())),
              "in: in_window");
    const Policy only_test = OwnPolicy(basis, std::nullopt, 5);
    EXPECT_EQ(Reason(Select(only_test, late, Register(false), Tokyo())),
              "in: in_window");
    EXPECT_EQ(Reason(Select(only_test, late, Register(true), Tokyo())),
              "out: after_window");
  }
}

// To the second, whether D is a date of onset or of test is not known: the
// later end counts, and where either is absent there is none.
TEST(WindowLimitsTest, AContactIsHeldAgainstTheLaterEnd) {
  const EnIntervalNumber start = Interval("2020-12-10T00:00:00+09:00");
  const int64_t day = Seconds("2020-12-10T00:00:00+09:00");
  struct Case {
    std::optional<int> days_after_onset;
    std::optional<int> days_after_test;
    std::optional<int> later;
  };
  const std::vector<Case> cases = {{0, 0, 0},
                                   {0, 5, 5},
                                   {5, 0, 5},
                                   {14, 13, 14},
                                   {3, std::nullopt, std::nullopt},
                                   {std::nullopt, 3, std::nullopt},
                                   {std::nullopt, std::nullopt, std::nullopt}};
  for (const Case& c : cases) {
    const Policy policy = OwnPolicy(Policy::Basis::kContactTime,
                                    c.days_after_onset, c.days_after_test);
    const auto judge = [&](int64_t contact) {
      return Reason(
          JudgeContact(start, WithOnset(0), {}, contact, policy, Tokyo()));
    };
    const int64_t end = day + (c.later.value_or(30) + 1) * int64_t{86400};
    EXPECT_EQ(judge(end - 1), "in: in_window");
    EXPECT_EQ(judge(end),
              c.later.has_value() ? "out: after_window" : "in: in_window");
  }
}

// The key's own number says which day D is; its contact lies days later.
TEST(WindowLimitsTest, AContactsKeyOfAnotherDay) {
  const Policy policy = OwnPolicy(Policy::Basis::kContactTime, 2, 1);
  // D is the 10th.
  const EnIntervalNumber start = Interval("2020-12-12T09:00:00+09:00");
  const int64_t end = Seconds("2020-12-13T00:00:00+09:00");
  EXPECT_EQ(
      Reason(JudgeContact(start, WithOnset(2), {}, end - 1, policy, Tokyo())),
      "in: in_window");
  EXPECT_EQ(Reason(JudgeContact(start, WithOnset(2), {}, end, policy, Tokyo())),
            "out: after_window");
  // By its rolling start the whole key counts.
  const Policy by_start = OwnPolicy(Policy::Basis::kRollingStart, 2, 1);
  EXPECT_EQ(
      Reason(JudgeContact(start, WithOnset(2), {}, end, by_start, Tokyo())),
      "in: in_window");
  EXPECT_EQ(
      Reason(JudgeContact(start, WithOnset(3), {}, end, by_start, Tokyo())),
      "out: after_window");
}

// D by the UTC date of its local midnight: in Japan that is the day before D,
// west of Greenwich and in London in winter D itself, in London in summer the
// day before.
TEST(WindowLimitsTest, AContactWhoseOnsetIsCountedFromUtcMidnight) {
  Policy policy =
      OwnPolicy(Policy::Basis::kContactTime, std::nullopt, std::nullopt);
  policy.days_before = 0;
  policy.onset_reference = Policy::OnsetReference::kUtcDateOfLocalMidnight;
  struct Case {
    const char* zone;
    const char* rolling_start;
    int days_since_onset;
    const char* first_second;
  };
  const std::vector<Case> cases = {
      {"Asia/Tokyo", "2020-12-10T00:00:00Z", 0, "2020-12-11T00:00:00+09:00"},
      {"Asia/Tokyo", "2020-12-10T15:00:00Z", 0, "2020-12-11T00:00:00+09:00"},
      {"Asia/Tokyo", "2020-12-10T00:00:00Z", -2, "2020-12-13T00:00:00+09:00"},
      {"Pacific/Kiritimati", "2020-12-10T00:00:00Z", 0,
       "2020-12-11T00:00:00+14:00"},
      {"America/New_York", "2020-12-10T23:50:00Z", 0,
       "2020-12-10T00:00:00-05:00"},
      {"Europe/London", "2020-12-10T00:00:00Z", 0, "2020-12-10T00:00:00Z"},
      {"Europe/London", "2020-07-10T00:00:00Z", 0, "2020-07-11T00:00:00+01:00"},
  };
  for (const Case& c : cases) {
    const int64_t first = Seconds(c.first_second);
    const auto judge = [&](int64_t contact) {
      return Reason(JudgeContact(Interval(c.rolling_start),
                                 WithOnset(c.days_since_onset), {}, contact,
                                 policy, Zone(c.zone)));
    };
    EXPECT_EQ(judge(first), "in: in_window") << c.zone << c.rolling_start;
    EXPECT_EQ(judge(first - 1), "out: before_window")
        << c.zone << c.rolling_start;
  }
}

// Midnight in Nepal, 5:45 ahead of UTC, lies in the middle of an interval: the
// key that starts in that interval has reached the day. Contacts have seconds.
TEST(WindowLimitsTest, MidnightInTheMiddleOfAnInterval) {
  const absl::TimeZone zone = Zone("Asia/Kathmandu");
  const EnIntervalNumber begin = Interval("2020-12-08T00:00:00+05:45");
  const int64_t begin_seconds = Seconds("2020-12-08T00:00:00+05:45");
  ASSERT_EQ(begin_seconds, int64_t{begin} * 600 + 300);
  const Policy by_start =
      OwnPolicy(Policy::Basis::kRollingStart, std::nullopt, std::nullopt);
  EXPECT_EQ(Reason(Select(by_start, begin, Register(false), zone)),
            "in: in_window");
  EXPECT_EQ(Reason(Select(by_start, begin - 1, Register(false), zone)),
            "out: before_window");
  const Policy by_contact =
      OwnPolicy(Policy::Basis::kContactTime, std::nullopt, std::nullopt);
  EXPECT_EQ(Reason(Select(by_contact, begin, Register(false), zone)),
            "in: partly_in_window");
  EXPECT_EQ(Reason(JudgeContact(begin + 1, WithOnset(-2), {}, begin_seconds - 1,
                                by_contact, zone)),
            "out: before_window");
  EXPECT_EQ(Reason(JudgeContact(begin + 1, WithOnset(-2), {}, begin_seconds,
                                by_contact, zone)),
            "in: in_window");
}

// A key that began too early still broadcast after the limit.
TEST(WindowLimitsTest, ByContactTimeAKeyCanStraddleTheAgeLimit) {
  Policy policy =
      OwnPolicy(Policy::Basis::kContactTime, std::nullopt, std::nullopt);
  policy.days_before = 14;
  policy.max_age_days = 3;
  const Registration registration = Register(false);
  const EnIntervalNumber limit = Interval("2020-12-17T00:00:00+09:00");
  const auto select = [&](EnIntervalNumber start, uint8_t period) {
    return Reason(Select(policy, start, registration, Tokyo(), period));
  };
  EXPECT_EQ(select(limit - 144, 144), "out: too_old");
  EXPECT_EQ(select(limit - 1, 1), "out: too_old");
  EXPECT_EQ(select(limit - 143, 144), "in: partly_in_window");
  EXPECT_EQ(select(limit - 1, 2), "in: partly_in_window");
  EXPECT_EQ(select(limit, 144), "in: in_window");
}

// The latest start holds on every basis, and is still in. It is by the
// registration's date, here in Japan, where UTC's is the day before.
TEST(WindowLimitsTest, KeysThatStartAfterTheDayOfRegistration) {
  const Registration registration = {
      .onset_or_test = kOnset, .registered = At("2020-12-13T00:00:00+09:00")};
  for (const auto basis :
       {Policy::Basis::kContactTime, Policy::Basis::kRollingStart,
        Policy::Basis::kDaysSinceOnset}) {
    Policy policy = OwnPolicy(basis, std::nullopt, std::nullopt);
    const EnIntervalNumber local = Interval("2020-12-13T00:00:00+09:00");
    const EnIntervalNumber utc = Interval("2020-12-12T00:00:00Z");
    const auto reason = [&](EnIntervalNumber start) {
      return Reason(Select(policy, start, registration, Tokyo()));
    };
    EXPECT_EQ(reason(local + 1), "in: in_window");
    policy.starts_by_registration_day = true;
    EXPECT_EQ(reason(local), "in: in_window");
    EXPECT_EQ(reason(local + 1), "out: starts_after_registration");
    policy.registration_calendar = Policy::Calendar::kUtc;
    EXPECT_EQ(reason(utc), "in: in_window");
    EXPECT_EQ(reason(utc + 1), "out: starts_after_registration");
  }
}

// Either number is held against its own limits.
TEST(ValidatePolicyTest, EveryNumberOfDaysIsZeroToFourteen) {
  Policy policy;
  EXPECT_EQ(Validate(policy), absl::OkStatus());
  const auto set = [&](const std::string& field, int days) {
    policy = {};
    if (field == "days_before") policy.days_before = days;
    if (field == "days_after_onset") policy.days_after_onset = days;
    if (field == "days_after_test") policy.days_after_test = days;
    if (field == "max_age_days") policy.max_age_days = days;
  };
  for (const std::string field :
       {"days_before", "days_after_onset", "days_after_test", "max_age_days"}) {
    for (const int days : {0, 14}) {
      set(field, days);
      EXPECT_EQ(Validate(policy), absl::OkStatus()) << field << " " << days;
    }
    for (const int days : {-1, 15}) {
      set(field, days);
      EXPECT_EQ(Validate(policy),
                absl::InvalidArgumentError(field + ": not in 0..14"))
          << days;
    }
  }
}

}  // namespace
}  // namespace tekmatch
