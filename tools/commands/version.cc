#include "tools/commands/version.h"

#include "absl/strings/str_cat.h"
#include "matcher/kernels/dispatch.h"
#include "tools/commands/commit.h"

namespace tekmatch {
namespace {

constexpr char kVersion[] = "0.1";

}  // namespace

std::string VersionText() {
  std::string kernels;
  for (const KernelChoice& choice : AllKernels()) {
    if (!choice.available) continue;
    absl::StrAppend(&kernels, kernels.empty() ? "" : ", ",
                    choice.kernels->name);
  }
  return absl::StrCat("tekmatch ", kVersion, ", commit ", TEKMATCH_COMMIT,
                      "\nkernels found: ", kernels);
}

}  // namespace tekmatch
