// The door of the library, and the only way from export files to contacts:
// files and sightings in; verdicts, matches and what they mean out.
//
//   auto index = IndexSightings(std::move(sightings));
//   ExposureCheckOptions options;  // trusted keys, rules, configuration, now
//   auto checked = CheckExposure(paths, *index, options);
//   if (!checked->complete) ...            // files[i].message: why no result
//   if (!CheckCompared(*checked).ok()) ... // no matches would mean nothing
//   for (const auto& day : checked->findings.at(0).days) ...
//
// A match is here only if the file of its key was accepted, its key is neither
// revoked nor recursive by all publications of it, nor the device's own, and
// the transmission window lets the contact count. None of these can be left
// out. docs/embedding.md and examples/hello show a whole program.
//
// Each thread reads a file, or matches blocks that were read (file_matcher.h).
// What a file contributed is kept apart until its verdict is known and dropped
// unless it is accepted. The result is the same for any number of threads, any
// order of the files and any names of theirs: those only stand where it names a
// file, and order files of which nothing else is known.
//
// What matches mean follows from all publications of the keys that were heard
// (key_publications.h). A publication of which nothing was heard, because it
// names another time for the key, shows only when all files are matched: then
// those that hold one are read once more for it, each by one thread. Of files
// whose keys are among the first million that are read, or the first as many as
// there are sightings, it is known which hold one, and that is rare; the others
// are all read once more, if any key was heard.
#ifndef TEKMATCH_MATCHER_CHECK_EXPOSURE_CHECK_H_
#define TEKMATCH_MATCHER_CHECK_EXPOSURE_CHECK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "matcher/check/check_options.h"
#include "matcher/check/check_result.h"
#include "matcher/join/sighting.h"
#include "matcher/join/sighting_index.h"
#include "matcher/join/tasks.h"

namespace tekmatch {

// What an index should be made for, so that a run can count sightings outside
// the tolerance: a day, more than a clock in the wrong time zone is off. Beyond
// it nothing is looked for.
inline constexpr int32_t kSearchedIntervals = 144;

// The index that CheckExposure wants. Takes sightings of one person, or of
// several devices (Sighting::device), in any order. INVALID_ARGUMENT, with the
// place in the input: a time before 1970 or after 2099, as of milliseconds that
// are taken for seconds; an RSSI that is not in kMinRssi..kMaxRssi
// (sighting.h). `tasks` share the work of many sightings.
absl::StatusOr<std::shared_ptr<const SightingIndex>> IndexSightings(
    std::vector<Sighting> sightings, const TaskRunner& tasks = InTurn());

// Reads the files at `paths`, which may also be names of options.files.sources,
// and checks them against the sightings; null is an error.
//
// INVALID_ARGUMENT: options, or the index. RESOURCE_EXHAUSTED: no memory.
// DATA_LOSS: a file changed meanwhile. CANCELLED: options.cancelled said so.
// INTERNAL: progress or cancelled threw, or BoringSSL failed. Other defects of
// files are in the result.
absl::StatusOr<ExposureCheckResult> CheckExposure(
    const std::vector<std::string>& paths,
    const std::shared_ptr<const SightingIndex>& index,
    const ExposureCheckOptions& options);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_EXPOSURE_CHECK_H_
