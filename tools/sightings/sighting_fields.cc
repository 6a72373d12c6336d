#include "tools/sightings/sighting_fields.h"

#include <cstdint>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "tools/files/hex.h"

namespace tekmatch {
namespace {

absl::Status SetHex(absl::string_view name, absl::string_view hex,
                    absl::Span<uint8_t> out) {
  absl::Status status = DecodeHex(hex, out);
  if (status.ok()) return status;
  if (absl::StartsWithIgnoreCase(hex, "0x")) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": begins with 0x; digits alone are wanted"));
  }
  return absl::InvalidArgumentError(absl::StrCat(name, ": ", status.message()));
}

}  // namespace

absl::Status SetTime(int64_t unix_seconds, Sighting* sighting) {
  constexpr int64_t kYear2000 = 946684800;
  if (unix_seconds >= 1000 * kYear2000 &&
      unix_seconds <= 1000 * kMaxHeardSeconds) {
    return absl::InvalidArgumentError(
        "time: in milliseconds; Unix seconds are wanted");
  }
  if (unix_seconds < 0 || unix_seconds > kMaxHeardSeconds) {
    return absl::InvalidArgumentError("time: not between 1970 and 2100");
  }
  sighting->unix_seconds = unix_seconds;
  return absl::OkStatus();
}

absl::Status SetRpi(absl::string_view hex, Sighting* sighting) {
  return SetHex("rpi", hex, absl::MakeSpan(sighting->rpi.bytes));
}

absl::Status SetAem(absl::string_view hex, Sighting* sighting) {
  return SetHex("aem", hex, absl::MakeSpan(sighting->aem.bytes));
}

absl::Status SetRssi(int64_t dbm, Sighting* sighting) {
  if (dbm == kRssiNotAvailable) {
    return absl::InvalidArgumentError("rssi: 127 means not available");
  }
  if (dbm < kMinRssi || dbm > kMaxRssi) {
    return absl::InvalidArgumentError(
        absl::StrCat("rssi: not in ", kMinRssi, "..", kMaxRssi));
  }
  sighting->rssi = static_cast<int16_t>(dbm);
  return absl::OkStatus();
}

bool SetPreviousScan(int64_t unix_seconds, Sighting* sighting) {
  sighting->seconds_since_previous_scan = kNoPreviousScan;
  if (unix_seconds == 0) return true;
  if (unix_seconds < 0 || unix_seconds > sighting->unix_seconds) return false;
  static_assert(kMaxHeardSeconds <= kMaxPreviousScanSeconds);
  sighting->seconds_since_previous_scan =
      static_cast<uint32_t>(sighting->unix_seconds - unix_seconds);
  return true;
}

absl::Status SetDevice(int64_t device, Sighting* sighting) {
  if (device < 0 || device > UINT32_MAX) {
    return absl::InvalidArgumentError("device: not in 0..4294967295");
  }
  sighting->device = static_cast<uint32_t>(device);
  return absl::OkStatus();
}

}  // namespace tekmatch
