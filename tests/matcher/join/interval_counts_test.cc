#include "matcher/join/interval_counts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <vector>

#include "tests/matcher/join/test_util.h"

namespace tekmatch {
namespace {

// The last whole one in which there are sightings.
constexpr int64_t kLastInterval = kMaxHeardSeconds / kIntervalSeconds - 1;
constexpr int64_t kMostInTable = 262'144;

Sighting At(int64_t interval, int64_t second) {
  Sighting sighting;
  sighting.unix_seconds = interval * kIntervalSeconds + second;
  return sighting;
}

// As counted one by one.
std::vector<IntervalCount> Naive(const std::vector<Sighting>& sightings) {
  std::map<int64_t, uint32_t> counts;
  for (const Sighting& sighting : sightings) {
    ++counts[sighting.unix_seconds / kIntervalSeconds];
  }
  std::vector<IntervalCount> ascending;
  ascending.reserve(counts.size());
  for (const auto& [interval, num] : counts) {
    ascending.push_back({static_cast<uint32_t>(interval), num});
  }
  return ascending;
}

int64_t Newest(const std::vector<Sighting>& sightings) {
  int64_t newest = -1;
  for (const Sighting& sighting : sightings) {
    newest = std::max<int64_t>(newest, sighting.unix_seconds);
  }
  return newest;
}

// Any times in [first, first + range), its ends among them.
std::vector<Sighting> Any(std::mt19937_64& rng, int64_t first, int64_t range,
                          size_t num) {
  std::vector<Sighting> sightings = {At(first, 0), At(first + range - 1, 599)};
  while (sightings.size() < num) {
    sightings.push_back(
        At(first + static_cast<int64_t>(rng() % static_cast<uint64_t>(range)),
           static_cast<int64_t>(rng() % kIntervalSeconds)));
  }
  std::shuffle(sightings.begin(), sightings.end(), rng);
  return sightings;
}

TEST(IntervalCountsTest, OfNothing) {
  IntervalCounts counts;
  EXPECT_TRUE(counts.Ascending().empty());
  EXPECT_EQ(counts.newest_seconds(), -1);
  counts.Add(absl::Span<const Sighting>());
  counts.Add(IntervalCounts());
  EXPECT_TRUE(counts.Ascending().empty());
  EXPECT_EQ(counts.newest_seconds(), -1);
}

TEST(IntervalCountsTest, TheFirstAndTheLastInterval) {
  for (const int64_t interval : {int64_t{0}, kLastInterval}) {
    IntervalCounts counts;
    counts.Add(std::vector<Sighting>{At(interval, 599), At(interval, 0)});
    EXPECT_EQ(
        counts.Ascending(),
        (std::vector<IntervalCount>{{static_cast<uint32_t>(interval), 2}}));
    EXPECT_EQ(counts.newest_seconds(), interval * kIntervalSeconds + 599);
  }
}

// By pieces of any size, in any order of time: in a table, at its limit, and
// beyond it.
TEST(IntervalCountsTest, AreThoseCountedOneByOne) {
  std::mt19937_64 rng(1);
  for (const int64_t range :
       {int64_t{1}, int64_t{2}, int64_t{2016}, kMostInTable - 1, kMostInTable,
        kMostInTable + 1, int64_t{1'000'000}, kLastInterval + 1}) {
    for (const int64_t first :
         {int64_t{0}, int64_t{2653344}, kLastInterval + 1 - range}) {
      if (first + range > kLastInterval + 1) continue;
      std::vector<Sighting> sightings = Any(rng, first, range, 500);
      for (const int order : {0, 1, 2}) {
        if (order > 0) std::sort(sightings.begin(), sightings.end());
        if (order > 1) std::reverse(sightings.begin(), sightings.end());
        IntervalCounts counts;
        for (size_t begin = 0; begin < sightings.size();) {
          const size_t num =
              std::min<size_t>(1 + rng() % 60, sightings.size() - begin);
          counts.Add(absl::MakeConstSpan(sightings).subspan(begin, num));
          begin += num;
        }
        ASSERT_EQ(counts.Ascending(), Naive(sightings))
            << first << " " << range << " " << order;
        ASSERT_EQ(counts.newest_seconds(), Newest(sightings));
      }
    }
  }
}

// So many far apart that those of an interval are made one many times.
TEST(IntervalCountsTest, ManyFarApartAreThoseCountedOneByOne) {
  std::mt19937_64 rng(3);
  std::vector<Sighting> sightings = Any(rng, 0, kLastInterval + 1, 20'000);
  for (size_t i = 0; i < 20'000; ++i) sightings.push_back(sightings[i]);
  std::shuffle(sightings.begin(), sightings.end(), rng);
  IntervalCounts counts;
  for (size_t begin = 0; begin < sightings.size(); begin += 500) {
    counts.Add(absl::MakeConstSpan(sightings).subspan(begin, 500));
  }
  EXPECT_EQ(counts.Ascending(), Naive(sightings));
}

// Each of a table and a list, put to each.
TEST(IntervalCountsTest, AreAddedToEachOther) {
  std::mt19937_64 rng(2);
  struct Range {
    int64_t first;
    int64_t range;
  };
  const std::vector<Range> ranges = {{2653344, 100},
                                     {2653344 + 50, 300},
                                     {2653344 - 60'000, 1000},
                                     {2653344 + 262'000, 143},
                                     {0, 10},
                                     {5, 6'000'000}};
  for (const Range& a : ranges) {
    for (const Range& b : ranges) {
      std::vector<Sighting> all = Any(rng, a.first, a.range, 100);
      IntervalCounts counts;
      counts.Add(all);
      const std::vector<Sighting> more = Any(rng, b.first, b.range, 100);
      IntervalCounts others;
      others.Add(more);
      counts.Add(others);
      all.insert(all.end(), more.begin(), more.end());
      ASSERT_EQ(counts.Ascending(), Naive(all)) << a.first << " " << b.first;
      ASSERT_EQ(counts.newest_seconds(), Newest(all));
    }
  }
}

}  // namespace
}  // namespace tekmatch
