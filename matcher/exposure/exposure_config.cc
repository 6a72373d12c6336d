// Plan: the configurations that have names; the checks of one, field by field;
// what one makes of a key's days and report type.
#include "matcher/exposure/exposure_config.h"

#include <cmath>
#include <cstddef>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "keyformat/status_macros.h"

namespace tekmatch {
namespace {

// Index of a number of days in DiagnosisKeysMapping::infectiousness.
size_t OnsetIndex(int days_since_onset) {
  const int index = days_since_onset + kMaxDaysSinceOnset;
  return static_cast<size_t>(index);
}

// Where the authorities here gave no weights of their own, these are 1: known
// and reportable types and every infectiousness but none.
void WeighEverythingOnce(DailySummariesConfig& config) {
  config.report_type_weights = {0, 1, 1, 1, 1, 0};
  config.infectiousness_weights = {0, 1, 1};
}

ExposureConfig Cocoa() {
  ExposureConfig config;
  config.name = "cocoa";
  for (int days = -3; days <= 10; ++days) {
    config.mapping.infectiousness[OnsetIndex(days)] = Infectiousness::kHigh;
  }
  config.mapping.infectiousness_when_missing = Infectiousness::kHigh;
  WeighEverythingOnce(config.daily_summaries);
  config.daily_summaries.attenuation_thresholds = {46, 60, 65};
  config.daily_summaries.attenuation_weights = {1.0, 2.5, 1.3, 0.01};
  config.daily_summaries.days_since_exposure_threshold = 15;
  config.alert = {.score_sum = 1350, .seconds = 900};
  // COCOA 1: every factor counts the same, so that the score only says that
  // there was a contact.
  config.version_1.attenuation_scores = {1, 1, 1, 1, 1, 1, 1, 1};
  config.version_1.days_since_last_exposure_scores = {1, 1, 1, 1, 1, 1, 1, 1};
  config.version_1.duration_scores = {1, 1, 1, 1, 1, 1, 1, 1};
  config.version_1.transmission_risk_scores = {1, 1, 1, 1, 1, 1, 1, 1};
  config.consultation = {
      .japanese = "お住まいの都道府県の受診・相談センター",
      .english = "the consultation centre of your prefecture"};
  return config;
}

ExposureConfig PlatformDefault() {
  ExposureConfig config;
  config.name = "platform-default";
  config.mapping.infectiousness.fill(Infectiousness::kStandard);
  WeighEverythingOnce(config.daily_summaries);
  config.daily_summaries.attenuation_thresholds = {50, 70, 90};
  config.daily_summaries.attenuation_weights = {1, 1, 1, 1};
  config.daily_summaries.days_since_exposure_threshold = 14;
  config.alert = {.score_sum = 900, .seconds = 900};
  config.version_1.attenuation_scores = {4, 4, 4, 4, 4, 4, 4, 4};
  config.version_1.days_since_last_exposure_scores = {4, 4, 4, 4, 4, 4, 4, 4};
  config.version_1.duration_scores = {4, 4, 4, 4, 4, 4, 4, 4};
  config.version_1.transmission_risk_scores = {4, 4, 4, 4, 4, 4, 4, 4};
  config.consultation = {.japanese = "お住まいの地域の保健所",
                         .english = "your local health authority"};
  return config;
}

template <typename T>
absl::Status CheckAll(absl::string_view field, absl::Span<const T> values,
                      T high) {
  for (size_t i = 0; i < values.size(); ++i) {
    // Not a number is in no range.
    if (!(values[i] >= 0 && values[i] <= high)) {
      return absl::InvalidArgumentError(
          absl::StrCat(field, "[", i, "]: not in 0..", high));
    }
  }
  return absl::OkStatus();
}

// Each at least `step` above the one before.
absl::Status CheckThresholds(absl::string_view field,
                             absl::Span<const int> values, int step) {
  TEKMATCH_RETURN_IF_ERROR(CheckAll(field, values, kMaxAttenuation));
  for (size_t i = 1; i < values.size(); ++i) {
    if (values[i] - values[i - 1] < step) {
      return absl::InvalidArgumentError(
          absl::StrCat(field, "[", i, "]: ", step > 0 ? "not above" : "below",
                       " the one before"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckReportable(absl::string_view field, ReportType type) {
  if (IsReportable(type)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": not a type that is reported"));
}

absl::Status CheckOne(absl::string_view field, double value, double high) {
  if (value >= 0 && value <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, ": not in 0..", high));
}

}  // namespace

absl::string_view InfectiousnessName(Infectiousness infectiousness) {
  switch (infectiousness) {
    case Infectiousness::kNone:
      return "none";
    case Infectiousness::kStandard:
      return "standard";
    case Infectiousness::kHigh:
      return "high";
  }
  return "";
}

size_t AttenuationBucket(int attenuation, const DailySummariesConfig& config) {
  const auto& thresholds = config.attenuation_thresholds;
  return static_cast<size_t>(
      std::lower_bound(thresholds.begin(), thresholds.end(), attenuation) -
      thresholds.begin());
}

absl::StatusOr<ExposureConfig> NamedExposureConfig(absl::string_view name) {
  if (name == "cocoa") return Cocoa();
  if (name == "platform-default") return PlatformDefault();
  return absl::InvalidArgumentError(absl::StrCat(
      "no configuration \"", name, "\"; there are cocoa and platform-default"));
}

absl::Status Validate(const ExposureConfig& config) {
  constexpr int kMaxScore = 8;
  constexpr double kUnlimited = 1e9;
  constexpr int kMaxDaysThreshold = 36500;
  const DailySummariesConfig& days = config.daily_summaries;
  const ExposureConfigV1& v1 = config.version_1;
  const absl::Status checks[] = {
      CheckReportable("report_type_when_missing",
                      config.mapping.report_type_when_missing),
      CheckThresholds("attenuation_thresholds", days.attenuation_thresholds,
                      /*step=*/1),
      CheckAll<double>("attenuation_weights", days.attenuation_weights,
                       kMaxWeight),
      CheckAll<double>("report_type_weights", days.report_type_weights,
                       kMaxWeight),
      CheckAll<double>("infectiousness_weights", days.infectiousness_weights,
                       kMaxWeight),
      CheckOne("minimum_window_score", days.minimum_window_score, kUnlimited),
      CheckOne("days_since_exposure_threshold",
               days.days_since_exposure_threshold, kMaxDaysThreshold),
      CheckOne("alert.score_sum", config.alert.score_sum, kUnlimited),
      CheckOne("alert.seconds", config.alert.seconds, kUnlimited),
      CheckAll<int>("version_1.attenuation_scores", v1.attenuation_scores,
                    kMaxScore),
      CheckAll<int>("version_1.days_since_last_exposure_scores",
                    v1.days_since_last_exposure_scores, kMaxScore),
      CheckAll<int>("version_1.duration_scores", v1.duration_scores, kMaxScore),
      CheckAll<int>("version_1.transmission_risk_scores",
                    v1.transmission_risk_scores, kMaxScore),
      CheckOne("version_1.minimum_risk_score", v1.minimum_risk_score, 4096),
      CheckThresholds("version_1.duration_thresholds", v1.duration_thresholds,
                      /*step=*/0),
  };
  for (const absl::Status& check : checks) {
    if (!check.ok()) return check;
  }
  return absl::OkStatus();
}

bool IsReportable(ReportType type) {
  return type == ReportType::kConfirmedTest ||
         type == ReportType::kConfirmedClinicalDiagnosis ||
         type == ReportType::kSelfReport;
}

Infectiousness MapInfectiousness(const KeyMetadata& metadata,
                                 const DiagnosisKeysMapping& mapping) {
  if (!metadata.days_since_onset.has_value() ||
      std::abs(*metadata.days_since_onset) > kMaxDaysSinceOnset) {
    return mapping.infectiousness_when_missing;
  }
  return mapping.infectiousness[OnsetIndex(*metadata.days_since_onset)];
}

ReportType MapReportType(const KeyMetadata& metadata,
                         const DiagnosisKeysMapping& mapping) {
  const ReportType type = metadata.report_type.value_or(ReportType::kUnknown);
  return type == ReportType::kUnknown ? mapping.report_type_when_missing : type;
}

}  // namespace tekmatch
