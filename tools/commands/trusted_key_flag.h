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
#include "keyformat/p256_key.h"
#include "keyformat/signature.h"

namespace tekmatch {

// Reads the files, in any form of keyformat/public_key_forms.h; each value is
// one set. INVALID_ARGUMENT: a value has another form. DATA_LOSS: a file holds
// no P-256 public key; other codes: the system's, for a file that cannot be
// read.
absl::StatusOr<TrustedKeys> LoadTrustedKeys(
    const std::vector<std::string>& values);

// The paths in such values; of another form, none.
std::vector<std::string> TrustedKeyPaths(
    const std::vector<std::string>& values);

// The private key of a PEM file; errors as above.
absl::StatusOr<SigningKey> LoadSigningKey(const std::string& path);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_COMMANDS_TRUSTED_KEY_FLAG_H_
