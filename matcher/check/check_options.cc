#include "matcher/check/check_options.h"

#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"

namespace tekmatch {

OwnKeys OwnKeysFor(const ExposureCheckOptions& options) {
  OwnKeys own = options.own_keys;
  if (!options.devices.empty()) return own;
  if (auto of_only = own.of_device.extract(0); !of_only.empty()) {
    own.of_all.insert(of_only.mapped().begin(), of_only.mapped().end());
  }
  return own;
}

absl::Status Validate(const ExposureCheckOptions& options) {
  if (options.num_threads < 1) {
    return absl::InvalidArgumentError("num_threads must be at least 1");
  }
  if (!IsReportable(options.report_type_when_missing)) {
    return absl::InvalidArgumentError(
        "report_type_when_missing: not a type that is reported");
  }
  if (options.config.has_value()) {
    TEKMATCH_RETURN_IF_ERROR(Validate(*options.config));
    const absl::Time as_of = options.as_of.value_or(options.now);
    if (as_of == absl::InfiniteFuture() || as_of == absl::InfinitePast()) {
      return absl::InvalidArgumentError(
          "findings need the time that they are made for: set options.now or "
          "options.as_of");
    }
    if (!options.zone.has_value()) {
      return absl::InvalidArgumentError(
          "findings need the zone of their dates: set options.zone");
    }
  }
  if (options.window_policy.basis != TransmissionWindowPolicy::Basis::kNone &&
      !options.window_zone.has_value()) {
    return absl::InvalidArgumentError(
        "a transmission window needs the zone of its dates: set "
        "options.window_zone");
  }
  for (const auto& [name, source] : options.files.sources) {
    if (source == nullptr) {
      return absl::InvalidArgumentError("a source in options.files is null");
    }
  }
  return Validate(options.window_policy);
}

}  // namespace tekmatch
