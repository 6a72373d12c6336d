// Every kernel operation by every implementation that the machine can run; the
// others are named before the results ("skipped").
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "bench/kernel_floor.h"
#include "bench/kernel_meter.h"
#include "bench/rates.h"
#include "benchmark/benchmark.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/kernels/dispatch.h"

namespace tekmatch {
namespace {

constexpr double kKeys = kMeteredKeys;
constexpr double kRpis = kKeys * kMaxRollingPeriod;
constexpr double kKeyBytes = 16;

// 0 where there is none.
double OrZero(const absl::StatusOr<double>& floor) {
  return floor.ok() ? *floor : 0;
}

// Of all keys, from a measurement of one.
absl::StatusOr<double> OfAllKeys(absl::StatusOr<double> seconds) {
  if (!seconds.ok()) return seconds.status();
  return *seconds * kKeys;
}

void DeriveRpiks(benchmark::State& state, const Kernels& kernels) {
  KernelMeter meter(kernels);
  MeasureWork(state,
              {.keys = kKeys,
               .bytes = kKeys * 2 * kKeyBytes,
               .floor_seconds = OrZero(HkdfFloor(kernels.name))},
              [&] { return OfAllKeys(meter.DeriveRpiks()); });
}

void GenerateRpis(benchmark::State& state, const Kernels& kernels) {
  KernelMeter meter(kernels);
  MeasureWork(state,
              {.keys = kKeys,
               .rpis = kRpis,
               .bytes = kRpis * kKeyBytes,
               .floor_seconds = OrZero(AesFloor(kernels.name))},
              [&] { return OfAllKeys(meter.GenerateRpis()); });
}

void FindCandidates(benchmark::State& state, const Kernels& kernels) {
  KernelMeter meter(kernels);
  MeasureWork(
      state,
      {.keys = kKeys,
       .rpis = kRpis,
       .bytes = kKeys * kKeyBytes,
       .floor_seconds = kRoundsOfProbe * OrZero(AesFloor(kernels.name))},
      [&] { return OfAllKeys(meter.FindCandidates()); });
}

[[maybe_unused]] const bool registered = [] {
  using Run = void (*)(benchmark::State&, const Kernels&);
  const std::pair<const char*, Run> operations[] = {
      {"DeriveRpiks", DeriveRpiks},
      {"GenerateRpis", GenerateRpis},
      {"FindCandidates", FindCandidates},
  };
  std::string skipped;
  for (const char* name : {"x86_vaes512", "x86_vaes256", "x86_aesni",
                           "arm64_crypto", "portable"}) {
    const absl::StatusOr<const Kernels*> kernels = FindKernels(name);
    if (!kernels.ok()) {
      absl::StrAppend(&skipped, skipped.empty() ? "" : ", ", name);
      continue;
    }
    for (const auto& [operation, run] : operations) {
      benchmark::RegisterBenchmark(
          absl::StrCat(operation, "/", name).c_str(),
          [kernels = *kernels, run = run](benchmark::State& state) {
            run(state, *kernels);
          })
          ->UseManualTime()
          ->Unit(benchmark::kMicrosecond);
    }
  }
  benchmark::AddCustomContext("skipped kernels",
                              skipped.empty() ? "none" : skipped);
  return true;
}();

}  // namespace
}  // namespace tekmatch
