// Plan: match every file, then conclude from all of them (conclusion.h), which
// may want to read some once more.
#include "matcher/check/exposure_check.h"

#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "keyformat/key_block.h"
#include "keyformat/status_macros.h"
#include "matcher/check/conclusion.h"
#include "matcher/check/file_matcher.h"
#include "matcher/check/no_exceptions.h"
#include "matcher/join/match_engine.h"
#include "matcher/kernels/dispatch.h"

namespace tekmatch {
namespace {

bool IsTheSame(const ExportFileResult& a, const ExportFileResult& b) {
  return a.report.digests.sha256 == b.report.digests.sha256;
}

// The rest of a file's way: ReadAgain of files that can be read at any time.
absl::Status ReadFileAgain(
    const ExportFileResult& file, const ExportFileOptions& files,
    const ExposureCheckOptions& options,
    absl::FunctionRef<absl::Status(const KeyBlock&)> sink) {
  TEKMATCH_ASSIGN_OR_RETURN(
      const ExportFileResult again,
      ReadExportFile(
          file.path, files,
          [&](const std::unique_ptr<KeyBlock>& block) -> absl::Status {
            TEKMATCH_RETURN_IF_ERROR(CheckGoesOn(options));
            return sink(*block);
          }));
  if (IsTheSame(again, file)) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat(file.path, ": changed while it was read"));
}

// As CheckExposure, but throws what the standard library throws without memory,
// and what the caller's functions throw.
absl::StatusOr<ExposureCheckResult> CheckOrThrow(
    const std::vector<std::string>& paths,
    const std::shared_ptr<const SightingIndex>& index,
    const ExposureCheckOptions& options) {
  TEKMATCH_RETURN_IF_ERROR(Validate(options));
  const OwnKeys own = OwnKeysFor(options);
  const absl::StatusOr<MatchEngine> engine = MatchEngine::Create(
      index, options.policy, own.of_all,
      options.kernels != nullptr ? *options.kernels : DefaultKernels());
  if (!engine.ok()) return engine.status();

  ExportFileOptions files = options.files;
  files.reader.decode.block_capacity =
      options.block_keys > 0 ? options.block_keys
                             : BlockKeysFor(*engine, options.num_threads);
  files.reader.decode.latest_rolling_start = LatestRollingStart(options.now);
  absl::StatusOr<std::vector<MatchedFile>> matched =
      MatchFiles(paths, *engine, files,
                 {.num_threads = options.num_threads,
                  .progress = options.progress,
                  .cancelled = options.cancelled});
  if (!matched.ok()) return matched.status();
  return Conclude(*std::move(matched), *index, own, options,
                  [&](const ExportFileResult& file,
                      absl::FunctionRef<absl::Status(const KeyBlock&)> sink) {
                    return ReadFileAgain(file, files, options, sink);
                  });
}

}  // namespace

absl::StatusOr<std::shared_ptr<const SightingIndex>> IndexSightings(
    std::vector<Sighting> sightings) {
  TEKMATCH_RETURN_IF_ERROR(CheckHeard(sightings));
  TEKMATCH_ASSIGN_OR_RETURN(
      SightingIndex index,
      SightingIndex::Create(std::move(sightings), kSearchedIntervals));
  return std::make_shared<const SightingIndex>(std::move(index));
}

absl::StatusOr<ExposureCheckResult> CheckExposure(
    const std::vector<std::string>& paths,
    const std::shared_ptr<const SightingIndex>& index,
    const ExposureCheckOptions& options) {
  return WithoutExceptions<ExposureCheckResult>(
      [&] { return CheckOrThrow(paths, index, options); });
}

}  // namespace tekmatch
