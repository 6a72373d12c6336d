// The least time that a kernel's arithmetic takes on this machine: its
// instructions (kernel_costs.h) at their measured rates (ceilings.h).
#ifndef TEKMATCH_BENCH_KERNEL_FLOOR_H_
#define TEKMATCH_BENCH_KERNEL_FLOOR_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tekmatch {

// Seconds a key of derive_rpiks, and of a day of generate_rpis; measured anew
// with every call. UNIMPLEMENTED: nobody has counted that kernel's
// instructions. Otherwise as MeasureCeiling.
absl::StatusOr<double> HkdfFloor(absl::string_view kernel);
absl::StatusOr<double> AesFloor(absl::string_view kernel);

}  // namespace tekmatch

#endif  // TEKMATCH_BENCH_KERNEL_FLOOR_H_
