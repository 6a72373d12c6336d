// One row of ratios, and how it is measured: run by run, what is measured
// between two measurements of what it is measured against.
#ifndef TEKMATCH_BENCH_RATIO_H_
#define TEKMATCH_BENCH_RATIO_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tekmatch {

struct RatioRow {
  std::string name;
  std::string kernel;  // that the engine used
  int num_runs = 0;    // those of kernel functions are short, and more
  double ratio = 0;    // median of the runs' ratios
  // Half of the runs' ratios lie between these.
  double low_quartile = 0;
  double high_quartile = 0;
  // The ratio that there would be if the steps whose least time is known took
  // no more than that, and the others nothing (row_floors.h), and what part of
  // it was reached: by the least floor of all runs, since a neighbour on the
  // processor only adds to it, and the median rates below. 0: not known.
  double ceiling = 0;
  double share_of_ceiling = 0;
  // Sightings a second in the rows of reading.
  double engine_keys_per_s = 0;
  double baseline_keys_per_s = 0;
  // Why this machine has no figures, which are then 0.
  std::string skipped;
};

// Seconds a key, or a sighting, of the thing measured, for run r.
using Meter = std::function<absl::StatusOr<double>(int run)>;

// Without a name and a kernel. `floor`, where there is one, is measured in
// every run, too: the least seconds that the engine's steps could take. As the
// meters.
absl::StatusOr<RatioRow> Compare(int num_runs, const Meter& engine,
                                 const Meter& reference,
                                 const Meter& floor = nullptr);

RatioRow SkippedRow(absl::string_view why);

}  // namespace tekmatch

#endif  // TEKMATCH_BENCH_RATIO_H_
