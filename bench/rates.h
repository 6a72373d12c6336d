// The counters that the benchmarks have in common.
#ifndef TEKMATCH_BENCH_RATES_H_
#define TEKMATCH_BENCH_RATES_H_

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "benchmark/benchmark.h"

namespace tekmatch {

// What one iteration works on; 0: no such counter.
struct Work {
  double keys = 0;
  double rpis = 0;
  double bytes = 0;
  // Of a key, by arithmetic alone; 0: unknown.
  double floor_seconds = 0;
};

// bytes/s is of `bytes`: of what a file holds, of what a kernel takes
// (find_candidates), writes (generate_rpis), or both (derive_rpiks). cycles/key
// are of the clock on the wall, however many threads there are.
//
// Iterates `seconds`, which does one iteration's work, checks its answer and
// tells how long the work took, and sets keys/s, RPI/s, bytes/s, cycles/key (by
// a measured clock) and share_of_ceiling. An error of `seconds` is the
// benchmark's.
void MeasureWork(benchmark::State& state, const Work& work,
                 absl::FunctionRef<absl::StatusOr<double>()> seconds);

}  // namespace tekmatch

#endif  // TEKMATCH_BENCH_RATES_H_
