// Associated metadata of a broadcast, in the clear: what a sighting's AEM
// decrypts to.
//
// Source: Exposure Notification Bluetooth Specification v1.2, "Associated
// Encrypted Metadata": byte 0 holds the version, byte 1 the transmit power,
// bytes 2 and 3 are reserved. The confidence in bits 3:2 of byte 0 came with
// version 1.1; a version 1.0 sender leaves it 0.
#ifndef TEKMATCH_MATCHER_JOIN_BLUETOOTH_METADATA_H_
#define TEKMATCH_MATCHER_JOIN_BLUETOOTH_METADATA_H_

#include <array>
#include <compare>
#include <cstdint>

#include "matcher/join/sighting.h"

namespace tekmatch {

// Any four bytes are a value: the AEM is not authenticated, so what a sender
// or somebody on the air wrote is taken as it is.
struct BluetoothMetadata {
  std::array<uint8_t, kAemBytes> bytes{};

  int major_version() const { return bytes[0] >> 6; }          // 0..3
  int minor_version() const { return (bytes[0] >> 4) & 0x3; }  // 0..3
  // How well the sender's transmit power is known: 0 not at all, 3 best.
  int calibration_confidence() const { return (bytes[0] >> 2) & 0x3; }
  // Radiated transmit power in dBm, -128..127.
  int tx_power() const { return static_cast<int8_t>(bytes[1]); }

  auto operator<=>(const BluetoothMetadata&) const = default;
};

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_JOIN_BLUETOOTH_METADATA_H_
