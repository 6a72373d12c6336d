// Plan: keys of one rolling start and period are a group. A group's days and
// hours meet slices with sightings: each meeting is a task. Keys are laid out
// group by group, in the order of the tasks.
#include "matcher/join/key_plan.h"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "keyformat/hash_tables.h"

namespace tekmatch {
namespace {

// A gap of fewer intervals costs less than two tasks in place of one.
constexpr uint32_t kShortestGap = 4;

// Keys of one rolling start and period.
struct Group {
  EnIntervalNumber start = 0;
  EnIntervalNumber end = 0;      // start + period
  std::vector<ProbeTask> tasks;  // without keys
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

absl::Status CheckValidity(EnIntervalNumber start, uint8_t period,
                           size_t position) {
  if (period < 1 || period > kMaxRollingPeriod) {
    return absl::InvalidArgumentError(
        absl::StrCat("key ", position, " of the block: rolling period ", period,
                     " is not in 1..", kMaxRollingPeriod));
  }
  if (start > std::numeric_limits<EnIntervalNumber>::max() - period) {
    return absl::InvalidArgumentError(
        absl::StrCat("key ", position,
                     " of the block: rolling start + rolling period "
                     "overflows"));
  }
  return absl::OkStatus();
}

// The groups of a plan.
class Groups {
 public:
  // Of the own keys, without tasks.
  static constexpr uint32_t kOwn = 0;

  explicit Groups(const SliceFilters& filters) : filters_(filters) {}

  // The group of each key of the block in [first, first + num), to `group_of`.
  absl::Status Find(const KeyBlock& block, size_t first, size_t num,
                    uint32_t* group_of) {
    for (size_t k = 0; k < num; ++k) {
      const EnIntervalNumber start = block.rolling_starts()[first + k];
      const uint8_t period = block.rolling_periods()[first + k];
      const uint64_t validity = uint64_t{start} << 8 | period;
      // Of most exports' keys there are a few validities, in no order: the map
      // is asked once for each. Fibonacci hashing.
      Recent& recent = recents_[validity * 0x9e3779b97f4a7c15 >> 58];
      if (validity != recent.validity) {
        absl::Status status = CheckValidity(start, period, first + k);
        if (!status.ok()) return status;
        recent = {validity, GroupOf(validity)};
      }
      group_of[k] = recent.group;
      ++num_keys_[recent.group];
    }
    return absl::OkStatus();
  }

  void MakeOwn(uint32_t* group_of) {
    --num_keys_[*group_of];
    *group_of = kOwn;
    ++num_keys_[kOwn];
  }
  size_t num_own_keys() const { return num_keys_[kOwn]; }

  // Gives every group its place among the keys of the plan, and the tasks their
  // keys. In the order of the tasks, so that keys are derived not long before
  // they are needed; those without tasks come last: to leave them out, key by
  // key, would cost more, since no processor foresees which they are. Returns
  // where each group begins.
  std::vector<size_t> Place(KeyPlan* plan) const {
    std::vector<uint32_t> in_order(groups_.size());
    std::iota(in_order.begin(), in_order.end(), 0);
    std::sort(in_order.begin(), in_order.end(), [this](uint32_t i, uint32_t j) {
      const Group& a = groups_[i];
      const Group& b = groups_[j];
      return std::make_tuple(a.tasks.empty(), a.start, a.end) <
             std::make_tuple(b.tasks.empty(), b.start, b.end);
    });
    std::vector<size_t> begins(groups_.size());
    size_t next = 0;
    for (const uint32_t i : in_order) {
      begins[i] = next;
      for (ProbeTask task : groups_[i].tasks) {
        task.first_key = next;
        task.num_keys = num_keys_[i];
        plan->tasks.push_back(task);
      }
      next += num_keys_[i];
      if (!groups_[i].tasks.empty()) plan->num_keys = next;
    }
    return begins;
  }

 private:
  struct Recent {
    uint64_t validity = ~uint64_t{0};
    uint32_t group = 0;
  };

  uint32_t GroupOf(uint64_t validity) {
    const auto [found, is_new] =
        numbers_.try_emplace(validity, static_cast<uint32_t>(groups_.size()));
    if (is_new) {
      Group& group = groups_.emplace_back();
      group.start = static_cast<EnIntervalNumber>(validity >> 8);
      group.end = group.start + static_cast<uint8_t>(validity);
      FindTasks(filters_, group);
      num_keys_.push_back(0);
    }
    return found->second;
  }

  const SliceFilters& filters_;
  std::vector<Group> groups_{1};
  std::vector<size_t> num_keys_{0};
  HashMap<uint64_t, uint32_t> numbers_;
  std::array<Recent, 64> recents_;
};

}  // namespace

absl::Status PlanKeys(const KeyBlock& block, size_t first, size_t num,
                      const HashSet<Tek>& own_keys, const SliceFilters& filters,
                      KeyPlan* plan) {
  plan->tasks.clear();
  plan->num_keys = 0;
  plan->group_of.resize(std::max(plan->group_of.size(), num));
  plan->teks.resize(plan->group_of.size());
  plan->positions.resize(plan->group_of.size());
  Groups groups(filters);
  absl::Status status = groups.Find(block, first, num, plan->group_of.data());
  if (!status.ok()) return status;
  const absl::Span<const Tek> teks = block.teks().subspan(first, num);
  if (!own_keys.empty()) {
    for (size_t k = 0; k < num; ++k) {
      if (own_keys.contains(teks[k])) groups.MakeOwn(&plan->group_of[k]);
    }
  }
  plan->num_own_keys = groups.num_own_keys();
  std::vector<size_t> next_of = groups.Place(plan);
  std::sort(plan->tasks.begin(), plan->tasks.end(),
            [](const ProbeTask& a, const ProbeTask& b) {
              return a.slice != b.slice ? a.slice < b.slice
                                        : a.first_key < b.first_key;
            });
  for (size_t k = 0; k < num; ++k) {
    const size_t at = next_of[plan->group_of[k]]++;
    plan->teks[at] = teks[k];
    plan->positions[at] = static_cast<uint32_t>(first + k);
  }
  return absl::OkStatus();
}

}  // namespace tekmatch
