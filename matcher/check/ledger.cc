// Plan: an export is one row of `exports`, which has no sha256 until Finish,
// and, if its keys are kept, rows of `kept_keys`, each the packs of one day's
// keys (packed_keys.h). Blobs are sealed: they end with a checksum.
//
//   blobs           sealing, and the keys that were heard as a blob
//   reading         Entries, Pending, ReadKept, NumKeptKeys
//   a new export    Begin makes its row, Keep adds its keys in transactions of
//                   their own, Finish gives it its sha256. Until then Tidy
//                   takes its keys for those of a run that was killed
//   changed entries Update, FinishLookUp, Rewrite; and how far work on them
//                   came that stopped
//   KeptKeysWriter  sorts by day, which Keep and ReadKept know
//
// Durability: what can be made again from the same files is committed without a
// sync (Keep, Tidy, Begin). What says that something is done is committed with
// one; and SQLite then syncs all that was committed before, since it is in the
// same -wal. So no entry survives a loss of power without its keys.
#include "matcher/check/ledger.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "absl/types/span.h"
#include "keyformat/status_macros.h"
#include "matcher/check/packed_keys.h"
#include "matcher/store/meta.h"

namespace tekmatch {
namespace {

// Of SHA-256, which the processor does fast: enough against accidents.
constexpr size_t kSealBytes = 8;

// In the table meta: the fields of a ComparisonProgress, and how far the
// look-up of pending keys came, with a number of those keys.
constexpr const char* kProgress[] = {"late_entry", "late_from", "late_to",
                                     "late_day"};
constexpr char kLookUpOf[] = "look_up_of";
constexpr char kLookedUpUntil[] = "looked_up_until";

absl::Span<const uint8_t> BytesOf(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::array<uint8_t, SHA256_DIGEST_LENGTH> DigestOf(
    absl::Span<const uint8_t> bytes) {
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256(bytes.data(), bytes.size(), digest.data());
  return digest;
}

std::string Seal(std::string bytes) {
  const auto digest = DigestOf(BytesOf(bytes));
  bytes.append(digest.begin(), digest.begin() + kSealBytes);
  return bytes;
}

absl::StatusOr<absl::Span<const uint8_t>> Unseal(
    const Database& database, absl::Span<const uint8_t> sealed) {
  if (sealed.size() >= kSealBytes) {
    const auto bytes = sealed.first(sealed.size() - kSealBytes);
    const auto digest = DigestOf(bytes);
    if (std::equal(digest.begin(), digest.begin() + kSealBytes,
                   sealed.end() - kSealBytes)) {
      return bytes;
    }
  }
  return database.Damaged("what is known of an export is damaged");
}

// A number that other sets of keys do not have.
int64_t NumberOf(const HashSet<Tek>& keys) {
  std::vector<Tek> sorted(keys.begin(), keys.end());
  std::sort(sorted.begin(), sorted.end(),
            [](const Tek& a, const Tek& b) { return a.bytes < b.bytes; });
  std::string bytes;
  bytes.reserve(sorted.size() * kTekBytes);
  for (const Tek& tek : sorted) {
    bytes.append(tek.bytes.begin(), tek.bytes.end());
  }
  const auto digest = DigestOf(BytesOf(bytes));
  uint64_t number = 0;
  for (size_t i = 0; i < sizeof number; ++i) number = number << 8 | digest[i];
  return static_cast<int64_t>(number);
}

// As kept keys are packed, and in the set's order: equal sets give equal bytes.
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

// Of packs and descriptions, DATA_LOSS names the database.
absl::Status Named(const Database& database, const absl::Status& status) {
  return absl::IsDataLoss(status) ? database.Damaged(status.message()) : status;
}

// The values of a row that change, from ?2 on; ?1 is its id.
void BindEntry(const LedgerEntry& entry, Statement& statement) {
  statement.BindInt64(1, entry.id)
      .BindInt64(2, entry.generation)
      .BindInt64(3, entry.kept ? 1 : 0)
      .BindBlob(4, BytesOf(Seal(PackExport(entry.stored))))
      .BindBlob(5, BytesOf(Seal(PackHeard(entry.heard))));
}

}  // namespace

absl::StatusOr<std::vector<LedgerEntry>> Ledger::Entries(
    const TrustedKeys& trusted, absl::FunctionRef<absl::Status()> goes_on) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database_.Prepare("SELECT id, generation, kept, description, heard FROM "
                        "exports WHERE sha256 IS NOT NULL ORDER BY id"));
  std::vector<LedgerEntry> entries;
  while (true) {
    TEKMATCH_RETURN_IF_ERROR(goes_on());
    TEKMATCH_ASSIGN_OR_RETURN(const bool has_row, select.Step());
    if (!has_row) return entries;
    LedgerEntry& entry = entries.emplace_back();
    entry.id = select.Int64(0);
    entry.generation = select.Int64(1);
    entry.kept = select.Int64(2) != 0;
    TEKMATCH_ASSIGN_OR_RETURN(const absl::Span<const uint8_t> description,
                              Unseal(database_, select.Blob(3)));
    absl::StatusOr<StoredExport> stored = UnpackExport(description, trusted);
    if (!stored.ok()) return Named(database_, stored.status());
    entry.stored = *std::move(stored);
    TEKMATCH_ASSIGN_OR_RETURN(const absl::Span<const uint8_t> heard,
                              Unseal(database_, select.Blob(4)));
    TEKMATCH_RETURN_IF_ERROR(
        Named(database_, UnpackHeard(heard, &entry.heard)));
  }
}

absl::StatusOr<HashSet<Tek>> Ledger::Pending() {
  TEKMATCH_ASSIGN_OR_RETURN(Statement select,
                            database_.Prepare("SELECT tek FROM pending_keys"));
  HashSet<Tek> pending;
  while (true) {
    TEKMATCH_ASSIGN_OR_RETURN(const bool has_row, select.Step());
    if (!has_row) return pending;
    const absl::Span<const uint8_t> bytes = select.Blob(0);
    if (bytes.size() != kTekBytes) {
      return database_.Damaged("a pending key is damaged");
    }
    Tek tek;
    std::copy(bytes.begin(), bytes.end(), tek.bytes.begin());
    pending.insert(tek);
  }
}

// Kept keys refer to their export without a foreign key: a row of `exports`
// that goes would take thousands of rows with it, in one transaction that
// nobody could cancel.
absl::Status Ledger::Tidy(DayNumber first_day,
                          absl::FunctionRef<absl::Status()> goes_on,
                          bool* removed) {
  // Some 75 KB each, with which the table's pages are written anew.
  constexpr int kRowsAtOnce = 8;
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement some,
      database_.Prepare("DELETE FROM kept_keys WHERE rowid IN (SELECT rowid "
                        "FROM kept_keys WHERE day < ?1 OR export NOT IN "
                        "(SELECT id FROM exports WHERE sha256 IS NOT NULL) "
                        "LIMIT ?2)"));
  while (true) {
    TEKMATCH_ASSIGN_OR_RETURN(
        Transaction transaction,
        Transaction::Begin(database_, Durability::kNormal));
    TEKMATCH_RETURN_IF_ERROR(
        some.BindInt64(1, first_day).BindInt64(2, kRowsAtOnce).Run());
    const int64_t num_rows = database_.num_changes();
    TEKMATCH_RETURN_IF_ERROR(transaction.Commit());
    if (removed != nullptr && num_rows > 0) *removed = true;
    if (num_rows < kRowsAtOnce) return absl::OkStatus();
    TEKMATCH_RETURN_IF_ERROR(goes_on());
  }
}

absl::StatusOr<int64_t> Ledger::Begin(
    DayNumber first_day, absl::FunctionRef<absl::Status()> goes_on) {
  // An id that is free again has no keys left.
  TEKMATCH_RETURN_IF_ERROR(Tidy(first_day, goes_on));
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(database_, Durability::kNormal));
  // One check at a time: a row without a sha256 is nobody's any more.
  TEKMATCH_RETURN_IF_ERROR(
      database_.Run("DELETE FROM exports WHERE sha256 IS NULL;"
                    "INSERT INTO exports DEFAULT VALUES;"));
  const int64_t id = database_.last_insert_rowid();
  TEKMATCH_RETURN_IF_ERROR(transaction.Commit());
  return id;
}

absl::Status Ledger::Keep(int64_t id,
                          const std::map<DayNumber, KeyBlock>& days) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(database_, Durability::kNormal));
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement insert,
      database_.Prepare("INSERT INTO kept_keys(export, day, num_keys, keys) "
                        "VALUES(?1, ?2, ?3, ?4)"));
  for (const auto& [day, keys] : days) {
    if (keys.empty()) continue;
    std::string bytes;
    PackKeys(keys, &bytes);
    insert.BindInt64(1, id)
        .BindInt64(2, day)
        .BindInt64(3, static_cast<int64_t>(keys.size()))
        .BindBlob(4, BytesOf(Seal(std::move(bytes))));
    TEKMATCH_RETURN_IF_ERROR(insert.Run());
  }
  return transaction.Commit();
}

absl::Status Ledger::Finish(const LedgerEntry& entry,
                            const HashSet<Tek>& newly) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(database_, Durability::kFull));
  const Sha256Digest& digest = entry.stored.file.report.digests.sha256;
  // From then on the other one is not there for anybody.
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement put_out,
      database_.Prepare("UPDATE exports SET sha256 = NULL, description = NULL, "
                        "heard = NULL WHERE sha256 = ?1"));
  TEKMATCH_RETURN_IF_ERROR(put_out.BindBlob(1, digest).Run());
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement name,
      database_.Prepare("UPDATE exports SET sha256 = ?2 WHERE id = ?1 AND "
                        "sha256 IS NULL"));
  TEKMATCH_RETURN_IF_ERROR(
      name.BindInt64(1, entry.id).BindBlob(2, digest).Run());
  if (database_.num_changes() != 1) {
    return absl::InternalError("the place of a new export is gone");
  }
  TEKMATCH_RETURN_IF_ERROR(UpdateRows({&entry}));
  TEKMATCH_RETURN_IF_ERROR(AddPending(newly));
  return transaction.Commit();
}

absl::Status Ledger::Update(const std::vector<const LedgerEntry*>& changed,
                            const HashSet<Tek>& newly) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(database_, Durability::kFull));
  TEKMATCH_RETURN_IF_ERROR(UpdateRows(changed));
  TEKMATCH_RETURN_IF_ERROR(AddPending(newly));
  return transaction.Commit();
}

absl::Status Ledger::FinishLookUp(
    const std::vector<const LedgerEntry*>& changed) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(database_, Durability::kFull));
  TEKMATCH_RETURN_IF_ERROR(UpdateRows(changed));
  TEKMATCH_RETURN_IF_ERROR(database_.Run("DELETE FROM pending_keys"));
  TEKMATCH_RETURN_IF_ERROR(ForgetNumber(database_, kLookUpOf));
  TEKMATCH_RETURN_IF_ERROR(ForgetNumber(database_, kLookedUpUntil));
  return transaction.Commit();
}

absl::StatusOr<std::optional<ComparisonProgress>> Ledger::Progress() {
  std::array<int64_t, std::size(kProgress)> numbers{};
  for (size_t i = 0; i < numbers.size(); ++i) {
    TEKMATCH_ASSIGN_OR_RETURN(const std::optional<int64_t> number,
                              GetNumber(database_, kProgress[i]));
    if (!number.has_value()) return std::optional<ComparisonProgress>();
    numbers[i] = *number;
  }
  constexpr int64_t kMostDays = std::numeric_limits<DayNumber>::max();
  if (numbers[3] < 0 || numbers[3] > kMostDays) {
    return database_.Damaged("a day is none");
  }
  return ComparisonProgress{.entry = numbers[0],
                            .from_generation = numbers[1],
                            .to_generation = numbers[2],
                            .next_day = static_cast<DayNumber>(numbers[3])};
}

absl::Status Ledger::SaveProgress(const ComparisonProgress& progress,
                                  const HashSet<Tek>& newly) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(database_, Durability::kFull));
  const int64_t numbers[] = {progress.entry, progress.from_generation,
                             progress.to_generation, progress.next_day};
  for (size_t i = 0; i < std::size(kProgress); ++i) {
    TEKMATCH_RETURN_IF_ERROR(SetNumber(database_, kProgress[i], numbers[i]));
  }
  TEKMATCH_RETURN_IF_ERROR(AddPending(newly));
  return transaction.Commit();
}

absl::StatusOr<std::optional<int64_t>> Ledger::LookedUpUntil(
    const HashSet<Tek>& pending) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::optional<int64_t> of,
                            GetNumber(database_, kLookUpOf));
  // Other keys may have been heard since.
  if (of != NumberOf(pending)) return std::optional<int64_t>();
  return GetNumber(database_, kLookedUpUntil);
}

absl::Status Ledger::SaveLookUp(const std::vector<const LedgerEntry*>& changed,
                                const HashSet<Tek>& pending, int64_t until) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(database_, Durability::kFull));
  TEKMATCH_RETURN_IF_ERROR(UpdateRows(changed));
  TEKMATCH_RETURN_IF_ERROR(SetNumber(database_, kLookUpOf, NumberOf(pending)));
  TEKMATCH_RETURN_IF_ERROR(SetNumber(database_, kLookedUpUntil, until));
  return transaction.Commit();
}

absl::Status Ledger::ReadKept(
    const LedgerEntry& entry, const DaySpan& span,
    absl::FunctionRef<absl::Status(const KeyBlock&)> sink) {
  // How many there have to be follows from the entry. A row that is gone would
  // otherwise be keys that nobody missed.
  uint64_t num_expected = 0;
  for (const auto& [validity, num_keys] : entry.stored.validities) {
    const DayNumber day = EndDay(validity);
    if (day >= span.first && day <= span.last) num_expected += num_keys;
  }
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database_.Prepare("SELECT keys FROM kept_keys WHERE export = ?1 AND "
                        "day BETWEEN ?2 AND ?3"));
  select.BindInt64(1, entry.id)
      .BindInt64(2, std::max(span.first, entry.stored.first_day))
      .BindInt64(3, span.last);
  uint64_t num_read = 0;
  while (true) {
    TEKMATCH_ASSIGN_OR_RETURN(const bool has_row, select.Step());
    if (!has_row) break;
    TEKMATCH_ASSIGN_OR_RETURN(const absl::Span<const uint8_t> bytes,
                              Unseal(database_, select.Blob(0)));
    // Only what the packs are is the database's fault.
    absl::Status of_sink;
    const absl::Status unpacked = UnpackKeys(bytes, [&](const KeyBlock& block) {
      num_read += block.size();
      return of_sink = sink(block);
    });
    TEKMATCH_RETURN_IF_ERROR(of_sink);
    TEKMATCH_RETURN_IF_ERROR(Named(database_, unpacked));
  }
  return num_read == num_expected
             ? absl::OkStatus()
             : database_.Damaged("kept keys are missing, or too many");
}

absl::Status Ledger::Rewrite(const std::vector<LedgerEntry>& entries) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(database_, Durability::kFull));
  // A table that is emptied and filled in ascending order keeps no old copies
  // of cells in its pages (sighting_store.cc). Kept keys need no such care:
  // they are published.
  TEKMATCH_RETURN_IF_ERROR(database_.Run("DELETE FROM exports"));
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement insert,
      database_.Prepare("INSERT INTO exports(id, generation, kept, "
                        "description, heard, sha256) VALUES(?1, ?2, ?3, ?4, "
                        "?5, ?6)"));
  for (const LedgerEntry& entry : entries) {
    BindEntry(entry, insert);
    insert.BindBlob(6, entry.stored.file.report.digests.sha256);
    TEKMATCH_RETURN_IF_ERROR(insert.Run());
  }
  return transaction.Commit();
}

absl::StatusOr<uint64_t> Ledger::NumKeptKeys() {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement sum,
      database_.Prepare("SELECT SUM(num_keys) FROM kept_keys WHERE export IN "
                        "(SELECT id FROM exports WHERE sha256 IS NOT NULL)"));
  TEKMATCH_RETURN_IF_ERROR(sum.Step().status());
  return static_cast<uint64_t>(sum.Int64(0));
}

// Inside a transaction of the caller's.
absl::Status Ledger::UpdateRows(
    const std::vector<const LedgerEntry*>& entries) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement update,
      database_.Prepare("UPDATE exports SET generation = ?2, kept = ?3, "
                        "description = ?4, heard = ?5 WHERE id = ?1"));
  for (const LedgerEntry* entry : entries) {
    BindEntry(*entry, update);
    TEKMATCH_RETURN_IF_ERROR(update.Run());
    if (database_.num_changes() != 1) {
      return absl::InternalError("an export of the store is gone");
    }
  }
  return absl::OkStatus();
}

// The same. A key can be pending by two exports.
absl::Status Ledger::AddPending(const HashSet<Tek>& newly) {
  if (newly.empty()) return absl::OkStatus();
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement insert,
      database_.Prepare("INSERT OR IGNORE INTO pending_keys VALUES(?1)"));
  for (const Tek& tek : newly) {
    TEKMATCH_RETURN_IF_ERROR(insert.BindBlob(1, tek.bytes).Run());
  }
  return absl::OkStatus();
}

absl::Status KeptKeysWriter::Add(const DiagnosisKey& key) {
  // With 30 bytes a key, and the room of blocks that doubled: 1 MB.
  constexpr size_t kMostHeld = size_t{1} << 14;
  KeyBlock& day = days_[EndDay(key.rolling_start, key.rolling_period)];
  day.Append(key);
  ++num_held_;
  // A row of the table is a pack. A day that fills one is written at once; days
  // of few keys wait for more of them, since small rows cost more.
  if (day.size() >= kMaxPackedKeys) {
    std::map<DayNumber, KeyBlock> full;
    std::swap(full[EndDay(key.rolling_start, key.rolling_period)], day);
    num_held_ -= kMaxPackedKeys;
    ++num_writes_;
    return ledger_.Keep(id_, full);
  }
  return num_held_ < kMostHeld ? absl::OkStatus() : Flush();
}

absl::Status KeptKeysWriter::Flush() {
  ++num_writes_;
  TEKMATCH_RETURN_IF_ERROR(ledger_.Keep(id_, days_));
  days_.clear();
  num_held_ = 0;
  return absl::OkStatus();
}

}  // namespace tekmatch
