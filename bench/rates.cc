#include "bench/rates.h"

#include <string>

#include "bench/ceilings.h"
#include "bench/measure.h"

namespace tekmatch {

void MeasureWork(benchmark::State& state, const Work& work,
                 absl::FunctionRef<absl::StatusOr<double>()> seconds) {
  double total = 0;
  while (state.KeepRunning()) {
    const absl::StatusOr<double> iteration = seconds();
    if (!iteration.ok()) {
      return state.SkipWithError(iteration.status().ToString().c_str());
    }
    state.SetIterationTime(*iteration);
    total += *iteration;
  }
  const double mean = total / static_cast<double>(state.iterations());
  const auto count = [&](const char* name, double value) {
    if (value > 0) state.counters[name] = value;
  };
  count("keys/s", work.keys / mean);
  count("RPI/s", work.rpis / mean);
  count("bytes/s", work.bytes / mean);
  if (work.keys == 0) return;
  const absl::StatusOr<double> clock = MeasureCeiling(CycleCeiling());
  if (!clock.ok()) {
    return state.SkipWithError(clock.status().ToString().c_str());
  }
  count("cycles/key", mean / work.keys * *clock);
  count("share_of_ceiling", work.floor_seconds * work.keys / mean);
}

}  // namespace tekmatch
