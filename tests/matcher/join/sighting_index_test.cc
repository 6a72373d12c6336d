#include "matcher/join/sighting_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "matcher/check/thread_tasks.h"
#include "tests/matcher/join/test_util.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;

std::vector<Sighting> Copy(absl::Span<const Sighting> span) {
  return {span.begin(), span.end()};
}

// The sightings of an RPI in index order, by looking at all of them.
std::vector<Sighting> NaiveFind(std::vector<Sighting> sightings,
                                const Rpi& rpi) {
  std::sort(sightings.begin(), sightings.end());
  std::vector<Sighting> found;
  for (const Sighting& sighting : sightings) {
    if (sighting.rpi == rpi) found.push_back(sighting);
  }
  return found;
}

TEST(SightingIndexTest, EmptyIndexFindsNothing) {
  const auto index = MakeIndex({});
  EXPECT_TRUE(index->sightings().empty());
  std::mt19937_64 rng(1);
  EXPECT_TRUE(index->Find(Rpi{}).empty());
  EXPECT_TRUE(index->Find(RandomBytes<Rpi>(rng)).empty());
}

TEST(SightingIndexTest, FindsTheOnlySighting) {
  std::mt19937_64 rng(2);
  const Sighting only = {7, RandomBytes<Rpi>(rng), RandomBytes<Aem>(rng), -50};
  const auto index = MakeIndex({only});
  EXPECT_EQ(Copy(index->Find(only.rpi)), std::vector<Sighting>{only});
  EXPECT_EQ(index->PositionOf(index->Find(only.rpi)[0]), 0);
  Rpi other = only.rpi;
  other.bytes[15] ^= 1;
  EXPECT_TRUE(index->Find(other).empty());
}

// Beyond the sightings: what the header promises, over odd numbers of them.
TEST(SightingIndexTest, MemoryIsBounded) {
  std::mt19937_64 rng(9);
  for (const size_t num : {0, 1, 2, 3, 5, 17, 33, 1000, 4097, 70000}) {
    std::vector<Sighting> sightings(num);
    for (Sighting& sighting : sightings) {
      sighting.unix_seconds =
          1592000000 + static_cast<int64_t>(rng() % (uint64_t{14} * 86400));
      sighting.rpi = RandomBytes<Rpi>(rng);
    }
    const auto index = MakeIndex(sightings);
    // A day has a slice, or four.
    const size_t of_slice = num < 65'536 ? 56 : 560;
    EXPECT_LE(index->memory_bytes(), 40 * num + of_slice * 4 * 15 + 16) << num;
  }
}

// Days apart from each other, each with slices of its own.
TEST(SightingIndexTest, MemoryIsBoundedBySlices) {
  std::mt19937_64 rng(10);
  for (const size_t num : {2'000, 65'535, 65'536}) {
    std::vector<Sighting> sightings(num);
    for (size_t i = 0; i < num; ++i) {
      sightings[i].unix_seconds =
          static_cast<int64_t>(i % 10'000) * 4 * 86400 + 43200;
      sightings[i].rpi = RandomBytes<Rpi>(rng);
    }
    const auto index = MakeIndex(sightings);
    const size_t num_slices = index->filters().slices().size();
    EXPECT_EQ(num_slices, std::min<size_t>(num, 10'000));
    const size_t of_slice = num < 65'536 ? 56 : 560;
    EXPECT_LE(index->memory_bytes(), 40 * num + of_slice * num_slices + 16);
  }
}

TEST(SightingIndexTest, RefusesAToleranceOutOfRange) {
  for (const int32_t tolerance : {-1, kMaxToleranceIntervals + 1}) {
    EXPECT_EQ(
        SightingIndex::Create({}, tolerance).status(),
        absl::InvalidArgumentError("max_tolerance_intervals: not in 0..1008"));
  }
}

TEST(SightingIndexTest, KeepsExactDuplicates) {
  std::mt19937_64 rng(3);
  const Sighting one = {7, RandomBytes<Rpi>(rng), RandomBytes<Aem>(rng), -50};
  const auto index = MakeIndex({one, one, one});
  const auto found = index->Find(one.rpi);
  EXPECT_EQ(Copy(found), std::vector<Sighting>({one, one, one}));
  EXPECT_EQ(index->PositionOf(found[0]), 0);
  EXPECT_EQ(index->PositionOf(found[1]), 1);
  EXPECT_EQ(index->PositionOf(found[2]), 2);
}

TEST(SightingIndexTest, SortsTheSightingsOfAnRpiByTimeThenAemThenRssi) {
  std::mt19937_64 rng(4);
  const auto rpi = RandomBytes<Rpi>(rng);
  const std::vector<Sighting> sorted = {{100, rpi, Aem{{1}}, -70},
                                        {100, rpi, Aem{{1}}, -60},
                                        {100, rpi, Aem{{2}}, -90},
                                        {101, rpi, Aem{{0}}, -90}};
  std::vector<Sighting> shuffled = sorted;
  for (int i = 0; i < 20; ++i) {
    std::shuffle(shuffled.begin(), shuffled.end(), rng);
    EXPECT_EQ(Copy(MakeIndex(shuffled)->Find(rpi)), sorted);
  }
}

TEST(SightingIndexTest, PositionsDoNotDependOnTheOrderOfTheInput) {
  std::mt19937_64 rng(5);
  std::vector<Sighting> sightings;
  for (int i = 0; i < 300; ++i) {
    Rpi rpi;
    rpi.bytes[0] = static_cast<uint8_t>(rng() % 8);
    sightings.push_back({static_cast<int64_t>(rng() % 4), rpi, Aem{},
                         static_cast<int16_t>(rng() % 2)});
  }
  const std::vector<Sighting> expected =
      Copy(MakeIndex(sightings)->sightings());
  EXPECT_TRUE(std::is_sorted(
      expected.begin(), expected.end(),
      [](const Sighting& a, const Sighting& b) { return a.rpi < b.rpi; }));
  for (int i = 0; i < 10; ++i) {
    std::shuffle(sightings.begin(), sightings.end(), rng);
    EXPECT_EQ(Copy(MakeIndex(sightings)->sightings()), expected);
  }
}

// 256 RPIs that agree in their first 15 bytes share one bucket of 256.
TEST(SightingIndexTest, FindsRpisThatShareABucket) {
  for (const uint8_t prefix : {0x00, 0x5A, 0xFF}) {
    std::vector<Sighting> sightings;
    for (int last = 0; last < 256; ++last) {
      Sighting sighting;
      sighting.rpi.bytes.fill(prefix);
      sighting.rpi.bytes[15] = static_cast<uint8_t>(last);
      sighting.unix_seconds = last;
      sightings.push_back(sighting);
      if (last % 2 == 0) sightings.push_back(sighting);
    }
    const auto index = MakeIndex(sightings);
    for (int last = 0; last < 256; ++last) {
      Rpi rpi;
      rpi.bytes.fill(prefix);
      rpi.bytes[15] = static_cast<uint8_t>(last);
      EXPECT_EQ(Copy(index->Find(rpi)), NaiveFind(sightings, rpi));
      rpi.bytes[14] ^= 1;
      EXPECT_TRUE(index->Find(rpi).empty());
    }
  }
}

TEST(SightingIndexTest, AgreesWithANaiveSearchOverRandomData) {
  for (const size_t size : {1, 2, 3, 4, 5, 31, 32, 33, 500}) {
    SCOPED_TRACE(size);
    std::mt19937_64 rng(size);
    std::vector<Rpi> rpis(1 + size / 2);
    for (Rpi& rpi : rpis) {
      rpi = RandomBytes<Rpi>(rng);
      // Half of them close together.
      if (rng() % 2 == 0) std::fill_n(rpi.bytes.begin(), 4, 0x80);
    }
    std::vector<Sighting> sightings;
    for (size_t i = 0; i < size; ++i) {
      sightings.push_back(
          {static_cast<int64_t>(rng() % 1000), rpis[rng() % rpis.size()],
           RandomBytes<Aem>(rng),
           static_cast<int16_t>(-static_cast<int>(rng() % 100))});
    }
    const auto index = MakeIndex(sightings);
    ASSERT_EQ(index->sightings().size(), size);
    for (size_t i = 0; i < 100; ++i) rpis.push_back(RandomBytes<Rpi>(rng));
    for (const Rpi& rpi : rpis) {
      const auto found = index->Find(rpi);
      EXPECT_EQ(Copy(found), NaiveFind(sightings, rpi));
      for (const Sighting& sighting : found) {
        EXPECT_EQ(&index->sightings()[index->PositionOf(sighting)], &sighting);
      }
    }
  }
}

TEST(SightingIndexTest, TakesTheFirstAndTheLastTime) {
  Sighting first;
  Sighting last;
  last.unix_seconds = kMaxHeardSeconds;
  EXPECT_EQ(Copy(MakeIndex({last, first})->sightings()),
            std::vector<Sighting>({first, last}));
}

TEST(SightingIndexTest, RefusesAnRssiThatNoReceiverMeasures) {
  for (const int16_t rssi : {-129, 21, 126, 127, INT16_MIN, INT16_MAX}) {
    Sighting bad;
    bad.rssi = rssi;
    EXPECT_EQ(
        SightingIndex::Create({Sighting{}, bad}).status(),
        absl::InvalidArgumentError("sighting 1: its RSSI is not in -128..20"));
  }
  for (const int16_t rssi : {-128, 20}) {
    Sighting good;
    good.rssi = rssi;
    EXPECT_THAT(SightingIndex::Create({good}), IsOk());
  }
}

TEST(SightingIndexTest, RefusesATimeThatNoPhoneHears) {
  const std::pair<int64_t, const char*> kCases[] = {
      {-1, "before 1970"},
      {INT64_MIN, "before 1970"},
      {kMaxHeardSeconds + 1, "after 2099"},
      {int64_t{1} << 32, "after 2099"},
      {INT64_MAX, "after 2099"}};
  for (const auto& [unix_seconds, reason] : kCases) {
    Sighting bad;
    bad.unix_seconds = unix_seconds;
    const auto index = SightingIndex::Create({Sighting{}, bad, Sighting{}});
    ASSERT_THAT(index, StatusIs(absl::StatusCode::kInvalidArgument));
    const std::string message(index.status().message());
    EXPECT_THAT(message, HasSubstr("sighting 1:"));
    EXPECT_THAT(message, HasSubstr(reason));
    EXPECT_THAT(message, Not(HasSubstr(std::to_string(unix_seconds))));
  }
}

// What is at the ends of its range is right, also beside one that is wrong.
TEST(CheckHeardTest, TheEndsOfEachRangeAreNotWhatIsWrong) {
  Sighting least;
  least.rssi = kMinRssi;
  Sighting most;
  most.unix_seconds = kMaxHeardSeconds;
  most.rssi = kMaxRssi;
  Sighting bad;
  bad.rssi = kMaxRssi + 1;
  EXPECT_THAT(CheckHeard({least, most}), IsOk());
  EXPECT_EQ(
      CheckHeard({least, most, bad}),
      absl::InvalidArgumentError("sighting 2: its RSSI is not in -128..20"));
}

TEST(SightingIndexTest, SurvivesAMove) {
  std::mt19937_64 rng(6);
  const Sighting only = {7, RandomBytes<Rpi>(rng), Aem{}, -50};
  auto created = SightingIndex::Create({only});
  ASSERT_THAT(created, IsOk());
  const SightingIndex index = *std::move(created);
  ASSERT_EQ(Copy(index.Find(only.rpi)), std::vector<Sighting>{only});
  EXPECT_EQ(index.PositionOf(index.Find(only.rpi)[0]), 0);
}

TEST(CheckHeardTest, SaysThePlaceOfTheFirstThatNoPhoneHeard) {
  Sighting good;
  good.unix_seconds = kMaxHeardSeconds;
  EXPECT_THAT(CheckHeard({good, Sighting{}}), IsOk());
  Sighting bad = good;
  bad.unix_seconds = kMaxHeardSeconds + 1;
  EXPECT_EQ(CheckHeard({good, bad, bad}),
            absl::InvalidArgumentError("sighting 1: its time is after 2099"));
  bad.unix_seconds = -1;
  EXPECT_EQ(CheckHeard({bad}),
            absl::InvalidArgumentError("sighting 0: its time is before 1970"));
  bad.unix_seconds = 0;
  bad.rssi = kRssiNotAvailable;
  EXPECT_EQ(CheckHeard({good, bad}),
            absl::InvalidArgumentError("sighting 1: its RSSI is not in "
                                       "-128..20"));
}

// An eighth of the power of two from the number of sightings on: four to eight
// sightings a bucket, where RPIs are random. And a byte of each.
TEST(SightingIndexTest, ThereIsABucketForSomeSightings) {
  std::mt19937_64 rng(11);
  const std::vector<std::pair<size_t, size_t>> cases = {
      {0, 1}, {1, 1}, {8, 1}, {9, 2}, {16, 2}, {17, 4}, {1024, 128}};
  for (const auto& [num_sightings, num_buckets] : cases) {
    std::vector<Sighting> sightings(num_sightings);
    for (Sighting& sighting : sightings) {
      sighting.unix_seconds = 1592000000;
      sighting.rpi = RandomBytes<Rpi>(rng);
      sighting.rssi = -50;
    }
    const auto index = MakeIndex(sightings);
    EXPECT_EQ(index->memory_bytes() - index->filters().memory_bytes(),
              (num_buckets + 1) * sizeof(uint32_t) + num_sightings + 8)
        << num_sightings;
  }
}

// What threads share is put together without a seam.
TEST(SightingIndexTest, IsTheSameOfAnyNumberOfThreads) {
  std::mt19937_64 rng(13);
  for (const size_t num : {0, 1, 2, 7, 1000, 70'001}) {
    std::vector<Sighting> sightings(num);
    for (Sighting& sighting : sightings) {
      sighting.unix_seconds =
          static_cast<int64_t>(1592000000 + rng() % 999'999);
      sighting.rpi = RandomBytes<Rpi>(rng);
      // Some buckets are empty, and the last ones.
      sighting.rpi.bytes[0] %= 200;
      sighting.rssi = -50;
    }
    const auto one = MakeIndex(sightings);
    for (const size_t num_threads : {2, 3, 9}) {
      const auto index =
          SightingIndex::Create(sightings, 12, ThreadTasks(num_threads));
      ASSERT_THAT(index, IsOk());
      EXPECT_TRUE(index->sightings() == one->sightings()) << num;
      EXPECT_EQ(index->memory_bytes(), one->memory_bytes());
      for (const Sighting& sighting : sightings) {
        ASSERT_EQ(index->Find(sighting.rpi).size(), 1U);
      }
      EXPECT_TRUE(index->Find(RandomBytes<Rpi>(rng)).empty());
      for (size_t i = 0; i < one->filters().slices().size(); ++i) {
        const SliceFilters::Slice& slice = one->filters().slices()[i];
        const RpiFilter want = one->filters().filter(slice);
        const RpiFilter got =
            index->filters().filter(index->filters().slices()[i]);
        ASSERT_EQ(got.shift, want.shift);
        EXPECT_TRUE(std::equal(want.words,
                               want.words + (size_t{1} << (32 - want.shift)),
                               got.words));
      }
    }
  }
}

TEST(SightingIndexTest, ThreadsSayTheFirstThatIsNoSighting) {
  std::vector<Sighting> sightings(1000);
  sightings[400].rssi = kRssiNotAvailable;
  sightings[700].unix_seconds = -1;
  for (const size_t num_threads : {1, 2, 5}) {
    EXPECT_EQ(
        SightingIndex::Create(sightings, 12, ThreadTasks(num_threads)).status(),
        absl::InvalidArgumentError(
            "sighting 400: its RSSI is not in -128..20"));
  }
}

// Sorted but for two neighbours: they may lie where a thread's part ends, or a
// piece of it, and nobody else looks.
TEST(SightingIndexTest, OneThatIsOutOfOrderIsFoundWhereverItIs) {
  std::mt19937_64 rng(14);
  std::vector<Sighting> sorted(1601);
  for (Sighting& sighting : sorted) {
    sighting.unix_seconds = 1592000000;
    sighting.rpi = RandomBytes<Rpi>(rng);
    sighting.rssi = -50;
  }
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return a.rpi != b.rpi ? a.rpi < b.rpi : a < b;
  });
  for (const size_t num_threads : {1, 2, 3}) {
    const ThreadTasks tasks(num_threads);
    const auto same = SightingIndex::Create(sorted, 12, tasks);
    ASSERT_THAT(same, IsOk());
    EXPECT_TRUE(same->sightings() == sorted);
    for (size_t i = 1; i < sorted.size(); ++i) {
      std::vector<Sighting> sightings = sorted;
      std::swap(sightings[i], sightings[i - 1]);
      const auto index = SightingIndex::Create(std::move(sightings), 12, tasks);
      ASSERT_THAT(index, IsOk());
      ASSERT_TRUE(index->sightings() == sorted) << i << " " << num_threads;
    }
  }
}

TEST(SightingIndexTest, KnowsTheNewestTime) {
  EXPECT_EQ(MakeIndex({})->newest_seconds(), -1);
  std::vector<Sighting> sightings(3000);
  EXPECT_EQ(MakeIndex(sightings)->newest_seconds(), 0);
  for (const size_t place : {0, 511, 512, 1499, 1500, 2999}) {
    std::vector<Sighting> later = sightings;
    later[place].unix_seconds = kMaxHeardSeconds;
    for (const size_t num_threads : {1, 2, 5}) {
      const auto index =
          SightingIndex::Create(later, 144, ThreadTasks(num_threads));
      ASSERT_THAT(index, IsOk());
      EXPECT_EQ(index->newest_seconds(), kMaxHeardSeconds) << place;
    }
  }
}

TEST(SightingIndexTest, ThreadsSayTheFirstThatNoPhoneHeard) {
  std::vector<Sighting> sightings(1500);
  sightings[1000].unix_seconds = kMaxHeardSeconds;
  for (const size_t num_threads : {1, 2, 5}) {
    const ThreadTasks tasks(num_threads);
    EXPECT_THAT(SightingIndex::Create(sightings, 12, tasks), IsOk());
    std::vector<Sighting> wrong = sightings;
    for (const size_t place : {100, 1400, 1499}) {
      wrong[place].unix_seconds = kMaxHeardSeconds + 1;
    }
    EXPECT_EQ(
        SightingIndex::Create(wrong, 12, tasks).status(),
        absl::InvalidArgumentError("sighting 100: its time is after 2099"));
  }
}

// So many that buckets are told apart by more than the RPI's first two bytes.
TEST(SightingIndexTest, FindsEachOfVeryMany) {
  std::mt19937_64 rng(12);
  std::vector<Sighting> sightings(size_t{3} << 16);
  for (Sighting& sighting : sightings) {
    sighting.unix_seconds = 1592000000;
    sighting.rpi = RandomBytes<Rpi>(rng);
    sighting.rssi = -50;
  }
  const auto index = MakeIndex(sightings);
  size_t num_found = 0;
  for (const Sighting& sighting : sightings) {
    const absl::Span<const Sighting> found = index->Find(sighting.rpi);
    if (found.size() == 1 && found[0] == sighting) ++num_found;
  }
  EXPECT_EQ(num_found, sightings.size());
}

TEST(SightingIndexTest, TakesToleranceUpToItsLimits) {
  for (const int32_t tolerance : {0, kMaxToleranceIntervals}) {
    const auto index = SightingIndex::Create({}, tolerance);
    ASSERT_THAT(index, IsOk());
    EXPECT_EQ(index->max_tolerance_intervals(), tolerance);
  }
}

}  // namespace
}  // namespace tekmatch
