// What a stored check forgets of exports because it is too old: keys by the day
// in which they end, keys that were heard, and whole exports.
#ifndef TEKMATCH_MATCHER_CHECK_EXPIRY_H_
#define TEKMATCH_MATCHER_CHECK_EXPIRY_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "matcher/check/ledger_image.h"
#include "matcher/check/stored_run.h"

namespace tekmatch {

struct ExpiryResult {
  uint64_t num_exports = 0;  // that are gone
  // Whether what was forgotten is gone from all files, too
  // (RetentionResult::erased). true where there was nothing to forget.
  bool erased = true;
};

// Takes out of the entries what no sighting can be of any more, and entries
// that are too old as a whole; in one transaction, if there is anything. Their
// kept keys go with the next Ledger::Tidy.
//
//   of an export             keys that end before horizon.first_day are only
//                            counted from then on
//   of a key that was heard  everything goes, once all that any export says of
//                            it is too old
//   an export                goes when its newest key and its publication are
//                            older than twice the retention
//
// CANCELLED: `cancelled` said so, before anything was written. Others are the
// ledger's.
absl::StatusOr<ExpiryResult> ExpireEntries(const StoredRun& run,
                                           const Horizon& horizon,
                                           LedgerImage& image);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_EXPIRY_H_
