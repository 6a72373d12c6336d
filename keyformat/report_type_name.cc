#include "keyformat/report_type_name.h"

namespace tekmatch {

absl::string_view ReportTypeName(ReportType type) {
  switch (type) {
    case ReportType::kUnknown:
      return "unknown";
    case ReportType::kConfirmedTest:
      return "confirmed_test";
    case ReportType::kConfirmedClinicalDiagnosis:
      return "confirmed_clinical_diagnosis";
    case ReportType::kSelfReport:
      return "self_report";
    case ReportType::kRecursive:
      return "recursive";
    case ReportType::kRevoked:
      return "revoked";
  }
  return "";
}

std::optional<ReportType> ParseReportType(absl::string_view name) {
  for (int i = 0; i < kNumReportTypes; ++i) {
    const auto type = static_cast<ReportType>(i);
    if (ReportTypeName(type) == name) return type;
  }
  return std::nullopt;
}

}  // namespace tekmatch
