// Takes the exports that a stored check is given into the ledger, one after
// another: what is known is recognised by its content, what is new is read,
// matched and kept, and what no trusted key signed leaves nothing behind.
#ifndef TEKMATCH_MATCHER_CHECK_EXPORT_INTAKE_H_
#define TEKMATCH_MATCHER_CHECK_EXPORT_INTAKE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "keyformat/hash_tables.h"
#include "keyformat/key_block.h"
#include "matcher/check/export_files.h"
#include "matcher/check/given_export.h"
#include "matcher/check/ledger.h"
#include "matcher/check/ledger_image.h"
#include "matcher/check/stored_run.h"
#include "matcher/join/sighting_index.h"

namespace tekmatch {

class ExportIntake {
 public:
  // `index` has all sightings of image.generation. All but `keep_keys` outlive
  // the intake.
  ExportIntake(const StoredRun& run, const Horizon& horizon, bool keep_keys,
               const std::shared_ptr<const SightingIndex>& index,
               LedgerImage& image)
      : run_(run),
        horizon_(horizon),
        keep_keys_(keep_keys),
        index_(index),
        image_(image) {}

  // Processes each one that is new, in a transaction of its own at its end, and
  // says what became of it. CANCELLED: RunLimits::GoesOn said so; the one that
  // was being read is as if it had not been given. DATA_LOSS: a file changed
  // while it was read. Others are the ledger's and the engine's; a file's
  // defects are in `refused`.
  absl::Status GiveAll(std::vector<GivenExport>& given);

  // Once more those of which the ledger needs the keys again (kNeededAgain): a
  // key that a later file made heard may stand in an earlier one whose keys are
  // not kept. Errors are those of GiveAll.
  absl::Status GiveAgain(std::vector<GivenExport>& given);

  // Of those given, what is wrong with each that is refused.
  std::vector<ExportFileResult>& refused() { return refused_; }

 private:
  absl::Status Give(GivenExport& given);
  absl::Status Refuse(GivenExport& given);
  absl::Status Process(GivenExport& given);
  absl::Status Sort(const KeyBlock& block, LedgerEntry& entry,
                    KeptKeysWriter& writer) const;
  absl::Status ReadAgainFor(const HashSet<Tek>& teks, const std::string& path,
                            const ExportFileOptions& files, LedgerEntry* entry);
  void SayProgress() const;

  const StoredRun& run_;
  const Horizon& horizon_;
  const bool keep_keys_;
  const std::shared_ptr<const SightingIndex>& index_;
  LedgerImage& image_;
  std::map<std::string, Sha256Digest> digests_;  // of what was given, by path
  std::vector<ExportFileResult> refused_;
  size_t num_begun_ = 0;
  uint64_t num_keys_read_ = 0;
  uint64_t num_keys_of_file_ = 0;
};

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_EXPORT_INTAKE_H_
