// The ledger (ledger.h) in memory, while one stored check works on it: what its
// parts hand on to each other. Each part writes what it changes to the ledger
// first, and then here; so after an error the ledger is what counts.
#ifndef TEKMATCH_MATCHER_CHECK_LEDGER_IMAGE_H_
#define TEKMATCH_MATCHER_CHECK_LEDGER_IMAGE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "absl/time/time.h"
#include "keyformat/diagnosis_key.h"
#include "keyformat/hash_tables.h"
#include "keyformat/key_block.h"
#include "keyformat/signature.h"
#include "matcher/check/ledger.h"
#include "matcher/check/stored_export.h"
#include "matcher/join/own_keys.h"

namespace tekmatch {

// A bound for what an authority could publish and never does. Beyond it the
// least of what an export says of keys that were heard is what counts.
inline constexpr size_t kMostHeardOfExport = size_t{1} << 16;

struct LedgerImage {
  // In the order of Ledger::Entries, new ones at the end.
  std::vector<LedgerEntry> entries;
  HashSet<Tek> heard;    // in any entry, pending ones included
  HashSet<Tek> pending;  // still to be looked up
  // While keys are pending: entries with kept keys and a greater id were not
  // asked about all of them.
  int64_t looked_up_until = 0;
  // Of the sightings that this check works with: entries of this generation
  // were compared with all of them.
  int64_t generation = 0;
  // By entry, of those that this check read: heard.size() after that.
  std::map<int64_t, size_t> num_heard_when_read;
  // Entries of which keys would be needed, for late sightings, that are not
  // kept.
  std::set<int64_t> needed;

  // The export whose export.bin has this digest; nullptr where there is none.
  // Valid until `entries` changes.
  LedgerEntry* Find(const Sha256Digest& digest);

  // Adds keys that were heard for the first time. They are pending in the
  // ledger by now.
  void TakeHeard(const HashSet<Tek>& newly);

  // Whether all keys that were heard until now were so when the entry's file
  // was read, or by it.
  bool KnowsAll(const LedgerEntry& entry) const;
};

// Adds to `keys` all that the block says of `teks`, kMostHeardOfExport at most.
void AddIfIn(const HashSet<Tek>& teks, const KeyBlock& block,
             std::set<DiagnosisKey>* keys);

// Adds up when those of the block's keys are valid that are `own`.of_all.
void CountOwn(const KeyBlock& block, const OwnKeys& own,
              ValidityCounts* validities);

// When the entry's export was published, by its own word: its end. nullopt
// where it says none, or one that is more than a day after `now`.
std::optional<absl::Time> PublishedAt(const LedgerEntry& entry, absl::Time now);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_LEDGER_IMAGE_H_
