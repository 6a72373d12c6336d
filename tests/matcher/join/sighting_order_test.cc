#include "matcher/join/sighting_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "matcher/check/thread_tasks.h"
#include "tests/matcher/join/test_util.h"

namespace tekmatch {
namespace {

// Of equal times and few values, so that every field decides somewhere.
Sighting AnySighting(std::mt19937_64& rng) {
  Sighting sighting;
  sighting.unix_seconds = static_cast<int64_t>(1592000000 + rng() % 3);
  sighting.rpi = RandomBytes<Rpi>(rng);
  sighting.aem.bytes[3] = static_cast<uint8_t>(rng() % 2);
  sighting.rssi = static_cast<int16_t>(-50 - static_cast<int>(rng() % 2));
  sighting.device = static_cast<uint32_t>(rng() % 2);
  return sighting;
}

// In the first half of the places of each first byte those with a small byte,
// in the second half the others: of two threads, which have a half of each, one
// has room for half of what it finds.
std::vector<Sighting> SmallInFirstHalves(const std::vector<Sighting>& sorted) {
  std::vector<Sighting> halves;
  halves.reserve(sorted.size());
  const auto border = std::partition_point(
      sorted.begin(), sorted.end(),
      [](const Sighting& s) { return s.rpi.bytes[0] < 128; });
  auto small = sorted.begin();
  auto large = border;
  for (auto begin = sorted.begin(); begin != sorted.end();) {
    const auto end = std::find_if(begin, sorted.end(), [&](const Sighting& s) {
      return s.rpi.bytes[0] != begin->rpi.bytes[0];
    });
    for (auto s = begin; s != end; ++s) {
      const bool is_first = s - begin < (end - begin + 1) / 2;
      const bool takes_small =
          large == sorted.end() || (is_first && small != border);
      halves.push_back(takes_small ? *small++ : *large++);
    }
    begin = end;
  }
  return halves;
}

// RPIs as nobody and as somebody chose them.
std::vector<std::pair<std::string, std::vector<Sighting>>> Kinds(size_t size) {
  std::mt19937_64 rng(size);
  std::vector<Sighting> random(size);
  for (Sighting& sighting : random) sighting = AnySighting(rng);
  std::vector<std::pair<std::string, std::vector<Sighting>>> kinds = {
      {"random", random}};
  for (const size_t num_equal_bytes : {1, 2, 3, 7, 8, 9, 15, 16}) {
    std::vector<Sighting> alike = random;
    for (Sighting& sighting : alike) {
      std::fill_n(sighting.rpi.bytes.begin(), num_equal_bytes, 0xA5);
    }
    kinds.emplace_back(
        "the first " + std::to_string(num_equal_bytes) + " bytes are equal",
        std::move(alike));
  }
  std::vector<Sighting> few = random;
  for (Sighting& sighting : few) {
    sighting.rpi.bytes = {};
    sighting.rpi.bytes[rng() % 16] = static_cast<uint8_t>(rng());
  }
  kinds.emplace_back("one byte is not zero", std::move(few));
  // Each number of leading zero bits: at every step one half is left.
  std::vector<Sighting> halves = random;
  for (size_t i = 0; i < size; ++i) {
    std::array<uint8_t, 16>& bytes = halves[i].rpi.bytes;
    const size_t zeros = i % 128;
    std::fill_n(bytes.begin(), zeros / 8, 0);
    bytes[zeros / 8] &= static_cast<uint8_t>(0xFF >> zeros % 8);
  }
  kinds.emplace_back("leading zero bits", std::move(halves));
  std::vector<Sighting> sorted = random;
  std::sort(sorted.begin(), sorted.end(), ByRpiThenTime);
  kinds.emplace_back("sorted", sorted);
  kinds.emplace_back("halves of rooms", SmallInFirstHalves(sorted));
  std::reverse(sorted.begin(), sorted.end());
  kinds.emplace_back("the other way round", std::move(sorted));
  return kinds;
}

void ExpectSortedAsBySimpleSort(size_t size, const TaskRunner& tasks) {
  for (auto& [kind, sightings] : Kinds(size)) {
    std::vector<Sighting> wanted = sightings;
    std::sort(wanted.begin(), wanted.end(),
              [](const Sighting& a, const Sighting& b) {
                return a.rpi != b.rpi ? a.rpi < b.rpi : a < b;
              });
    SortSightings(absl::MakeSpan(sightings), tasks);
    EXPECT_TRUE(sightings == wanted)
        << size << ", " << kind << ", " << tasks.num_threads() << " threads";
  }
}

TEST(SightingOrderTest, SortsAsASimpleSort) {
  for (const size_t size :
       {0,  1,   2,   3,   23,  24,  25,  26,   31,   32,
        33, 255, 256, 257, 511, 512, 513, 1000, 9973, 70'001}) {
    ExpectSortedAsBySimpleSort(size, InTurn());
  }
}

TEST(SightingOrderTest, KnowsWhatIsSorted) {
  EXPECT_TRUE(AreSorted({}));
  for (auto& [kind, sightings] : Kinds(100)) {
    SortSightings(absl::MakeSpan(sightings), InTurn());
    EXPECT_TRUE(AreSorted(sightings)) << kind;
    for (size_t i = 1; i < sightings.size(); ++i) {
      if (sightings[i] == sightings[i - 1]) continue;
      std::swap(sightings[i], sightings[i - 1]);
      EXPECT_FALSE(AreSorted(sightings)) << kind << " " << i;
      std::swap(sightings[i], sightings[i - 1]);
    }
  }
}

// So many that threads share the work: of one thread's order, whatever their
// number.
TEST(SightingOrderTest, ThreadsSortAsOne) {
  for (const size_t num_threads : {2, 3, 8, 64}) {
    ExpectSortedAsBySimpleSort(40'009, ThreadTasks(num_threads));
  }
  ExpectSortedAsBySimpleSort(100, ThreadTasks(3));
  ExpectSortedAsBySimpleSort(0, ThreadTasks(3));
}

}  // namespace
}  // namespace tekmatch
