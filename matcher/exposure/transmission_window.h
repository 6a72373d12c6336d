// The transmission-window rule: which of a person's keys go out, and which
// contacts with published keys count, because the person can have been
// infectious then.
//
// The authority's rule (COCOA 1.2.1, December 2020): contacts count from about
// two days before D, the date of symptom onset, or of the test when there are
// no symptoms; and never from more than 14 days before the registration. A
// policy is one reading of it, a plain value; NamedTransmissionWindowPolicy
// has those that were used.
//
// One rule, two uses. What is known differs:
//
//                  SelectKeysForPublication      JudgeContact
//   where          the person's device, server   the device of a contact
//   D              known                         from days_since_onset, if it
//                                                was published
//   symptoms?      known                         unknown
//   registration   its time                      between the export's
//                                                timestamps, if it has them
//   contact time   unknown: any within the key   known
//
// Where a contact's device knows less, it takes the value of those possible
// that lets more contacts count: a missed contact is worse than one too many.
//
// Local dates are those of the authority's time zone, a parameter. Midnight of
// a date on which the clock skips it is the moment of the skip; of a midnight
// that comes twice, the first.
//
// Sources: cocoa-mhlw/cocoa v1.2.1..v2.0.1, TemporaryExposureKeyUtils.cs,
// AppConstants.cs (the client's rule); V3DiagnosisApi.cs,
// TemporaryExposureKeyValidationService.cs (the server's); issues #705, #840,
// #1105.
#ifndef TEKMATCH_MATCHER_EXPOSURE_TRANSMISSION_WINDOW_H_
#define TEKMATCH_MATCHER_EXPOSURE_TRANSMISSION_WINDOW_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "keyformat/diagnosis_key.h"

namespace tekmatch {

struct TransmissionWindowPolicy {
  // What is held against the window.
  enum class Basis : uint8_t {
    kNone,            // nothing: every key and contact counts
    kContactTime,     // the contact's time; cuts inside a key's day
    kRollingStart,    // the key's rolling start
    kDaysSinceOnset,  // the key's days since onset
  };
  // Whose date the registration has, for max_age_days and
  // starts_by_registration_day.
  enum class Calendar : uint8_t { kLocal, kUtc };
  // What days_since_onset counts, in published keys and in kDaysSinceOnset.
  enum class OnsetReference : uint8_t {
    // The key's local date less D.
    kLocalDate,
    // The key's UTC date less the UTC date of D 00:00 local. East of
    // Greenwich that is the day before D, so in Japan the number is one higher
    // than the civil difference for a key that starts at 00:00 UTC: what
    // COCOA's server did (#1105).
    kUtcDateOfLocalMidnight,
  };
  enum class WhenMissing : uint8_t { kCount, kIgnore };

  std::string name = "none";
  Basis basis = Basis::kNone;

  // The window begins at 00:00 local of D less this many days, inclusive; on
  // the basis kDaysSinceOnset, with days_since_onset = -days_before.
  int days_before = 2;
  // It ends with the day this many days after D, inclusive, by what D is the
  // date of. Absent: there is no end. A contact's device cannot know which of
  // the two it is, and takes the later end.
  std::optional<int> days_after_onset;
  std::optional<int> days_after_test;

  // Nothing counts from before 00:00 of the registration's date less this many
  // days.
  int max_age_days = 14;
  Calendar registration_calendar = Calendar::kLocal;
  // Keys that start after 00:00 of the registration's date stay back.
  bool starts_by_registration_day = false;

  OnsetReference onset_reference = OnsetReference::kLocalDate;
  // At match time, of a key without days_since_onset.
  WhenMissing days_since_onset_missing = WhenMissing::kCount;

  bool operator==(const TransmissionWindowPolicy&) const = default;
};

// The policies with a name:
//   none         Everything counts.
//   civil        Contact time >= (D - 2 days) 00:00 local and >= (local date of
//                registration - 14 days) 00:00 local.
//   cocoa-1.2.1  The app's rule of December 2020: rolling start >= (D - 3 days)
//                00:00 local ("about two days": keys begin at 09:00 in Japan),
//                no end, and >= (UTC date of registration - 14 days) 00:00 UTC.
//   cocoa-3      The server's rule of version 3: -3 <= days_since_onset <= +10
//                with symptoms, <= +7 by test date; UTC date of registration -
//                14 days <= rolling start <= that date, 00:00 UTC.
// INVALID_ARGUMENT for another name; the message lists these.
absl::StatusOr<TransmissionWindowPolicy> NamedTransmissionWindowPolicy(
    absl::string_view name);

// INVALID_ARGUMENT, with the field's name, for a number of days that is
// negative or above 14 (kMaxDaysSinceOnset).
absl::Status Validate(const TransmissionWindowPolicy& policy);

// Why something counts or not. When several reasons hold, the first in this
// order is given.
enum class WindowReason : uint8_t {
  kInWindow,
  // A key of which only a part lies in the window (kContactTime); it goes out.
  kPartlyInWindow,
  kNoRule,
  kTooOld,                   // more than max_age_days before registration
  kStartsAfterRegistration,  // starts_by_registration_day
  kBeforeWindow,
  kAfterWindow,
  // It counts, or does not, for want of days_since_onset.
  kDaysSinceOnsetMissing,
  // Revoked, or of a type that no service reports (recursive).
  kReportType,
};
inline constexpr int kNumWindowReasons = 9;

// Stable names: "in_window", "partly_in_window", "no_rule", "too_old",
// "starts_after_registration", "before_window", "after_window",
// "days_since_onset_missing", "report_type".
absl::string_view WindowReasonName(WindowReason reason);

struct WindowDecision {
  bool counts = false;
  WindowReason reason = WindowReason::kNoRule;

  bool operator==(const WindowDecision&) const = default;
};

// What a person says when registering a positive test.
struct Registration {
  absl::CivilDay onset_or_test;  // D, a local date
  bool by_test_date = false;     // no symptoms: D is the date of the test
  absl::Time registered;
};

// The number that the policy publishes with a key, not limited to -14..14.
int64_t DaysSinceOnset(EnIntervalNumber rolling_start, absl::CivilDay onset,
                       const TransmissionWindowPolicy& policy,
                       absl::TimeZone zone);

// For each key whether it goes out (counts) and why, in the order of `keys`.
// Only rolling start and period are read. The policy is valid.
std::vector<WindowDecision> SelectKeysForPublication(
    absl::Span<const DiagnosisKey> keys, const Registration& registration,
    const TransmissionWindowPolicy& policy, absl::TimeZone zone);

// The timestamps of an export, Unix seconds: its keys arrived at the server
// from `start` to `end`. COCOA wrote the day of the keys instead; the limits by
// registration then let everything count.
struct ExportTimes {
  std::optional<int64_t> start_seconds;
  std::optional<int64_t> end_seconds;
};

// Whether a contact with a published key counts. The policy is valid.
//   D             earliest date that fits rolling_start and days_since_onset
//   window's end  the later of days_after_onset and days_after_test
//   registration  times.start_seconds for max_age_days, times.end_seconds for
//                 starts_by_registration_day; without them no such limit
// Revoked and recursive keys never count, whatever the policy.
WindowDecision JudgeContact(EnIntervalNumber rolling_start,
                            const KeyMetadata& metadata,
                            const ExportTimes& times,
                            int64_t contact_unix_seconds,
                            const TransmissionWindowPolicy& policy,
                            absl::TimeZone zone);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_EXPOSURE_TRANSMISSION_WINDOW_H_
