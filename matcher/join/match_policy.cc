#include "matcher/join/match_policy.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace tekmatch {
namespace {

absl::Status CheckNotNegative(absl::string_view field, int64_t value) {
  if (value >= 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("MatchPolicy.", field, " is ", value, ", less than 0"));
}

absl::Status CheckSignedByte(absl::string_view field, int32_t value) {
  if (value >= std::numeric_limits<int8_t>::min() &&
      value <= std::numeric_limits<int8_t>::max()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("MatchPolicy.", field, " is ", value, " dBm, not in ",
                   std::numeric_limits<int8_t>::min(), "..",
                   std::numeric_limits<int8_t>::max()));
}

}  // namespace

absl::Status Validate(const MatchPolicy& policy) {
  for (const absl::Status& status :
       {CheckNotNegative("tolerance_intervals", policy.tolerance_intervals),
        CheckNotNegative("replay_cut_seconds", policy.replay_cut_seconds),
        CheckSignedByte("min_tx_power", policy.min_tx_power),
        CheckSignedByte("max_tx_power", policy.max_tx_power)}) {
    if (!status.ok()) return status;
  }
  if (policy.min_tx_power > policy.max_tx_power) {
    return absl::InvalidArgumentError(absl::StrCat(
        "MatchPolicy.min_tx_power is ", policy.min_tx_power,
        " dBm, greater than max_tx_power, which is ", policy.max_tx_power));
  }
  return absl::OkStatus();
}

}  // namespace tekmatch
