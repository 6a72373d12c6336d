// Signatures of an export: who signed it, and whether that is somebody trusted.
//
// A server signs the SHA-256 (or SHA-512) digest of the whole export.bin, its
// header included, with ECDSA over P-256 and stores the X9.62 DER form in
// export.sig, one TEKSignature for each key it signs with.
//
// Source: "Exposure Key export file format and verification"; choice of keys
// as in google/exposure-notifications-internals SignatureVerifier.java.
#ifndef TEKMATCH_KEYFORMAT_SIGNATURE_H_
#define TEKMATCH_KEYFORMAT_SIGNATURE_H_

#include <openssl/sha.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "keyformat/key_decoder.h"
#include "keyformat/p256_key.h"
#include "keyformat/signature_info.h"

namespace tekmatch {

enum class SignatureAlgorithm : uint8_t { kEcdsaP256Sha256, kEcdsaP256Sha512 };

inline constexpr absl::string_view kOidEcdsaSha256 = "1.2.840.10045.4.3.2";
inline constexpr absl::string_view kOidEcdsaSha512 = "1.2.840.10045.4.3.4";

// By OID, or by the text "ECDSA p-256 SHA-256" that files of May 2020 carry.
std::optional<SignatureAlgorithm> ParseSignatureAlgorithm(
    absl::string_view text);

// A key together with the name under which signatures refer to it.
struct TrustedKey {
  std::string id;  // empty: trusts signatures that name no key id
  std::optional<std::string> version;  // absent: any version of that id
  VerificationKey key;

  // "id:version", or "id" where any version will do: as the user wrote it.
  // "(no key id)" where both are empty.
  std::string Name() const;
  bool Names(const SignatureInfo& info) const;
};

// Whom to believe. A file is valid when every key of any one set signed it.
class TrustedKeys {
 public:
  // INVALID_ARGUMENT for an empty set, which any file would satisfy.
  absl::Status AddSet(std::vector<TrustedKey> set);

  const std::vector<std::vector<TrustedKey>>& sets() const { return sets_; }

 private:
  std::vector<std::vector<TrustedKey>> sets_;
};

using Sha256Digest = std::array<uint8_t, SHA256_DIGEST_LENGTH>;

// Digests of export.bin, header included.
struct ExportDigests {
  Sha256Digest sha256{};
  std::array<uint8_t, SHA512_DIGEST_LENGTH> sha512{};
};

// One entry of export.sig.
struct ExportSignature {
  SignatureInfo info;
  std::string signature;
};

// What became of one signature.
enum class SignatureOutcome : uint8_t {
  kVerified,
  kNoTrustedKey,        // sound in form, but names no key that is trusted
  kWrongSignature,      // the trusted key of that name did not make it
  kUnknownAlgorithm,    // neither OID nor text is known
  kRawSignature,        // 64 bytes r || s instead of DER
  kMalformedSignature,  // neither DER nor raw
  kNotTried,            // names a trusted key, as too many before it do
};

// What the signatures say of a file. Only kValid is good.
enum class SignatureVerdict : uint8_t {
  kValid,                   // a trusted set is complete
  kNoSignatureEntry,        // no export.sig (or a bare export.bin)
  kEmptySignatureList,      // export.sig lists nothing
  kMalformedSignatureList,  // export.sig is not what it has to be
  kIncompleteSet,  // some signers of a trusted set verified, others lack
  // None verified; the outcome of the most promising signature:
  kWrongSignature,
  kNoTrustedKey,
  kUnknownAlgorithm,
  kRawSignature,
  kMalformedSignature,
};
inline constexpr int kNumSignatureVerdicts = 10;
// Stable names, for reports: "valid", "no_signature_entry" and so on.
absl::string_view SignatureVerdictName(SignatureVerdict verdict);
// Whether the file carries no signature at all, which a caller may allow.
bool IsUnsigned(SignatureVerdict verdict);

struct SignatureReport {
  SignatureVerdict verdict = SignatureVerdict::kNoSignatureEntry;
  std::vector<SignatureOutcome> outcomes;  // of each signature, in file order
  uint64_t num_tried = 0;  // pairs of a trusted key and a signature
  // Name() of each trusted key that made one of the signatures, each once, in
  // the order of the sets. Nothing that the file says of itself: no signature
  // covers export.sig.
  std::vector<std::string> signed_by;
  // Their ids, each once: the authorities.
  std::vector<std::string> signer_ids;
};

// Parses export.sig. DATA_LOSS when it is no TEKSignatureList, or lists more
// than 64: "is damaged", "lists 65 signatures, at most 64 are read".
absl::StatusOr<std::vector<ExportSignature>> ParseSignatureList(
    absl::string_view bytes);

// Of one trusted key at most so many different signatures are tried, the first
// ones of the list that name it. Ten keys may sign a file; a list of 64 that
// all name one key would take the time of 64 files.
inline constexpr int kMaxTriedSignatures = 10;

// Judges the signatures, of an export.sig that was there, of a file with these
// digests. Copies of a signature are tried once.
SignatureReport CheckSignatures(const std::vector<ExportSignature>& signatures,
                                const ExportDigests& digests,
                                const TrustedKeys& trusted);

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_SIGNATURE_H_
