// Time and place of measurements.
#ifndef TEKMATCH_BENCH_MEASURE_H_
#define TEKMATCH_BENCH_MEASURE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "bench/ceilings.h"

namespace tekmatch {

// How long `work` takes.
double SecondsOf(absl::FunctionRef<void()> work);

// The value below which `share` of the values lie, 0 to 1, of values that are
// not empty; between two of them in proportion. Quantile(values, 0.5) is the
// median: the mean of the two in the middle where their number is even.
double Quantile(std::vector<double> values, double share);

// Processor, cores, compiler, in one line.
std::string DescribeMachine();

// Instructions a second, in about 10 ms. FAILED_PRECONDITION: not available
// here. INTERNAL: the chains did not hold what they must.
absl::StatusOr<double> MeasureCeiling(const Ceiling& ceiling);

}  // namespace tekmatch

#endif  // TEKMATCH_BENCH_MEASURE_H_
