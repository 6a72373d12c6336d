#include "tools/match_run.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "matcher/kernels/dispatch.h"
#include "matcher/match_engine.h"
#include "tools/file_matcher.h"

namespace tekmatch {
namespace {

// An export's timestamps. Absent ones are 0; absurd ones stand for no date.
ExportWindow WindowOf(const ExportMetadata& metadata) {
  constexpr uint64_t kYear10000 = 253402300800;
  ExportWindow window;
  if (metadata.start_timestamp > 0 && metadata.start_timestamp < kYear10000) {
    window.start_seconds = static_cast<int64_t>(metadata.start_timestamp);
  }
  if (metadata.end_timestamp > 0 && metadata.end_timestamp < kYear10000) {
    window.end_seconds = static_cast<int64_t>(metadata.end_timestamp);
  }
  return window;
}

// Drops the matches that do not count by the policy.
void ApplyWindowPolicy(const MatchRunOptions& options, MatchRunResult& run) {
  std::vector<ExportWindow> windows;
  windows.reserve(run.files.size());
  for (const ExportFileResult& file : run.files) {
    windows.push_back(WindowOf(file.report.metadata));
  }
  std::vector<Match> kept;
  for (const Match& match : run.result.matches) {
    const WindowDecision decision =
        JudgeContact(match.rolling_start, match.metadata, windows[match.source],
                     match.sighting.unix_seconds, options.window_policy,
                     options.window_zone);
    if (decision.counts) {
      kept.push_back(match);
    } else {
      ++run.num_outside_window[static_cast<size_t>(decision.reason)];
    }
  }
  run.result.matches = std::move(kept);
}

}  // namespace

absl::StatusOr<MatchRunResult> RunMatch(
    std::vector<std::string> paths, std::shared_ptr<const SightingIndex> index,
    const MatchRunOptions& options) {
  if (options.num_threads < 1) {
    return absl::InvalidArgumentError("num_threads must be at least 1");
  }
  if (absl::Status s = Validate(options.window_policy); !s.ok()) return s;
  const absl::StatusOr<MatchEngine> engine = MatchEngine::Create(
      std::move(index), options.policy, options.own_keys,
      options.kernels != nullptr ? *options.kernels : DefaultKernels());
  if (!engine.ok()) return engine.status();

  std::sort(paths.begin(), paths.end());
  ExportFileOptions files = options.files;
  files.reader.decode.block_capacity =
      options.block_keys > 0 ? options.block_keys
                             : BlockKeysFor(*engine, options.num_threads);
  absl::StatusOr<std::vector<MatchedFile>> matched =
      MatchFiles(paths, *engine, files, options.num_threads, options.progress);
  if (!matched.ok()) return matched.status();
  MatchRunResult run;
  run.files.reserve(matched->size());
  for (MatchedFile& file : *matched) run.files.push_back(std::move(file.file));

  RefuseIncompleteBatches(run.files);
  run.complete =
      options.skip_bad_files ||
      std::all_of(run.files.begin(), run.files.end(),
                  [](const ExportFileResult& file) { return file.accepted; });
  if (!run.complete) return run;

  std::vector<Match> all;
  std::vector<KeyPublication> publications;
  uint64_t num_duplicates = 0;
  for (size_t i = 0; i < run.files.size(); ++i) {
    if (!run.files[i].accepted) continue;
    MatchedFile& file = (*matched)[i];
    const DecodeCounts& counts = run.files[i].report.counts;
    run.num_keys += counts.keys + counts.revised_keys;
    run.num_rejected += counts.num_rejected();
    run.num_own_keys += file.num_own_keys;
    num_duplicates += file.num_duplicates;
    all.insert(all.end(), file.candidates.begin(), file.candidates.end());
    for (KeyPublication publication : file.publications) {
      publication.published_seconds =
          run.files[i].report.metadata.end_timestamp;
      publications.push_back(publication);
    }
    file = {};
  }
  run.result = ResolveMatches(std::move(all), options.policy);
  run.result.num_duplicates += num_duplicates;
  const ReportTypes types = ResolveReportTypes(
      std::move(publications), options.report_type_when_missing);
  run.num_revisions = types.num_revisions;
  run.num_ignored_revisions = types.num_ignored_revisions;
  run.report_types = ApplyReportTypes(types, run.result.matches);
  ApplyWindowPolicy(options, run);
  return run;
}

}  // namespace tekmatch
