// tekmatch verify: a verdict for each file.
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "keyformat/printable.h"
#include "keyformat/status_macros.h"
#include "tools/commands/command.h"
#include "tools/commands/command_line.h"
#include "tools/commands/export_arguments.h"
#include "tools/commands/format_option.h"
#include "tools/commands/progress.h"
#include "tools/commands/run_paths.h"
#include "tools/commands/screen.h"
#include "tools/commands/trusted_key_flag.h"
#include "tools/files/json_text.h"
#include "tools/report/match_report.h"

namespace tekmatch {
namespace {

struct Options {
  ExportArguments exports;
  std::vector<std::string> trusted_keys;
  std::string format;
  std::string out;
};

std::string Line(const ExportFileResult& file) {
  std::string line = absl::StrCat(Printable(file.path), ": ", file.verdict);
  if (!file.report.signature.signed_by.empty()) {
    absl::StrAppend(
        &line, ", signed by ",
        Printable(absl::StrJoin(file.report.signature.signed_by, ", ")));
  }
  if (!file.report.extra_entry.empty()) {
    absl::StrAppend(&line, ", extra entry ",
                    Printable(file.report.extra_entry));
  }
  if (!file.accepted) absl::StrAppend(&line, ": ", Printable(file.reason()));
  return line + "\n";
}

std::string Report(const std::vector<ExportFileResult>& files,
                   const Options& options) {
  const bool as_json = options.format == "json";
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  std::string text;
  for (const ExportFileResult& file : files) {
    if (as_json) {
      json.push_back(ExportFileJson(file));
    } else {
      text += Line(file);
    }
  }
  return as_json ? DumpJson(json, 2) + "\n" : FitReport(options.out, text);
}

absl::StatusOr<int> Verify(const Options& options) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::vector<std::string> exports,
                            ListExports(options.exports));
  RunPaths paths;
  ReadsExports(exports, &paths);
  paths.Reads("--trusted-key", TrustedKeyPaths(options.trusted_keys));
  paths.Writes("--out", options.out);
  TEKMATCH_RETURN_IF_ERROR(paths.Check());
  ExportFileOptions file_options;
  TEKMATCH_ASSIGN_OR_RETURN(file_options.trusted,
                            LoadTrustedKeys(options.trusted_keys));

  Progress progress;
  TEKMATCH_ASSIGN_OR_RETURN(file_options.sources, ReadPipes(exports));
  std::vector<ExportFileResult> files;
  uint64_t num_keys = 0;
  for (const std::string& path : exports) {
    absl::StatusOr<ExportFileResult> file = ReadExportFile(
        path, file_options, [&](const std::unique_ptr<KeyBlock>& block) {
          num_keys += block->size();
          progress.Update([&] {
            return FilesProgressText(files.size() + 1, exports.size(),
                                     num_keys);
          });
          return absl::OkStatus();
        });
    if (!file.ok()) return file.status();
    files.push_back(*std::move(file));
  }
  progress.Finish();
  // Known only when the last file is read.
  RefuseIncompleteBatches(files);
  // A refused file is no reason to keep the verdicts back.
  const absl::Status written = WriteResult(options.out, Report(files, options));
  const auto num_refused = std::count_if(
      files.begin(), files.end(),
      [](const ExportFileResult& file) { return !file.accepted; });
  if (num_refused == 0) {
    TEKMATCH_RETURN_IF_ERROR(written);
    return kExitDone;
  }
  // Both are said; the files that were refused decide the exit code.
  if (!written.ok()) Say(written.message());
  // The result has the reasons.
  return absl::DataLossError(absl::StrCat(
      num_refused, " of ", Counted(files.size(), "file"), " not valid"));
}

}  // namespace

void AddVerifyCommand(CommandLine& line) {
  OptionSet command = line.AddCommand(
      "verify",
      "Print a verdict for each export; exit 0 only when every one is valid");
  const auto options = std::make_shared<Options>();
  AddExportArguments(command, options->exports).Required();
  command.Repeatable("--trusted-key", options->trusted_keys,
                     "ID[:VERSION]=FILE, a key to trust; A=a.pem&B=b.pem: both "
                     "must sign");
  const FormatOption format =
      AddFormatOption(command, {"text", "json"}, options->format);
  command.Text("--out", options->out,
               "Write the verdicts here, not to stdout (-)");
  command.Runs([options, format]() -> absl::StatusOr<int> {
    TEKMATCH_RETURN_IF_ERROR(format.Settle(options->out));
    return Verify(*options);
  });
}

}  // namespace tekmatch
