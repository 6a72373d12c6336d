// Plan: an export is one row of `exports`, which has no sha256 until Finish,
// and, if its keys are kept, rows of `kept_keys`, each a pack of keys
// (packed_keys.h) with the span in which they are valid.
#include "matcher/check/ledger.h"

#include <algorithm>
#include <array>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "keyformat/status_macros.h"
#include "matcher/check/packed_keys.h"
#include "matcher/check/publication_order.h"

namespace tekmatch {
namespace {

absl::Span<const uint8_t> BytesOf(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

EnIntervalNumber EndOf(const KeyBlock& keys, size_t i) {
  return keys.rolling_starts()[i] + keys.rolling_periods()[i];
}

std::string PackHeard(const std::set<DiagnosisKey>& heard) {
  KeyBlock block;
  for (const DiagnosisKey& key : heard) block.Append(key);
  std::string bytes;
  PackKeys(block, &bytes);
  return bytes;
}

absl::Status UnpackHeard(absl::Span<const uint8_t> bytes,
                         std::set<DiagnosisKey>* heard) {
  return UnpackKeys(bytes, [&](const KeyBlock& block) {
    for (size_t i = 0; i < block.size(); ++i) heard->insert(block.key(i));
    return absl::OkStatus();
  });
}

// When an export was published, or else when its last key ended.
int64_t PublishedAt(const LedgerEntry& entry) {
  return TimesOf(entry.stored.file.report.metadata)
      .end_seconds.value_or(int64_t{entry.last_end()} * kIntervalSeconds);
}

// Of keys that a pack or an entry has, DATA_LOSS names the database.
absl::Status Named(const Database& database, const absl::Status& status) {
  return absl::IsDataLoss(status) ? database.Damaged(status.message()) : status;
}

absl::Status UpdateEntries(Database& database,
                           const std::vector<const LedgerEntry*>& entries) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement update,
      database.Prepare(
          "UPDATE exports SET generation = ?2, heard = ?3 WHERE id = ?1"));
  for (const LedgerEntry* entry : entries) {
    update.BindInt64(1, entry->id)
        .BindInt64(2, entry->generation)
        .BindBlob(3, BytesOf(PackHeard(entry->heard)));
    TEKMATCH_RETURN_IF_ERROR(update.Run());
  }
  return absl::OkStatus();
}

absl::Status DeleteKeptKeys(Database& database, int64_t id) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement keys,
      database.Prepare("DELETE FROM kept_keys WHERE export = ?1"));
  return keys.BindInt64(1, id).Run();
}

absl::Status DeleteExport(Database& database, int64_t id) {
  TEKMATCH_RETURN_IF_ERROR(DeleteKeptKeys(database, id));
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement row, database.Prepare("DELETE FROM exports WHERE id = ?1"));
  return row.BindInt64(1, id).Run();
}

// Writes the table of exports anew, in ascending order, so that no page keeps
// an old copy of what the others had of keys that were heard
// (sighting_store.cc). Kept keys need no such care: they are published.
absl::Status RewriteExportsWithout(Database& database,
                                   const std::set<int64_t>& gone) {
  struct Row {
    int64_t id;
    int64_t generation;
    int64_t kept;
    std::array<std::vector<uint8_t>, 3> blobs;  // sha256, description, heard
  };
  std::vector<Row> rows;
  {
    TEKMATCH_ASSIGN_OR_RETURN(
        Statement select,
        database.Prepare("SELECT id, generation, kept, sha256, description, "
                         "heard FROM exports WHERE sha256 IS NOT NULL ORDER "
                         "BY id"));
    while (true) {
      TEKMATCH_ASSIGN_OR_RETURN(const bool has_row, select.Step());
      if (!has_row) break;
      if (gone.contains(select.Int64(0))) continue;
      Row& row = rows.emplace_back();
      row.id = select.Int64(0);
      row.generation = select.Int64(1);
      row.kept = select.Int64(2);
      for (size_t i = 0; i < row.blobs.size(); ++i) {
        const absl::Span<const uint8_t> blob =
            select.Blob(static_cast<int>(i) + 3);
        row.blobs[i].assign(blob.begin(), blob.end());
      }
    }
  }
  TEKMATCH_RETURN_IF_ERROR(database.Run(
      "DELETE FROM kept_keys WHERE export IN (SELECT id FROM exports WHERE "
      "sha256 IS NULL); DELETE FROM exports"));
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement insert,
      database.Prepare("INSERT INTO exports(id, generation, kept, sha256, "
                       "description, heard) VALUES(?1, ?2, ?3, ?4, ?5, ?6)"));
  for (const Row& row : rows) {
    insert.BindInt64(1, row.id)
        .BindInt64(2, row.generation)
        .BindInt64(3, row.kept);
    for (size_t i = 0; i < row.blobs.size(); ++i) {
      insert.BindBlob(static_cast<int>(i) + 4, row.blobs[i]);
    }
    TEKMATCH_RETURN_IF_ERROR(insert.Run());
  }
  return absl::OkStatus();
}

}  // namespace

EnIntervalNumber LedgerEntry::last_end() const {
  EnIntervalNumber last = 0;
  for (const auto& [validity, num_keys] : stored.validities) {
    last = std::max(last, validity.rolling_start + validity.rolling_period);
  }
  return last;
}

absl::StatusOr<std::vector<LedgerEntry>> Ledger::Entries(
    const TrustedKeys& trusted) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database_.Prepare("SELECT id, generation, kept, description, heard FROM "
                        "exports WHERE sha256 IS NOT NULL ORDER BY id"));
  std::vector<LedgerEntry> entries;
  while (true) {
    TEKMATCH_ASSIGN_OR_RETURN(const bool has_row, select.Step());
    if (!has_row) return entries;
    LedgerEntry& entry = entries.emplace_back();
    entry.id = select.Int64(0);
    entry.generation = select.Int64(1);
    entry.kept = select.Int64(2) != 0;
    absl::StatusOr<StoredExport> stored = UnpackExport(select.Blob(3), trusted);
    if (!stored.ok()) return Named(database_, stored.status());
    entry.stored = *std::move(stored);
    TEKMATCH_RETURN_IF_ERROR(
        Named(database_, UnpackHeard(select.Blob(4), &entry.heard)));
  }
}

absl::StatusOr<int64_t> Ledger::Begin() {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(database_, Durability::kNormal));
  TEKMATCH_RETURN_IF_ERROR(
      database_.Run("DELETE FROM kept_keys WHERE export IN (SELECT id FROM "
                    "exports WHERE sha256 IS NULL);"
                    "DELETE FROM exports WHERE sha256 IS NULL;"
                    "INSERT INTO exports DEFAULT VALUES;"));
  const int64_t id = database_.last_insert_rowid();
  TEKMATCH_RETURN_IF_ERROR(transaction.Commit());
  return id;
}

absl::Status Ledger::Keep(int64_t id, const KeyBlock& keys) {
  if (keys.empty()) return absl::OkStatus();
  EnIntervalNumber first_start = std::numeric_limits<EnIntervalNumber>::max();
  EnIntervalNumber last_end = 0;
  for (size_t i = 0; i < keys.size(); ++i) {
    first_start = std::min(first_start, keys.rolling_starts()[i]);
    last_end = std::max(last_end, EndOf(keys, i));
  }
  std::string bytes;
  PackKeys(keys, &bytes);
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(database_, Durability::kNormal));
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement insert,
      database_.Prepare("INSERT INTO kept_keys(export, first_start, last_end, "
                        "num_keys, keys) VALUES(?1, ?2, ?3, ?4, ?5)"));
  insert.BindInt64(1, id)
      .BindInt64(2, first_start)
      .BindInt64(3, last_end)
      .BindInt64(4, static_cast<int64_t>(keys.size()))
      .BindBlob(5, BytesOf(bytes));
  TEKMATCH_RETURN_IF_ERROR(insert.Run());
  return transaction.Commit();
}

absl::Status Ledger::Finish(const LedgerEntry& entry,
                            const std::vector<const LedgerEntry*>& changed) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(database_, Durability::kFull));
  const Sha256Digest& digest = entry.stored.file.report.digests.sha256;
  int64_t replaced = 0;
  {
    TEKMATCH_ASSIGN_OR_RETURN(
        Statement same,
        database_.Prepare("SELECT id FROM exports WHERE sha256 = ?1"));
    TEKMATCH_ASSIGN_OR_RETURN(const bool has_row,
                              same.BindBlob(1, digest).Step());
    if (has_row) replaced = same.Int64(0);
  }
  if (replaced != 0) {
    TEKMATCH_RETURN_IF_ERROR(DeleteExport(database_, replaced));
  }
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement finish,
      database_.Prepare("UPDATE exports SET sha256 = ?2, kept = ?3, "
                        "description = ?4 WHERE id = ?1"));
  finish.BindInt64(1, entry.id)
      .BindBlob(2, digest)
      .BindInt64(3, entry.kept ? 1 : 0)
      .BindBlob(4, BytesOf(PackExport(entry.stored)));
  TEKMATCH_RETURN_IF_ERROR(finish.Run());
  if (database_.num_changes() != 1) {
    return absl::InternalError("the place of a new export is gone");
  }
  TEKMATCH_RETURN_IF_ERROR(UpdateEntries(database_, {&entry}));
  TEKMATCH_RETURN_IF_ERROR(UpdateEntries(database_, changed));
  return transaction.Commit();
}

absl::Status Ledger::Abandon(int64_t id) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(database_, Durability::kNormal));
  TEKMATCH_RETURN_IF_ERROR(DeleteExport(database_, id));
  return transaction.Commit();
}

absl::Status Ledger::Update(const std::vector<const LedgerEntry*>& changed) {
  if (changed.empty()) return absl::OkStatus();
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(database_, Durability::kFull));
  TEKMATCH_RETURN_IF_ERROR(UpdateEntries(database_, changed));
  return transaction.Commit();
}

absl::Status Ledger::ReadKept(
    int64_t id, const IntervalSpan& span,
    absl::FunctionRef<absl::Status(const KeyBlock&)> sink) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database_.Prepare("SELECT keys FROM kept_keys WHERE export = ?1 AND "
                        "last_end > ?2 AND first_start <= ?3"));
  select.BindInt64(1, id).BindInt64(2, span.first).BindInt64(3, span.last);
  while (true) {
    TEKMATCH_ASSIGN_OR_RETURN(const bool has_row, select.Step());
    if (!has_row) return absl::OkStatus();
    // Only what the packs are is the database's fault.
    absl::Status of_sink;
    const absl::Status unpacked = UnpackKeys(
        select.Blob(0),
        [&](const KeyBlock& block) { return of_sink = sink(block); });
    TEKMATCH_RETURN_IF_ERROR(of_sink);
    TEKMATCH_RETURN_IF_ERROR(Named(database_, unpacked));
  }
}

absl::StatusOr<uint64_t> Ledger::Expire(EnIntervalNumber keys_before,
                                        int64_t exports_before_unix_seconds) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::vector<LedgerEntry> entries,
                            Entries(TrustedKeys()));
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(database_, Durability::kNormal));
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement keys,
      database_.Prepare("DELETE FROM kept_keys WHERE last_end <= ?1"));
  TEKMATCH_RETURN_IF_ERROR(keys.BindInt64(1, keys_before).Run());
  std::set<int64_t> gone;
  for (const LedgerEntry& entry : entries) {
    if (PublishedAt(entry) >= exports_before_unix_seconds) continue;
    TEKMATCH_RETURN_IF_ERROR(DeleteKeptKeys(database_, entry.id));
    gone.insert(entry.id);
  }
  if (!gone.empty()) {
    TEKMATCH_RETURN_IF_ERROR(RewriteExportsWithout(database_, gone));
  }
  TEKMATCH_RETURN_IF_ERROR(transaction.Commit());
  return gone.size();
}

absl::StatusOr<uint64_t> Ledger::NumKeptKeys() {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement sum,
      database_.Prepare("SELECT SUM(num_keys) FROM kept_keys WHERE export IN "
                        "(SELECT id FROM exports WHERE sha256 IS NOT NULL)"));
  TEKMATCH_RETURN_IF_ERROR(sum.Step().status());
  return static_cast<uint64_t>(sum.Int64(0));
}

absl::Status KeptKeysWriter::Add(const KeyBlock& keys) {
  constexpr size_t kMostHeld = size_t{1} << 15;
  for (size_t i = 0; i < keys.size(); ++i) {
    KeyBlock& day = days_[EndOf(keys, i) / kMaxRollingPeriod];
    day.Append(keys.key(i));
    ++num_held_;
    if (day.size() < kMaxPackedKeys) continue;
    TEKMATCH_RETURN_IF_ERROR(ledger_.Keep(id_, day));
    num_held_ -= day.size();
    day.Clear();
  }
  // More days than a fortnight has: of an archive, or of somebody's making.
  return num_held_ < kMostHeld ? absl::OkStatus() : Flush();
}

absl::Status KeptKeysWriter::Flush() {
  for (const auto& [day, keys] : days_) {
    TEKMATCH_RETURN_IF_ERROR(ledger_.Keep(id_, keys));
  }
  days_.clear();
  num_held_ = 0;
  return absl::OkStatus();
}

}  // namespace tekmatch
