// The value of --trusted-key: ID[:VERSION]=FILE, or several of them joined by
// `&`, which then are needed together (one set of TrustedKeys).
//
// An empty ID trusts signatures without key id; without VERSION every version
// of the id is trusted.
#ifndef TEKMATCH_TOOLS_COMMANDS_TRUSTED_KEY_FLAG_H_
#define TEKMATCH_TOOLS_COMMANDS_TRUSTED_KEY_FLAG_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "keyformat/signature.h"

namespace tekmatch {

// Reads the files; each value is one set. INVALID_ARGUMENT: a value has another
// form. Other errors: those of a file (ReadVerificationKey, key_file.h).
absl::StatusOr<TrustedKeys> LoadTrustedKeys(
    const std::vector<std::string>& values);

// The paths in such values; of another form, none.
std::vector<std::string> TrustedKeyPaths(
    const std::vector<std::string>& values);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_COMMANDS_TRUSTED_KEY_FLAG_H_
