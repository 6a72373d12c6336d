// tekmatch log: which exports a phone's log of exposure checks is about, and
// what the phone saw in them.
//
// No key is trusted here: that an export has the hash of the log shows that it
// is the file that the phone was given. Only such exports are matched.
#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "keyformat/key_block.h"
#include "keyformat/status_macros.h"
#include "matcher/check/exposure_check.h"
#include "matcher/exposure/match_counts.h"
#include "tools/commands/cmd_log_cocoa.h"
#include "tools/commands/cmd_log_cocoa_output.h"
#include "tools/commands/cmd_log_cocoa_page.h"
#include "tools/commands/cmd_log_output.h"
#include "tools/commands/cmd_log_page.h"
#include "tools/commands/cmd_log_report.h"
#include "tools/commands/command.h"
#include "tools/commands/command_line.h"
#include "tools/commands/export_arguments.h"
#include "tools/commands/format_option.h"
#include "tools/commands/page_option.h"
#include "tools/commands/progress.h"
#include "tools/commands/run_paths.h"
#include "tools/commands/screen.h"
#include "tools/files/json_text.h"
#include "tools/files/small_file.h"
#include "tools/report/match_report.h"
#include "tools/report/run_remarks.h"
#include "tools/sightings/check_log.h"
#include "tools/sightings/sightings_stores.h"

namespace tekmatch {
namespace {

// A hundred checks of a thousand files take some 20 MB.
constexpr uint64_t kMaxLogBytes = 64 << 20;

struct Options {
  std::string log;
  ExportArguments exports;
  std::vector<std::string> sightings;
  bool skip_bad_sightings = false;
  std::string format;
  std::string out;
  PageOption page;
  std::string time_zone;  // of the page
};

// The exports that can be read, in their order; others are said.
struct ReadExports {
  std::vector<ExportOfLog> exports;
  bool all_readable = true;
};

absl::StatusOr<ReadExports> ReadAllExports(
    const std::vector<std::string>& paths, const ExportFileOptions& options,
    Progress& progress) {
  ReadExports read;
  size_t number = 0;
  uint64_t num_keys = 0;
  for (const std::string& path : paths) {
    ++number;
    ExportOfLog of_log;
    const absl::StatusOr<ExportFileResult> file = ReadExportFile(
        path, options, [&](const std::unique_ptr<KeyBlock>& block) {
          num_keys += block->size();
          progress.Update([&] {
            return FilesProgressText(number, paths.size(), num_keys);
          });
          for (const EnIntervalNumber start : block->rolling_starts()) {
            const absl::CivilDay day = absl::ToCivilDay(
                absl::FromUnixSeconds(int64_t{start} * kIntervalSeconds),
                absl::UTCTimeZone());
            of_log.first_day = std::min(of_log.first_day.value_or(day), day);
            of_log.last_day = std::max(of_log.last_day.value_or(day), day);
          }
          return absl::OkStatus();
        });
    if (!file.ok()) return file.status();
    if (!file->is_whole()) {
      read.all_readable = false;
      progress.Finish();
      SayRefused({*file});
      continue;
    }
    of_log.path = path;
    of_log.hash = file->report.digests.sha256;
    of_log.num_keys =
        file->report.counts.keys + file->report.counts.revised_keys;
    read.exports.push_back(std::move(of_log));
  }
  progress.Finish();
  return read;
}

// Counts, for each export that the log has, the keys that were heard. Each by
// itself, as the phone counted: a key that stands in two files counts in both.
absl::Status CountMatches(const Options& options, const CheckLog& log,
                          const ExportFileOptions& file_options,
                          std::vector<ExportOfLog>& exports,
                          Progress& progress) {
  absl::StatusOr<RunSightings> read =
      ReadStores(options.sightings, {.skip_bad = options.skip_bad_sightings,
                                     .progress = ShowSightings(progress)});
  progress.Finish();
  if (!read.ok()) return read.status();
  for (const std::string& message : read->messages) {
    Say(absl::StrCat("skipped ", message));
  }
  SayLines(SightingsRemarks(read->counts, Language::kEnglish));
  TEKMATCH_ASSIGN_OR_RETURN(const std::shared_ptr<const SightingIndex> index,
                            IndexSightings(std::move(read->sightings)));
  std::set<Sha256Digest> logged;
  for (const LoggedFile& file : log.files) {
    if (file.hash.has_value()) logged.insert(*file.hash);
  }
  ExposureCheckOptions check;
  check.files = file_options;
  check.files.allow_unsigned = true;
  check.files.no_verify = true;
  for (const auto& [device, count] : read->counts.by_device) {
    check.devices.insert(device);
  }
  for (ExportOfLog& of_log : exports) {
    if (!logged.contains(of_log.hash)) continue;
    TEKMATCH_ASSIGN_OR_RETURN(const ExposureCheckResult result,
                              CheckExposure({of_log.path}, index, check));
    // A list of signatures that is damaged is refused even so, and one file of
    // several is no complete batch: then there is no count.
    if (result.complete) of_log.num_matched = CountKeys(result.result.matches);
  }
  return absl::OkStatus();
}

absl::StatusOr<int> ShowCocoaLog(const Options& options,
                                 const std::string& text) {
  if (!options.exports.given.empty() || !options.sightings.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("LOG ", options.log,
                     ": COCOA's exposure data names no files: give it alone"));
  }
  if (!options.time_zone.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--time-zone has no effect on COCOA's exposure data, whose dates are "
        "UTC's: ",
        options.log));
  }
  const absl::StatusOr<CocoaLog> log = ParseCocoaLog(text);
  if (!log.ok()) {
    return absl::DataLossError(
        absl::StrCat(options.log, ": ", log.status().message()));
  }
  const std::string page =
      options.page.html.empty()
          ? ""
          : CocoaLogPage(*log, options.log, PageLanguage(options.page));
  TEKMATCH_RETURN_IF_ERROR(WritePageAndResult(
      options.page, page, options.out,
      options.format == "json"
          ? DumpJson(CocoaLogJson(*log, options.log), 2) + "\n"
      : options.format == "csv"
          ? CocoaLogCsv(*log)
          : FitReport(options.out, CocoaLogText(*log, options.log))));
  return kExitDone;
}

absl::StatusOr<int> ShowLog(const Options& options) {
  TEKMATCH_RETURN_IF_ERROR(
      CheckNameOfOutput("--html", options.page.html, "html"));
  TEKMATCH_RETURN_IF_ERROR(CheckOneOnStdout(
      {{"--html", options.page.html}, {"--out", options.out}}));
  TEKMATCH_ASSIGN_OR_RETURN(
      const absl::TimeZone zone,
      ParseTimeZone(options.time_zone.empty() ? "UTC" : options.time_zone));
  TEKMATCH_ASSIGN_OR_RETURN(const std::vector<std::string> paths,
                            ListExports(options.exports));
  RunPaths run_paths;
  run_paths.Reads("LOG", options.log);
  ReadsExports(paths, &run_paths);
  for (const std::string& argument : options.sightings) {
    const std::string path = StorePath(argument);
    run_paths.Reads("--sightings", path);
    if (!path.empty()) run_paths.Reads("--sightings", path + "-wal");
  }
  run_paths.Writes("--out", options.out);
  run_paths.Writes("--html", options.page.html);
  TEKMATCH_RETURN_IF_ERROR(run_paths.Check());
  TEKMATCH_ASSIGN_OR_RETURN(const std::string text,
                            ReadSmallFile(options.log, kMaxLogBytes, "log"));
  if (LooksLikeCocoaLog(text)) return ShowCocoaLog(options, text);
  absl::StatusOr<CheckLog> log =
      LooksLikeCheckLog(text) || absl::StartsWith(text, "[")
          ? ParseCheckLog(text)
          : absl::InvalidArgumentError(
                "neither a log of exposure checks, of iOS or Android, nor "
                "COCOA's exposure data");
  if (!log.ok()) {
    return absl::DataLossError(
        absl::StrCat(options.log, ": ", log.status().message()));
  }
  Progress progress;
  ExportFileOptions file_options;
  TEKMATCH_ASSIGN_OR_RETURN(file_options.sources, ReadPipes(paths));
  TEKMATCH_ASSIGN_OR_RETURN(ReadExports read,
                            ReadAllExports(paths, file_options, progress));
  if (!options.sightings.empty()) {
    TEKMATCH_RETURN_IF_ERROR(
        CountMatches(options, *log, file_options, read.exports, progress));
  }
  const LogReport report =
      MakeLogReport(options.log, *log, std::move(read.exports));
  const std::string page =
      options.page.html.empty()
          ? ""
          : LogPage(report, zone, PageLanguage(options.page));
  const absl::Status written = WritePageAndResult(
      options.page, page, options.out,
      options.format == "json" ? DumpJson(LogJson(report), 2) + "\n"
      : options.format == "csv"
          ? LogCsv(report)
          : FitReport(options.out, LogText(report, ReportWidth(options.out))));
  if (read.all_readable) {
    TEKMATCH_RETURN_IF_ERROR(written);
    return kExitDone;
  }
  // The files that were refused decide the exit code, and are said already.
  if (!written.ok()) Say(written.message());
  return kExitBadInput;
}

}  // namespace

void AddLogCommand(CommandLine& line) {
  OptionSet command = line.AddCommand(
      "log", "Show which exports a phone's log of exposure checks is about");
  const auto o = std::make_shared<Options>();
  command
      .Text("LOG", o->log,
            "What a phone exports: iOS (ExposureChecks), Android\n"
            "(all-exposure-checks.json), COCOA (exposure_data.json)")
      .Required();
  AddExportArguments(command, o->exports);
  command.Repeatable("--sightings", o->sightings,
                     "[DEVICE=]FILE, to count matches, too");
  command.Flag("--skip-bad-sightings", o->skip_bad_sightings,
               "Leave malformed rows out, and use what is left of a\n"
               "damaged database, instead of stopping");
  const FormatOption format =
      AddFormatOption(command, {"text", "json", "csv"}, o->format);
  command.Text("--out", o->out, "Write the report here, not to stdout (-)");
  const Option html = AddPageOption(
      command, "Write a page, with plots and tables, here", o->page);
  command
      .Text("--time-zone", o->time_zone,
            "Of the page's days and hours of checks (default: UTC)")
      .Needs(html);
  command.Runs([o, format]() -> absl::StatusOr<int> {
    TEKMATCH_RETURN_IF_ERROR(format.Settle(o->out));
    return ShowLog(*o);
  });
}

}  // namespace tekmatch
