#include "matcher/check/check_halves.h"

#include <mutex>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "keyformat/key_decoder.h"
#include "keyformat/status_macros.h"
#include "matcher/check/export_files.h"
#include "matcher/check/thread_tasks.h"
#include "matcher/join/match_engine.h"
#include "matcher/kernels/dispatch.h"

namespace tekmatch {
namespace {

bool IsTheSame(const ExportFileResult& a, const ExportFileResult& b) {
  return a.report.digests.sha256 == b.report.digests.sha256;
}

// The files' share of the options. Blocks are as large as a reader wants them
// that does not match.
ExportFileOptions FileOptions(const ExposureCheckOptions& options) {
  ExportFileOptions files = options.files;
  if (options.block_keys > 0) {
    files.reader.decode.block_capacity = options.block_keys;
  }
  files.reader.decode.latest_rolling_start = LatestRollingStart(options.now);
  return files;
}

// The rest of a file's way: ReadAgain of files that can be read at any time.
// `asking` is held while options.cancelled is asked.
absl::Status ReadFileAgain(
    const ExportFileResult& file, const ExportFileOptions& files,
    const ExposureCheckOptions& options, std::mutex& asking,
    absl::FunctionRef<absl::Status(const KeyBlock&)> sink) {
  TEKMATCH_ASSIGN_OR_RETURN(
      const ExportFileResult again,
      ReadExportFile(
          file.path, files,
          [&](const std::unique_ptr<KeyBlock>& block) -> absl::Status {
            {
              const std::lock_guard<std::mutex> lock(asking);
              TEKMATCH_RETURN_IF_ERROR(CheckGoesOn(options));
            }
            return sink(*block);
          }));
  if (IsTheSame(again, file)) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat(file.path, ": changed while it was read"));
}

}  // namespace

absl::StatusOr<std::vector<MatchedFile>> MatchAllFiles(
    const std::vector<std::string>& paths,
    const std::shared_ptr<const SightingIndex>& index,
    const ExposureCheckOptions& options, uint64_t most_noted_teks,
    std::function<absl::Status(size_t, const KeyBlock&)> read) {
  TEKMATCH_RETURN_IF_ERROR(Validate(options));
  const absl::StatusOr<MatchEngine> engine = MatchEngine::Create(
      index, options.policy, OwnKeysFor(options).of_all,
      options.kernels != nullptr ? *options.kernels : DefaultKernels());
  if (!engine.ok()) return engine.status();
  ExportFileOptions files = FileOptions(options);
  if (options.block_keys == 0) {
    files.reader.decode.block_capacity =
        BlockKeysFor(*engine, options.num_threads);
  }
  return MatchFiles(paths, *engine, files,
                    {.num_threads = options.num_threads,
                     .most_noted_teks = most_noted_teks,
                     .read = std::move(read),
                     .progress = options.progress,
                     .cancelled = options.cancelled});
}

absl::StatusOr<ExposureCheckResult> ConcludeFromFiles(
    std::vector<MatchedFile> matched, const SightingNumbers& sightings,
    const ExposureCheckOptions& options) {
  TEKMATCH_RETURN_IF_ERROR(Validate(options));
  std::mutex asking;
  return Conclude(std::move(matched), sightings, OwnKeysFor(options), options,
                  ReadAgainAtPaths(options, asking),
                  ThreadTasks(static_cast<size_t>(options.num_threads)));
}

ReadAgain ReadAgainAtPaths(const ExposureCheckOptions& options,
                           std::mutex& asking) {
  return [&options, &asking, files = FileOptions(options)](
             const ExportFileResult& file,
             absl::FunctionRef<absl::Status(const KeyBlock&)> sink) {
    return ReadFileAgain(file, files, options, asking, sink);
  };
}

}  // namespace tekmatch
