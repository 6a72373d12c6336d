// Any bytes as a certificate, in DER, against BoringSSL's own reader of them:
// where that takes one, and it is DER, its key is the one that is found, in
// each form that the certificate may come in. And where a key is found, the
// file has its bytes.
//
// Plan: what is DER and what key BoringSSL finds; then the forms of a file.
#include <openssl/bio.h>
#include <openssl/bytestring.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "keyformat/public_key_forms.h"
#include "tests/fuzz/fuzz_bytes.h"

namespace tekmatch {
namespace {

// Whether all of it is DER, as far as tags and lengths go. BoringSSL's reader
// takes sequences whose tag does not say that they are made of elements.
bool IsStrict(CBS rest, int depth) {
  constexpr int kMaxDepth = 32;
  constexpr unsigned kSequence = 16;
  constexpr unsigned kSet = 17;
  while (CBS_len(&rest) > 0) {
    CBS element;
    unsigned tag = 0;
    size_t header_bytes = 0;
    if (depth > kMaxDepth ||
        !CBS_get_any_asn1_element(&rest, &element, &tag, &header_bytes)) {
      return false;
    }
    const bool is_constructed = (tag & CBS_ASN1_CONSTRUCTED) != 0;
    const unsigned number = tag & CBS_ASN1_TAG_NUMBER_MASK;
    if ((tag & CBS_ASN1_CLASS_MASK) == 0 &&
        is_constructed != (number == kSequence || number == kSet)) {
      return false;
    }
    if (is_constructed &&
        (!CBS_skip(&element, header_bytes) || !IsStrict(element, depth + 1))) {
      return false;
    }
  }
  return true;
}

// The DER of the key in a certificate, which fills `der`; empty: it is none.
std::string KeyByBoringSsl(absl::string_view der) {
  const auto* const begin = reinterpret_cast<const uint8_t*>(der.data());
  const uint8_t* at = begin;
  const bssl::UniquePtr<X509> certificate(
      d2i_X509(nullptr, &at, static_cast<long>(der.size())));  // NOLINT
  ERR_clear_error();
  if (certificate == nullptr || at != begin + der.size()) return "";
  uint8_t* info = nullptr;
  const int size =
      i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.get()), &info);
  Require(size > 0);
  std::string key(reinterpret_cast<const char*>(info),
                  static_cast<size_t>(size));
  OPENSSL_free(info);
  return key;
}

std::string Pem(absl::string_view label, absl::string_view der) {
  const bssl::UniquePtr<BIO> bio(BIO_new(BIO_s_mem()));
  const std::string name(label);
  Require(PEM_write_bio(bio.get(), name.c_str(), "",
                        reinterpret_cast<const uint8_t*>(der.data()),
                        static_cast<long>(der.size())) > 0);  // NOLINT
  const uint8_t* text = nullptr;
  size_t size = 0;
  Require(BIO_mem_contents(bio.get(), &text, &size) == 1);
  return std::string(reinterpret_cast<const char*>(text), size);
}

}  // namespace
}  // namespace tekmatch

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tekmatch;  // NOLINT(google-build-using-namespace)
  const absl::string_view der(reinterpret_cast<const char*>(data), size);
  const std::string key = KeyByBoringSsl(der);
  // Other beginnings are texts: public_key_fuzz has them.
  if (size == 0 || data[0] != 0x30) return 0;
  // A DER may have the words of a PEM in it, and is read as one then.
  if (absl::StrContains(der, "-----BEGIN ")) return 0;
  const auto found = FindPublicKeyInfo(der);
  CBS whole;
  CBS_init(&whole, data, size);
  if (!key.empty() && IsStrict(whole, 0)) {
    Require(found.ok() && *found == key);
  }
  if (!found.ok()) {
    Require(!found.status().message().empty());
    return 0;
  }
  Require(absl::StrContains(der, *found));
  // In its other forms it has the same key.
  const bool is_certificate = *found != der;
  const auto in_pem = FindPublicKeyInfo(
      Pem(is_certificate ? "CERTIFICATE" : "PUBLIC KEY", der));
  Require(in_pem.ok() && *in_pem == *found);
  const auto in_base64 = FindPublicKeyInfo(absl::Base64Escape(der));
  Require(in_base64.ok() && *in_base64 == *found);
  // Beside its key alone it is one key.
  const auto beside = FindPublicKeyInfo(
      absl::StrCat(Pem("CERTIFICATE", der), "Key of the above:\r\n",
                   Pem("PUBLIC KEY", *found)));
  Require(beside.ok() && *beside == *found);
  return 0;
}
