#include "matcher/join/sighting.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace tekmatch {
namespace {

TEST(UnixSecondsTest, KeepsEachTimeThatASightingMayHave) {
  for (const int64_t seconds :
       {int64_t{0}, int64_t{1}, int64_t{1592006400}, int64_t{INT32_MAX},
        int64_t{INT32_MAX} + 1, kMaxHeardSeconds - 1, kMaxHeardSeconds}) {
    const UnixSeconds kept = seconds;
    EXPECT_EQ(int64_t{kept}, seconds);
    EXPECT_EQ(kept - 1'000'000'000'000, seconds - 1'000'000'000'000);
  }
  EXPECT_EQ(UnixSeconds(), 0);
}

// What it was is not kept, but that it is none.
TEST(UnixSecondsTest, KeepsThatATimeIsNone) {
  for (const int64_t seconds : {int64_t{-1}, int64_t{-2}, INT64_MIN}) {
    EXPECT_EQ(UnixSeconds(seconds), -1);
  }
  for (const int64_t seconds :
       {kMaxHeardSeconds + 1, int64_t{0xFFFFFFFD}, int64_t{0xFFFFFFFE},
        int64_t{0xFFFFFFFF}, int64_t{0x100000000}, INT64_MAX}) {
    EXPECT_GT(UnixSeconds(seconds), kMaxHeardSeconds);
    EXPECT_EQ(UnixSeconds(seconds), std::min<int64_t>(seconds, 0xFFFFFFFE));
  }
}

TEST(UnixSecondsTest, AreChangedAndComparedAsNumbers) {
  UnixSeconds seconds = 10;
  seconds += 5;
  EXPECT_EQ(seconds, 15);
  seconds -= 20;
  EXPECT_EQ(seconds, -1);
  EXPECT_LT(UnixSeconds(-1), UnixSeconds(0));
  EXPECT_LT(UnixSeconds(0), UnixSeconds(1));
  EXPECT_LT(UnixSeconds(INT32_MAX), UnixSeconds(int64_t{INT32_MAX} + 1));
}

TEST(SightingTest, IsOrderedByTimeFirst) {
  std::vector<Sighting> sightings(3);
  sightings[0].unix_seconds = int64_t{INT32_MAX} + 1;
  sightings[1].unix_seconds = 7;
  sightings[1].rpi.bytes.fill(0xFF);
  sightings[2].unix_seconds = 8;
  std::sort(sightings.begin(), sightings.end());
  EXPECT_EQ(sightings[0].unix_seconds, 7);
  EXPECT_EQ(sightings[1].unix_seconds, 8);
  EXPECT_EQ(sightings[2].unix_seconds, int64_t{INT32_MAX} + 1);
}

}  // namespace
}  // namespace tekmatch
