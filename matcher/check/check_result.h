// What a check answers: verdicts on files, matches and what they mean, and
// everything that was left out.
#ifndef TEKMATCH_MATCHER_CHECK_CHECK_RESULT_H_
#define TEKMATCH_MATCHER_CHECK_CHECK_RESULT_H_

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "matcher/check/export_files.h"
#include "matcher/exposure/exposure_findings.h"
#include "matcher/exposure/key_publications.h"
#include "matcher/exposure/transmission_window.h"
#include "matcher/join/key_publication.h"
#include "matcher/join/match.h"
#include "matcher/join/match_resolver.h"

namespace tekmatch {

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
  // Of files that count: so many could not be compared with all sightings,
  // since their keys are not kept (stored_check.h). A contact may be missing.
  uint64_t num_partly_compared = 0;
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

// Whether "no contact" would rest on anything. DATA_LOSS, with what was
// lacking, unless at least one key that is neither rejected nor own, of a
// verified file where one counts, was there to compare with at least one
// sighting of every device. `result` is complete. `num_bad_sightings` could not
// be read, for the message.
absl::Status CheckCompared(const ExposureCheckResult& result,
                           uint64_t num_bad_sightings = 0);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_CHECK_RESULT_H_
