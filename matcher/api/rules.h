// Rules that C names by a string: one that has a name, or JSON, which begins
// with "{" after white space.
#ifndef TEKMATCH_MATCHER_API_RULES_H_
#define TEKMATCH_MATCHER_API_RULES_H_

#include "absl/status/statusor.h"
#include "matcher/exposure/exposure_config.h"
#include "matcher/exposure/transmission_window.h"

namespace tekmatch {

// INVALID_ARGUMENT: neither; the message says what is wrong.
absl::StatusOr<TransmissionWindowPolicy> ReadPolicy(const char* policy);
absl::StatusOr<ExposureConfig> ReadConfig(const char* config);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_API_RULES_H_
