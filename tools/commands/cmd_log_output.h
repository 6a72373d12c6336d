// The report on a log of exposure checks as text, JSON and CSV.
#ifndef TEKMATCH_TOOLS_COMMANDS_CMD_LOG_OUTPUT_H_
#define TEKMATCH_TOOLS_COMMANDS_CMD_LOG_OUTPUT_H_

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "tools/commands/cmd_log_report.h"

namespace tekmatch {

// Safe to show: every byte of log and paths is made printable. Where the table
// of hashes is wider than `width`, each hash is a block of lines; 0: no width
// is too large.
std::string LogText(const LogReport& report, size_t width);
nlohmann::ordered_json LogJson(const LogReport& report);
// One row a hash. A field that a spreadsheet would take for a formula begins
// with an apostrophe.
std::string LogCsv(const LogReport& report);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_COMMANDS_CMD_LOG_OUTPUT_H_
