// A small world for `tekmatch demo`: people who tested positive and published
// their keys, and a device that heard strangers and met three of those people.
//
// A story, where world_generator.h makes crowds; what is heard is made by the
// same functions (broadcast.h), not by the engine, so that what the engine then
// finds is a real answer.
#ifndef TEKMATCH_TOOLS_WORLD_DEMO_WORLD_H_
#define TEKMATCH_TOOLS_WORLD_DEMO_WORLD_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/exposure/match_counts.h"
#include "matcher/join/sighting.h"

namespace tekmatch {

inline constexpr int kDemoDays = 14;
inline constexpr int kDemoPeople = 30;
inline constexpr int kDemoMeetings = 3;

struct DemoWorld {
  // kDemoDays keys for each of kDemoPeople people.
  std::vector<DiagnosisKey> keys;
  std::vector<Sighting> sightings;
  // What a correct match finds; the dates are the same in UTC and in Japan.
  std::vector<DateCount> expected;
  // The window in which the keys arrived at the server, Unix seconds.
  uint64_t start_timestamp = 0;
  uint64_t end_timestamp = 0;
};

// The world of a seed. RESOURCE_EXHAUSTED: no memory.
absl::StatusOr<DemoWorld> MakeDemoWorld(uint64_t seed);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_WORLD_DEMO_WORLD_H_
