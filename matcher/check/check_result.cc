#include "matcher/check/check_result.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tekmatch {

absl::Status CheckCompared(const ExposureCheckResult& result,
                           uint64_t num_bad_sightings) {
  if (result.num_keys == result.num_rejected + result.num_own_keys) {
    const auto num_left_out = std::count_if(
        result.files.begin(), result.files.end(),
        [](const ExportFileResult& file) { return !file.accepted; });
    return absl::DataLossError(
        absl::StrCat("no result, since no key was compared: ", num_left_out,
                     " of ", result.files.size(), " files left out, ",
                     result.num_keys, " keys read, ", result.num_rejected,
                     " of them rejected and ", result.num_own_keys, " own"));
  }
  if (result.num_believed_keys == 0 && result.result.matches.empty()) {
    return absl::DataLossError(
        "no result, since no key of a verified file was compared: other files "
        "may add contacts, but no contact with their keys says nothing");
  }
  for (const auto& [device, n] : result.num_sightings_of) {
    if (result.devices_without_keys.contains(device)) {
      return absl::DataLossError(absl::StrCat(
          "no result, since no key was compared for device ", device, ": all ",
          result.num_keys - result.num_rejected, " are its own"));
    }
    if (n > 0) continue;
    return absl::DataLossError(
        absl::StrCat("no result, since no sighting of device ", device,
                     " was compared: ", result.num_sightings,
                     " of all devices read, ", num_bad_sightings, " left out"));
  }
  if (result.num_sightings > 0) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("no result, since no sighting was compared: 0 read, ",
                   num_bad_sightings, " left out"));
}

}  // namespace tekmatch
