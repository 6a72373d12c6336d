// The options --html and --lang of commands that write a page beside their
// result, and how both reach the person.
#ifndef TEKMATCH_TOOLS_COMMANDS_PAGE_OPTION_H_
#define TEKMATCH_TOOLS_COMMANDS_PAGE_OPTION_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "tools/commands/command_line.h"
#include "tools/files/output_file.h"
#include "tools/report/run_remarks.h"

namespace tekmatch {

struct PageOption {
  std::string html;  // empty: no page
  std::string language = "en";
};

// `help` is that of --html. Returns --html, which options of the page need.
Option AddPageOption(OptionSet& command, const std::string& help,
                     PageOption& page);

Language PageLanguage(const PageOption& page);

// INVALID_ARGUMENT where more than one of these outputs, flag and path, is
// stdout: what stands there has to stand there alone.
absl::Status CheckOneOnStdout(
    const std::vector<std::pair<absl::string_view, std::string>>& outputs);

// Writes the page, if one is asked for, and commits `beside` with it, if there
// is one (CommitAll). Errors are OutputFile's and Print's.
absl::Status WritePage(const PageOption& option, const std::string& page,
                       OutputFile* beside = nullptr);

// The same, and writes the result: to `out`, or, where that is empty, to
// stdout, unless the page stands there. Files appear when all were written, and
// what goes to stdout follows them.
absl::Status WritePageAndResult(const PageOption& option,
                                const std::string& page, const std::string& out,
                                const std::string& result,
                                OutputFile* beside = nullptr);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_COMMANDS_PAGE_OPTION_H_
