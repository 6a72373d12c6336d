// Keys for ECDSA over P-256, the one curve of export signatures: public ones in
// the forms in which they are published, private ones from PEM.
#ifndef TEKMATCH_KEYFORMAT_P256_KEY_H_
#define TEKMATCH_KEYFORMAT_P256_KEY_H_

#include <openssl/base.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace tekmatch {

// A public key on P-256. Cheap to copy.
class VerificationKey {
 public:
  // From a file's bytes, in any form of public_key_forms.h. INVALID_ARGUMENT
  // when they hold no public key, or one of another curve or kind, which the
  // message names. RESOURCE_EXHAUSTED: there was no memory to read it.
  static absl::StatusOr<VerificationKey> Parse(absl::string_view file);

  // Whether `der` (X9.62 DER) is this key's signature of `digest`. Throws
  // std::bad_alloc, as all that allocates, where BoringSSL has no memory to
  // say: a right signature must not be called wrong for that.
  bool Verify(absl::Span<const uint8_t> digest, absl::string_view der) const;

 private:
  explicit VerificationKey(bssl::UniquePtr<EC_KEY> key);
  std::shared_ptr<const EC_KEY> key_;
};

// Whether the bytes are DER of two numbers that are not negative, as a
// signature of whatever key is. Allocates nothing.
bool IsDerSignature(absl::string_view bytes);

// A private key on P-256. Cheap to copy.
class SigningKey {
 public:
  // From PEM (SEC 1 or PKCS #8, not encrypted), after a byte order mark or
  // without. INVALID_ARGUMENT when it holds no private key on P-256,
  // RESOURCE_EXHAUSTED when there was no memory to read it.
  static absl::StatusOr<SigningKey> FromPem(absl::string_view pem);
  // A new random key. RESOURCE_EXHAUSTED: BoringSSL had no memory.
  static absl::StatusOr<SigningKey> Generate();

  absl::StatusOr<std::string> PrivatePem() const;  // PKCS #8
  absl::StatusOr<std::string> PublicPem() const;   // SubjectPublicKeyInfo

  // DER signature of a digest. RESOURCE_EXHAUSTED likewise. BoringSSL mixes
  // fresh randomness into every signature: no two are alike.
  absl::StatusOr<std::string> Sign(absl::Span<const uint8_t> digest) const;

 private:
  explicit SigningKey(bssl::UniquePtr<EVP_PKEY> key);
  std::shared_ptr<EVP_PKEY> key_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_P256_KEY_H_
