#include "matcher/check/exposure_check.h"

#include <algorithm>
#include <utility>

#include "keyformat/status_macros.h"
#include "matcher/check/check_halves.h"
#include "matcher/check/conclusion.h"
#include "matcher/check/file_matcher.h"
#include "matcher/check/no_exceptions.h"

namespace tekmatch {
namespace {

// How many keys a run notes. A million notes take 4 MiB; where there are more
// sightings than that, as many notes take a ninth of the sightings' memory. The
// files of further keys are read once more instead, should any key be heard.
// Notes of ten million keys would take 38 MiB. With the second reading one
// thread takes a seventh longer; where there are more threads than files, the
// wait can be half as long again. Without an index, which MatchAllFiles
// refuses, there are no sightings.
uint64_t MostNotedTeks(const SightingIndex* index) {
  const uint64_t num_sightings =
      index == nullptr ? 0 : index->sightings().size();
  return std::max(uint64_t{1} << 20, num_sightings);
}

// As CheckExposure, but throws what the standard library throws without memory,
// and what the caller's functions throw.
absl::StatusOr<ExposureCheckResult> CheckOrThrow(
    const std::vector<std::string>& paths,
    const std::shared_ptr<const SightingIndex>& index,
    const ExposureCheckOptions& options) {
  TEKMATCH_ASSIGN_OR_RETURN(
      std::vector<MatchedFile> matched,
      MatchAllFiles(paths, index, options, MostNotedTeks(index.get())));
  TEKMATCH_ASSIGN_OR_RETURN(const SightingNumbers sightings,
                            CountSightings(*index, options.devices));
  return ConcludeFromFiles(std::move(matched), sightings, options);
}

}  // namespace

absl::StatusOr<std::shared_ptr<const SightingIndex>> IndexSightings(
    std::vector<Sighting> sightings, const TaskRunner& tasks) {
  TEKMATCH_ASSIGN_OR_RETURN(
      SightingIndex index,
      SightingIndex::Create(std::move(sightings), kSearchedIntervals, tasks));
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
