#include "tools/commands/command.h"

#include <string>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

TEST(ParseTimeTest, UnixSeconds) {
  EXPECT_THAT(ParseTime("--now", "0"), IsOkAndHolds(absl::UnixEpoch()));
  EXPECT_THAT(ParseTime("--now", "1606780800"),
              IsOkAndHolds(absl::FromUnixSeconds(1606780800)));
  EXPECT_THAT(ParseTime("--now", "-1"),
              IsOkAndHolds(absl::FromUnixSeconds(-1)));
}

TEST(ParseTimeTest, Rfc3339) {
  const absl::Time time = absl::FromUnixSeconds(1606780800);
  EXPECT_THAT(ParseTime("--now", "2020-12-01T00:00:00Z"), IsOkAndHolds(time));
  EXPECT_THAT(ParseTime("--now", "2020-12-01T09:00:00+09:00"),
              IsOkAndHolds(time));
  EXPECT_THAT(ParseTime("--now", "2020-12-01T00:00:00.5Z"),
              IsOkAndHolds(time + absl::Milliseconds(500)));
  EXPECT_THAT(ParseTime("--now", "2020-12-01T09:00+09:00"), IsOkAndHolds(time));
  EXPECT_THAT(ParseTime("--now", "2020-12-01T00:00Z"), IsOkAndHolds(time));
}

TEST(ParseTimeTest, EmptyIsTheClock) {
  const absl::Time before = absl::Now();
  const auto time = ParseTime("--now", "");
  ASSERT_THAT(time, IsOk());
  EXPECT_GE(*time, before);
  EXPECT_LE(*time, absl::Now());
}

TEST(ParseTimeTest, RefusesTheRestByName) {
  for (const std::string value :
       {"yesterday", "2020-12-01", "2020-12-01T00:00:00",
        "2020-13-01T00:00:00Z", "2020-12-01T00:00:00Zx", "1.5", "0x10", " ",
        "99999999999999999999", "infinite-future", "infinite-past"}) {
    EXPECT_THAT(
        ParseTime("--start", value),
        StatusIs(absl::StatusCode::kInvalidArgument,
                 "--start " + value +
                     ": neither RFC 3339, such as 2020-12-10T09:00+09:00, nor "
                     "Unix seconds, such as 1607558400"));
  }
}

TEST(ParseDateTest, DatesOnly) {
  EXPECT_THAT(ParseDate("--onset", "2020-12-10"),
              IsOkAndHolds(absl::CivilDay(2020, 12, 10)));
  EXPECT_THAT(ParseDate("--onset", "2020-02-29"),
              IsOkAndHolds(absl::CivilDay(2020, 2, 29)));
  for (const std::string value : {"", "2019-02-29", "2020-13-01", "2020-12",
                                  "2020-12-10T00:00", "10.12.2020", "today"}) {
    const auto date = ParseDate("--onset", value);
    EXPECT_EQ(date.status(),
              absl::InvalidArgumentError("--onset " + value +
                                         ": not a date such as 2020-12-10"))
        << value;
  }
}

TEST(ParseTimeZoneTest, NamesOfTheSystem) {
  EXPECT_THAT(ParseTimeZone("UTC"), IsOkAndHolds(absl::UTCTimeZone()));
  const auto tokyo = ParseTimeZone("Asia/Tokyo");
  ASSERT_THAT(tokyo, IsOk());
  EXPECT_EQ(tokyo->name(), "Asia/Tokyo");
  EXPECT_EQ(tokyo->At(absl::UnixEpoch()).offset, 9 * 3600);
}

TEST(ParseTimeZoneTest, RefusesOthersByName) {
  for (const std::string name :
       {"Asia/Nowhere", "", "+09:00", "Asia", "/dev/zero",
        "/usr/share/zoneinfo/UTC", "file:/dev/zero", "../../../dev/zero"}) {
    EXPECT_THAT(
        ParseTimeZone(name),
        StatusIs(absl::StatusCode::kInvalidArgument,
                 "--time-zone " + name +
                     ": no such time zone; names are like Asia/Tokyo and UTC"));
  }
}

}  // namespace
}  // namespace tekmatch
