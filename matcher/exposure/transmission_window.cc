// Plan: days become limits in seconds; Place judges a span of time against
// them; PlaceKnown is the rule where the day of onset or test is known.
// Publication judges a key's whole validity by it, JudgeContact one contact,
// whose day of onset may only be told by the key.
#include "matcher/exposure/transmission_window.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"

namespace tekmatch {
namespace {

using Policy = TransmissionWindowPolicy;

constexpr std::array<absl::string_view, kNumWindowReasons> kReasonNames = {
    "in_window",    "partly_in_window",          "no_rule",
    "too_old",      "starts_after_registration", "before_window",
    "after_window", "days_since_onset_missing",  "report_type"};

int64_t Midnight(absl::CivilDay day, absl::TimeZone zone) {
  return absl::ToUnixSeconds(absl::FromCivil(day, zone));
}

absl::CivilDay DateOf(int64_t unix_seconds, absl::TimeZone zone) {
  return absl::ToCivilDay(absl::FromUnixSeconds(unix_seconds), zone);
}

int64_t StartSeconds(EnIntervalNumber rolling_start) {
  return int64_t{rolling_start} * kIntervalSeconds;
}

// Of a limit in seconds, the start of the interval that it lies in: a key that
// starts in this interval has reached it. Time zones of today are whole
// intervals away from UTC, those of a century ago are not.
int64_t IntervalOf(int64_t unix_seconds) {
  const int64_t remainder =
      ((unix_seconds % kIntervalSeconds) + kIntervalSeconds) % kIntervalSeconds;
  return unix_seconds - remainder;
}

absl::TimeZone ZoneOf(Policy::Calendar calendar, absl::TimeZone local) {
  return calendar == Policy::Calendar::kUtc ? absl::UTCTimeZone() : local;
}

// The limits of one registration or export, on seconds since the epoch.
struct Limits {
  std::optional<int64_t> oldest;        // inclusive
  std::optional<int64_t> latest_start;  // inclusive, of rolling starts
};

int64_t OldestSeconds(int64_t registered, const Policy& policy,
                      absl::TimeZone local) {
  const absl::TimeZone zone = ZoneOf(policy.registration_calendar, local);
  return Midnight(DateOf(registered, zone) - policy.max_age_days, zone);
}

std::optional<int64_t> LatestStartSeconds(int64_t registered,
                                          const Policy& policy,
                                          absl::TimeZone local) {
  if (!policy.starts_by_registration_day) return std::nullopt;
  const absl::TimeZone zone = ZoneOf(policy.registration_calendar, local);
  return Midnight(DateOf(registered, zone), zone);
}

// The window around D in seconds: [begin, end).
struct Window {
  int64_t begin = 0;
  std::optional<int64_t> end;
};

Window WindowAround(absl::CivilDay onset, const Policy& policy,
                    std::optional<int> days_after, absl::TimeZone zone) {
  Window window;
  window.begin = Midnight(onset - policy.days_before, zone);
  if (days_after.has_value()) {
    window.end = Midnight(onset + *days_after + 1, zone);
  }
  return window;
}

// The reason for which [first, last], the seconds of what is judged, does not
// lie in the window, or kInWindow, or kPartlyInWindow. In this order: age,
// latest start, window.
WindowReason Place(int64_t first, int64_t last, int64_t start,
                   const Limits& limits, const Window& window) {
  if (limits.oldest.has_value() && last < *limits.oldest) {
    return WindowReason::kTooOld;
  }
  if (limits.latest_start.has_value() && start > *limits.latest_start) {
    return WindowReason::kStartsAfterRegistration;
  }
  if (last < window.begin) return WindowReason::kBeforeWindow;
  if (window.end.has_value() && first >= *window.end) {
    return WindowReason::kAfterWindow;
  }
  const bool whole =
      first >= std::max(window.begin, limits.oldest.value_or(window.begin)) &&
      (!window.end.has_value() || last < *window.end);
  return whole ? WindowReason::kInWindow : WindowReason::kPartlyInWindow;
}

WindowReason PlaceByDays(int64_t days_since_onset, int64_t start,
                         const Limits& limits, const Policy& policy,
                         std::optional<int> days_after) {
  if (limits.oldest.has_value() && start < *limits.oldest) {
    return WindowReason::kTooOld;
  }
  if (limits.latest_start.has_value() && start > *limits.latest_start) {
    return WindowReason::kStartsAfterRegistration;
  }
  if (days_since_onset < -policy.days_before) {
    return WindowReason::kBeforeWindow;
  }
  if (days_after.has_value() && days_since_onset > *days_after) {
    return WindowReason::kAfterWindow;
  }
  return WindowReason::kInWindow;
}

WindowDecision Decide(WindowReason reason) {
  return {.counts = reason == WindowReason::kInWindow ||
                    reason == WindowReason::kPartlyInWindow ||
                    reason == WindowReason::kNoRule,
          .reason = reason};
}

// The rule for what lasts from `first` to `last` and belongs to a key that
// starts at `start`, when D is known.
WindowReason PlaceKnown(int64_t first, int64_t last, int64_t start,
                        absl::CivilDay onset, int64_t days_since_onset,
                        const Limits& limits, const Policy& policy,
                        std::optional<int> days_after, absl::TimeZone zone) {
  switch (policy.basis) {
    case Policy::Basis::kNone:
      break;
    case Policy::Basis::kContactTime:
      return Place(first, last, start, limits,
                   WindowAround(onset, policy, days_after, zone));
    case Policy::Basis::kRollingStart: {
      Window window = WindowAround(onset, policy, days_after, zone);
      window.begin = IntervalOf(window.begin);
      return Place(start, start, start, limits, window);
    }
    case Policy::Basis::kDaysSinceOnset:
      return PlaceByDays(days_since_onset, start, limits, policy, days_after);
  }
  return WindowReason::kNoRule;
}

// The earliest D for which DaysSinceOnset gives the number.
absl::CivilDay EarliestOnset(int64_t start, int64_t days_since_onset,
                             const Policy& policy, absl::TimeZone zone) {
  if (policy.onset_reference == Policy::OnsetReference::kLocalDate) {
    return DateOf(start, zone) - days_since_onset;
  }
  const absl::TimeZone utc = absl::UTCTimeZone();
  const absl::CivilDay wanted = DateOf(start, utc) - days_since_onset;
  // The UTC date of local midnight is D or one of its neighbours.
  absl::CivilDay onset = wanted - 1;
  while (DateOf(Midnight(onset, zone), utc) < wanted) ++onset;
  return onset;
}

std::optional<int> LaterEnd(const Policy& policy) {
  if (!policy.days_after_onset.has_value() ||
      !policy.days_after_test.has_value()) {
    return std::nullopt;
  }
  return std::max(*policy.days_after_onset, *policy.days_after_test);
}

absl::Status CheckDays(absl::string_view field, int days) {
  if (days >= 0 && days <= kMaxDaysSinceOnset) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": not in 0..", kMaxDaysSinceOnset));
}

}  // namespace

absl::StatusOr<TransmissionWindowPolicy> NamedTransmissionWindowPolicy(
    absl::string_view name) {
  Policy policy;
  policy.name = std::string(name);
  if (name == "none") return policy;
  if (name == "civil") {
    policy.basis = Policy::Basis::kContactTime;
    return policy;
  }
  if (name == "cocoa-1.2.1") {
    policy.basis = Policy::Basis::kRollingStart;
    policy.days_before = 3;
    policy.registration_calendar = Policy::Calendar::kUtc;
    return policy;
  }
  if (name == "cocoa-3") {
    policy.basis = Policy::Basis::kDaysSinceOnset;
    policy.days_before = 3;
    policy.days_after_onset = 10;
    policy.days_after_test = 7;
    policy.registration_calendar = Policy::Calendar::kUtc;
    policy.starts_by_registration_day = true;
    policy.onset_reference = Policy::OnsetReference::kUtcDateOfLocalMidnight;
    return policy;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("no policy \"", name,
                   "\"; there are none, civil, cocoa-1.2.1 and cocoa-3"));
}

absl::Status Validate(const TransmissionWindowPolicy& policy) {
  TEKMATCH_RETURN_IF_ERROR(CheckDays("days_before", policy.days_before));
  TEKMATCH_RETURN_IF_ERROR(
      CheckDays("days_after_onset", policy.days_after_onset.value_or(0)));
  TEKMATCH_RETURN_IF_ERROR(
      CheckDays("days_after_test", policy.days_after_test.value_or(0)));
  return CheckDays("max_age_days", policy.max_age_days);
}

absl::string_view WindowReasonName(WindowReason reason) {
  return kReasonNames[static_cast<size_t>(reason)];
}

int64_t DaysSinceOnset(EnIntervalNumber rolling_start, absl::CivilDay onset,
                       const TransmissionWindowPolicy& policy,
                       absl::TimeZone zone) {
  const int64_t start = StartSeconds(rolling_start);
  if (policy.onset_reference == Policy::OnsetReference::kLocalDate) {
    return DateOf(start, zone) - onset;
  }
  const absl::TimeZone utc = absl::UTCTimeZone();
  return DateOf(start, utc) - DateOf(Midnight(onset, zone), utc);
}

std::vector<WindowDecision> SelectKeysForPublication(
    absl::Span<const DiagnosisKey> keys, const Registration& registration,
    const TransmissionWindowPolicy& policy, absl::TimeZone zone) {
  const int64_t registered = absl::ToUnixSeconds(registration.registered);
  const Limits limits = {
      .oldest = OldestSeconds(registered, policy, zone),
      .latest_start = LatestStartSeconds(registered, policy, zone)};
  const std::optional<int> days_after = registration.by_test_date
                                            ? policy.days_after_test
                                            : policy.days_after_onset;
  std::vector<WindowDecision> decisions;
  decisions.reserve(keys.size());
  for (const DiagnosisKey& key : keys) {
    const int64_t start = StartSeconds(key.rolling_start);
    const int64_t last = start + key.rolling_period * kIntervalSeconds - 1;
    decisions.push_back(Decide(
        PlaceKnown(start, last, start, registration.onset_or_test,
                   DaysSinceOnset(key.rolling_start, registration.onset_or_test,
                                  policy, zone),
                   limits, policy, days_after, zone)));
  }
  return decisions;
}

WindowDecision JudgeContact(EnIntervalNumber rolling_start,
                            const KeyMetadata& metadata,
                            const ExportTimes& times,
                            int64_t contact_unix_seconds,
                            const TransmissionWindowPolicy& policy,
                            absl::TimeZone zone) {
  if (metadata.report_type == ReportType::kRevoked ||
      metadata.report_type == ReportType::kRecursive) {
    return Decide(WindowReason::kReportType);
  }
  if (policy.basis == Policy::Basis::kNone) {
    return Decide(WindowReason::kNoRule);
  }
  Limits limits;
  if (times.start_seconds.has_value()) {
    limits.oldest = OldestSeconds(*times.start_seconds, policy, zone);
  }
  if (times.end_seconds.has_value()) {
    limits.latest_start = LatestStartSeconds(*times.end_seconds, policy, zone);
  }
  const int64_t start = StartSeconds(rolling_start);
  const int64_t judged = policy.basis == Policy::Basis::kContactTime
                             ? contact_unix_seconds
                             : start;
  if (!metadata.days_since_onset.has_value()) {
    // The limits by registration hold without D.
    const WindowReason reason =
        Place(judged, judged, start, limits, {.begin = judged, .end = {}});
    if (reason != WindowReason::kInWindow) return Decide(reason);
    return {.counts =
                policy.days_since_onset_missing == Policy::WhenMissing::kCount,
            .reason = WindowReason::kDaysSinceOnsetMissing};
  }
  return Decide(PlaceKnown(
      judged, judged, start,
      EarliestOnset(start, *metadata.days_since_onset, policy, zone),
      *metadata.days_since_onset, limits, policy, LaterEnd(policy), zone));
}

}  // namespace tekmatch
