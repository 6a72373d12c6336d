// In which order a block's keys are worked on: those near which something was
// sighted, together with all others that are valid at the same time, one time
// slice after another.
#ifndef TEKMATCH_MATCHER_JOIN_KEY_PLAN_H_
#define TEKMATCH_MATCHER_JOIN_KEY_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "keyformat/diagnosis_key.h"
#include "keyformat/hash_tables.h"
#include "keyformat/key_block.h"
#include "matcher/join/slice_filters.h"

namespace tekmatch {

// RPIs to generate and probe: of the keys [first_key, first_key + num_keys) of
// the plan in [first_interval, first_interval + num_intervals), which lies in
// their validity and in one slice.
struct ProbeTask {
  size_t slice = 0;  // its position in SliceFilters::slices()
  size_t first_key = 0;
  size_t num_keys = 0;
  EnIntervalNumber first_interval = 0;
  uint32_t num_intervals = 0;  // 1..filters.length()
};

struct KeyPlan {
  size_t num_keys = 0;  // that have a task
  // The first num_keys are the TEKs of those keys, and their positions in the
  // block; keys of the same validity stand together, ascending by its start.
  std::vector<Tek> teks;
  std::vector<uint32_t> positions;
  // Ascending by slice, so that one filter at a time is in use.
  std::vector<ProbeTask> tasks;
  uint64_t num_own_keys = 0;

  // Of the making.
  std::vector<uint32_t> group_of;
};

// Makes the plan of the keys [first, first + num) of a block in place of what
// *plan held, whose memory it takes. Keys in `own_keys` have no task, nor has
// an interval that is not covered; but gaps too short to pay are bridged.
// INVALID_ARGUMENT: a key breaks KeyBlock's promise (period 1..144, no overflow
// of start + period).
absl::Status PlanKeys(const KeyBlock& block, size_t first, size_t num,
                      const HashSet<Tek>& own_keys, const SliceFilters& filters,
                      KeyPlan* plan);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_JOIN_KEY_PLAN_H_
