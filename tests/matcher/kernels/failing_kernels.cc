#include "tests/matcher/kernels/failing_kernels.h"

#include <array>
#include <atomic>
#include <cstring>

#include "matcher/kernels/dispatch.h"

namespace tekmatch {
namespace {

struct Function {
  std::atomic<uint64_t> num_calls = 0;
  std::atomic<uint64_t> failing_call = 0;

  bool CallFails() { return ++num_calls == failing_call; }
};

// By KernelFunction. Kernels are plain functions, so this cannot be a member.
std::array<Function, 2> functions;

Function& Of(KernelFunction function) {
  return functions[static_cast<size_t>(function)];
}

const Kernels& Portable() { return *AllKernels().back().kernels; }

bool DeriveRpiks(const uint8_t* teks, size_t num_keys, uint8_t* rpiks) {
  if (Of(KernelFunction::kDeriveRpiks).CallFails()) {
    std::memset(rpiks, 0, 16 * num_keys);
    return false;
  }
  return Portable().derive_rpiks(teks, num_keys, rpiks);
}

bool GenerateRpis(const uint8_t* rpik, uint32_t first_interval, size_t num_rpis,
                  uint8_t* rpis) {
  return Portable().generate_rpis(rpik, first_interval, num_rpis, rpis);
}

bool FindCandidates(const uint8_t* rpiks, size_t num_keys,
                    uint32_t first_interval, size_t num_intervals,
                    const RpiFilter* filter, RpiCandidate* candidates,
                    size_t* num_candidates) {
  if (Of(KernelFunction::kFindCandidates).CallFails()) {
    *num_candidates = 0;
    return false;
  }
  return Portable().find_candidates(rpiks, num_keys, first_interval,
                                    num_intervals, filter, candidates,
                                    num_candidates);
}

}  // namespace

const Kernels kFailingKernels = {"failing", &DeriveRpiks, &GenerateRpis,
                                 &FindCandidates};

void FailKernelCall(KernelFunction function, uint64_t nth) {
  for (Function& each : functions) {
    each.num_calls = 0;
    each.failing_call = 0;
  }
  Of(function).failing_call = nth;
}

uint64_t NumKernelCalls(KernelFunction function) {
  return Of(function).num_calls;
}

}  // namespace tekmatch
