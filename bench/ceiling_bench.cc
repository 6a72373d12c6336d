// The instructions that the kernels are made of, at the rate that the processor
// allows.
#include <string>

#include "absl/strings/str_cat.h"
#include "bench/ceilings.h"
#include "bench/measure.h"
#include "benchmark/benchmark.h"

namespace tekmatch {
namespace {

void Instruction(benchmark::State& state, const Ceiling& ceiling) {
  double total = 0;
  double clock = 0;
  while (state.KeepRunning()) {
    const absl::StatusOr<double> rate = MeasureCeiling(ceiling);
    const absl::StatusOr<double> cycles = MeasureCeiling(CycleCeiling());
    if (!rate.ok() || !cycles.ok()) {
      return state.SkipWithError("wrong result");
    }
    state.SetIterationTime(1e6 / *rate);
    total += *rate;
    clock += *cycles;
  }
  const auto runs = static_cast<double>(state.iterations());
  state.counters["instructions/s"] = total / runs;
  state.counters["instructions/cycle"] = total / clock;
}

[[maybe_unused]] const bool registered = [] {
  for (const Ceiling& ceiling :
       {AddCeiling(), RotateCeiling(), Vaesenc512Ceiling(), Vaesenc256Ceiling(),
        Aesenc128Ceiling(), Sha256Rnds2Ceiling(), CycleCeiling()}) {
    if (!ceiling.available) continue;
    benchmark::RegisterBenchmark(
        absl::StrCat("Ceiling/", ceiling.name).c_str(),
        [ceiling](benchmark::State& state) { Instruction(state, ceiling); })
        ->UseManualTime()
        ->Iterations(20)
        ->Unit(benchmark::kMicrosecond);  // of a million instructions
  }
  return true;
}();

}  // namespace
}  // namespace tekmatch
