// Any bytes as the JSON of a policy or a configuration: an answer, and one that
// keeps the rules of its own.
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "matcher/exposure/exposure_config.h"
#include "matcher/exposure/exposure_config_json.h"
#include "matcher/exposure/transmission_window.h"
#include "matcher/exposure/transmission_window_json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const auto policy = tekmatch::ParseTransmissionWindowPolicy(text);
  if (policy.ok() && !tekmatch::Validate(*policy).ok()) __builtin_trap();
  const auto config = tekmatch::ParseExposureConfig(text);
  if (config.ok() && !tekmatch::Validate(*config).ok()) __builtin_trap();
  return 0;
}
