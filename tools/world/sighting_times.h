// When people of a made world hear each other.
#ifndef TEKMATCH_TOOLS_WORLD_SIGHTING_TIMES_H_
#define TEKMATCH_TOOLS_WORLD_SIGHTING_TIMES_H_

#include <cstdint>

#include "keyformat/diagnosis_key.h"
#include "keyformat/random_source.h"

namespace tekmatch {

// Made worlds begin on Saturday, 2020-06-13, 00:00 UTC.
inline constexpr EnIntervalNumber kWorldStart = 2653344;
inline constexpr int64_t kWorldStartSeconds =
    int64_t{kWorldStart} * kIntervalSeconds;
inline constexpr int64_t kDaySeconds = kMaxRollingPeriod * kIntervalSeconds;

enum class SightingProfile : uint8_t {
  kDense,     // evenly over all of every day
  kCommuter,  // 07:30-08:30, 12:00-13:00 and 18:00-19:00 of every day
  kPhone,     // 09:00-15:00 on five days of seven
};

// A second of the world's days [0, num_days), by the profile, in UTC.
// num_days is at least 1.
int64_t RandomSightingTime(SightingProfile profile, int num_days,
                           RandomSource& random);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_WORLD_SIGHTING_TIMES_H_
