// Names that a person types: commands and options. A misspelt one is named
// before anything else is found wrong, with the one that was probably meant.
#ifndef TEKMATCH_TOOLS_COMMANDS_COMMAND_NAMES_H_
#define TEKMATCH_TOOLS_COMMANDS_COMMAND_NAMES_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace tekmatch {

// "help" and "help match" as "--help" and "match --help"; other arguments as
// they are.
std::vector<std::string> WithHelpAsOption(std::vector<std::string> arguments);

// INVALID_ARGUMENT for the first argument that is no command of `app`, or the
// first one that looks like an option and is none of that command's. Arguments
// are those after the program's name.
absl::Status CheckNames(const CLI::App& app,
                        const std::vector<std::string>& arguments);

// The candidate that differs from `word` in the fewest letters, where those are
// few: added, left out, replaced, or two swapped. Empty if there is none.
std::string Suggest(absl::string_view word,
                    const std::vector<std::string>& candidates);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_COMMANDS_COMMAND_NAMES_H_
