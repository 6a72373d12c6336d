// Plan: helpers, then the phone's part, then the server's. SelectKeysToSend is
// the transmission window with the request's limits. AcceptKeys judges each key
// by itself (JudgeAlone), then against those of the same request that were
// accepted before it. What the server has stored is not known here: the caller
// asks JudgeAgainstStored, then Conclude, with its rows. So the verdict is
// known before the number is touched (F5).
#include "registration/rules/key_acceptance.h"

#include <algorithm>
#include <array>
#include <limits>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"

namespace tekmatch {
namespace {

constexpr std::array<absl::string_view, kNumKeyVerdicts> kVerdictNames = {
    "accepted",        "repeated",       "not_16_bytes",        "bad_start",
    "bad_period",      "report_type",    "in_future",           "too_old",
    "no_slot_in_time", "other_metadata", "same_start_too_often"};

constexpr std::array<absl::string_view, 4> kSubmissionNames = {
    "acceptable", "nothing_to_send", "too_many_keys", "no_acceptable_key"};

absl::Time StartTime(int64_t rolling_start) {
  return absl::FromUnixSeconds(rolling_start * kIntervalSeconds);
}

// Whether the number can be a rolling start: aligned, and one that the export
// format and arithmetic on it can hold. 0 is none: readers take it for missing.
bool IsStart(int64_t rolling_start) {
  return rolling_start > 0 &&
         rolling_start <=
             std::numeric_limits<int32_t>::max() - kMaxRollingPeriod &&
         rolling_start % kMaxRollingPeriod == 0;
}

// Every key goes out with the same risk and type, whatever a phone says, so
// that these two tell nothing about a person.
DiagnosisKey ToPublish(const SubmittedKey& submitted) {
  DiagnosisKey key;
  std::copy(submitted.bytes.begin(), submitted.bytes.end(),
            key.tek.bytes.begin());
  key.rolling_start = static_cast<EnIntervalNumber>(submitted.rolling_start);
  key.rolling_period = static_cast<uint8_t>(submitted.rolling_period);
  key.metadata.transmission_risk = kPublishedTransmissionRisk;
  key.metadata.report_type = ReportType::kConfirmedTest;
  return key;
}

// What a key says by itself; kAccepted where nothing is against it.
KeyVerdict JudgeAlone(const SubmittedKey& key, absl::Time now,
                      const PublishSchedule& schedule) {
  // The order is that of the header. Start and period come first, since the
  // times and casts below need numbers in range.
  if (key.bytes.size() != kTekBytes) return KeyVerdict::kNot16Bytes;
  if (!IsStart(key.rolling_start)) return KeyVerdict::kBadStart;
  if (key.rolling_period < 1 || key.rolling_period > kMaxRollingPeriod) {
    return KeyVerdict::kBadPeriod;
  }
  if (key.report_type.has_value() &&
      *key.report_type != static_cast<int64_t>(ReportType::kConfirmedTest)) {
    return KeyVerdict::kReportType;
  }
  const absl::Time start = StartTime(key.rolling_start);
  if (start > now) return KeyVerdict::kInFuture;
  const absl::TimeZone utc = absl::UTCTimeZone();
  if (start <
      absl::FromCivil(absl::ToCivilDay(now, utc) - kOldestKeyDays, utc)) {
    return KeyVerdict::kTooOld;
  }
  // Young enough to take, it may still find no slot: COCOA took such keys and
  // never exported them (R14, F7).
  const WaitingKey waiting = {
      .rolling_start = static_cast<EnIntervalNumber>(key.rolling_start),
      .rolling_period = static_cast<uint8_t>(key.rolling_period),
      .arrived = now};
  return SlotOf(waiting, schedule).has_value() ? KeyVerdict::kAccepted
                                               : KeyVerdict::kNoSlotInTime;
}

KeyVerdict JudgeAgainstAccepted(const DiagnosisKey& key,
                                const std::vector<AcceptedKey>& accepted) {
  int num_of_start = 0;
  for (const AcceptedKey& other : accepted) {
    // Before the count: a key that comes twice is not one more of its start.
    if (other.key.tek == key.tek) return JudgeAgainstStored(key, other.key);
    if (other.key.rolling_start == key.rolling_start) ++num_of_start;
  }
  return num_of_start < kMostKeysOfAStart ? KeyVerdict::kAccepted
                                          : KeyVerdict::kSameStartTooOften;
}

}  // namespace

absl::StatusOr<TransmissionWindowPolicy> PublicationPolicy(
    absl::string_view name) {
  if (name == "cocoa-1.2.1" || name == "civil") {
    return NamedTransmissionWindowPolicy(name);
  }
  if (name == "legacy-14d") {
    // D is not in the future, so D less 14 days is no limit of its own.
    TransmissionWindowPolicy policy;
    policy.name = "legacy-14d";
    policy.basis = TransmissionWindowPolicy::Basis::kRollingStart;
    policy.days_before = kOldestKeyDays;
    policy.max_age_days = kOldestKeyDays;
    policy.registration_calendar = TransmissionWindowPolicy::Calendar::kUtc;
    return policy;
  }
  return absl::InvalidArgumentError(
      "no policy to publish by; there are cocoa-1.2.1, civil and legacy-14d");
}

bool HasKeyOfEarlierDay(absl::Span<const DiagnosisKey> own_keys, absl::Time now,
                        absl::TimeZone zone) {
  const absl::CivilDay today = absl::ToCivilDay(now, zone);
  return std::any_of(
      own_keys.begin(), own_keys.end(), [today, zone](const DiagnosisKey& key) {
        return absl::ToCivilDay(StartTime(key.rolling_start), zone) < today;
      });
}

KeysToSend SelectKeysToSend(absl::Span<const DiagnosisKey> own_keys,
                            const Registration& registration,
                            const TransmissionWindowPolicy& policy,
                            absl::TimeZone zone) {
  KeysToSend to_send;
  to_send.decisions =
      SelectKeysForPublication(own_keys, registration, policy, zone);
  std::vector<EnIntervalNumber> starts;
  for (size_t i = 0; i < own_keys.size(); ++i) {
    WindowDecision& decision = to_send.decisions[i];
    const EnIntervalNumber start = own_keys[i].rolling_start;
    // The server would refuse it as in_future.
    if (decision.counts && StartTime(start) > registration.registered) {
      decision = {.counts = false,
                  .reason = WindowReason::kStartsAfterRegistration};
    }
    if (decision.counts) starts.push_back(start);
  }
  // The server refuses a request with too many keys as a whole, so the oldest
  // ones stay behind. `earliest` is the start of the last one that has room.
  std::sort(starts.rbegin(), starts.rend());
  const size_t num_sent = std::min(starts.size(), kMostKeysInARequest);
  const EnIntervalNumber earliest = num_sent == 0 ? 0 : starts[num_sent - 1];
  for (size_t i = 0; i < own_keys.size(); ++i) {
    WindowDecision& decision = to_send.decisions[i];
    if (!decision.counts) continue;
    // Of those that start with the earliest, only as many as there is room for.
    if (own_keys[i].rolling_start < earliest ||
        to_send.keys.size() == num_sent) {
      decision = {.counts = false, .reason = WindowReason::kTooOld};
      continue;
    }
    to_send.keys.push_back(own_keys[i]);
  }
  return to_send;
}

absl::string_view KeyVerdictName(KeyVerdict verdict) {
  return kVerdictNames[static_cast<size_t>(verdict)];
}

bool IsGood(KeyVerdict verdict) {
  return verdict == KeyVerdict::kAccepted || verdict == KeyVerdict::kRepeated;
}

absl::string_view SubmissionVerdictName(SubmissionVerdict verdict) {
  return kSubmissionNames[static_cast<size_t>(verdict)];
}

Acceptance AcceptKeys(absl::Span<const SubmittedKey> keys, absl::Time now,
                      const PublishSchedule& schedule) {
  Acceptance acceptance;
  if (keys.size() > kMostKeysInARequest) {
    // Before any key is judged: that bounds the work.
    acceptance.verdict = SubmissionVerdict::kTooManyKeys;
    return acceptance;
  }
  acceptance.verdicts.reserve(keys.size());
  acceptance.accepted.reserve(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    KeyVerdict verdict = JudgeAlone(keys[i], now, schedule);
    if (verdict == KeyVerdict::kAccepted) {
      const DiagnosisKey key = ToPublish(keys[i]);
      verdict = JudgeAgainstAccepted(key, acceptance.accepted);
      if (verdict == KeyVerdict::kAccepted) {
        // JudgeAlone found a slot for the same values, so SlotOf has one below.
        const WaitingKey waiting = {.rolling_start = key.rolling_start,
                                    .rolling_period = key.rolling_period,
                                    .arrived = now};
        acceptance.accepted.push_back(
            {.index = i,
             .key = key,
             .embargoed = now < ReleaseTime(key.rolling_start,
                                            key.rolling_period, schedule.rule),
             .slot = *SlotOf(waiting, schedule)});
      }
    }
    acceptance.verdicts.push_back(verdict);
  }
  acceptance.verdict = Conclude(acceptance.verdicts);
  return acceptance;
}

KeyVerdict JudgeAgainstStored(const DiagnosisKey& accepted,
                              const DiagnosisKey& stored) {
  // The risk is not compared: ToPublish gives all keys the same.
  const bool same =
      accepted.rolling_start == stored.rolling_start &&
      accepted.rolling_period == stored.rolling_period &&
      accepted.metadata.report_type == stored.metadata.report_type;
  return same ? KeyVerdict::kRepeated : KeyVerdict::kOtherMetadata;
}

SubmissionVerdict Conclude(absl::Span<const KeyVerdict> verdicts) {
  if (verdicts.empty()) return SubmissionVerdict::kNothingToSend;
  // A repeated key is good, too: whoever got no answer sends all again.
  return std::any_of(verdicts.begin(), verdicts.end(), IsGood)
             ? SubmissionVerdict::kAcceptable
             : SubmissionVerdict::kNoAcceptableKey;
}

}  // namespace tekmatch
