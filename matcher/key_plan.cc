#include "matcher/key_plan.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace tekmatch {
namespace {

// A gap of fewer intervals costs less than two tasks in place of one.
constexpr uint32_t kShortestGap = 4;

// Keys of one rolling start and period.
struct Group {
  EnIntervalNumber start = 0;
  EnIntervalNumber end = 0;  // start + period
  size_t num_keys = 0;
  std::vector<ProbeTask> tasks;  // without keys
  size_t next_key = 0;           // where in the plan the next one goes
};

// Adds a task for every run of covered intervals in [from, end) of a slice.
void AddRuns(size_t position, EnIntervalNumber slice_start,
             const CoveredIntervals& covered, uint32_t from, uint32_t end,
             std::vector<ProbeTask>& tasks) {
  for (uint32_t first = covered.Next(from, end, true); first < end;) {
    uint32_t last;
    uint32_t next = first;
    // Ends where a long enough gap, or nothing, follows.
    do {
      last = covered.Next(next, end, false);
      next = covered.Next(last, end, true);
    } while (next < end && next - last < kShortestGap);
    tasks.push_back({.slice = position,
                     .first_interval = slice_start + first,
                     .num_intervals = last - first});
    first = next;
  }
}

void FindTasks(const SliceFilters& filters, Group& group) {
  const uint32_t length = filters.length();
  const absl::Span<const SliceFilters::Slice> slices = filters.slices();
  for (size_t i = filters.LowerBound(group.start / length); i < slices.size();
       ++i) {
    const EnIntervalNumber slice_start = slices[i].number * length;
    if (slice_start >= group.end) break;
    const uint32_t from =
        group.start > slice_start ? group.start - slice_start : 0;
    AddRuns(i, slice_start, slices[i].covered, from,
            std::min(length, group.end - slice_start), group.tasks);
  }
}

}  // namespace

void PlanKeys(const KeyBlock& block, size_t first, size_t num,
              const absl::flat_hash_set<Tek>& own_keys,
              const SliceFilters& filters, KeyPlan* plan) {
  // The group of the own keys, which has no tasks.
  constexpr uint32_t kOwn = 0;
  plan->tasks.clear();
  plan->group_of.resize(std::max(plan->group_of.size(), num));
  const absl::Span<const Tek> teks = block.teks().subspan(first, num);
  // By position in [first, first + num), as all below.
  std::vector<uint32_t>& group_of = plan->group_of;
  std::vector<Group> groups(1);
  absl::flat_hash_map<uint64_t, uint32_t> numbers;
  // Of most exports' keys there are a few validities, in no order: the map is
  // asked once for each.
  struct Recent {
    uint64_t validity = ~uint64_t{0};
    uint32_t group = 0;
  };
  std::array<Recent, 64> recents;
  for (size_t k = 0; k < num; ++k) {
    if (!own_keys.empty() && own_keys.contains(teks[k])) {
      group_of[k] = kOwn;
      ++groups[kOwn].num_keys;
      continue;
    }
    const EnIntervalNumber start = block.rolling_starts()[first + k];
    const uint8_t period = block.rolling_periods()[first + k];
    const uint64_t validity = uint64_t{start} << 8 | period;
    // Fibonacci hashing.
    Recent& recent = recents[validity * 0x9e3779b97f4a7c15 >> 58];
    if (validity != recent.validity) {
      const auto [found, is_new] =
          numbers.try_emplace(validity, static_cast<uint32_t>(groups.size()));
      if (is_new) {
        Group& group = groups.emplace_back();
        group.start = start;
        group.end = start + period;
        FindTasks(filters, group);
      }
      recent = {validity, found->second};
    }
    group_of[k] = recent.group;
    ++groups[recent.group].num_keys;
  }

  plan->num_own_keys = groups[kOwn].num_keys;

  // In the order of their tasks, so that keys are derived not long before they
  // are needed. Those without tasks come last: to leave them out, key by key,
  // would cost more, since no processor foresees which they are.
  std::vector<Group*> in_order;
  in_order.reserve(groups.size());
  for (Group& group : groups) in_order.push_back(&group);
  std::sort(in_order.begin(), in_order.end(),
            [](const Group* a, const Group* b) {
              return std::make_tuple(a->tasks.empty(), a->start, a->end) <
                     std::make_tuple(b->tasks.empty(), b->start, b->end);
            });
  plan->num_keys = 0;
  size_t next_key = 0;
  for (Group* group : in_order) {
    group->next_key = next_key;
    for (ProbeTask task : group->tasks) {
      task.first_key = next_key;
      task.num_keys = group->num_keys;
      plan->tasks.push_back(task);
    }
    next_key += group->num_keys;
    if (!group->tasks.empty()) plan->num_keys = next_key;
  }
  std::sort(plan->tasks.begin(), plan->tasks.end(),
            [](const ProbeTask& a, const ProbeTask& b) {
              return a.slice != b.slice ? a.slice < b.slice
                                        : a.first_key < b.first_key;
            });
  plan->teks.resize(std::max(plan->teks.size(), num));
  plan->positions.resize(plan->teks.size());
  for (size_t k = 0; k < num; ++k) {
    const size_t at = groups[group_of[k]].next_key++;
    plan->teks[at] = teks[k];
    plan->positions[at] = static_cast<uint32_t>(first + k);
  }
}

}  // namespace tekmatch
