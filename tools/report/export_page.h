// The page of `tekmatch inspect --html`: what exports hold, as plots and tables
// (tools/page). Never a key.
#ifndef TEKMATCH_TOOLS_REPORT_EXPORT_PAGE_H_
#define TEKMATCH_TOOLS_REPORT_EXPORT_PAGE_H_

#include <string>
#include <vector>

#include "matcher/check/export_files.h"
#include "tools/report/export_totals.h"
#include "tools/report/run_remarks.h"

namespace tekmatch {

// `files` in the order in which they were read, those that could not be read
// among them; `totals` is of them.
std::string ExportPage(const std::vector<ExportFileResult>& files,
                       const ExportTotals& totals, Language language);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_REPORT_EXPORT_PAGE_H_
