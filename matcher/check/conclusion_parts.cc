// Plan: files are put in the order of publication, and those of incomplete
// batches refused; what the others say of keys that were heard is completed
// (PublicationsOfHeardKeys); each key's history is made of it. Nothing of a
// file that is refused goes further than its verdict. Candidates are resolved
// by the histories, and the window policy is applied.
#include "matcher/check/conclusion_parts.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "matcher/check/authorities.h"
#include "matcher/check/publication_order.h"
#include "matcher/join/match_resolver.h"

namespace tekmatch {
namespace {

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

// Reads an accepted file again for all that it says of some keys, those of
// `found` among them.
absl::StatusOr<FilePublications> ReadPublications(
    const ExportFileResult& file, const HashSet<Tek>& teks,
    const HashMap<Tek, uint64_t>& found, const ReadAgain& read_again) {
  FilePublications publications;
  TEKMATCH_RETURN_IF_ERROR(read_again(file, [&](const KeyBlock& block) {
    for (size_t i = 0; i < block.size(); ++i) {
      if (teks.contains(block.teks()[i])) publications.Add(block.key(i));
    }
    return absl::OkStatus();
  }));
  // A partial of strangers may name keys that its file does not have.
  const HashMap<Tek, uint64_t> read = publications.CountKeys();
  for (const auto& [tek, num] : found) {
    if (!read.contains(tek)) {
      return absl::DataLossError(absl::StrCat(
          file.path, ": its keys are not those that were matched"));
    }
  }
  return publications;
}

// What a file says of keys that were heard.
struct SaidByFile {
  size_t file = 0;
  // As matching found it; where the file may say more, what it says.
  FilePublications publications;
  bool may_hold_more = false;
};

// Completes what those files say that may say more. The error is that of the
// first file with one.
absl::Status ReadMore(const std::vector<ExportFileResult>& files,
                      const HashSet<Tek>& heard, const ReadAgain& read_again,
                      const TaskRunner& tasks, std::vector<SaidByFile>& said) {
  std::vector<SaidByFile*> incomplete;
  for (SaidByFile& of_file : said) {
    if (of_file.may_hold_more) incomplete.push_back(&of_file);
  }
  std::vector<absl::Status> statuses(incomplete.size());
  // Of one with an error; files after it are not read.
  std::atomic<size_t> first_error = incomplete.size();
  tasks.Run(incomplete.size(), [&](size_t i) {
    if (i > first_error) return;
    SaidByFile& of_file = *incomplete[i];
    absl::StatusOr<FilePublications> all =
        ReadPublications(files[of_file.file], heard,
                         of_file.publications.CountKeys(), read_again);
    if (all.ok()) {
      of_file.publications = *std::move(all);
      return;
    }
    statuses[i] = all.status();
    if (i < first_error) first_error = i;
  });
  for (absl::Status& status : statuses) {
    if (!status.ok()) return std::move(status);
  }
  return absl::OkStatus();
}

// All publications, in the files that count, of keys that were heard in any of
// them. Takes them out of `matched`, which is by concluded.order.
absl::StatusOr<std::vector<KeyPublication>> PublicationsOfHeardKeys(
    const FilesConclusion& concluded, std::vector<MatchedFile>& matched,
    const MayHoldMore& may_hold_more, const ReadAgain& read_again,
    const TaskRunner& tasks) {
  const std::vector<ExportFileResult>& files = concluded.run.files;
  std::vector<SaidByFile> said;
  HashSet<Tek> heard;
  for (size_t i = 0; i < files.size(); ++i) {
    if (!files[i].counts()) continue;
    said.push_back(
        {.file = i,
         .publications = std::move(matched[concluded.order[i]].publications)});
    for (const auto& [tek, num] : said.back().publications.CountKeys()) {
      heard.insert(tek);
    }
  }
  std::vector<KeyPublication> publications;
  if (heard.empty()) return publications;
  for (SaidByFile& of_file : said) {
    HashMap<Tek, uint64_t> known = of_file.publications.CountKeys();
    for (const Tek& tek : heard) known.try_emplace(tek, 0);
    TEKMATCH_ASSIGN_OR_RETURN(
        of_file.may_hold_more,
        may_hold_more(concluded.order[of_file.file], known));
  }
  TEKMATCH_RETURN_IF_ERROR(ReadMore(files, heard, read_again, tasks, said));
  const std::vector<uint32_t> authorities = AuthoritiesOf(files);
  for (const SaidByFile& of_file : said) {
    of_file.publications.AppendTo(static_cast<uint32_t>(of_file.file),
                                  !files[of_file.file].is_verified(),
                                  authorities[of_file.file], &publications);
  }
  return publications;
}

// As ExposureCheckResult::devices_without_keys. Reads on only as long as a
// device has seen no key but its own.
absl::StatusOr<std::set<uint32_t>> DevicesWithoutKeys(
    const std::vector<ExportFileResult>& files,
    const std::vector<bool>& believed, const OwnKeys& own,
    const ReadAgain& read_again) {
  std::set<uint32_t> without;
  for (const auto& [device, keys] : own.of_device) without.insert(device);
  for (size_t i = 0; i < files.size(); ++i) {
    if (without.empty()) return without;
    if (!believed[i]) continue;
    const absl::Status read = read_again(files[i], [&](const KeyBlock& block) {
      for (const Tek& tek : block.teks()) {
        if (own.of_all.contains(tek)) continue;
        std::erase_if(without, [&](uint32_t device) {
          return !own.of_device.at(device).contains(tek);
        });
        if (without.empty()) return absl::CancelledError();
      }
      return absl::OkStatus();
    });
    // Either no device is left to ask for, or the caller wants an end.
    if (absl::IsCancelled(read) && without.empty()) return without;
    TEKMATCH_RETURN_IF_ERROR(read);
  }
  return without;
}

ReportType ReportTypeWhenMissing(const ExposureCheckOptions& options) {
  return options.config.has_value()
             ? options.config->mapping.report_type_when_missing
             : options.report_type_when_missing;
}

}  // namespace

absl::StatusOr<FilesConclusion> ConcludeFiles(
    std::vector<MatchedFile>& matched, const SightingNumbers& sightings,
    const OwnKeys& own, const ExposureCheckOptions& options,
    const MayHoldMore& may_hold_more, const ReadAgain& read_again,
    const TaskRunner& tasks) {
  FilesConclusion concluded;
  concluded.order.resize(matched.size());
  std::iota(concluded.order.begin(), concluded.order.end(), 0);
  std::sort(concluded.order.begin(), concluded.order.end(),
            [&matched](size_t a, size_t b) {
              return InPublicationOrder(matched[a].file, matched[b].file);
            });
  ExposureCheckResult& run = concluded.run;
  run.files.reserve(matched.size());
  for (const size_t i : concluded.order) {
    run.files.push_back(std::move(matched[i].file));
  }

  RefuseIncompleteBatches(run.files);
  MarkCopies(run.files);
  run.complete =
      options.skip_bad_files ||
      std::all_of(run.files.begin(), run.files.end(),
                  [](const ExportFileResult& file) { return file.accepted; });
  if (!run.complete) return concluded;
  run.num_sightings = sightings.all;
  run.num_sightings_of = sightings.of_device;

  TEKMATCH_RETURN_IF_ERROR(CheckGoesOn(options));
  TEKMATCH_ASSIGN_OR_RETURN(
      std::vector<KeyPublication> publications,
      PublicationsOfHeardKeys(concluded, matched, may_hold_more, read_again,
                              tasks));
  concluded.histories = ResolvePublications(std::move(publications),
                                            ReportTypeWhenMissing(options));
  const KeyHistories& histories = concluded.histories;
  run.num_revisions = histories.num_revisions;
  run.num_ignored_revisions = histories.num_ignored_revisions;
  run.num_conflicts = histories.num_conflicts;

  const std::vector<bool> believed = Believed(run.files);
  for (size_t i = 0; i < run.files.size(); ++i) {
    if (!run.files[i].counts()) continue;
    const MatchedFile& file = matched[concluded.order[i]];
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
    run.result.num_duplicates += file.num_duplicates;
  }
  TEKMATCH_RETURN_IF_ERROR(CheckGoesOn(options));
  TEKMATCH_ASSIGN_OR_RETURN(
      run.devices_without_keys,
      DevicesWithoutKeys(run.files, believed, own, read_again));
  return concluded;
}

CandidateResolver::CandidateResolver(const FilesConclusion& files,
                                     const OwnKeys& own,
                                     const ExposureCheckOptions& options)
    : histories_(files.histories), own_(own), options_(options) {
  times_.reserve(files.run.files.size());
  for (const ExportFileResult& file : files.run.files) {
    times_.push_back(TimesOf(file.report.metadata));
  }
}

std::vector<Match> CandidateResolver::Resolve(std::vector<Match> candidates,
                                              ExposureCheckResult* run) const {
  DropSink dropped;
  if (options_.keep_dropped) {
    dropped = [&](const Match& match, absl::string_view reason) {
      run->dropped.push_back({match, reason});
      // A device's own matches go before they are given these.
      GiveHistory(histories_, run->dropped.back().match);
    };
  }
  run->result.num_duplicates += DropDuplicates(candidates);
  run->num_own_matches += DropOwnMatches(own_, candidates, dropped);
  run->num_outside_first_publication +=
      ApplyHistories(histories_, candidates, dropped);
  MatchResult resolved =
      ResolveMatches(std::move(candidates), options_.policy, dropped);
  run->result.num_replayed += resolved.num_replayed;
  run->result.num_tx_power_out_of_bounds += resolved.num_tx_power_out_of_bounds;
  const ReportTypeCounts types = DropUnreported(resolved.matches, dropped);
  run->report_types.num_revoked += types.num_revoked;
  run->report_types.num_recursive += types.num_recursive;
  ApplyWindowPolicy(dropped, resolved.matches, run);
  return std::move(resolved.matches);
}

// Drops the matches that do not count by the policy.
void CandidateResolver::ApplyWindowPolicy(const DropSink& dropped,
                                          std::vector<Match>& matches,
                                          ExposureCheckResult* run) const {
  std::erase_if(matches, [&](const Match& match) {
    const WindowDecision decision =
        JudgeContact(histories_.by_key.at(match.tek), times_,
                     match.sighting.unix_seconds, options_.window_policy,
                     options_.window_zone.value_or(absl::UTCTimeZone()));
    if (decision.counts) return false;
    ++run->num_outside_window[static_cast<size_t>(decision.reason)];
    if (dropped) dropped(match, WindowReasonName(decision.reason));
    return true;
  });
}

ExposureFindings FindingsOf(absl::Span<const Match> matches,
                            const ExposureCheckOptions& options) {
  return FindExposures(matches, *options.config, *options.zone,
                       options.as_of.value_or(options.now));
}

std::map<uint32_t, ExposureFindings> FindAll(
    const ExposureCheckOptions& options, const std::vector<Match>& matches) {
  std::map<uint32_t, ExposureFindings> findings;
  if (!options.config.has_value()) return findings;
  if (options.devices.empty()) {
    findings[0] = FindingsOf(matches, options);
    return findings;
  }
  std::map<uint32_t, std::vector<Match>> matches_of;
  for (const Match& match : matches) {
    matches_of[match.sighting.device].push_back(match);
  }
  for (const uint32_t device : options.devices) {
    findings[device] = FindingsOf(matches_of[device], options);
  }
  return findings;
}

}  // namespace tekmatch
