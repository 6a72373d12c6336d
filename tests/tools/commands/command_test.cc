#include "tools/commands/command.h"

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tekmatch {
namespace {

TEST(ParseTimeTest, UnixSeconds) {
  EXPECT_EQ(*ParseTime("--now", "0"), absl::UnixEpoch());
  EXPECT_EQ(*ParseTime("--now", "1606780800"),
            absl::FromUnixSeconds(1606780800));
  EXPECT_EQ(*ParseTime("--now", "-1"), absl::FromUnixSeconds(-1));
}

TEST(ParseTimeTest, Rfc3339) {
  const absl::Time time = absl::FromUnixSeconds(1606780800);
  EXPECT_EQ(*ParseTime("--now", "2020-12-01T00:00:00Z"), time);
  EXPECT_EQ(*ParseTime("--now", "2020-12-01T09:00:00+09:00"), time);
  EXPECT_EQ(*ParseTime("--now", "2020-12-01T00:00:00.5Z"),
            time + absl::Milliseconds(500));
  EXPECT_EQ(*ParseTime("--now", "2020-12-01T09:00+09:00"), time);
  EXPECT_EQ(*ParseTime("--now", "2020-12-01T00:00Z"), time);
}

TEST(ParseTimeTest, EmptyIsTheClock) {
  const absl::Time before = absl::Now();
  const auto time = ParseTime("--now", "");
  ASSERT_TRUE(time.ok()) << time.status();
  EXPECT_GE(*time, before);
  EXPECT_LE(*time, absl::Now());
}

TEST(ParseTimeTest, RefusesTheRestByName) {
  for (const std::string value :
       {"yesterday", "2020-12-01", "2020-12-01T00:00:00",
        "2020-13-01T00:00:00Z", "2020-12-01T00:00:00Zx", "1.5", "0x10", " ",
        "99999999999999999999", "infinite-future", "infinite-past"}) {
    const auto time = ParseTime("--start", value);
    EXPECT_EQ(time.status().code(), absl::StatusCode::kInvalidArgument)
        << value;
    EXPECT_EQ(std::string(time.status().message()),
              "--start " + value +
                  ": neither RFC 3339, such as 2020-12-10T09:00+09:00, nor "
                  "Unix seconds, such as 1607558400");
  }
}

TEST(ParseDateTest, DatesOnly) {
  EXPECT_EQ(*ParseDate("--onset", "2020-12-10"), absl::CivilDay(2020, 12, 10));
  EXPECT_EQ(*ParseDate("--onset", "2020-02-29"), absl::CivilDay(2020, 2, 29));
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
  EXPECT_EQ(*ParseTimeZone("UTC"), absl::UTCTimeZone());
  const auto tokyo = ParseTimeZone("Asia/Tokyo");
  ASSERT_TRUE(tokyo.ok()) << tokyo.status();
  EXPECT_EQ(tokyo->name(), "Asia/Tokyo");
  EXPECT_EQ(tokyo->At(absl::UnixEpoch()).offset, 9 * 3600);
}

TEST(ParseTimeZoneTest, RefusesOthersByName) {
  for (const std::string name :
       {"Asia/Nowhere", "", "+09:00", "Asia", "/dev/zero",
        "/usr/share/zoneinfo/UTC", "file:/dev/zero", "../../../dev/zero"}) {
    const auto zone = ParseTimeZone(name);
    EXPECT_EQ(zone.status().code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_EQ(std::string(zone.status().message()),
              "--time-zone " + name +
                  ": no such time zone; names are like Asia/Tokyo and UTC");
  }
}

}  // namespace
}  // namespace tekmatch
