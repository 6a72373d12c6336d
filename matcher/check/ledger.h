// What a store remembers of the exports that were processed: what they said of
// themselves, those of their keys that were heard, up to which sightings they
// were compared, and, if wanted, all their keys, so that sightings that come
// later can be compared, too.
//
// An export is known by the SHA-256 of its export.bin. Its keys are written
// while it is read; until its one last transaction (Finish) it is not there for
// anybody, and what a run that was killed left of it goes with the next Begin.
//
// Keys that were heard for the first time are pending until it was looked up
// what all exports say of them. That may be in a later run.
//
// What is written carries a checksum, and kept keys are counted: what is
// damaged is DATA_LOSS, with the database's name. That holds against accidents;
// whoever can write the database can write anything into it. Other errors are
// the database's (database.h).
#ifndef TEKMATCH_MATCHER_CHECK_LEDGER_H_
#define TEKMATCH_MATCHER_CHECK_LEDGER_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "keyformat/diagnosis_key.h"
#include "keyformat/hash_tables.h"
#include "keyformat/key_block.h"
#include "keyformat/signature.h"
#include "matcher/check/stored_export.h"
#include "matcher/store/database.h"

namespace tekmatch {

// Of an entry whose keys are not kept: some key was heard since, and what this
// export says of it nobody knows.
inline constexpr int64_t kNeededAgain = -1;

struct LedgerEntry {
  int64_t id = 0;  // of the database's row; ascending as they were processed
  StoredExport stored;
  // Sightings of later generations (sighting_store.h) were not compared; or
  // kNeededAgain.
  int64_t generation = 0;
  // Its keys of stored.validities are kept.
  bool kept = false;
  // Of each TEK that was heard in any export, all that this one says of it;
  // what it repeats is here once.
  std::set<DiagnosisKey> heard;
};

// A span of days (EndDay), both in it. Default: all there are.
struct DaySpan {
  DayNumber first = 0;
  DayNumber last = std::numeric_limits<DayNumber>::max();
};

// How far the comparison of an entry with late sightings came.
struct ComparisonProgress {
  int64_t entry = 0;            // its id
  int64_t from_generation = 0;  // of the entry, which it still has
  // Keys of days before next_day were compared with the sightings after
  // from_generation, up to this generation.
  int64_t to_generation = 0;
  DayNumber next_day = 0;
};

class Ledger {
 public:
  // `database` outlives the ledger.
  explicit Ledger(Database& database) : database_(database) {}

  // Every export, its signatures judged anew by `trusted`. `goes_on` is asked
  // for each; its error ends the reading and is returned.
  absl::StatusOr<std::vector<LedgerEntry>> Entries(
      const TrustedKeys& trusted, absl::FunctionRef<absl::Status()> goes_on);
  absl::StatusOr<HashSet<Tek>> Pending();

  // Deletes kept keys of earlier days, and of exports that are not there: what
  // calls left that did not come to their Finish, or what was replaced. Some
  // rows at a time, since they are overwritten; `goes_on` is asked in between,
  // and its error ends it and is returned. `removed`, if not null, becomes true
  // where any went: they are in the file until a checkpoint.
  absl::Status Tidy(DayNumber first_day,
                    absl::FunctionRef<absl::Status()> goes_on,
                    bool* removed = nullptr);

  // A place for a new export: its entry's id. Tidies first.
  absl::StatusOr<int64_t> Begin(DayNumber first_day,
                                absl::FunctionRef<absl::Status()> goes_on);
  // Writes some of its keys, by the day in which they end.
  absl::Status Keep(int64_t id, const std::map<DayNumber, KeyBlock>& days);
  // Takes the new export in, in place of another one with the same SHA-256, and
  // adds to the pending keys: all of it or nothing, and for good.
  absl::Status Finish(const LedgerEntry& entry, const HashSet<Tek>& newly);
  // Writes what entries that are there have become, and adds to the pending
  // keys.
  absl::Status Update(const std::vector<const LedgerEntry*>& changed,
                      const HashSet<Tek>& newly);
  // The same, and no key is pending any more.
  absl::Status FinishLookUp(const std::vector<const LedgerEntry*>& changed);

  // Work that stopped because its time was over, and goes on in a later run.
  // It is kept as numbers of the table meta, which older versions do not look
  // at: they begin such work anew.
  //
  // What an entry was compared with so far; nullopt where that was not saved,
  // or the entry is no longer what it was then.
  absl::StatusOr<std::optional<ComparisonProgress>> Progress();
  // Saves it, and adds to the pending keys, in one transaction.
  absl::Status SaveProgress(const ComparisonProgress& progress,
                            const HashSet<Tek>& newly);
  // The greatest id of an entry that was asked about exactly these pending
  // keys, as were all with smaller ones; nullopt where that was not saved.
  absl::StatusOr<std::optional<int64_t>> LookedUpUntil(
      const HashSet<Tek>& pending);
  // Writes what those entries have become, and that id, in one transaction.
  absl::Status SaveLookUp(const std::vector<const LedgerEntry*>& changed,
                          const HashSet<Tek>& pending, int64_t until);

  // Calls `sink` with the kept keys of one export of those days, block by
  // block, and counts them.
  absl::Status ReadKept(const LedgerEntry& entry, const DaySpan& span,
                        absl::FunctionRef<absl::Status(const KeyBlock&)> sink);

  // Writes all entries anew, without a trace of others, or of what these had
  // before. Their keys go with the next Tidy.
  absl::Status Rewrite(const std::vector<LedgerEntry>& entries);

  // Of all exports together, those that are still there.
  absl::StatusOr<uint64_t> NumKeptKeys();

 private:
  absl::Status UpdateRows(const std::vector<const LedgerEntry*>& entries);
  absl::Status AddPending(const HashSet<Tek>& newly);

  Database& database_;
};

// Sorts the keys of a new export by day before they are kept, so that most of
// them need not be read again for sightings of another day, and so that they
// can go when their day is too old. Holds at most some MB, of keys of at most
// some 30 days.
class KeptKeysWriter {
 public:
  // `ledger` outlives the writer.
  KeptKeysWriter(Ledger& ledger, int64_t id) : ledger_(ledger), id_(id) {}

  absl::Status Add(const DiagnosisKey& key);
  // Writes what is left. Once, at the end.
  absl::Status Flush();
  // How often something was written: a place to ask whether to go on.
  uint64_t num_writes() const { return num_writes_; }

 private:
  Ledger& ledger_;
  int64_t id_;
  std::map<DayNumber, KeyBlock> days_;
  size_t num_held_ = 0;
  uint64_t num_writes_ = 0;
};

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_LEDGER_H_
