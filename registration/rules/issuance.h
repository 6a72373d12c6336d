// When a health centre may have a processing number sent, and what becomes of
// each time it did.
//
// Before 発行 (rows 2, 7, 8 of REGISTRATION): the case is reported, the person
// uses the app, wants to register and consents, and name, contact and centre
// are there. MissingForIssue lists all that is missing at once, in the order of
// the page, so that nobody has to press the button once per gap.
//
// An issue is one press of the button:
//
//   queued ─► handed ─► delivered          the courier gave the message to the
//     │  │       │          │              gateway; the gateway reports
//     delivery │  └───────┼──► failed(reason)       landline, refused, given up
//     └──────────┴──────────┴──► expired   its number's life is over
//   any of them ─► redeemed                the person registered with it
//
// Redeemed can follow everything, since what happened is stronger than what was
// reported: a message that the gateway called undeliverable may have arrived; a
// courier that crashed after sending left the issue queued; a number that was
// reserved in time may be confirmed after its expiry. A redeemed issue stays
// that. Reports that come late (a delivery after the expiry) change nothing.
//
// The number is made when the message is sent, so nothing dead is sent (R1: on
// 14 January 2022 the queue was longer than the hour counted from the button,
// and nobody could register). Its life counts from the hand-over to the
// gateway, by default an hour; the paper has three wordings (notified, arrives,
// issued), and LifeFrom has them all.
//
// Pure: the caller has the rows and the clock.
//
// Sources: the ministry's paper, 別添１; REGISTRATION rows 1, 2, 7-13, section
// 4, section 11 a, e, f; UPSTREAM R1, R5, R9.
#ifndef TEKMATCH_REGISTRATION_RULES_ISSUANCE_H_
#define TEKMATCH_REGISTRATION_RULES_ISSUANCE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace tekmatch {

// ---- Before the button --------------------------------------------------

// 有, 無, 未確認. There is no default but the last (row 3).
enum class Answer : uint8_t { kUnknown, kYes, kNo };

// What the pages of a patient hold. Texts are as they were typed.
struct PatientRecord {
  // Tab 発生届.
  std::string outpatient_facility;             // ① 外来機関
  bool test_positive = false;                  // ② 検査陽性
  bool confirmed_case = false;                 // ③ 患者（確定例）
  std::optional<absl::CivilDay> diagnosed_on;  // ④ 診断年月日
  bool reported = false;                       // 報告 was pressed
  // Tab 連絡先・アプリ.
  Answer app_in_use = Answer::kUnknown;
  Answer wants_to_register = Answer::kUnknown;
  bool consented = false;
  std::string name;     // in kanji
  std::string kana;     // フリガナ
  std::string contact;  // as contact_address.h takes it
  std::string centre;   // 担当保健所名
};

// In the order of the page.
enum class MissingItem : uint8_t {
  kOutpatientFacility,
  kTestPositive,
  kConfirmedCase,
  kDiagnosedOn,
  kReported,
  kAppInUse,
  kWantsToRegister,
  kConsent,
  kName,
  kKana,     // or it is no katakana
  kContact,  // or it is neither a mobile number nor a mail address
  kCentre,
};
inline constexpr int kNumMissingItems = 12;

// "outpatient_facility", "test_positive", ..., "centre".
absl::string_view MissingItemName(MissingItem item);

// What the page says beside the button: "①外来機関", "アプリ利用「有」", ...
absl::string_view MissingItemLabel(MissingItem item);

// All that is missing, ascending; empty: a number may be issued, as far as the
// pages go. A text of nothing but spaces is missing.
std::vector<MissingItem> MissingForIssue(const PatientRecord& patient);

// A フリガナ as it is stored: full-width katakana. Half-width katakana with its
// marks of voicing, hiragana and half-width spaces are converted; spaces at the
// ends go, others become one U+3000. nullopt: empty, longer than 60 characters,
// no UTF-8, or with a character that is no kana, ー, ・ or space.
std::optional<std::string> NormalizeKana(absl::string_view typed);

// What the database says beside the pages.
struct IssueHistory {
  bool registered = false;  // a number of the patient's was redeemed
  bool closed = false;      // 対象外 (R9)
  // Issues of the patient's queued since 00:00 of today.
  int num_today = 0;
  // Numbers that are live, and issues that are queued and will be.
  int num_live = 0;
};

inline constexpr int kMostIssuesADay = 5;
inline constexpr int kMostLiveNumbers = 3;

enum class IssueVerdict : uint8_t {
  kMayIssue,
  kRegistered,  // row 13: 「登録済みのため再発行できません」
  kClosed,
  kSomethingMissing,
  kTooManyToday,
  kTooManyLive,
};

// "may_issue", "registered", "closed", "something_missing", "too_many_today",
// "too_many_live".
absl::string_view IssueVerdictName(IssueVerdict verdict);

// The first of the reasons, in the order above, or kMayIssue. A reissue is the
// same as an issue, and keeps earlier numbers alive.
IssueVerdict JudgeIssue(const PatientRecord& patient,
                        const IssueHistory& history);

// ---- After the button ---------------------------------------------------

enum class IssueState : uint8_t {
  kQueued,
  kHanded,
  kDelivered,
  kFailed,
  kExpired,
  kRedeemed,
};
inline constexpr int kNumIssueStates = 6;

// "queued", "handed", ..., and what the operator sees: 送信待ち, 送信中,
// 送信済, 失敗, 期限切れ, 使用済.
absl::string_view IssueStateName(IssueState state);
absl::string_view IssueStateLabel(IssueState state);

enum class IssueEvent : uint8_t {
  kHandOver,   // the gateway took the message
  kDelivery,   // the gateway reports that it arrived
  kFailure,    // it never will, or the courier gave up
  kExpiry,     // the last of its numbers is over
  kRedemption  // one of its numbers was confirmed
};
inline constexpr int kNumIssueEvents = 5;

// The state after the event. nullopt: the event changes nothing in this state;
// it came late, or twice, and is dropped.
std::optional<IssueState> NextIssueState(IssueState state, IssueEvent event);

// Why an issue failed; the operator sees it at once (R19).
enum class FailureReason : uint8_t {
  kNone,
  kLandline,
  kRefusedAddress,
  kGatewayGaveUp,      // tried as often as configured
  kReportedByGateway,  // undeliverable, by the delivery report
  kRecordChanged       // before it was sent: consent was withdrawn, or so
};
absl::string_view FailureReasonName(FailureReason reason);
absl::string_view FailureReasonLabel(FailureReason reason);

// From when the life of a number counts.
enum class LifeFrom : uint8_t { kHandOver, kIssue, kDelivery };

struct LifeOptions {
  absl::Duration life = absl::Hours(1);  // whole minutes in 1 min..24 h
  LifeFrom from = LifeFrom::kHandOver;
  // With kDelivery, where no report comes: the life then counts from this long
  // after the hand-over. 0..24 h.
  absl::Duration longest_delivery = absl::Hours(6);
};

// INVALID_ARGUMENT, with the field's name.
absl::Status Validate(const LifeOptions& options);

// What is known of an issue's times.
struct IssueTimes {
  absl::Time queued;
  // Of a number that is stored and being sent, the time of that.
  absl::Time handed;
  std::optional<absl::Time> delivered;
};

// When a number expires: it is good before, and no more at that instant. The
// options are valid.
absl::Time ExpiresAt(const IssueTimes& times, const LifeOptions& options);

// Whether a message may be sent at `now`: not if its number would be dead
// already, which is so only where the life counts from the button.
bool MaySend(absl::Time queued, absl::Time now, const LifeOptions& options);

// The age of the oldest queued issue is on every page of an operator, and an
// alarm from this age on (R1).
inline constexpr absl::Duration kQueueAlarm = absl::Minutes(10);

struct QueueAge {
  absl::Duration age;  // 0 for an empty queue
  bool alarm = false;
};
QueueAge AgeOfQueue(std::optional<absl::Time> oldest_queued, absl::Time now);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_RULES_ISSUANCE_H_
