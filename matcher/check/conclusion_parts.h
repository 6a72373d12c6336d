// The parts that a conclusion (conclusion.h) is made of: what follows from all
// files, then what follows from candidates. No rule for candidates looks at two
// devices or at two keys at once: so all of them may be resolved at once, or
// what one device heard of one key after another, and the results and counts
// are the same. A merge of shards (shard_merger.h) does the latter.
//
// As conclusion.h they throw what the standard library throws without memory.
#ifndef TEKMATCH_MATCHER_CHECK_CONCLUSION_PARTS_H_
#define TEKMATCH_MATCHER_CHECK_CONCLUSION_PARTS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "keyformat/diagnosis_key.h"
#include "keyformat/hash_tables.h"
#include "matcher/check/check_options.h"
#include "matcher/check/check_result.h"
#include "matcher/check/conclusion.h"
#include "matcher/check/file_matcher.h"
#include "matcher/exposure/exposure_findings.h"
#include "matcher/exposure/key_publications.h"
#include "matcher/exposure/transmission_window.h"
#include "matcher/join/match.h"
#include "matcher/join/own_keys.h"
#include "matcher/join/tasks.h"

namespace tekmatch {

struct FilesConclusion {
  // All but what follows from candidates and from sightings outside the
  // tolerance. result.num_duplicates are those that the files dropped.
  ExposureCheckResult run;
  // run.files[i] is matched[order[i]].
  std::vector<size_t> order;
  // Of all keys that were heard.
  KeyHistories histories;
};

// Whether a file, by its place in `matched`, may hold any of these keys more
// often than its number says, as TekPrefixes::MayHoldMore.
using MayHoldMore = std::function<absl::StatusOr<bool>(
    size_t, const HashMap<Tek, uint64_t>& known)>;

// What all files say together: the order of publication, batches, copies, and
// the histories of keys that were heard, which are those that the files have
// publications of (MatchedFile::publications). Does not look at candidates,
// positions and prefixes, and leaves them where they are; what it does look at
// is gone afterwards. Without run.complete there is nothing else. Errors are
// Conclude's and those of `may_hold_more`, which is asked of one file after the
// other. `tasks` are Conclude's.
absl::StatusOr<FilesConclusion> ConcludeFiles(
    std::vector<MatchedFile>& matched, const SightingNumbers& sightings,
    const OwnKeys& own, const ExposureCheckOptions& options,
    const MayHoldMore& may_hold_more, const ReadAgain& read_again,
    const TaskRunner& tasks);

// Candidates as the matches that count. References outlive it.
class CandidateResolver {
 public:
  CandidateResolver(const FilesConclusion& files, const OwnKeys& own,
                    const ExposureCheckOptions& options);

  // `candidates` are of files that count, and all of them that some devices
  // have of some keys, in any order. Adds to the counts of `run`, and with
  // options.keep_dropped to run->dropped. Returns the matches in result order
  // (match_order.h).
  std::vector<Match> Resolve(std::vector<Match> candidates,
                             ExposureCheckResult* run) const;

 private:
  void ApplyWindowPolicy(const DropSink& dropped, std::vector<Match>& matches,
                         ExposureCheckResult* run) const;

  const KeyHistories& histories_;
  const OwnKeys& own_;
  const ExposureCheckOptions& options_;
  std::vector<ExportTimes> times_;  // of files
};

// What a device's matches mean, in result order. options.config is there, and
// the options are valid.
ExposureFindings FindingsOf(absl::Span<const Match> matches,
                            const ExposureCheckOptions& options);

// Of each device of options.devices, or of the only one, 0; of none without
// options.config.
std::map<uint32_t, ExposureFindings> FindAll(
    const ExposureCheckOptions& options, const std::vector<Match>& matches);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_CONCLUSION_PARTS_H_
