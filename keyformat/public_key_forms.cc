// Plan: by its first bytes a file is DER, PEM or base64 of DER; each leads to
// the DER of a SubjectPublicKeyInfo or of a certificate, which are told apart
// from each other and from private keys by their outermost elements.
#include "keyformat/public_key_forms.h"

#include <openssl/bio.h>
#include <openssl/bytestring.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/pem.h>

#include <algorithm>
#include <cstdint>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "keyformat/boringssl_errors.h"

namespace tekmatch {
namespace {

// Editors of Windows put it in front of text.
constexpr absl::string_view kUtf8Mark = "\xEF\xBB\xBF";

absl::Status NoKey() {
  return absl::InvalidArgumentError(
      "no public key: neither PEM nor DER nor base64 of one, or of an X.509 "
      "certificate");
}

absl::Status IsPrivate() {
  return absl::InvalidArgumentError(
      "a private key; give the public key (openssl pkey -in FILE -pubout)");
}

CBS Bytes(absl::string_view bytes) {
  CBS cbs;
  CBS_init(&cbs, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  return cbs;
}

// SubjectPublicKeyInfo ::= SEQUENCE { SEQUENCE { OID, ... }, BIT STRING }
// Its shape alone: BoringSSL's parser refuses curves that it does not have, and
// DescribePublicKey is to name those, too.
bool IsPublicKeyInfo(absl::string_view der) {
  CBS rest = Bytes(der);
  CBS info;
  CBS algorithm;
  return CBS_get_asn1(&rest, &info, CBS_ASN1_SEQUENCE) && CBS_len(&rest) == 0 &&
         CBS_get_asn1(&info, &algorithm, CBS_ASN1_SEQUENCE) &&
         CBS_peek_asn1_tag(&algorithm, CBS_ASN1_OBJECT) &&
         CBS_get_asn1(&info, nullptr, CBS_ASN1_BITSTRING) &&
         CBS_len(&info) == 0;
}

// PKCS #8, SEC 1 and PKCS #1 begin with a version, a small number; encrypted
// PKCS #8 is SEQUENCE { SEQUENCE { OID, ... }, OCTET STRING }.
bool IsPrivateKey(absl::string_view der) {
  CBS rest = Bytes(der);
  CBS key;
  if (!CBS_get_asn1(&rest, &key, CBS_ASN1_SEQUENCE)) return false;
  uint64_t version = 0;
  CBS plain = key;
  if (CBS_get_asn1_uint64(&plain, &version) && version <= 1) return true;
  CBS algorithm;
  return CBS_get_asn1(&key, &algorithm, CBS_ASN1_SEQUENCE) &&
         CBS_peek_asn1_tag(&algorithm, CBS_ASN1_OBJECT) &&
         CBS_peek_asn1_tag(&key, CBS_ASN1_OCTETSTRING);
}

// The key of a certificate; empty if it is none, or has bytes behind it. Only
// its shape is looked at, to the key: nobody is trusted for a certificate's
// sake, and BoringSSL's reader of them is 100 KiB of an app's library.
//
//   Certificate ::= SEQUENCE { TBSCertificate, SEQUENCE, BIT STRING }
//   TBSCertificate ::= SEQUENCE { [0] version OPTIONAL, serial INTEGER,
//       signature SEQUENCE, issuer SEQUENCE, validity SEQUENCE,
//       subject SEQUENCE, SubjectPublicKeyInfo, ... }
//
// Source: RFC 5280, 4.1.
std::string KeyInfoOfCertificate(absl::string_view der) {
  constexpr unsigned kVersion =
      CBS_ASN1_CONSTRUCTED | CBS_ASN1_CONTEXT_SPECIFIC | 0;
  CBS rest = Bytes(der);
  CBS certificate;
  CBS to_be_signed;
  CBS info;
  if (!CBS_get_asn1(&rest, &certificate, CBS_ASN1_SEQUENCE) ||
      CBS_len(&rest) != 0 ||
      !CBS_get_asn1(&certificate, &to_be_signed, CBS_ASN1_SEQUENCE) ||
      !CBS_get_asn1(&certificate, nullptr, CBS_ASN1_SEQUENCE) ||
      !CBS_get_asn1(&certificate, nullptr, CBS_ASN1_BITSTRING) ||
      CBS_len(&certificate) != 0 ||
      !CBS_get_optional_asn1(&to_be_signed, nullptr, nullptr, kVersion) ||
      !CBS_get_asn1(&to_be_signed, nullptr, CBS_ASN1_INTEGER) ||
      !CBS_get_asn1(&to_be_signed, nullptr, CBS_ASN1_SEQUENCE) ||
      !CBS_get_asn1(&to_be_signed, nullptr, CBS_ASN1_SEQUENCE) ||
      !CBS_get_asn1(&to_be_signed, nullptr, CBS_ASN1_SEQUENCE) ||
      !CBS_get_asn1(&to_be_signed, nullptr, CBS_ASN1_SEQUENCE) ||
      !CBS_get_asn1_element(&to_be_signed, &info, CBS_ASN1_SEQUENCE)) {
    return std::string();
  }
  const std::string found(reinterpret_cast<const char*>(CBS_data(&info)),
                          CBS_len(&info));
  return IsPublicKeyInfo(found) ? found : std::string();
}

absl::StatusOr<std::string> FromDer(absl::string_view der) {
  if (IsPublicKeyInfo(der)) return std::string(der);
  if (IsPrivateKey(der)) return IsPrivate();
  std::string info = KeyInfoOfCertificate(der);
  if (info.empty()) return NoKey();
  return info;
}

absl::StatusOr<std::string> FromPem(absl::string_view text) {
  // Also where such a block is cut: it was meant to be one.
  if (absl::StrContains(text, "PRIVATE KEY-----")) return IsPrivate();
  ERR_clear_error();
  const bssl::UniquePtr<BIO> bio(
      BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (bio == nullptr) {
    ERR_clear_error();
    return NoMemoryToReadAKey();
  }
  // A set: an authority may publish a certificate and, beside it, its key.
  std::set<std::string> keys;
  while (true) {
    char* name = nullptr;
    char* header = nullptr;
    uint8_t* data = nullptr;
    long size = 0;  // NOLINT: as BoringSSL has it
    if (!PEM_read_bio(bio.get(), &name, &header, &data, &size)) break;
    const absl::string_view label = name;
    const absl::string_view der(reinterpret_cast<const char*>(data),
                                static_cast<size_t>(size));
    const bool plain = *header == '\0';  // else encrypted
    // Blocks with other labels, such as EC PARAMETERS, are text around the key.
    const bool known = label == "PUBLIC KEY" || label == "CERTIFICATE" ||
                       label == "X509 CERTIFICATE" || label == "RSA PUBLIC KEY";
    absl::StatusOr<std::string> key = NoKey();
    if (plain && known) key = FromDer(der);
    // PKCS #1: no SubjectPublicKeyInfo, but surely no key on P-256 either.
    if (label == "RSA PUBLIC KEY") {
      key = absl::InvalidArgumentError(
          "an RSA key; exports are signed with keys on P-256");
    }
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(data);
    if (known && !key.ok()) {
      ERR_clear_error();
      return key;
    }
    if (key.ok()) keys.insert(*std::move(key));
  }
  // There is no further block, or none that there was memory for.
  if (LackedMemory()) return NoMemoryToReadAKey();
  if (keys.empty()) return NoKey();
  if (keys.size() > 1) {
    return absl::InvalidArgumentError(
        "several keys; give each a file of its own");
  }
  return *keys.begin();
}

absl::StatusOr<std::string> FromBase64(absl::string_view text) {
  std::string packed(text);
  packed.erase(
      std::remove_if(packed.begin(), packed.end(), absl::ascii_isspace),
      packed.end());
  std::string der;
  if (packed.empty() || !absl::Base64Unescape(packed, &der)) return NoKey();
  return FromDer(der);
}

// "1.2.840.10045.2.1"; empty if it is no OID. It goes into messages, which no
// file may make long: OIDs in use have fewer bytes.
std::string TextOfOid(const CBS& oid) {
  constexpr size_t kMaxBytes = 32;
  if (CBS_len(&oid) > kMaxBytes) return "";
  char* text = CBS_asn1_oid_to_text(&oid);
  if (text == nullptr) {
    ERR_clear_error();
    return "";
  }
  std::string copy = text;
  OPENSSL_free(text);
  return copy;
}

// Those that somebody might sign with by mistake.
constexpr struct {
  absl::string_view oid;
  absl::string_view name;
} kCurves[] = {
    {"1.2.840.10045.3.1.1", "P-192"},
    {"1.3.132.0.33", "P-224"},
    {"1.2.840.10045.3.1.7", "P-256"},
    {"1.3.132.0.34", "P-384"},
    {"1.3.132.0.35", "P-521"},
    {"1.3.132.0.10", "secp256k1"},
    {"1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1"},
    {"1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1"},
    {"1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1"},
};

std::string DescribeCurve(CBS parameters) {
  CBS oid;
  if (!CBS_get_asn1(&parameters, &oid, CBS_ASN1_OBJECT)) {
    return "a key whose curve is spelt out, not named";
  }
  const std::string text = TextOfOid(oid);
  for (const auto& curve : kCurves) {
    if (text == curve.oid) return absl::StrCat("a key on ", curve.name);
  }
  return absl::StrCat("a key on the curve ", text);
}

}  // namespace

absl::string_view SkipByteOrderMark(absl::string_view text) {
  if (absl::StartsWith(text, kUtf8Mark)) text.remove_prefix(kUtf8Mark.size());
  return text;
}

absl::StatusOr<std::string> FindPublicKeyInfo(absl::string_view file) {
  constexpr char kSequence = 0x30;
  // As some editors and shells of Windows save text.
  if (absl::StartsWith(file, "\xFF\xFE") ||
      absl::StartsWith(file, "\xFE\xFF")) {
    return absl::InvalidArgumentError("text in UTF-16; save it as UTF-8");
  }
  const absl::string_view text = SkipByteOrderMark(file);
  if (absl::StrContains(text, "-----BEGIN ")) return FromPem(text);
  // A DER begins with the byte 0x30, which is an ASCII "0"; base64 of a DER
  // begins with "M".
  if (!file.empty() && file[0] == kSequence) return FromDer(file);
  return FromBase64(text);
}

std::string DescribePublicKey(absl::string_view key_info) {
  CBS rest = Bytes(key_info);
  CBS info;
  CBS algorithm;
  CBS oid;
  if (!CBS_get_asn1(&rest, &info, CBS_ASN1_SEQUENCE) ||
      !CBS_get_asn1(&info, &algorithm, CBS_ASN1_SEQUENCE) ||
      !CBS_get_asn1(&algorithm, &oid, CBS_ASN1_OBJECT)) {
    return "no public key";
  }
  const std::string text = TextOfOid(oid);
  if (text == "1.2.840.10045.2.1") return DescribeCurve(algorithm);
  if (text == "1.2.840.113549.1.1.1") return "an RSA key";
  if (text == "1.2.840.10040.4.1") return "a DSA key";
  if (text == "1.3.101.112") return "an Ed25519 key";
  return absl::StrCat("a key of the algorithm ", text);
}

}  // namespace tekmatch
