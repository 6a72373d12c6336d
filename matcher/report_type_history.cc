#include "matcher/report_type_history.h"

#include <algorithm>

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

ReportTypes ResolveReportTypes(std::vector<KeyPublication> publications,
                               ReportType when_missing) {
  std::sort(publications.begin(), publications.end());
  publications.erase(std::unique(publications.begin(), publications.end()),
                     publications.end());
  ReportTypes types;
  int revisions = 0;  // of the key at hand
  for (const KeyPublication& publication : publications) {
    ReportType type = publication.report_type.value_or(ReportType::kUnknown);
    if (type == ReportType::kUnknown) type = when_missing;
    const auto [known, is_first] =
        types.by_key.try_emplace(publication.tek, type);
    if (is_first) {
      revisions = 0;
    } else if (known->second != type) {
      if (revisions < kMaxRevisions && IsLegalRevision(known->second, type)) {
        known->second = type;
        ++revisions;
        ++types.num_revisions;
      } else {
        ++types.num_ignored_revisions;
      }
    }
  }
  return types;
}

ReportTypeCounts ApplyReportTypes(const ReportTypes& types,
                                  std::vector<Match>& matches) {
  ReportTypeCounts counts;
  for (Match& match : matches) {
    const auto found = types.by_key.find(match.tek);
    if (found != types.by_key.end()) match.metadata.report_type = found->second;
    if (match.metadata.report_type == ReportType::kRevoked) {
      ++counts.num_revoked;
    } else if (match.metadata.report_type == ReportType::kRecursive) {
      ++counts.num_recursive;
    }
  }
  matches.erase(std::remove_if(matches.begin(), matches.end(),
                               [](const Match& match) {
                                 return match.metadata.report_type ==
                                            ReportType::kRevoked ||
                                        match.metadata.report_type ==
                                            ReportType::kRecursive;
                               }),
                matches.end());
  return counts;
}

}  // namespace tekmatch
