// From what matching found in each file to what it means: the second half of a
// check, which does not care where the keys came from.
#ifndef TEKMATCH_MATCHER_CHECK_CONCLUSION_H_
#define TEKMATCH_MATCHER_CHECK_CONCLUSION_H_

#include <functional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "keyformat/key_block.h"
#include "matcher/check/check_options.h"
#include "matcher/check/check_result.h"
#include "matcher/check/export_files.h"
#include "matcher/check/file_matcher.h"
#include "matcher/join/own_keys.h"
#include "matcher/join/sighting_index.h"

namespace tekmatch {

// Calls `sink` with all keys of an accepted file once more. An error of `sink`
// ends it and is returned. DATA_LOSS: the file is no longer what it was.
using ReadAgain = std::function<absl::Status(
    const ExportFileResult& file,
    absl::FunctionRef<absl::Status(const KeyBlock&)> sink)>;

// CANCELLED if options.cancelled says so.
absl::Status CheckGoesOn(const ExposureCheckOptions& options);

// `matched` in any order, of engines over `index` with options.policy and
// own.of_all; `options` are valid. INVALID_ARGUMENT: a sighting of a device
// that the options do not name. CANCELLED: options.cancelled said so. Others
// are those of `read_again`.
absl::StatusOr<ExposureCheckResult> Conclude(
    std::vector<MatchedFile> matched, const SightingIndex& index,
    const OwnKeys& own, const ExposureCheckOptions& options,
    const ReadAgain& read_again);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_CONCLUSION_H_
