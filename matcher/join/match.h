// A match: one sighting of one RPI of one published key.
#ifndef TEKMATCH_MATCHER_JOIN_MATCH_H_
#define TEKMATCH_MATCHER_JOIN_MATCH_H_

#include <cstdint>
#include <functional>

#include "absl/strings/string_view.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/join/bluetooth_metadata.h"
#include "matcher/join/sighting.h"

namespace tekmatch {

struct Match {
  // The published key.
  Tek tek;
  EnIntervalNumber rolling_start = 0;
  uint8_t rolling_period = 0;
  KeyMetadata metadata;
  // Number that the caller gave to the file of the key. Where several files
  // hold the key, that of its first publication (key_publications.h).
  uint32_t source = 0;

  // The interval of the key whose RPI was sighted. The sighting's own interval
  // may differ from it by the tolerance.
  EnIntervalNumber interval = 0;

  // The sighting, and its position in SightingIndex::sightings(), which tells
  // apart sightings that are equal.
  Sighting sighting;
  uint32_t sighting_position = 0;

  // What the sighting's AEM holds, decrypted with the key's AEMK.
  BluetoothMetadata bluetooth_metadata;
  int32_t tx_power = 0;  // dBm, as in bluetooth_metadata
  // max(0, tx_power - sighting.rssi) in dB.
  int32_t attenuation = 0;

  bool operator==(const Match&) const = default;
};

// Told of every match that a rule drops, for those who ask why: `reason` is the
// rule's stable name, a literal. Empty: nobody asks.
using DropSink =
    std::function<void(const Match& match, absl::string_view reason)>;

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_JOIN_MATCH_H_
