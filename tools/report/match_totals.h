// What matches come to: counts of all, of each device and of each file. Made of
// all matches at once, or of one device's and one key's after another, where
// they are too many to be in memory (matcher/check/shard_merger.h).
#ifndef TEKMATCH_TOOLS_REPORT_MATCH_TOTALS_H_
#define TEKMATCH_TOOLS_REPORT_MATCH_TOTALS_H_

#include <bitset>
#include <cstdint>
#include <map>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/check/exposure_check.h"
#include "matcher/exposure/match_counts.h"
#include "matcher/join/match.h"
#include "tools/report/match_sources.h"
#include "tools/sightings/sightings_stores.h"

namespace tekmatch {

struct MatchNumbers {
  uint64_t num_keys = 0;
  uint64_t num_rpis = 0;
  uint64_t num_sightings = 0;
  std::vector<DateCount> dates;

  bool operator==(const MatchNumbers&) const = default;
};

struct MatchTotals {
  MatchNumbers all;
  std::vector<SourceCount> by_file;  // in the order of run.files
  std::vector<AuthorityCount> by_authority;
  // Where sightings name devices: of each one, also of those without a match.
  std::map<uint32_t, MatchNumbers> by_device;

  bool operator==(const MatchTotals&) const = default;
};

// Of run.result.matches. `zone` decides the date of a sighting.
MatchTotals TotalsOf(const ExposureCheckResult& run,
                     const SightingsCounts& sightings, absl::TimeZone zone);

// The same of matches that come one device and key at a time. An RPI is taken
// for one key's and one interval's, and so a sighting for one match's: others
// are a chance of 2^-128.
//
// Memory: some 60 bytes a key that was matched and 30 a date that it was
// matched on; of each device 32 bytes a date.
class MatchTotalsAdder {
 public:
  // Whether sightings name devices.
  MatchTotalsAdder(bool by_device, absl::TimeZone zone)
      : by_device_(by_device), zone_(zone) {}

  // All matches of one device and one key, by time; they are not empty.
  void Add(absl::Span<const Match> matches);

  // Once, of a run with these files and sightings.
  MatchTotals Take(const ExposureCheckResult& run,
                   const SightingsCounts& sightings);

 private:
  struct Day {
    absl::flat_hash_set<Tek> keys;
    uint64_t num_sightings = 0;
  };
  using Intervals = std::bitset<kMaxRollingPeriod>;

  const bool by_device_;
  const absl::TimeZone zone_;
  absl::flat_hash_map<Tek, Intervals>
      intervals_;  // by each key's rolling start
  std::map<absl::CivilDay, Day> days_;
  uint64_t num_sightings_ = 0;
  std::map<uint32_t, SourceCount> by_source_;
  std::map<uint32_t, MatchNumbers> devices_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_REPORT_MATCH_TOTALS_H_
