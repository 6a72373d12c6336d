// Report types by name, as configurations, key lines and reports have them:
// "confirmed_test".
#ifndef TEKMATCH_KEYFORMAT_REPORT_TYPE_NAME_H_
#define TEKMATCH_KEYFORMAT_REPORT_TYPE_NAME_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "keyformat/diagnosis_key.h"

namespace tekmatch {

absl::string_view ReportTypeName(ReportType type);
std::optional<ReportType> ParseReportType(absl::string_view name);

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_REPORT_TYPE_NAME_H_
