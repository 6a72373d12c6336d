// Which of a person's keys leave the phone, and which of them the server takes.
//
// The phone sends the keys that the transmission window lets out (matcher/
// exposure/transmission_window.h). There D is known, and it stays there: the
// server, which never learns it, only sees that a key is well-formed, in time,
// and can still be published.
//
// The server's rules, each a reason of its own (R23: one bad key never fails
// the others). Of several the first is given:
//
//   not_16_bytes          the key's bytes
//   bad_start             not a UTC midnight, or no number of an interval
//   bad_period            not 1..144
//   report_type           given, and not 1: the number proves a confirmed test
//                         (COCOA's server believed what the client said)
//   in_future             starts after now
//   too_old               starts before 00:00 UTC of now's date less 14 days:
//                         never more than 14 days before registration (row 25)
//   no_slot_in_time       no slot of publication before the key is too old
//                         (publish_schedule.h; R14, F7)
//   other_metadata        the same key came earlier, or is stored, with another
//                         start, period or type
//   same_start_too_often  a fourth key of one start
//
// A key that repeats an earlier one with the same metadata is `repeated`: good,
// and counted once. A key that is still in use is accepted and embargoed until
// 2 hours after its end (section 6, rule 6).
//
// What is accepted is nothing that a phone would drop (R13): it has the
// lengths, the start, the period, the risk and the type that readers of exports
// demand.
//
// The whole request is judged before the number is touched (F5: COCOA's server
// spent the number where it then dropped all keys): no key at all is
// `nothing_to_send` (row 21, R9), more than 30 are `too_many_keys`, none that
// is good is `no_acceptable_key`.
//
// Messages and reasons hold no byte of a key.
//
// Sources: REGISTRATION rows 21, 24-27, sections 5 and 6; UPSTREAM 1.3, 3
// (google/exposure-notifications-server: at most 30 keys, 3 of a start), R9,
// R13, R14, R23, F4, F5, F7.
#ifndef TEKMATCH_REGISTRATION_RULES_KEY_ACCEPTANCE_H_
#define TEKMATCH_REGISTRATION_RULES_KEY_ACCEPTANCE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/exposure/transmission_window.h"
#include "registration/rules/publish_schedule.h"

namespace tekmatch {

inline constexpr size_t kMostKeysInARequest = 30;
inline constexpr int kMostKeysOfAStart = 3;
inline constexpr int kOldestKeyDays = 14;
// What COCOA's server set for every key in December 2020.
inline constexpr uint8_t kPublishedTransmissionRisk = 4;

// ---- On the phone -------------------------------------------------------

// The policies that a phone may send keys by:
//   cocoa-1.2.1  COCOA's of December 2020 (row 24), the default of an app
//   civil        the paper to the letter
//   legacy-14d   before version 1.2.1 (row 26): 14 days before the UTC date of
//                registration, whatever D
// INVALID_ARGUMENT for another name; the message lists these. So for cocoa-3,
// whose exports say days_since_onset, and with it the date that was entered,
// and for none, which has no limit.
absl::StatusOr<TransmissionWindowPolicy> PublicationPolicy(
    absl::string_view name);

// Whether a phone has a key of an earlier date in `zone` than that of `now`.
// Without one the app was installed today: there is nothing to register, and
// the page says so before it asks for a number (row 21, question 4 of the
// paper).
bool HasKeyOfEarlierDay(absl::Span<const DiagnosisKey> own_keys, absl::Time now,
                        absl::TimeZone zone);

struct KeysToSend {
  std::vector<DiagnosisKey> keys;  // in their order; empty: nothing to send
  // Of each own key, why it goes or stays.
  std::vector<WindowDecision> decisions;
};

// The own keys that `policy` lets out, without those that have not begun; of
// more than kMostKeysInARequest those that start last. The policy is valid.
KeysToSend SelectKeysToSend(absl::Span<const DiagnosisKey> own_keys,
                            const Registration& registration,
                            const TransmissionWindowPolicy& policy,
                            absl::TimeZone zone);

// ---- On the server ------------------------------------------------------

// A key as a request has it, before anything is believed. Where a request's
// member cannot be read as such a value, that is the fault of the request.
struct SubmittedKey {
  std::string bytes;  // decoded from base64; where that fails, empty
  int64_t rolling_start = 0;
  int64_t rolling_period = 0;
  std::optional<int64_t> report_type;
};

enum class KeyVerdict : uint8_t {
  kAccepted,
  kRepeated,
  kNot16Bytes,
  kBadStart,
  kBadPeriod,
  kReportType,
  kInFuture,
  kTooOld,
  kNoSlotInTime,
  kOtherMetadata,
  kSameStartTooOften,
};
inline constexpr int kNumKeyVerdicts = 11;

// "accepted", "repeated", and the reasons above.
absl::string_view KeyVerdictName(KeyVerdict verdict);

// Accepted, or repeats one that was.
bool IsGood(KeyVerdict verdict);

enum class SubmissionVerdict : uint8_t {
  kAcceptable,  // at least one key is good: now the number may be touched
  kNothingToSend,
  kTooManyKeys,
  kNoAcceptableKey,
};

// "acceptable", "nothing_to_send", "too_many_keys", "no_acceptable_key": what
// the answer 400 has as its reason.
absl::string_view SubmissionVerdictName(SubmissionVerdict verdict);

struct AcceptedKey {
  size_t index = 0;  // in the request
  // With what is published beside it: a confirmed test, risk 4, and no
  // days_since_onset, from which everybody could tell the date (row 27).
  DiagnosisKey key;
  bool embargoed = false;  // not to be published yet, whatever the slot
  absl::Time slot;         // in which it goes out
};

struct Acceptance {
  SubmissionVerdict verdict = SubmissionVerdict::kNothingToSend;
  // Of each key of the request; empty with kTooManyKeys.
  std::vector<KeyVerdict> verdicts;
  std::vector<AcceptedKey> accepted;  // ascending by index
};

// `now` is the time of registration. The schedule is valid.
Acceptance AcceptKeys(absl::Span<const SubmittedKey> keys, absl::Time now,
                      const PublishSchedule& schedule);

// What becomes of an accepted key whose bytes the server has already: kRepeated
// if start, period and type are the same, else kOtherMetadata.
KeyVerdict JudgeAgainstStored(const DiagnosisKey& accepted,
                              const DiagnosisKey& stored);

// The verdict over a request of which every key is judged, here and against
// what is stored.
SubmissionVerdict Conclude(absl::Span<const KeyVerdict> verdicts);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_RULES_KEY_ACCEPTANCE_H_
