// tekmatch merge: what the shards of a plan found, as the result of one match.
//
// Plan: the plan; its options with those of the outputs; partials one after
// another; then results in pieces, or, where an output needs all matches at
// once, as cmd_match.cc.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "keyformat/byte_source.h"
#include "keyformat/status_macros.h"
#include "matcher/check/shard_merger.h"
#include "tools/commands/command.h"
#include "tools/commands/command_line.h"
#include "tools/commands/match_inputs.h"
#include "tools/commands/match_options.h"
#include "tools/commands/match_plan.h"
#include "tools/commands/match_results.h"
#include "tools/commands/match_shard.h"
#include "tools/commands/merged_results.h"
#include "tools/commands/progress.h"
#include "tools/commands/run_paths.h"

namespace tekmatch {
namespace {

struct MergeOptions {
  std::string plan;
  std::vector<std::string> partials;
  MatchOptions outputs;
  uint64_t memory_mib = 64;
  bool dates_given = false;

  size_t memory_bytes() const { return static_cast<size_t>(memory_mib) << 20; }
};

// The plan's options, told as this process is asked to.
MatchOptions Joined(const MatchPlan& plan, const MatchOptions& outputs) {
  MatchOptions options = plan.options;
  options.language = outputs.language;
  options.dates = outputs.dates;
  options.explain = outputs.explain;
  options.format = outputs.format;
  options.out = outputs.out;
  options.matches_out = outputs.matches_out;
  options.html = outputs.html;
  options.show_contacts = outputs.show_contacts;
  options.language_given = outputs.language_given;
  options.notice_options = outputs.notice_options;
  return options;
}

absl::Status AddPartials(const std::vector<std::string>& partials,
                         ShardMerger& merger) {
  for (const std::string& path : partials) {
    TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<ByteSource> partial,
                              OpenFileSource(path));
    TEKMATCH_RETURN_IF_ERROR(merger.Add(*partial));
  }
  return absl::OkStatus();
}

// What `match` says while it reads sightings.
void SayMessages(const MatchPlan& plan, const MatchOptions& options) {
  for (const std::string& message : plan.messages) {
    Say(absl::StrCat("skipped ", message));
  }
  if (!PrintsResult(options)) SayLosses(plan.counts);
}

absl::Status CheckResult(const MatchOptions& options, const MatchPlan& plan,
                         const ExposureCheckResult& run) {
  TEKMATCH_RETURN_IF_ERROR(CheckHasResult(options, run, plan.counts));
  if (!PrintsReasons(options)) SayRefused(run.files);
  return absl::OkStatus();
}

absl::Status MergeInPieces(const MergeOptions& given,
                           const MatchOptions& options,
                           const LoadedPlan& loaded,
                           const PlannedRun& planned) {
  const MatchPlan& plan = loaded.plan;
  SayMessages(plan, options);
  ShardMerger merger(loaded.shards, SettingsOfMerge(given.memory_bytes()));
  TEKMATCH_RETURN_IF_ERROR(AddPartials(given.partials, merger));
  MergedResults results(options, !plan.counts.by_device.empty(),
                        planned.rules.dates_zone, given.memory_bytes());
  TEKMATCH_ASSIGN_OR_RETURN(
      const ExposureCheckResult run,
      merger.Conclude(plan.sighting_numbers(), planned.check,
                      [&results](absl::Span<const Match> matches) {
                        return results.Take(matches);
                      }));
  TEKMATCH_RETURN_IF_ERROR(CheckResult(options, plan, run));
  const RunAccount account = {
      .run = run, .sightings = plan.counts, .own_keys = planned.own_keys};
  return results.Write(planned.rules, planned.check, account, merger);
}

absl::Status MergeInMemory(const MergeOptions& given,
                           const MatchOptions& options,
                           const LoadedPlan& loaded,
                           const PlannedRun& planned) {
  const MatchPlan& plan = loaded.plan;
  // A page plots what the phone heard: that is in no partial.
  std::optional<MatchSightings> sightings;
  if (options.html.empty()) {
    SayMessages(plan, options);
  } else {
    MatchOptions read;
    read.sightings = options.sightings;
    TEKMATCH_RETURN_IF_ERROR(CheckUnchanged(plan, InputPaths(read, {})));
    Progress progress;
    TEKMATCH_ASSIGN_OR_RETURN(sightings, LoadMatchSightings(options, progress));
  }
  ShardMerger merger(loaded.shards, SettingsOfMerge(given.memory_bytes()));
  TEKMATCH_RETURN_IF_ERROR(AddPartials(given.partials, merger));
  TEKMATCH_ASSIGN_OR_RETURN(
      const ExposureCheckResult run,
      merger.ConcludeInMemory(plan.sighting_numbers(), planned.check));
  TEKMATCH_RETURN_IF_ERROR(CheckResult(options, plan, run));

  const RunAccount account = {
      .run = run, .sightings = plan.counts, .own_keys = planned.own_keys};
  const std::string report =
      MatchReport(options, planned.rules, planned.check, account);
  std::string page;
  if (sightings.has_value()) {
    page = MatchResultPage(options, planned.rules, planned.check, account,
                           sightings->index->sightings());
  }
  TEKMATCH_RETURN_IF_ERROR(WriteMatchResults(options, account, report, page));
  return PrintsResult(options) ? Print(report) : absl::OkStatus();
}

absl::StatusOr<int> Merge(const MergeOptions& given) {
  TEKMATCH_ASSIGN_OR_RETURN(const LoadedPlan loaded, LoadMatchPlan(given.plan));
  const MatchPlan& plan = loaded.plan;
  const MatchOptions options = Joined(plan, given.outputs);
  if (given.dates_given && options.config.empty()) {
    return absl::InvalidArgumentError("--dates requires a plan with --config");
  }
  TEKMATCH_RETURN_IF_ERROR(CheckMatchOptions(options));
  RunPaths paths = MatchPaths(options, options.exports.given);
  paths.Reads("--plan", given.plan);
  paths.Reads("PARTIAL", given.partials);
  TEKMATCH_RETURN_IF_ERROR(paths.Check());
  // Those that decide the meaning are read here, too.
  MatchOptions read = options;
  read.sightings.clear();
  TEKMATCH_RETURN_IF_ERROR(CheckUnchanged(plan, InputPaths(read, {})));
  TEKMATCH_ASSIGN_OR_RETURN(PlannedRun planned, LoadPlannedRun(plan, options));
  // A merge promises little memory, and each thread that reads an export again
  // takes more.
  planned.check.num_threads = 1;
  TEKMATCH_RETURN_IF_ERROR(
      IsWrittenInPieces(options)
          ? MergeInPieces(given, options, loaded, planned)
          : MergeInMemory(given, options, loaded, planned));
  return kExitDone;
}

}  // namespace

void AddMergeCommand(CommandLine& line) {
  OptionSet command = line.AddCommand(
      "merge", "Merge the shards of a plan; prints what one match would");
  const auto o = std::make_shared<MergeOptions>();
  command.Text("--plan", o->plan, "What the shards were planned by").Required();
  command
      .Arguments("PARTIAL", o->partials,
                 "What each shard found, in any order: all of them")
      .Required();
  command
      .Number("--memory", o->memory_mib,
              "MiB for candidates and matches; what does not fit goes to a\n"
              "file without a name in TMPDIR, or /tmp",
              0, uint64_t{1} << 20)
      .ShowDefault();
  const NoticeOptions notice = AddOutputOptions(command, o->outputs);
  command.Runs([o, notice]() -> absl::StatusOr<int> {
    TEKMATCH_RETURN_IF_ERROR(notice.Tell(o->outputs));
    o->dates_given = notice.dates.given();
    return Merge(*o);
  });
}

}  // namespace tekmatch
