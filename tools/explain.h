// Traces the contacts of one date: key -> RPI -> sighting -> window -> score.
// For a verifier who asks for it: it holds keys, identifiers and clock times.
#ifndef TEKMATCH_TOOLS_EXPLAIN_H_
#define TEKMATCH_TOOLS_EXPLAIN_H_

#include <nlohmann/json.hpp>
#include <string>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "matcher/exposure_config.h"
#include "tools/exposure_report.h"
#include "tools/match_run.h"
#include "tools/run_remarks.h"

namespace tekmatch {

// An array with an object for each window of the date, by key and time:
// tek, rolling_start, rolling_period, file, verdict of that file,
// days_since_onset if published,
// report_type, infectiousness, calibration_confidence, begins (RFC 3339 in
// `zone`), weighted_duration, report_type_weight, infectiousness_weight, score,
// counts (the score reaches the minimum, and the date is not too old), scans[]
// {seconds_since_last_scan, typical_attenuation, min_attenuation, weight,
// sightings[] {time, rpi, interval, rssi, tx_power, attenuation}}.
//
// `matches` are those that `report` is made of, and `files` those that
// Match::source counts.
nlohmann::ordered_json ExplainJson(absl::CivilDay date,
                                   absl::Span<const ExportFileResult> files,
                                   absl::Span<const Match> matches,
                                   const ExposureReport& report,
                                   const ExposureConfig& config,
                                   absl::TimeZone zone);

// The same for a person to read, indented by level, with what is to be said of
// the whole run (run_remarks.h) in front.
std::string ExplainText(absl::CivilDay date, const RunAccount& account,
                        absl::Span<const Match> matches,
                        const ExposureReport& report,
                        const ExposureConfig& config, absl::TimeZone zone);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_EXPLAIN_H_
