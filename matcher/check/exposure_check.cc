#include "matcher/check/exposure_check.h"

#include <utility>

#include "keyformat/status_macros.h"
#include "matcher/check/check_halves.h"
#include "matcher/check/conclusion.h"
#include "matcher/check/file_matcher.h"
#include "matcher/check/no_exceptions.h"

namespace tekmatch {
namespace {

// As CheckExposure, but throws what the standard library throws without memory,
// and what the caller's functions throw.
absl::StatusOr<ExposureCheckResult> CheckOrThrow(
    const std::vector<std::string>& paths,
    const std::shared_ptr<const SightingIndex>& index,
    const ExposureCheckOptions& options) {
  TEKMATCH_ASSIGN_OR_RETURN(std::vector<MatchedFile> matched,
                            MatchAllFiles(paths, index, options));
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
