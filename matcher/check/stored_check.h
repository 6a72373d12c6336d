// The check of an app that lives for weeks: exports come a few at a time, day
// after day, and sightings with them; both are remembered in a store, and what
// was done once is not done again. The other door is CheckExposure
// (exposure_check.h), which remembers nothing.
//
//   auto database = Database::Open(folder, OpenMode::kCreate);
//   auto store = SightingStore::Create(**database);
//   auto added = store->Add(sightings, now);         // from the scan callback
//   auto checked = CheckStored(**database, paths, options);
//   if (!checked->checked.complete) ...  // files[i].message: why no result
//   if (!CheckCompared(checked->checked).ok()) ...   // no all-clear
//
// The answer is CheckExposure's over all exports and sightings that the store
// holds, in whatever order and portions they came, however often they were
// given, and whenever the process was killed. What is kept to that end:
//
//   of each export     its SHA-256, what it said of itself and its signatures,
//                      which are judged anew at each check
//   of each key that was heard   all that any export says of it
//   of all other keys  18 bytes each, if options.keep_keys, until they are too
//                      old; sightings that come later are compared with them
//
// Matches are not kept: they are found again from the keys that were heard,
// which are few. So a date never adds up over checks, a revoked key's contacts
// go when it is revoked, and other rules give their own answer at once.
//
// Exports are processed one after another, in the order given, each in one
// transaction at its end: a kill loses at most the work on one, and none is
// marked before it is whole. Only exports that a trusted key signed are
// processed; of others nothing is remembered. That holds for each copy: one of
// known content whose own signature is not good is refused, as CheckExposure
// refuses it, and the good one stays.
//
// A batch of which the store lacks a part gives no answer, by the rule that
// CheckExposure has for the files of one call: over all exports of the store.
// It waits for the rest in later checks; options.check.skip_bad_files leaves
// its files out until then.
//
// Memory, beyond the sightings and their index: at most 8 MiB with one thread
// or two, however many keys there are, unless options.check.block_keys asks for
// larger blocks. Each further thread takes its stack, and half a MiB at most.
// While sightings that came late are compared, these and their index are there
// a second time.
#ifndef TEKMATCH_MATCHER_CHECK_STORED_CHECK_H_
#define TEKMATCH_MATCHER_CHECK_STORED_CHECK_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "matcher/check/check_options.h"
#include "matcher/check/check_result.h"
#include "matcher/check/given_export.h"
#include "matcher/store/database.h"
#include "matcher/store/sighting_store.h"

namespace tekmatch {

struct StoredCheckOptions {
  // `now` is needed: it is the app's clock, by which old things go. Of the
  // rest, files.allow_unsigned and files.no_verify stay false, and `devices`
  // and own_keys.of_device are for runs over several people's sightings.
  ExposureCheckOptions check;
  // Sightings and keys that are older go (SightingStore::Retain, which also
  // says when a clock is not believed); exports after twice the time.
  absl::Duration retention = SightingStore::kDefaultRetention;
  // Without keys a store is small, but sightings that come after their keys
  // need the exports once more: StoredCheckResult::needed_again. Of such an
  // export those keys count as own that were when it was processed.
  bool keep_keys = true;
  // No new work is begun after so long, by a clock that only runs forward, and
  // work on a file is left as it is. A file that takes longer than this is
  // never done.
  absl::Duration max_time = absl::InfiniteDuration();
};

struct StoredCheckResult {
  // Over everything that is in the store. `files` are its exports, under the
  // names that they were first given by, then those given now that are refused
  // or not reached. Not complete, beside CheckExposure's reasons, where exports
  // are not reached, or needed again; options.check.skip_bad_files leaves them
  // out, too.
  ExposureCheckResult checked;
  std::vector<GivenExport> given;  // as they were given
  // Of exports whose keys were not kept and whose sightings came later: the
  // names under which they were given.
  std::vector<std::string> needed_again;
  // options.max_time was over before all was done.
  bool stopped = false;
  uint64_t num_exports = 0;  // that the store holds
  // Of them, those that no key signed which is trusted now: they are among the
  // files that are not accepted.
  uint64_t num_untrusted = 0;
  uint64_t num_expired_exports = 0;
  RetentionResult retained;
};

// Checks what the store holds and the exports at `paths`, which may also be
// names in options.check.files.sources.
//
// INVALID_ARGUMENT: options. UNAVAILABLE: another check of this store runs, or
// another process writes to it for longer than its connection waits. DATA_LOSS:
// the store is damaged (Database::SetAside). CANCELLED:
// options.check.cancelled said so; it is asked every 25 ms or so, where the
// thread is given its processor, but while sightings are read and indexed.
// Others are CheckExposure's and the database's. What was processed before an
// error stays processed.
absl::StatusOr<StoredCheckResult> CheckStored(
    Database& database, const std::vector<std::string>& paths,
    const StoredCheckOptions& options);

// What a store remembers of exports.
struct LedgerStatus {
  uint64_t num_exports = 0;
  uint64_t num_keys_kept = 0;
  // The newest end of an export, at most the time of the check, as of the last
  // check to which nothing was lacking: no export was refused, not reached or
  // needed again. What is published after it is still to be fetched. One for
  // all exports, of whatever region.
  std::optional<absl::Time> processed_until;
};
absl::StatusOr<LedgerStatus> ReadLedgerStatus(Database& database);

// Reads all that a store remembers of exports; DATA_LOSS where it is damaged.
// Database::CheckIntegrity and SightingStore::Read say it of the rest.
absl::Status CheckLedger(Database& database);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_STORED_CHECK_H_
