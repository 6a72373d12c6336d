// Names that a person types: commands and options. A misspelt one is named
// before anything else is found wrong, with the one that was probably meant.
#ifndef TEKMATCH_TOOLS_COMMANDS_COMMAND_NAMES_H_
#define TEKMATCH_TOOLS_COMMANDS_COMMAND_NAMES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace tekmatch {

// The names that there are. Options have their dashes: "--out", "-h".
struct CommandNames {
  std::string name;
  std::vector<std::string> options;
};
struct ProgramNames {
  std::string name;
  std::vector<std::string> options;  // those before any command
  std::vector<CommandNames> commands;
};

// Arguments are those after the program's name.

// "help" and "help match" as "--help" and "match --help"; other arguments as
// they are.
std::vector<std::string> WithHelpAsOption(std::vector<std::string> arguments);

// "tekmatch help match": where to read on, for the command that they name.
std::string HelpCommand(absl::string_view program,
                        const std::vector<std::string>& arguments);

// INVALID_ARGUMENT for the first argument that is no command, or the first one
// that looks like an option and is none of that command's.
absl::Status CheckNames(const ProgramNames& known,
                        const std::vector<std::string>& arguments);

// The candidate that differs from `word` in the fewest letters, where those are
// few: added, left out, replaced, or two swapped. Of several the first. Empty
// if there is none.
std::string Suggest(absl::string_view word,
                    const std::vector<std::string>& candidates);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_COMMANDS_COMMAND_NAMES_H_
