#include "matcher/check/key_look_up.h"

#include <cstddef>
#include <vector>

#include "keyformat/status_macros.h"

namespace tekmatch {

absl::Status LookUpPending(const StoredRun& run, LedgerImage& image) {
  if (image.pending.empty()) return absl::OkStatus();
  std::vector<const LedgerEntry*> changed;
  for (LedgerEntry& entry : image.entries) {
    if (!entry.kept) {
      if (image.KnowsAll(entry)) continue;
      entry.generation = kNeededAgain;
      changed.push_back(&entry);
      continue;
    }
    const size_t num_before = entry.heard.size();
    TEKMATCH_RETURN_IF_ERROR(run.ledger.ReadKept(
        entry, DaySpan(), [&](const KeyBlock& block) -> absl::Status {
          TEKMATCH_RETURN_IF_ERROR(run.limits.UnlessCancelled());
          AddIfIn(image.pending, block, &entry.heard);
          return absl::OkStatus();
        }));
    // Another one may have gone for it, where there are too many.
    if (entry.heard.size() > num_before ||
        entry.heard.size() == kMostHeardOfExport) {
      changed.push_back(&entry);
    }
  }
  TEKMATCH_RETURN_IF_ERROR(run.ledger.FinishLookUp(changed));
  image.pending.clear();
  return absl::OkStatus();
}

}  // namespace tekmatch
