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
// those that hold one are read once more for it, which is rare.
#ifndef TEKMATCH_MATCHER_CHECK_EXPOSURE_CHECK_H_
#define TEKMATCH_MATCHER_CHECK_EXPOSURE_CHECK_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/check/export_files.h"
#include "matcher/exposure/exposure_config.h"
#include "matcher/exposure/exposure_findings.h"
#include "matcher/exposure/key_publications.h"
#include "matcher/exposure/transmission_window.h"
#include "matcher/join/match.h"
#include "matcher/join/match_policy.h"
#include "matcher/join/match_resolver.h"
#include "matcher/join/own_keys.h"
#include "matcher/join/sighting.h"
#include "matcher/join/sighting_index.h"
#include "matcher/kernels/kernels.h"

namespace tekmatch {

// What an index should be made for, so that a run can count sightings outside
// the tolerance: a day, more than a clock in the wrong time zone is off. Beyond
// it nothing is looked for.
inline constexpr int32_t kSearchedIntervals = 144;

// The index that CheckExposure wants. Takes sightings of one person, or of
// several devices (Sighting::device), in any order. INVALID_ARGUMENT, with the
// place in the input: a time before 1970 or after 2099, as of milliseconds that
// are taken for seconds; an RSSI that is not in kMinRssi..kMaxRssi
// (sighting.h).
absl::StatusOr<std::shared_ptr<const SightingIndex>> IndexSightings(
    std::vector<Sighting> sightings);

struct ExposureCheckOptions {
  // Whom to trust, what else to accept, contents that are no files. The size of
  // blocks is set by block_keys, the latest rolling start by `now`.
  ExportFileOptions files;
  // Leave files that are not accepted out, instead of giving no result.
  bool skip_bad_files = false;
  MatchPolicy policy;
  // Which contacts count, and whose dates its local dates are.
  TransmissionWindowPolicy window_policy;
  // Needed with a policy that has dates: COCOA's zone is Asia/Tokyo.
  std::optional<absl::TimeZone> window_zone;
  // What contacts add up to, by an authority's configuration: with one, the
  // result has findings.
  std::optional<ExposureConfig> config;
  std::optional<absl::TimeZone>
      zone;  // of the findings' dates; needed for them
  // The caller's clock: the library reads none. Keys that start more than a day
  // later are rejected. Default: none are.
  absl::Time now = absl::InfiniteFuture();
  // The time that findings are made for. Default: `now`, which then is finite.
  std::optional<absl::Time> as_of;
  // Devices whose findings are told apart (Sighting::device), also such that
  // heard nothing; then no sighting is of another one. Default: all sightings
  // are of one person, whose number here is 0.
  std::set<uint32_t> devices;
  // What a key without report type counts as, for revisions, where there is no
  // configuration to say it: neither unknown nor recursive nor revoked.
  ReportType report_type_when_missing = ReportType::kConfirmedTest;
  // A device in it is a Sighting::device.
  OwnKeys own_keys;
  const Kernels* kernels = nullptr;  // null: the default ones
  int num_threads = 1;               // at least 1
  size_t block_keys = 0;  // of a block; 0: what suits sightings and threads
  // Keep the matches that a rule drops, for those who ask why.
  bool keep_dropped = false;
  // Called now and then with the numbers of files begun and of keys read so
  // far, by one thread at a time.
  std::function<void(size_t, uint64_t)> progress;
  // Asked before each file and at each block, also of files that are read
  // again, and before each later step; by one thread at a time. True ends the
  // check.
  std::function<bool()> cancelled;
};

// A match that a rule drops. `reason` is a name of DropSink's (match.h) or of a
// WindowReason.
struct DroppedMatch {
  Match match;
  absl::string_view reason;
};

struct ExposureCheckResult {
  // In the order of publication (publication_order.h). Match::source is a
  // position here.
  std::vector<ExportFileResult> files;
  // No file was refused, or refused files were to be skipped. Otherwise there
  // are no matches and all counts are 0.
  bool complete = false;
  // Of files that count only: accepted ones, copies left out.
  uint64_t num_keys = 0;      // rejected and own ones included
  uint64_t num_rejected = 0;  // by the decoder
  uint64_t num_own_keys = 0;  // of all devices
  // That were in use within the index's tolerance of a sighting: if there is
  // none, nothing could match.
  uint64_t num_compared = 0;
  // What an all-clear rests on: keys neither rejected nor own, and compared
  // ones. Where a verified file counts, those of verified files only: what
  // anybody could have made up makes no answer of none.
  uint64_t num_believed_keys = 0;
  uint64_t num_believed_compared = 0;
  // Of all keys that were heard: revisions, and those that do not count
  // (report_type_history.h); keys whose publications disagree, by field.
  uint64_t num_revisions = 0;
  uint64_t num_ignored_revisions = 0;
  std::array<uint64_t, kNumPublishedFields> num_conflicts{};
  // Candidates in intervals that only a later publication gives their key; not
  // counted in the result.
  uint64_t num_outside_first_publication = 0;
  // Devices of options.own_keys.of_device for which no believed key is left,
  // since all are their own ones, or all devices'.
  std::set<uint32_t> devices_without_keys;
  // Candidates of a key that is the own one of the device that heard it.
  uint64_t num_own_matches = 0;
  // Sightings of RPIs of these files' keys outside the policy's tolerance, but
  // within what the index was made for.
  uint64_t num_outside_tolerance = 0;
  // Of what is left after these, result.matches is without revoked and
  // recursive keys, and without contacts that the window policy does not count
  // (by WindowReason).
  ReportTypeCounts report_types;
  std::array<uint64_t, kNumWindowReasons> num_outside_window{};
  MatchResult result;
  // With a configuration: of each device of options.devices, or of the only
  // one, 0, what its part of result.matches adds up to.
  std::map<uint32_t, ExposureFindings> findings;
  // Sightings of the index, and how many of them each of options.devices has.
  uint64_t num_sightings = 0;
  std::map<uint32_t, uint64_t> num_sightings_of;
  // With keep_dropped, in no order that means anything. Duplicates are none:
  // the same match counts in their place.
  std::vector<DroppedMatch> dropped;
};

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

// Whether "no contact" would rest on anything. DATA_LOSS, with what was
// lacking, unless at least one key that is neither rejected nor own, of a
// verified file where one counts, was there to compare with at least one
// sighting of every device. `result` is complete. `num_bad_sightings` could not
// be read, for the message.
absl::Status CheckCompared(const ExposureCheckResult& result,
                           uint64_t num_bad_sightings = 0);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_EXPOSURE_CHECK_H_
