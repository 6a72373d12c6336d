// Passwords of operators: kept as Argon2id hashes, and nothing else of them.
//
// Argon2id, version 19, with 19 MiB, 2 passes, 1 lane; a salt of 16 random
// bytes and a tag of 32 (some 30 ms). A hash is Argon2's own text, which has
// its parameters in it, so that they can be raised later:
//   $argon2id$v=19$m=19456,t=2,p=1$<salt>$<tag>
//
// A password has 12 to 128 characters, whatever they are but control
// characters; nothing is cut off, and nothing has to be in it.
//
// It stands over libargon2, which passwords.cc alone knows.
//
// Source: RFC 9106, sections 3.1 and 4 (lengths); OWASP Password Storage Cheat
// Sheet (m=19456, t=2, p=1); NIST SP 800-63B, 5.1.1 (length, no rules of
// composition).
#ifndef TEKMATCH_REGISTRATION_HERSYS_PASSWORDS_H_
#define TEKMATCH_REGISTRATION_HERSYS_PASSWORDS_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tekmatch {

inline constexpr size_t kLeastPasswordCharacters = 12;
inline constexpr size_t kMostPasswordCharacters = 128;

// INVALID_ARGUMENT: too short, too long, no UTF-8, or with a control character.
absl::Status CheckPassword(absl::string_view password);

// CheckPassword's error; RESOURCE_EXHAUSTED: no memory.
absl::StatusOr<std::string> HashPassword(absl::string_view password);

// Whether the hash is of this password. What no password can be is hashed as
// well, so that it takes as long. RESOURCE_EXHAUSTED: no memory. DATA_LOSS: it
// is no hash of HashPassword's kind.
absl::StatusOr<bool> VerifyPassword(absl::string_view password,
                                    const std::string& hash);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_HERSYS_PASSWORDS_H_
