// Plan: a signature is judged by its form, then by each trusted key that it
// names; the furthest outcome of a list gives the verdict where no set is
// complete.
#include "keyformat/signature.h"

#include <google/protobuf/arena.h>

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "keyformat/export.pb.h"

namespace tekmatch {
namespace {

// Ten keys may sign a file; beyond this many a list is an attack on our time.
constexpr int kMaxSignatures = 64;
constexpr size_t kRawSignatureBytes = 64;

// What can be said of a signature without any key.
std::optional<SignatureOutcome> FormDefect(const ExportSignature& signature) {
  if (!ParseSignatureAlgorithm(signature.info.algorithm).has_value()) {
    return SignatureOutcome::kUnknownAlgorithm;
  }
  if (IsDerSignature(signature.signature)) return std::nullopt;
  return signature.signature.size() == kRawSignatureBytes
             ? SignatureOutcome::kRawSignature
             : SignatureOutcome::kMalformedSignature;
}

bool Verifies(const ExportSignature& signature, const ExportDigests& digests,
              const VerificationKey& key) {
  const auto algorithm = ParseSignatureAlgorithm(signature.info.algorithm);
  if (!algorithm.has_value()) return false;
  return *algorithm == SignatureAlgorithm::kEcdsaP256Sha512
             ? key.Verify(digests.sha512, signature.signature)
             : key.Verify(digests.sha256, signature.signature);
}

// How far a signature got; the furthest of a list gives the verdict.
int Rank(SignatureOutcome outcome) {
  switch (outcome) {
    case SignatureOutcome::kVerified:
      return 5;
    case SignatureOutcome::kWrongSignature:
    case SignatureOutcome::kNotTried:  // others were, and are wrong
      return 4;
    case SignatureOutcome::kNoTrustedKey:
      return 3;
    case SignatureOutcome::kRawSignature:
      return 2;
    case SignatureOutcome::kMalformedSignature:
      return 1;
    case SignatureOutcome::kUnknownAlgorithm:
      return 0;
  }
  return 0;
}

// Where no set is complete.
SignatureVerdict VerdictOf(SignatureOutcome best) {
  switch (best) {
    case SignatureOutcome::kVerified:
      return SignatureVerdict::kIncompleteSet;
    case SignatureOutcome::kNoTrustedKey:
      return SignatureVerdict::kNoTrustedKey;
    case SignatureOutcome::kWrongSignature:
    case SignatureOutcome::kNotTried:
      return SignatureVerdict::kWrongSignature;
    case SignatureOutcome::kUnknownAlgorithm:
      return SignatureVerdict::kUnknownAlgorithm;
    case SignatureOutcome::kRawSignature:
      return SignatureVerdict::kRawSignature;
    case SignatureOutcome::kMalformedSignature:
      return SignatureVerdict::kMalformedSignature;
  }
  return SignatureVerdict::kMalformedSignature;
}

// Tries the signatures that name a key, and notes what became of them. Whether
// the key made one.
bool TryAll(const std::vector<ExportSignature>& signatures,
            const ExportDigests& digests, const TrustedKey& key,
            SignatureReport& report) {
  bool signed_by_key = false;
  // By algorithm and signature: what a list repeats is verified once, since
  // ECDSA is what costs here.
  std::map<std::pair<absl::string_view, absl::string_view>, bool> tried;
  for (size_t i = 0; i < signatures.size(); ++i) {
    const ExportSignature& signature = signatures[i];
    SignatureOutcome& outcome = report.outcomes[i];
    if (FormDefect(signature).has_value() || !key.Names(signature.info)) {
      continue;
    }
    const auto [result, is_new] =
        tried.try_emplace({signature.info.algorithm, signature.signature});
    // Beyond the limit no more are tried with this key, and what a key before
    // has said of the signature stays.
    if (is_new && tried.size() > kMaxTriedSignatures) {
      tried.erase(result);
      if (outcome == SignatureOutcome::kNoTrustedKey) {
        outcome = SignatureOutcome::kNotTried;
      }
      continue;
    }
    if (is_new) {
      ++report.num_tried;
      result->second = Verifies(signature, digests, key.key);
    }
    if (result->second) {
      outcome = SignatureOutcome::kVerified;
      signed_by_key = true;
    } else if (outcome != SignatureOutcome::kVerified) {
      outcome = SignatureOutcome::kWrongSignature;
    }
  }
  return signed_by_key;
}

void AppendOnce(std::string name, std::vector<std::string>& names) {
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    names.push_back(std::move(name));
  }
}

}  // namespace

std::optional<SignatureAlgorithm> ParseSignatureAlgorithm(
    absl::string_view text) {
  // Files of May 2020 have the name in place of the object identifier.
  if (text == kOidEcdsaSha256 ||
      absl::EqualsIgnoreCase(text, "ECDSA p-256 SHA-256")) {
    return SignatureAlgorithm::kEcdsaP256Sha256;
  }
  if (text == kOidEcdsaSha512) return SignatureAlgorithm::kEcdsaP256Sha512;
  return std::nullopt;
}

std::string TrustedKey::Name() const {
  if (version.has_value()) return absl::StrCat(id, ":", *version);
  return id.empty() ? "(no key id)" : id;
}

bool TrustedKey::Names(const SignatureInfo& info) const {
  return id == info.key_id &&
         (!version.has_value() || *version == info.key_version);
}

absl::Status TrustedKeys::AddSet(std::vector<TrustedKey> set) {
  if (set.empty()) {
    return absl::InvalidArgumentError("a set of trusted keys is empty");
  }
  sets_.push_back(std::move(set));
  return absl::OkStatus();
}

absl::string_view SignatureVerdictName(SignatureVerdict verdict) {
  switch (verdict) {
    case SignatureVerdict::kValid:
      return "valid";
    case SignatureVerdict::kNoSignatureEntry:
      return "no_signature_entry";
    case SignatureVerdict::kEmptySignatureList:
      return "empty_signature_list";
    case SignatureVerdict::kMalformedSignatureList:
      return "malformed_signature_list";
    case SignatureVerdict::kIncompleteSet:
      return "incomplete_set";
    case SignatureVerdict::kWrongSignature:
      return "wrong_signature";
    case SignatureVerdict::kNoTrustedKey:
      return "no_trusted_key";
    case SignatureVerdict::kUnknownAlgorithm:
      return "unknown_algorithm";
    case SignatureVerdict::kRawSignature:
      return "raw_signature";
    case SignatureVerdict::kMalformedSignature:
      return "malformed_signature";
  }
  return "";
}

bool IsUnsigned(SignatureVerdict verdict) {
  return verdict == SignatureVerdict::kNoSignatureEntry ||
         verdict == SignatureVerdict::kEmptySignatureList;
}

absl::StatusOr<std::vector<ExportSignature>> ParseSignatureList(
    absl::string_view bytes) {
  // Without memory a message leaks what it was about to take; an arena has it.
  google::protobuf::Arena arena;
  wire::TEKSignatureList& list =
      *google::protobuf::Arena::CreateMessage<wire::TEKSignatureList>(&arena);
  if (!list.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::DataLossError("is damaged");
  }
  if (list.signatures_size() > kMaxSignatures) {
    return absl::DataLossError(absl::StrCat("lists ", list.signatures_size(),
                                            " signatures, at most ",
                                            kMaxSignatures, " are read"));
  }
  std::vector<ExportSignature> signatures;
  signatures.reserve(static_cast<size_t>(list.signatures_size()));
  for (const wire::TEKSignature& s : list.signatures()) {
    signatures.push_back({.info = SignatureInfoFromWire(s.signature_info()),
                          .signature = s.signature()});
  }
  return signatures;
}

SignatureReport CheckSignatures(const std::vector<ExportSignature>& signatures,
                                const ExportDigests& digests,
                                const TrustedKeys& trusted) {
  SignatureReport report;
  if (signatures.empty()) {
    report.verdict = SignatureVerdict::kEmptySignatureList;
    return report;
  }
  for (const ExportSignature& signature : signatures) {
    report.outcomes.push_back(
        FormDefect(signature).value_or(SignatureOutcome::kNoTrustedKey));
  }

  // All sets, also after a complete one: the report names everybody who signed.
  bool any_set_complete = false;
  for (const std::vector<TrustedKey>& set : trusted.sets()) {
    bool complete = true;
    for (const TrustedKey& member : set) {
      if (TryAll(signatures, digests, member, report)) {
        AppendOnce(member.Name(), report.signed_by);
        AppendOnce(member.id, report.signer_ids);
      } else {
        complete = false;
      }
    }
    any_set_complete = any_set_complete || complete;
  }

  report.verdict = any_set_complete
                       ? SignatureVerdict::kValid
                       : VerdictOf(*std::max_element(
                             report.outcomes.begin(), report.outcomes.end(),
                             [](SignatureOutcome a, SignatureOutcome b) {
                               return Rank(a) < Rank(b);
                             }));
  return report;
}

}  // namespace tekmatch
