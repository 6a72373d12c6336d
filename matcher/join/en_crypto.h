// The functions of the Exposure Notification Cryptography Specification v1.2,
// one key or one interval at a time, through BoringSSL. They are the oracle of
// every kernel (matcher/kernels/kernels.h), which does the same for many keys.
//
// All functions are pure and may be called by any number of threads. Each one
// returns RESOURCE_EXHAUSTED if BoringSSL failed, which it does for want of
// memory only, and no other error.
#ifndef TEKMATCH_MATCHER_JOIN_EN_CRYPTO_H_
#define TEKMATCH_MATCHER_JOIN_EN_CRYPTO_H_

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/join/bluetooth_metadata.h"
#include "matcher/join/sighting.h"

namespace tekmatch {

inline constexpr size_t kDerivedKeyBytes = 16;

// A Rolling Proximity Identifier Key: the AES-128 key of a TEK's RPIs.
struct Rpik {
  std::array<uint8_t, kDerivedKeyBytes> bytes{};

  auto operator<=>(const Rpik&) const = default;
};
static_assert(sizeof(Rpik) == kDerivedKeyBytes,
              "arrays of Rpik are arrays of bytes");

// An Associated Encrypted Metadata Key: the AES-128 key of a TEK's AEMs.
struct Aemk {
  std::array<uint8_t, kDerivedKeyBytes> bytes{};

  auto operator<=>(const Aemk&) const = default;
};

// HKDF-SHA256(tek, no salt, "EN-RPIK", 16).
absl::StatusOr<Rpik> DeriveRpik(const Tek& tek);

// HKDF-SHA256(tek, no salt, "EN-AEMK", 16).
absl::StatusOr<Aemk> DeriveAemk(const Tek& tek);

// AES-128(rpik, "EN-RPI" || six zero bytes || interval in little endian).
absl::StatusOr<Rpi> GenerateRpi(const Rpik& rpik, EnIntervalNumber interval);

// AES-128-CTR(aemk, initial counter = rpi) over the four bytes. The two undo
// each other, since they are the same exclusive-or.
absl::StatusOr<BluetoothMetadata> DecryptAem(const Aemk& aemk, const Rpi& rpi,
                                             const Aem& aem);
absl::StatusOr<Aem> EncryptAem(const Aemk& aemk, const Rpi& rpi,
                               const BluetoothMetadata& metadata);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_JOIN_EN_CRYPTO_H_
