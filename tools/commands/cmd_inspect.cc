// tekmatch inspect: what is in exports, whoever signed them.
//
// Plan: the texts of one file; what a run makes of the files together (Output);
// the run, which reads a file after another.
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "keyformat/key_decoder.h"
#include "keyformat/printable.h"
#include "keyformat/status_macros.h"
#include "tools/commands/command.h"
#include "tools/commands/command_line.h"
#include "tools/commands/export_arguments.h"
#include "tools/commands/format_option.h"
#include "tools/commands/key_lines.h"
#include "tools/commands/page_option.h"
#include "tools/commands/progress.h"
#include "tools/commands/run_paths.h"
#include "tools/commands/screen.h"
#include "tools/files/json_text.h"
#include "tools/files/output_file.h"
#include "tools/report/export_page.h"
#include "tools/report/export_statistics.h"
#include "tools/report/export_totals.h"
#include "tools/report/match_report.h"

namespace tekmatch {
namespace {

using ::nlohmann::ordered_json;

struct Options {
  ExportArguments exports;
  std::string keys_out;
  std::string out;
  PageOption page;
  std::string format;
  std::string now;
  bool totals = false;
};

std::string Scalar(const ordered_json& value) {
  if (value.is_null()) return "absent";
  return value.is_string() ? Printable(value.get<std::string>())
                           : DumpJson(value, -1);
}

// "a 1, b 2" for an object of counts.
std::string OneLine(const ordered_json& object) {
  std::string line;
  for (const auto& [name, value] : object.items()) {
    absl::StrAppend(&line, line.empty() ? "" : ", ", name, " ", Scalar(value));
  }
  return line.empty() ? "none" : line;
}

// The JSON object for a person: a line a member, so that both formats say the
// same.
std::string Text(const ordered_json& file) {
  std::string text = absl::StrCat(Scalar(file["path"]), "\n");
  for (const auto& [name, value] : file.items()) {
    if (name == "path") continue;
    absl::StrAppend(&text, "  ", name, ": ");
    if (value.is_object()) {
      absl::StrAppend(&text, OneLine(value));
    } else if (value.is_array()) {
      std::string lines;
      for (const ordered_json& element : value) {
        absl::StrAppend(&lines, "\n    ", OneLine(element));
      }
      absl::StrAppend(&text, lines.empty() ? "none" : lines);
    } else {
      absl::StrAppend(&text, Scalar(value));
    }
    absl::StrAppend(&text, "\n");
  }
  return text;
}

// What the options ask for that is no use together.
absl::Status CheckOptions(const Options& options) {
  if (options.format == "csv" && !options.totals) {
    return absl::InvalidArgumentError(
        "CSV has totals alone: give --totals, too");
  }
  TEKMATCH_RETURN_IF_ERROR(
      CheckNameOfOutput("--keys-out", options.keys_out, "jsonl"));
  TEKMATCH_RETURN_IF_ERROR(
      CheckNameOfOutput("--html", options.page.html, "html"));
  return CheckOneOnStdout({{"--keys-out", options.keys_out},
                           {"--html", options.page.html},
                           {"--out", options.out}});
}

// The description, as the options ask for it.
std::string Description(const Options& options, const ordered_json& files,
                        const ExportTotals& totals) {
  if (options.format == "csv") return totals.Csv();
  if (options.format == "json") {
    return DumpJson(options.totals ? totals.Json() : files, 2) + "\n";
  }
  if (options.totals) return FitReport(options.out, totals.Text());
  std::string text;
  for (const ordered_json& file : files) text += Text(file);
  return FitReport(options.out, text);
}

absl::StatusOr<int> Inspect(const Options& options) {
  TEKMATCH_RETURN_IF_ERROR(CheckOptions(options));
  const bool keys_to_stdout = IsStdout(options.keys_out);
  TEKMATCH_ASSIGN_OR_RETURN(const std::vector<std::string> exports,
                            ListExports(options.exports));
  RunPaths paths;
  ReadsExports(exports, &paths);
  paths.Writes("--keys-out", options.keys_out);
  paths.Writes("--out", options.out);
  paths.Writes("--html", options.page.html);
  TEKMATCH_RETURN_IF_ERROR(paths.Check());
  TEKMATCH_ASSIGN_OR_RETURN(const absl::Time now,
                            ParseTime("--now", options.now));
  // No key is trusted: a file is shown whatever is to be said of its signature.
  ExportFileOptions file_options;
  file_options.reader.decode.latest_rolling_start = LatestRollingStart(now);
  Progress progress;
  TEKMATCH_ASSIGN_OR_RETURN(file_options.sources, ReadPipes(exports));
  std::unique_ptr<OutputFile> keys_out;
  if (!options.keys_out.empty()) {
    TEKMATCH_ASSIGN_OR_RETURN(keys_out, OutputFile::Open(options.keys_out));
  }

  ordered_json files = ordered_json::array();
  std::vector<ExportFileResult> results;
  ExportTotals totals;
  const bool wants_totals = options.totals || !options.page.html.empty();
  bool all_readable = true;
  size_t number = 0;
  uint64_t num_keys = 0;
  for (const std::string& path : exports) {
    ++number;
    ExportStatistics statistics;
    const absl::StatusOr<ExportFileResult> file = ReadExportFile(
        path, file_options,
        [&](const std::unique_ptr<KeyBlock>& block) -> absl::Status {
          statistics.Add(*block);
          if (wants_totals) totals.Add(*block);
          num_keys += block->size();
          // It would stand between keys that go to the same terminal.
          if (!keys_to_stdout) {
            progress.Update([&] {
              return FilesProgressText(number, exports.size(), num_keys);
            });
          }
          for (size_t i = 0; keys_out != nullptr && i < block->size(); ++i) {
            TEKMATCH_RETURN_IF_ERROR(keys_out->Append(KeyLine(block->key(i))));
          }
          return absl::OkStatus();
        });
    if (!file.ok()) return file.status();
    totals.EndFile(*file);
    if (!options.page.html.empty()) results.push_back(*file);
    if (!file->is_whole()) {
      // Its statistics end in the middle; the others are shown.
      all_readable = false;
      progress.Finish();
      SayRefused({*file});
      continue;
    }
    files.push_back(statistics.Json(*file));
  }
  progress.Finish();
  const std::string page =
      options.page.html.empty()
          ? ""
          : ExportPage(results, totals, PageLanguage(options.page));
  // Some of a file's keys would pass for all of them.
  OutputFile* const all_keys = all_readable ? keys_out.get() : nullptr;
  // Keys on stdout stand there alone, and so does a page.
  const absl::Status written =
      keys_to_stdout && options.out.empty()
          ? WritePage(options.page, page, all_keys)
          : WritePageAndResult(options.page, page, options.out,
                               Description(options, files, totals), all_keys);
  if (all_readable) {
    TEKMATCH_RETURN_IF_ERROR(written);
    return kExitDone;
  }
  // The files that were refused decide the exit code, and are said already.
  if (!written.ok()) Say(written.message());
  return kExitBadInput;
}

}  // namespace

void AddInspectCommand(CommandLine& line) {
  OptionSet command = line.AddCommand(
      "inspect", "Show metadata and counts of exports; needs no trusted key");
  const auto o = std::make_shared<Options>();
  AddExportArguments(command, o->exports).Required();
  command.Text("--keys-out", o->keys_out,
               "Write the good keys as JSON lines; nothing is written\n"
               "when a file is unreadable. -: to stdout, alone");
  command.Text("--out", o->out,
               "Write the description here, not to stdout (-)");
  AddPageOption(command, "Write a page, with plots of all files together, here",
                o->page);
  command.Flag("--totals", o->totals,
               "Describe all files together: new, repeated and revised keys\n"
               "by authority, and new keys by day, age and metadata");
  const FormatOption format =
      AddFormatOption(command, {"text", "json", "csv"}, o->format,
                      "text, json, or csv, which is of --totals only");
  AddNowOption(command, o->now);
  command.Runs([o, format]() -> absl::StatusOr<int> {
    TEKMATCH_RETURN_IF_ERROR(format.Settle(o->out));
    return Inspect(*o);
  });
}

}  // namespace tekmatch
