// What an authority configures about the meaning of contacts: how keys map to
// infectiousness, how exposure windows are weighed into daily summaries, when a
// day is alerting, and the scores of version 1. Plain values; two have a name.
//
// Sources: google/exposure-notifications-internals aaada6c,
// DiagnosisKeysDataMapping.java, DailySummariesConfig.java,
// ExposureConfiguration.java; the limits are theirs.
#ifndef TEKMATCH_MATCHER_EXPOSURE_EXPOSURE_CONFIG_H_
#define TEKMATCH_MATCHER_EXPOSURE_EXPOSURE_CONFIG_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "keyformat/diagnosis_key.h"

namespace tekmatch {

// The numbers are the platform's.
enum class Infectiousness : uint8_t { kNone = 0, kStandard = 1, kHigh = 2 };
inline constexpr int kNumInfectiousness = 3;
// "none", "standard", "high".
absl::string_view InfectiousnessName(Infectiousness infectiousness);

// Days since onset -14..14.
inline constexpr int kNumOnsetDays = 2 * kMaxDaysSinceOnset + 1;
inline constexpr double kMaxWeight = 2.5;
inline constexpr int kMaxAttenuation = 255;

// How a key's metadata become those of its windows (DiagnosisKeysDataMapping).
struct DiagnosisKeysMapping {
  // By days since onset + 14.
  std::array<Infectiousness, kNumOnsetDays> infectiousness{};
  Infectiousness infectiousness_when_missing = Infectiousness::kStandard;
  // For keys without report type, or of an unknown one: a type that is
  // reported.
  ReportType report_type_when_missing = ReportType::kConfirmedTest;

  bool operator==(const DiagnosisKeysMapping&) const = default;
};

// How windows are weighed (DailySummariesConfig). A scan whose typical
// attenuation is <= thresholds[0] is in the first of four buckets, "immediate";
// <= [1] "near"; <= [2] "medium"; else "other".
struct DailySummariesConfig {
  std::array<int, 3> attenuation_thresholds{};  // dB, 0..255, increasing
  std::array<double, 4> attenuation_weights{};  // 0..2.5, as all weights
  std::array<double, kNumReportTypes> report_type_weights{};  // by number
  // Keys that are not infectious have no windows, whatever their weight here.
  std::array<double, kNumInfectiousness> infectiousness_weights{};
  // Windows with a lower score are left out of the sums.
  double minimum_window_score = 0;
  // Days more than this many before today are left out; 0: none. Of 14, the 1st
  // is the oldest day shown on the 15th.
  int days_since_exposure_threshold = 0;

  bool operator==(const DailySummariesConfig&) const = default;
};

// 0..3: that of the first threshold that is not below the attenuation.
size_t AttenuationBucket(int attenuation, const DailySummariesConfig& config);

// A day is alerting when both are reached.
struct AlertConfig {
  double score_sum = 0;  // of the day's summary
  int seconds = 0;       // since last scan, summed over the day's scans

  bool operator==(const AlertConfig&) const = default;
};

// Scores of version 1 (ExposureConfiguration): each of the four factors of a
// risk score by its bucket, 0..8 (exposure_summary_v1.h says which bucket).
struct ExposureConfigV1 {
  std::array<int, 8> attenuation_scores{};
  std::array<int, 8> days_since_last_exposure_scores{};
  std::array<int, 8> duration_scores{};
  std::array<int, 8> transmission_risk_scores{};
  int minimum_risk_score = 0;  // 0..4096
  // dB, the second not below the first
  std::array<int, 2> duration_thresholds = {50, 74};

  bool operator==(const ExposureConfigV1&) const = default;
};

// Whom to ask, in the languages of the notice.
struct Consultation {
  std::string japanese;
  std::string english;

  bool operator==(const Consultation&) const = default;
};

struct ExposureConfig {
  std::string name;
  DiagnosisKeysMapping mapping;
  DailySummariesConfig daily_summaries;
  AlertConfig alert;
  ExposureConfigV1 version_1;
  Consultation consultation;

  bool operator==(const ExposureConfig&) const = default;
};

// "cocoa": COCOA 2 (thresholds 46/60/65, weights 1.0/2.5/1.3/0.01; infectious
// from -3 to +10 days or if unknown; alert from a score of 1350 and 900 s; 15
// days shown before today, AppConstants.TermOfExposureRecordValidityInDays).
// "platform-default": every key standard, every weight 1, alert from 15
// minutes, 14 days, for which the platform keeps exposures. INVALID_ARGUMENT
// for another name; the message lists these.
absl::StatusOr<ExposureConfig> NamedExposureConfig(absl::string_view name);

// INVALID_ARGUMENT, with the field's name: a number outside its limits,
// thresholds in no order, or a type that stands for a missing one and is not
// reported.
absl::Status Validate(const ExposureConfig& config);

// Whether contacts with keys of this type are told to anybody: not unknown,
// recursive or revoked.
bool IsReportable(ReportType type);

// Of a key's metadata.
Infectiousness MapInfectiousness(const KeyMetadata& metadata,
                                 const DiagnosisKeysMapping& mapping);
ReportType MapReportType(const KeyMetadata& metadata,
                         const DiagnosisKeysMapping& mapping);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_EXPOSURE_EXPOSURE_CONFIG_H_
