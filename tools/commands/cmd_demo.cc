// tekmatch demo: a small world, written to files and matched through the real
// reader, told to a person.
//
// Plan: the world is made, and written; its files go to their places together;
// they are read back and matched, and what was found is told.
#include <memory>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "keyformat/export_writer.h"
#include "keyformat/printable.h"
#include "keyformat/random_source.h"
#include "keyformat/status_macros.h"
#include "matcher/check/exposure_check.h"
#include "matcher/exposure/match_counts.h"
#include "tools/commands/command.h"
#include "tools/commands/command_line.h"
#include "tools/commands/format_option.h"
#include "tools/commands/run_paths.h"
#include "tools/commands/trusted_key_flag.h"
#include "tools/files/output_file.h"
#include "tools/files/output_folder.h"
#include "tools/files/scratch_folder.h"
#include "tools/report/match_report.h"
#include "tools/sightings/sightings_reader.h"
#include "tools/sightings/sightings_writer.h"
#include "tools/world/demo_world.h"

namespace tekmatch {
namespace {

// The world is one of Japan: its MCC is 440.
constexpr char kZone[] = "Asia/Tokyo";
constexpr char kKeyId[] = "440";
constexpr char kKeyVersion[] = "v1";

struct Options {
  uint64_t seed = 1;
  std::string out;
  std::string summary_out;
};

// The files of a world, wherever `path_of` has them: in a folder of the
// person's, beside it while they are written, or in one that goes again.
struct Paths {
  explicit Paths(absl::FunctionRef<std::string(absl::string_view)> path_of)
      : exported(path_of("export.zip")),
        public_key(path_of("public.pem")),
        sightings(path_of("sightings.csv")) {}
  std::string exported;
  std::string public_key;
  std::string sightings;
};

absl::Status WriteWorld(const DemoWorld& world, uint64_t seed,
                        const Paths& paths) {
  // Never from the seed: a signing key that can be computed again is no secret.
  TEKMATCH_ASSIGN_OR_RETURN(const SigningKey key, SigningKey::Generate());
  TEKMATCH_ASSIGN_OR_RETURN(const std::string pem, key.PublicPem());
  TEKMATCH_RETURN_IF_ERROR(
      WriteWholeFile(paths.public_key, pem, OutputFile::Readers::kAnyone));
  ExportWriterOptions options;
  options.start_timestamp = world.start_timestamp;
  options.end_timestamp = world.end_timestamp;
  options.region = kKeyId;
  options.signers.push_back({.key = key, .id = kKeyId, .version = kKeyVersion});
  RandomSource random = RandomSource::Seeded(seed);
  TEKMATCH_RETURN_IF_ERROR(
      WriteExports(world.keys, options, random, [&](const ExportFile& file) {
        return WriteWholeFile(paths.exported, file.zip,
                              OutputFile::Readers::kAnyone);
      }));
  // Sightings are their owner's business: nobody else may read the file.
  TEKMATCH_ASSIGN_OR_RETURN(auto sightings, OutputFile::Open(paths.sightings));
  TEKMATCH_RETURN_IF_ERROR(
      WriteSightings(world.sightings, SightingsFormat::kCsv, *sightings));
  return sightings->Commit();
}

// Reads everything back and matches, as `tekmatch match` does.
absl::StatusOr<ExposureCheckResult> MatchWorld(
    const Paths& paths, const std::shared_ptr<const SightingIndex>& index) {
  ExposureCheckOptions options;
  TEKMATCH_ASSIGN_OR_RETURN(
      options.files.trusted,
      LoadTrustedKeys(
          {absl::StrCat(kKeyId, ":", kKeyVersion, "=", paths.public_key)}));
  return CheckExposure({paths.exported}, index, options);
}

absl::StatusOr<std::shared_ptr<const SightingIndex>> LoadIndex(
    const std::string& path) {
  TEKMATCH_ASSIGN_OR_RETURN(SightingsFile file, ReadSightings(path, {}));
  TEKMATCH_ASSIGN_OR_RETURN(SightingIndex index,
                            SightingIndex::Create(std::move(file.sightings)));
  return std::make_shared<const SightingIndex>(std::move(index));
}

std::string Story(const DemoWorld& world, uint64_t seed, size_t num_padded) {
  return absl::StrCat(
      "A small world from seed ", seed, ": ", kDemoPeople,
      " people tested positive and\npublished the ",
      Counted(world.keys.size(), "key"), " of their last ", kDemoDays,
      " days in one export, padded to ", num_padded, "\nand signed by key id ",
      kKeyId, " ", kKeyVersion, ". One device heard ",
      Counted(world.sightings.size(), "broadcast"), "\nin those days, and met ",
      kDemoMeetings,
      " of those people.\n\nExport and sightings were written as files, "
      "read back, the signature\nverified, every identifier of every key "
      "derived and looked up:\n\n");
}

// Of a world whose files are in their places. Returns the exit code.
absl::StatusOr<int> TellDemo(const Options& options, const DemoWorld& world,
                             const Paths& paths, ResultFile& summary) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::shared_ptr<const SightingIndex> index,
                            LoadIndex(paths.sightings));
  TEKMATCH_ASSIGN_OR_RETURN(const ExposureCheckResult run,
                            MatchWorld(paths, index));
  if (SayRefused(run.files) > 0) return kExitBadInput;
  TEKMATCH_ASSIGN_OR_RETURN(const absl::TimeZone zone, ParseTimeZone(kZone));

  SightingsCounts sightings;
  sightings.num_read = index->sightings().size();
  std::string text =
      Story(world, options.seed, run.num_keys) +
      MatchReportText({.account = {.run = run, .sightings = sightings},
                       .policy = {},
                       .zone = zone});
  // The world knows what has to be found. Anything else is our fault, and no
  // demonstration.
  if (CountByDate(run.result.matches, zone) != world.expected) {
    return absl::InternalError(text +
                               "\nThis is not what the world was made with.");
  }
  absl::StrAppend(&text, "\nThat is what the world was made with.\n");
  if (!options.out.empty()) {
    absl::StrAppend(
        &text, "\nThe same again, from the files:\n  tekmatch match ",
        Printable(paths.exported), " --trusted-key ", kKeyId, ":", kKeyVersion,
        "=", Printable(paths.public_key), " --sightings ",
        Printable(paths.sightings), " --time-zone ", kZone, "\n");
  }
  TEKMATCH_RETURN_IF_ERROR(summary.Write(text));
  return kExitDone;
}

absl::StatusOr<int> Demo(const Options& options) {
  TEKMATCH_RETURN_IF_ERROR(
      CheckNameOfOutput("--summary-out", options.summary_out, "text"));
  RunPaths outputs;
  outputs.WritesFolder("--out", options.out);
  outputs.Writes("--summary-out", options.summary_out);
  TEKMATCH_RETURN_IF_ERROR(outputs.Check());
  // Before the work: a place that cannot be written to is known at once.
  TEKMATCH_ASSIGN_OR_RETURN(ResultFile summary,
                            ResultFile::Open(options.summary_out));
  TEKMATCH_ASSIGN_OR_RETURN(const DemoWorld world, MakeDemoWorld(options.seed));
  // Also without --out the story is that of files, which are written and read.
  if (options.out.empty()) {
    TEKMATCH_ASSIGN_OR_RETURN(const auto scratch, ScratchFolder::Make());
    const Paths paths([&](absl::string_view name) {
      return absl::StrCat(scratch->path(), "/", name);
    });
    TEKMATCH_RETURN_IF_ERROR(WriteWorld(world, options.seed, paths));
    return TellDemo(options, world, paths, summary);
  }
  TEKMATCH_RETURN_IF_ERROR(CheckFolder("--out", options.out));
  const Paths paths([&](absl::string_view name) {
    return absl::StrCat(options.out, "/", name);
  });
  // By a hard link, or a link in the folder, the summary may be one of these.
  for (const std::string& path :
       {paths.exported, paths.public_key, paths.sightings}) {
    outputs.Writes("--out", path);
  }
  TEKMATCH_RETURN_IF_ERROR(outputs.Check());
  {
    TEKMATCH_ASSIGN_OR_RETURN(const auto folder,
                              OutputFolder::Open(options.out));
    const Paths side(
        [&](absl::string_view name) { return folder->SidePathOf(name); });
    TEKMATCH_RETURN_IF_ERROR(WriteWorld(world, options.seed, side));
    TEKMATCH_RETURN_IF_ERROR(folder->Commit());
  }  // The folder at the side is gone before anything is told.
  return TellDemo(options, world, paths, summary);
}

}  // namespace

void AddDemoCommand(CommandLine& line) {
  OptionSet command = line.AddCommand(
      "demo", "Make a small world, match it, and say what was found");
  const auto o = std::make_shared<Options>();
  command.Number("--seed", o->seed, "Another world").ShowDefault();
  command.Text("--out", o->out,
               "Keep export.zip, public.pem and sightings.csv here");
  AddSummaryOption(command, o->summary_out);
  command.Runs([o] { return Demo(*o); });
}

}  // namespace tekmatch
