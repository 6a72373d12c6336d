// tekmatch generate: a world of any size as files, with the expected matches.
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "keyformat/printable.h"
#include "keyformat/status_macros.h"
#include "tools/commands/command.h"
#include "tools/commands/command_line.h"
#include "tools/commands/format_option.h"
#include "tools/commands/progress.h"
#include "tools/commands/run_paths.h"
#include "tools/report/match_report.h"
#include "tools/world/world_files.h"

namespace tekmatch {
namespace {

struct Options {
  GeneratorOptions world;
  std::string profile = "dense";
  std::string sightings_format = "csv";
  std::string out;
  std::string summary_out;
};

SightingProfile ProfileOf(const std::string& name) {
  if (name == "commuter") return SightingProfile::kCommuter;
  if (name == "phone") return SightingProfile::kPhone;
  return SightingProfile::kDense;
}

absl::StatusOr<int> Generate(const Options& options) {
  TEKMATCH_RETURN_IF_ERROR(CheckFolder("--out", options.out));
  TEKMATCH_RETURN_IF_ERROR(
      CheckNameOfOutput("--summary-out", options.summary_out, "text"));
  RunPaths paths;
  paths.WritesFolder("--out", options.out);
  paths.Writes("--summary-out", options.summary_out);
  TEKMATCH_RETURN_IF_ERROR(paths.Check());
  TEKMATCH_ASSIGN_OR_RETURN(ResultFile summary,
                            ResultFile::Open(options.summary_out));
  GeneratorOptions world = options.world;
  world.profile = ProfileOf(options.profile);
  Progress progress;
  const absl::StatusOr<WorldFiles> files = WriteWorldFiles(
      world, options.out,
      [&](uint64_t num_keys) {
        progress.Update([&] {
          return absl::StrCat(num_keys, " of ", world.num_keys, " keys made");
        });
      },
      options.sightings_format == "csv" ? SightingsFormat::kCsv
                                        : SightingsFormat::kTksight);
  progress.Finish();
  if (!files.ok()) return files.status();
  std::string sightings;
  for (const std::string& path : files->sightings) {
    absl::StrAppend(&sightings, " --sightings ", Printable(path));
  }
  TEKMATCH_RETURN_IF_ERROR(summary.Write(
      absl::StrCat(Counted(options.world.num_keys, "key"), " in ",
                   Counted(files->exports.size(), "file"), ", ",
                   Counted(options.world.num_sightings, "sighting"), ", ",
                   Counted(files->num_expected_matches, "matched sighting"),
                   " to be found:\n  tekmatch match ", Printable(options.out),
                   "/*.zip --trusted-key ", kWorldKeyId, ":", kWorldKeyVersion,
                   "=", Printable(files->public_key), sightings,
                   " --matches-out MATCHES\nMATCHES is then the same as ",
                   Printable(files->expected_matches), "\n")));
  return kExitDone;
}

}  // namespace

void AddGenerateCommand(CommandLine& line) {
  OptionSet command = line.AddCommand(
      "generate", "Make a world of any size, with the matches to be found");
  const auto o = std::make_shared<Options>();
  command.Number("--keys", o->world.num_keys, "Published keys").Required();
  command
      .Number("--days", o->world.num_days,
              "Days of the keys, from 2020-06-13 on")
      .ShowDefault();
  command
      .Number("--sightings", o->world.num_sightings,
              "Of all devices; at least one a met key")
      .Required();
  command
      .Number("--devices", o->world.num_devices,
              "More than one: the sightings name them")
      .ShowDefault();
  command
      .Number("--phones", o->world.num_phones,
              "That every device's owner carries; each has its own file\n"
              "of sightings")
      .ShowDefault();
  command.Number("--met", o->world.num_met, "Keys that somebody heard")
      .Required();
  command.Number("--seed", o->world.seed, "Another world").ShowDefault();
  command
      .Text("--profile", o->profile,
            "When devices hear: all the time, three hours a day, or six\n"
            "hours on five days of seven")
      .OneOf({"dense", "commuter", "phone"})
      .ShowDefault();
  command
      .Text("--sightings-format", o->sightings_format,
            "tksight takes half of the disk and 36 bytes of memory for each\n"
            "of them")
      .OneOf({"csv", "tksight"})
      .ShowDefault();
  command.Text("--out", o->out, "Folder; empty, or made").Required();
  AddSummaryOption(command, o->summary_out);
  command.Runs([o] { return Generate(*o); });
}

}  // namespace tekmatch
