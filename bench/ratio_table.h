// The rows of ratio_rows.h as text and as JSON. Both say whether they are of a
// quick run, whose figures mean nothing.
#ifndef TEKMATCH_BENCH_RATIO_TABLE_H_
#define TEKMATCH_BENCH_RATIO_TABLE_H_

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "bench/ratio_rows.h"

namespace tekmatch {

// What the rows are of, beside the machine that measures them.
struct RatioRun {
  bool quick = false;
  std::string commit = "unknown";
};

// One line for the machine, one for the commit and the kernel that the engine
// takes here, one for a quick run, one of headings and one a row.
std::string RatiosText(const std::vector<RatioRow>& rows, const RatioRun& run);

// {"quick": ..., "commit": ..., "machine": ..., "kernel": ..., "rows": [{name,
// kernel, runs, ratio, low_quartile, high_quartile, engine_keys_per_s,
// baseline_keys_per_s}]}; a skipped row has name and skipped.
nlohmann::ordered_json RatiosJson(const std::vector<RatioRow>& rows,
                                  const RatioRun& run);

}  // namespace tekmatch

#endif  // TEKMATCH_BENCH_RATIO_TABLE_H_
