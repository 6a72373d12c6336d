// Plan: sightings are counted; what follows from all files (conclusion_parts.h)
// is made of them; all candidates are resolved by it at once; what is left is
// found to mean something (FindAll).
#include "matcher/check/conclusion.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "keyformat/hash_tables.h"
#include "keyformat/status_macros.h"
#include "matcher/check/conclusion_parts.h"

namespace tekmatch {
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
  return Conclude(std::move(matched), sightings, own, options, read_again,
                  InTurn());
}

absl::StatusOr<ExposureCheckResult> Conclude(
    std::vector<MatchedFile> matched, const SightingNumbers& sightings,
    const OwnKeys& own, const ExposureCheckOptions& options,
    const ReadAgain& read_again, const TaskRunner& tasks) {
  const MayHoldMore may_hold_more =
      [&matched](size_t i, const HashMap<Tek, uint64_t>& known) {
        return matched[i].teks.MayHoldMore(known);
      };
  TEKMATCH_ASSIGN_OR_RETURN(FilesConclusion files,
                            ConcludeFiles(matched, sightings, own, options,
                                          may_hold_more, read_again, tasks));
  if (!files.run.complete) return std::move(files.run);

  const CandidateResolver resolver(files, own, options);
  ExposureCheckResult run = std::move(files.run);
  std::vector<Match> all;
  HashSet<uint32_t> outside_tolerance;
  for (size_t i = 0; i < run.files.size(); ++i) {
    MatchedFile file = std::move(matched[files.order[i]]);
    if (!run.files[i].counts()) continue;
    outside_tolerance.insert(file.outside_tolerance.begin(),
                             file.outside_tolerance.end());
    if (all.empty()) {
      all = std::move(file.candidates);
    } else {
      all.insert(all.end(), file.candidates.begin(), file.candidates.end());
    }
  }
  run.num_outside_tolerance = outside_tolerance.size();
  run.result.matches = resolver.Resolve(std::move(all), &run);
  TEKMATCH_RETURN_IF_ERROR(CheckGoesOn(options));
  run.findings = FindAll(options, run.result.matches);
  return run;
}

}  // namespace tekmatch
