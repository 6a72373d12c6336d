// Plan: the names that JSON has for enumerations; an object's weights; then the
// parts of a configuration, over the one that it is based on.
#include "matcher/exposure/exposure_config_json.h"

#include <initializer_list>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/types/span.h"
#include "keyformat/report_type_name.h"
#include "keyformat/status_macros.h"
#include "matcher/exposure/json_fields.h"

namespace tekmatch {
namespace {

using ::nlohmann::json;

template <typename T>
using Choices = std::vector<std::pair<const char*, T>>;

// Each of `values` with its name, which is a literal: it ends with a NUL, and
// stays.
template <typename T>
Choices<T> NamedChoices(absl::string_view (*name)(T),
                        std::initializer_list<T> values) {
  Choices<T> choices;
  choices.reserve(values.size());
  for (const T value : values) choices.emplace_back(name(value).data(), value);
  return choices;
}

Choices<Infectiousness> InfectiousnessChoices() {
  return NamedChoices(InfectiousnessName,
                      {Infectiousness::kNone, Infectiousness::kStandard,
                       Infectiousness::kHigh});
}

// Those that a missing one can stand for.
Choices<ReportType> ReportableChoices() {
  return NamedChoices(ReportTypeName, {ReportType::kConfirmedTest,
                                       ReportType::kConfirmedClinicalDiagnosis,
                                       ReportType::kSelfReport});
}

// Those that the platform has a weight for.
Choices<ReportType> WeighedChoices() {
  Choices<ReportType> choices = ReportableChoices();
  choices.emplace_back(ReportTypeName(ReportType::kRecursive).data(),
                       ReportType::kRecursive);
  return choices;
}

// An object of weights by name into an array by number. Without the object
// nothing is weighed, so that all are 1; in an object, whose author chose, what
// it does not name is 0. The array's other places are left as they are.
template <typename T>
void ReadWeights(JsonFields& fields, const char* name,
                 const Choices<T>& choices, absl::Span<double> weights) {
  const json* object = fields.Find(name);
  for (const auto& [choice, value] : choices) {
    weights[static_cast<size_t>(value)] = object == nullptr ? 1 : 0;
  }
  if (object == nullptr) return;
  JsonFields inner(*object, std::string(name) + ".");
  for (const auto& [choice, value] : choices) {
    inner.Number(choice, 0, kMaxWeight, weights[static_cast<size_t>(value)]);
  }
  fields.Merge(inner.Finish());
}

// Days since onset are the members' names, "-14" to "14".
void ReadInfectiousness(JsonFields& fields, DiagnosisKeysMapping& mapping) {
  const json* object = fields.Find("infectiousness");
  if (object == nullptr) return;
  JsonFields inner(*object, "infectiousness.");
  for (size_t i = 0; i < mapping.infectiousness.size(); ++i) {
    const int days = static_cast<int>(i) - kMaxDaysSinceOnset;
    inner.Choice<Infectiousness>(std::to_string(days).c_str(),
                                 InfectiousnessChoices(),
                                 mapping.infectiousness[i]);
  }
  fields.Merge(inner.Finish());
}

void ReadVersion1(JsonFields& fields, ExposureConfigV1& config) {
  constexpr int kMaxScore = 8;
  const json* object = fields.Find("version_1");
  if (object == nullptr) return;
  JsonFields inner(*object, "version_1.");
  inner.Integers("attenuation_scores", 0, kMaxScore,
                 absl::MakeSpan(config.attenuation_scores));
  inner.Integers("days_since_last_exposure_scores", 0, kMaxScore,
                 absl::MakeSpan(config.days_since_last_exposure_scores));
  inner.Integers("duration_scores", 0, kMaxScore,
                 absl::MakeSpan(config.duration_scores));
  inner.Integers("transmission_risk_scores", 0, kMaxScore,
                 absl::MakeSpan(config.transmission_risk_scores));
  // 4096 is the greatest product of four scores.
  inner.Integer("minimum_risk_score", 0, 4096, config.minimum_risk_score);
  inner.Integers("duration_thresholds", 0, kMaxAttenuation,
                 absl::MakeSpan(config.duration_thresholds));
  fields.Merge(inner.Finish());
}

}  // namespace

absl::StatusOr<ExposureConfig> ParseExposureConfig(absl::string_view text) {
  TEKMATCH_ASSIGN_OR_RETURN(const json object, ParseJson(text));
  JsonFields fields(object);
  // JsonFields passes over what is missing; a text that is no object it
  // refuses itself.
  for (const char* required :
       {"name", "attenuation_thresholds", "attenuation_weights"}) {
    if (object.is_object() && !object.contains(required)) {
      fields.Fail(required, "missing");
    }
  }
  ExposureConfig config;
  DailySummariesConfig& days = config.daily_summaries;
  fields.String("name", config.name);
  ReadInfectiousness(fields, config.mapping);
  fields.Choice<Infectiousness>("infectiousness_when_missing",
                                InfectiousnessChoices(),
                                config.mapping.infectiousness_when_missing);
  fields.Choice<ReportType>("report_type_when_missing", ReportableChoices(),
                            config.mapping.report_type_when_missing);
  fields.Integers("attenuation_thresholds", 0, kMaxAttenuation,
                  absl::MakeSpan(days.attenuation_thresholds));
  fields.Numbers("attenuation_weights", 0, kMaxWeight,
                 absl::MakeSpan(days.attenuation_weights));
  ReadWeights(fields, "report_type_weights", WeighedChoices(),
              absl::MakeSpan(days.report_type_weights));
  ReadWeights(fields, "infectiousness_weights", InfectiousnessChoices(),
              absl::MakeSpan(days.infectiousness_weights));
  // No window has it (exposure_window.h): whatever was read has no effect.
  days.infectiousness_weights[static_cast<size_t>(Infectiousness::kNone)] = 0;
  fields.Number("minimum_window_score", 0, 1e9, days.minimum_window_score);
  fields.Integer("days_since_exposure_threshold", 0, 36500,
                 days.days_since_exposure_threshold);
  // Nobody is alerted by a threshold that the file does not have.
  config.alert = kNoAlert;
  if (const json* alert = fields.Find("alert"); alert != nullptr) {
    JsonFields inner(*alert, "alert.");
    inner.Number("score_sum", 0, 1e9, config.alert.score_sum);
    inner.Integer("seconds", 0, 1'000'000'000, config.alert.seconds);
    fields.Merge(inner.Finish());
  }
  ReadVersion1(fields, config.version_1);
  if (const json* contact = fields.Find("consultation"); contact != nullptr) {
    JsonFields inner(*contact, "consultation.");
    inner.String("ja", config.consultation.japanese);
    inner.String("en", config.consultation.english);
    fields.Merge(inner.Finish());
  }
  TEKMATCH_RETURN_IF_ERROR(fields.Finish());
  // What no single member shows, such as thresholds out of order.
  TEKMATCH_RETURN_IF_ERROR(Validate(config));
  return config;
}

}  // namespace tekmatch
