// From what matching found in each file to what it means: the second half of a
// check, which does not care where the keys came from.
#ifndef TEKMATCH_MATCHER_CHECK_CONCLUSION_H_
#define TEKMATCH_MATCHER_CHECK_CONCLUSION_H_

#include <cstdint>
#include <functional>
#include <map>
#include <set>
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
#include "matcher/join/tasks.h"

namespace tekmatch {

// Calls `sink` with all keys of an accepted file once more. May be called for
// several files at once, by several threads, where the caller's tasks have
// them. An error of `sink` ends it and is returned. DATA_LOSS: the file is no
// longer what it was.
using ReadAgain = std::function<absl::Status(
    const ExportFileResult& file,
    absl::FunctionRef<absl::Status(const KeyBlock&)> sink)>;

// CANCELLED if options.cancelled says so.
absl::Status CheckGoesOn(const ExposureCheckOptions& options);

// How many sightings there are, and how many each of options.devices has.
struct SightingNumbers {
  uint64_t all = 0;
  std::map<uint32_t, uint64_t> of_device;
};

// Of an index. INVALID_ARGUMENT: a sighting of a device that is not among
// `devices`, where there are any.
absl::StatusOr<SightingNumbers> CountSightings(
    const SightingIndex& index, const std::set<uint32_t>& devices);

// `matched` in any order, of engines with options.policy and own.of_all over
// indexes that together have all sightings: each file of one engine over all of
// them, or of several, each over all sightings of some devices (shards.h).
// `options` are valid. `tasks` read files again, each file by one of them.
// CANCELLED: options.cancelled said so. Others are those of `read_again` and
// CountSightings'. Of several files with an error the first one's counts.
absl::StatusOr<ExposureCheckResult> Conclude(
    std::vector<MatchedFile> matched, const SightingNumbers& sightings,
    const OwnKeys& own, const ExposureCheckOptions& options,
    const ReadAgain& read_again, const TaskRunner& tasks);
// The same, of engines over `index`, and one file read after the other.
absl::StatusOr<ExposureCheckResult> Conclude(
    std::vector<MatchedFile> matched, const SightingIndex& index,
    const OwnKeys& own, const ExposureCheckOptions& options,
    const ReadAgain& read_again);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_CONCLUSION_H_
