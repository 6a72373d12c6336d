// Plan: the tables; small changes; reserve; confirm; retention. The numbers of
// states in the SQL are those of NumberState.
#include "registration/hersys/number_store.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"

namespace tekmatch {
namespace {

static_assert(static_cast<int>(NumberState::kLive) == 0);
static_assert(static_cast<int>(NumberState::kReserved) == 1);
static_assert(static_cast<int>(NumberState::kRedeemed) == 2);
static_assert(static_cast<int>(NumberState::kVoided) == 3);

constexpr SchemaObject kObjects[] = {
    {"number",
     "CREATE TABLE number(hash BLOB PRIMARY KEY, patient INTEGER NOT NULL, "
     "issue TEXT NOT NULL, state INTEGER NOT NULL, claim BLOB, expires_at "
     "INTEGER NOT NULL) STRICT, WITHOUT ROWID"},
    {"number_by_claim",
     "CREATE UNIQUE INDEX number_by_claim ON number(claim) WHERE claim IS NOT "
     "NULL"},
    {"number_by_patient", "CREATE INDEX number_by_patient ON number(patient)"},
    {"registered",
     "CREATE TABLE registered(patient INTEGER PRIMARY KEY, at INTEGER NOT "
     "NULL) STRICT"},
};

// Expiry is exact: the store keeps milliseconds, rounded down.
int64_t MillisOf(absl::Time time) { return absl::ToUnixMillis(time); }

}  // namespace

absl::Span<const SchemaObject> NumberSchemaObjects() { return kObjects; }

// ---------------------------------------------------------- small changes

absl::Status NumberStore::Add(const NumberHash &hash, int64_t patient,
                              const std::string &issue, absl::Time expires_at) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(database_, Durability::kFull));
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement insert,
      database_.Prepare("INSERT INTO number(hash, patient, issue, state, "
                        "expires_at) VALUES(?1, ?2, ?3, 0, ?4) ON CONFLICT "
                        "DO NOTHING"));
  insert.BindBlob(1, hash.bytes)
      .BindInt64(2, patient)
      .BindText(3, issue)
      .BindInt64(4, MillisOf(expires_at));
  TEKMATCH_RETURN_IF_ERROR(insert.Run());
  if (database_.num_changes() != 1) {
    return absl::AlreadyExistsError("a number of this hash is there");
  }
  return transaction.Commit();
}

absl::Status NumberStore::OnNewIssue(int64_t patient) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(database_, Durability::kFull));
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement update,
      database_.Prepare(
          "UPDATE number SET state = 3 WHERE patient = ?1 AND state = 1"));
  update.BindInt64(1, patient);
  TEKMATCH_RETURN_IF_ERROR(update.Run());
  return transaction.Commit();
}

absl::StatusOr<bool> NumberStore::IsRegistered(int64_t patient) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database_.Prepare("SELECT 1 FROM registered WHERE patient = ?1"));
  select.BindInt64(1, patient);
  return select.Step();
}

absl::StatusOr<int64_t> NumberStore::NumLive(absl::Time now) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database_.Prepare("SELECT count(*) FROM number WHERE state = 0 AND "
                        "expires_at > ?1"));
  select.BindInt64(1, MillisOf(now));
  TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
  return row ? select.Int64(0) : 0;
}

// ---------------------------------------------------------------- reserve

absl::StatusOr<ReserveOutcome> NumberStore::Reserve(
    absl::Span<const NumberHash> hashes, const Claim &claim, absl::Time now) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(database_, Durability::kFull));
  // A claim that has a number already gets no second one: one request would use
  // up two, and break the unique index in place of being refused.
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement reserve,
      database_.Prepare(
          "UPDATE number SET state = 1, claim = ?2 WHERE hash = ?1 AND state = "
          "0 AND expires_at > ?3 AND patient NOT IN (SELECT patient FROM "
          "registered) AND NOT EXISTS (SELECT 1 FROM number WHERE claim = "
          "?2)"));
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database_.Prepare("SELECT state, claim, expires_at, patient IN (SELECT "
                        "patient FROM registered) FROM number WHERE hash = "
                        "?1"));
  for (const NumberHash &hash : hashes) {
    reserve.BindBlob(1, hash.bytes)
        .BindBlob(2, claim.bytes)
        .BindInt64(3, MillisOf(now));
    TEKMATCH_RETURN_IF_ERROR(reserve.Run());
    if (database_.num_changes() == 1) {
      TEKMATCH_RETURN_IF_ERROR(transaction.Commit());
      return ReserveOutcome::kGranted;
    }
    // Why not: the rules say it of the row.
    select.BindBlob(1, hash.bytes);
    TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) continue;
    NumberRecord record = {.state = static_cast<NumberState>(select.Int64(0)),
                           .claim = std::nullopt,
                           .expires_at = absl::FromUnixMillis(select.Int64(2))};
    if (!select.IsNull(1)) {
      const absl::Span<const uint8_t> bytes = select.Blob(1);
      if (bytes.size() != claim.bytes.size()) {
        return database_.Damaged("a claim has a wrong length");
      }
      std::copy(bytes.begin(), bytes.end(),
                record.claim.emplace().bytes.begin());
    }
    const ReserveOutcome outcome =
        tekmatch::Reserve(record, select.Int64(3) != 0, claim, now).outcome;
    // What the rules would grant fails for its claim, which has another number.
    return outcome == ReserveOutcome::kGranted ? ReserveOutcome::kClaimed
                                               : outcome;
  }
  return ReserveOutcome::kUnknown;
}

// ---------------------------------------------------------------- confirm

absl::StatusOr<ConfirmOutcome> NumberStore::Confirm(const Claim &claim,
                                                    absl::Time now) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(database_, Durability::kFull));
  // Whatever state it is in, void or expired as well: its keys are stored by
  // now, and nothing else can say that the patient has registered.
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement redeem,
      database_.Prepare("UPDATE number SET state = 2 WHERE claim = ?1 AND "
                        "state <> 2"));
  redeem.BindBlob(1, claim.bytes);
  TEKMATCH_RETURN_IF_ERROR(redeem.Run());
  if (database_.num_changes() != 1) {
    TEKMATCH_ASSIGN_OR_RETURN(
        Statement select,
        database_.Prepare("SELECT 1 FROM number WHERE claim = ?1"));
    select.BindBlob(1, claim.bytes);
    TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
    return row ? ConfirmOutcome::kRepeated : ConfirmOutcome::kUnknown;
  }
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement insert,
      database_.Prepare("INSERT INTO registered(patient, at) SELECT patient, "
                        "?2 FROM number WHERE claim = ?1 ON CONFLICT DO "
                        "NOTHING"));
  insert.BindBlob(1, claim.bytes).BindInt64(2, absl::ToUnixSeconds(now));
  TEKMATCH_RETURN_IF_ERROR(insert.Run());
  const bool registers = database_.num_changes() == 1;
  if (registers) {
    TEKMATCH_ASSIGN_OR_RETURN(
        Statement end_others,
        database_.Prepare(
            "UPDATE number SET state = 3 WHERE state <> 2 AND patient = "
            "(SELECT patient FROM number WHERE claim = ?1)"));
    end_others.BindBlob(1, claim.bytes);
    TEKMATCH_RETURN_IF_ERROR(end_others.Run());
  }
  TEKMATCH_RETURN_IF_ERROR(transaction.Commit());
  return registers ? ConfirmOutcome::kRegisters : ConfirmOutcome::kAnotherTime;
}

// --------------------------------------------------------------- retention

absl::StatusOr<int64_t> NumberStore::Purge(absl::Time now) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(database_, Durability::kFull));
  // MayDelete of redemption.h, as one condition.
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement remove,
      database_.Prepare(
          "DELETE FROM number WHERE state = 2 OR (state = 3 AND claim IS NULL) "
          "OR (state = 0 AND expires_at <= ?1) OR (state IN (1, 3) AND "
          "expires_at <= ?2)"));
  remove.BindInt64(1, MillisOf(now - kExpiredNumberKept))
      .BindInt64(2, MillisOf(now - kReservationKept));
  TEKMATCH_RETURN_IF_ERROR(remove.Run());
  const int64_t num_deleted = database_.num_changes();
  TEKMATCH_RETURN_IF_ERROR(transaction.Commit());
  return num_deleted;
}

}  // namespace tekmatch
