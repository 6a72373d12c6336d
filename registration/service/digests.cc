#include "registration/service/digests.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/mem.h>
#include <openssl/sha.h>

#include "absl/status/status.h"

namespace tekmatch {

Digest Sha256(absl::string_view bytes) {
  Digest digest;
  SHA256(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(),
         digest.data());
  return digest;
}

absl::StatusOr<Digest> HmacSha256(absl::string_view key,
                                  absl::string_view bytes) {
  Digest digest;
  unsigned size = 0;
  if (HMAC(EVP_sha256(), key.data(), key.size(),
           reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(),
           digest.data(), &size) == nullptr) {
    return absl::ResourceExhaustedError("no memory for an HMAC");
  }
  return digest;
}

bool IsEqualInConstantTime(absl::string_view a, absl::string_view b) {
  return a.size() == b.size() &&
         CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace tekmatch
