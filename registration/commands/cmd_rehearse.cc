// tekmatch-registry rehearse: plays a day of registrations with real processes,
// and says what held.
#include <csignal>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "keyformat/status_macros.h"
#include "registration/commands/command.h"
#include "registration/rehearsal/rehearsal.h"
#include "registration/rehearsal/rehearsal_config.h"
#include "registration/rehearsal/rehearsal_report.h"
#include "tools/commands/command_line.h"
#include "tools/files/small_file.h"

namespace tekmatch {
namespace {

constexpr uint64_t kMostConfigBytes = 256 << 10;

struct Options {
  std::string config;
  std::string out;
};

absl::StatusOr<RehearsalConfig> ConfigOf(const std::string& name) {
  std::string text(ShippedConfig(name));
  if (text.empty()) {
    TEKMATCH_ASSIGN_OR_RETURN(
        text, ReadSmallFile(name, kMostConfigBytes, "a configuration"));
  }
  absl::StatusOr<RehearsalConfig> config = ParseRehearsalConfig(text);
  if (config.ok()) return config;
  return OfFile(name, config.status());
}

absl::StatusOr<int> Rehearse(const Options& o) {
  TEKMATCH_ASSIGN_OR_RETURN(const RehearsalConfig config, ConfigOf(o.config));
  std::signal(SIGPIPE, SIG_IGN);
  TEKMATCH_ASSIGN_OR_RETURN(const RehearsalOutcome outcome,
                            RunRehearsal(config, o.out, &Say));
  TEKMATCH_RETURN_IF_ERROR(PrintText(ReportText(outcome)));
  TEKMATCH_RETURN_IF_ERROR(
      PrintLine(absl::StrCat("report: ", o.out, "/report.html")));
  return outcome.holds() ? kExitDone : kExitBadInput;
}

}  // namespace

void AddRehearseCommand(CommandLine& line) {
  OptionSet command = line.AddCommand(
      "rehearse", "Play a day of registrations with real processes");
  const auto o = std::make_shared<Options>();
  command
      .Text("--config", o->config,
            absl::StrCat("A JSON file, or one that is built in:\n",
                         absl::StrJoin(ShippedConfigNames(), ", ")))
      .Required();
  command
      .Text("--out", o->out,
            "Folder for report.html, report.json and the roles'\n"
            "files; made, or empty")
      .Required();
  command.Runs([o] { return Rehearse(*o); });
}

}  // namespace tekmatch
