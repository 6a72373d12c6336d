// Plan: options; what a plan's run is made with; the shard's own inputs, which
// have to be what was planned, before and after they are read; the match; the
// partial.
#include "tools/commands/match_shard.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "keyformat/status_macros.h"
#include "matcher/check/export_files.h"
#include "matcher/check/exposure_check.h"
#include "matcher/check/partial.h"
#include "matcher/check/shards.h"
#include "matcher/check/thread_tasks.h"
#include "tools/commands/command.h"
#include "tools/commands/format_option.h"
#include "tools/commands/progress.h"
#include "tools/commands/run_paths.h"
#include "tools/files/file_digest.h"
#include "tools/files/output_file.h"

namespace tekmatch {
namespace {

// INVALID_ARGUMENT for an option that the plan or the merge has, whatever its
// value: one that equals its default was meant, too.
absl::Status CheckAlone(const std::vector<std::string>& given) {
  static constexpr std::array<absl::string_view, 4> kOfShard = {
      "--plan", "--shard", "--partial", "--threads"};
  static constexpr std::array<absl::string_view, 8> kOfMerge = {
      "--lang", "--dates",       "--explain", "--format",
      "--out",  "--matches-out", "--html",    "--show-contacts"};
  const auto is_among = [](const auto& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const std::string& name : given) {
    if (is_among(kOfShard, name)) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        name, " and --plan: ",
        is_among(kOfMerge, name) ? "it is tekmatch merge that tells"
                                 : "the plan has it"));
  }
  return absl::OkStatus();
}

// Of the plan's options, those of the shard: its files, and the stores that may
// have sightings of its devices. A store without a device in its argument may
// have those of any.
absl::StatusOr<MatchOptions> OptionsOfShard(const MatchPlan& plan,
                                            const ShardPlan& shards,
                                            uint32_t shard) {
  MatchOptions options = plan.options;
  options.exports.given.clear();
  for (const uint32_t number : shards.FilesOf(shard)) {
    options.exports.given.push_back(plan.options.exports.given[number]);
  }
  if (!plan.by_devices) return options;
  options.sightings.clear();
  for (const std::string& argument : plan.options.sightings) {
    TEKMATCH_ASSIGN_OR_RETURN(const std::optional<uint32_t> device,
                              StoreDevice(argument));
    if (!device.has_value() || shards.DevicesOf(shard).contains(*device)) {
      options.sightings.push_back(argument);
    }
  }
  return options;
}

// The system's error where a file could not be read that was there when it was
// planned: the partial would have it as unreadable for good.
absl::Status CheckRead(const MatchPlan& plan,
                       const std::vector<PartialFile>& files) {
  for (const PartialFile& one : files) {
    const ExportFileResult& file = one.matched.file;
    const auto planned = plan.digests.find(file.path);
    if (file.verdict == "unreadable" && planned != plan.digests.end() &&
        planned->second != kNoFile) {
      return absl::UnavailableError(file.message);
    }
  }
  return absl::OkStatus();
}

}  // namespace

void AddShardOptions(OptionSet& command, ShardOptions& options) {
  const Option plan = command.Text(
      "--plan", options.plan,
      "Match one shard of this plan (tekmatch plan), which has all\n"
      "other options but --threads");
  const Option shard = command.Number(
      "--shard", options.shard, "Which one, 1 to --shards", 1, kMaxShards);
  const Option partial =
      command.Text("--partial", options.partial,
                   "Write what it finds here, for tekmatch merge");
  plan.Needs(shard);
  plan.Needs(partial);
  shard.Needs(plan);
  partial.Needs(plan);
}

absl::StatusOr<PlannedRun> LoadPlannedRun(const MatchPlan& plan,
                                          const MatchOptions& options) {
  PlannedRun run;
  TEKMATCH_ASSIGN_OR_RETURN(run.rules, LoadMatchRules(options));
  run.rules.now = plan.now;
  TEKMATCH_ASSIGN_OR_RETURN(run.check, LoadCheckOptions(options, run.rules));
  run.own_keys = FitToSightings(plan.counts, plan.as_of, run.check);
  return run;
}

absl::StatusOr<int> MatchShardOfPlan(const ShardOptions& shard,
                                     const MatchOptions& options,
                                     const std::vector<std::string>& given) {
  TEKMATCH_RETURN_IF_ERROR(CheckAlone(given));
  TEKMATCH_RETURN_IF_ERROR(
      CheckNameOfOutput("--partial", shard.partial, "a partial"));
  TEKMATCH_ASSIGN_OR_RETURN(const LoadedPlan loaded, LoadMatchPlan(shard.plan));
  const MatchPlan& plan = loaded.plan;
  if (shard.shard > plan.num_shards) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--shard ", shard.shard, ": the plan has ", plan.num_shards));
  }
  const uint32_t number = shard.shard - 1;
  const std::set<uint32_t>& devices = loaded.shards.DevicesOf(number);
  TEKMATCH_ASSIGN_OR_RETURN(MatchOptions own,
                            OptionsOfShard(plan, loaded.shards, number));
  own.num_threads = options.num_threads;
  const std::vector<std::string>& exports = own.exports.given;
  RunPaths paths = MatchPaths(own, exports);
  paths.Reads("--plan", shard.plan);
  paths.Writes("--partial", shard.partial);
  TEKMATCH_RETURN_IF_ERROR(paths.Check());
  TEKMATCH_RETURN_IF_ERROR(CheckUnchanged(plan, InputPaths(own, exports)));
  TEKMATCH_ASSIGN_OR_RETURN(PlannedRun run, LoadPlannedRun(plan, own));
  TEKMATCH_ASSIGN_OR_RETURN(auto file, OutputFile::Open(shard.partial));

  Progress progress;
  const ThreadTasks tasks(static_cast<size_t>(NumThreads(own)));
  absl::StatusOr<RunSightings> read =
      ReadStores(own.sightings, {.skip_bad = own.skip_bad_sightings,
                                 .progress = ShowSightings(progress),
                                 .tasks = &tasks});
  progress.Finish();
  if (!read.ok()) return read.status();
  if (plan.by_devices) {
    std::erase_if(read->sightings, [&devices](const Sighting& sighting) {
      return !devices.contains(sighting.device);
    });
  }
  TEKMATCH_ASSIGN_OR_RETURN(const std::shared_ptr<const SightingIndex> index,
                            IndexSightings(std::move(read->sightings), tasks));

  ShardTask task{.paths = exports, .numbers = loaded.shards.FilesOf(number)};
  if (plan.by_devices) {
    task.tells_keys = number == 0;
    task.all_heard = &plan.heard;
  }
  const size_t num_files = exports.size();
  run.check.progress = [&progress, num_files](size_t done, uint64_t num_keys) {
    progress.Update(
        [&] { return FilesProgressText(done, num_files, num_keys); });
  };
  absl::StatusOr<std::vector<PartialFile>> found =
      MatchShard(task, index, run.check);
  progress.Finish();
  if (!found.ok()) return found.status();
  TEKMATCH_RETURN_IF_ERROR(CheckRead(plan, *found));
  TEKMATCH_RETURN_IF_ERROR(WritePartial(
      {.plan = loaded.shards.digest,
       .shard = number,
       .num_files = static_cast<uint32_t>(num_files),
       .num_sightings = index->sightings().size()},
      *found,
      [&file](absl::string_view bytes) { return file->Append(bytes); }));
  TEKMATCH_RETURN_IF_ERROR(file->Sync());
  // What was read is what was planned: nobody has written to it meanwhile.
  TEKMATCH_RETURN_IF_ERROR(CheckUnchanged(plan, InputPaths(own, exports)));
  TEKMATCH_RETURN_IF_ERROR(file->Commit());
  return kExitDone;
}

}  // namespace tekmatch
