// Plan: a row compares the engine with the baseline or another engine, run by
// run in turn (ratio.h). Class Ratios makes the rows, each with a world that it
// checks the answers of; those that begin with a file of sightings are
// file_rows.h's.
#include "bench/ratio_rows.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bench/baseline.h"
#include "bench/file_rows.h"
#include "bench/kernel_floor.h"
#include "bench/kernel_meter.h"
#include "bench/measure.h"
#include "bench/row_floors.h"
#include "bench/signed_export.h"
#include "bench/world.h"
#include "keyformat/status_macros.h"
#include "matcher/check/exposure_check.h"
#include "matcher/join/match_engine.h"
#include "matcher/join/match_resolver.h"
#include "matcher/kernels/dispatch.h"
#include "tools/files/output_file.h"
#include "tools/files/scratch_folder.h"

namespace tekmatch {
namespace {

constexpr char kVaes512[] = "x86_vaes512";

absl::Status WrongAnswer(absl::string_view of) {
  return absl::InternalError(absl::StrCat(of, ": wrong answer"));
}

// The baseline over its own world, fresh keys each time.
class BaselineMeter {
 public:
  static absl::StatusOr<BaselineMeter> Make(const RatioOptions& options,
                                            int num_measurements) {
    const uint64_t num_keys =
        std::max<uint64_t>(1, options.num_baseline_keys / 2);
    TEKMATCH_ASSIGN_OR_RETURN(
        BenchWorld world,
        MakeBenchWorld({.seed = 1000,
                        .num_key_sets = num_measurements,
                        .num_keys = num_keys,
                        .num_met = std::max<uint64_t>(1, num_keys / 10'000),
                        .num_sightings = options.num_sightings}));
    return BaselineMeter(std::move(world));
  }

  // Seconds a key. INTERNAL: wrong answer, or all keys are used up.
  absl::StatusOr<double> Measure() {
    if (next_ == world_.key_sets.size()) {
      return absl::InternalError("baseline: out of keys");
    }
    const KeyBlock& keys = world_.key_sets[next_];
    std::vector<std::pair<uint32_t, uint32_t>> found;
    const double seconds =
        SecondsOf([&] { found = baseline_.Match(keys, 0, keys.size()); });
    Contacts contacts;
    for (const auto& [key, position] : found) {
      contacts.emplace(keys.teks()[key],
                       world_.sightings[position].unix_seconds);
    }
    if (contacts != world_.contacts[next_++]) return WrongAnswer("baseline");
    return seconds / static_cast<double>(keys.size());
  }

 private:
  explicit BaselineMeter(BenchWorld world)
      : world_(std::move(world)), baseline_(world_.sightings) {}

  BenchWorld world_;
  Baseline baseline_;
  size_t next_ = 0;
};

class Ratios {
 public:
  Ratios(const RatioOptions& options, BaselineMeter baseline)
      : options_(options), baseline_(std::move(baseline)) {}

  absl::StatusOr<std::vector<RatioRow>> Measure() {
    const uint64_t n = options_.num_sightings;
    const Kernels& best = DefaultKernels();
    using Measure = std::function<absl::StatusOr<RatioRow>()>;
    const std::pair<std::string, Measure> rows[] = {
        {"dense_20k", [&] { return InMemory({.num_sightings = n}, best); }},
        {"dense_1m", [&] { return InMemory({.num_sightings = 50 * n}, best); }},
        {"dense_10m",
         [&] { return InMemory({.num_sightings = 500 * n}, best); }},
        {"phone",
         [&] {
           return InMemory(
               {.profile = SightingProfile::kPhone, .num_sightings = n}, best);
         }},
        {"end_to_end", [&] { return EndToEnd(); }},
        {"x86_aesni", [&] { return Forced("x86_aesni", n); }},
        {"two_threads", [&] { return TwoThreads(); }},
        {"wait_20k", [&] { return WaitRow(FileOptions(), options_.programs); }},
        {"read_1m", [&] { return ReadRow(FileOptions(50)); }},
        {"read_10m", [&] { return ReadRow(FileOptions(500)); }},
        {"read_10m_tksight",
         [&] { return ReadRow(FileOptions(500, SightingsFormat::kTksight)); }},
        {"hkdf_share_of_ceiling",
         [&] { return Share(&KernelMeter::DeriveRpiks, HkdfFloor); }},
        {"aes_share_of_ceiling",
         [&] { return Share(&KernelMeter::GenerateRpis, AesFloor); }},
    };
    for (const std::string& wanted : options_.rows) {
      if (std::none_of(std::begin(rows), std::end(rows),
                       [&](const auto& row) { return row.first == wanted; })) {
        return absl::InvalidArgumentError(
            absl::StrCat("there is no row ", wanted));
      }
    }
    std::vector<RatioRow> measured;
    for (const auto& [name, measure] : rows) {
      if (!IsWanted(name)) continue;
      absl::StatusOr<RatioRow> row = measure();
      if (!row.ok()) {
        return absl::Status(row.status().code(),
                            absl::StrCat(name, ": ", row.status().message()));
      }
      row->name = name;
      if (row->skipped.empty() && row->kernel.empty()) {
        row->kernel = DefaultKernels().name;
      }
      measured.push_back(*std::move(row));
    }
    return measured;
  }

 private:
  bool IsWanted(const std::string& name) const {
    return options_.rows.empty() ||
           std::find(options_.rows.begin(), options_.rows.end(), name) !=
               options_.rows.end();
  }

  // Of a row: none has keys of another.
  absl::StatusOr<BenchWorld> MakeRunsWorld(BenchWorldOptions world) {
    // A set takes a seed.
    world.seed = next_seed_;
    next_seed_ += static_cast<uint64_t>(options_.num_runs);
    world.num_key_sets = options_.num_runs;
    world.num_keys = options_.num_keys;
    world.num_met = std::max<uint64_t>(1, options_.num_keys / 10'000);
    return MakeBenchWorld(world);
  }

  // With `times` times as many sightings as other rows have.
  FileRowOptions FileOptions(uint64_t times = 1,
                             SightingsFormat format = SightingsFormat::kCsv) {
    const FileRowOptions options = {
        .num_runs = options_.num_runs,
        .num_keys = options_.num_keys,
        .num_sightings = times * options_.num_sightings,
        .seed = next_seed_,
        .format = format};
    next_seed_ += static_cast<uint64_t>(options_.num_runs);
    return options;
  }

  static absl::StatusOr<std::shared_ptr<const SightingIndex>> MakeIndex(
      const std::vector<Sighting>& sightings) {
    TEKMATCH_ASSIGN_OR_RETURN(SightingIndex index,
                              SightingIndex::Create(sightings));
    return std::make_shared<const SightingIndex>(std::move(index));
  }

  Meter BaselineSeconds() {
    return [this](int) { return baseline_.Measure(); };
  }

  absl::StatusOr<RatioRow> InMemory(const BenchWorldOptions& world_options,
                                    const Kernels& kernels) {
    TEKMATCH_ASSIGN_OR_RETURN(const BenchWorld world,
                              MakeRunsWorld(world_options));
    TEKMATCH_ASSIGN_OR_RETURN(const auto index, MakeIndex(world.sightings));
    TEKMATCH_ASSIGN_OR_RETURN(const auto engine,
                              MatchEngine::Create(index, {}, {}, kernels));
    const Meter match = [&](int run) -> absl::StatusOr<double> {
      const std::vector<KeyBlock> blocks =
          SplitKeys(world.key_sets[static_cast<size_t>(run)], kMostBlockKeys);
      MatchResult result;
      absl::Status status;
      const double seconds = SecondsOf([&] {
        MatchBatch batch;
        MatchScratch scratch;
        for (const KeyBlock& block : blocks) {
          status.Update(engine.MatchBlock(block, 0, &scratch, &batch));
        }
        result = ResolveMatches(std::move(batch.candidates), {});
      });
      if (!status.ok()) return status;
      if (ContactsOf(result.matches) !=
          world.contacts[static_cast<size_t>(run)]) {
        return WrongAnswer("the engine");
      }
      return seconds / static_cast<double>(options_.num_keys);
    };
    const bool counted = KernelsFloor(kernels.name, 1).ok();
    const double share = ShareInTime(world.key_sets[0], world.sightings);
    const Meter floor = [&](int) { return KernelsFloor(kernels.name, share); };
    return Compare(options_.num_runs, match, BaselineSeconds(),
                   counted ? floor : nullptr);
  }

  absl::StatusOr<RatioRow> Forced(absl::string_view kernel, uint64_t n) {
    const absl::StatusOr<const Kernels*> kernels = FindKernels(kernel);
    if (!kernels.ok()) return SkippedRow(kernels.status().message());
    TEKMATCH_ASSIGN_OR_RETURN(RatioRow row,
                              InMemory({.num_sightings = n}, **kernels));
    row.kernel = std::string(kernel);
    return row;
  }

  // Signed zips on disk, one a run, and who can read them.
  struct Files {
    BenchWorld world;
    std::shared_ptr<const SightingIndex> index;
    std::unique_ptr<ScratchFolder> folder;
    std::vector<std::string> paths;
    ExposureCheckOptions options;
  };

  absl::StatusOr<Files> MakeFiles() {
    Files files;
    TEKMATCH_ASSIGN_OR_RETURN(
        files.world, MakeRunsWorld({.num_sightings = options_.num_sightings}));
    TEKMATCH_ASSIGN_OR_RETURN(files.index, MakeIndex(files.world.sightings));
    TEKMATCH_ASSIGN_OR_RETURN(files.folder, ScratchFolder::Make());
    TEKMATCH_ASSIGN_OR_RETURN(const ExportSigner signer, MakeSigner());
    for (size_t set = 0; set < files.world.key_sets.size(); ++set) {
      files.paths.push_back(
          absl::StrCat(files.folder->path(), "/", set, ".zip"));
      TEKMATCH_ASSIGN_OR_RETURN(
          const std::string zip,
          SignedExport(files.world.key_sets[set], signer));
      TEKMATCH_RETURN_IF_ERROR(
          WriteWholeFile(files.paths.back(), zip, OutputFile::Readers::kOwner));
    }
    TEKMATCH_RETURN_IF_ERROR(Trust(signer, files.options.files.trusted));
    return files;
  }

  absl::StatusOr<double> MatchFile(const Files& files, int run,
                                   int num_threads) const {
    const auto set = static_cast<size_t>(run);
    ExposureCheckOptions options = files.options;
    options.num_threads = num_threads;
    absl::StatusOr<ExposureCheckResult> result = ExposureCheckResult();
    const double seconds = SecondsOf([&] {
      result = CheckExposure({files.paths[set]}, files.index, options);
    });
    if (!result.ok()) return result.status();
    if (!result->complete ||
        ContactsOf(result->result.matches) != files.world.contacts[set]) {
      return WrongAnswer("end to end");
    }
    return seconds / static_cast<double>(options_.num_keys);
  }

  absl::StatusOr<RatioRow> EndToEnd() {
    TEKMATCH_ASSIGN_OR_RETURN(const Files files, MakeFiles());
    const absl::string_view kernel = DefaultKernels().name;
    const double share =
        ShareInTime(files.world.key_sets[0], files.world.sightings);
    const Meter floor = [&](int run) -> absl::StatusOr<double> {
      TEKMATCH_ASSIGN_OR_RETURN(const double kernels,
                                KernelsFloor(kernel, share));
      TEKMATCH_ASSIGN_OR_RETURN(
          const double zip, ZipFloor(files.paths[static_cast<size_t>(run)]));
      return kernels + zip / static_cast<double>(options_.num_keys);
    };
    return Compare(
        options_.num_runs, [&](int run) { return MatchFile(files, run, 1); },
        BaselineSeconds(), KernelsFloor(kernel, share).ok() ? floor : nullptr);
  }

  // Both read the file from the system's cache, and neither has anything else
  // of it from before.
  absl::StatusOr<RatioRow> TwoThreads() {
    TEKMATCH_ASSIGN_OR_RETURN(const Files files, MakeFiles());
    TEKMATCH_ASSIGN_OR_RETURN(
        RatioRow row, Compare(
                          options_.num_runs,
                          [&](int run) { return MatchFile(files, run, 2); },
                          [&](int run) { return MatchFile(files, run, 1); }));
    row.ceiling = 2;
    row.share_of_ceiling = row.ratio / row.ceiling;
    return row;
  }

  // One of KernelMeter's measurements against what the instructions allow.
  absl::StatusOr<RatioRow> Share(
      absl::StatusOr<double> (KernelMeter::*measure)(),
      absl::StatusOr<double> (*floor)(absl::string_view kernel)) const {
    const absl::StatusOr<const Kernels*> kernels = FindKernels(kVaes512);
    if (!kernels.ok()) return SkippedRow(kernels.status().message());
    KernelMeter meter(**kernels);
    // Several times as many runs: each is short.
    TEKMATCH_ASSIGN_OR_RETURN(
        RatioRow row,
        Compare(
            5 * options_.num_runs, [&](int) { return (meter.*measure)(); },
            [&](int) { return floor(kVaes512); }));
    row.kernel = std::string(kVaes512);
    return row;
  }

  const RatioOptions& options_;
  BaselineMeter baseline_;
  uint64_t next_seed_ = 1;
};

}  // namespace

absl::StatusOr<std::vector<RatioRow>> MeasureRatios(
    const RatioOptions& options) {
  // Six rows take it, twice a run.
  TEKMATCH_ASSIGN_OR_RETURN(
      BaselineMeter baseline,
      BaselineMeter::Make(options, 6 * 2 * options.num_runs));
  return Ratios(options, std::move(baseline)).Measure();
}

}  // namespace tekmatch
