// Plan: a key to trust is found in its file (public_key_forms.h), a signing key
// is PEM; both have to lie on P-256.
#include "keyformat/p256_key.h"

#include <openssl/bio.h>
#include <openssl/bytestring.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/pem.h>

#include <new>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "keyformat/boringssl_errors.h"
#include "keyformat/public_key_forms.h"
#include "keyformat/status_macros.h"

namespace tekmatch {
namespace {

// What is done with a sound key fails for nothing else, and BoringSSL does not
// always say so.
absl::Status NoMemory(absl::string_view what) {
  ERR_clear_error();
  return absl::ResourceExhaustedError(
      absl::StrCat("not enough memory: ", what));
}

bssl::UniquePtr<BIO> ReadOnlyBio(absl::string_view bytes) {
  return bssl::UniquePtr<BIO>(
      BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

// BoringSSL makes a curve where it is first used and keeps it. Where there is
// no memory for that, it calls the key wrong, and does not say why. Leaves the
// queue of errors empty.
bool HasCurve() {
  const bssl::UniquePtr<EC_GROUP> group(
      EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  ERR_clear_error();
  return group != nullptr;
}

bool IsOnP256(const EVP_PKEY* key) {
  const EC_KEY* ec = EVP_PKEY_get0_EC_KEY(key);
  return ec != nullptr &&
         EC_GROUP_get_curve_name(EC_KEY_get0_group(ec)) == NID_X9_62_prime256v1;
}

// An encrypted PEM would make BoringSSL ask for a passphrase on the terminal.
int NoPassphrase(char*, int, int, void*) { return 0; }

absl::StatusOr<std::string> Contents(BIO* bio) {
  const uint8_t* data = nullptr;
  size_t size = 0;
  if (!BIO_mem_contents(bio, &data, &size)) {
    return NoMemory("PEM could not be written");
  }
  return std::string(reinterpret_cast<const char*>(data), size);
}

}  // namespace

VerificationKey::VerificationKey(bssl::UniquePtr<EC_KEY> key)
    : key_(std::move(key)) {}

absl::StatusOr<VerificationKey> VerificationKey::Parse(absl::string_view file) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::string info, FindPublicKeyInfo(file));
  CBS bytes;
  CBS_init(&bytes, reinterpret_cast<const uint8_t*>(info.data()), info.size());
  if (!HasCurve()) return NoMemoryToReadAKey();
  const bssl::UniquePtr<EVP_PKEY> key(EVP_parse_public_key(&bytes));
  if (key == nullptr && LackedMemory()) return NoMemoryToReadAKey();
  if (key == nullptr || !IsOnP256(key.get())) {
    const std::string what = DescribePublicKey(info);
    return absl::InvalidArgumentError(
        what == "a key on P-256"
            ? "a damaged key on P-256"
            : absl::StrCat(what, "; exports are signed with keys on P-256"));
  }
  return VerificationKey(
      bssl::UniquePtr<EC_KEY>(EVP_PKEY_get1_EC_KEY(key.get())));
}

bool VerificationKey::Verify(absl::Span<const uint8_t> digest,
                             absl::string_view der) const {
  if (!IsDerSignature(der)) return false;
  const bssl::UniquePtr<ECDSA_SIG> signature(ECDSA_SIG_from_bytes(
      reinterpret_cast<const uint8_t*>(der.data()), der.size()));
  // Its form is right. BoringSSL gives the same reason for a lack of memory as
  // for a wrong form.
  if (signature == nullptr) {
    ERR_clear_error();
    // As operator new: a program's handler may end it with a sentence.
    if (const std::new_handler handler = std::get_new_handler()) handler();
    throw std::bad_alloc();
  }
  const int result = ECDSA_do_verify(digest.data(), digest.size(),
                                     signature.get(), key_.get());
  // Nobody asks BoringSSL's queue; what is left in it would go with the thread.
  ERR_clear_error();
  return result == 1;
}

bool IsDerSignature(absl::string_view bytes) {
  CBS all;
  CBS sequence;
  CBS_init(&all, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  if (!CBS_get_asn1(&all, &sequence, CBS_ASN1_SEQUENCE) || CBS_len(&all) != 0) {
    return false;
  }
  for (int i = 0; i < 2; ++i) {
    CBS number;
    if (!CBS_get_asn1(&sequence, &number, CBS_ASN1_INTEGER) ||
        !CBS_is_unsigned_asn1_integer(&number)) {
      return false;
    }
  }
  return CBS_len(&sequence) == 0;
}

SigningKey::SigningKey(bssl::UniquePtr<EVP_PKEY> key) : key_(std::move(key)) {}

absl::StatusOr<SigningKey> SigningKey::FromPem(absl::string_view pem) {
  if (!HasCurve()) return NoMemoryToReadAKey();
  const bssl::UniquePtr<BIO> bio = ReadOnlyBio(SkipByteOrderMark(pem));
  bssl::UniquePtr<EVP_PKEY> key(
      bio == nullptr
          ? nullptr
          : PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  if (key == nullptr && LackedMemory()) return NoMemoryToReadAKey();
  if (key == nullptr || !IsOnP256(key.get())) {
    return absl::InvalidArgumentError(
        "not a PEM private key on P-256 (without passphrase)");
  }
  return SigningKey(std::move(key));
}

absl::StatusOr<SigningKey> SigningKey::Generate() {
  bssl::UniquePtr<EC_KEY> ec(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  if (ec == nullptr || key == nullptr || !EC_KEY_generate_key(ec.get()) ||
      !EVP_PKEY_set1_EC_KEY(key.get(), ec.get())) {
    return NoMemory("a P-256 key could not be generated");
  }
  return SigningKey(std::move(key));
}

absl::StatusOr<std::string> SigningKey::PrivatePem() const {
  const bssl::UniquePtr<BIO> bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr ||
      !PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0,
                                     nullptr, nullptr)) {
    return NoMemory("PEM could not be written");
  }
  return Contents(bio.get());
}

absl::StatusOr<std::string> SigningKey::PublicPem() const {
  const bssl::UniquePtr<BIO> bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || !PEM_write_bio_PUBKEY(bio.get(), key_.get())) {
    return NoMemory("PEM could not be written");
  }
  return Contents(bio.get());
}

absl::StatusOr<std::string> SigningKey::Sign(
    absl::Span<const uint8_t> digest) const {
  const EC_KEY* ec = EVP_PKEY_get0_EC_KEY(key_.get());
  std::string der(ECDSA_size(ec), '\0');
  unsigned int size = 0;
  if (!ECDSA_sign(/*type=*/0, digest.data(), digest.size(),
                  reinterpret_cast<uint8_t*>(der.data()), &size, ec)) {
    return NoMemory("signing failed");
  }
  der.resize(size);
  return der;
}

}  // namespace tekmatch
