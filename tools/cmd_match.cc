// tekmatch match: exports and sightings in, dates and counts out.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "matcher/kernels/dispatch.h"
#include "tools/command.h"
#include "tools/key_lines.h"
#include "tools/match_report.h"
#include "tools/match_run.h"
#include "tools/output_file.h"
#include "tools/progress.h"
#include "tools/sightings_reader.h"
#include "tools/trusted_key_flag.h"

namespace tekmatch {
namespace {

struct Options {
  std::vector<std::string> exports;
  std::vector<std::string> sightings;
  std::vector<std::string> trusted_keys;
  bool allow_unsigned = false;
  bool skip_bad_files = false;
  bool skip_bad_sightings = false;
  std::string own_keys;
  std::string time_zone = "UTC";
  std::string format = "text";
  std::string out;
  std::string matches_out;
  std::string now;
  int num_threads = 0;
};

struct AllSightings {
  std::shared_ptr<const SightingIndex> index;
  uint64_t num_bad = 0;
};

absl::StatusOr<AllSightings> LoadSightings(const Options& options) {
  AllSightings all;
  std::vector<Sighting> sightings;
  for (const std::string& path : options.sightings) {
    absl::StatusOr<SightingsFile> file =
        ReadSightings(path, {.skip_bad = options.skip_bad_sightings});
    if (!file.ok()) return file.status();
    all.num_bad += file->num_bad;
    for (const std::string& message : file->messages) {
      std::fprintf(stderr, "tekmatch: skipped %s\n", message.c_str());
    }
    sightings.insert(sightings.end(), file->sightings.begin(),
                     file->sightings.end());
  }
  absl::StatusOr<SightingIndex> index =
      SightingIndex::Create(std::move(sightings));
  if (!index.ok()) return index.status();
  all.index = std::make_shared<const SightingIndex>(*std::move(index));
  return all;
}

absl::StatusOr<MatchRunOptions> RunOptions(const Options& options) {
  MatchRunOptions run;
  absl::StatusOr<TrustedKeys> trusted = LoadTrustedKeys(options.trusted_keys);
  if (!trusted.ok()) return trusted.status();
  run.files.trusted = *std::move(trusted);
  run.files.allow_unsigned = options.allow_unsigned;
  run.skip_bad_files = options.skip_bad_files;
  const absl::StatusOr<absl::Time> now = ParseTime("--now", options.now);
  if (!now.ok()) return now.status();
  run.files.reader.decode.latest_rolling_start = LatestRollingStart(*now);
  if (!options.own_keys.empty()) {
    absl::StatusOr<absl::flat_hash_set<Tek>> own =
        ReadOwnKeys(options.own_keys);
    if (!own.ok()) return own.status();
    run.own_keys = *std::move(own);
  }
  run.num_threads =
      options.num_threads > 0
          ? options.num_threads
          : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  // A kernel that is asked for and is not there is an error, no fallback.
  const char* kernel = std::getenv("TEKMATCH_KERNEL");
  if (kernel != nullptr && *kernel != '\0') {
    const absl::StatusOr<const Kernels*> found = FindKernels(kernel);
    if (!found.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("TEKMATCH_KERNEL: ", found.status().message()));
    }
    run.kernels = *found;
  }
  return run;
}

// Fills, but does not commit.
absl::Status WriteMatches(const MatchRunResult& run, OutputFile& file) {
  for (const Match& match : run.result.matches) {
    if (absl::Status s =
            file.Append(MatchLine(match, run.files[match.source].path));
        !s.ok()) {
      return s;
    }
  }
  return absl::OkStatus();
}

absl::Status WriteResults(const Options& options, const MatchRunResult& run,
                          const std::string& report) {
  std::unique_ptr<OutputFile> matches;
  if (!options.matches_out.empty()) {
    auto file = OutputFile::Open(options.matches_out);
    if (!file.ok()) return file.status();
    matches = *std::move(file);
    if (absl::Status s = WriteMatches(run, *matches); !s.ok()) return s;
  }
  if (!options.out.empty()) {
    auto file = OutputFile::Open(options.out);
    if (!file.ok()) return file.status();
    if (absl::Status s = (*file)->Append(report); !s.ok()) return s;
    if (absl::Status s = (*file)->Commit(); !s.ok()) return s;
  }
  return matches == nullptr ? absl::OkStatus() : matches->Commit();
}

int MatchExports(const Options& options) {
  const absl::StatusOr<absl::TimeZone> zone = ParseTimeZone(options.time_zone);
  if (!zone.ok()) return Fail(zone.status());
  absl::StatusOr<MatchRunOptions> run_options = RunOptions(options);
  if (!run_options.ok()) return Fail(run_options.status());
  const absl::StatusOr<AllSightings> sightings = LoadSightings(options);
  if (!sightings.ok()) return Fail(sightings.status());

  Progress progress;
  run_options->progress = [&progress](uint64_t num_keys) {
    progress.Update(
        [num_keys] { return absl::StrCat(num_keys, " keys read"); });
  };
  const absl::StatusOr<MatchRunResult> run =
      RunMatch(options.exports, sightings->index, *run_options);
  progress.Finish();
  if (!run.ok()) return Fail(run.status());
  SayRefused(run->files);
  if (!run->complete) {
    return Fail(absl::DataLossError(
        "no result: every file has to be accepted (or --skip-bad-files)"));
  }

  const MatchReportInput input{
      .run = *run,
      .policy = run_options->policy,
      .num_sightings = sightings->index->sightings().size(),
      .num_bad_sightings = sightings->num_bad,
      .zone = *zone};
  const std::string report = options.format == "json"
                                 ? DumpJson(MatchReportJson(input), 2) + "\n"
                                 : MatchReportText(input);
  if (absl::Status s = WriteResults(options, *run, report); !s.ok()) {
    return Fail(s);
  }
  return options.out.empty() ? Print(report) : kExitDone;
}

}  // namespace

void AddMatchCommand(CLI::App& app, CommandBody* body) {
  CLI::App* command = app.add_subcommand(
      "match", "Match exports against sightings; prints dates and counts");
  const auto o = std::make_shared<Options>();
  command->add_option("EXPORT", o->exports, "Zip, or bare export.bin")
      ->required();
  AddRepeatable(*command, "--sightings", o->sightings,
                "CSV, JSON lines, or a LevelDB folder of Google Play Services")
      ->required();
  AddRepeatable(*command, "--trusted-key", o->trusted_keys,
                "ID[:VERSION]=PEM, a key to trust; A=a.pem&B=b.pem: both "
                "must sign");
  command->add_flag("--allow-unsigned", o->allow_unsigned,
                    "Let files without any signature count, and say so");
  command->add_flag("--skip-bad-files", o->skip_bad_files,
                    "Leave refused files out instead of stopping");
  command->add_flag("--skip-bad-sightings", o->skip_bad_sightings,
                    "Leave malformed rows out instead of stopping");
  command->add_option("--own-keys", o->own_keys,
                      "JSON lines with a member tek each: keys of this device");
  command->add_option("--time-zone", o->time_zone, "Decides the dates")
      ->capture_default_str();
  command->add_option("--format", o->format)
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->add_option("--out", o->out, "Write the result here, not to stdout");
  command->add_option("--matches-out", o->matches_out,
                      "Write every matched sighting, as JSON lines");
  command->add_option("--threads", o->num_threads, "(default: all cores)")
      ->check(CLI::Range(1, 1024));
  AddNowOption(*command, o->now);
  command->callback([body, o] { *body = [o] { return MatchExports(*o); }; });
}

}  // namespace tekmatch
