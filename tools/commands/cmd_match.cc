// tekmatch match: exports and sightings in, dates and counts out.
//
// Plan: options become sightings, rules and a run's options; the run is made;
// without anything compared there is no result (run_remarks.h); reports are
// made for every device, and written when all of them are whole.
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "matcher/check/exposure_check.h"
#include "matcher/kernels/dispatch.h"
#include "tools/commands/command.h"
#include "tools/commands/command_line.h"
#include "tools/commands/config_flag.h"
#include "tools/commands/export_arguments.h"
#include "tools/commands/key_lines.h"
#include "tools/commands/progress.h"
#include "tools/commands/run_paths.h"
#include "tools/commands/trusted_key_flag.h"
#include "tools/files/match_line.h"
#include "tools/files/output_file.h"
#include "tools/report/match_answer.h"
#include "tools/report/match_report.h"
#include "tools/report/run_remarks.h"
#include "tools/sightings/sightings_stores.h"

namespace tekmatch {
namespace {

struct Options {
  ExportArguments exports;
  std::vector<std::string> sightings;
  std::vector<std::string> trusted_keys;
  bool allow_unsigned = false;
  bool no_verify = false;
  bool skip_bad_files = false;
  bool skip_bad_sightings = false;
  std::string own_keys;
  std::string time_zone;
  std::string policy = "none";
  std::string config;
  std::string language = "en";
  std::string dates = "iso";
  std::string explain;
  std::string format = "text";
  std::string out;
  std::string matches_out;
  std::string now;
  int num_threads = 0;
  bool notice_options = false;  // --lang or --dates is given
};

// Where the result is not printed, whoever sits there sees nothing of it.
bool PrintsResult(const Options& options) {
  return options.out.empty() || IsStdout(options.out);
}

// Whether that names the reasons for which files are left out: the text that a
// configuration gives does not (run_remarks.h).
bool PrintsReasons(const Options& options) {
  return PrintsResult(options) &&
         (options.config.empty() || options.format == "json");
}

struct AllSightings {
  std::shared_ptr<const SightingIndex> index;
  SightingsCounts counts;
};

void SayLosses(const SightingsCounts& counts) {
  for (const SightingsLoss& loss : counts.losses) {
    Say(absl::StrCat("lost ", loss.file, ": ", loss.reason));
  }
}

absl::StatusOr<AllSightings> LoadSightings(const Options& options,
                                           Progress& progress) {
  absl::StatusOr<RunSightings> read =
      ReadStores(options.sightings, {.skip_bad = options.skip_bad_sightings,
                                     .progress = ShowSightings(progress)});
  progress.Finish();
  if (!read.ok()) return read.status();
  for (const std::string& message : read->messages) {
    Say(absl::StrCat("skipped ", message));
  }
  if (!PrintsResult(options)) SayLosses(read->counts);
  progress.Announce([&read] {
    return absl::StrCat("indexing ", read->counts.num_read, " sightings");
  });
  absl::StatusOr<std::shared_ptr<const SightingIndex>> index =
      IndexSightings(std::move(read->sightings));
  if (!index.ok()) return index.status();
  return AllSightings{.index = *std::move(index),
                      .counts = std::move(read->counts)};
}

// What decides the meaning of matches.
struct Rules {
  TransmissionWindowPolicy policy;
  std::optional<ExposureConfig> config;
  absl::TimeZone policy_zone;
  absl::TimeZone dates_zone;
  absl::Time now;  // --now, or the clock's
  bool now_is_given = false;
  std::optional<absl::CivilDay> explain;
};

absl::StatusOr<Rules> LoadRules(const Options& options) {
  Rules rules;
  absl::StatusOr<TransmissionWindowPolicy> policy =
      LoadWindowPolicy(options.policy);
  if (!policy.ok()) return policy.status();
  rules.policy = *std::move(policy);
  if (!options.config.empty()) {
    absl::StatusOr<ExposureConfig> config = LoadExposureConfig(options.config);
    if (!config.ok()) return config.status();
    rules.config = *std::move(config);
  }
  // Dates are UTC's unless asked for; a rule's local dates are its authority's.
  const bool given = !options.time_zone.empty();
  const absl::StatusOr<absl::TimeZone> dates_zone =
      ParseTimeZone(given ? options.time_zone : "UTC");
  if (!dates_zone.ok()) return dates_zone.status();
  const absl::StatusOr<absl::TimeZone> policy_zone =
      ParseTimeZone(given ? options.time_zone : DefaultTimeZone(rules.policy));
  if (!policy_zone.ok()) return policy_zone.status();
  rules.dates_zone = *dates_zone;
  rules.policy_zone = *policy_zone;
  const absl::StatusOr<absl::Time> now = ParseTime("--now", options.now);
  if (!now.ok()) return now.status();
  rules.now = *now;
  rules.now_is_given = !options.now.empty();
  if (!options.explain.empty()) {
    if (!rules.config.has_value()) {
      return absl::InvalidArgumentError("--explain needs --config");
    }
    const absl::StatusOr<absl::CivilDay> date =
        ParseDate("--explain", options.explain);
    if (!date.ok()) return date.status();
    rules.explain = *date;
  }
  return rules;
}

// The time that a result is made for: --now, or else that of the newest
// sighting, which the devices noted themselves, so that what was copied off a
// phone long ago is told as the phone would have told it. Never later than the
// clock, by which a sighting's may be wrong.
absl::Time AsOf(const Rules& rules, const SightingIndex& index) {
  if (rules.now_is_given) return rules.now;
  const auto newest =
      std::max_element(index.sightings().begin(), index.sightings().end(),
                       [](const Sighting& a, const Sighting& b) {
                         return a.unix_seconds < b.unix_seconds;
                       });
  return newest == index.sightings().end()
             ? rules.now
             : std::min(rules.now, absl::FromUnixSeconds(newest->unix_seconds));
}

// Own keys as the run needs them. Where no device is named there is one, 0.
OwnKeyCounts FitOwnKeys(const SightingsCounts& sightings, OwnKeys& own) {
  if (sightings.by_device.empty()) {
    if (auto of_only = own.of_device.extract(0); !of_only.empty()) {
      own.of_all.merge(of_only.mapped());
    }
  }
  OwnKeyCounts counts;
  counts.of_all_devices = own.of_all.size();
  for (const auto& [device, keys] : own.of_device) {
    (sightings.by_device.contains(device) ? counts.of_one_device
                                          : counts.of_no_device) += keys.size();
  }
  return counts;
}

absl::StatusOr<ExposureCheckOptions> RunOptions(const Options& options,
                                                const Rules& rules) {
  ExposureCheckOptions run;
  run.window_policy = rules.policy;
  run.window_zone = rules.policy_zone;
  run.keep_dropped = rules.explain.has_value();
  run.config = rules.config;
  run.zone = rules.dates_zone;
  run.now = rules.now;
  absl::StatusOr<TrustedKeys> trusted = LoadTrustedKeys(options.trusted_keys);
  if (!trusted.ok()) return trusted.status();
  run.files.trusted = *std::move(trusted);
  run.files.allow_unsigned = options.allow_unsigned;
  run.files.no_verify = options.no_verify;
  run.skip_bad_files = options.skip_bad_files;
  if (!options.own_keys.empty()) {
    absl::StatusOr<OwnKeys> own = ReadOwnKeys(options.own_keys);
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
absl::Status WriteMatches(const ExposureCheckResult& run, bool by_device,
                          OutputFile& file) {
  for (const Match& match : run.result.matches) {
    if (absl::Status s = file.Append(
            MatchLine(match, run.files[match.source].path, by_device));
        !s.ok()) {
      return s;
    }
  }
  return absl::OkStatus();
}

absl::Status WriteResults(const Options& options,
                          const ExposureCheckResult& run, bool by_device,
                          const std::string& report) {
  std::unique_ptr<OutputFile> matches;
  if (!options.matches_out.empty()) {
    auto file = OutputFile::Open(options.matches_out);
    if (!file.ok()) return file.status();
    matches = *std::move(file);
    if (absl::Status s = WriteMatches(run, by_device, *matches); !s.ok())
      return s;
  }
  if (!PrintsResult(options)) {
    auto file = OutputFile::Open(options.out);
    if (!file.ok()) return file.status();
    if (absl::Status s = (*file)->Append(report); !s.ok()) return s;
    if (absl::Status s = (*file)->Commit(); !s.ok()) return s;
  }
  return matches == nullptr ? absl::OkStatus() : matches->Commit();
}

// Options that go together wrongly, or have nothing to work on.
absl::Status CheckOptions(const Options& options) {
  if (options.notice_options && options.format == "json") {
    return absl::InvalidArgumentError(
        "--lang and --dates have no effect on --format json");
  }
  if (options.notice_options && !options.explain.empty()) {
    return absl::InvalidArgumentError(
        "--lang and --dates have no effect on --explain");
  }
  if (IsStdout(options.matches_out) && PrintsResult(options)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--matches-out ", options.matches_out,
        ": the result goes to stdout, too; give it a file (--out FILE)"));
  }
  return absl::OkStatus();
}

RunPaths PathsOf(const Options& options,
                 const std::vector<std::string>& exports) {
  RunPaths paths;
  ReadsExports(exports, &paths);
  for (const std::string& argument : options.sightings) {
    paths.Reads("--sightings", StorePath(argument));
  }
  paths.Reads("--trusted-key", TrustedKeyPaths(options.trusted_keys));
  paths.Reads("--own-keys", options.own_keys);
  paths.Reads("--policy", ConfigPath(options.policy));
  paths.Reads("--config", ConfigPath(options.config));
  paths.Writes("--out", options.out);
  paths.Writes("--matches-out", options.matches_out);
  return paths;
}

int MatchExports(const Options& options) {
  if (absl::Status s = CheckOptions(options); !s.ok()) return Fail(s);
  const absl::StatusOr<std::vector<std::string>> exports =
      ListExports(options.exports);
  if (!exports.ok()) return Fail(exports.status());
  if (absl::Status s = PathsOf(options, *exports).Check(); !s.ok()) {
    return Fail(s);
  }
  const absl::StatusOr<Rules> rules = LoadRules(options);
  if (!rules.ok()) return Fail(rules.status());
  absl::StatusOr<ExposureCheckOptions> run_options =
      RunOptions(options, *rules);
  if (!run_options.ok()) return Fail(run_options.status());
  Progress progress;
  const absl::StatusOr<AllSightings> sightings =
      LoadSightings(options, progress);
  progress.Finish();
  if (!sightings.ok()) return Fail(sightings.status());
  const OwnKeyCounts own_keys =
      FitOwnKeys(sightings->counts, run_options->own_keys);
  for (const auto& [device, n] : sightings->counts.by_device) {
    run_options->devices.insert(device);
  }
  run_options->as_of = AsOf(*rules, *sightings->index);

  auto pipes = ReadPipes(*exports);
  if (!pipes.ok()) return Fail(pipes.status());
  run_options->files.sources = *std::move(pipes);

  const size_t num_files = exports->size();
  progress.Announce([num_files] { return FilesProgressText(0, num_files, 0); });
  run_options->progress = [&](size_t file, uint64_t num_keys) {
    progress.Update(
        [&] { return FilesProgressText(file, num_files, num_keys); });
  };
  const absl::StatusOr<ExposureCheckResult> run =
      CheckExposure(*exports, sightings->index, *run_options);
  progress.Finish();
  if (!run.ok()) return Fail(run.status());
  if (!run->complete) {
    SayRefused(run->files);
    return Fail(absl::DataLossError(
        "no result: every file has to be accepted (--skip-bad-files leaves "
        "refused ones out, --allow-unsigned lets unsigned ones count, "
        "--no-verify signed ones whose key nobody here has)"));
  }

  const RunAccount account = {
      .run = *run, .sightings = sightings->counts, .own_keys = own_keys};
  if (absl::Status s = CheckCompared(*run, sightings->counts.num_bad);
      !s.ok()) {
    SayRefused(run->files);
    if (PrintsResult(options)) SayLosses(sightings->counts);
    return Fail(s);
  }
  if (!PrintsReasons(options)) SayRefused(run->files);

  const MatchReportInput input = {.account = account,
                                  .policy = run_options->policy,
                                  .zone = rules->dates_zone,
                                  .window_policy = rules->policy.name,
                                  .window_zone = rules->policy_zone};
  const AnswerOptions answer = {.config = rules->config,
                                .explain = rules->explain,
                                .language = options.language == "ja"
                                                ? Language::kJapanese
                                                : Language::kEnglish,
                                .long_dates = options.dates == "long"};
  const std::string report = options.format == "json"
                                 ? AnswerJson(input, answer)
                                 : AnswerText(input, answer);
  const bool by_device = !sightings->counts.by_device.empty();
  if (absl::Status s = WriteResults(options, *run, by_device, report);
      !s.ok()) {
    return Fail(s);
  }
  return PrintsResult(options) ? Print(report) : kExitDone;
}

}  // namespace

void AddMatchCommand(CommandLine& line) {
  OptionSet command = line.AddCommand(
      "match", "Match exports against sightings; prints dates and counts");
  const auto o = std::make_shared<Options>();
  AddExportArguments(command, o->exports);
  command
      .Repeatable(
          "--sightings", o->sightings,
          "CSV, JSON lines (- is stdin), or a LevelDB folder of Google Play\n"
          "Services. DEVICE=PATH: of this device, with results of its\n"
          "own; stores without are one person's")
      .Required();
  command.Repeatable("--trusted-key", o->trusted_keys,
                     "ID[:VERSION]=FILE, a key to trust; A=a.pem&B=b.pem: both "
                     "must sign");
  command.Flag("--allow-unsigned", o->allow_unsigned,
               "Let files without any signature count, and say so");
  command.Flag("--no-verify", o->no_verify,
               "Let signed files count, too, whose signature nobody here\n"
               "can check, and say so: for studies of old exports");
  command.Flag("--skip-bad-files", o->skip_bad_files,
               "Leave refused files out instead of stopping");
  command.Flag("--skip-bad-sightings", o->skip_bad_sightings,
               "Leave malformed rows out, and use what is left of a\n"
               "damaged database, instead of stopping");
  command.Text("--own-keys", o->own_keys,
               "JSON lines with a member tek each: own keys, of all\n"
               "devices or of the one that a member device names");
  command.Text("--time-zone", o->time_zone,
               "Decides the dates (default: UTC), and the local dates\n"
               "of the policy (default: Asia/Tokyo for cocoa-*, UTC)");
  command
      .Text("--policy", o->policy,
            "Transmission window: none, civil, cocoa-1.2.1, cocoa-3,\n"
            "or a JSON file")
      .ShowDefault();
  const Option config =
      command.Text("--config", o->config,
                   "Exposure configuration: cocoa, platform-default or a\n"
                   "JSON file. The text is then the notice to a user");
  const Option language = command.Text("--lang", o->language, "Of the notice")
                              .Needs(config)
                              .OneOf({"ja", "en"})
                              .ShowDefault();
  const Option dates = command.Text("--dates", o->dates, "Of the notice")
                           .Needs(config)
                           .OneOf({"iso", "long"})
                           .ShowDefault();
  command.Text("--explain", o->explain,
               "Say why this date alerts or not, and trace its contacts, with\n"
               "keys, identifiers and times; needs --config");
  command.Text("--format", o->format).OneOf({"text", "json"}).ShowDefault();
  command.Text("--out", o->out, "Write the result here, not to stdout (-)");
  command.Text("--matches-out", o->matches_out,
               "Write every matched sighting, as JSON lines; -: to stdout");
  command.Number("--threads", o->num_threads, "(default: all cores)", 1, 1024);
  command.Text(
      "--now", o->now,
      "Time (RFC 3339 or Unix seconds) that the result is made for\n"
      "(default: the newest sighting's), and in place of the clock's:\n"
      "keys that start more than a day later are rejected");
  command.Runs([o, language, dates] {
    o->notice_options = language.given() || dates.given();
    return MatchExports(*o);
  });
}

}  // namespace tekmatch
