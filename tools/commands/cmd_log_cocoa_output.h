// COCOA's exposure data (tools/commands/cmd_log_cocoa.h) as text, JSON and CSV.
#ifndef TEKMATCH_TOOLS_COMMANDS_CMD_LOG_COCOA_OUTPUT_H_
#define TEKMATCH_TOOLS_COMMANDS_CMD_LOG_COCOA_OUTPUT_H_

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "tools/commands/cmd_log_cocoa.h"

namespace tekmatch {

// "agrees", "differs", "no_summary" (of the phone), "no_windows".
std::string CocoaVerdict(const CocoaDay& day);

// Six digits at most; "-" where there is none.
std::string CocoaScore(const std::optional<double>& score);

std::string CocoaLogText(const CocoaLog& log, const std::string& path);
nlohmann::ordered_json CocoaLogJson(const CocoaLog& log,
                                    const std::string& path);
std::string CocoaLogCsv(const CocoaLog& log);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_COMMANDS_CMD_LOG_COCOA_OUTPUT_H_
