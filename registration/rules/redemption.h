// What becomes of a processing number that was sent, as decisions over the
// values of its row. The store carries them out in one statement each (an
// UPDATE with a condition and a count of one row, never a read and a write: two
// requests at once would both pass); a test compares its statements with these.
//
//            reserve(claim)           confirm(claim)
//   live ──────────────────► reserved ─────────────► redeemed
//     │                         │
//     └── a success of the ─────┴──────► voided
//         patient's; a new issue voids what is reserved, and only that
//
//   claim      SHA-256 of the request's idempotency key: who may come again.
//              The management system learns no more of the request.
//   reserve    A live number before its expiry. The same claim gets the same
//              answer again, also after the number was redeemed (R4: the answer
//              got lost, the person tries again); another claim never does.
//   expiry     Applies to live numbers only: who was granted one in time keeps
//              it. Good until the instant before expires_at (R3).
//   voided     Its reservation is good for nothing any more, not even for its
//              own claim. A new issue does this to reservations: a phone that
//              was reset between reserve and confirm must not come back beside
//              the new number. A success does it to all other numbers of the
//              patient (R5). Live numbers survive a new issue, since their
//              message may arrive last.
//   confirm    The keys are stored. So it is taken whatever happened meanwhile,
//              also for a voided claim: the first one of a patient registers
//              the patient, and any later one is a repeat, recorded as such.
//
// Outside, all refusals are one answer with one text that names both causes, a
// wrong number and one whose time is over; with the same work and size (R2,
// R6). The operator sees the true reason.
//
// The row is deleted when MayDelete says so. A confirm or a repeat after that
// finds no row; the server that repeats has its own record, and that counts.
//
// Sources: REGISTRATION rows 10, 12, 13, 17, section 4, section 6 rules 2 and
// 3; UPSTREAM 2 (expired when now >= expires_at), 4 and its faults, R2-R5, R16,
// F1.
#ifndef TEKMATCH_REGISTRATION_RULES_REDEMPTION_H_
#define TEKMATCH_REGISTRATION_RULES_REDEMPTION_H_

#include <array>
#include <compare>
#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace tekmatch {

struct Claim {
  std::array<uint8_t, 32> bytes{};

  auto operator<=>(const Claim&) const = default;
};

// SHA-256 of the idempotency key, a UUID as RFC 4122 writes it (8-4-4-4-12
// hexadecimal digits), in lower case. Upper case is the same key.
// INVALID_ARGUMENT for anything else; the message holds none of it.
absl::StatusOr<Claim> ClaimOf(absl::string_view idempotency_key);

enum class NumberState : uint8_t { kLive, kReserved, kRedeemed, kVoided };
inline constexpr int kNumNumberStates = 4;

// "live", "reserved", "redeemed", "voided".
absl::string_view NumberStateName(NumberState state);

// A row: the number itself is not in it, only its hash.
struct NumberRecord {
  NumberState state = NumberState::kLive;
  // Of a reserved or redeemed number, and of one that was voided after it was
  // reserved.
  std::optional<Claim> claim;
  absl::Time expires_at;

  bool operator==(const NumberRecord&) const = default;
};

// ---- reserve ------------------------------------------------------------

enum class ReserveOutcome : uint8_t {
  kGranted,   // the number is reserved now
  kRepeated,  // it was, for this claim; nothing changes
  // Refused. These are for the operator's page only.
  kUnknown,     // no row has this hash
  kExpired,     // live, and its time is over
  kClaimed,     // reserved for another claim
  kUsed,        // redeemed by another claim
  kVoided,      //
  kRegistered,  // live, but the patient has registered: cannot be, refused
                // still
};
inline constexpr int kNumReserveOutcomes = 8;

// "granted", "repeated", "unknown", "expired", ...
absl::string_view ReserveOutcomeName(ReserveOutcome outcome);

// What an operator reads: 「期限切れ」 and so on; empty for the first two.
absl::string_view ReserveOutcomeLabel(ReserveOutcome outcome);

bool IsGranted(ReserveOutcome outcome);  // or repeated

// The only text that a person gets to any refusal. The page adds the telephone
// number of the message (row 17).
inline constexpr absl::string_view kRefusalText =
    "処理番号が正しくないか、有効期限が切れています。番号をお確かめのうえ、もう"
    "一度入力してください。登録できない場合は、SMS又はメールに記載の電話番号に"
    "お問い合わせください。";

struct Reservation {
  ReserveOutcome outcome = ReserveOutcome::kUnknown;
  // The row afterwards; as it was, unless granted.
  std::optional<NumberRecord> record;
};

// `record` is the row of the number, if there is one; `registered` whether the
// patient of that row has registered. A claim has one number at most: the
// store's column is unique, and a claim that has another number is kClaimed,
// too.
Reservation Reserve(const std::optional<NumberRecord>& record, bool registered,
                    const Claim& claim, absl::Time now);

// ---- confirm ------------------------------------------------------------

enum class ConfirmOutcome : uint8_t {
  kRegisters,    // the patient is registered by this
  kRepeated,     // this claim has been confirmed before
  kAnotherTime,  // another claim of the patient was faster; recorded
  // No row has the claim: it was deleted, or never granted. Acknowledged all
  // the same, so that the server stops; counted, as a person should look.
  kUnknown,
};

// "registers", "repeated", "another_time", "unknown".
absl::string_view ConfirmOutcomeName(ConfirmOutcome outcome);

struct Confirmation {
  ConfirmOutcome outcome = ConfirmOutcome::kUnknown;
  std::optional<NumberRecord> record;  // afterwards: redeemed, if there is one
  // What else happens in the same transaction, with kRegisters only: the
  // patient's registered_on is set, every other number of the patient is voided
  // (AfterSuccess).
};

// `record` is the row that has the claim, if there is one; `registered` whether
// its patient has registered.
Confirmation Confirm(const std::optional<NumberRecord>& record, bool registered,
                     const Claim& claim);

// ---- what else happens to a patient's numbers ---------------------------

// To each when another number of the patient is issued.
NumberRecord AfterNewIssue(NumberRecord record);

// To each other when one was confirmed.
NumberRecord AfterSuccess(NumberRecord record);

// ---- retention ----------------------------------------------------------

// How long a reservation may wait for its confirm, after the expiry.
inline constexpr absl::Duration kReservationKept = absl::Hours(24);
inline constexpr absl::Duration kExpiredNumberKept = absl::Minutes(10);

// Whether the row may be deleted: a live number 10 minutes after its expiry; a
// redeemed one, at once, as the issue keeps the outcome; a reserved one, or a
// voided one with a claim, 24 hours after the expiry, since its confirm may be
// on the way; a voided one without a claim, at once.
bool MayDelete(const NumberRecord& record, absl::Time now);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_RULES_REDEMPTION_H_
