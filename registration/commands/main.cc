// tekmatch-registry: from a positive test to published keys. One subcommand a
// file; exit codes in command.h.
#include <csignal>
#include <exception>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "keyformat/status_macros.h"
#include "registration/commands/command.h"
#include "tools/commands/command_line.h"
#include "tools/commands/memory_end.h"
#include "tools/commands/version.h"

namespace {

absl::StatusOr<int> Run(int argc, char** argv) {
  tekmatch::CommandLine line(
      "tekmatch-registry",
      "Registers people who tested positive, and publishes their keys.\n"
      "Exit codes: 0 done, 1 bad input, 2 wrong usage.",
      &tekmatch::VersionText);
  tekmatch::AddHersysCommand(line);
  tekmatch::AddIssueCommand(line);
  tekmatch::AddIssuesCommand(line);
  tekmatch::AddPurgeCommand(line);
  tekmatch::AddOperatorCommand(line);
  tekmatch::AddServerCommand(line);
  tekmatch::AddPublishCommand(line);
  tekmatch::AddStatusCommand(line);
  tekmatch::AddRehearseCommand(line);
  tekmatch::AddPhoneCommand(line);
  tekmatch::AddPhoneImportCommand(line);
  TEKMATCH_ASSIGN_OR_RETURN(
      const tekmatch::ParsedLine parsed,
      line.Parse(std::vector<std::string>(argv + 1, argv + argc)));
  if (parsed.body != nullptr) return parsed.body();
  std::string text = parsed.text;
  if (!text.empty() && text.back() == '\n') text.pop_back();
  TEKMATCH_RETURN_IF_ERROR(tekmatch::PrintText(text));
  return tekmatch::kExitDone;
}

}  // namespace

int main(int argc, char** argv) {
  // A role that ends is started again, and loses nothing by it.
  tekmatch::EndWhereMemoryEnds("tekmatch-registry");
  // A limit on the size of files is an error, as a full disk is, and no end of
  // the process.
  std::signal(SIGXFSZ, SIG_IGN);
  // CLI11, nlohmann and the standard library throw; the libraries below do not.
  try {
    const absl::StatusOr<int> exit_code = Run(argc, argv);
    if (exit_code.ok()) return *exit_code;
    tekmatch::Say(exit_code.status().message());
    return absl::IsInvalidArgument(exit_code.status())
               ? tekmatch::kExitUsage
               : tekmatch::kExitBadInput;
  } catch (const std::exception& error) {
    tekmatch::Say(error.what());
    return tekmatch::kExitBadInput;
  }
}
