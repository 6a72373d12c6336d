// Keys that were heard for the first time, in one export: what do all the other
// exports say of them? A revocation in an export that was processed long ago
// counts as well.
#ifndef TEKMATCH_MATCHER_CHECK_KEY_LOOK_UP_H_
#define TEKMATCH_MATCHER_CHECK_KEY_LOOK_UP_H_

#include "absl/status/status.h"
#include "matcher/check/ledger_image.h"
#include "matcher/check/stored_run.h"

namespace tekmatch {

// Looks the pending keys up in the kept keys of all entries, and adds what it
// finds to LedgerEntry::heard; then no key is pending. An entry whose keys are
// not kept is needed again (kNeededAgain), unless its file was read in this
// check when all of them were known.
//
// CANCELLED: RunLimits::GoesOn said so. Where the time was over, entries that
// are done stay so, image.looked_up_until says which, and the next call goes on
// if no other keys were heard by then; otherwise nothing was written. Others
// are the ledger's.
absl::Status LookUpPending(const StoredRun& run, LedgerImage& image);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_KEY_LOOK_UP_H_
