// tekmatch sightings: sightings of any format as CSV, JSON lines or .tksight.
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "tools/commands/command.h"
#include "tools/commands/command_line.h"
#include "tools/commands/format_option.h"
#include "tools/commands/progress.h"
#include "tools/commands/run_paths.h"
#include "tools/files/output_file.h"
#include "tools/report/match_report.h"
#include "tools/report/run_remarks.h"
#include "tools/sightings/sightings_reader.h"
#include "tools/sightings/sightings_writer.h"
#include "tools/sightings/tksight_layout.h"

namespace tekmatch {
namespace {

struct Options {
  std::string path;
  std::string format;
  std::string out = "-";
  bool skip_bad_sightings = false;
};

SightingsFormat FormatOf(const Options& options) {
  return options.format == "tksight" ? SightingsFormat::kTksight
         : options.format == "jsonl" ? SightingsFormat::kJsonLines
                                     : SightingsFormat::kCsv;
}

absl::StatusOr<int> Convert(const Options& options) {
  const SightingsFormat format = FormatOf(options);
  if (format == SightingsFormat::kTksight && IsStdout(options.out) &&
      isatty(STDOUT_FILENO) != 0) {
    return absl::InvalidArgumentError(
        "--format tksight is no text for a terminal: give --out");
  }
  RunPaths paths;
  paths.Reads("SIGHTINGS", options.path);
  paths.Reads("SIGHTINGS", options.path + "-wal");  // of an SQLite database
  paths.Writes("--out", options.out);
  TEKMATCH_RETURN_IF_ERROR(paths.Check());
  Progress progress;
  absl::StatusOr<SightingsFile> file =
      ReadSightings(options.path, {.skip_bad = options.skip_bad_sightings,
                                   .progress = ShowSightings(progress)});
  progress.Finish();
  if (!file.ok()) return file.status();
  for (const std::string& message : file->messages) {
    Say(absl::StrCat("skipped ", message));
  }
  SightingsCounts counts;
  counts.bad_reasons = file->bad_reasons;
  counts.dropped = file->dropped;
  counts.conversion = file->conversion;
  counts.losses = file->losses;
  SayLines(SightingsRemarks(counts, Language::kEnglish));
  TEKMATCH_ASSIGN_OR_RETURN(auto out, OutputFile::Open(options.out));
  std::vector<Sighting>& sightings = file->sightings;
  if (format == SightingsFormat::kTksight &&
      !std::is_sorted(sightings.begin(), sightings.end(), TksightOrder)) {
    // Here, where they need not be copied for it.
    std::sort(sightings.begin(), sightings.end(), TksightOrder);
  }
  TEKMATCH_RETURN_IF_ERROR(WriteSightings(sightings, format, *out));
  TEKMATCH_RETURN_IF_ERROR(out->Commit());
  const std::string said = absl::StrCat(Counted(sightings.size(), "sighting"),
                                        " (", file->num_bad, " skipped)\n");
  if (IsStdout(options.out)) {
    SayLines(said);  // on stdout the sightings are alone
  } else {
    TEKMATCH_RETURN_IF_ERROR(Print(said));
  }
  return kExitDone;
}

}  // namespace

void AddSightingsCommand(CommandLine& line) {
  OptionSet command = line.AddCommand(
      "sightings", "Convert sightings to CSV, JSON lines or .tksight");
  const auto o = std::make_shared<Options>();
  command
      .Text("SIGHTINGS", o->path,
            "CSV, JSON lines or .tksight (- is stdin), LevelDB, SQLite of\n"
            "microG or RaMBLE, or a Bluetooth capture")
      .Required();
  const FormatOption format =
      AddFormatOption(command, {"csv", "jsonl", "tksight"}, o->format);
  command.Text("--out", o->out, "(default: stdout)");
  command.Flag("--skip-bad-sightings", o->skip_bad_sightings,
               "Leave malformed rows out, and use what is left of a\n"
               "damaged database, instead of stopping");
  command.Runs([o, format]() -> absl::StatusOr<int> {
    TEKMATCH_RETURN_IF_ERROR(format.Settle(o->out));
    return Convert(*o);
  });
}

}  // namespace tekmatch
