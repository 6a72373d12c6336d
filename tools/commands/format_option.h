// The option --format of commands that write one result, and what the name of
// its file says about it:
//
//   --format json --out a.json   JSON
//   --out a.json                 JSON, too: the name says so
//   --out a.txt, or stdout       the default
//   --format text --out a.json   refused: one of the two is a mistake
//   --out a.csv                  refused where the command writes no CSV
//
// Outputs of one format, such as --html, are held to the same:
// CheckNameOfOutput.
//
// Names that say a format end in .csv, .html, .json, .jsonl or .tksight, in
// letters of either case; all others say nothing.
#ifndef TEKMATCH_TOOLS_COMMANDS_FORMAT_OPTION_H_
#define TEKMATCH_TOOLS_COMMANDS_FORMAT_OPTION_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "tools/commands/command_line.h"

namespace tekmatch {

// For an output that is always written in one format. `written` is what that is
// called: "jsonl"; a word that ends no name, such as "text", is none of theirs.
// To be asked before anything is read.
//
// INVALID_ARGUMENT with the option `flag`: the name of its file is that of
// another format.
absl::Status CheckNameOfOutput(absl::string_view flag, const std::string& path,
                               absl::string_view written);

class FormatOption {
 public:
  // Sets *format by the name of the result's file, unless --format was given.
  // `out` is the value of --out. To be asked by the command's body, before
  // anything is read.
  //
  // INVALID_ARGUMENT: the name is that of another format than the one given,
  // or of one that is not written here.
  absl::Status Settle(const std::string& out) const;

 private:
  friend FormatOption AddFormatOption(OptionSet& command,
                                      std::vector<std::string> formats,
                                      std::string& format,
                                      const std::string& help);

  FormatOption(Option option, std::vector<std::string> formats,
               std::string* format)
      : option_(option), formats_(std::move(formats)), format_(format) {}

  Option option_;
  std::vector<std::string> formats_;
  std::string* format_;
};

// Declares --format with these values, of which the first is the default: what
// `format` is set to. `help` comes before what is said of --out, if not empty.
// `format` lives as long as the CommandLine.
FormatOption AddFormatOption(OptionSet& command,
                             std::vector<std::string> formats,
                             std::string& format, const std::string& help = "");

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_COMMANDS_FORMAT_OPTION_H_
