#include "matcher/exposure/report_type_history.h"

namespace tekmatch {

bool IsLegalRevision(ReportType from, ReportType to) {
  switch (from) {
    case ReportType::kSelfReport:
      return to == ReportType::kConfirmedTest ||
             to == ReportType::kConfirmedClinicalDiagnosis ||
             to == ReportType::kRevoked;
    case ReportType::kConfirmedClinicalDiagnosis:
      return to == ReportType::kConfirmedTest || to == ReportType::kRevoked;
    default:
      return false;
  }
}

void ReportTypeHistory::Add(ReportType type) {
  if (!type_.has_value()) {
    if (type != ReportType::kRecursive) type_ = type;
  } else if (*type_ != type) {
    if (num_revisions_ < kMaxRevisions && IsLegalRevision(*type_, type)) {
      type_ = type;
      ++num_revisions_;
    } else {
      ++num_ignored_revisions_;
    }
  }
}

}  // namespace tekmatch
