// The page of `tekmatch log --html` for COCOA's exposure data: the phone's
// daily summaries beside those made again out of its windows.
#ifndef TEKMATCH_TOOLS_COMMANDS_CMD_LOG_COCOA_PAGE_H_
#define TEKMATCH_TOOLS_COMMANDS_CMD_LOG_COCOA_PAGE_H_

#include <string>

#include "tools/commands/cmd_log_cocoa.h"
#include "tools/report/run_remarks.h"

namespace tekmatch {

// Dates and sums: no time of a contact, as the file has none.
std::string CocoaLogPage(const CocoaLog& log, const std::string& path,
                         Language language);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_COMMANDS_CMD_LOG_COCOA_PAGE_H_
