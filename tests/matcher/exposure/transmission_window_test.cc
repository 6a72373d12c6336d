#include "matcher/exposure/transmission_window.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matcher/exposure/transmission_window_test_util.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

Registration Register(absl::CivilDay onset, const std::string& registered,
                      bool by_test_date = false) {
  return {.onset_or_test = onset,
          .by_test_date = by_test_date,
          .registered = At(registered)};
}

TEST(TransmissionWindowTest, NamesAndLimits) {
  for (const char* name : {"none", "civil", "cocoa-1.2.1", "cocoa-3"}) {
    Named(name);
  }
  const auto unknown = NamedTransmissionWindowPolicy("cocoa-2");
  EXPECT_THAT(unknown, StatusIs(absl::StatusCode::kInvalidArgument));
  TransmissionWindowPolicy policy;
  policy.days_before = 15;
  EXPECT_EQ(Validate(policy),
            absl::InvalidArgumentError("days_before: not in 0..14"));
  policy = {};
  policy.days_after_test = -1;
  EXPECT_EQ(Validate(policy),
            absl::InvalidArgumentError("days_after_test: not in 0..14"));
}

// The cases that the app's own tests pinned (TemporaryExposureKeyUtilsTest).
TEST(TransmissionWindowTest, Cocoa121PinnedCases) {
  const TransmissionWindowPolicy policy = Named("cocoa-1.2.1");
  struct Case {
    absl::CivilDay onset;
    const char* rolling_start;
    const char* want;
  };
  const std::vector<Case> cases = {
      {absl::CivilDay(2020, 11, 17), "2020-11-13T15:00:00Z", "in: in_window"},
      {absl::CivilDay(2020, 11, 17), "2020-11-13T14:59:59Z",
       "out: before_window"},
      {absl::CivilDay(2020, 11, 17), "2020-11-13T14:50:00Z",
       "out: before_window"},
      {absl::CivilDay(2020, 11, 17), "2020-11-13T15:10:00Z", "in: in_window"},
      {absl::CivilDay(2020, 11, 17), "2020-11-13T00:00:00Z",
       "out: before_window"},
      {absl::CivilDay(2020, 11, 17), "2020-11-14T00:00:00Z", "in: in_window"},
      // The oldest key of D = 21 November starts on the 18th, 00:00 UTC.
      {absl::CivilDay(2020, 11, 21), "2020-11-18T00:00:00Z", "in: in_window"},
      {absl::CivilDay(2020, 11, 21), "2020-11-17T00:00:00Z",
       "out: before_window"},
      // No end: days after D go out, too.
      {absl::CivilDay(2020, 11, 17), "2020-11-21T00:00:00Z", "in: in_window"},
      {absl::CivilDay(2020, 11, 8), "2020-11-21T00:00:00Z", "in: in_window"},
  };
  for (const Case& c : cases) {
    const Registration registration = Register(c.onset, "2020-11-21T12:00:00Z");
    EXPECT_EQ(Reason(Select(policy, Interval(c.rolling_start), registration,
                            Tokyo())),
              c.want)
        << c.onset << " " << c.rolling_start;
  }
}

TEST(TransmissionWindowTest, Cocoa121FourteenDaysBeforeTheUtcDate) {
  const TransmissionWindowPolicy policy = Named("cocoa-1.2.1");
  // Long before: only the age limits.
  const absl::CivilDay onset(2020, 12, 1);
  const EnIntervalNumber limit = Interval("2020-12-01T00:00:00Z");
  // 2020-12-16T08:59:59 in Japan is still the 15th in UTC.
  for (const char* registered : {"2020-12-15T00:00:00Z", "2020-12-15T23:59:59Z",
                                 "2020-12-16T08:59:59+09:00"}) {
    const Registration registration = Register(onset, registered);
    EXPECT_EQ(Reason(Select(policy, limit, registration, Tokyo())),
              "in: in_window");
    EXPECT_EQ(Reason(Select(policy, limit - 1, registration, Tokyo())),
              "out: too_old");
  }
  // One second later it is the 16th, and the limit a day later.
  const Registration later = Register(onset, "2020-12-16T09:00:00+09:00");
  EXPECT_EQ(Reason(Select(policy, limit, later, Tokyo())), "out: too_old");
  EXPECT_EQ(Reason(Select(policy, limit + 143, later, Tokyo())),
            "out: too_old");
  EXPECT_EQ(Reason(Select(policy, limit + 144, later, Tokyo())),
            "in: in_window");
}

// days_since_onset is a difference of UTC dates; D 00:00 in Japan is the day
// before (#1105), so -3 is the key of D - 4 in UTC.
TEST(TransmissionWindowTest, Cocoa3DaysSinceOnset) {
  const TransmissionWindowPolicy policy = Named("cocoa-3");
  const absl::CivilDay onset(2021, 3, 10);
  struct Case {
    const char* rolling_start;
    int days;
    const char* with_symptoms;
    const char* by_test;
  };
  const std::vector<Case> cases = {
      {"2021-03-05T00:00:00Z", -4, "out: before_window", "out: before_window"},
      {"2021-03-05T23:50:00Z", -4, "out: before_window", "out: before_window"},
      {"2021-03-06T00:00:00Z", -3, "in: in_window", "in: in_window"},
      {"2021-03-09T00:00:00Z", 0, "in: in_window", "in: in_window"},
      {"2021-03-16T00:00:00Z", 7, "in: in_window", "in: in_window"},
      {"2021-03-16T23:50:00Z", 7, "in: in_window", "in: in_window"},
      {"2021-03-17T00:00:00Z", 8, "in: in_window", "out: after_window"},
      {"2021-03-19T00:00:00Z", 10, "in: in_window", "out: after_window"},
      {"2021-03-20T00:00:00Z", 11, "out: after_window", "out: after_window"},
  };
  for (const Case& c : cases) {
    const EnIntervalNumber start = Interval(c.rolling_start);
    EXPECT_EQ(DaysSinceOnset(start, onset, policy, Tokyo()), c.days);
    // Registered when the latest of these keys is allowed, and the earliest.
    const std::string registered =
        c.days < 5 ? "2021-03-18T00:00:00Z" : "2021-03-20T00:00:00Z";
    EXPECT_EQ(
        Reason(Select(policy, start, Register(onset, registered), Tokyo())),
        c.with_symptoms)
        << c.rolling_start;
    EXPECT_EQ(Reason(Select(policy, start, Register(onset, registered, true),
                            Tokyo())),
              c.by_test)
        << c.rolling_start;
  }
  // In UTC there is no shift.
  EXPECT_EQ(DaysSinceOnset(Interval("2021-03-10T00:00:00Z"), onset, policy,
                           absl::UTCTimeZone()),
            0);
}

TEST(TransmissionWindowTest, Cocoa3StartsWithinFourteenDaysAndByToday) {
  const TransmissionWindowPolicy policy = Named("cocoa-3");
  const Registration registration =
      Register(absl::CivilDay(2021, 3, 10), "2021-03-15T23:59:59Z");
  const EnIntervalNumber today = Interval("2021-03-15T00:00:00Z");
  EXPECT_EQ(Reason(Select(policy, today, registration, Tokyo())),
            "in: in_window");
  EXPECT_EQ(Reason(Select(policy, today + 1, registration, Tokyo())),
            "out: starts_after_registration");
  const Registration next =
      Register(absl::CivilDay(2021, 3, 10), "2021-03-16T00:00:00Z");
  EXPECT_EQ(Reason(Select(policy, today + 1, next, Tokyo())), "in: in_window");

  const Registration early =
      Register(absl::CivilDay(2021, 3, 2), "2021-03-15T12:00:00Z");
  const EnIntervalNumber oldest = Interval("2021-03-01T00:00:00Z");
  EXPECT_EQ(Reason(Select(policy, oldest, early, Tokyo())), "in: in_window");
  EXPECT_EQ(Reason(Select(policy, oldest - 1, early, Tokyo())), "out: too_old");
}

// The authority's words to the second; a key goes out if any part of it counts.
TEST(TransmissionWindowTest, CivilKeysThatStraddleALimit) {
  const TransmissionWindowPolicy policy = Named("civil");
  const Registration registration =
      Register(absl::CivilDay(2020, 12, 10), "2020-12-15T10:00:00+09:00");
  // (D - 2) 00:00 in Japan is 2020-12-07T15:00Z.
  const EnIntervalNumber limit = Interval("2020-12-07T15:00:00Z");
  EXPECT_EQ(Reason(Select(policy, limit, registration, Tokyo())),
            "in: in_window");
  EXPECT_EQ(Reason(Select(policy, limit - 1, registration, Tokyo())),
            "in: partly_in_window");
  EXPECT_EQ(Reason(Select(policy, limit - 143, registration, Tokyo())),
            "in: partly_in_window");
  EXPECT_EQ(Reason(Select(policy, limit - 144, registration, Tokyo())),
            "out: before_window");
  // A short key ends before.
  EXPECT_EQ(Reason(Select(policy, limit - 90, registration, Tokyo(), 90)),
            "out: before_window");
  EXPECT_EQ(Reason(Select(policy, limit - 90, registration, Tokyo(), 91)),
            "in: partly_in_window");
  // The key that starts at 15:00 UTC is that of the next Japanese day.
  EXPECT_EQ(
      DaysSinceOnset(limit, absl::CivilDay(2020, 12, 10), policy, Tokyo()), -2);
  EXPECT_EQ(
      DaysSinceOnset(limit - 1, absl::CivilDay(2020, 12, 10), policy, Tokyo()),
      -3);
}

TEST(TransmissionWindowTest, CivilFourteenDaysBeforeTheLocalDate) {
  const TransmissionWindowPolicy policy = Named("civil");
  const absl::CivilDay onset(2020, 12, 2);
  // (15 December - 14 days) 00:00 in Japan.
  const EnIntervalNumber limit = Interval("2020-11-30T15:00:00Z");
  const Registration registration =
      Register(onset, "2020-12-15T23:59:59+09:00");
  EXPECT_EQ(Reason(Select(policy, limit, registration, Tokyo())),
            "in: in_window");
  EXPECT_EQ(Reason(Select(policy, limit - 144, registration, Tokyo())),
            "out: too_old");
  const Registration next_day = Register(onset, "2020-12-16T00:00:00+09:00");
  EXPECT_EQ(Reason(Select(policy, limit, next_day, Tokyo())), "out: too_old");
}

TEST(TransmissionWindowTest, NoneSelectsEverything) {
  const Registration registration =
      Register(absl::CivilDay(2020, 12, 10), "2020-12-15T10:00:00+09:00");
  EXPECT_EQ(Reason(Select(Named("none"), 0, registration, Tokyo())),
            "in: no_rule");
}

// Civil dates: leap years, year ends, clocks that change.
TEST(TransmissionWindowTest, DatesThatAreEasilyWrong) {
  const TransmissionWindowPolicy policy = Named("civil");
  struct Case {
    const char* zone;
    absl::CivilDay onset;
    const char* limit;  // (D - 2) 00:00 local, or where the clock skips it
  };
  const std::vector<Case> cases = {
      {"Asia/Tokyo", absl::CivilDay(2020, 3, 1), "2020-02-28T00:00:00+09:00"},
      {"Asia/Tokyo", absl::CivilDay(2021, 3, 1), "2021-02-27T00:00:00+09:00"},
      {"Asia/Tokyo", absl::CivilDay(2000, 3, 2), "2000-02-29T00:00:00+09:00"},
      {"Asia/Tokyo", absl::CivilDay(2021, 1, 1), "2020-12-30T00:00:00+09:00"},
      {"UTC", absl::CivilDay(2021, 1, 2), "2020-12-31T00:00:00Z"},
      // Summer time begins on 29 March 2020, 01:00 UTC, and ends on 25 October.
      {"Europe/London", absl::CivilDay(2020, 3, 31), "2020-03-29T00:00:00Z"},
      {"Europe/London", absl::CivilDay(2020, 4, 1), "2020-03-29T23:00:00Z"},
      {"Europe/London", absl::CivilDay(2020, 10, 27), "2020-10-24T23:00:00Z"},
      {"Europe/London", absl::CivilDay(2020, 10, 28), "2020-10-26T00:00:00Z"},
      // Midnight of 4 November 2018 does not exist: 00:00 is 01:00.
      {"America/Sao_Paulo", absl::CivilDay(2018, 11, 6),
       "2018-11-04T03:00:00Z"},
      // Midnight of 1 November 2020 comes twice in Havana: 00:00 follows 01:00.
      {"America/Havana", absl::CivilDay(2020, 11, 3), "2020-11-01T04:00:00Z"},
  };
  for (const Case& c : cases) {
    const absl::TimeZone zone = Zone(c.zone);
    const Registration registration = {
        .onset_or_test = c.onset,
        .registered = absl::FromCivil(c.onset + 1, zone)};
    const EnIntervalNumber limit = Interval(c.limit);
    EXPECT_EQ(Reason(Select(policy, limit, registration, zone, 1)),
              "in: in_window")
        << c.zone << " " << c.limit;
    EXPECT_EQ(Reason(Select(policy, limit - 1, registration, zone, 1)),
              "out: before_window")
        << c.zone << " " << c.limit;
  }
}

}  // namespace
}  // namespace tekmatch
