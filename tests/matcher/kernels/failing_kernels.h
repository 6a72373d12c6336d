// Kernels of which one call fails, as they would if BoringSSL did: to see that
// a failure becomes an error and not an empty result.
#ifndef TEKMATCH_TESTS_MATCHER_KERNELS_FAILING_KERNELS_H_
#define TEKMATCH_TESTS_MATCHER_KERNELS_FAILING_KERNELS_H_

#include <cstdint>

#include "matcher/kernels/kernels.h"

namespace tekmatch {

enum class KernelFunction : uint8_t { kDeriveRpiks, kFindCandidates };

// Named "failing": does what the portable kernel does, but for the call that
// FailKernelCall chose. That one returns false and leaves what looks like
// success: RPIKs of zeros, or no candidates.
extern const Kernels kFailingKernels;

// From now on the `nth` call of a function fails, and no other: 1 is the next
// one, 0 is none. Sets all counts to 0. No kernel is running.
void FailKernelCall(KernelFunction function, uint64_t nth);

// Calls since then, failed ones included.
uint64_t NumKernelCalls(KernelFunction function);

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_MATCHER_KERNELS_FAILING_KERNELS_H_
