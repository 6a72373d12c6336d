// The outputs of a merge whose matches are not in memory: what match_results.h
// writes, byte for byte.
#ifndef TEKMATCH_TOOLS_COMMANDS_MERGED_RESULTS_H_
#define TEKMATCH_TOOLS_COMMANDS_MERGED_RESULTS_H_

#include <cstddef>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "matcher/check/exposure_check.h"
#include "matcher/check/external_sort.h"
#include "matcher/check/shard_merger.h"
#include "matcher/check/spill_file.h"
#include "matcher/join/match.h"
#include "tools/commands/match_inputs.h"
#include "tools/commands/match_options.h"
#include "tools/report/match_totals.h"
#include "tools/report/run_remarks.h"

namespace tekmatch {

// Of a merge that may have so much memory: what ShardMerger has of it, three
// quarters, and the folder for the rest: TMPDIR, or /tmp.
MergeSettings SettingsOfMerge(size_t memory_bytes);

// Whether the outputs can be made of matches that are not in memory: all but a
// page and an explanation.
bool IsWrittenInPieces(const MatchOptions& options);

// Memory: a quarter of what the merge may have, that of MatchTotalsAdder, and
// the report of one device; a text of counts is in memory as a whole, a line a
// date.
class MergedResults {
 public:
  // `options` outlive it. `by_device`: sightings name devices.
  MergedResults(const MatchOptions& options, bool by_device,
                absl::TimeZone zone, size_t memory_bytes);

  // Takes matches, as ShardMerger::Conclude gives them. Errors are the
  // system's, of the folder.
  absl::Status Take(absl::Span<const Match> matches);

  // Writes all outputs, once; files appear when all were written, and what goes
  // to stdout follows them. `merger` has concluded account.run. Errors are
  // OutputFile's, Print's, ShardMerger::VisitFindings' and the system's, of the
  // folder.
  absl::Status Write(const MatchRules& rules, const ExposureCheckOptions& check,
                     const RunAccount& account, const ShardMerger& merger);

 private:
  const MatchOptions& options_;
  const bool by_device_;
  const size_t memory_bytes_;  // of these outputs
  MatchTotalsAdder totals_;
  SpillFile spill_;
  std::optional<ExternalSort<Match>> matches_;  // if they are written
};

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_COMMANDS_MERGED_RESULTS_H_
