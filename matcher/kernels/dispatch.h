// The implementations of the kernels, and the choice between them at run time.
//
// Nothing here reads the environment: whoever lets a person choose (the tool,
// a benchmark, a test) hands the name to FindKernels. A choice that cannot be
// honoured is an error, never a silent fallback.
#ifndef TEKMATCH_MATCHER_KERNELS_DISPATCH_H_
#define TEKMATCH_MATCHER_KERNELS_DISPATCH_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "matcher/kernels/kernels.h"

namespace tekmatch {

struct KernelChoice {
  const Kernels* kernels;
  // This machine has the instructions that the implementation needs.
  bool available;
};

// Every implementation in this build, fastest first. "portable" is the last
// one and always available. The span, and the kernels, live for ever.
absl::Span<const KernelChoice> AllKernels();

// The first implementation that is available.
const Kernels& DefaultKernels();

// The implementation of that name; the result is not null.
// INVALID_ARGUMENT: there is none of that name in this build.
// FAILED_PRECONDITION: there is one, but this machine cannot run it.
// The message names the implementations that exist and are available.
absl::StatusOr<const Kernels*> FindKernels(absl::string_view name);

// The same among given choices, so that tests can name a kernel that is not
// available.
absl::StatusOr<const Kernels*> FindKernels(
    absl::Span<const KernelChoice> choices, absl::string_view name);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_KERNELS_DISPATCH_H_
