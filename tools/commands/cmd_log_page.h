// The page of `tekmatch log --html`: what a phone noted of its exposure checks,
// beside the exports that are here, as plots and tables (tools/page). Never a
// key.
#ifndef TEKMATCH_TOOLS_COMMANDS_CMD_LOG_PAGE_H_
#define TEKMATCH_TOOLS_COMMANDS_CMD_LOG_PAGE_H_

#include <string>

#include "absl/time/time.h"
#include "tools/commands/cmd_log_report.h"
#include "tools/report/run_remarks.h"

namespace tekmatch {

// Plots of checks show so many days, the newest. A phone's log has 14.
inline constexpr int kMostLogDays = 62;

// Days and hours of checks are `zone`'s; days of keys are UTC's, as a key
// begins and ends there.
std::string LogPage(const LogReport& report, absl::TimeZone zone,
                    Language language);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_COMMANDS_CMD_LOG_PAGE_H_
