#include "matcher/exposure/transmission_window_json.h"

#include <nlohmann/json.hpp>

#include "keyformat/diagnosis_key.h"
#include "keyformat/status_macros.h"
#include "matcher/exposure/json_fields.h"

namespace tekmatch {

absl::StatusOr<TransmissionWindowPolicy> ParseTransmissionWindowPolicy(
    absl::string_view json) {
  using Policy = TransmissionWindowPolicy;
  TEKMATCH_ASSIGN_OR_RETURN(const nlohmann::json object, ParseJson(json));
  JsonFields fields(object);
  for (const char* required : {"name", "basis"}) {
    if (object.is_object() && !object.contains(required)) {
      fields.Fail(required, "missing");
    }
  }
  Policy policy;
  fields.String("name", policy.name);
  fields.Choice<Policy::Basis>(
      "basis",
      {{"none", Policy::Basis::kNone},
       {"contact_time", Policy::Basis::kContactTime},
       {"rolling_start", Policy::Basis::kRollingStart},
       {"days_since_onset", Policy::Basis::kDaysSinceOnset}},
      policy.basis);
  fields.Integer("days_before", 0, kMaxDaysSinceOnset, policy.days_before);
  fields.Integer("days_after_onset", 0, kMaxDaysSinceOnset,
                 policy.days_after_onset);
  fields.Integer("days_after_test", 0, kMaxDaysSinceOnset,
                 policy.days_after_test);
  fields.Integer("max_age_days", 0, kMaxDaysSinceOnset, policy.max_age_days);
  fields.Choice<Policy::Calendar>(
      "registration_calendar",
      {{"local", Policy::Calendar::kLocal}, {"utc", Policy::Calendar::kUtc}},
      policy.registration_calendar);
  fields.Boolean("starts_by_registration_day",
                 policy.starts_by_registration_day);
  fields.Choice<Policy::OnsetReference>(
      "onset_reference",
      {{"local_date", Policy::OnsetReference::kLocalDate},
       {"utc_date_of_local_midnight",
        Policy::OnsetReference::kUtcDateOfLocalMidnight}},
      policy.onset_reference);
  fields.Choice<Policy::WhenMissing>("days_since_onset_missing",
                                     {{"count", Policy::WhenMissing::kCount},
                                      {"ignore", Policy::WhenMissing::kIgnore}},
                                     policy.days_since_onset_missing);
  TEKMATCH_RETURN_IF_ERROR(fields.Finish());
  return policy;
}

}  // namespace tekmatch
