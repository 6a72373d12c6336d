// Any bytes as export.sig, of a file whose digests nobody signed: an answer,
// within the limits of signature.h, and never "valid".
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "keyformat/p256_key.h"
#include "keyformat/signature.h"

namespace {

// Trusts one key, under each name that the corpus uses.
const tekmatch::TrustedKeys& Trusted() {
  static const tekmatch::TrustedKeys* const trusted = [] {
    // Its private half is nowhere: a point of the curve, made for this.
    constexpr char kPem[] =
        "-----BEGIN PUBLIC KEY-----\n"
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEgLi1ey2vSLxeG+iw06pO8XMEshiI\n"
        "40oSdI0mpDbsS+ZPfjxl1YqFw4dDW/tB0v7G7NZQ9TwiwVxN0jSiH5V93Q==\n"
        "-----END PUBLIC KEY-----\n";
    const auto key = tekmatch::VerificationKey::Parse(kPem);
    if (!key.ok()) __builtin_trap();
    auto* keys = new tekmatch::TrustedKeys;
    for (const char* id : {"440", ""}) {
      if (!keys->AddSet({{.id = id, .version = std::nullopt, .key = *key}})
               .ok()) {
        __builtin_trap();
      }
    }
    return keys;
  }();
  return *trusted;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto signatures = tekmatch::ParseSignatureList(
      absl::string_view(reinterpret_cast<const char*>(data), size));
  if (!signatures.ok()) return 0;
  if (signatures->size() > 64) __builtin_trap();
  tekmatch::ExportDigests digests;
  digests.sha256.fill(0x5A);
  digests.sha512.fill(0xA5);
  const tekmatch::SignatureReport report =
      tekmatch::CheckSignatures(*signatures, digests, Trusted());
  if (report.verdict == tekmatch::SignatureVerdict::kValid ||
      report.outcomes.size() != signatures->size() ||
      report.num_tried > uint64_t{2} * tekmatch::kMaxTriedSignatures ||
      !report.signed_by.empty()) {
    __builtin_trap();
  }
  return 0;
}
