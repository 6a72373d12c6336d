// What a key's report type is once all its publications are known: servers
// revise keys, from a self-report to a confirmed test, say, or revoke them.
//
// A revision counts if it is a legal move,
//   self-report         -> confirmed test, clinical diagnosis, revoked
//   clinical diagnosis  -> confirmed test, revoked
// and the key's first one; others are ignored. A revoked key is never
// reported: what it gave before is withdrawn, since every run works from all
// matches anew. Recursive keys are not reported either.
//
// Source: google/exposure-notifications-internals aaada6c,
// ExposureMatchingTracer.java (isValidTransition, storeValidReportTransition),
// ContactTracingFeature.java (allowedReportTypeTransitions 1,
// enableRecursiveTekReportType false), TekMetadataUtils.java.
#ifndef TEKMATCH_MATCHER_REPORT_TYPE_HISTORY_H_
#define TEKMATCH_MATCHER_REPORT_TYPE_HISTORY_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/match.h"

namespace tekmatch {

// allowedReportTypeTransitions
inline constexpr int kMaxRevisions = 1;

// One publication of a key. The order of the members is that of publication:
// by key, then by the export's end timestamp, then by its number, keys before
// revised_keys.
struct KeyPublication {
  Tek tek;
  uint64_t published_seconds = 0;  // end timestamp of the export, 0 if unknown
  uint32_t source = 0;             // as Match::source
  bool revised = false;
  std::optional<ReportType> report_type;

  auto operator<=>(const KeyPublication&) const = default;
};

// Whether a revision from one type to the other counts.
bool IsLegalRevision(ReportType from, ReportType to);

struct ReportTypes {
  // The last type that counts, of every key.
  absl::flat_hash_map<Tek, ReportType> by_key;
  uint64_t num_revisions = 0;
  uint64_t num_ignored_revisions = 0;
};

// `publications` in any order; repeated ones count once. A missing or unknown
// type is `when_missing`.
ReportTypes ResolveReportTypes(std::vector<KeyPublication> publications,
                               ReportType when_missing);

struct ReportTypeCounts {
  uint64_t num_revoked = 0;  // matches dropped
  uint64_t num_recursive = 0;
};

// Sets every match's report type to its key's, and drops the matches of revoked
// and recursive keys. Keys that `types` lacks keep theirs.
ReportTypeCounts ApplyReportTypes(const ReportTypes& types,
                                  std::vector<Match>& matches);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_REPORT_TYPE_HISTORY_H_
