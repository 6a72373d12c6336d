// tekmatch: matches published diagnosis keys against a device's sightings.
// One subcommand a file; exit codes in command.h.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "tools/commands/command.h"
#include "tools/commands/command_names.h"
#include "tools/commands/memory_end.h"
#include "tools/commands/version.h"

namespace {

// Where to read on, for the command that was asked for.
std::string HelpOf(const std::vector<std::string>& arguments) {
  const bool names_one = !arguments.empty() && arguments[0][0] != '-';
  return absl::StrCat("`tekmatch help", names_one ? " " : "",
                      names_one ? arguments[0] : "", "` has more");
}

int Run(int argc, char** argv) {
  CLI::App app(
      "Matches published diagnosis keys (TEK exports) against Bluetooth "
      "sightings.\nExit codes: 0 done, 1 bad input, 2 wrong usage.",
      "tekmatch");
  app.require_subcommand(1);
  app.get_formatter()->column_width(32);
  tekmatch::CommandBody body;
  tekmatch::AddMatchCommand(app, &body);
  tekmatch::AddInspectCommand(app, &body);
  tekmatch::AddVerifyCommand(app, &body);
  tekmatch::AddExportCommand(app, &body);
  tekmatch::AddWindowCommand(app, &body);
  tekmatch::AddSightingsCommand(app, &body);
  tekmatch::AddGenerateCommand(app, &body);
  tekmatch::AddDemoCommand(app, &body);
  app.set_version_flag("--version", [] { return tekmatch::VersionText(); });
  std::vector<std::string> arguments(argv + 1, argv + argc);
  arguments = tekmatch::WithHelpAsOption(std::move(arguments));
  if (absl::Status s = tekmatch::CheckNames(app, arguments); !s.ok()) {
    return tekmatch::Fail(s);
  }
  try {
    // CLI11 wants them last to first.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) {
      tekmatch::Say(absl::StrCat(error.what(), "; ", HelpOf(arguments)));
      return tekmatch::kExitUsage;
    }
    std::ostringstream help;
    app.exit(error, help, help);
    return tekmatch::Print(help.str());
  }
  return body();
}

}  // namespace

int main(int argc, char** argv) {
  tekmatch::EndWhereMemoryEnds();
  // CLI11, nlohmann and the standard library throw; the libraries below do not.
  try {
    return Run(argc, argv);
  } catch (const std::exception& error) {
    tekmatch::Say(error.what());
    return tekmatch::kExitBadInput;
  }
}
