// tekmatch match: exports and sightings in, dates and counts out.
//
// Plan: options are checked before anything is read, and what they name is
// loaded (match_inputs.h); the run is made; where it is a result, its report is
// made, and written when all of it is whole (match_results.h).
#include <memory>
#include <string>
#include <vector>

#include "keyformat/status_macros.h"
#include "matcher/check/exposure_check.h"
#include "tools/commands/command.h"
#include "tools/commands/command_line.h"
#include "tools/commands/export_arguments.h"
#include "tools/commands/match_inputs.h"
#include "tools/commands/match_options.h"
#include "tools/commands/match_results.h"
#include "tools/commands/match_shard.h"
#include "tools/commands/progress.h"

namespace tekmatch {
namespace {

// The run itself, with the exports' share of its options and its progress.
absl::StatusOr<ExposureCheckResult> RunCheck(
    const std::vector<std::string>& exports, const MatchSightings& sightings,
    ExposureCheckOptions& check, Progress& progress) {
  // Pipes are held in memory: read only when all else is known to be in order.
  TEKMATCH_ASSIGN_OR_RETURN(check.files.sources, ReadPipes(exports));
  const size_t num_files = exports.size();
  progress.Announce([num_files] { return FilesProgressText(0, num_files, 0); });
  check.progress = [&progress, num_files](size_t file, uint64_t num_keys) {
    progress.Update(
        [&] { return FilesProgressText(file, num_files, num_keys); });
  };
  absl::StatusOr<ExposureCheckResult> run =
      CheckExposure(exports, sightings.index, check);
  progress.Finish();
  return run;
}

absl::StatusOr<int> MatchExports(const MatchOptions& options) {
  TEKMATCH_RETURN_IF_ERROR(CheckMatchOptions(options));
  TEKMATCH_ASSIGN_OR_RETURN(const std::vector<std::string> exports,
                            ListExports(options.exports));
  TEKMATCH_RETURN_IF_ERROR(MatchPaths(options, exports).Check());
  TEKMATCH_ASSIGN_OR_RETURN(const MatchRules rules, LoadMatchRules(options));
  TEKMATCH_ASSIGN_OR_RETURN(ExposureCheckOptions check,
                            LoadCheckOptions(options, rules));
  Progress progress;
  TEKMATCH_ASSIGN_OR_RETURN(const MatchSightings sightings,
                            LoadMatchSightings(options, progress));
  const OwnKeyCounts own_keys = FitToSightings(sightings, rules, check);

  TEKMATCH_ASSIGN_OR_RETURN(const ExposureCheckResult run,
                            RunCheck(exports, sightings, check, progress));
  TEKMATCH_RETURN_IF_ERROR(CheckHasResult(options, run, sightings.counts));
  if (!PrintsReasons(options)) SayRefused(run.files);

  const RunAccount account = {
      .run = run, .sightings = sightings.counts, .own_keys = own_keys};
  const std::string report = MatchReport(options, rules, check, account);
  const std::string page = MatchResultPage(options, rules, check, account,
                                           sightings.index->sightings());
  TEKMATCH_RETURN_IF_ERROR(WriteMatchResults(options, account, report, page));
  // Printed last: a run that fails has printed no result.
  if (PrintsResult(options)) TEKMATCH_RETURN_IF_ERROR(Print(report));
  return kExitDone;
}

// A shard has them from its plan.
absl::Status CheckInputs(const InputOptions& inputs) {
  if (!inputs.exports.given()) {
    return absl::InvalidArgumentError("EXPORT is required");
  }
  return inputs.sightings.given()
             ? absl::OkStatus()
             : absl::InvalidArgumentError("--sightings is required");
}

}  // namespace

void AddMatchCommand(CommandLine& line) {
  OptionSet command = line.AddCommand(
      "match", "Match exports against sightings; prints dates and counts");
  const auto o = std::make_shared<MatchOptions>();
  const InputOptions inputs = AddInputOptions(command, *o);
  const NoticeOptions notice = AddRuleOptions(command, *o);
  AddNowOfMatch(command, *o);
  const auto shard = std::make_shared<ShardOptions>();
  AddShardOptions(command, *shard);
  command.Runs([o, shard, inputs, notice, command]() -> absl::StatusOr<int> {
    if (!shard->plan.empty()) {
      return MatchShardOfPlan(*shard, *o, command.Given());
    }
    TEKMATCH_RETURN_IF_ERROR(CheckInputs(inputs));
    TEKMATCH_RETURN_IF_ERROR(notice.Tell(*o));
    return MatchExports(*o);
  });
}

}  // namespace tekmatch
