// One shard of a match that was planned: `tekmatch match --plan`.
#ifndef TEKMATCH_TOOLS_COMMANDS_MATCH_SHARD_H_
#define TEKMATCH_TOOLS_COMMANDS_MATCH_SHARD_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "matcher/check/check_options.h"
#include "tools/commands/command_line.h"
#include "tools/commands/match_inputs.h"
#include "tools/commands/match_options.h"
#include "tools/commands/match_plan.h"
#include "tools/report/run_remarks.h"

namespace tekmatch {

struct ShardOptions {
  std::string plan;
  uint32_t shard = 0;  // 1 is the first one; 0: not given
  std::string partial;
};

// Declares --plan, --shard and --partial.
void AddShardOptions(OptionSet& command, ShardOptions& options);

// The exit code, with the partial written. Of `options` only --threads may be
// given; `given` are the names of all that are (OptionSet::Given).
// INVALID_ARGUMENT: there are others. FAILED_PRECONDITION: an input is not what
// was planned. Others are LoadMatchPlan's, MatchShard's and those of the
// inputs.
absl::StatusOr<int> MatchShardOfPlan(const ShardOptions& shard,
                                     const MatchOptions& options,
                                     const std::vector<std::string>& given);

// What a plan's run is made with.
struct PlannedRun {
  MatchRules rules;
  ExposureCheckOptions check;
  OwnKeyCounts own_keys;
};

// `options` are the plan's, with those of this process. Errors are
// LoadMatchRules' and LoadCheckOptions'.
absl::StatusOr<PlannedRun> LoadPlannedRun(const MatchPlan& plan,
                                          const MatchOptions& options);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_COMMANDS_MATCH_SHARD_H_
