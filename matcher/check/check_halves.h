// The two halves of a check, for callers that make them in different processes:
// what matching finds in each file, and what follows from all of them. Both
// after another are CheckExposure (exposure_check.h), which most callers want;
// between them is a partial (partial.h).
//
// As conclusion.h they throw what the standard library throws without memory,
// and what functions of the options throw.
#ifndef TEKMATCH_MATCHER_CHECK_CHECK_HALVES_H_
#define TEKMATCH_MATCHER_CHECK_CHECK_HALVES_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "keyformat/key_block.h"
#include "matcher/check/check_options.h"
#include "matcher/check/check_result.h"
#include "matcher/check/conclusion.h"
#include "matcher/check/file_matcher.h"
#include "matcher/join/sighting_index.h"

namespace tekmatch {

// Matches the files. The same positions as `paths`. `most_noted_teks` and
// `read` are those of FileMatcherOptions. Errors are Validate's,
// MatchEngine::Create's and MatchFiles'.
absl::StatusOr<std::vector<MatchedFile>> MatchAllFiles(
    const std::vector<std::string>& paths,
    const std::shared_ptr<const SightingIndex>& index,
    const ExposureCheckOptions& options, uint64_t most_noted_teks,
    std::function<absl::Status(size_t, const KeyBlock&)> read = {});

// Concludes from files of MatchAllFiles with these options, which are read
// again at their paths where that is needed. Errors are Validate's and
// Conclude's. DATA_LOSS: a file changed since.
absl::StatusOr<ExposureCheckResult> ConcludeFromFiles(
    std::vector<MatchedFile> matched, const SightingNumbers& sightings,
    const ExposureCheckOptions& options);

// Reads files again at their paths, on any number of threads, with the options
// of their check. `asking` is held while options.cancelled is asked. Both
// outlive it. DATA_LOSS: a file changed since.
ReadAgain ReadAgainAtPaths(const ExposureCheckOptions& options,
                           std::mutex& asking);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_CHECK_HALVES_H_
