#include "matcher/join/en_crypto.h"

#include <openssl/aes.h>
#include <openssl/digest.h>
#include <openssl/hkdf.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace tekmatch {
namespace {

constexpr unsigned kAesKeyBits = 128;

// Of arguments of these lengths BoringSSL's functions fail for nothing else.
absl::Status NoMemory() {
  return absl::ResourceExhaustedError("not enough memory");
}

// Key is Rpik or Aemk.
template <typename Key>
absl::StatusOr<Key> DeriveKey(const Tek& tek, absl::string_view info) {
  Key key;
  if (HKDF(key.bytes.data(), key.bytes.size(), EVP_sha256(), tek.bytes.data(),
           tek.bytes.size(), /*salt=*/nullptr, /*salt_len=*/0,
           reinterpret_cast<const uint8_t*>(info.data()), info.size()) != 1) {
    return NoMemory();
  }
  return key;
}

// Ciphertext and plaintext are Aem and BluetoothMetadata, either way round.
template <typename Output, typename Input>
absl::StatusOr<Output> ApplyKeystream(const Aemk& aemk, const Rpi& rpi,
                                      const Input& input) {
  AES_KEY schedule;
  if (AES_set_encrypt_key(aemk.bytes.data(), kAesKeyBits, &schedule) != 0) {
    return NoMemory();
  }
  Rpi counter = rpi;
  uint8_t keystream[AES_BLOCK_SIZE] = {};
  unsigned int position = 0;
  Output output;
  AES_ctr128_encrypt(input.bytes.data(), output.bytes.data(),
                     input.bytes.size(), &schedule, counter.bytes.data(),
                     keystream, &position);
  return output;
}

}  // namespace

absl::StatusOr<Rpik> DeriveRpik(const Tek& tek) {
  return DeriveKey<Rpik>(tek, "EN-RPIK");
}

absl::StatusOr<Aemk> DeriveAemk(const Tek& tek) {
  return DeriveKey<Aemk>(tek, "EN-AEMK");
}

absl::StatusOr<Rpi> GenerateRpi(const Rpik& rpik, EnIntervalNumber interval) {
  AES_KEY schedule;
  if (AES_set_encrypt_key(rpik.bytes.data(), kAesKeyBits, &schedule) != 0) {
    return NoMemory();
  }
  uint8_t padded_data[AES_BLOCK_SIZE] = {'E', 'N', '-', 'R', 'P', 'I'};
  for (int i = 0; i < 4; ++i) {
    padded_data[12 + i] = static_cast<uint8_t>(interval >> (8 * i));
  }
  Rpi rpi;
  AES_encrypt(padded_data, rpi.bytes.data(), &schedule);
  return rpi;
}

absl::StatusOr<BluetoothMetadata> DecryptAem(const Aemk& aemk, const Rpi& rpi,
                                             const Aem& aem) {
  return ApplyKeystream<BluetoothMetadata>(aemk, rpi, aem);
}

absl::StatusOr<Aem> EncryptAem(const Aemk& aemk, const Rpi& rpi,
                               const BluetoothMetadata& metadata) {
  return ApplyKeystream<Aem>(aemk, rpi, metadata);
}

}  // namespace tekmatch
