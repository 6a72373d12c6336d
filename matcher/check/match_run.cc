// Plan: match every file; put files in the order of publication; complete what
// they say of keys that were heard (PublicationsOfHeardKeys); make each key's
// history of it; resolve all candidates by those; apply the window policy.
#include "matcher/check/match_run.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "keyformat/key_block.h"
#include "matcher/check/authorities.h"
#include "matcher/check/file_matcher.h"
#include "matcher/check/publication_order.h"
#include "matcher/exposure/exposure_config.h"
#include "matcher/join/match_engine.h"
#include "matcher/kernels/dispatch.h"

namespace tekmatch {
namespace {

bool IsTheSame(const ExportFileResult& a, const ExportFileResult& b) {
  return a.report.digests.sha256 == b.report.digests.sha256;
}

absl::Status Changed(const ExportFileResult& file) {
  return absl::DataLossError(
      absl::StrCat(file.path, ": changed while it was read"));
}

// Whether an all-clear may rest on each file: it counts, and is verified if any
// file that counts is.
std::vector<bool> Believed(const std::vector<ExportFileResult>& files) {
  const auto is_verified = [](const ExportFileResult& file) {
    return file.counts() && file.is_verified();
  };
  const bool any_verified =
      std::any_of(files.begin(), files.end(), is_verified);
  std::vector<bool> believed;
  believed.reserve(files.size());
  for (const ExportFileResult& file : files) {
    believed.push_back(any_verified ? is_verified(file) : file.counts());
  }
  return believed;
}

// Reads an accepted file again for all that it says of some keys.
absl::StatusOr<FilePublications> ReadPublications(
    const ExportFileResult& file, const absl::flat_hash_set<Tek>& teks,
    const ExportFileOptions& options) {
  FilePublications publications;
  const absl::StatusOr<ExportFileResult> again = ReadExportFile(
      file.path, options, [&](const std::unique_ptr<KeyBlock>& block) {
        for (size_t i = 0; i < block->size(); ++i) {
          if (teks.contains(block->teks()[i])) publications.Add(block->key(i));
        }
        return absl::OkStatus();
      });
  if (!again.ok()) return again.status();
  if (!IsTheSame(*again, file)) return Changed(file);
  return publications;
}

// All publications, in the files that count, of keys that were heard in any of
// them.
absl::StatusOr<std::vector<KeyPublication>> PublicationsOfHeardKeys(
    const std::vector<ExportFileResult>& files,
    const std::vector<MatchedFile>& matched, const ExportFileOptions& options) {
  absl::flat_hash_set<Tek> heard;
  for (size_t i = 0; i < files.size(); ++i) {
    if (!files[i].counts()) continue;
    for (const Match& match : matched[i].candidates) heard.insert(match.tek);
  }
  const std::vector<uint32_t> authorities = AuthoritiesOf(files);
  std::vector<KeyPublication> publications;
  for (size_t i = 0; i < files.size() && !heard.empty(); ++i) {
    if (!files[i].counts()) continue;
    const auto source = static_cast<uint32_t>(i);
    const bool is_unsigned = !files[i].is_verified();
    absl::flat_hash_map<Tek, uint64_t> known =
        matched[i].publications.CountKeys();
    for (const Tek& tek : heard) known.try_emplace(tek, 0);
    if (!matched[i].teks.MayHoldMore(known)) {
      matched[i].publications.AppendTo(source, is_unsigned, authorities[i],
                                       &publications);
      continue;
    }
    const absl::StatusOr<FilePublications> all =
        ReadPublications(files[i], heard, options);
    if (!all.ok()) return all.status();
    all->AppendTo(source, is_unsigned, authorities[i], &publications);
  }
  return publications;
}

// As MatchRunResult::devices_without_keys. Reads on only as long as a device
// has seen no key but its own.
absl::StatusOr<std::set<uint32_t>> DevicesWithoutKeys(
    const std::vector<ExportFileResult>& files,
    const std::vector<bool>& believed, const OwnKeys& own,
    const ExportFileOptions& options) {
  std::set<uint32_t> without;
  for (const auto& [device, keys] : own.of_device) without.insert(device);
  for (size_t i = 0; i < files.size(); ++i) {
    const ExportFileResult& file = files[i];
    if (without.empty()) return without;
    if (!believed[i]) continue;
    const absl::StatusOr<ExportFileResult> again = ReadExportFile(
        file.path, options, [&](const std::unique_ptr<KeyBlock>& block) {
          for (const Tek& tek : block->teks()) {
            if (own.of_all.contains(tek)) continue;
            std::erase_if(without, [&](uint32_t device) {
              return !own.of_device.at(device).contains(tek);
            });
            if (without.empty()) return absl::CancelledError();
          }
          return absl::OkStatus();
        });
    if (absl::IsCancelled(again.status())) continue;
    if (!again.ok()) return again.status();
    if (!IsTheSame(*again, file)) return Changed(file);
  }
  return without;
}

// Drops the matches that do not count by the policy.
void ApplyWindowPolicy(const MatchRunOptions& options,
                       const KeyHistories& histories, const DropSink& dropped,
                       MatchRunResult& run) {
  std::vector<ExportWindow> windows;
  windows.reserve(run.files.size());
  for (const ExportFileResult& file : run.files) {
    windows.push_back(WindowOf(file.report.metadata));
  }
  std::erase_if(run.result.matches, [&](const Match& match) {
    const WindowDecision decision = JudgeContact(
        histories.by_key.at(match.tek), windows, match.sighting.unix_seconds,
        options.window_policy, options.window_zone);
    if (decision.counts) return false;
    ++run.num_outside_window[static_cast<size_t>(decision.reason)];
    if (dropped) dropped(match, WindowReasonName(decision.reason));
    return true;
  });
}

absl::Status Validate(const MatchRunOptions& options) {
  if (options.num_threads < 1) {
    return absl::InvalidArgumentError("num_threads must be at least 1");
  }
  if (!IsReportable(options.report_type_when_missing)) {
    return absl::InvalidArgumentError(
        "report_type_when_missing: not a type that is reported");
  }
  return Validate(options.window_policy);
}

}  // namespace

absl::StatusOr<MatchRunResult> RunMatch(
    const std::vector<std::string>& paths,
    std::shared_ptr<const SightingIndex> index,
    const MatchRunOptions& options) {
  if (absl::Status s = Validate(options); !s.ok()) return s;
  const absl::StatusOr<MatchEngine> engine = MatchEngine::Create(
      std::move(index), options.policy, options.own_keys.of_all,
      options.kernels != nullptr ? *options.kernels : DefaultKernels());
  if (!engine.ok()) return engine.status();

  ExportFileOptions files = options.files;
  files.reader.decode.block_capacity =
      options.block_keys > 0 ? options.block_keys
                             : BlockKeysFor(*engine, options.num_threads);
  absl::StatusOr<std::vector<MatchedFile>> matched =
      MatchFiles(paths, *engine, files, options.num_threads, options.progress);
  if (!matched.ok()) return matched.status();
  std::sort(matched->begin(), matched->end(),
            [](const MatchedFile& a, const MatchedFile& b) {
              return InPublicationOrder(a.file, b.file);
            });
  MatchRunResult run;
  run.files.reserve(matched->size());
  for (MatchedFile& file : *matched) run.files.push_back(std::move(file.file));

  RefuseIncompleteBatches(run.files);
  MarkCopies(run.files);
  run.complete =
      options.skip_bad_files ||
      std::all_of(run.files.begin(), run.files.end(),
                  [](const ExportFileResult& file) { return file.accepted; });
  if (!run.complete) return run;

  absl::StatusOr<std::vector<KeyPublication>> publications =
      PublicationsOfHeardKeys(run.files, *matched, files);
  if (!publications.ok()) return publications.status();
  const KeyHistories histories = ResolvePublications(
      *std::move(publications), options.report_type_when_missing);
  run.num_revisions = histories.num_revisions;
  run.num_ignored_revisions = histories.num_ignored_revisions;
  run.num_conflicts = histories.num_conflicts;

  std::vector<Match> all;
  uint64_t num_duplicates = 0;
  absl::flat_hash_set<uint32_t> outside_tolerance;
  const std::vector<bool> believed = Believed(run.files);
  for (size_t i = 0; i < run.files.size(); ++i) {
    MatchedFile file = std::move((*matched)[i]);
    if (!run.files[i].counts()) continue;
    const DecodeCounts& counts = run.files[i].report.counts;
    run.num_keys += counts.keys + counts.revised_keys;
    run.num_rejected += counts.num_rejected();
    run.num_own_keys += file.num_own_keys;
    run.num_compared += file.num_compared;
    if (believed[i]) {
      run.num_believed_keys += counts.keys + counts.revised_keys -
                               counts.num_rejected() - file.num_own_keys;
      run.num_believed_compared += file.num_compared;
    }
    num_duplicates += file.num_duplicates;
    outside_tolerance.insert(file.outside_tolerance.begin(),
                             file.outside_tolerance.end());
    if (all.empty()) {
      all = std::move(file.candidates);
    } else {
      all.insert(all.end(), file.candidates.begin(), file.candidates.end());
    }
  }
  run.num_outside_tolerance = outside_tolerance.size();
  absl::StatusOr<std::set<uint32_t>> without_keys =
      DevicesWithoutKeys(run.files, believed, options.own_keys, files);
  if (!without_keys.ok()) return without_keys.status();
  run.devices_without_keys = *std::move(without_keys);
  num_duplicates += DropDuplicates(all);
  DropSink dropped;
  if (options.keep_dropped) {
    dropped = [&](const Match& match, absl::string_view reason) {
      run.dropped.push_back({match, reason});
      // A device's own matches go before they are given these.
      GiveHistory(histories, run.dropped.back().match);
    };
  }
  run.num_own_matches = DropOwnMatches(options.own_keys, all, dropped);
  run.num_outside_first_publication = ApplyHistories(histories, all, dropped);
  run.result = ResolveMatches(std::move(all), options.policy, dropped);
  run.result.num_duplicates = num_duplicates;
  run.report_types = DropUnreported(run.result.matches, dropped);
  ApplyWindowPolicy(options, histories, dropped, run);
  return run;
}

}  // namespace tekmatch
