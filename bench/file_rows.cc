// Plan: a world on disk, and how it is read; then whole processes: start one,
// and what its lines say.
#include "bench/file_rows.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/types/span.h"
#include "bench/measure.h"
#include "bench/plain_reader.h"
#include "bench/row_floors.h"
#include "bench/signed_export.h"
#include "bench/world.h"
#include "keyformat/status_macros.h"
#include "matcher/join/match_engine.h"
#include "matcher/join/match_resolver.h"
#include "matcher/join/sighting_index.h"
#include "matcher/kernels/dispatch.h"
#include "tools/files/hex.h"
#include "tools/files/output_file.h"
#include "tools/files/scratch_folder.h"
#include "tools/files/small_file.h"
#include "tools/sightings/sightings_reader.h"
#include "tools/sightings/sightings_writer.h"

extern char** environ;

namespace tekmatch {
namespace {

// No contact is longer than this.
constexpr uint64_t kMaxAnswerBytes = uint64_t{1} << 30;

absl::Status WrongAnswer(absl::string_view of) {
  return absl::InternalError(absl::StrCat(of, ": wrong answer"));
}

absl::Status WriteTo(const std::string& path,
                     const std::vector<Sighting>& sightings,
                     SightingsFormat format) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<OutputFile> out,
                            OutputFile::Open(path));
  TEKMATCH_RETURN_IF_ERROR(WriteSightings(sightings, format, *out));
  return out->Commit();
}

// ------------------------------------------------------------------- reading

// Outside of what is measured.
absl::Status CheckIndex(SightingIndex index, const BenchWorld& world) {
  TEKMATCH_ASSIGN_OR_RETURN(
      const MatchEngine engine,
      MatchEngine::Create(
          std::make_shared<const SightingIndex>(std::move(index)), {}, {},
          DefaultKernels()));
  MatchBatch batch;
  MatchScratch scratch;
  for (const KeyBlock& block : SplitKeys(world.key_sets[0], kMostBlockKeys)) {
    TEKMATCH_RETURN_IF_ERROR(engine.MatchBlock(block, 0, &scratch, &batch));
  }
  const MatchResult result = ResolveMatches(std::move(batch.candidates), {});
  if (ContactsOf(result.matches) != world.contacts[0]) {
    return WrongAnswer("the index");
  }
  return absl::OkStatus();
}

// ----------------------------------------------------------------- processes

// The process's exit status; its stdout goes to the file, its stderr nowhere.
absl::StatusOr<int> Run(std::vector<std::string> arguments,
                        const std::string& stdout_path) {
  std::vector<char*> pointers;
  pointers.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, stdout_path.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null",
                                   O_WRONLY, 0);
  pid_t process = 0;
  const int error = posix_spawn(&process, pointers[0], &actions, nullptr,
                                pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return absl::ErrnoToStatus(error, arguments[0]);
  int status = 0;
  while (waitpid(process, &status, 0) != process) {
    if (errno != EINTR) return absl::ErrnoToStatus(errno, arguments[0]);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// A line of each program's answer; nullopt: it is none.
using ParseLine =
    std::optional<std::pair<Tek, int64_t>> (*)(absl::string_view line);

std::optional<Tek> ParseTek(absl::string_view hex) {
  Tek tek;
  if (!DecodeHex(hex, absl::MakeSpan(tek.bytes)).ok()) return std::nullopt;
  return tek;
}

// --matches-out.
std::optional<std::pair<Tek, int64_t>> ToolLine(absl::string_view line) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object() || !json.contains("tek") ||
      !json.contains("sighting_time")) {
    return std::nullopt;
  }
  const std::optional<Tek> tek = ParseTek(json["tek"].get<std::string>());
  if (!tek.has_value()) return std::nullopt;
  return std::pair(*tek, json["sighting_time"].get<int64_t>());
}

std::optional<std::pair<Tek, int64_t>> BaselineLine(absl::string_view line) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(line, absl::MaxSplits(' ', 1));
  const std::optional<Tek> tek = ParseTek(parts.first);
  int64_t time = 0;
  if (!tek.has_value() || !absl::SimpleAtoi(parts.second, &time)) {
    return std::nullopt;
  }
  return std::pair(*tek, time);
}

absl::Status CheckLines(const std::string& path, ParseLine parse,
                        const Contacts& wanted) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::string text,
                            ReadSmallFile(path, kMaxAnswerBytes, "an answer"));
  Contacts found;
  for (const absl::string_view line :
       absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    const std::optional<std::pair<Tek, int64_t>> contact = parse(line);
    if (!contact.has_value()) return WrongAnswer(path);
    found.insert(*contact);
  }
  return found == wanted ? absl::OkStatus() : WrongAnswer(path);
}

}  // namespace

WaitPrograms WaitPrograms::Beside(absl::string_view path) {
  const std::filesystem::path bench =
      std::filesystem::path(std::string(path)).parent_path();
  return {.tekmatch = (bench.parent_path() / "tools" / "tekmatch").string(),
          .baseline_wait = (bench / "baseline_wait").string()};
}

absl::StatusOr<RatioRow> ReadRow(const FileRowOptions& options) {
  // Few keys: they only show that the index is right.
  const uint64_t num_met = std::min<uint64_t>(100, options.num_sightings);
  TEKMATCH_ASSIGN_OR_RETURN(
      BenchWorld world,
      MakeBenchWorld({.seed = options.seed,
                      .num_keys = 1000,
                      .num_met = num_met,
                      .num_sightings = options.num_sightings}));
  TEKMATCH_ASSIGN_OR_RETURN(const auto folder, ScratchFolder::Make());
  const std::string csv = absl::StrCat(folder->path(), "/sightings.csv");
  const bool is_csv = options.format == SightingsFormat::kCsv;
  const std::string path =
      is_csv ? csv : absl::StrCat(folder->path(), "/sightings");
  TEKMATCH_RETURN_IF_ERROR(
      WriteTo(csv, world.sightings, SightingsFormat::kCsv));
  if (!is_csv) {
    TEKMATCH_RETURN_IF_ERROR(WriteTo(path, world.sightings, options.format));
  }
  std::vector<Rpi> wanted;
  wanted.reserve(world.sightings.size());
  for (const Sighting& sighting : world.sightings) {
    wanted.push_back(sighting.rpi);
  }
  std::sort(wanted.begin(), wanted.end());
  world.sightings = {};
  const auto num = static_cast<double>(wanted.size());

  const Meter engine = [&](int) -> absl::StatusOr<double> {
    absl::StatusOr<SightingIndex> index = absl::UnknownError("not yet");
    SightingsFormat format = SightingsFormat::kForeign;
    const double seconds = SecondsOf([&] {
      absl::StatusOr<SightingsFile> file = ReadSightings(path, {});
      if (file.ok()) format = file->format;
      index = file.ok() ? SightingIndex::Create(std::move(file->sightings))
                        : absl::StatusOr<SightingIndex>(file.status());
    });
    if (!index.ok()) return index.status();
    if (format != options.format ||
        !std::equal(index->sightings().begin(), index->sightings().end(),
                    wanted.begin(), wanted.end(),
                    [](const Sighting& sighting, const Rpi& rpi) {
                      return sighting.rpi == rpi;
                    })) {
      return WrongAnswer("the index");
    }
    TEKMATCH_RETURN_IF_ERROR(CheckIndex(*std::move(index), world));
    return seconds / num;
  };
  const Meter plain = [&](int) -> absl::StatusOr<double> {
    absl::StatusOr<std::vector<Rpi>> rpis = std::vector<Rpi>();
    const double seconds = SecondsOf([&] {
      rpis = ReadPlainRpis(csv);
      if (rpis.ok()) std::sort(rpis->begin(), rpis->end());
    });
    if (!rpis.ok()) return rpis.status();
    if (*rpis != wanted) return WrongAnswer("the plain reader");
    return seconds / num;
  };
  const Meter floor = [&](int) -> absl::StatusOr<double> {
    TEKMATCH_ASSIGN_OR_RETURN(const double seconds,
                              SightingsFloor(path, wanted.size()));
    return seconds / num;
  };
  return Compare(options.num_runs, engine, plain, floor);
}

absl::StatusOr<RatioRow> WaitRow(const FileRowOptions& options,
                                 const WaitPrograms& programs) {
  for (const std::string& program :
       {programs.tekmatch, programs.baseline_wait}) {
    std::error_code error;
    if (program.empty() || !std::filesystem::exists(program, error)) {
      return SkippedRow("its programs are not beside this one");
    }
  }
  TEKMATCH_ASSIGN_OR_RETURN(
      BenchWorld world,
      MakeBenchWorld(
          {.seed = options.seed,
           .num_key_sets = options.num_runs,
           .num_keys = options.num_keys,
           .num_met = std::max<uint64_t>(1, options.num_keys / 10'000),
           .num_sightings = options.num_sightings}));
  TEKMATCH_ASSIGN_OR_RETURN(const auto folder, ScratchFolder::Make());
  const auto at = [&](absl::string_view name) {
    return absl::StrCat(folder->path(), "/", name);
  };
  const std::string csv = at("sightings.csv");
  TEKMATCH_RETURN_IF_ERROR(
      WriteTo(csv, world.sightings, SightingsFormat::kCsv));
  TEKMATCH_ASSIGN_OR_RETURN(const ExportSigner signer, MakeSigner());
  TEKMATCH_ASSIGN_OR_RETURN(const std::string pem, signer.key.PublicPem());
  TEKMATCH_RETURN_IF_ERROR(
      WriteWholeFile(at("key.pem"), pem, OutputFile::Readers::kOwner));
  for (size_t set = 0; set < world.key_sets.size(); ++set) {
    TEKMATCH_ASSIGN_OR_RETURN(const std::string zip,
                              SignedExport(world.key_sets[set], signer));
    TEKMATCH_RETURN_IF_ERROR(WriteWholeFile(at(absl::StrCat(set, ".zip")), zip,
                                            OutputFile::Readers::kOwner));
  }
  const absl::string_view kernel = DefaultKernels().name;
  const double share = ShareInTime(world.key_sets[0], world.sightings);
  const size_t num_sightings = world.sightings.size();
  world.sightings = {};
  world.key_sets = {};

  const auto measure = [&](const std::vector<std::string>& arguments,
                           const std::string& answer, ParseLine parse,
                           int run) -> absl::StatusOr<double> {
    absl::StatusOr<int> status = 0;
    const double seconds =
        SecondsOf([&] { status = Run(arguments, at("stdout")); });
    if (!status.ok()) return status.status();
    if (*status != 0) {
      return absl::InternalError(
          absl::StrCat(arguments[0], ": exit status ", *status));
    }
    TEKMATCH_RETURN_IF_ERROR(
        CheckLines(answer, parse, world.contacts[static_cast<size_t>(run)]));
    return seconds / static_cast<double>(options.num_keys);
  };
  const auto zip = [&](int run) { return at(absl::StrCat(run, ".zip")); };
  const Meter engine = [&](int run) {
    return measure({programs.tekmatch, "match", zip(run),
                    absl::StrCat("--trusted-key=", signer.id, ":",
                                 signer.version, "=", at("key.pem")),
                    absl::StrCat("--sightings=", csv), "--threads=1",
                    absl::StrCat("--matches-out=", at("matches"))},
                   at("matches"), ToolLine, run);
  };
  const Meter baseline = [&](int run) {
    return measure({programs.baseline_wait, zip(run), csv}, at("stdout"),
                   BaselineLine, run);
  };
  const Meter floor = [&](int run) -> absl::StatusOr<double> {
    TEKMATCH_ASSIGN_OR_RETURN(const double kernels,
                              KernelsFloor(kernel, share));
    TEKMATCH_ASSIGN_OR_RETURN(const double file, ZipFloor(zip(run)));
    TEKMATCH_ASSIGN_OR_RETURN(const double heard,
                              SightingsFloor(csv, num_sightings));
    return kernels + (file + heard) / static_cast<double>(options.num_keys);
  };
  return Compare(options.num_runs, engine, baseline,
                 KernelsFloor(kernel, share).ok() ? floor : nullptr);
}

}  // namespace tekmatch
