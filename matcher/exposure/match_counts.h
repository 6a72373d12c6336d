// What a list of matches comes to: dates, keys, identifiers and sightings.
#ifndef TEKMATCH_MATCHER_EXPOSURE_MATCH_COUNTS_H_
#define TEKMATCH_MATCHER_EXPOSURE_MATCH_COUNTS_H_

#include <cstdint>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "matcher/join/match.h"

namespace tekmatch {

struct DateCount {
  absl::CivilDay date;
  uint64_t num_keys = 0;       // distinct TEKs sighted on that date
  uint64_t num_sightings = 0;  // matched sightings

  bool operator==(const DateCount&) const = default;
};

// Ascending; only dates with a match. `zone` decides the date of a sighting.
std::vector<DateCount> CountByDate(absl::Span<const Match> matches,
                                   absl::TimeZone zone);

uint64_t CountKeys(absl::Span<const Match> matches);
uint64_t CountRpis(absl::Span<const Match> matches);
// A sighting that matches two keys counts once.
uint64_t CountSightings(absl::Span<const Match> matches);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_EXPOSURE_MATCH_COUNTS_H_
