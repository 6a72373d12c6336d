// Keys for ECDSA over P-256 from files that a person names.
#ifndef TEKMATCH_TOOLS_FILES_KEY_FILE_H_
#define TEKMATCH_TOOLS_FILES_KEY_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "keyformat/p256_key.h"

namespace tekmatch {

// Both read a file (or a pipe; "-" is stdin) of at most 64 KiB, and put its
// path before every message. DATA_LOSS: it holds no such key on P-256, or is
// larger. RESOURCE_EXHAUSTED: there was no memory to read the key, about which
// nothing is known then. Other codes: the system's, for a file that cannot be
// read.

// The public key, in any form of keyformat/public_key_forms.h.
absl::StatusOr<VerificationKey> ReadVerificationKey(const std::string& path);

// The private key, PEM.
absl::StatusOr<SigningKey> ReadSigningKey(const std::string& path);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_FILES_KEY_FILE_H_
