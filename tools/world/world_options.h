// What a made world is to be like (world_generator.h).
#ifndef TEKMATCH_TOOLS_WORLD_WORLD_OPTIONS_H_
#define TEKMATCH_TOOLS_WORLD_WORLD_OPTIONS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "tools/world/sighting_times.h"

namespace tekmatch {

struct GeneratorOptions {
  uint64_t num_keys = 0;       // 1..10^9, met ones and repeated ones included
  uint64_t num_sightings = 0;  // num_met..2^32 - 1, of all devices
  uint64_t num_met = 0;        // 0..num_keys
  uint32_t num_devices = 1;    // at least 1
  // That each device's owner carries, every one with a store of its own: 1..16.
  uint16_t num_phones = 1;
  int num_days = 14;  // 1..1000
  uint64_t seed = 1;
  SightingProfile profile = SightingProfile::kDense;
  // For benchmarks: every key is of a whole day, has the same metadata and is
  // published once, and a met one is heard once.
  bool plain = false;
  // A key's second publication is in a later file, or, of a key of the last
  // one, in that. Where there is no place for it there is none.
  uint64_t keys_per_file = 500'000;
};

// INVALID_ARGUMENT, with the name of the field, outside the stated ranges.
absl::Status Validate(const GeneratorOptions& options);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_WORLD_WORLD_OPTIONS_H_
