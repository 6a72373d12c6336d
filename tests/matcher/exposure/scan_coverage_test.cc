// Windows of one person's several phones, as MakeExposureWindows gives them.
#include "matcher/exposure/scan_coverage.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "matcher/exposure/daily_summary.h"
#include "matcher/exposure/exposure_config.h"
#include "matcher/exposure/exposure_window.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;

constexpr int64_t kStart = 1589974800;  // 2020-05-20T11:40:00Z

// All distances weigh the same.
ExposureConfig Config() {
  ExposureConfig config;
  config.mapping.infectiousness.fill(Infectiousness::kStandard);
  config.daily_summaries.attenuation_weights = {1, 1, 1, 1};
  return config;
}

// Heard by a phone this many seconds after the start, `since` seconds after its
// scan before.
Match At(uint16_t store, int64_t seconds, uint32_t since, int attenuation = 50,
         uint8_t key = 1) {
  Match match;
  match.tek.bytes.fill(key);
  match.sighting.unix_seconds = kStart + seconds;
  match.sighting.store = store;
  match.sighting.seconds_since_previous_scan = since;
  match.attenuation = attenuation;
  return match;
}

std::vector<ExposureWindow> Windows(std::vector<Match> matches,
                                    const ExposureConfig& config = Config()) {
  std::stable_sort(matches.begin(), matches.end(),
                   [](const Match& a, const Match& b) {
                     return a.sighting.unix_seconds < b.sighting.unix_seconds;
                   });
  return MakeExposureWindows(matches, config);
}

std::vector<int> Seconds(const std::vector<ExposureWindow>& windows) {
  std::vector<int> seconds;
  for (const ExposureWindow& window : windows) {
    for (const ScanInstance& scan : window.scans) {
      seconds.push_back(scan.seconds_since_last_scan);
    }
  }
  return seconds;
}

// Covers, in minutes: [-5, 0) and [0, 5) of phone 0, [-3, 2) and [2, 7) of
// phone 1.
TEST(ScanCoverageTest, AMinuteCountsOnceAndOfEqualScansTheEarlierKeepsIt) {
  EXPECT_THAT(Seconds(Windows({At(0, 0, 300), At(1, 120, 300), At(0, 300, 300),
                               At(1, 420, 300)})),
              ElementsAre(300, 120, 180, 120));
}

// Whole minutes of the clock, as the platform counts: 11:42:30 is 11:42.
TEST(ScanCoverageTest, SecondsWithinAMinuteDoNotMatter) {
  EXPECT_THAT(Seconds(Windows({At(0, 0, 300), At(1, 150, 300), At(0, 300, 300),
                               At(1, 450, 300)})),
              ElementsAre(300, 120, 180, 120));
}

// What came first does not hide what is near.
TEST(ScanCoverageTest, ContestedMinutesAreTheNearerScans) {
  EXPECT_THAT(Seconds(Windows({At(0, 0, 300, 70), At(1, 120, 300, 50),
                               At(0, 300, 300, 71), At(1, 420, 300, 50)})),
              ElementsAre(120, 300, 0, 300));
}

// COCOA weighs 47 to 60 dB most: nearer ones take no minute from them.
TEST(ScanCoverageTest, ContestedMinutesAreTheScansThatWeighMost) {
  ExposureConfig config = Config();
  config.daily_summaries.attenuation_thresholds = {46, 60, 65};
  config.daily_summaries.attenuation_weights = {1.0, 2.5, 1.3, 0.01};
  EXPECT_THAT(Seconds(Windows({At(0, 0, 300, 46), At(1, 120, 300, 60),
                               At(0, 300, 300, 66), At(1, 420, 300, 61)},
                              config)),
              ElementsAre(120, 300, 0, 300));
  // Of one weight the nearer.
  EXPECT_THAT(
      Seconds(Windows({At(0, 0, 300, 60), At(1, 120, 300, 47)}, config)),
      ElementsAre(120, 300));
}

// A scan across the end of a window is in both of them; its time is once.
TEST(ScanCoverageTest, AScanThatAWindowCutsCountsOnce) {
  const std::vector<Match> of_one = {At(0, 0, 300), At(0, 1790, 300),
                                     At(0, 1800, 310)};
  EXPECT_THAT(Seconds(Windows(of_one)), ElementsAre(300, 300, 300));
  std::vector<Match> matches = of_one;
  matches.push_back(At(1, 600, 300));
  // 12:09:50 and 12:10:00: the minute between is new.
  EXPECT_THAT(Seconds(Windows(matches)), ElementsAre(300, 300, 300, 60));
}

TEST(ScanCoverageTest, WhatAnotherPhoneCoversWholeStaysWithNothing) {
  const auto windows =
      Windows({At(0, 0, 300, 40), At(1, 0, 300, 70), At(1, 30, 60, 80)});
  EXPECT_THAT(Seconds(windows), ElementsAre(300, 0, 0));
  EXPECT_EQ(windows[0].scans[1].typical_attenuation, 70);
}

// A phone that was left at home, and one that was taken along.
TEST(ScanCoverageTest, WhatOnlyOneHeardIsAdded) {
  EXPECT_THAT(Seconds(Windows({At(0, 0, 300), At(0, 300, 300), At(1, 720, 300),
                               At(1, 1020, 300)})),
              ElementsAre(300, 300, 300, 300));
}

// The scans of 26 s later are the next ones of one phone, but of two phones
// they are of different scans however near.
TEST(ScanCoverageTest, ScansAreEachPhonesOwn) {
  const auto windows =
      Windows({At(0, 0, 300, 40), At(1, 10, 240, 60), At(0, 20, 320, 44),
               At(1, 34, 264, 62), At(0, 46, 26, 70)});
  ASSERT_EQ(windows.size(), 1U);
  ASSERT_EQ(windows[0].scans.size(), 3U);
  EXPECT_EQ(windows[0].scans[0].typical_attenuation, 42);
  EXPECT_THAT(windows[0].scans[0].matches, ElementsAre(0, 2));
  EXPECT_EQ(windows[0].scans[1].typical_attenuation, 61);
  EXPECT_THAT(windows[0].scans[1].matches, ElementsAre(1, 3));
  EXPECT_THAT(windows[0].scans[2].matches, ElementsAre(4));
}

// Two phones in one pocket for an hour, the second 150 s after the first.
TEST(ScanCoverageTest, AnHourIsAnHour) {
  std::vector<Match> both;
  for (int i = 0; i < 12; ++i) {
    both.push_back(At(0, int64_t{300} * i, 300));
    both.push_back(At(1, 300 * i + 150, 300));
  }
  const auto windows = Windows(both);
  ASSERT_EQ(windows.size(), 2U);
  EXPECT_EQ(WindowSeconds(windows[0]), 1800);
  EXPECT_EQ(WindowSeconds(windows[1]), 1800);
}

// One phone alone may have more in a window than it lasts; another one does not
// take of it.
TEST(ScanCoverageTest, ASecondPhoneNeverTakesFromTheFirst) {
  std::vector<Match> matches;
  matches.reserve(16);
  for (int i = 0; i < 8; ++i) matches.push_back(At(0, int64_t{240} * i, 240));
  EXPECT_EQ(WindowSeconds(Windows(matches)[0]), 8 * 240);
  for (int i = 0; i < 8; ++i)
    matches.push_back(At(1, int64_t{240} * i + 120, 240));
  const auto windows = Windows(matches);
  EXPECT_EQ(WindowSeconds(windows[0]), 8 * 240);
}

TEST(ScanCoverageTest, KeysDoNotCoverEachOther) {
  EXPECT_THAT(Seconds(Windows({At(0, 0, 300), At(1, 0, 300, 50, /*key=*/2)})),
              ElementsAre(300, 300));
}

// As the platform: scans of one phone that does not say when it listened before
// stand for two minutes each.
TEST(ScanCoverageTest, OneStoreIsAsItWas) {
  EXPECT_THAT(
      Seconds(Windows({At(7, 0, kNoPreviousScan), At(7, 30, kNoPreviousScan),
                       At(7, 60, kNoPreviousScan)})),
      ElementsAre(120, 120, 120));
  EXPECT_THAT(
      Seconds(Windows({At(0, 0, kNoPreviousScan), At(0, 30, kNoPreviousScan),
                       At(1, 60, kNoPreviousScan)})),
      ElementsAre(120, 120, 60));
}

// Phones of one person, each with scans of its own; of a key each hears a part.
struct World {
  std::vector<Match> matches;
  // By key and day of the scan, minutes that any scan covers; and by key and
  // store, seconds of the store alone.
  std::map<uint8_t, std::set<int64_t>> covered;
  std::map<uint8_t, int64_t> most_of_a_store;
};

World RandomWorld(std::mt19937_64& rng) {
  const auto roll = [&rng](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(rng);
  };
  World world;
  const int64_t num_stores = roll(2, 4);
  for (int64_t store = 0; store < num_stores; ++store) {
    std::map<uint8_t, int64_t> of_store;
    int64_t previous = roll(0, 600);
    while (previous < 7200) {
      const int64_t since = roll(30, 600);
      const int64_t time = previous + since;
      const int64_t end = (kStart + time) / 60;
      const int64_t minutes =
          std::min<int64_t>(end - (kStart + previous) / 60, 5);
      for (uint8_t key = 1; key <= 2; ++key) {
        if (roll(0, 2) == 0) continue;
        world.matches.push_back(At(static_cast<uint16_t>(store), time,
                                   static_cast<uint32_t>(since),
                                   static_cast<int>(roll(40, 70)), key));
        for (int64_t m = end - minutes; m < end; ++m) {
          world.covered[key].insert(m);
        }
        of_store[key] += minutes * 60;
      }
      previous = time;
    }
    for (const auto& [key, seconds] : of_store) {
      world.most_of_a_store[key] =
          std::max(world.most_of_a_store[key], seconds);
    }
  }
  return world;
}

// Of each key.
std::map<uint8_t, double> WeightedDurations(const std::vector<Match>& matches,
                                            const ExposureConfig& config) {
  std::map<uint8_t, double> sums;
  for (const ExposureWindow& window : Windows(matches, config)) {
    sums[window.tek.bytes[0]] +=
        WeightedDuration(window, config.daily_summaries);
  }
  return sums;
}

// With a second phone nothing weighs less than with either one alone.
TEST(ScanCoverageTest, ASecondPhoneHidesNothing) {
  ExposureConfig config = Config();
  config.daily_summaries.attenuation_thresholds = {46, 60, 65};
  config.daily_summaries.attenuation_weights = {1.0, 2.5, 1.3, 0.01};
  std::mt19937_64 rng(12);
  int num_compared = 0;
  for (int i = 0; i < 2000; ++i) {
    const World world = RandomWorld(rng);
    std::map<uint16_t, std::vector<Match>> of_store;
    for (const Match& match : world.matches) {
      of_store[match.sighting.store].push_back(match);
    }
    std::map<uint8_t, double> of_all = WeightedDurations(world.matches, config);
    for (const auto& [store, matches] : of_store) {
      for (const auto& [key, duration] : WeightedDurations(matches, config)) {
        ASSERT_GE(of_all[key], duration) << i;
        ++num_compared;
      }
    }
  }
  EXPECT_GT(num_compared, 8000);
}

// Never more than the union of what scans cover, in all and in each window.
TEST(ScanCoverageTest, NeverMoreThanScansCover) {
  std::mt19937_64 rng(11);
  int num_shared = 0;
  for (int i = 0; i < 2000; ++i) {
    const World world = RandomWorld(rng);
    const auto windows = Windows(world.matches);
    std::map<uint8_t, int64_t> seconds;
    for (const ExposureWindow& window : windows) {
      seconds[window.tek.bytes[0]] += WindowSeconds(window);
      for (const ScanInstance& scan : window.scans) {
        EXPECT_EQ(scan.seconds_since_last_scan % 60, 0);
        EXPECT_GE(scan.seconds_since_last_scan, 0);
      }
    }
    for (const auto& [key, minutes] : world.covered) {
      ASSERT_LE(seconds[key], static_cast<int64_t>(minutes.size()) * 60);
      // All of it, but for what the windows' limit takes: at most what the
      // first scan of a stretch reaches back.
      ASSERT_GE(seconds[key], static_cast<int64_t>(minutes.size()) * 60 -
                                  300 * static_cast<int64_t>(windows.size()));
      if (seconds[key] > world.most_of_a_store.at(key)) ++num_shared;
    }
  }
  EXPECT_GT(num_shared, 1000);
}

}  // namespace
}  // namespace tekmatch
