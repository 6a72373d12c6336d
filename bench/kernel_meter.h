// How long kernels take, on keys that no measurement before had.
#ifndef TEKMATCH_BENCH_KERNEL_METER_H_
#define TEKMATCH_BENCH_KERNEL_METER_H_

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "keyformat/random_source.h"
#include "matcher/kernels/kernels.h"

namespace tekmatch {

// Keys of one measurement.
inline constexpr size_t kMeteredKeys = 32768;

class KernelMeter {
 public:
  explicit KernelMeter(const Kernels& kernels);

  // Seconds a key of derive_rpiks.
  absl::StatusOr<double> DeriveRpiks();
  // Seconds a key of generate_rpis for a whole day.
  absl::StatusOr<double> GenerateRpis();
  // Seconds a key of find_candidates for a whole day, by a filter like those of
  // an index of 20,000 sightings (16 KiB), which lets one RPI in 2,000 pass.
  absl::StatusOr<double> FindCandidates();
  // All three: INTERNAL where the answer is not that of `portable`, of which a
  // part of the keys is asked.

 private:
  std::vector<uint8_t> RandomKeys();

  const Kernels& kernels_;
  RandomSource random_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_BENCH_KERNEL_METER_H_
