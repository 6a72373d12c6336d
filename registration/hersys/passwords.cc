#include "registration/hersys/passwords.h"

#include <argon2.h>

#include <array>
#include <cstdint>
#include <optional>

#include "absl/strings/match.h"
#include "absl/types/span.h"
#include "keyformat/random_source.h"
#include "keyformat/status_macros.h"
#include "registration/rules/code_points.h"

namespace tekmatch {
namespace {

constexpr uint32_t kPasses = 2;
constexpr uint32_t kMemoryKib = 19 * 1024;
constexpr uint32_t kLanes = 1;
constexpr size_t kSaltBytes = 16;
constexpr size_t kTagBytes = 32;
// A character has four bytes at most. A longer text is no password, and is not
// hashed whole.
constexpr size_t kMostBytes = kMostPasswordCharacters * 4;

absl::Status NoMemory() {
  return absl::ResourceExhaustedError("no memory to hash a password");
}

}  // namespace

absl::Status CheckPassword(absl::string_view password) {
  size_t num_characters = 0;
  while (!password.empty()) {
    const std::optional<char32_t> c = TakeCodePoint(password);
    if (!c.has_value()) {
      return absl::InvalidArgumentError("a password is no UTF-8");
    }
    if (IsControl(*c)) {
      return absl::InvalidArgumentError("a password has a control character");
    }
    if (++num_characters > kMostPasswordCharacters) {
      return absl::InvalidArgumentError(
          "a password has more than 128 characters");
    }
  }
  if (num_characters < kLeastPasswordCharacters) {
    return absl::InvalidArgumentError("a password has less than 12 characters");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> HashPassword(absl::string_view password) {
  TEKMATCH_RETURN_IF_ERROR(CheckPassword(password));
  std::array<uint8_t, kSaltBytes> salt;
  RandomSource::FromSystem().Fill(absl::MakeSpan(salt));
  std::string hash(argon2_encodedlen(kPasses, kMemoryKib, kLanes, kSaltBytes,
                                     kTagBytes, Argon2_id),
                   '\0');
  if (argon2id_hash_encoded(kPasses, kMemoryKib, kLanes, password.data(),
                            password.size(), salt.data(), salt.size(),
                            kTagBytes, hash.data(), hash.size()) != ARGON2_OK) {
    return NoMemory();
  }
  hash.resize(hash.find('\0'));
  return hash;
}

absl::StatusOr<bool> VerifyPassword(absl::string_view password,
                                    const std::string& hash) {
  if (!absl::StartsWith(hash, "$argon2id$")) {
    return absl::DataLossError("an operator's password has no Argon2id hash");
  }
  const absl::string_view hashed = password.substr(0, kMostBytes);
  const int result =
      argon2id_verify(hash.c_str(), hashed.data(), hashed.size());
  if (result == ARGON2_OK) return hashed.size() == password.size();
  if (result == ARGON2_VERIFY_MISMATCH) return false;
  if (result == ARGON2_MEMORY_ALLOCATION_ERROR) return NoMemory();
  return absl::DataLossError("the hash of an operator's password is damaged");
}

}  // namespace tekmatch
