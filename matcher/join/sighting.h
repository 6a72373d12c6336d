// One Bluetooth sighting: an identifier that a device heard at a time, and how
// strongly.
#ifndef TEKMATCH_MATCHER_JOIN_SIGHTING_H_
#define TEKMATCH_MATCHER_JOIN_SIGHTING_H_

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "keyformat/cpp20.h"

namespace tekmatch {

inline constexpr size_t kRpiBytes = 16;
inline constexpr size_t kAemBytes = 4;

// A Rolling Proximity Identifier.
struct Rpi {
  std::array<uint8_t, kRpiBytes> bytes{};

  auto operator<=>(const Rpi&) const = default;
  template <typename H>
  friend H AbslHashValue(H h, const Rpi& rpi) {
    return H::combine(std::move(h), rpi.bytes);
  }
};
static_assert(sizeof(Rpi) == kRpiBytes, "arrays of Rpi are arrays of bytes");

// A sighting whose store does not say when the scan before was.
inline constexpr uint32_t kNoPreviousScan = 0xFFFFFFFF;
// 136 years: any two times since 1970 and before 2100 are nearer.
inline constexpr uint32_t kMaxPreviousScanSeconds = 0xFFFFFFFE;

// What a receiver can measure, in dBm; and what its controller says when a
// measurement failed, which is no reading at all. The event has -127 to 20.
// -128 is what stores hold where a correction took a reading to the least of a
// byte. The platform's classes match it, weak as it is.
//
// Source: Bluetooth Core Specification 5.2, volume 4, part E, 7.7.65.2 (LE
// Advertising Report event, RSSI).
inline constexpr int16_t kMinRssi = -128;
inline constexpr int16_t kMaxRssi = 20;
inline constexpr int16_t kRssiNotAvailable = 127;

// Associated Encrypted Metadata, as broadcast beside the RPI.
struct Aem {
  std::array<uint8_t, kAemBytes> bytes{};

  auto operator<=>(const Aem&) const = default;
};

// The last time that a sighting of a phone may have: the end of 2099. What is
// later is mostly milliseconds that were taken for seconds.
inline constexpr int64_t kMaxHeardSeconds = 4102444800;

// Seconds since 1970, kept in four bytes, for there may be many millions of
// them; read as an int64_t. What is no time of a sighting is kept as one that
// is none: before 1970 as -1, and what is past 32 bits as a second of 2106.
class UnixSeconds {
 public:
  constexpr UnixSeconds() = default;
  // NOLINTNEXTLINE(google-explicit-constructor)
  constexpr UnixSeconds(int64_t seconds)
      : one_more_(static_cast<uint32_t>(
            seconds < 0 ? 0 : (seconds < kMost ? seconds : kMost) + 1)) {}

  // NOLINTNEXTLINE(google-explicit-constructor)
  constexpr operator int64_t() const { return int64_t{one_more_} - 1; }

  // To what is kept, also where that is no time of a sighting.
  UnixSeconds& operator+=(int64_t seconds) {
    return *this = int64_t{*this} + seconds;
  }
  UnixSeconds& operator-=(int64_t seconds) {
    return *this = int64_t{*this} - seconds;
  }

 private:
  static constexpr int64_t kMost = 0xFFFFFFFE;

  uint32_t one_more_ = 1;  // so that -1 is 0
};

// The order of the members is the order of operator<=>: by time first.
struct Sighting {
  UnixSeconds unix_seconds = 0;  // 0..kMaxHeardSeconds
  Rpi rpi;
  Aem aem;
  // Received signal strength in dBm, kMinRssi..kMaxRssi, device correction
  // already applied.
  int16_t rssi = 0;
  // Which of a device's stores it is from, where one person's sightings are in
  // several (scan_coverage.h); 0 for the only one.
  uint16_t store = 0;
  // Since the scan before the one that heard this began, at most
  // kMaxPreviousScanSeconds. Exposure windows are made of such times.
  uint32_t seconds_since_previous_scan = kNoPreviousScan;
  // Which device heard it, where one run is for several; 0 for the only one.
  uint32_t device = 0;

  auto operator<=>(const Sighting&) const = default;
};

static_assert(sizeof(Sighting) == 36, "sighting_index.h promises it");

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_JOIN_SIGHTING_H_
