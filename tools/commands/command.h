// What the subcommands of `tekmatch` share: how one is declared, exit codes,
// and how results and errors reach the person.
#ifndef TEKMATCH_TOOLS_COMMANDS_COMMAND_H_
#define TEKMATCH_TOOLS_COMMANDS_COMMAND_H_

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/check/export_files.h"
#include "tools/files/output_file.h"

namespace tekmatch {

inline constexpr int kExitDone = 0;
inline constexpr int kExitBadInput = 1;
inline constexpr int kExitUsage = 2;

// What to run once the command line is parsed; returns the exit code.
using CommandBody = std::function<int()>;

// Each declares one subcommand, which puts its work into *body when chosen.
void AddMatchCommand(CLI::App& app, CommandBody* body);
void AddInspectCommand(CLI::App& app, CommandBody* body);
void AddVerifyCommand(CLI::App& app, CommandBody* body);
void AddExportCommand(CLI::App& app, CommandBody* body);
void AddSightingsCommand(CLI::App& app, CommandBody* body);
void AddDemoCommand(CLI::App& app, CommandBody* body);
void AddGenerateCommand(CLI::App& app, CommandBody* body);
void AddWindowCommand(CLI::App& app, CommandBody* body);

// One line on stderr, after the program's name; made printable (printable.h).
void Say(absl::string_view message);

// Says the error on stderr. kExitUsage for INVALID_ARGUMENT, which is the
// person's, else kExitBadInput.
int Fail(const absl::Status& status);

// Writes to stdout, made printable but for line feeds. Exit code kExitBadInput,
// said on stderr, if it is full or closed.
int Print(absl::string_view text);

// Names every file that was refused on stderr. The number of them.
int SayRefused(const std::vector<ExportFileResult>& files);

// The same for each line of a text.
void SayLines(absl::string_view text);

// Writes a result to the file, or prints it where `path` is empty or stdout.
// Exit code; errors are said on stderr.
int WriteResult(const std::string& path, const std::string& text);

// The same for a result of long work: the file is opened before it, so that a
// place which cannot be written to is known then.
class ResultFile {
 public:
  // Errors are OutputFile's.
  static absl::StatusOr<ResultFile> Open(const std::string& path);
  // Once. Exit code; errors are said on stderr.
  int Write(const std::string& text);

 private:
  std::unique_ptr<OutputFile> file_;  // null: stdout
};

// The option --summary-out of commands whose --out is a folder.
void AddSummaryOption(CLI::App& command, std::string& path);

// INVALID_ARGUMENT where the value of an option that wants a folder is "-".
absl::Status CheckFolder(absl::string_view option, const std::string& path);

// A check of an option's value: digits alone, in low..high. CLI11 by itself
// takes -1 for the largest number.
CLI::Validator WholeNumber(
    uint64_t low = 0, uint64_t high = std::numeric_limits<uint64_t>::max());

// An option that may be given several times, with one value each time.
CLI::Option* AddRepeatable(CLI::App& command, const std::string& name,
                           std::vector<std::string>& values,
                           const std::string& help);

// The option --now, for results that do not depend on the clock.
CLI::Option* AddNowOption(CLI::App& command, std::string& value);

// RFC 3339, with or without seconds, or Unix seconds; empty: the clock.
// INVALID_ARGUMENT otherwise, with an example of each.
absl::StatusOr<absl::Time> ParseTime(absl::string_view option,
                                     const std::string& value);

// INVALID_ARGUMENT unless the value is a date such as 2020-12-10.
absl::StatusOr<absl::CivilDay> ParseDate(absl::string_view option,
                                         const std::string& value);

// INVALID_ARGUMENT for a name that the system's time zones lack, and for a
// path.
absl::StatusOr<absl::TimeZone> ParseTimeZone(const std::string& name);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_COMMANDS_COMMAND_H_
