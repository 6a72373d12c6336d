// tekmatch plan: a match is parted into shards, and everything that decides its
// result is noted.
//
// Plan: the inputs are read as a match reads them; what decides the result is
// noted, dealt out and written, and read again as a shard will read it.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "tools/commands/command.h"
#include "tools/commands/command_line.h"
#include "tools/commands/export_arguments.h"
#include "tools/commands/format_option.h"
#include "tools/commands/match_inputs.h"
#include "tools/commands/match_options.h"
#include "tools/commands/match_plan.h"
#include "tools/commands/planned_sightings.h"
#include "tools/commands/progress.h"
#include "tools/files/file_digest.h"
#include "tools/files/output_file.h"
#include "tools/files/scratch_folder.h"

namespace tekmatch {
namespace {

struct PlanOptions {
  MatchOptions match;
  uint32_t num_shards = 0;
  std::string by;
};

absl::StatusOr<int> Plan(const PlanOptions& options) {
  TEKMATCH_RETURN_IF_ERROR(
      CheckNameOfOutput("--out", options.match.out, "json"));
  MatchPlan plan;
  plan.options = options.match;
  plan.num_shards = options.num_shards;
  plan.by_devices = options.by == "devices";
  TEKMATCH_ASSIGN_OR_RETURN(plan.options.exports.given,
                            ListExports(options.match.exports));
  const std::vector<std::string>& exports = plan.options.exports.given;
  TEKMATCH_RETURN_IF_ERROR(MatchPaths(options.match, exports).Check());
  for (const std::string& path : InputPaths(plan.options, exports)) {
    if (plan.digests.contains(path)) continue;
    TEKMATCH_ASSIGN_OR_RETURN(plan.digests[path], DigestOfPath(path));
  }
  // What a shard would refuse is said now.
  TEKMATCH_ASSIGN_OR_RETURN(const MatchRules rules,
                            LoadMatchRules(options.match));
  TEKMATCH_RETURN_IF_ERROR(LoadCheckOptions(options.match, rules).status());

  Progress progress;
  absl::StatusOr<PlannedSightings> read =
      PlanSightings(options.match.sightings,
                    {.skip_bad = options.match.skip_bad_sightings,
                     .progress = ShowSightings(progress)},
                    {.folder = TemporaryFolder()});
  progress.Finish();
  if (!read.ok()) return read.status();
  for (const std::string& message : read->messages) {
    Say(absl::StrCat("skipped ", message));
  }
  SayLosses(read->counts);
  plan.now = rules.now;
  plan.as_of = AsOf(rules, read->newest.value_or(-1));
  plan.heard = std::move(read->heard);
  plan.counts = std::move(read->counts);
  plan.messages = std::move(read->messages);
  TEKMATCH_RETURN_IF_ERROR(DealOut(plan));

  const std::string text = MatchPlanText(plan);
  // JSON is UTF-8; a path and the name of a key need not be.
  TEKMATCH_ASSIGN_OR_RETURN(const MatchPlan again,
                            ParseMatchPlan("the plan", text));
  if (again.digests != plan.digests ||
      again.options.trusted_keys != plan.options.trusted_keys ||
      again.options.sightings != plan.options.sightings) {
    return absl::InvalidArgumentError(
        "a path or the name of a key is not UTF-8, which a plan cannot have");
  }
  TEKMATCH_RETURN_IF_ERROR(WriteResult(options.match.out, text));
  return kExitDone;
}

}  // namespace

void AddPlanCommand(CommandLine& line) {
  OptionSet command = line.AddCommand(
      "plan", "Part a match into shards, for several processes or machines");
  const auto o = std::make_shared<PlanOptions>();
  const InputOptions inputs = AddInputOptions(command, o->match);
  inputs.exports.Required();
  inputs.sightings.Required();
  AddMeaningOptions(command, o->match);
  AddNowOfMatch(command, o->match);
  command.Number("--shards", o->num_shards, "How many", 1, kMaxShards)
      .Required();
  command
      .Text("--by", o->by,
            "files: each shard takes some exports and all sightings;\n"
            "devices: the sightings of some devices and all exports")
      .OneOf({"files", "devices"})
      .Required();
  command.Text("--out", o->match.out, "Write the plan here, not to stdout (-)");
  command.Runs([o] { return Plan(*o); });
}

}  // namespace tekmatch
