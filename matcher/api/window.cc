// The transmission window for C.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "keyformat/diagnosis_key.h"
#include "keyformat/status_macros.h"
#include "matcher/api/call.h"
#include "matcher/api/rules.h"
#include "matcher/api/tekmatch.h"
#include "matcher/exposure/transmission_window.h"

namespace tekmatch {
namespace {

absl::StatusOr<absl::CivilDay> ReadDate(const tekmatch_date& date) {
  const absl::CivilDay day(date.year, date.month, date.day);
  if (day.year() != date.year || day.month() != date.month ||
      day.day() != date.day || date.year < 1970) {
    return absl::InvalidArgumentError("onset_or_test is no date since 1970");
  }
  return day;
}

absl::StatusOr<Registration> ReadRegistration(
    const tekmatch_registration* given) {
  TEKMATCH_ASSIGN_OR_RETURN(const tekmatch_registration read,
                            ReadStruct(given, "registration"));
  Registration registration;
  TEKMATCH_ASSIGN_OR_RETURN(registration.onset_or_test,
                            ReadDate(read.onset_or_test));
  if (read.by_test_date > 1 || read.reserved != 0) {
    return absl::InvalidArgumentError(
        "by_test_date is neither 0 nor 1, or reserved is not zero");
  }
  registration.by_test_date = read.by_test_date == 1;
  registration.registered = absl::FromUnixSeconds(read.registered);
  return registration;
}

tekmatch_decision Decision(const WindowDecision& decision) {
  tekmatch_decision made{};
  made.counts = decision.counts ? 1 : 0;
  made.reason = static_cast<int32_t>(decision.reason);
  return made;
}

absl::StatusOr<KeyMetadata> ReadMetadata(const tekmatch_contact& contact) {
  KeyMetadata metadata;
  if (contact.report_type != TEKMATCH_MISSING) {
    if (contact.report_type < 0 || contact.report_type >= kNumReportTypes) {
      return absl::InvalidArgumentError("report_type is none");
    }
    metadata.report_type = static_cast<ReportType>(contact.report_type);
  }
  if (contact.days_since_onset != TEKMATCH_MISSING) {
    if (contact.days_since_onset < -kMaxDaysSinceOnset ||
        contact.days_since_onset > kMaxDaysSinceOnset) {
      return absl::InvalidArgumentError("days_since_onset is not in -14..14");
    }
    metadata.days_since_onset = static_cast<int8_t>(contact.days_since_onset);
  }
  return metadata;
}

absl::Status SelectKeys(tekmatch_decision* decisions,
                        const tekmatch_own_key* keys, size_t num_keys,
                        const tekmatch_registration* registration,
                        const char* policy_text, const char* zone_name) {
  TEKMATCH_RETURN_IF_ERROR(IsArray(decisions, num_keys, "decisions"));
  TEKMATCH_RETURN_IF_ERROR(IsArray(keys, num_keys, "keys"));
  TEKMATCH_ASSIGN_OR_RETURN(const Registration registered,
                            ReadRegistration(registration));
  TEKMATCH_ASSIGN_OR_RETURN(const TransmissionWindowPolicy policy,
                            ReadPolicy(policy_text));
  TEKMATCH_ASSIGN_OR_RETURN(const absl::TimeZone zone,
                            ReadZone(zone_name, "zone"));
  std::vector<DiagnosisKey> read(num_keys);
  for (size_t i = 0; i < num_keys; ++i) {
    if (keys[i].rolling_period < 1 ||
        keys[i].rolling_period > uint32_t{kMaxRollingPeriod}) {
      return absl::InvalidArgumentError("a rolling_period is not in 1..144");
    }
    read[i].rolling_start = keys[i].rolling_start;
    read[i].rolling_period = static_cast<uint8_t>(keys[i].rolling_period);
  }
  const std::vector<WindowDecision> made =
      SelectKeysForPublication(read, registered, policy, zone);
  for (size_t i = 0; i < num_keys; ++i) {
    decisions[i] = Decision(made[i]);
    decisions[i].days_since_onset = static_cast<int32_t>(DaysSinceOnset(
        read[i].rolling_start, registered.onset_or_test, policy, zone));
  }
  return absl::OkStatus();
}

absl::Status Judge(tekmatch_decision* decision,
                   const tekmatch_contact* given_contact,
                   const char* policy_text, const char* zone_name) {
  TEKMATCH_RETURN_IF_ERROR(NotNull(decision, "decision"));
  TEKMATCH_ASSIGN_OR_RETURN(const tekmatch_contact contact,
                            ReadStruct(given_contact, "contact"));
  TEKMATCH_ASSIGN_OR_RETURN(const KeyMetadata metadata, ReadMetadata(contact));
  TEKMATCH_ASSIGN_OR_RETURN(const TransmissionWindowPolicy policy,
                            ReadPolicy(policy_text));
  TEKMATCH_ASSIGN_OR_RETURN(const absl::TimeZone zone,
                            ReadZone(zone_name, "zone"));
  ExportTimes times;
  if (contact.export_start != 0) times.start_seconds = contact.export_start;
  if (contact.export_end != 0) times.end_seconds = contact.export_end;
  *decision = Decision(JudgeContact(contact.rolling_start, metadata, times,
                                    contact.unix_seconds, policy, zone));
  return absl::OkStatus();
}

}  // namespace
}  // namespace tekmatch

const char* tekmatch_window_reason_name(tekmatch_window_reason reason) {
  if (reason < 0 || reason >= tekmatch::kNumWindowReasons) return "";
  // The names are literals.
  return tekmatch::WindowReasonName(static_cast<tekmatch::WindowReason>(reason))
      .data();
}

tekmatch_status tekmatch_select_keys(tekmatch_decision* decisions,
                                     const tekmatch_own_key* keys,
                                     size_t num_keys,
                                     const tekmatch_registration* registration,
                                     const char* policy, const char* zone,
                                     char* message, size_t message_bytes) {
  return tekmatch::Call(message, message_bytes, [&] {
    return tekmatch::SelectKeys(decisions, keys, num_keys, registration, policy,
                                zone);
  });
}

tekmatch_status tekmatch_judge_contact(tekmatch_decision* decision,
                                       const tekmatch_contact* contact,
                                       const char* policy, const char* zone,
                                       char* message, size_t message_bytes) {
  return tekmatch::Call(message, message_bytes, [&] {
    return tekmatch::Judge(decision, contact, policy, zone);
  });
}
