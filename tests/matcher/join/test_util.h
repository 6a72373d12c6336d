// What the tests of the matcher share: bytes from hexadecimal text, random
// keys, and sightings as a phone with a given key would have caused them.
//
// The functions report a failure of the library under test through GoogleTest
// and then return a value that matches nothing.
#ifndef TEKMATCH_TESTS_MATCHER_JOIN_TEST_UTIL_H_
#define TEKMATCH_TESTS_MATCHER_JOIN_TEST_UTIL_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/join/bluetooth_metadata.h"
#include "matcher/join/sighting.h"
#include "matcher/join/sighting_index.h"

namespace tekmatch {

// T is a type with an array `bytes`; `hex` has two digits a byte.
template <typename T>
T FromHex(const std::string& hex) {
  T value;
  const std::string bytes = absl::HexStringToBytes(hex);
  EXPECT_EQ(hex.size(), 2 * value.bytes.size()) << hex;
  for (size_t i = 0; i < value.bytes.size() && i < bytes.size(); ++i) {
    value.bytes[i] = static_cast<uint8_t>(bytes[i]);
  }
  return value;
}

// T as above, filled from the generator.
template <typename T>
T RandomBytes(std::mt19937_64& rng) {
  T value;
  for (uint8_t& byte : value.bytes) byte = static_cast<uint8_t>(rng());
  return value;
}

// First second of an interval.
int64_t StartOf(int64_t interval);

// Version 1.1 metadata with a calibration confidence of 2.
BluetoothMetadata MetadataWithTxPower(int tx_power);

// What a phone stores that hears the RPI of `interval` of `tek` at a time.
Sighting Hear(const Tek& tek, EnIntervalNumber interval, int64_t unix_seconds,
              int rssi = -60, int tx_power = -20);

std::shared_ptr<const SightingIndex> MakeIndex(std::vector<Sighting> sightings);

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_MATCHER_JOIN_TEST_UTIL_H_
