// Sightings that came after the exports of their keys (COCOA's issue 157): they
// are compared with the keys that the ledger keeps.
#ifndef TEKMATCH_MATCHER_CHECK_LATE_COMPARISON_H_
#define TEKMATCH_MATCHER_CHECK_LATE_COMPARISON_H_

#include "absl/status/status.h"
#include "matcher/check/ledger_image.h"
#include "matcher/check/stored_run.h"

namespace tekmatch {

// Compares each entry's kept keys with the sightings that came since the entry
// was compared last, up to image.generation. Keys that are heard for the first
// time become pending, and each entry is committed when it is done. Where keys
// would be needed that are not kept, the entry goes to image.needed, and stays
// as it is.
//
// CANCELLED: RunLimits::GoesOn said so. Entries that are done stay so; where
// the time was over, so do the days that are done of an entry, and the next
// call goes on with the next one. Others are the ledger's and the store's.
absl::Status CompareLateSightings(const StoredRun& run, LedgerImage& image);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_LATE_COMPARISON_H_
