#include "tools/commands/config_flag.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "matcher/exposure/exposure_config_json.h"
#include "matcher/exposure/transmission_window_json.h"
#include "tools/files/input_stream.h"
#include "tools/files/small_file.h"

namespace tekmatch {
namespace {

// Far more than any configuration has.
constexpr uint64_t kMaxConfigBytes = 1 << 20;

bool IsFile(absl::string_view value) {
  return absl::StrContains(value, "/") || absl::EndsWith(value, ".json") ||
         IsStdin(value);
}

// `parse` of the file's text, its errors with the path in front.
template <typename T>
absl::StatusOr<T> Load(const std::string& path,
                       absl::StatusOr<T> (*parse)(absl::string_view)) {
  TEKMATCH_ASSIGN_OR_RETURN(
      const std::string text,
      ReadSmallFile(path, kMaxConfigBytes, "a configuration"));
  absl::StatusOr<T> value = parse(text);
  if (value.ok()) return value;
  return absl::DataLossError(
      absl::StrCat(path, ": ", value.status().message()));
}

// What has a name; an error says whose value it was, and that files are others.
template <typename T>
absl::StatusOr<T> Named(absl::string_view option, absl::StatusOr<T> value) {
  if (value.ok()) return value;
  return absl::InvalidArgumentError(
      absl::StrCat(option, ": ", value.status().message(),
                   " (a file has a slash in its path, or ends in .json)"));
}

}  // namespace

absl::StatusOr<TransmissionWindowPolicy> LoadWindowPolicy(
    const std::string& value) {
  return IsFile(value)
             ? Load(value, &ParseTransmissionWindowPolicy)
             : Named("--policy", NamedTransmissionWindowPolicy(value));
}

absl::StatusOr<ExposureConfig> LoadExposureConfig(const std::string& value) {
  return IsFile(value) ? Load(value, &ParseExposureConfig)
                       : Named("--config", NamedExposureConfig(value));
}

std::string ConfigPath(const std::string& value) {
  return IsFile(value) ? value : "";
}

std::string DefaultTimeZone(const TransmissionWindowPolicy& window_policy) {
  return absl::StartsWith(window_policy.name, "cocoa-") ? "Asia/Tokyo" : "UTC";
}

}  // namespace tekmatch
