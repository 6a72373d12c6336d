// Transmission-window policies as JSON, for those that have no name.
//
//   {"name": "civil-3", "basis": "contact_time", "days_before": 3,
//    "days_after_onset": null, "days_after_test": null, "max_age_days": 14,
//    "registration_calendar": "local", "starts_by_registration_day": false,
//    "onset_reference": "local_date", "days_since_onset_missing": "count"}
//
// Members are those of TransmissionWindowPolicy; "name" and "basis" are
// required, others have its defaults. basis: none, contact_time,
// rolling_start, days_since_onset; registration_calendar: local, utc;
// onset_reference: local_date, utc_date_of_local_midnight;
// days_since_onset_missing: count, ignore.
#ifndef TEKMATCH_MATCHER_EXPOSURE_TRANSMISSION_WINDOW_JSON_H_
#define TEKMATCH_MATCHER_EXPOSURE_TRANSMISSION_WINDOW_JSON_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "matcher/exposure/transmission_window.h"

namespace tekmatch {

// A valid policy. INVALID_ARGUMENT, with the field's name: something is
// missing, unknown or wrong.
absl::StatusOr<TransmissionWindowPolicy> ParseTransmissionWindowPolicy(
    absl::string_view json);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_EXPOSURE_TRANSMISSION_WINDOW_JSON_H_
