#include "registration/service/clock.h"

#include <cstdio>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

TEST(ClockTest, MachineClockIsTheMachines) {
  const absl::Time before = absl::Now();
  const absl::Time now = RealClock()->Now();
  EXPECT_LE(before, now);
  EXPECT_LE(now, absl::Now());
}

TEST(ClockTest, FileMovesTime) {
  const std::string path = WriteTemp("clock", "2020-12-10T18:00:00+09:00\n");
  auto clock = ClockFrom(path);
  ASSERT_TRUE(clock.ok()) << clock.status();
  EXPECT_EQ((*clock)->Now(), absl::FromUnixSeconds(1607590800));
  WriteFile(path, "1607590861");
  EXPECT_EQ((*clock)->Now(), absl::FromUnixSeconds(1607590861));
  WriteFile(path, "1607590000");  // clocks step back, too
  EXPECT_EQ((*clock)->Now(), absl::FromUnixSeconds(1607590000));
}

TEST(ClockTest, TimeStandsWhileTheFileHoldsNone) {
  const std::string path = WriteTemp("clock", "1607590800");
  auto clock = FileClock(path);
  ASSERT_TRUE(clock.ok()) << clock.status();
  for (const char* text : {"", "soon", "2020-12-10", "\xff\xff"}) {
    WriteFile(path, text);
    EXPECT_EQ((*clock)->Now(), absl::FromUnixSeconds(1607590800)) << text;
  }
  std::remove(path.c_str());
  EXPECT_EQ((*clock)->Now(), absl::FromUnixSeconds(1607590800));
}

TEST(ClockTest, BeginsWithAnInstantOrNotAtAll) {
  EXPECT_TRUE(absl::IsNotFound(FileClock(TempPath("none")).status()));
  EXPECT_TRUE(
      absl::IsDataLoss(FileClock(WriteTemp("clock", "tomorrow")).status()));
}

}  // namespace
}  // namespace tekmatch
