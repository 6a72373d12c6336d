// Plan: names and the check of a claim come first, then reserve, confirm, what
// happens to a patient's other numbers, and retention. Each rule is a switch
// or a test over the state of one row. It has no database: what it changes is
// in the record that it returns. The store has the same rules in SQL, since two
// requests at once would both pass a read and a later write; a test compares
// the two.
#include "registration/rules/redemption.h"

#include <openssl/sha.h>

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"

namespace tekmatch {
namespace {

constexpr std::array<absl::string_view, kNumNumberStates> kStateNames = {
    "live", "reserved", "redeemed", "voided"};

constexpr std::array<absl::string_view, kNumReserveOutcomes> kReserveNames = {
    "granted", "repeated", "unknown", "expired",
    "claimed", "used",     "voided",  "registered"};

constexpr std::array<absl::string_view, kNumReserveOutcomes> kReserveLabels = {
    "",
    "",
    "番号が違います",
    "期限切れ",
    "別の端末で登録中",
    "使用済",
    "無効（再発行済又は登録済）",
    "登録済"};

constexpr std::array<absl::string_view, 4> kConfirmNames = {
    "registers", "repeated", "another_time", "unknown"};

constexpr size_t kUuidCharacters = 36;

bool IsUuid(absl::string_view text) {
  if (text.size() != kUuidCharacters) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    const auto c = static_cast<unsigned char>(text[i]);
    if (hyphen ? c != '-' : !absl::ascii_isxdigit(c)) return false;
  }
  return true;
}

ReserveOutcome JudgeReserve(const NumberRecord& record, bool registered,
                            const Claim& claim, absl::Time now) {
  switch (record.state) {
    case NumberState::kLive:
      // Only here: who was granted the number in time keeps it.
      if (now >= record.expires_at) return ReserveOutcome::kExpired;
      return registered ? ReserveOutcome::kRegistered
                        : ReserveOutcome::kGranted;
    // The same claim is the same phone, whose answer may have got lost (R4).
    case NumberState::kReserved:
      return record.claim == claim ? ReserveOutcome::kRepeated
                                   : ReserveOutcome::kClaimed;
    case NumberState::kRedeemed:
      return record.claim == claim ? ReserveOutcome::kRepeated
                                   : ReserveOutcome::kUsed;
    // Not for its own claim either: a phone that was reset must not come back
    // beside the new number.
    case NumberState::kVoided:
      break;
  }
  return ReserveOutcome::kVoided;
}

}  // namespace

absl::StatusOr<Claim> ClaimOf(absl::string_view idempotency_key) {
  if (!IsUuid(idempotency_key)) {
    return absl::InvalidArgumentError("idempotency key: not a UUID");
  }
  // RFC 4122 has both cases for the same UUID; the hash would tell them apart.
  const std::string key = absl::AsciiStrToLower(idempotency_key);
  Claim claim;
  SHA256(reinterpret_cast<const uint8_t*>(key.data()), key.size(),
         claim.bytes.data());
  return claim;
}

absl::string_view NumberStateName(NumberState state) {
  return kStateNames[static_cast<size_t>(state)];
}

absl::string_view ReserveOutcomeName(ReserveOutcome outcome) {
  return kReserveNames[static_cast<size_t>(outcome)];
}

absl::string_view ReserveOutcomeLabel(ReserveOutcome outcome) {
  return kReserveLabels[static_cast<size_t>(outcome)];
}

bool IsGranted(ReserveOutcome outcome) {
  return outcome == ReserveOutcome::kGranted ||
         outcome == ReserveOutcome::kRepeated;
}

Reservation Reserve(const std::optional<NumberRecord>& record, bool registered,
                    const Claim& claim, absl::Time now) {
  if (!record.has_value()) return {};
  Reservation reservation = {
      .outcome = JudgeReserve(*record, registered, claim, now),
      .record = record};
  if (reservation.outcome == ReserveOutcome::kGranted) {
    reservation.record->state = NumberState::kReserved;
    reservation.record->claim = claim;
  }
  return reservation;
}

absl::string_view ConfirmOutcomeName(ConfirmOutcome outcome) {
  return kConfirmNames[static_cast<size_t>(outcome)];
}

Confirmation Confirm(const std::optional<NumberRecord>& record, bool registered,
                     const Claim& claim) {
  if (!record.has_value() || record->claim != claim) {
    return {.outcome = ConfirmOutcome::kUnknown, .record = record};
  }
  Confirmation confirmation = {.outcome = ConfirmOutcome::kRepeated,
                               .record = record};
  // Any other state is taken, a voided one too: the keys are stored already.
  if (record->state == NumberState::kRedeemed) return confirmation;
  confirmation.record->state = NumberState::kRedeemed;
  confirmation.outcome =
      registered ? ConfirmOutcome::kAnotherTime : ConfirmOutcome::kRegisters;
  return confirmation;
}

NumberRecord AfterNewIssue(NumberRecord record) {
  // Live ones stay good: their message may be the last to arrive.
  if (record.state == NumberState::kReserved) {
    record.state = NumberState::kVoided;
  }
  return record;
}

NumberRecord AfterSuccess(NumberRecord record) {
  // A redeemed one stays what it is: the record of a registration.
  if (record.state != NumberState::kRedeemed) {
    record.state = NumberState::kVoided;
  }
  return record;
}

bool MayDelete(const NumberRecord& record, absl::Time now) {
  switch (record.state) {
    case NumberState::kLive:
      return now >= record.expires_at + kExpiredNumberKept;
    case NumberState::kVoided:
      // With a claim, its confirm may be on the way.
      if (!record.claim.has_value()) return true;
      break;
    case NumberState::kReserved:
      break;
    case NumberState::kRedeemed:
      return true;
  }
  return now >= record.expires_at + kReservationKept;
}

}  // namespace tekmatch
