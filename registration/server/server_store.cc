// Plan: the schema; submissions, for the route that takes keys; retention and
// counters. Batches are in server_batches.cc.
//
// Both use diagnosis_key: a submission inserts keys without a batch, and the
// publisher gives each a batch once. Each call that writes is one transaction.
// It is on the disk when the call returns, as an answer or a file follows that
// cannot be taken back; MarkConfirmed alone says why it need not be.
#include "registration/server/server_store.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "matcher/store/schema.h"
#include "registration/rules/publish_schedule.h"
#include "registration/server/server_rows.h"

namespace tekmatch {
namespace {

// "TEKs", the header's application_id.
constexpr uint32_t kServerApplicationId = 0x54454B73;

constexpr SchemaObject kSchema[] = {
    {"meta",
     "CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) "
     "STRICT, WITHOUT ROWID"},
    {"diagnosis_key",
     "CREATE TABLE diagnosis_key(tek BLOB PRIMARY KEY, rolling_start INTEGER "
     "NOT NULL, period INTEGER NOT NULL, risk INTEGER NOT NULL, report_type "
     "INTEGER NOT NULL, arrived_hour INTEGER NOT NULL, batch INTEGER) STRICT, "
     "WITHOUT ROWID"},
    {"diagnosis_key_by_batch",
     "CREATE INDEX diagnosis_key_by_batch ON diagnosis_key(batch)"},
    {"submission",
     "CREATE TABLE submission(idem_hash BLOB PRIMARY KEY, body_digest BLOB NOT "
     "NULL, outcome TEXT NOT NULL, claim BLOB NOT NULL, confirm_pending "
     "INTEGER NOT NULL, hour INTEGER NOT NULL) STRICT, WITHOUT ROWID"},
    {"submission_unconfirmed",
     "CREATE INDEX submission_unconfirmed ON submission(claim) WHERE "
     "confirm_pending = 1"},
    {"batch",
     "CREATE TABLE batch(num INTEGER PRIMARY KEY, start INTEGER NOT NULL, "
     "end_time INTEGER NOT NULL, created_ms INTEGER NOT NULL, num_keys INTEGER "
     "NOT NULL, published INTEGER NOT NULL, sha256 BLOB) STRICT"},
    {"counter",
     "CREATE TABLE counter(hour INTEGER NOT NULL, name TEXT NOT NULL, n "
     "INTEGER NOT NULL, PRIMARY KEY(hour, name)) STRICT, WITHOUT ROWID"},
};

constexpr int64_t kHourSeconds = 3600;
constexpr int64_t kDaySeconds = 24 * kHourSeconds;

// Arrivals are kept by the hour only, so that keys of one submission are not
// recognized by their time (REGISTRATION section 3).
int64_t HourOf(absl::Time time) {
  const int64_t seconds = absl::ToUnixSeconds(time);
  return seconds - seconds % kHourSeconds;
}

constexpr char kSelectKey[] =
    "SELECT tek, rolling_start, period, risk, report_type FROM diagnosis_key "
    "WHERE tek = ?1";

}  // namespace

absl::StatusOr<std::unique_ptr<ServerStore>> ServerStore::Open(
    const std::string& folder, OpenMode mode) {
  static constexpr Schema kServerSchema = {
      .version = 1,
      .objects = kSchema,
      .migrations = {},
      .file_name = "server.sqlite",
      .application_id = kServerApplicationId};
  TEKMATCH_ASSIGN_OR_RETURN(
      std::unique_ptr<Database> database,
      Database::Open(folder, mode, absl::Seconds(10), kServerSchema));
  return absl::WrapUnique(new ServerStore(std::move(database)));
}

// ---------------------------------------------------------- submissions

absl::StatusOr<std::optional<StoredSubmission>> ServerStore::FindSubmission(
    const Digest& idem_hash) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare("SELECT body_digest, outcome FROM submission WHERE "
                         "idem_hash = ?1"));
  select.BindBlob(1, idem_hash);
  TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
  if (!row) return std::nullopt;
  StoredSubmission submission;
  TEKMATCH_ASSIGN_OR_RETURN(submission.body_digest,
                            DigestFromRow(*database_, select.Blob(0)));
  submission.outcome = std::string(select.Text(1));
  return submission;
}

absl::StatusOr<std::vector<std::optional<DiagnosisKey>>> ServerStore::FindKeys(
    absl::Span<const AcceptedKey> keys) {
  TEKMATCH_ASSIGN_OR_RETURN(Statement select, database_->Prepare(kSelectKey));
  std::vector<std::optional<DiagnosisKey>> found;
  found.reserve(keys.size());
  for (const AcceptedKey& accepted : keys) {
    select.BindBlob(1, accepted.key.tek.bytes);
    TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
    std::optional<DiagnosisKey>& key = found.emplace_back();
    if (row) {
      TEKMATCH_ASSIGN_OR_RETURN(key, KeyFromRow(*database_, select));
      select.Reset();
    }
  }
  return found;
}

absl::StatusOr<StoredSubmission> ServerStore::StoreSubmission(
    const NewSubmission& submission, absl::Time now,
    absl::FunctionRef<std::string(absl::Span<const KeyVerdict>)> outcome) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  // Asked again within the transaction: the same request may have come twice at
  // once, and the caller asked before.
  TEKMATCH_ASSIGN_OR_RETURN(std::optional<StoredSubmission> stored,
                            FindSubmission(submission.idem_hash));
  if (stored.has_value()) return *std::move(stored);

  TEKMATCH_ASSIGN_OR_RETURN(
      const std::vector<std::optional<DiagnosisKey>> found,
      FindKeys(submission.keys));
  std::vector<KeyVerdict> verdicts;
  verdicts.reserve(found.size());
  int64_t num_new = 0;
  {
    TEKMATCH_ASSIGN_OR_RETURN(
        Statement insert,
        database_->Prepare("INSERT INTO diagnosis_key(tek, rolling_start, "
                           "period, risk, report_type, arrived_hour) VALUES("
                           "?1, ?2, ?3, ?4, ?5, ?6)"));
    for (size_t i = 0; i < found.size(); ++i) {
      const DiagnosisKey& key = submission.keys[i].key;
      if (found[i].has_value()) {
        verdicts.push_back(JudgeAgainstStored(key, *found[i]));
        continue;
      }
      insert.BindBlob(1, key.tek.bytes)
          .BindInt64(2, key.rolling_start)
          .BindInt64(3, key.rolling_period)
          .BindInt64(4, key.metadata.transmission_risk.value_or(0))
          .BindInt64(5, static_cast<int64_t>(key.metadata.report_type.value_or(
                            ReportType::kUnknown)))
          .BindInt64(6, HourOf(now));
      TEKMATCH_RETURN_IF_ERROR(insert.Run());
      verdicts.push_back(KeyVerdict::kAccepted);
      ++num_new;
    }
  }
  // The outcome is computed from what this transaction stores, so a repeat
  // hears just what happened (section 6, rule 2).
  StoredSubmission result = {.body_digest = submission.body_digest,
                             .outcome = outcome(verdicts),
                             .is_new = true};
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement insert,
      database_->Prepare("INSERT INTO submission(idem_hash, body_digest, "
                         "outcome, claim, confirm_pending, hour) VALUES(?1, "
                         "?2, ?3, ?4, 1, ?5)"));
  insert.BindBlob(1, submission.idem_hash)
      .BindBlob(2, submission.body_digest)
      .BindText(3, result.outcome)
      .BindBlob(4, submission.claim)
      .BindInt64(5, HourOf(now));
  TEKMATCH_RETURN_IF_ERROR(insert.Run());
  TEKMATCH_RETURN_IF_ERROR(Count("registered", now));
  TEKMATCH_RETURN_IF_ERROR(Count("keys", now, num_new));
  TEKMATCH_RETURN_IF_ERROR(transaction.Commit());
  return result;
}

absl::StatusOr<std::vector<Digest>> ServerStore::UnconfirmedClaims(int limit) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare("SELECT claim FROM submission WHERE confirm_pending "
                         "= 1 LIMIT ?1"));
  select.BindInt64(1, limit);
  std::vector<Digest> claims;
  while (true) {
    TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return claims;
    TEKMATCH_ASSIGN_OR_RETURN(const Digest claim,
                              DigestFromRow(*database_, select.Blob(0)));
    claims.push_back(claim);
  }
}

absl::Status ServerStore::MarkConfirmed(const Digest& claim) {
  // A confirmation that a loss of power takes back is made again.
  TEKMATCH_ASSIGN_OR_RETURN(
      Transaction transaction,
      Transaction::Begin(*database_, Durability::kNormal));
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement update,
      database_->Prepare("UPDATE submission SET confirm_pending = 0 WHERE "
                         "claim = ?1 AND confirm_pending = 1"));
  update.BindBlob(1, claim);
  TEKMATCH_RETURN_IF_ERROR(update.Run());
  return transaction.Commit();
}

// ------------------------------------------------- retention and counters

absl::StatusOr<ServerStore::Purged> ServerStore::Purge(absl::Time now) {
  // TooOldFrom counts from the start, in whole intervals.
  const int64_t oldest_start =
      absl::ToUnixSeconds(now - kServerKeeps) / kIntervalSeconds;
  const int64_t hour = HourOf(now);
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  // Counted before they are gone: keys that never reached a phone are a loss,
  // and somebody has to hear of it.
  Purged purged;
  {
    TEKMATCH_ASSIGN_OR_RETURN(
        Statement count,
        database_->Prepare("SELECT count(*) FROM diagnosis_key WHERE "
                           "rolling_start <= ?1 AND batch IS NULL"));
    count.BindInt64(1, oldest_start);
    TEKMATCH_ASSIGN_OR_RETURN(const bool row, count.Step());
    if (row) purged.num_unpublished = count.Int64(0);
  }
  const auto remove = [this](const char* sql,
                             int64_t limit) -> absl::StatusOr<int64_t> {
    TEKMATCH_ASSIGN_OR_RETURN(Statement statement, database_->Prepare(sql));
    statement.BindInt64(1, limit);
    TEKMATCH_RETURN_IF_ERROR(statement.Run());
    return database_->num_changes();
  };
  // A batch that is planned still needs its keys.
  TEKMATCH_ASSIGN_OR_RETURN(
      purged.num_keys,
      remove("DELETE FROM diagnosis_key WHERE rolling_start <= ?1 AND (batch "
             "IS NULL OR batch NOT IN (SELECT num FROM batch WHERE published "
             "= 0))",
             oldest_start));
  // What is not confirmed stays, however old: it is all that says that the
  // management system has to be told.
  TEKMATCH_RETURN_IF_ERROR(
      remove("DELETE FROM submission WHERE hour < ?1 AND confirm_pending = 0",
             hour - kDaySeconds)
          .status());
  TEKMATCH_RETURN_IF_ERROR(
      remove("DELETE FROM counter WHERE hour < ?1", hour - 15 * kDaySeconds)
          .status());
  if (purged.num_unpublished > 0) {
    TEKMATCH_RETURN_IF_ERROR(
        Count("keys_never_published", now, purged.num_unpublished));
  }
  TEKMATCH_RETURN_IF_ERROR(transaction.Commit());
  return purged;
}

absl::Status ServerStore::Count(absl::string_view name, absl::Time now,
                                int64_t n) {
  // Alone, it is a transaction by itself.
  std::optional<Transaction> transaction;
  if (!database_->in_transaction()) {
    TEKMATCH_ASSIGN_OR_RETURN(
        Transaction own, Transaction::Begin(*database_, Durability::kFull));
    transaction.emplace(std::move(own));
  }
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement insert,
      database_->Prepare("INSERT INTO counter(hour, name, n) VALUES(?1, ?2, "
                         "?3) ON CONFLICT(hour, name) DO UPDATE SET n = n + "
                         "excluded.n"));
  insert.BindInt64(1, HourOf(now)).BindText(2, name).BindInt64(3, n);
  TEKMATCH_RETURN_IF_ERROR(insert.Run());
  return transaction.has_value() ? transaction->Commit() : absl::OkStatus();
}

absl::StatusOr<int64_t> ServerStore::CountOf(absl::string_view name,
                                             absl::Time from, absl::Time to) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare("SELECT coalesce(sum(n), 0) FROM counter WHERE name "
                         "= ?1 AND hour >= ?2 AND hour < ?3"));
  select.BindText(1, name)
      .BindInt64(2, absl::ToUnixSeconds(from))
      .BindInt64(3, absl::ToUnixSeconds(to));
  TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
  return row ? select.Int64(0) : 0;
}

absl::Status ServerStore::Checkpoint() {
  return database_->Checkpoint(absl::Seconds(1)).status();
}

}  // namespace tekmatch
