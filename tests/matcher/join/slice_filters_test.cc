#include "matcher/join/slice_filters.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <vector>

#include "matcher/check/thread_tasks.h"
#include "matcher/join/sighting_order.h"
#include "tests/matcher/join/test_util.h"

namespace tekmatch {
namespace {

constexpr int64_t kTolerance = 12;
// The last whole one in which there are sightings.
constexpr int64_t kLastInterval = kMaxHeardSeconds / kIntervalSeconds - 1;

// RpiFilter as kernels.h describes it, in its own words and numbers, so that
// the bits of matcher/kernels/filter_bits.h are held against something else.

uint32_t HashOf(const Rpi& rpi) {
  return static_cast<uint32_t>(rpi.bytes[3]) +
         static_cast<uint32_t>(rpi.bytes[2]) * 0x100 +
         static_cast<uint32_t>(rpi.bytes[1]) * 0x10000 +
         static_cast<uint32_t>(rpi.bytes[0]) * 0x1000000;
}

// The positions of an RPI's four bits in its word.
std::array<uint32_t, 4> BitsOf(uint32_t h) {
  return {h % 8, 8 + (h >> 3) % 8, 16 + (h >> 8) % 8, 24 + (h >> 11) % 8};
}

bool Passes(const SliceFilters& filters, const SliceFilters::Slice& slice,
            const Rpi& rpi) {
  const RpiFilter filter = filters.filter(slice);
  const uint32_t h = HashOf(rpi);
  const std::bitset<32> word = filter.words[h >> filter.shift];
  for (const uint32_t bit : BitsOf(h)) {
    if (word[bit]) return false;
  }
  return true;
}

const SliceFilters::Slice* SliceOf(const SliceFilters& filters,
                                   int64_t interval) {
  const auto number = static_cast<uint32_t>(interval / filters.length());
  const size_t i = filters.LowerBound(number);
  if (i == filters.slices().size() || filters.slices()[i].number != number) {
    return nullptr;
  }
  return &filters.slices()[i];
}

bool IsCovered(const SliceFilters& filters, int64_t interval) {
  const SliceFilters::Slice* slice = SliceOf(filters, interval);
  const auto j = static_cast<uint32_t>(interval % filters.length());
  return slice != nullptr && slice->covered.Next(j, j + 1, true) == j;
}

Sighting Hear(std::mt19937_64& rng, int64_t interval, int64_t second = 0) {
  Sighting sighting;
  sighting.rpi = RandomBytes<Rpi>(rng);
  sighting.unix_seconds = interval * kIntervalSeconds + second;
  return sighting;
}

// Of sightings in any order.
SliceFilters FiltersOf(std::vector<Sighting> sightings, int64_t tolerance,
                       const TaskRunner& tasks = InTurn()) {
  SortSightings(absl::MakeSpan(sightings), InTurn());
  IntervalCounts counts;
  counts.Add(sightings);
  return {sightings, counts, tolerance, tasks};
}

TEST(SliceFiltersTest, OfNothing) {
  EXPECT_TRUE(SliceFilters().slices().empty());
  EXPECT_TRUE(FiltersOf({}, kTolerance).slices().empty());
}

// Every interval within the tolerance of a sighting, and no other; at the
// limits of slices, of days and of time.
TEST(SliceFiltersTest, CoversWhatASightingCanMatch) {
  std::mt19937_64 rng(1);
  for (const int64_t sighted :
       {int64_t{0}, int64_t{11}, int64_t{12}, int64_t{13}, int64_t{35},
        int64_t{36}, int64_t{2653344}, int64_t{2653344 + 23},
        int64_t{2653344 + 24}, kLastInterval - 12, kLastInterval}) {
    for (const int64_t tolerance : {0, 1, 12, 40, 1008}) {
      for (const int64_t second : {0, 599}) {
        const std::vector<Sighting> sightings = {Hear(rng, sighted, second)};
        const SliceFilters filters = FiltersOf(sightings, tolerance);
        for (int64_t i = std::max<int64_t>(0, sighted - tolerance - 40);
             i <= sighted + tolerance + 40; ++i) {
          const bool near =
              i >= sighted - tolerance && i <= sighted + tolerance;
          ASSERT_EQ(IsCovered(filters, i), near) << sighted << " " << i;
          if (near) {
            ASSERT_TRUE(
                Passes(filters, *SliceOf(filters, i), sightings[0].rpi));
          }
        }
      }
    }
  }
}

TEST(SliceFiltersTest, SlicesAreAscendingAndOnlyWhereSomethingIs) {
  std::mt19937_64 rng(1);
  std::vector<Sighting> sightings;
  std::set<int64_t> numbers;
  for (int i = 0; i < 200; ++i) {
    const auto interval = static_cast<int64_t>(rng() % 1'000'000);
    sightings.push_back(Hear(rng, interval));
    for (int64_t n = std::max<int64_t>(0, interval - 12); n <= interval + 12;
         ++n) {
      numbers.insert(n / kLongSlice);
    }
  }
  const SliceFilters filters = FiltersOf(sightings, kTolerance);
  std::vector<int64_t> got;
  for (const auto& slice : filters.slices()) got.push_back(slice.number);
  EXPECT_EQ(got, std::vector<int64_t>(numbers.begin(), numbers.end()));
  EXPECT_EQ(filters.LowerBound(0), 0U);
  EXPECT_EQ(filters.LowerBound(~uint32_t{0}), got.size());
}

TEST(CoveredIntervalsTest, NextFindsTheEndsOfEveryRun) {
  for (uint32_t first = 0; first < kLongSlice; ++first) {
    for (uint32_t last = first; last < kLongSlice; ++last) {
      CoveredIntervals covered;
      covered.Add(first, last);
      ASSERT_EQ(covered.Next(0, kLongSlice, true), first);
      ASSERT_EQ(covered.Next(first, kLongSlice, false), last + 1);
      ASSERT_EQ(covered.Next(last + 1, kLongSlice, true), kLongSlice);
      ASSERT_EQ(covered.Next(last, kLongSlice, true), last);
      ASSERT_EQ(covered.Next(0, first, true), first);
    }
  }
}

// A day has so many that its filter would leave the cache: slices are short,
// and all that was sighted still passes where it can match.
TEST(SliceFiltersTest, VeryManySightingsHaveShortSlices) {
  std::mt19937_64 rng(1);
  std::vector<Sighting> sightings;
  sightings.reserve(88'000);
  for (int i = 0; i < 88'000; ++i) {
    sightings.push_back(Hear(rng, 2653344 + 50 + i % 40));
  }
  const std::vector<Sighting> fewer(sightings.begin(), sightings.end() - 1000);
  EXPECT_EQ(FiltersOf(fewer, kTolerance).length(), kLongSlice);
  const SliceFilters filters = FiltersOf(sightings, kTolerance);
  ASSERT_EQ(filters.length(), kShortSlice);
  EXPECT_EQ(filters.slices().size(), 2U);
  for (const Sighting& s : sightings) {
    const int64_t sighted = s.unix_seconds / kIntervalSeconds;
    for (const int64_t i : {sighted - 12, sighted, sighted + 12}) {
      ASSERT_TRUE(IsCovered(filters, i));
      ASSERT_TRUE(Passes(filters, *SliceOf(filters, i), s.rpi));
    }
  }
  EXPECT_FALSE(IsCovered(filters, 2653344 + 37));
  EXPECT_FALSE(IsCovered(filters, 2653344 + 102));
}

// All that was sighted passes, and few others, whatever the number.
TEST(SliceFiltersTest, FewOthersPass) {
  struct Case {
    int num;
    int most;  // of 100,000 others
  };
  for (const auto& [num, most] : {Case{1, 1000}, Case{2, 1000}, Case{30, 120},
                                  Case{1000, 120}, Case{40'000, 120},
                                  // As in a quarter of a day of ten million
                                  // sightings in two weeks: one of 350.
                                  Case{303'000, 330},
                                  // The size of filters has a lower limit.
                                  Case{700'000, 800}}) {
    std::mt19937_64 rng(static_cast<uint64_t>(num));
    std::vector<Sighting> sightings;
    sightings.reserve(static_cast<size_t>(num));
    for (int i = 0; i < num; ++i) {
      sightings.push_back(Hear(rng, 2653344 + 12 + i % 12));
    }
    const SliceFilters filters = FiltersOf(sightings, kTolerance);
    ASSERT_EQ(filters.slices().size(), 1U);
    const SliceFilters::Slice& slice = filters.slices()[0];
    for (const Sighting& s : sightings) {
      ASSERT_TRUE(Passes(filters, slice, s.rpi));
    }
    int num_passing = 0;
    for (int i = 0; i < 100'000; ++i) {
      num_passing += Passes(filters, slice, RandomBytes<Rpi>(rng)) ? 1 : 0;
    }
    EXPECT_LE(num_passing, most) << num;
  }
}

// Word for word: the bits of what was sighted are clear, and all others set.
TEST(SliceFiltersTest, WordsAreThoseOfTheContract) {
  for (const size_t num : {size_t{1}, size_t{5}, size_t{3000}}) {
    std::mt19937_64 rng(num);
    std::vector<Sighting> sightings;
    sightings.reserve(num);
    // Of two days: those of the first are not near the second, nor the other
    // way round.
    for (size_t i = 0; i < num; ++i) {
      sightings.push_back(
          Hear(rng, 2653344 + 60 + 144 * static_cast<int64_t>(i % 2)));
    }
    const SliceFilters filters = FiltersOf(sightings, kTolerance);
    ASSERT_EQ(filters.slices().size(), std::min<size_t>(num, 2));
    for (size_t day = 0; day < filters.slices().size(); ++day) {
      const RpiFilter filter = filters.filter(filters.slices()[day]);
      ASSERT_GE(filter.shift, 5U);
      ASSERT_LE(filter.shift, 31U);
      std::vector<std::bitset<32>> want(size_t{1} << (32 - filter.shift),
                                        0xFFFFFFFF);
      for (size_t i = day; i < num; i += 2) {
        const uint32_t h = HashOf(sightings[i].rpi);
        for (const uint32_t bit : BitsOf(h))
          want[h >> filter.shift][bit] = false;
      }
      for (size_t w = 0; w < want.size(); ++w) {
        ASSERT_EQ(filter.words[w], want[w].to_ulong()) << num << " " << w;
      }
    }
  }
}

// The four bits of an RPI, worked out by hand. h is 0x01020A6B: the last three
// bits are 3, the next three 5; bits 8 to 10 are 2, bits 11 to 13 are 1.
TEST(SliceFiltersTest, TheBitsOfOneRpi) {
  Sighting sighting;
  sighting.unix_seconds = int64_t{2653344 + 60} * kIntervalSeconds;
  sighting.rpi.bytes = {0x01, 0x02, 0x0A, 0x6B, 9, 9, 9, 9,
                        9,    9,    9,    9,    9, 9, 9, 9};
  const SliceFilters filters =
      FiltersOf(std::vector<Sighting>{sighting}, kTolerance);
  ASSERT_EQ(filters.slices().size(), 1U);
  const RpiFilter filter = filters.filter(filters.slices()[0]);
  // 48 bits for its one entry, hence two words; h's first bit is 0.
  ASSERT_EQ(filter.shift, 31U);
  EXPECT_EQ(filter.words[0],
            ~((1U << 3) | (1U << 13) | (1U << 18) | (1U << 25)));
  EXPECT_EQ(filter.words[1], ~0U);
}

// Two days apart, each with the fewest words: 2 of 32 bits.
TEST(SliceFiltersTest, MemoryIsThatOfSlicesAndWords) {
  std::mt19937_64 rng(5);
  std::vector<Sighting> sightings(2);
  for (Sighting& sighting : sightings) sighting.rpi = RandomBytes<Rpi>(rng);
  sightings[0].unix_seconds = int64_t{100} * 86400 + 43200;
  sightings[1].unix_seconds = int64_t{200} * 86400 + 43200;
  const SliceFilters filters = FiltersOf(sightings, kTolerance);
  ASSERT_EQ(filters.slices().size(), 2);
  EXPECT_GE(filters.memory_bytes(),
            2 * sizeof(SliceFilters::Slice) + filters.filter_bytes());
  EXPECT_LE(filters.memory_bytes(),
            4 * sizeof(SliceFilters::Slice) + 2 * filters.filter_bytes());
}

// Every word and number of the filters, made in the plainest way: each sighting
// in each slice that its reach has a part of.
void ExpectAsMadePlainly(const std::vector<Sighting>& sightings,
                         int64_t tolerance, const TaskRunner& tasks) {
  const SliceFilters filters = FiltersOf(sightings, tolerance, tasks);
  const int64_t length = filters.length();
  std::map<int64_t, std::vector<const Sighting*>> slices;
  for (const Sighting& s : sightings) {
    const int64_t sighted = s.unix_seconds / kIntervalSeconds;
    const int64_t last = sighted + tolerance;
    for (int64_t n = std::max<int64_t>(0, sighted - tolerance) / length;
         n <= last / length; ++n) {
      slices[n].push_back(&s);
    }
  }
  ASSERT_EQ(filters.slices().size(), slices.size());
  size_t i = 0;
  for (const auto& [number, heard] : slices) {
    const SliceFilters::Slice& slice = filters.slices()[i++];
    ASSERT_EQ(slice.number, number);
    ASSERT_EQ(slice.num_entries, heard.size());
    const RpiFilter filter = filters.filter(slice);
    std::vector<std::bitset<32>> want(size_t{1} << (32 - filter.shift),
                                      0xFFFFFFFF);
    for (const Sighting* s : heard) {
      const uint32_t h = HashOf(s->rpi);
      for (const uint32_t bit : BitsOf(h)) want[h >> filter.shift][bit] = false;
    }
    for (size_t w = 0; w < want.size(); ++w) {
      ASSERT_EQ(filter.words[w], want[w].to_ulong()) << number << " " << w;
    }
    for (int64_t j = 0; j < length; ++j) {
      const int64_t interval = number * length + j;
      const bool is_near =
          std::any_of(heard.begin(), heard.end(), [&](const Sighting* s) {
            const int64_t sighted = s->unix_seconds / kIntervalSeconds;
            return std::abs(sighted - interval) <= tolerance;
          });
      ASSERT_EQ(IsCovered(filters, interval), is_near) << interval;
    }
  }
}

// Times close together, in years, and as far apart as there are; of one thread
// and of several, more than there are slices, too.
TEST(SliceFiltersTest, AnyNumberOfThreadsMakesThemAsTheContractHasThem) {
  for (const int64_t range : {int64_t{1}, int64_t{2016}, int64_t{262'144},
                              int64_t{262'145}, kLastInterval + 1}) {
    std::mt19937_64 rng(static_cast<uint64_t>(range));
    std::vector<Sighting> sightings;
    sightings.reserve(62);
    const int64_t first = range == kLastInterval + 1 ? 0 : 2653344;
    for (int i = 0; i < 60; ++i) {
      sightings.push_back(Hear(
          rng,
          first + static_cast<int64_t>(rng() % static_cast<uint64_t>(range))));
    }
    sightings.push_back(Hear(rng, first));
    sightings.push_back(Hear(rng, first + range - 1, 599));
    for (const int64_t tolerance : {0, 12, 144, 1008}) {
      for (const size_t num_threads : {1, 2, 3, 20}) {
        ExpectAsMadePlainly(sightings, tolerance, ThreadTasks(num_threads));
      }
    }
  }
}

// Days with few and many sightings beside each other, whose filters differ in
// size.
TEST(SliceFiltersTest, DaysOfUnlikeSizesAreAsTheContractHasThem) {
  const std::vector<std::vector<int>> days = {
      {1, 400, 3, 900, 0, 50, 700},
      {900, 1, 1, 1, 900},
      {0, 0, 600, 0, 0, 0, 0, 0, 0, 0, 2},
      {100, 300, 120, 130, 700, 150},
  };
  for (const std::vector<int>& nums : days) {
    std::mt19937_64 rng(nums.size());
    std::vector<Sighting> sightings;
    for (size_t day = 0; day < nums.size(); ++day) {
      for (int i = 0; i < nums[day]; ++i) {
        const auto interval = static_cast<int64_t>(144 * (18426 + day));
        sightings.push_back(
            Hear(rng, interval + static_cast<int64_t>(rng() % 144)));
      }
    }
    for (const int tolerance : {0, 144, 288, 1008}) {
      for (const size_t num_threads : {1, 2, 3, 20}) {
        ExpectAsMadePlainly(sightings, tolerance, ThreadTasks(num_threads));
      }
    }
  }
}

// So many that slices are short where the tolerance allows it, and that threads
// take chunks of them, though the filter of a stray sighting is small.
TEST(SliceFiltersTest, ManySightingsAreAsTheContractHasThem) {
  std::mt19937_64 rng(8);
  std::vector<Sighting> sightings;
  constexpr int kMany = 100'000;
  sightings.reserve(kMany + 1);
  constexpr int64_t kFirst = int64_t{144} * 18426;
  for (int i = 0; i < kMany; ++i) {
    sightings.push_back(Hear(rng, kFirst + static_cast<int64_t>(rng() % 72)));
  }
  sightings.push_back(Hear(rng, kFirst + int64_t{144} * 9));
  for (const int tolerance : {36, 144}) {
    EXPECT_EQ(FiltersOf(sightings, tolerance).length(),
              tolerance == 36 ? kShortSlice : kLongSlice);
    for (const size_t num_threads : {1, 3}) {
      ExpectAsMadePlainly(sightings, tolerance, ThreadTasks(num_threads));
    }
  }
}

// At the beginning of time a sighting reaches fewer slices; near its end as
// many as anywhere.
TEST(SliceFiltersTest, DaysAtTheEndsOfTimeAreAsTheContractHasThem) {
  for (const int64_t first : {int64_t{0}, kLastInterval - 500}) {
    std::mt19937_64 rng(7);
    std::vector<Sighting> sightings;
    sightings.reserve(400);
    for (int i = 0; i < 400; ++i) {
      sightings.push_back(Hear(rng, first + static_cast<int64_t>(rng() % 501)));
    }
    for (const int tolerance : {143, 144, 145, 288}) {
      ExpectAsMadePlainly(sightings, tolerance, ThreadTasks(2));
    }
  }
}

// The pieces that others get to see are the sightings, each once.
TEST(SliceFiltersTest, EachSightingIsInOnePieceOfThoseBeside) {
  for (const size_t num : {0, 1, 255, 256, 257, 1000, 65'535, 65'536, 70'001}) {
    std::mt19937_64 rng(num);
    std::vector<Sighting> sightings;
    sightings.reserve(num);
    for (size_t i = 0; i < num; ++i) {
      sightings.push_back(Hear(rng, 2653344 + static_cast<int64_t>(i % 600)));
    }
    SortSightings(absl::MakeSpan(sightings), InTurn());
    IntervalCounts counts;
    counts.Add(sightings);
    for (const int tolerance : {12, 144}) {
      for (const size_t num_threads : {1, 2, 7, 40}) {
        std::mutex mutex;
        std::vector<int> num_seen(num);
        const SliceFilters filters(sightings, counts, tolerance,
                                   ThreadTasks(num_threads), [&](Part piece) {
                                     const std::lock_guard lock(mutex);
                                     for (size_t s = piece.begin; s < piece.end;
                                          ++s) {
                                       ++num_seen[s];
                                     }
                                   });
        EXPECT_EQ(num_seen, std::vector<int>(num, 1)) << num_threads;
      }
    }
  }
}

// RPIs may be chosen: nearly all with one of two numbers h, or of four, which
// lie in two chunks; the other chunks are empty, but for the first and the
// last.
TEST(SliceFiltersTest, ChosenRpisAreAsTheContractHasThem) {
  for (const bool are_four : {false, true}) {
    std::mt19937_64 rng(are_four ? 7 : 32);
    std::vector<Sighting> sightings;
    constexpr int kMany = 70'000;
    sightings.reserve(kMany + 2);
    const int64_t first = int64_t{144} * 18426;
    for (int i = 0; i < kMany; ++i) {
      sightings.push_back(Hear(rng, first + static_cast<int64_t>(rng() % 400)));
      uint8_t* const rpi = sightings.back().rpi.bytes.data();
      std::fill_n(rpi, 4, i % 2 == 0 ? 0x55 : 0x56);
      if (are_four) rpi[0] = static_cast<uint8_t>(rpi[0] ^ rng() % 2);
    }
    for (const uint8_t byte : {0x00, 0xFF}) {
      sightings.push_back(Hear(rng, first));
      sightings.back().rpi.bytes.fill(byte);
    }
    for (const int tolerance : {12, 144}) {
      ExpectAsMadePlainly(sightings, tolerance, ThreadTasks(3));
    }
  }
}

// With the tolerance of a day, a quarter of a day would hold nearly what a day
// holds, and every sighting would be in three times as many filters.
TEST(SliceFiltersTest, SlicesStayLongWhereShortOnesHoldAsMuch) {
  std::mt19937_64 rng(6);
  std::vector<Sighting> sightings;
  sightings.reserve(88'000);
  for (int i = 0; i < 88'000; ++i) {
    sightings.push_back(Hear(rng, 2653344 + 50 + i % 40));
  }
  EXPECT_EQ(FiltersOf(sightings, 35).length(), kShortSlice);
  EXPECT_EQ(FiltersOf(sightings, 37).length(), kLongSlice);
  const SliceFilters filters = FiltersOf(sightings, 144);
  EXPECT_EQ(filters.length(), kLongSlice);
  EXPECT_EQ(filters.slices().size(), 3U);
}

}  // namespace
}  // namespace tekmatch
