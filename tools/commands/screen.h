// The width of what a text report is read on.
#ifndef TEKMATCH_TOOLS_COMMANDS_SCREEN_H_
#define TEKMATCH_TOOLS_COMMANDS_SCREEN_H_

#include <cstddef>
#include <string>

namespace tekmatch {

// Columns of a report that goes to `out`, a path or, where that is empty or
// "-", stdout. On a terminal: what the environment variable COLUMNS says, else
// what the terminal says, or 80 where it does not. 0, no width: a file or a
// pipe, whose lines other programs read.
size_t ReportWidth(const std::string& out);

// The text with lines that fit there (tools/report/fit_lines.h).
std::string FitReport(const std::string& out, const std::string& text);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_COMMANDS_SCREEN_H_
