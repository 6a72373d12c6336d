// HashSet and HashMap beside std::set and std::map; what they do where they are
// full; and what is left of them where each of their allocations fails, once
// and from then on.
//
// Plan: operator new, which can fail; a model; full tables; failures.
#include "keyformat/hash_tables.h"

#include <malloc.h>

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
#include <vector>

#include "gtest/gtest.h"

namespace {

// Allocations until one fails; below 0: none does.
int allocations_left = -1;
bool lasting = false;
int num_live = 0;
int num_allocated = 0;

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
  ++num_allocated;
  return memory;
}
// What is read after it is another value. Volatile: stores that nobody may read
// would be left out.
void operator delete(void* memory) noexcept {
  if (memory == nullptr) return;
  --num_live;
  auto* const words = static_cast<volatile uint64_t*>(memory);
  const size_t num_words = malloc_usable_size(memory) / sizeof(uint64_t);
  for (size_t i = 0; i < num_words; ++i) words[i] = 0xDDDDDDDDDDDDDDDD;
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

TEST(HashTablesTest, AssignedToItselfIsAsItWas) {
  Set set = {1, 2, 3};
  Set& same_set = set;
  set = std::move(same_set);
  EXPECT_EQ(Sorted(set), (std::set<uint64_t>{1, 2, 3}));
  Map map = {{1, Long(1)}};
  Map& same_map = map;
  map = same_map;
  EXPECT_EQ(Sorted(map), (std::map<uint64_t, std::string>{{1, Long(1)}}));
  map = std::move(same_map);
  EXPECT_EQ(Sorted(map), (std::map<uint64_t, std::string>{{1, Long(1)}}));
}

// ----------------------------------------------------------------- full tables

using Numbers = HashMap<uint64_t, uint64_t>;

// Of the keys 0 to size - 1.
Numbers WithKeysBelow(uint64_t size, uint64_t value) {
  Numbers numbers;
  for (uint64_t key = 0; key < size; ++key) numbers[key] = value;
  return numbers;
}

// Whether a table that grew so has to grow for another key.
bool IsFullAt(uint64_t size) {
  Numbers numbers = WithKeysBelow(size, 0);
  const int allocated = num_allocated;
  numbers.insert({size, 0});
  return num_allocated > allocated;
}

// Each size, from 1 on, until so many of them were full.
constexpr int kNumFull = 5;

// A key that is there costs no memory and moves nothing; not the key either,
// where it is the table's own.
TEST(HashTablesTest, AKeyThatIsThereMakesNoRoom) {
  int num_full = 0;
  for (uint64_t size = 1; num_full < kNumFull; ++size) {
    ASSERT_LT(size, 10'000);
    if (IsFullAt(size)) ++num_full;
    Numbers map = WithKeysBelow(size, 7);
    Set set;
    for (uint64_t key = 0; key < size; ++key) set.insert(key);
    const auto first = map.begin();
    const uint64_t key = first->first;
    const uint64_t* const in_set = &*set.begin();
    bool is_first = false;
    lasting = true;
    allocations_left = 0;
    try {
      is_first = &map[first->first] == &first->second &&
                 map.try_emplace(first->first, 1U).first == first &&
                 !map.try_emplace(key, 1U).second &&
                 map.insert({key, 1U}).first == first &&
                 !map.insert(*first).second &&
                 &*set.insert(*in_set).first == in_set &&
                 !set.insert(uint64_t{*in_set}).second;
      map.insert(map.begin(), map.end());
      set.insert(set.begin(), set.end());
    } catch (const std::bad_alloc&) {
      is_first = false;
    }
    allocations_left = -1;
    ASSERT_TRUE(is_first) << size;
    ASSERT_TRUE(map == WithKeysBelow(size, 7));
    ASSERT_EQ(set.size(), size);
  }
}

// The memory that the key is in is freed before the key is inserted.
TEST(HashTablesTest, ANewKeyMayBeAPartOfTheTable) {
  constexpr uint64_t kNew = 1'000'000;
  int num_full = 0;
  for (uint64_t size = 1; num_full < kNumFull; ++size) {
    ASSERT_LT(size, 10'000);
    if (IsFullAt(size)) ++num_full;
    Numbers map = WithKeysBelow(size, kNew);
    EXPECT_TRUE(map.try_emplace(map.begin()->second, 5U).second);
    Numbers wanted = WithKeysBelow(size, kNew);
    wanted[kNew] = 5;
    ASSERT_TRUE(map == wanted) << size;
    map = WithKeysBelow(size, kNew);
    map[map.begin()->second] = 5;
    ASSERT_TRUE(map == wanted) << size;
  }
}

// NOLINTBEGIN(bugprone-use-after-move): that is the test
TEST(HashTablesTest, ArgumentsAreMovedFromOnlyWhereTheKeyIsNew) {
  Map map;
  for (uint64_t size = 1; size <= 200; ++size) {
    std::string value = Long(size);
    EXPECT_TRUE(map.try_emplace(size, std::move(value)).second);
    EXPECT_EQ(value, "");
    value = Long(0);
    EXPECT_FALSE(map.try_emplace(size, std::move(value)).second);
    EXPECT_EQ(value, Long(0));
    EXPECT_EQ(map.at(size), Long(size));
  }
}
// NOLINTEND(bugprone-use-after-move)

// -------------------------------------------------------------------- failures

// Two tables. What is done to them is done, or leaves both as they were.
template <typename Table>
class Tables {
 public:
  template <typename Operation>
  void Do(const Operation& operation) {
    if (allocations_left < 0) return operation(table_, other_);
    const int left = std::exchange(allocations_left, -1);
    const auto table_before = Sorted(table_);
    const auto other_before = Sorted(other_);
    allocations_left = left;
    try {
      operation(table_, other_);
    } catch (const std::bad_alloc&) {
      allocations_left = -1;
      EXPECT_EQ(Sorted(table_), table_before);
      EXPECT_EQ(Sorted(other_), other_before);
      throw;
    }
  }
  const Table& table() const { return table_; }
  const Table& other() const { return other_; }

 private:
  Table table_;
  Table other_;
};

template <typename Table>
void ExpectThatAllAreFound(const Table& table) {
  for (const auto& element : table) {
    if constexpr (std::is_same_v<Table, Map>) {
      ASSERT_EQ(table.at(element.first), Long(element.first));
    } else {
      ASSERT_TRUE(table.contains(element));
    }
  }
  ASSERT_EQ(Sorted(table).size(), table.size());
}

// Whatever fails: the operation that it fails in leaves what was there; the
// tables go on, and there is no leak.
template <typename Table, typename Work>
void FailEach(const Work& work, int least) {
  Tables<Table> wanted;
  work(wanted);
  for (const bool is_lasting : {false, true}) {
    for (int n = 0;; ++n) {
      const int live = num_live;
      bool failed = false;
      {
        Tables<Table> tables;
        lasting = is_lasting;
        allocations_left = n;
        try {
          work(tables);
        } catch (const std::bad_alloc&) {
          failed = true;
        }
        allocations_left = -1;
        ExpectThatAllAreFound(tables.table());
        ExpectThatAllAreFound(tables.other());
        work(tables);
        ASSERT_TRUE(tables.table() == wanted.table());
        ASSERT_TRUE(tables.other() == wanted.other());
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
      [](Tables<Set>& tables) {
        tables.Do([](Set& /*set*/, Set& other) { other.insert(1000); });
        for (uint64_t i = 0; i < 200; ++i) {
          tables.Do([i](Set& set, Set& /*other*/) { set.insert(i); });
        }
        tables.Do([](Set& set, Set& other) { other = set; });
        tables.Do([](Set& /*set*/, Set& other) { other.reserve(1000); });
        tables.Do([](Set& /*set*/, Set& other) {
          const Set copy = other;
          other.insert(copy.begin(), copy.end());
        });
      },
      8);
}

TEST(HashTablesTest, AMapOutlivesEachAllocationThatFails) {
  FailEach<Map>(
      [](Tables<Map>& tables) {
        tables.Do([](Map& /*map*/, Map& other) { other[40] = Long(40); });
        for (uint64_t i = 0; i < 30; ++i) {
          tables.Do(
              [i](Map& map, Map& /*other*/) { map.try_emplace(i, Long(i)); });
        }
        tables.Do([](Map& map, Map& other) { other = map; });
        for (uint64_t i = 0; i < 45; ++i) {
          tables.Do([i](Map& /*map*/, Map& other) {
            other.insert({i, Long(i)});
          });
        }
      },
      150);
}

// Before the one that threw.
TEST(HashTablesTest, OfARangeTheFirstElementsAreThere) {
  std::vector<std::pair<const uint64_t, std::string>> range;
  range.reserve(40);
  for (uint64_t i = 0; i < 40; ++i) range.emplace_back(i, Long(i));
  for (int n = 0;; ++n) {
    Map map = {range[0]};
    lasting = true;
    allocations_left = n;
    bool failed = false;
    try {
      map.insert(range.begin(), range.end());
    } catch (const std::bad_alloc&) {
      failed = true;
    }
    allocations_left = -1;
    ASSERT_GE(map.size(), 1);
    ASSERT_EQ(Sorted(map),
              (std::map<uint64_t, std::string>(
                  range.begin(),
                  range.begin() + static_cast<ptrdiff_t>(map.size()))));
    ASSERT_EQ(failed, map.size() < range.size());
    if (!failed) {
      EXPECT_GT(n, 40);
      break;
    }
  }
}

}  // namespace
}  // namespace tekmatch
