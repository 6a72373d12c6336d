// A TemporaryExposureKey message of export.proto as it stands on the wire, not
// yet judged, and a reader of those that are written as servers write them.
#ifndef TEKMATCH_KEYFORMAT_WIRE_KEY_H_
#define TEKMATCH_KEYFORMAT_WIRE_KEY_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "keyformat/diagnosis_key.h"

namespace tekmatch {

struct WireKey {
  Tek tek;
  uint32_t key_bytes = 0;
  int32_t rolling_start = 0;
  int32_t rolling_period = kMaxRollingPeriod;
  std::optional<int32_t> transmission_risk;
  std::optional<int32_t> report_type;
  std::optional<int32_t> days_since_onset;
  std::optional<int32_t> variant_of_concern;
  bool has_rolling_period = false;
};

// What ReadPlainKey may read, whatever it finds, and more than it returns.
inline constexpr size_t kPlainKeyRoom = 48;
// A length, a key, four fields of a byte, two of up to four and the next tag.
static_assert(1 + (2 + kTekBytes) + (2 + 2 + 2 + 2) + (5 + 5) + 1 <
              kPlainKeyRoom);

// Reads a plain message: a key of sixteen bytes, then known fields in the order
// of their numbers, none twice, with values of one byte, or of up to four for
// the rolling start and period. `bytes` begins at the message's length, and
// kPlainKeyRoom bytes can be read from there. Returns the size of length and
// message, or 0 for whatever is not plain, which is for protobuf's own calls by
// field: they take longer than deriving the key's RPIK does. *key is as made
// before the call, and without meaning after 0.
//
// Nothing but comparisons that come out alike from key to key: a loop with a
// switch over the tags took two to three times as long.
inline size_t ReadPlainKey(const uint8_t* bytes, WireKey* key) {
  // Field number and wire type, which is 2 for bytes and 0 for varints.
  enum Tag : uint8_t {
    kKeyData = 1 << 3 | 2,
    kTransmissionRisk = 2 << 3,
    kRollingStart = 3 << 3,
    kRollingPeriod = 4 << 3,
    kReportType = 5 << 3,
    kDaysSinceOnset = 6 << 3,
    kVariantOfConcern = 8 << 3,
  };
  const uint8_t* at = bytes + 1;
  // A varint of up to max_bytes, or -1.
  const auto read_varint = [&at](int max_bytes) {
    uint32_t value = 0;
    for (int i = 0; i < max_bytes; ++i) {
      const uint8_t byte = *at++;
      value |= static_cast<uint32_t>(byte & 0x7f) << (7 * i);
      if (byte < 0x80) return static_cast<int32_t>(value);
    }
    return -1;
  };
  if (at[0] != kKeyData || at[1] != kTekBytes) return 0;
  std::copy_n(at + 2, kTekBytes, key->tek.bytes.begin());
  key->key_bytes = kTekBytes;
  at += 2 + kTekBytes;
  bool plain = true;
  const auto read_field = [&](Tag tag, int max_bytes, auto* value) {
    if (*at != tag) return false;
    ++at;
    const int32_t read = read_varint(max_bytes);
    plain = plain && read >= 0;
    *value = read;
    return true;
  };
  read_field(kTransmissionRisk, 1, &key->transmission_risk);
  read_field(kRollingStart, 4, &key->rolling_start);
  key->has_rolling_period = read_field(kRollingPeriod, 4, &key->rolling_period);
  read_field(kReportType, 1, &key->report_type);
  if (read_field(kDaysSinceOnset, 1, &key->days_since_onset)) {
    // Zigzag: the sign is the lowest bit.
    const int32_t zigzag = *key->days_since_onset;
    key->days_since_onset = zigzag >> 1 ^ -(zigzag & 1);
  }
  read_field(kVariantOfConcern, 1, &key->variant_of_concern);
  const auto size = static_cast<size_t>(at - bytes);
  return plain && size == size_t{1} + bytes[0] ? size : 0;
}

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_WIRE_KEY_H_
