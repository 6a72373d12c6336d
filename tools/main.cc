// tekmatch: matches published diagnosis keys against a device's sightings.
// One subcommand a file; exit codes in command.h.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <sstream>

#include "tools/command.h"
#include "tools/memory_end.h"

namespace {

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
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) {
      tekmatch::Say(error.what());
      std::fputs("Run with --help for more information.\n", stderr);
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
