// HashSet and HashMap beside std::set and std::map; and what is left of them
// where each of their allocations fails, once and from then on.
//
// Plan: operator new, which can fail; a model; failures.
#include "keyformat/hash_tables.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <new>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "gtest/gtest.h"

namespace {

// Allocations until one fails; below 0: none does.
int allocations_left = -1;
bool lasting = false;
int num_live = 0;

}  // namespace

void* operator new(size_t bytes) {
  if (allocations_left == 0) {
    if (!lasting) allocations_left = -1;
    throw std::bad_alloc();
  }
  if (allocations_left > 0) --allocations_left;
  void* const memory = std::malloc(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  ++num_live;
  return memory;
}
void operator delete(void* memory) noexcept {
  if (memory != nullptr) --num_live;
  std::free(memory);
}
void operator delete(void* memory, size_t /*bytes*/) noexcept {
  operator delete(memory);
}

namespace tekmatch {
namespace {

using Set = HashSet<uint64_t>;
using Map = HashMap<uint64_t, std::string>;

std::string Long(uint64_t n) {
  return std::string(40, 'a') + std::to_string(n);
}

std::map<uint64_t, std::string> Sorted(const Map& map) {
  return {map.begin(), map.end()};
}
std::set<uint64_t> Sorted(const Set& set) { return {set.begin(), set.end()}; }

TEST(HashTablesTest, HoldWhatTheStandardLibrarysHold) {
  std::mt19937_64 random(1);
  for (int world = 0; world < 50; ++world) {
    Map map;
    std::map<uint64_t, std::string> model;
    const uint64_t range = 1 + random() % 300;
    for (int i = 0; i < 400; ++i) {
      const uint64_t key = random() % range;
      switch (random() % 8) {
        case 0:
          map[key] = Long(random() % 9);
          model[key] = map.find(key)->second;
          break;
        case 1:
          if (random() % 30 == 0) {
            map.clear();
            model.clear();
          }
          break;
        case 2:
          map.reserve(random() % 200);
          break;
        case 3: {
          Map copy = map;
          EXPECT_TRUE(copy == map);
          Map moved = std::move(copy);
          map = moved;
          map = std::move(moved);
          break;
        }
        default: {
          std::string value = Long(key);
          const bool is_new = model.try_emplace(key, value).second;
          const auto inserted = map.try_emplace(key, std::move(value));
          EXPECT_EQ(inserted.second, is_new);
          EXPECT_EQ(inserted.first->second, model.at(key));
        }
      }
      EXPECT_EQ(map.size(), model.size());
      EXPECT_EQ(map.empty(), model.empty());
      EXPECT_EQ(map.contains(key), model.contains(key));
    }
    ASSERT_EQ(Sorted(map), model);
  }
}

TEST(HashTablesTest, AreMadeOfLists) {
  EXPECT_EQ(Sorted(Set{3, 1, 3}), (std::set<uint64_t>{1, 3}));
  const Map map = {{1, "a"}, {1, "b"}};
  EXPECT_EQ(Sorted(map), (std::map<uint64_t, std::string>{{1, "a"}}));
  EXPECT_EQ(map.at(1), "a");
  EXPECT_THROW(map.at(2), std::out_of_range);
}

// What was moved from is empty, and can be filled.
TEST(HashTablesTest, MovedFromIsEmpty) {
  Set from = {1, 2, 3};
  const Set to = std::move(from);
  EXPECT_EQ(to.size(), 3);
  for (uint64_t i = 0; i < 20; ++i) from.insert(i);  // NOLINT: that is the test
  EXPECT_EQ(from.size(), 20);
}

// Whatever fails: `work` leaves what was there, or more of it, and no leak.
template <typename Table, typename Work>
void FailEach(const Work& work, int least) {
  for (const bool is_lasting : {false, true}) {
    for (int n = 0;; ++n) {
      const int live = num_live;
      bool failed = false;
      {
        Table table;
        Table other;
        lasting = is_lasting;
        allocations_left = n;
        try {
          work(table, other);
        } catch (const std::bad_alloc&) {
          failed = true;
        }
        allocations_left = -1;
        // Each element is there and can be found, and the tables go on.
        for (const auto& element : table) {
          if constexpr (std::is_same_v<Table, Map>) {
            ASSERT_EQ(table.at(element.first), Long(element.first));
          } else {
            ASSERT_TRUE(table.contains(element));
          }
        }
        const auto before = Sorted(table);
        ASSERT_EQ(before.size(), table.size());
        work(table, other);
        for (const auto& element : before) {
          if constexpr (std::is_same_v<Table, Map>) {
            ASSERT_TRUE(table.contains(element.first));
          } else {
            ASSERT_TRUE(table.contains(element));
          }
        }
      }
      ASSERT_EQ(num_live, live) << n;
      if (!failed) {
        EXPECT_GE(n, least);
        break;
      }
    }
  }
}

TEST(HashTablesTest, ASetOutlivesEachAllocationThatFails) {
  FailEach<Set>(
      [](Set& set, Set& other) {
        for (uint64_t i = 0; i < 200; ++i) set.insert(i);
        other = set;
        other.reserve(1000);
        const Set copy = other;
        other.insert(copy.begin(), copy.end());
      },
      8);
}

TEST(HashTablesTest, AMapOutlivesEachAllocationThatFails) {
  FailEach<Map>(
      [](Map& map, Map& other) {
        for (uint64_t i = 0; i < 50; ++i) map.try_emplace(i, Long(i));
        other = map;
        for (uint64_t i = 0; i < 80; ++i) other.insert({i, Long(i)});
      },
      150);
}

}  // namespace
}  // namespace tekmatch
