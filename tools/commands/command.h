// What the subcommands of `tekmatch` share: how one is declared, exit codes,
// and how results and errors reach the person.
#ifndef TEKMATCH_TOOLS_COMMANDS_COMMAND_H_
#define TEKMATCH_TOOLS_COMMANDS_COMMAND_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "matcher/check/export_files.h"
#include "tools/files/output_file.h"

namespace tekmatch {

class CommandLine;
class OptionSet;

inline constexpr int kExitDone = 0;
inline constexpr int kExitBadInput = 1;
inline constexpr int kExitUsage = 2;

// Each declares one subcommand, with what it does when it is chosen.
void AddMatchCommand(CommandLine& line);
void AddPlanCommand(CommandLine& line);
void AddMergeCommand(CommandLine& line);
void AddCheckCommand(CommandLine& line);
void AddInspectCommand(CommandLine& line);
void AddLogCommand(CommandLine& line);
void AddVerifyCommand(CommandLine& line);
void AddExportCommand(CommandLine& line);
void AddSightingsCommand(CommandLine& line);
void AddDemoCommand(CommandLine& line);
void AddGenerateCommand(CommandLine& line);
void AddWindowCommand(CommandLine& line);

// One line on stderr, after the program's name; made printable (printable.h).
void Say(absl::string_view message);

// Says the error on stderr. kExitUsage for INVALID_ARGUMENT, which is the
// person's, else kExitBadInput.
int Fail(const absl::Status& status);

// Writes to stdout, made printable but for line feeds. The system's error if it
// is full or closed.
absl::Status Print(absl::string_view text);

// Names every file that was refused on stderr. The number of them.
int SayRefused(const std::vector<ExportFileResult>& files);

// The same for each line of a text.
void SayLines(absl::string_view text);

// Writes a result to the file, or prints it where `path` is empty or stdout.
// Errors are OutputFile's and Print's.
absl::Status WriteResult(const std::string& path, const std::string& text);

// The same for a result of long work: the file is opened before it, so that a
// place which cannot be written to is known then.
class ResultFile {
 public:
  // Errors are OutputFile's.
  static absl::StatusOr<ResultFile> Open(const std::string& path);
  // Once. Errors are OutputFile's and Print's.
  absl::Status Write(const std::string& text);

 private:
  std::unique_ptr<OutputFile> file_;  // null: stdout
};

// The option --summary-out of commands whose --out is a folder.
void AddSummaryOption(OptionSet& command, std::string& path);

// INVALID_ARGUMENT where the value of an option that wants a folder is "-".
absl::Status CheckFolder(absl::string_view option, const std::string& path);

// The option --now, for results that do not depend on the clock.
void AddNowOption(OptionSet& command, std::string& value);

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
