#include "matcher/api/rules.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "keyformat/status_macros.h"
#include "matcher/api/call.h"
#include "matcher/exposure/exposure_config_json.h"
#include "matcher/exposure/transmission_window_json.h"

namespace tekmatch {
namespace {

bool IsJson(absl::string_view text) {
  return absl::StartsWith(absl::StripLeadingAsciiWhitespace(text), "{");
}

}  // namespace

absl::StatusOr<TransmissionWindowPolicy> ReadPolicy(const char* policy) {
  TEKMATCH_RETURN_IF_ERROR(NotNull(policy, "policy"));
  return IsJson(policy) ? ParseTransmissionWindowPolicy(policy)
                        : NamedTransmissionWindowPolicy(policy);
}

absl::StatusOr<ExposureConfig> ReadConfig(const char* config) {
  TEKMATCH_RETURN_IF_ERROR(NotNull(config, "config"));
  return IsJson(config) ? ParseExposureConfig(config)
                        : NamedExposureConfig(config);
}

}  // namespace tekmatch
