// What `tekmatch match` loads for a run, beside the exports: the rules by which
// matches are judged, whom it trusts, the owner's keys, and the sightings.
//
// In that order: what is small and may be misspelt comes before sightings,
// which can take minutes to read. What depends on the sightings is put into the
// run's options last.
#ifndef TEKMATCH_TOOLS_COMMANDS_MATCH_INPUTS_H_
#define TEKMATCH_TOOLS_COMMANDS_MATCH_INPUTS_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "matcher/check/exposure_check.h"
#include "matcher/exposure/exposure_config.h"
#include "matcher/exposure/transmission_window.h"
#include "matcher/join/own_keys.h"
#include "tools/commands/match_options.h"
#include "tools/commands/progress.h"
#include "tools/report/run_remarks.h"
#include "tools/sightings/sightings_stores.h"

namespace tekmatch {

// What decides the meaning of matches.
struct MatchRules {
  TransmissionWindowPolicy window_policy;
  std::optional<ExposureConfig> config;
  absl::TimeZone window_zone;  // of the window policy's local dates
  absl::TimeZone dates_zone;   // of the dates that are told
  absl::Time now;              // --now, or the clock's
  bool now_is_given = false;
  std::optional<absl::CivilDay> explain;
};

// The time that a result is made for: --now, or else that of the newest
// sighting, which the devices noted themselves, so that what was copied off a
// phone long ago is told as the phone would have told it. Never later than the
// clock, by which a sighting's may be wrong. `newest_seconds`: -1 if there is
// no sighting.
absl::Time AsOf(const MatchRules& rules, int64_t newest_seconds);

// INVALID_ARGUMENT: a name, zone, time or date that there is not, or --explain
// without a configuration. DATA_LOSS: a file that is no such configuration.
// Other codes: the system's.
absl::StatusOr<MatchRules> LoadMatchRules(const MatchOptions& options);

// The run's options, with the keys that are trusted and own keys, but without
// what the sightings decide. INVALID_ARGUMENT: a malformed --trusted-key, or a
// kernel that this machine lacks. DATA_LOSS: a file of keys that is none. Other
// codes: the system's.
absl::StatusOr<ExposureCheckOptions> LoadCheckOptions(
    const MatchOptions& options, const MatchRules& rules);

struct MatchSightings {
  std::shared_ptr<const SightingIndex> index;
  SightingsCounts counts;
};

// Those of --threads, or as many as the machine has.
int NumThreads(const MatchOptions& options);

// Says on stderr what it skips. Errors are those of ReadStores and
// IndexSightings.
absl::StatusOr<MatchSightings> LoadMatchSightings(const MatchOptions& options,
                                                  Progress& progress);

// Says on stderr what was lost of damaged stores.
void SayLosses(const SightingsCounts& counts);

// Own keys as the run needs them: where no device is named there is one, 0.
OwnKeyCounts FitOwnKeys(const SightingsCounts& sightings, OwnKeys& own);

// Completes the run's options by what the sightings decide: devices, whose own
// keys are whose, and the time that the result is made for.
OwnKeyCounts FitToSightings(const MatchSightings& sightings,
                            const MatchRules& rules,
                            ExposureCheckOptions& check);
OwnKeyCounts FitToSightings(const SightingsCounts& sightings, absl::Time as_of,
                            ExposureCheckOptions& check);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_COMMANDS_MATCH_INPUTS_H_
