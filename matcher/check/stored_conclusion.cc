// Plan: the keys of each entry that were heard are matched with all sightings,
// by the rules of this check (MatchEntry): they are few, so that costs little,
// and nothing that depends on rules has to be remembered. What MatchFiles would
// count over all keys of a file, also the unheard ones, comes from how many of
// them are valid when (CountKeys).
#include "matcher/check/stored_conclusion.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "keyformat/key_block.h"
#include "keyformat/status_macros.h"
#include "matcher/check/conclusion.h"
#include "matcher/check/exposure_check.h"
#include "matcher/check/file_matcher.h"
#include "matcher/check/tek_prefixes.h"
#include "matcher/join/key_plan.h"
#include "matcher/join/match_engine.h"

namespace tekmatch {
namespace {

constexpr char kNeededAgainVerdict[] = "needed_again";

// Those validities that have a covered interval: their keys are compared.
absl::StatusOr<std::set<Validity>> NearSightings(
    const ValidityCounts& validities, const SliceFilters& filters) {
  KeyBlock block;
  for (const auto& [validity, num_keys] : validities) {
    block.Append({.rolling_start = validity.rolling_start,
                  .rolling_period = validity.rolling_period});
  }
  KeyPlan plan;
  TEKMATCH_RETURN_IF_ERROR(
      PlanKeys(block, 0, block.size(), {}, filters, &plan));
  std::set<Validity> near;
  for (size_t i = 0; i < plan.num_keys; ++i) {
    const DiagnosisKey key = block.key(plan.positions[i]);
    near.insert({key.rolling_start, key.rolling_period});
  }
  return near;
}

// Calls `sink` with the entry's heard keys that no check would reject now.
absl::Status ForHeard(const StoredRun& run, const LedgerEntry& entry,
                      absl::FunctionRef<absl::Status(const KeyBlock&)> sink) {
  const EnIntervalNumber latest = LatestRollingStart(run.check.now);
  KeyBlock block;
  for (const DiagnosisKey& key : entry.heard) {
    if (key.rolling_start > latest) continue;
    block.Append(key);
    if (block.size() < KeyBlock::kDefaultCapacity) continue;
    TEKMATCH_RETURN_IF_ERROR(run.limits.UnlessCancelled());
    TEKMATCH_RETURN_IF_ERROR(sink(block));
    block.Clear();
  }
  return block.empty() ? absl::OkStatus() : sink(block);
}

// Takes the owner's keys out of what is counted.
absl::Status TakeOwnKeys(const StoredRun& run, const LedgerEntry& entry,
                         ValidityCounts* validities, uint64_t* num_own) {
  if (run.own.of_all.empty()) return absl::OkStatus();
  ValidityCounts own = entry.stored.own_validities;
  if (entry.kept) {
    TEKMATCH_RETURN_IF_ERROR(run.ledger.ReadKept(
        entry, DaySpan(), [&](const KeyBlock& block) -> absl::Status {
          TEKMATCH_RETURN_IF_ERROR(run.limits.UnlessCancelled());
          CountOwn(block, run.own, &own);
          return absl::OkStatus();
        }));
  }
  for (const auto& [validity, num_keys] : own) {
    const auto found = validities->find(validity);
    // Those that start too late are rejected, and nobody's.
    if (found == validities->end()) continue;
    const uint64_t num_taken = std::min(found->second, num_keys);
    found->second -= num_taken;
    *num_own += num_taken;
  }
  return absl::OkStatus();
}

// The counts are of all keys of an entry, by when they are valid.
absl::Status CountKeys(const StoredRun& run, const SightingIndex& index,
                       const LedgerEntry& entry, MatchedFile& matched) {
  const EnIntervalNumber latest = LatestRollingStart(run.check.now);
  const StoredExport& stored = entry.stored;
  ValidityCounts validities = stored.validities;
  uint64_t num_in_future = 0;
  std::erase_if(validities, [&](const auto& validity) {
    if (validity.first.rolling_start <= latest) return false;
    num_in_future += validity.second;
    return true;
  });
  matched.num_own_keys = stored.before.num_own;
  if (stored.after.first_start > latest) {
    num_in_future += stored.after.num_keys;
  } else {
    matched.num_own_keys += stored.after.num_own;
  }
  matched.file.report.counts
      .rejected[static_cast<size_t>(KeyRejection::kFarFutureRollingStart)] +=
      num_in_future;
  TEKMATCH_RETURN_IF_ERROR(
      TakeOwnKeys(run, entry, &validities, &matched.num_own_keys));
  TEKMATCH_ASSIGN_OR_RETURN(const std::set<Validity> near,
                            NearSightings(validities, index.filters()));
  for (const Validity& validity : near) {
    matched.num_compared += validities.at(validity);
  }
  return absl::OkStatus();
}

// What matching finds of an entry, as MatchFiles would say it of its file.
absl::StatusOr<MatchedFile> MatchEntry(const StoredRun& run,
                                       const SightingIndex& index,
                                       const LedgerEntry& entry,
                                       const MatchEngine& engine,
                                       MatchScratch* scratch) {
  MatchedFile matched;
  matched.file = entry.stored.file;
  MatchBatch batch;
  TEKMATCH_RETURN_IF_ERROR(
      ForHeard(run, entry, [&](const KeyBlock& block) -> absl::Status {
        matched.teks.Add(TekPrefixes::Of(block.teks()));
        return engine.MatchBlock(block, 0, scratch, &batch);
      }));
  matched.candidates = std::move(batch.candidates);
  matched.num_duplicates = batch.num_duplicates;
  for (const KeyPublication& publication : batch.publications) {
    matched.publications.Add(publication.key);
  }
  matched.outside_tolerance.insert(batch.outside_tolerance.begin(),
                                   batch.outside_tolerance.end());
  TEKMATCH_RETURN_IF_ERROR(CountKeys(run, index, entry, matched));
  return matched;
}

// A file that is part of the result only by its absence.
MatchedFile Missing(ExportFileResult file, absl::string_view verdict,
                    absl::string_view why) {
  file.accepted = false;
  file.verdict = std::string(verdict);
  file.message = absl::StrCat(file.path, ": ", why);
  MatchedFile missing;
  missing.file = std::move(file);
  return missing;
}

}  // namespace

absl::StatusOr<StoredConclusion> ConcludeFromLedger(
    const StoredRun& run, const LedgerImage& image,
    const std::shared_ptr<const SightingIndex>& index,
    const std::vector<GivenExport>& given,
    std::vector<ExportFileResult> refused) {
  TEKMATCH_ASSIGN_OR_RETURN(const MatchEngine engine,
                            MatchEngine::Create(index, run.check.policy,
                                                run.own.of_all, run.kernels()));
  StoredConclusion conclusion;
  ExposureCheckOptions check = run.check;
  MatchScratch scratch;
  std::vector<MatchedFile> matched;
  uint64_t num_partly_compared = 0;
  for (const LedgerEntry& entry : image.entries) {
    const ExportFileResult& file = entry.stored.file;
    if (!file.accepted) {
      ++conclusion.num_untrusted;
      matched.emplace_back().file = file;
      continue;
    }
    if (entry.generation != image.generation) {
      const bool is_needed =
          entry.generation == kNeededAgain || image.needed.contains(entry.id);
      if (!is_needed) {
        // What it holds may be more than is known: no answer without it.
        check.skip_bad_files = false;
        matched.push_back(Missing(file, kNotReached,
                                  "not compared with the newest sightings, "
                                  "since the time was over"));
        continue;
      }
      conclusion.needed_again.push_back(file.path);
      if (!run.check.skip_bad_files) {
        matched.push_back(
            Missing(file, kNeededAgainVerdict,
                    entry.kept ? "needed again for sightings of days whose "
                                 "keys are no longer kept"
                               : "needed again for newer sightings, since "
                                 "its keys are not kept"));
        continue;
      }
      ++num_partly_compared;
    }
    if (entry.kept && !image.pending.empty() &&
        entry.id > image.looked_up_until) {
      check.skip_bad_files = false;
      matched.push_back(Missing(file, kNotReached,
                                "not asked about keys that were heard since, "
                                "as the time was over"));
      continue;
    }
    TEKMATCH_ASSIGN_OR_RETURN(matched.emplace_back(),
                              MatchEntry(run, *index, entry, engine, &scratch));
  }
  for (ExportFileResult& file : refused) {
    matched.emplace_back().file = std::move(file);
  }
  for (const GivenExport& one : given) {
    if (one.state != GivenState::kNotReached) continue;
    ExportFileResult file;
    file.path = one.path;
    matched.push_back(Missing(std::move(file), kNotReached,
                              "not read, since the time was over"));
  }
  // All publications of a key that was heard are in the entries.
  const auto read_again =
      [&](const ExportFileResult& file,
          absl::FunctionRef<absl::Status(const KeyBlock&)> sink) {
        const auto entry =
            std::find_if(image.entries.begin(), image.entries.end(),
                         [&](const LedgerEntry& other) {
                           return other.stored.file.report.digests.sha256 ==
                                  file.report.digests.sha256;
                         });
        if (entry == image.entries.end()) {
          return absl::InternalError("an export that the store does not have");
        }
        return ForHeard(run, *entry, sink);
      };
  TEKMATCH_ASSIGN_OR_RETURN(
      conclusion.checked,
      Conclude(std::move(matched), *index, run.own, check, read_again));
  conclusion.checked.num_partly_compared = num_partly_compared;
  return conclusion;
}

}  // namespace tekmatch
