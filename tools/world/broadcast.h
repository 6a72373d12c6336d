// What a phone with a TEK sends, and a sighting of it: by the specification's
// functions (matcher/join/en_crypto.h), for made worlds. Nothing of the engine
// is used, so that what it finds can be held against this.
#ifndef TEKMATCH_TOOLS_WORLD_BROADCAST_H_
#define TEKMATCH_TOOLS_WORLD_BROADCAST_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/join/bluetooth_metadata.h"
#include "matcher/join/en_crypto.h"
#include "matcher/join/sighting.h"

namespace tekmatch {

// Metadata of version 1.0 with that transmit power (dBm).
BluetoothMetadata MetadataSent(int tx_power);

class Broadcast {
 public:
  // RESOURCE_EXHAUSTED: no memory.
  static absl::StatusOr<Broadcast> Of(const Tek& tek);

  // A sighting, at any time, of the RPI that the key has in an interval, or
  // would have. Device and store are 0. RESOURCE_EXHAUSTED: no memory.
  absl::StatusOr<Sighting> Heard(EnIntervalNumber interval,
                                 int64_t unix_seconds, int tx_power,
                                 int16_t rssi) const;

 private:
  Broadcast(const Rpik& rpik, const Aemk& aemk) : rpik_(rpik), aemk_(aemk) {}

  Rpik rpik_;
  Aemk aemk_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_WORLD_BROADCAST_H_
