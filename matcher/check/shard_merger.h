// Merges the shards of a check (shards.h). Partials come one after another, in
// any order; each is read for its seal, and then for what it says.
//
// Memory: MergeSettings::memory_bytes, whatever the number of candidates, and
//   - of each file what it says of itself; with a configuration the findings of
//     one device at a time;
//   - of each key that was heard its publications, some 500 bytes;
//   - what one device heard of one key, at the time at which it is resolved: no
//     rule looks at more. With a configuration, all matches of one device,
//     since its days are added up over its keys.
// Candidates, positions and the first four bytes of each published key that do
// not fit go into a file without a name, of MergeSettings::folder: some 100
// bytes a candidate and 4 a key. ConcludeInMemory alone holds all matches.
//
// Files that may say more of a key that was heard than their shards could know
// are read again (check_halves.h), which is rare. Own keys of devices that are
// named are looked for in the exports again, too: a partial does not say whose
// keys a file has.
#ifndef TEKMATCH_MATCHER_CHECK_SHARD_MERGER_H_
#define TEKMATCH_MATCHER_CHECK_SHARD_MERGER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "keyformat/byte_source.h"
#include "keyformat/diagnosis_key.h"
#include "keyformat/hash_tables.h"
#include "matcher/check/check_options.h"
#include "matcher/check/check_result.h"
#include "matcher/check/conclusion.h"
#include "matcher/check/conclusion_parts.h"
#include "matcher/check/external_sort.h"
#include "matcher/check/file_matcher.h"
#include "matcher/check/partial.h"
#include "matcher/check/shards.h"
#include "matcher/check/spill_file.h"
#include "matcher/exposure/exposure_findings.h"
#include "matcher/join/match.h"
#include "matcher/join/own_keys.h"

namespace tekmatch {

struct MergeSettings {
  size_t memory_bytes = size_t{48} << 20;
  // Where a file goes for what does not fit; it is not made before.
  std::string folder = "/tmp";
};

class ShardMerger {
 public:
  // The matches of one device and one key, in result order.
  using KeySink = absl::FunctionRef<absl::Status(absl::Span<const Match>)>;

  // `plan` outlives the merger.
  explicit ShardMerger(const ShardPlan& plan, MergeSettings settings = {});

  // Takes a partial in; they come in any order. Errors have its name.
  // FAILED_PRECONDITION: it is another plan's, or its shard is there already.
  // DATA_LOSS: it is damaged, or not what this shard writes. Others: the
  // system's, of the partial or of settings.folder. Afterwards the merger is of
  // no use.
  absl::Status Add(const ByteSource& partial);

  // The result, once, but for its matches: `sink` takes them, by device and
  // then by key, and the result has the last one only, if there is any, so that
  // CheckCompared knows of it. It has no findings, and nothing that was
  // dropped. `sightings` and `options` are those of the whole check.
  // FAILED_PRECONDITION: a shard is missing. Others are
  // Conclude's (conclusion.h), those of `sink`, which ends it, and the system's
  // of settings.folder.
  absl::StatusOr<ExposureCheckResult> Conclude(
      const SightingNumbers& sightings, const ExposureCheckOptions& options,
      KeySink sink);

  // After Conclude, with options.config: calls `sink` with the findings of each
  // device of options.devices, ascending, or of the only one, 0. As often as is
  // wanted. Errors are those of `sink`, which ends it, CANCELLED, and the
  // system's of settings.folder.
  absl::Status VisitFindings(
      absl::FunctionRef<absl::Status(uint32_t, const ExposureFindings&)> sink)
      const;

  // All of the result, once, instead of Conclude: for those who want every
  // match beside the others, or those that were dropped.
  absl::StatusOr<ExposureCheckResult> ConcludeInMemory(
      const SightingNumbers& sightings, const ExposureCheckOptions& options);

 private:
  // Of one file, among all prefixes.
  struct Prefixes {
    uint64_t begin = 0;
    uint64_t num = 0;
  };

  absl::Status AddOrThrow(const ByteSource& partial);
  absl::Status AddFiles(const std::string& name, uint32_t shard,
                        PartialReader& reader);
  absl::Status Unite(const std::string& name, uint32_t shard, PartialFile file);
  absl::Status CheckComplete() const;
  absl::Status ConcludeAllFiles(const SightingNumbers& sightings);
  absl::StatusOr<bool> HoldsMore(size_t file,
                                 const HashMap<Tek, uint64_t>& known) const;
  absl::StatusOr<uint64_t> CountOutsideTolerance() const;
  // Adds to the counts of `run`.
  absl::Status Resolve(ExposureCheckResult* run, KeySink sink) const;
  absl::StatusOr<ExposureCheckResult> ConcludeOrThrow(
      const SightingNumbers& sightings, KeySink sink);
  absl::Status VisitFindingsOrThrow(
      absl::FunctionRef<absl::Status(uint32_t, const ExposureFindings&)> sink)
      const;

  const ShardPlan& plan_;
  std::vector<std::string> names_;  // of the partial of each shard; or empty
  // Added to the positions of each shard, so that no two have the same.
  std::vector<uint32_t> first_position_;
  std::vector<MatchedFile> files_;  // without what is below
  std::vector<bool> known_;         // which of them some shard told of

  SpillFile spill_;
  ExternalSort<Match> candidates_;
  ExternalSort<PositionInFile> outside_tolerance_;
  SpilledNumbers prefixes_;
  std::vector<Prefixes> prefixes_of_file_;

  // Once it is concluded.
  ExposureCheckOptions options_;
  OwnKeys own_;
  FilesConclusion concluded_;
  std::vector<bool> counts_;  // which files do, by the plan's numbers
  std::optional<CandidateResolver> resolver_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_SHARD_MERGER_H_
