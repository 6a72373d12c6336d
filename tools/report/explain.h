// Traces the contacts of one date: key -> RPI -> sighting -> window -> score ->
// verdict, and what was left out on the way. For a verifier who asks for it: it
// holds keys, identifiers and clock times.
#ifndef TEKMATCH_TOOLS_REPORT_EXPLAIN_H_
#define TEKMATCH_TOOLS_REPORT_EXPLAIN_H_

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "matcher/check/exposure_check.h"
#include "matcher/exposure/exposure_config.h"
#include "matcher/exposure/exposure_findings.h"
#include "tools/report/exposure_json.h"
#include "tools/report/run_remarks.h"

namespace tekmatch {

// What an explanation is made of. The references outlive it.
struct ExplainInput {
  absl::CivilDay date;
  const RunAccount& account;
  // Those of one device: what `report` is made of, and what the rules dropped
  // (ExposureCheckOptions::keep_dropped).
  absl::Span<const Match> matches;
  absl::Span<const DroppedMatch> dropped;
  const ExposureFindings& report;
  const ExposureConfig& config;
  absl::string_view window_policy;  // its name
  absl::TimeZone zone;              // of the dates and times
};

// An object:
//   date, config, policy, as_of, since (where dates before it are not shown),
//   alerting, reason ("score sum 5239.2 >= 1350 and 4440 s >= 900 s: alert"),
//   score_sum, maximum_score, seconds, score_sum_needed, seconds_needed (where
//     the configuration has an alert), keys: the date's summary, zeros where it
//     has none;
//   keys_own: keys of the run that are own to all devices, and never compared;
//   windows[]: by key and time, each tek, rolling_start, rolling_period, file,
//     verdict of that file, days_since_onset if published, report_type,
//     infectiousness, calibration_confidence, begins (RFC 3339),
//     weighted_duration, report_type_weight, infectiousness_weight, score,
//     counts (to the score sum; to the seconds every window of a shown date
//     does), reason where it does not ("below_minimum_score",
//     "date_not_shown"), scans[]
//     {seconds_since_last_scan, typical_attenuation, min_attenuation, weight,
//     sightings[] {time, rpi, interval, rssi, tx_power, attenuation}};
//   left_out[]: what is no window of the result, by reason, key and time, cut
//     into windows in the same way, but for sightings outside the tolerance,
//     which match nothing: `reason` (that of DroppedMatch, or
//     "infectiousness_none"), then as windows[] up to `begins`, and scans[].
// A window's date is that of its begin.
nlohmann::ordered_json ExplainJson(const ExplainInput& input);

// The same for a person to read, indented by level, a time a line, with what is
// to be said of the whole run (run_remarks.h) in front.
std::string ExplainText(const ExplainInput& input);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_REPORT_EXPLAIN_H_
