// The values of --policy and --config: a name that is built in, or a JSON file.
//
// What has a slash in it or ends with ".json" is a file, and "-" is stdin.
#ifndef TEKMATCH_TOOLS_COMMANDS_CONFIG_FLAG_H_
#define TEKMATCH_TOOLS_COMMANDS_CONFIG_FLAG_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "matcher/exposure/exposure_config.h"
#include "matcher/exposure/transmission_window.h"

namespace tekmatch {

// INVALID_ARGUMENT: no such name. DATA_LOSS: the file is not such a JSON
// object ("path: days_before: not an integer in 0..14"). Other codes: the
// system's.
absl::StatusOr<TransmissionWindowPolicy> LoadWindowPolicy(
    const std::string& value);
absl::StatusOr<ExposureConfig> LoadExposureConfig(const std::string& value);

// The path of the file that such a value names; empty for a name.
std::string ConfigPath(const std::string& value);

// The zone of a policy's local dates where none is given: Asia/Tokyo for the
// policies of COCOA, UTC for others.
std::string DefaultTimeZone(const TransmissionWindowPolicy& window_policy);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_COMMANDS_CONFIG_FLAG_H_
