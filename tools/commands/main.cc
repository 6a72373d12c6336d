// tekmatch: matches published diagnosis keys against a device's sightings.
// One subcommand a file; exit codes in command.h.
#include <exception>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "keyformat/status_macros.h"
#include "matcher/store/sqlite_memory.h"
#include "tools/commands/command.h"
#include "tools/commands/command_line.h"
#include "tools/commands/memory_end.h"
#include "tools/commands/version.h"

namespace {

absl::StatusOr<int> Run(int argc, char** argv) {
  tekmatch::CommandLine line(
      "tekmatch",
      "Matches published diagnosis keys (TEK exports) against Bluetooth "
      "sightings.\nExit codes: 0 done, 1 bad input, 2 wrong usage.",
      &tekmatch::VersionText);
  tekmatch::AddMatchCommand(line);
  tekmatch::AddPlanCommand(line);
  tekmatch::AddMergeCommand(line);
  tekmatch::AddCheckCommand(line);
  tekmatch::AddInspectCommand(line);
  tekmatch::AddVerifyCommand(line);
  tekmatch::AddExportCommand(line);
  tekmatch::AddWindowCommand(line);
  tekmatch::AddSightingsCommand(line);
  tekmatch::AddLogCommand(line);
  tekmatch::AddGenerateCommand(line);
  tekmatch::AddDemoCommand(line);
  TEKMATCH_ASSIGN_OR_RETURN(
      const tekmatch::ParsedLine parsed,
      line.Parse(std::vector<std::string>(argv + 1, argv + argc)));
  if (parsed.body != nullptr) return parsed.body();
  TEKMATCH_RETURN_IF_ERROR(tekmatch::Print(parsed.text));
  return tekmatch::kExitDone;
}

}  // namespace

int main(int argc, char** argv) {
  tekmatch::EndWhereMemoryEnds("tekmatch");
  // Before any use of SQLite: a store is opened after databases of other apps.
  tekmatch::MakeSqliteWipeMemory();
  // CLI11, nlohmann and the standard library throw; the libraries below do not.
  try {
    const absl::StatusOr<int> exit_code = Run(argc, argv);
    return exit_code.ok() ? *exit_code : tekmatch::Fail(exit_code.status());
  } catch (const std::exception& error) {
    tekmatch::Say(error.what());
    return tekmatch::kExitBadInput;
  }
}
