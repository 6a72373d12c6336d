// Any bytes as a key to trust: an answer, and what is found is a key that can
// be described.
#include <cstddef>
#include <cstdint>
#include <string>

#include "keyformat/p256_key.h"
#include "keyformat/public_key_forms.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string file(reinterpret_cast<const char*>(data), size);
  const auto info = tekmatch::FindPublicKeyInfo(file);
  const auto key = tekmatch::VerificationKey::Parse(file);
  if (key.ok() && !info.ok()) __builtin_trap();
  if (info.ok()) {
    // The DER of a key is one of the forms.
    const auto again = tekmatch::FindPublicKeyInfo(*info);
    if (!again.ok() || *again != *info) __builtin_trap();
    if (tekmatch::DescribePublicKey(*info).empty()) __builtin_trap();
  }
  return 0;
}
