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

// Not empty. The mean of the two in the middle where their number is even.
double Median(std::vector<double> values);

// Processor, cores, compiler, in one line.
std::string DescribeMachine();

// Instructions a second, in about 10 ms. FAILED_PRECONDITION: not available
// here. INTERNAL: the chains did not hold what they must.
absl::StatusOr<double> MeasureCeiling(const Ceiling& ceiling);

}  // namespace tekmatch

#endif  // TEKMATCH_BENCH_MEASURE_H_
