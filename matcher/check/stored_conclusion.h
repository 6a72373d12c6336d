// From what the ledger remembers to the answer of a stored check: the exports
// take the place of files, the keys that were heard that of what they hold, and
// the rest is CheckExposure's (conclusion.h).
#ifndef TEKMATCH_MATCHER_CHECK_STORED_CONCLUSION_H_
#define TEKMATCH_MATCHER_CHECK_STORED_CONCLUSION_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "matcher/check/check_result.h"
#include "matcher/check/export_files.h"
#include "matcher/check/given_export.h"
#include "matcher/check/ledger_image.h"
#include "matcher/check/stored_run.h"
#include "matcher/join/sighting_index.h"

namespace tekmatch {

struct StoredConclusion {
  // `files` are the exports of the ledger, then `refused`, then those given
  // that were not reached.
  ExposureCheckResult checked;
  std::vector<std::string> needed_again;  // paths, as in StoredCheckResult
  uint64_t num_untrusted = 0;
};

// `index` has all sightings of image.generation. An entry that was not compared
// with them has no part in the answer: it is needed again, or not reached, and
// then there is no answer without it, also where bad files are skipped. The
// latter holds for one that was not asked about pending keys, too. CANCELLED:
// `cancelled` said so. Others are Conclude's, the ledger's and the engine's.
absl::StatusOr<StoredConclusion> ConcludeFromLedger(
    const StoredRun& run, const LedgerImage& image,
    const std::shared_ptr<const SightingIndex>& index,
    const std::vector<GivenExport>& given,
    std::vector<ExportFileResult> refused);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_STORED_CONCLUSION_H_
