// tekmatch sightings: sightings of any format as CSV or JSON lines.
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/commands/command.h"
#include "tools/commands/command_line.h"
#include "tools/commands/progress.h"
#include "tools/commands/run_paths.h"
#include "tools/files/output_file.h"
#include "tools/report/match_report.h"
#include "tools/report/run_remarks.h"
#include "tools/sightings/sightings_reader.h"
#include "tools/sightings/sightings_writer.h"

namespace tekmatch {
namespace {

struct Options {
  std::string path;
  std::string format = "csv";
  std::string out = "-";
  bool skip_bad_sightings = false;
};

int Convert(const Options& options) {
  RunPaths paths;
  paths.Reads("SIGHTINGS", options.path);
  paths.Writes("--out", options.out);
  if (absl::Status s = paths.Check(); !s.ok()) return Fail(s);
  Progress progress;
  const absl::StatusOr<SightingsFile> file =
      ReadSightings(options.path, {.skip_bad = options.skip_bad_sightings,
                                   .progress = ShowSightings(progress)});
  progress.Finish();
  if (!file.ok()) return Fail(file.status());
  for (const std::string& message : file->messages) {
    Say(absl::StrCat("skipped ", message));
  }
  SightingsCounts counts;
  counts.dropped = file->dropped;
  counts.losses = file->losses;
  SayLines(SightingsRemarks(counts, Language::kEnglish));
  auto out = OutputFile::Open(options.out);
  if (!out.ok()) return Fail(out.status());
  if (absl::Status s =
          WriteSightings(file->sightings,
                         options.format == "csv" ? SightingsFormat::kCsv
                                                 : SightingsFormat::kJsonLines,
                         **out);
      !s.ok()) {
    return Fail(s);
  }
  if (absl::Status s = (*out)->Commit(); !s.ok()) return Fail(s);
  const std::string said =
      absl::StrCat(Counted(file->sightings.size(), "sighting"), " (",
                   file->num_bad, " skipped)\n");
  // On stdout are the sightings, alone.
  if (!IsStdout(options.out)) return Print(said);
  SayLines(said);
  return kExitDone;
}

}  // namespace

void AddSightingsCommand(CommandLine& line) {
  OptionSet command =
      line.AddCommand("sightings", "Convert sightings to CSV or JSON lines");
  const auto o = std::make_shared<Options>();
  command.Text("SIGHTINGS", o->path, "CSV, JSON lines (- is stdin) or LevelDB")
      .Required();
  command.Text("--format", o->format).OneOf({"csv", "jsonl"}).ShowDefault();
  command.Text("--out", o->out, "(default: stdout)");
  command.Flag("--skip-bad-sightings", o->skip_bad_sightings,
               "Leave malformed rows out, and use what is left of a\n"
               "damaged database, instead of stopping");
  command.Runs([o] { return Convert(*o); });
}

}  // namespace tekmatch
