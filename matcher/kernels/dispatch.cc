#include "matcher/kernels/dispatch.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "matcher/kernels/cpu_features.h"
#include "matcher/kernels/portable.h"
#if defined(__x86_64__)
#include "matcher/kernels/x86_aesni.h"
#include "matcher/kernels/x86_vaes256.h"
#include "matcher/kernels/x86_vaes512.h"
#elif defined(__aarch64__)
#include "matcher/kernels/arm64_crypto.h"
#endif

namespace tekmatch {
namespace {

std::string AvailableNames(absl::Span<const KernelChoice> choices) {
  std::vector<absl::string_view> names;
  for (const KernelChoice& choice : choices) {
    if (choice.available) names.push_back(choice.kernels->name);
  }
  return absl::StrJoin(names, ", ");
}

}  // namespace

absl::Span<const KernelChoice> AllKernels() {
  static const KernelChoice kChoices[] = {
#if defined(__x86_64__)
    {&kX86Vaes512Kernels, HasX86Vaes512()},
    {&kX86Vaes256Kernels, HasX86Vaes256()},
    {&kX86AesniKernels, HasX86Aesni()},
#elif defined(__aarch64__)
    {&kArm64CryptoKernels, HasArm64Crypto()},
#endif
    {&kPortableKernels, /*available=*/true},
  };
  return kChoices;
}

const Kernels& DefaultKernels() {
  const absl::Span<const KernelChoice> choices = AllKernels();
  return *std::find_if(choices.begin(), choices.end(),
                       [](const KernelChoice& c) { return c.available; })
              ->kernels;
}

absl::StatusOr<const Kernels*> FindKernels(absl::string_view name) {
  return FindKernels(AllKernels(), name);
}

absl::StatusOr<const Kernels*> FindKernels(
    absl::Span<const KernelChoice> choices, absl::string_view name) {
  for (const KernelChoice& choice : choices) {
    if (choice.kernels->name != name) continue;
    if (choice.available) return choice.kernels;
    return absl::FailedPreconditionError(absl::StrCat(
        "kernel \"", name,
        "\" needs instructions that this machine lacks; available: ",
        AvailableNames(choices)));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("there is no kernel \"", name,
                   "\" in this build; available: ", AvailableNames(choices)));
}

}  // namespace tekmatch
