#include "bench/kernel_floor.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "bench/ceilings.h"
#include "bench/measure.h"
#include "keyformat/status_macros.h"

namespace tekmatch {
namespace {

absl::Status NotCounted(absl::string_view kernel) {
  return absl::UnimplementedError(
      absl::StrCat(kernel, ": its instructions are not counted"));
}

absl::StatusOr<double> SecondsFor(int num_instructions,
                                  const Ceiling& ceiling) {
  TEKMATCH_ASSIGN_OR_RETURN(const double rate, MeasureCeiling(ceiling));
  return num_instructions / rate;
}

}  // namespace

absl::StatusOr<double> HkdfFloor(absl::string_view kernel) {
  if (kernel == "x86_aesni" || kernel == "x86_vaes256") {
    return SecondsFor(kSha256Rnds2PerKey, Sha256Rnds2Ceiling());
  }
  if (kernel != "x86_vaes512") return NotCounted(kernel);
  TEKMATCH_ASSIGN_OR_RETURN(const double additions,
                            MeasureCeiling(AddCeiling()));
  TEKMATCH_ASSIGN_OR_RETURN(const double rotations,
                            MeasureCeiling(RotateCeiling()));
  return 1 / HkdfKeysPerSecond(additions, rotations);
}

absl::StatusOr<double> AesFloor(absl::string_view kernel) {
  if (kernel == "x86_aesni") {
    return SecondsFor(kAesencPerKey, Aesenc128Ceiling());
  }
  if (kernel == "x86_vaes256") {
    return SecondsFor(kVaesenc256PerKey, Vaesenc256Ceiling());
  }
  if (kernel != "x86_vaes512") return NotCounted(kernel);
  return SecondsFor(kVaesenc512PerKey, Vaesenc512Ceiling());
}

}  // namespace tekmatch
