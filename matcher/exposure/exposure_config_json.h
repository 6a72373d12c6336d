// Exposure configurations as JSON, for those that have no name.
//
//   {"name": "mine",
//    "infectiousness": {"-3": "high", "0": "high", "10": "standard"},
//    "infectiousness_when_missing": "standard",
//    "report_type_when_missing": "confirmed_test",
//    "attenuation_thresholds": [46, 60, 65],
//    "attenuation_weights": [1.0, 2.5, 1.3, 0.01],
//    "report_type_weights": {"confirmed_test": 1.0, "self_report": 0.5},
//    "infectiousness_weights": {"standard": 1.0, "high": 2.0},
//    "minimum_window_score": 0, "days_since_exposure_threshold": 0,
//    "alert": {"score_sum": 1350, "seconds": 900},
//    "version_1": {"attenuation_scores": [1, 2, 3, 4, 5, 6, 7, 8],
//                  "days_since_last_exposure_scores": [...8],
//                  "duration_scores": [...8],
//                  "transmission_risk_scores": [...8],
//                  "minimum_risk_score": 0, "duration_thresholds": [50, 74]},
//    "consultation": {"ja": "...", "en": "..."}}
//
// Required: name, attenuation_thresholds, attenuation_weights. Days that
// "infectiousness" (-14..14) does not name are "none"; weights that are not
// named are 0, as on the platform, unless the whole object is absent: then
// every weight is 1. The weight of "none" is 0, also if another one is named:
// such keys make no windows. A missing report type stands for one of
// confirmed_test, confirmed_clinical_diagnosis, self_report. Without "alert" no
// day is alerting.
#ifndef TEKMATCH_MATCHER_EXPOSURE_EXPOSURE_CONFIG_JSON_H_
#define TEKMATCH_MATCHER_EXPOSURE_EXPOSURE_CONFIG_JSON_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "matcher/exposure/exposure_config.h"

namespace tekmatch {

// Where a configuration names no alert: never reached.
inline constexpr AlertConfig kNoAlert = {.score_sum = 1e9,
                                         .seconds = 1'000'000'000};

// A valid configuration. INVALID_ARGUMENT, with the field's name: something is
// missing, unknown or wrong.
absl::StatusOr<ExposureConfig> ParseExposureConfig(absl::string_view json);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_EXPOSURE_EXPOSURE_CONFIG_JSON_H_
