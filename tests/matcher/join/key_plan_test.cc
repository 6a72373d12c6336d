#include "matcher/join/key_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "tests/matcher/join/test_util.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr EnIntervalNumber kDay = 2653344;  // a midnight, and a slice's start

SliceFilters FiltersOf(const std::vector<int64_t>& intervals, int tolerance) {
  std::vector<Sighting> sightings;
  for (const int64_t interval : intervals) {
    Sighting sighting;
    sighting.unix_seconds = interval * kIntervalSeconds;
    sightings.push_back(sighting);
  }
  IntervalCounts counts;
  counts.Add(sightings);
  return {sightings, counts, tolerance};
}

KeyPlan PlanKeys(const KeyBlock& block, const HashSet<Tek>& own,
                 const SliceFilters& filters) {
  KeyPlan plan;
  const absl::Status status =
      PlanKeys(block, 0, block.size(), own, filters, &plan);
  EXPECT_THAT(status, IsOk());
  return plan;
}

KeyBlock Block(
    const std::vector<std::pair<EnIntervalNumber, int>>& validities) {
  std::mt19937_64 rng(1);
  KeyBlock block;
  for (const auto& [start, period] : validities) {
    block.Append(
        {RandomBytes<Tek>(rng), start, static_cast<uint8_t>(period), {}});
  }
  return block;
}

// (first interval, number) by task.
std::vector<std::pair<EnIntervalNumber, uint32_t>> Runs(const KeyPlan& plan) {
  std::vector<std::pair<EnIntervalNumber, uint32_t>> runs;
  for (const ProbeTask& task : plan.tasks) {
    runs.emplace_back(task.first_interval, task.num_intervals);
  }
  return runs;
}

using RunList = std::vector<std::pair<EnIntervalNumber, uint32_t>>;

TEST(KeyPlanTest, NothingNearNothingToDo) {
  const KeyBlock block = Block({{kDay, 144}, {kDay + 10, 5}});
  EXPECT_EQ(PlanKeys(block, {}, SliceFilters()).num_keys, 0U);
  const KeyPlan plan =
      PlanKeys(block, {}, FiltersOf({kDay - 13, kDay + 156}, 12));
  EXPECT_EQ(plan.num_keys, 0U);
  EXPECT_THAT(plan.tasks, IsEmpty());
  EXPECT_THAT(PlanKeys({}, {}, FiltersOf({kDay}, 12)).tasks, IsEmpty());
}

TEST(KeyPlanTest, OnlyWhatIsNearInTheKeysValidity) {
  const KeyBlock block = Block({{kDay, 144}});
  const auto runs = [&block](const std::vector<int64_t>& sighted) {
    return Runs(PlanKeys(block, {}, FiltersOf(sighted, 12)));
  };
  EXPECT_EQ(runs({kDay - 12}), (RunList{{kDay, 1}}));
  EXPECT_EQ(runs({kDay + 155}), (RunList{{kDay + 143, 1}}));
  EXPECT_EQ(runs({kDay + 18}), (RunList{{kDay + 6, 25}}));
  EXPECT_EQ(runs({kDay + 36}), (RunList{{kDay + 24, 25}}));
  // A whole slice.
  EXPECT_EQ(runs({kDay + 12, kDay + 37, kDay + 62, kDay + 87, kDay + 112,
                  kDay + 137}),
            (RunList{{kDay, 144}}));
}

TEST(KeyPlanTest, RunsAreCutWhereASliceEnds) {
  const KeyBlock block = Block({{kDay + 100, 144}});
  EXPECT_EQ(Runs(PlanKeys(block, {}, FiltersOf({kDay + 140}, 12))),
            (RunList{{kDay + 128, 16}, {kDay + 144, 9}}));
}

// Whatever it held before, and without more memory.
TEST(KeyPlanTest, APlanIsMadeInPlaceOfAnother) {
  const SliceFilters filters = FiltersOf({kDay + 18}, 12);
  KeyPlan plan;
  const KeyBlock larger = Block({{kDay, 144}, {kDay + 5, 144}, {kDay, 9}});
  ASSERT_THAT(PlanKeys(larger, 0, 3, {}, filters, &plan), IsOk());
  EXPECT_EQ(plan.num_keys, 3U);
  EXPECT_EQ(plan.tasks.size(), 3U);
  // Two of the keys of a block.
  const KeyBlock block =
      Block({{kDay, 144}, {kDay + 144, 144}, {kDay + 7, 144}, {kDay, 144}});
  const Tek* const memory = plan.teks.data();
  ASSERT_THAT(PlanKeys(block, 1, 2, {}, filters, &plan), IsOk());
  EXPECT_EQ(plan.num_keys, 1U);
  EXPECT_EQ(plan.teks.data(), memory);
  EXPECT_EQ(plan.teks[0], block.teks()[2]);
  EXPECT_EQ(plan.positions[0], 2U);
  EXPECT_EQ(Runs(plan), (RunList{{kDay + 7, 24}}));
}

// Keys are derived in the order of the plan, which is that of the tasks.
TEST(KeyPlanTest, KeysStandInTheOrderOfTheirTasks) {
  const KeyBlock block =
      Block({{kDay + 288, 144}, {kDay, 144}, {kDay + 144, 144}});
  const KeyPlan plan =
      PlanKeys(block, {}, FiltersOf({kDay + 18, kDay + 200, kDay + 400}, 12));
  EXPECT_THAT(plan.positions, ElementsAre(1, 2, 0));
  ASSERT_EQ(plan.tasks.size(), 3U);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(plan.tasks[i].first_key, i);
}

TEST(KeyPlanTest, ShortGapsAreBridged) {
  const KeyBlock block = Block({{kDay, 36}});
  const auto runs = [&block](const std::vector<int64_t>& sighted) {
    return Runs(PlanKeys(block, {}, FiltersOf(sighted, 0)));
  };
  EXPECT_EQ(runs({kDay + 3, kDay + 4, kDay + 8}), (RunList{{kDay + 3, 6}}));
  EXPECT_EQ(runs({kDay + 3, kDay + 8}),
            (RunList{{kDay + 3, 1}, {kDay + 8, 1}}));
  EXPECT_EQ(runs({kDay, kDay + 35}), (RunList{{kDay, 1}, {kDay + 35, 1}}));
}

// Each key has exactly the tasks of its validity, over random worlds.
TEST(KeyPlanTest, EveryCoveredIntervalOfEveryKey) {
  for (const uint64_t seed : {1, 2, 3, 4, 5, 6}) {
    SCOPED_TRACE(seed);
    std::mt19937_64 rng(seed);
    KeyBlock block;
    for (int k = 0; k < 200; ++k) {
      const auto start =
          static_cast<EnIntervalNumber>(kDay + 24 * (rng() % (seed * 10)));
      block.Append({RandomBytes<Tek>(rng),
                    start,
                    static_cast<uint8_t>(1 + rng() % 144),
                    {}});
    }
    std::set<int64_t> sighted;
    for (int i = 0; i < 12; ++i) sighted.insert(kDay + rng() % 1500);
    const int tolerance = static_cast<int>(rng() % 13);
    const SliceFilters filters =
        FiltersOf({sighted.begin(), sighted.end()}, tolerance);
    const KeyPlan plan =
        PlanKeys(block, {block.teks()[3], block.teks()[77]}, filters);
    EXPECT_EQ(plan.num_own_keys, 2U);
    std::map<uint32_t, std::vector<bool>> probed;  // by position in the block
    size_t last_slice = 0;
    for (const ProbeTask& task : plan.tasks) {
      EXPECT_GE(task.slice, last_slice);
      last_slice = task.slice;
      EXPECT_GE(task.num_intervals, 1U);
      EXPECT_EQ(
          task.first_interval / filters.length(),
          (task.first_interval + task.num_intervals - 1) / filters.length());
      for (size_t i = task.first_key; i < task.first_key + task.num_keys; ++i) {
        const uint32_t k = plan.positions[i];
        ASSERT_EQ(plan.teks[i], block.teks()[k]);
        std::vector<bool>& of_key = probed[k];
        of_key.resize(144);
        for (uint32_t j = 0; j < task.num_intervals; ++j) {
          const uint32_t at =
              task.first_interval + j - block.rolling_starts()[k];
          ASSERT_LT(at, block.rolling_periods()[k]);
          EXPECT_FALSE(of_key[at]) << "twice";
          of_key[at] = true;
        }
      }
    }
    for (uint32_t k = 0; k < block.size(); ++k) {
      for (uint32_t j = 0; j < block.rolling_periods()[k]; ++j) {
        const int64_t interval = int64_t{block.rolling_starts()[k]} + j;
        const auto near = sighted.lower_bound(interval - tolerance);
        if (k == 3 || k == 77 || near == sighted.end() ||
            *near > interval + tolerance) {
          continue;
        }
        ASSERT_TRUE(probed.contains(k) && probed[k][j]) << k << " " << j;
      }
    }
    EXPECT_FALSE(probed.contains(3));
  }
}

// The part of a block that is planned has its own starts and periods.
TEST(KeyPlanTest, APartOfABlock) {
  const SliceFilters filters = FiltersOf({kDay + 18}, 12);  // kDay + 6..30
  const KeyBlock block = Block({{kDay, 144}, {kDay + 10, 5}, {kDay + 20, 144}});
  KeyPlan plan;
  ASSERT_THAT(PlanKeys(block, 1, 2, {}, filters, &plan), IsOk());
  EXPECT_EQ(Runs(plan), (RunList{{kDay + 10, 5}, {kDay + 20, 11}}));
  EXPECT_EQ(plan.num_keys, 2U);
  EXPECT_EQ(plan.positions[0], 1U);
  EXPECT_EQ(plan.positions[1], 2U);
  EXPECT_EQ(plan.teks[0], block.teks()[1]);
  EXPECT_EQ(plan.teks[1], block.teks()[2]);
  // A fault has its place in the block.
  const KeyBlock bad = Block({{kDay, 144}, {kDay, 9}, {kDay, 145}});
  EXPECT_EQ(PlanKeys(bad, 1, 2, {}, filters, &plan),
            absl::InvalidArgumentError("key 2 of the block: rolling period 145 "
                                       "is not in 1..144"));
}

TEST(KeyPlanTest, APlanOfNothingInPlaceOfAnother) {
  const KeyBlock block = Block({{kDay, 144}, {kDay + 5, 144}});
  KeyPlan plan;
  ASSERT_THAT(
      PlanKeys(block, 0, 2, {block.teks()[0]}, FiltersOf({kDay}, 12), &plan),
      IsOk());
  EXPECT_EQ(plan.num_keys, 1U);
  EXPECT_EQ(plan.num_own_keys, 1U);
  ASSERT_THAT(PlanKeys(block, 0, 2, {}, SliceFilters(), &plan), IsOk());
  EXPECT_EQ(plan.num_keys, 0U);
  EXPECT_EQ(plan.num_own_keys, 0U);
  EXPECT_THAT(plan.tasks, IsEmpty());
}

// Ascending by start, whatever the end; first those that have a task.
TEST(KeyPlanTest, ValiditiesAscendByStartAndThoseWithoutTasksAreLast) {
  const KeyBlock block =
      Block({{kDay + 1, 9}, {kDay - 288, 144}, {kDay, 144}, {kDay + 1, 30}});
  const KeyPlan plan = PlanKeys(block, {}, FiltersOf({kDay + 6}, 12));
  EXPECT_EQ(plan.num_keys, 3U);
  EXPECT_THAT(plan.positions, ElementsAre(2, 0, 3, 1));
  // In one slice the keys come in the order of the plan, too.
  ASSERT_EQ(plan.tasks.size(), 3U);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(plan.tasks[i].slice, plan.tasks[0].slice);
    EXPECT_EQ(plan.tasks[i].first_key, i);
    EXPECT_EQ(plan.tasks[i].num_keys, 1U);
  }
}

// A period of 0 with a start of 0, the first thing that the plan sees, too.
TEST(KeyPlanTest, AKeyOfZerosIsRefused) {
  KeyPlan plan;
  EXPECT_EQ(
      PlanKeys(Block({{0, 0}}), 0, 1, {}, FiltersOf({kDay}, 12), &plan),
      absl::InvalidArgumentError("key 0 of the block: rolling period 0 is not "
                                 "in 1..144"));
}

}  // namespace
}  // namespace tekmatch
