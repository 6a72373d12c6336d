// Diagnosis keys as JSON lines, one object a key:
//
//   {"tek":"<32 hex digits>","rolling_start":2653344,"rolling_period":144,
//    "transmission_risk":0..8,"report_type":"confirmed_test",
//    "days_since_onset":-14..14,"variant_of_concern":0..255,"revised":true}
//
// tek and rolling_start (at least 1) are required, rolling_period is 144 if
// absent, and other absent members stay absent. Unknown members are refused: a
// misspelt one would silently change a key.
#ifndef TEKMATCH_TOOLS_COMMANDS_KEY_LINES_H_
#define TEKMATCH_TOOLS_COMMANDS_KEY_LINES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/join/own_keys.h"

namespace tekmatch {

// DATA_LOSS: "path:12: member: reason". Other codes: the system's.
absl::StatusOr<std::vector<DiagnosisKey>> ReadKeyLines(const std::string& path);

// The same for keys that are to be published: a key that stands on several
// lines counts once. DATA_LOSS, too, where such lines say different things of
// it.
absl::StatusOr<std::vector<DiagnosisKey>> ReadKeysToPublish(
    const std::string& path);

// The TEKs alone, of the same files; other members may be there or not. A
// member `device` (0..4294967295) says whose own key it is; without it a key is
// own to all devices. Or those of a phone with microG, out of its database
// (sightings_microg.h): they name no device.
absl::StatusOr<OwnKeys> ReadOwnKeys(const std::string& path);

// One line, with its line end.
std::string KeyLine(const DiagnosisKey& key);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_COMMANDS_KEY_LINES_H_
