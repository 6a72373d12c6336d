// Plan: files are put in the order of publication, and those of incomplete
// batches refused; what the others say of keys that were heard is completed
// (PublicationsOfHeardKeys); each key's history is made of it; all candidates
// are resolved by those; the window policy is applied; what is left is found to
// mean something (FindAll). Nothing of a file that is refused goes further than
// its verdict.
#include "matcher/check/conclusion.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "keyformat/hash_tables.h"
#include "keyformat/status_macros.h"
#include "matcher/check/authorities.h"
#include "matcher/check/publication_order.h"
#include "matcher/exposure/exposure_findings.h"
#include "matcher/exposure/key_publications.h"
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

// Reads an accepted file again for all that it says of some keys.
absl::StatusOr<FilePublications> ReadPublications(const ExportFileResult& file,
                                                  const HashSet<Tek>& teks,
                                                  const ReadAgain& read_again) {
  FilePublications publications;
  TEKMATCH_RETURN_IF_ERROR(read_again(file, [&](const KeyBlock& block) {
    for (size_t i = 0; i < block.size(); ++i) {
      if (teks.contains(block.teks()[i])) publications.Add(block.key(i));
    }
    return absl::OkStatus();
  }));
  return publications;
}

// All publications, in the files that count, of keys that were heard in any of
// them.
absl::StatusOr<std::vector<KeyPublication>> PublicationsOfHeardKeys(
    const std::vector<ExportFileResult>& files,
    const std::vector<MatchedFile>& matched, const ReadAgain& read_again) {
  HashSet<Tek> heard;
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
    HashMap<Tek, uint64_t> known = matched[i].publications.CountKeys();
    for (const Tek& tek : heard) known.try_emplace(tek, 0);
    if (!matched[i].teks.MayHoldMore(known)) {
      matched[i].publications.AppendTo(source, is_unsigned, authorities[i],
                                       &publications);
      continue;
    }
    TEKMATCH_ASSIGN_OR_RETURN(const FilePublications all,
                              ReadPublications(files[i], heard, read_again));
    // A partial of strangers may name keys that its file does not have.
    const HashMap<Tek, uint64_t> read = all.CountKeys();
    for (const Match& match : matched[i].candidates) {
      if (!read.contains(match.tek)) {
        return absl::DataLossError(absl::StrCat(
            files[i].path, ": its keys are not those that were matched"));
      }
    }
    all.AppendTo(source, is_unsigned, authorities[i], &publications);
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

// Drops the matches that do not count by the policy.
void ApplyWindowPolicy(const ExposureCheckOptions& options,
                       const KeyHistories& histories, const DropSink& dropped,
                       ExposureCheckResult& run) {
  std::vector<ExportTimes> times;
  times.reserve(run.files.size());
  for (const ExportFileResult& file : run.files) {
    times.push_back(TimesOf(file.report.metadata));
  }
  std::erase_if(run.result.matches, [&](const Match& match) {
    const WindowDecision decision =
        JudgeContact(histories.by_key.at(match.tek), times,
                     match.sighting.unix_seconds, options.window_policy,
                     options.window_zone.value_or(absl::UTCTimeZone()));
    if (decision.counts) return false;
    ++run.num_outside_window[static_cast<size_t>(decision.reason)];
    if (dropped) dropped(match, WindowReasonName(decision.reason));
    return true;
  });
}

// What the matches of each device mean. The options are valid.
std::map<uint32_t, ExposureFindings> FindAll(
    const ExposureCheckOptions& options, const std::vector<Match>& matches) {
  std::map<uint32_t, ExposureFindings> findings;
  if (!options.config.has_value()) return findings;
  const absl::Time as_of = options.as_of.value_or(options.now);
  if (options.devices.empty()) {
    findings[0] = FindExposures(matches, *options.config, *options.zone, as_of);
    return findings;
  }
  std::map<uint32_t, std::vector<Match>> matches_of;
  for (const Match& match : matches) {
    matches_of[match.sighting.device].push_back(match);
  }
  for (const uint32_t device : options.devices) {
    findings[device] = FindExposures(matches_of[device], *options.config,
                                     *options.zone, as_of);
  }
  return findings;
}

ReportType ReportTypeWhenMissing(const ExposureCheckOptions& options) {
  return options.config.has_value()
             ? options.config->mapping.report_type_when_missing
             : options.report_type_when_missing;
}

}  // namespace

absl::Status CheckGoesOn(const ExposureCheckOptions& options) {
  return options.cancelled && options.cancelled()
             ? absl::CancelledError("the check was cancelled")
             : absl::OkStatus();
}

absl::StatusOr<SightingNumbers> CountSightings(
    const SightingIndex& index, const std::set<uint32_t>& devices) {
  SightingNumbers numbers;
  numbers.all = index.sightings().size();
  for (const uint32_t device : devices) numbers.of_device[device];
  if (devices.empty()) return numbers;
  for (const Sighting& sighting : index.sightings()) {
    const auto it = numbers.of_device.find(sighting.device);
    if (it == numbers.of_device.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("a sighting is of device ", sighting.device,
                       ", which is not in options.devices"));
    }
    ++it->second;
  }
  return numbers;
}

absl::StatusOr<ExposureCheckResult> Conclude(
    std::vector<MatchedFile> matched, const SightingIndex& index,
    const OwnKeys& own, const ExposureCheckOptions& options,
    const ReadAgain& read_again) {
  TEKMATCH_ASSIGN_OR_RETURN(const SightingNumbers sightings,
                            CountSightings(index, options.devices));
  return Conclude(std::move(matched), sightings, own, options, read_again);
}

absl::StatusOr<ExposureCheckResult> Conclude(
    std::vector<MatchedFile> matched, const SightingNumbers& sightings,
    const OwnKeys& own, const ExposureCheckOptions& options,
    const ReadAgain& read_again) {
  std::sort(matched.begin(), matched.end(),
            [](const MatchedFile& a, const MatchedFile& b) {
              return InPublicationOrder(a.file, b.file);
            });
  ExposureCheckResult run;
  run.files.reserve(matched.size());
  for (MatchedFile& file : matched) run.files.push_back(std::move(file.file));

  RefuseIncompleteBatches(run.files);
  MarkCopies(run.files);
  run.complete =
      options.skip_bad_files ||
      std::all_of(run.files.begin(), run.files.end(),
                  [](const ExportFileResult& file) { return file.accepted; });
  if (!run.complete) return run;
  run.num_sightings = sightings.all;
  run.num_sightings_of = sightings.of_device;

  TEKMATCH_RETURN_IF_ERROR(CheckGoesOn(options));
  TEKMATCH_ASSIGN_OR_RETURN(
      std::vector<KeyPublication> publications,
      PublicationsOfHeardKeys(run.files, matched, read_again));
  const KeyHistories histories = ResolvePublications(
      std::move(publications), ReportTypeWhenMissing(options));
  run.num_revisions = histories.num_revisions;
  run.num_ignored_revisions = histories.num_ignored_revisions;
  run.num_conflicts = histories.num_conflicts;

  std::vector<Match> all;
  uint64_t num_duplicates = 0;
  HashSet<uint32_t> outside_tolerance;
  const std::vector<bool> believed = Believed(run.files);
  for (size_t i = 0; i < run.files.size(); ++i) {
    MatchedFile file = std::move(matched[i]);
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
  TEKMATCH_RETURN_IF_ERROR(CheckGoesOn(options));
  TEKMATCH_ASSIGN_OR_RETURN(
      run.devices_without_keys,
      DevicesWithoutKeys(run.files, believed, own, read_again));
  num_duplicates += DropDuplicates(all);
  DropSink dropped;
  if (options.keep_dropped) {
    dropped = [&](const Match& match, absl::string_view reason) {
      run.dropped.push_back({match, reason});
      // A device's own matches go before they are given these.
      GiveHistory(histories, run.dropped.back().match);
    };
  }
  run.num_own_matches = DropOwnMatches(own, all, dropped);
  run.num_outside_first_publication = ApplyHistories(histories, all, dropped);
  run.result = ResolveMatches(std::move(all), options.policy, dropped);
  run.result.num_duplicates = num_duplicates;
  run.report_types = DropUnreported(run.result.matches, dropped);
  ApplyWindowPolicy(options, histories, dropped, run);
  TEKMATCH_RETURN_IF_ERROR(CheckGoesOn(options));
  run.findings = FindAll(options, run.result.matches);
  return run;
}

}  // namespace tekmatch
