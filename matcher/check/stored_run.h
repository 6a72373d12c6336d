// What all parts of one stored check work with: the store, what was asked, how
// long it may take, and which days count by the clock that the store believes.
#ifndef TEKMATCH_MATCHER_CHECK_STORED_RUN_H_
#define TEKMATCH_MATCHER_CHECK_STORED_RUN_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "matcher/check/check_options.h"
#include "matcher/check/ledger.h"
#include "matcher/check/run_limits.h"
#include "matcher/check/stored_export.h"
#include "matcher/join/match_engine.h"
#include "matcher/join/own_keys.h"
#include "matcher/join/sighting_index.h"
#include "matcher/kernels/kernels.h"
#include "matcher/store/database.h"

namespace tekmatch {

// How long a check waits for another connection that reads, so that what was
// removed is gone from the -wal: nobody is asked to go on meanwhile. The next
// check tries again.
inline constexpr absl::Duration kMaxEraseWait = absl::Milliseconds(25);

// Keys that end in these days count; days as of stored_export.h.
struct Horizon {
  // The clock, unless it is far ahead of the last one that was believed
  // (SightingStore::Retain): then that one, which makes nothing old.
  absl::Time believed_now;
  // No sighting that the store has, or takes, can be of a key that ends before.
  DayNumber first_day = 0;
  // Keys that end after it are not kept: those that start more than a day from
  // now are rejected anyhow, and come again with their export when a clock that
  // was wrong is right.
  DayNumber last_day = 0;

  static Horizon Of(absl::Time believed_now, absl::Duration retention);
};

// All of it outlives the run.
struct StoredRun {
  Database& database;
  Ledger& ledger;
  const ExposureCheckOptions& check;
  const OwnKeys& own;
  absl::Duration retention;  // of sightings and keys
  RunLimits& limits;

  const Kernels& kernels() const;

  // An engine that finds every key that was heard: for the widest tolerance
  // (kSearchedIntervals), and whoever owns a key. Errors are MatchEngine's.
  absl::StatusOr<MatchEngine> SearchEngine(
      std::shared_ptr<const SightingIndex> index) const;
};

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_STORED_RUN_H_
