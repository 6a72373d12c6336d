// What a key's report type becomes as the key is published again: servers
// revise keys, from a self-report to a confirmed test, say, or revoke them.
//
// A publication of another type counts if it is a legal move,
//   self-report         -> confirmed test, clinical diagnosis, revoked
//   clinical diagnosis  -> confirmed test, revoked
// and the key's first one; others are ignored. A recursive publication counts
// for nothing: it neither begins a history nor revises. A revoked key is never
// reported: what it gave before is withdrawn, since every run works from all
// matches anew.
//
// Source: google/exposure-notifications-internals aaada6c,
// ExposureMatchingTracer.java (isValidTransition, storeValidReportTransition),
// ContactTracingFeature.java (allowedReportTypeTransitions 1,
// enableRecursiveTekReportType false), TekMetadataUtils.java.
#ifndef TEKMATCH_MATCHER_EXPOSURE_REPORT_TYPE_HISTORY_H_
#define TEKMATCH_MATCHER_EXPOSURE_REPORT_TYPE_HISTORY_H_

#include <cstdint>
#include <optional>

#include "keyformat/diagnosis_key.h"

namespace tekmatch {

// allowedReportTypeTransitions
inline constexpr int kMaxRevisions = 1;

// Whether a revision from one type to the other counts.
bool IsLegalRevision(ReportType from, ReportType to);

// The history of one key.
class ReportTypeHistory {
 public:
  // The next publication's type, in the order of publication; not kUnknown.
  void Add(ReportType type);

  // What stands; nothing if no publication counts.
  std::optional<ReportType> type() const { return type_; }
  uint64_t num_revisions() const { return num_revisions_; }
  // Publications of a type other than what stood, which did not become it.
  uint64_t num_ignored_revisions() const { return num_ignored_revisions_; }

 private:
  std::optional<ReportType> type_;
  uint64_t num_revisions_ = 0;
  uint64_t num_ignored_revisions_ = 0;
};

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_EXPOSURE_REPORT_TYPE_HISTORY_H_
