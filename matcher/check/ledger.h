// What a store remembers of the exports that were processed: what they said of
// themselves, those of their keys that were heard, up to which sightings they
// were compared, and, if wanted, all their keys, so that sightings that come
// later can be compared, too.
//
// An export is known by the SHA-256 of its export.bin. Its keys are written
// while it is read; until its one last transaction (Finish) it is not there for
// anybody, and what a run that was killed left of it goes with the next Begin.
//
// Errors are the database's (database.h); DATA_LOSS also where what stands in
// it is no ledger's.
#ifndef TEKMATCH_MATCHER_CHECK_LEDGER_H_
#define TEKMATCH_MATCHER_CHECK_LEDGER_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "keyformat/diagnosis_key.h"
#include "keyformat/key_block.h"
#include "keyformat/signature.h"
#include "matcher/check/stored_export.h"
#include "matcher/store/database.h"

namespace tekmatch {

// Of an entry whose keys are not kept: some key was heard since, and what this
// export says of it nobody knows.
inline constexpr int64_t kNeededAgain = -1;

struct LedgerEntry {
  int64_t id = 0;  // of the database's row
  StoredExport stored;
  // Sightings of later generations (sighting_store.h) were not compared; or
  // kNeededAgain.
  int64_t generation = 0;
  // All its keys are kept, but for those that are too old (Expire).
  bool kept = false;
  // Of each TEK that was heard in any export, all that this one says of it;
  // what it repeats is here once.
  std::set<DiagnosisKey> heard;

  // The interval after the last one in which a key is valid; 0 where there is
  // no key.
  EnIntervalNumber last_end() const;
};

// A span of intervals, both ends in it. Default: all there are.
struct IntervalSpan {
  int64_t first = 0;
  int64_t last = std::numeric_limits<EnIntervalNumber>::max();
};

class Ledger {
 public:
  // `database` outlives the ledger.
  explicit Ledger(Database& database) : database_(database) {}

  // Every export, its signatures judged anew by `trusted`, in the order in
  // which they were processed.
  absl::StatusOr<std::vector<LedgerEntry>> Entries(const TrustedKeys& trusted);

  // A place for a new export: its entry's id. What earlier calls left that did
  // not come to their Finish goes.
  absl::StatusOr<int64_t> Begin();
  // Writes some of its keys, which are best valid on one day (KeptKeysWriter).
  absl::Status Keep(int64_t id, const KeyBlock& keys);
  // Takes the new export in, in place of another one with the same SHA-256, and
  // writes what `changed` entries now have of generation and heard keys: all of
  // it or nothing, and for good.
  absl::Status Finish(const LedgerEntry& entry,
                      const std::vector<const LedgerEntry*>& changed);
  // Drops the place.
  absl::Status Abandon(int64_t id);

  // The same for entries that are there.
  absl::Status Update(const std::vector<const LedgerEntry*>& changed);

  // Calls `sink` with the kept keys of one export, block by block, but may
  // leave out blocks in which no key is valid in `span`.
  absl::Status ReadKept(int64_t id, const IntervalSpan& span,
                        absl::FunctionRef<absl::Status(const KeyBlock&)> sink);

  // Drops kept keys that end at or before `keys_before`, and whole exports that
  // were published before `exports_before`. Those that do not say when are
  // judged by their last key. Returns how many exports went.
  absl::StatusOr<uint64_t> Expire(EnIntervalNumber keys_before,
                                  int64_t exports_before_unix_seconds);

  // Of all exports together, those that are still there.
  absl::StatusOr<uint64_t> NumKeptKeys();

 private:
  Database& database_;
};

// Sorts the keys of a new export by day before they are kept, so that most of
// them need not be read again for sightings of another day, and so that they
// can go when their day is too old. Holds at most some 2 MB.
class KeptKeysWriter {
 public:
  // `ledger` outlives the writer.
  KeptKeysWriter(Ledger& ledger, int64_t id) : ledger_(ledger), id_(id) {}

  absl::Status Add(const KeyBlock& keys);
  // Writes what is left. Once, at the end.
  absl::Status Flush();

 private:
  Ledger& ledger_;
  int64_t id_;
  // By the day (144 intervals) in which a key ends.
  std::map<EnIntervalNumber, KeyBlock> days_;
  size_t num_held_ = 0;
};

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_LEDGER_H_
