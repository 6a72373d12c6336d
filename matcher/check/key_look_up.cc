// Plan: entries whose keys are not kept are judged first, and only once:
// whether one knows all keys is known in the check alone that read it. The
// others are read one after another, in the order of their ids; all that
// changed is written at the end, or where the time is over, with how far it
// came.
#include "matcher/check/key_look_up.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "keyformat/status_macros.h"

namespace tekmatch {

absl::Status LookUpPending(const StoredRun& run, LedgerImage& image) {
  if (image.pending.empty()) return absl::OkStatus();
  TEKMATCH_ASSIGN_OR_RETURN(const std::optional<int64_t> saved,
                            run.ledger.LookedUpUntil(image.pending));
  image.looked_up_until = saved.value_or(0);
  std::vector<const LedgerEntry*> changed;
  if (!saved.has_value()) {
    for (LedgerEntry& entry : image.entries) {
      if (entry.kept || image.KnowsAll(entry)) continue;
      entry.generation = kNeededAgain;
      changed.push_back(&entry);
    }
  }
  for (LedgerEntry& entry : image.entries) {
    if (!entry.kept || entry.id <= image.looked_up_until) continue;
    const size_t num_before = entry.heard.size();
    absl::Status read = run.limits.GoesOn();
    if (read.ok()) {
      read = run.ledger.ReadKept(
          entry, DaySpan(), [&](const KeyBlock& block) -> absl::Status {
            TEKMATCH_RETURN_IF_ERROR(run.limits.GoesOn());
            AddIfIn(image.pending, block, &entry.heard);
            return absl::OkStatus();
          });
    }
    if (!read.ok() && run.limits.UnlessStopped(read).ok()) {
      TEKMATCH_RETURN_IF_ERROR(
          run.ledger.SaveLookUp(changed, image.pending, image.looked_up_until));
    }
    TEKMATCH_RETURN_IF_ERROR(read);
    image.looked_up_until = entry.id;
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
