// The hashes that the roles name things by.
#ifndef TEKMATCH_REGISTRATION_SERVICE_DIGESTS_H_
#define TEKMATCH_REGISTRATION_SERVICE_DIGESTS_H_

#include <array>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tekmatch {

using Digest = std::array<uint8_t, 32>;

Digest Sha256(absl::string_view bytes);
// RESOURCE_EXHAUSTED: no memory.
absl::StatusOr<Digest> HmacSha256(absl::string_view key,
                                  absl::string_view bytes);

// Takes as long for equal texts as for others of that length.
bool IsEqualInConstantTime(absl::string_view a, absl::string_view b);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_SERVICE_DIGESTS_H_
