// Plan: batches of ServerStore, which the publisher plans, publishes and
// deletes, and the slot that it ran for last.
//
// What comes next is in meta, as phones remember what they fetched. Each call
// that writes is one transaction, on the disk when it returns: a file follows
// that cannot be taken back.
#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "matcher/store/meta.h"
#include "registration/server/server_rows.h"
#include "registration/server/server_store.h"

namespace tekmatch {
namespace {

// In meta, and not read from the table of batches: those rows are deleted after
// a while, and phones remember what they fetched. A number or a time that came
// again would be skipped by them.
constexpr char kLastBatch[] = "last_batch";
constexpr char kLastSlot[] = "last_slot";
constexpr char kLastCreated[] = "last_created_ms";
constexpr char kLastEnd[] = "last_end";

constexpr int64_t kDaySeconds = 86400;

// Of the columns of `batch`, in the order of kSelectBatch.
absl::StatusOr<Batch> BatchFrom(const Database& database,
                                const Statement& row) {
  Batch batch = {.num = row.Int64(0),
                 .start = row.Int64(1),
                 .end = row.Int64(2),
                 .created_ms = row.Int64(3),
                 .num_keys = row.Int64(4),
                 .published = row.Int64(5) != 0};
  if (batch.published) {
    TEKMATCH_ASSIGN_OR_RETURN(batch.sha256,
                              DigestFromRow(database, row.Blob(6)));
  }
  return batch;
}

constexpr char kSelectBatch[] =
    "SELECT num, start, end_time, created_ms, num_keys, published, sha256 FROM "
    "batch";

}  // namespace

absl::StatusOr<std::vector<UnpublishedKey>> ServerStore::UnpublishedKeys() {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare(
          "SELECT tek, rolling_start, period, risk, report_type, arrived_hour "
          "FROM diagnosis_key WHERE batch IS NULL"));
  std::vector<UnpublishedKey> keys;
  while (true) {
    TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return keys;
    TEKMATCH_ASSIGN_OR_RETURN(const DiagnosisKey key,
                              KeyFromRow(*database_, select));
    keys.push_back(
        {.key = key, .arrived = absl::FromUnixSeconds(select.Int64(5))});
  }
}

absl::StatusOr<Batch> ServerStore::PlanBatch(absl::Span<const Tek> keys,
                                             absl::Time end, absl::Time now) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  Batch batch;
  TEKMATCH_ASSIGN_OR_RETURN(const std::optional<int64_t> last_num,
                            GetNumber(*database_, kLastBatch));
  TEKMATCH_ASSIGN_OR_RETURN(const std::optional<int64_t> last_created,
                            GetNumber(*database_, kLastCreated));
  TEKMATCH_ASSIGN_OR_RETURN(const std::optional<int64_t> last_end,
                            GetNumber(*database_, kLastEnd));
  // Windows follow one another and are never empty; `created` always grows,
  // even where the clock was set back, as phones fetch what is later than the
  // last they know.
  batch.num = last_num.value_or(0) + 1;
  batch.end = absl::ToUnixSeconds(end);
  batch.start = last_end.value_or(batch.end - kDaySeconds);
  batch.end = std::max(batch.end, batch.start + 1);
  batch.created_ms =
      std::max(absl::ToUnixMillis(now), last_created.value_or(0) + 1);
  batch.num_keys = static_cast<int64_t>(keys.size());
  TEKMATCH_RETURN_IF_ERROR(SetNumber(*database_, kLastBatch, batch.num));
  TEKMATCH_RETURN_IF_ERROR(
      SetNumber(*database_, kLastCreated, batch.created_ms));
  TEKMATCH_RETURN_IF_ERROR(SetNumber(*database_, kLastEnd, batch.end));
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement insert,
      database_->Prepare("INSERT INTO batch(num, start, end_time, created_ms, "
                         "num_keys, published) VALUES(?1, ?2, ?3, ?4, ?5, 0)"));
  insert.BindInt64(1, batch.num)
      .BindInt64(2, batch.start)
      .BindInt64(3, batch.end)
      .BindInt64(4, batch.created_ms)
      .BindInt64(5, batch.num_keys);
  TEKMATCH_RETURN_IF_ERROR(insert.Run());
  // With the batch in one transaction. After a kill the publisher resumes this
  // number with these keys, and a key is in exactly one batch (section 6, rule
  // 5).
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement update,
      database_->Prepare("UPDATE diagnosis_key SET batch = ?1 WHERE tek = ?2 "
                         "AND batch IS NULL"));
  for (const Tek& tek : keys) {
    update.BindInt64(1, batch.num).BindBlob(2, tek.bytes);
    TEKMATCH_RETURN_IF_ERROR(update.Run());
    if (database_->num_changes() != 1) {
      return absl::InternalError("a key of a batch is in another, or is gone");
    }
  }
  TEKMATCH_RETURN_IF_ERROR(transaction.Commit());
  return batch;
}

absl::StatusOr<std::vector<Batch>> ServerStore::Batches() {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare(absl::StrCat(kSelectBatch, " ORDER BY num")));
  std::vector<Batch> batches;
  while (true) {
    TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return batches;
    TEKMATCH_ASSIGN_OR_RETURN(const Batch batch, BatchFrom(*database_, select));
    batches.push_back(batch);
  }
}

absl::StatusOr<std::optional<Batch>> ServerStore::FindBatch(int64_t num) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare(absl::StrCat(kSelectBatch, " WHERE num = ?1")));
  select.BindInt64(1, num);
  TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
  if (!row) return std::nullopt;
  return BatchFrom(*database_, select);
}

absl::StatusOr<std::vector<DiagnosisKey>> ServerStore::KeysOfBatch(
    int64_t num) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare("SELECT tek, rolling_start, period, risk, "
                         "report_type FROM diagnosis_key WHERE batch = ?1"));
  select.BindInt64(1, num);
  std::vector<DiagnosisKey> keys;
  while (true) {
    TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return keys;
    TEKMATCH_ASSIGN_OR_RETURN(const DiagnosisKey key,
                              KeyFromRow(*database_, select));
    keys.push_back(key);
  }
}

// The publisher has the file in its place before it calls this. A kill in
// between leaves the batch planned, and the next run goes on with it.
absl::Status ServerStore::MarkPublished(int64_t num, const Digest& sha256) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement update,
      database_->Prepare(
          "UPDATE batch SET published = 1, sha256 = ?2 WHERE num = ?1"));
  update.BindInt64(1, num).BindBlob(2, sha256);
  TEKMATCH_RETURN_IF_ERROR(update.Run());
  return transaction.Commit();
}

// The publisher deletes the file first. A kill in between leaves the row, so
// that the next run comes back to it; the other way round, the file would stay
// for ever.
absl::Status ServerStore::DeleteBatch(int64_t num) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement remove, database_->Prepare("DELETE FROM batch WHERE num = ?1"));
  remove.BindInt64(1, num);
  TEKMATCH_RETURN_IF_ERROR(remove.Run());
  return transaction.Commit();
}

absl::StatusOr<std::optional<absl::Time>> ServerStore::LastSlot() {
  TEKMATCH_ASSIGN_OR_RETURN(const std::optional<int64_t> slot,
                            GetNumber(*database_, kLastSlot));
  if (!slot.has_value()) return std::nullopt;
  return absl::FromUnixSeconds(*slot);
}

// The last step of a run: a run that was cut is run again.
absl::Status ServerStore::SetLastSlot(absl::Time slot) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  TEKMATCH_RETURN_IF_ERROR(
      SetNumber(*database_, kLastSlot, absl::ToUnixSeconds(slot)));
  return transaction.Commit();
}

}  // namespace tekmatch
