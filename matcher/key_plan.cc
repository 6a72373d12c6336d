#include "matcher/key_plan.h"

#include <algorithm>
#include <bit>

#include "absl/container/flat_hash_map.h"

namespace tekmatch {
namespace {

// A gap of fewer intervals costs less than two tasks in place of one.
constexpr int kShortestGap = 4;

// Keys of one rolling start and period.
struct Group {
  EnIntervalNumber start = 0;
  EnIntervalNumber end = 0;  // start + period
  size_t num_keys = 0;
  std::vector<ProbeTask> tasks;  // without keys
  size_t next_key = 0;           // where in the plan the next one goes
};

// Adds a task for every run of set bits of `covered`, one for each interval of
// the slice.
void AddRuns(size_t slice, EnIntervalNumber slice_start, uint64_t covered,
             std::vector<ProbeTask>& tasks) {
  while (covered != 0) {
    const int first = std::countr_zero(covered);
    int last = first;
    // Ends where a long enough gap, or nothing, follows.
    for (uint64_t rest = covered >> first; rest != 0;) {
      const int ones = std::countr_one(rest);
      last += ones;
      if (ones == 64) break;
      rest >>= ones;
      const int zeros = std::countr_zero(rest);
      if (rest == 0 || zeros >= kShortestGap) break;
      last += zeros;
      rest >>= zeros;
    }
    tasks.push_back(
        {.slice = slice,
         .first_interval = slice_start + static_cast<EnIntervalNumber>(first),
         .num_intervals = static_cast<uint32_t>(last - first)});
    covered = last >= 64 ? 0 : covered >> last << last;
  }
}

void FindTasks(const SliceFilters& filters, Group& group) {
  const absl::Span<const SliceFilters::Slice> slices = filters.slices();
  for (size_t i = filters.LowerBound(group.start / kSliceIntervals);
       i < slices.size(); ++i) {
    const EnIntervalNumber slice_start = slices[i].number * kSliceIntervals;
    if (slice_start >= group.end) break;
    uint64_t valid = (uint64_t{1} << kSliceIntervals) - 1;
    if (group.start > slice_start) {
      valid &= ~uint64_t{0} << (group.start - slice_start);
    }
    if (group.end - slice_start < kSliceIntervals) {
      valid &= (uint64_t{1} << (group.end - slice_start)) - 1;
    }
    AddRuns(i, slice_start, slices[i].covered & valid, group.tasks);
  }
}

}  // namespace

KeyPlan PlanKeys(const KeyBlock& block,
                 const absl::flat_hash_set<Tek>& own_keys,
                 const SliceFilters& filters) {
  constexpr uint32_t kOwn = ~uint32_t{0};
  KeyPlan plan;
  std::vector<Group> groups;
  std::vector<uint32_t> group_of(block.size());
  absl::flat_hash_map<uint64_t, uint32_t> numbers;
  uint64_t last_validity = ~uint64_t{0};
  uint32_t last_group = 0;
  for (size_t k = 0; k < block.size(); ++k) {
    if (!own_keys.empty() && own_keys.contains(block.teks()[k])) {
      group_of[k] = kOwn;
      ++plan.num_own_keys;
      continue;
    }
    const EnIntervalNumber start = block.rolling_starts()[k];
    const uint8_t period = block.rolling_periods()[k];
    const uint64_t validity = uint64_t{start} << 8 | period;
    if (validity != last_validity) {
      const auto [found, is_new] =
          numbers.try_emplace(validity, static_cast<uint32_t>(groups.size()));
      if (is_new) {
        Group& group = groups.emplace_back();
        group.start = start;
        group.end = start + period;
        FindTasks(filters, group);
      }
      last_validity = validity;
      last_group = found->second;
    }
    group_of[k] = last_group;
    ++groups[last_group].num_keys;
  }

  size_t num_keys = 0;
  for (Group& group : groups) {
    if (group.tasks.empty()) continue;
    group.next_key = num_keys;
    for (ProbeTask task : group.tasks) {
      task.first_key = num_keys;
      task.num_keys = group.num_keys;
      plan.tasks.push_back(task);
    }
    num_keys += group.num_keys;
  }
  std::sort(plan.tasks.begin(), plan.tasks.end(),
            [](const ProbeTask& a, const ProbeTask& b) {
              return a.slice != b.slice ? a.slice < b.slice
                                        : a.first_key < b.first_key;
            });
  plan.teks.resize(num_keys);
  plan.positions.resize(num_keys);
  for (size_t k = 0; k < block.size(); ++k) {
    if (group_of[k] == kOwn || groups[group_of[k]].tasks.empty()) continue;
    const size_t at = groups[group_of[k]].next_key++;
    plan.teks[at] = block.teks()[k];
    plan.positions[at] = static_cast<uint32_t>(k);
  }
  return plan;
}

}  // namespace tekmatch
