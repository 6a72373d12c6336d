// 200 random worlds of `tekmatch generate`, through the files, with every
// kernel that the machine has, against a naive model that is written here from
// the rules (docs/matching.md) and against what the generator expects. The
// model first makes of all publications of a key what it is, then derives every
// RPI of every key one by one and compares with every sighting of it: no
// filter, no index, nothing left out where nothing was heard.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/random_source.h"
#include "matcher/check/export_files.h"
#include "matcher/check/exposure_check.h"
#include "matcher/join/en_crypto.h"
#include "matcher/kernels/dispatch.h"
#include "tests/sanitized.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"
#include "tools/files/match_line.h"
#include "tools/report/match_report.h"
#include "tools/sightings/sightings_reader.h"
#include "tools/sightings/sightings_stores.h"
#include "tools/world/world_files.h"

namespace tekmatch {
namespace {

constexpr uint64_t kNumWorlds = ShareOf(200);

GeneratorOptions RandomOptions(uint64_t seed) {
  RandomSource random = RandomSource::Seeded(seed);
  GeneratorOptions options;
  options.seed = seed;
  options.num_keys = 1 + random.Below(60);
  options.num_met = random.Below(options.num_keys + 1);
  options.num_sightings =
      options.num_met + (random.Below(4) == 0 ? 0 : random.Below(1000));
  options.num_devices =
      static_cast<uint32_t>(random.Below(2) == 0 ? 1 : 1 + random.Below(5));
  options.num_phones =
      static_cast<uint16_t>(random.Below(2) == 0 ? 1 : 2 + random.Below(2));
  options.num_days = static_cast<int>(1 + random.Below(14));
  options.profile = static_cast<SightingProfile>(random.Below(3));
  options.keys_per_file = 1 + random.Below(40);
  return options;
}

struct FileKey {
  DiagnosisKey key;
  uint32_t source = 0;
};

struct ReadWorld {
  std::vector<FileKey> keys;
  std::vector<Sighting> sightings;  // what several stores have, once
  uint64_t num_repeated = 0;        // the others
  bool by_device = false;
};

absl::StatusOr<ReadWorld> ReadAll(const WorldFiles& files,
                                  const ExportFileOptions& options) {
  ReadWorld world;
  for (uint32_t source = 0; source < files.exports.size(); ++source) {
    const auto read =
        ReadExportFile(files.exports[source], options,
                       [&](const std::unique_ptr<KeyBlock>& block) {
                         for (size_t k = 0; k < block->size(); ++k) {
                           world.keys.push_back({block->key(k), source});
                         }
                         return absl::OkStatus();
                       });
    if (!read.ok()) return read.status();
  }
  // How often each store has a sighting: the most of any of them counts.
  std::map<Sighting, std::map<std::string, size_t>> stores;
  for (const std::string& store : files.sightings) {
    const absl::StatusOr<SightingsFile> read = ReadSightings(store, {});
    if (!read.ok()) return read.status();
    for (const Sighting& sighting : read->sightings) {
      ++stores[sighting][store];
      ++world.num_repeated;
    }
  }
  for (const auto& [sighting, counts] : stores) {
    size_t most = 0;
    for (const auto& [store, n] : counts) most = std::max(most, n);
    world.sightings.insert(world.sightings.end(), most, sighting);
    world.num_repeated -= most;
    world.by_device = world.by_device || sighting.device != 0;
  }
  return world;
}

// A line of `--matches-out` as docs/formats.md says: these members in this
// order, `device` when sightings name devices. No path here needs escapes.
std::string NaiveLine(const Match& match, const std::string& file,
                      bool with_device) {
  const auto hex = [](const std::array<uint8_t, 16>& bytes) {
    return absl::BytesToHexString(absl::string_view(
        reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  };
  return absl::StrCat(
      R"({"tek":")", hex(match.tek.bytes),                            //
      R"(","rolling_start":)", match.rolling_start,                   //
      R"(,"rolling_period":)", int{match.rolling_period},             //
      R"(,"interval":)", match.interval,                              //
      R"(,"rpi":")", hex(match.sighting.rpi.bytes),                   //
      R"(","sighting_time":)", int64_t{match.sighting.unix_seconds},  //
      R"(,"rssi":)", int{match.sighting.rssi},                        //
      R"(,"tx_power":)", match.tx_power,                              //
      R"(,"attenuation":)", match.attenuation,                        //
      with_device ? absl::StrCat(R"(,"device":)", match.sighting.device) : "",
      R"(,"file":")", file, "\"}\n");
}

bool MayBecome(ReportType from, ReportType to) {
  if (to == ReportType::kConfirmedTest || to == ReportType::kRevoked) {
    return from == ReportType::kSelfReport ||
           from == ReportType::kConfirmedClinicalDiagnosis;
  }
  return from == ReportType::kSelfReport &&
         to == ReportType::kConfirmedClinicalDiagnosis;
}

// Each key that is reported once, as its first publication has it. All files
// are signed and of one batch, so the order of publication is that of their
// numbers; in a file revised keys come after the others, and of a list that
// repeats a key the least counts.
std::vector<FileKey> ReportedKeys(const ReadWorld& world) {
  using Place = std::tuple<uint32_t, bool, DiagnosisKey>;
  std::map<Tek, std::set<Place>> publications;
  for (const FileKey& file_key : world.keys) {
    publications[file_key.key.tek].insert(
        {file_key.source, file_key.key.metadata.revised, file_key.key});
  }
  std::vector<FileKey> reported;
  for (const auto& [tek, places] : publications) {
    std::optional<FileKey> first;
    ReportType type = ReportType::kUnknown;
    int num_moves = 0;
    std::set<std::pair<uint32_t, bool>> lists;
    for (const auto& [source, revised, key] : places) {
      if (!lists.insert({source, revised}).second) continue;
      ReportType published =
          key.metadata.report_type.value_or(ReportType::kUnknown);
      if (published == ReportType::kUnknown) {
        published = ReportType::kConfirmedTest;
      }
      if (published == ReportType::kRecursive) continue;
      if (!first.has_value()) {
        first = {key, source};
        type = published;
      } else if (num_moves == 0 && MayBecome(type, published)) {
        type = published;
        ++num_moves;
      }
    }
    if (first.has_value() && type != ReportType::kRevoked) {
      reported.push_back(*first);
    }
  }
  return reported;
}

// The lines that `--matches-out` has to have.
std::string NaiveMatches(const ReadWorld& world, const WorldFiles& files) {
  std::multimap<Rpi, size_t> heard;
  for (size_t i = 0; i < world.sightings.size(); ++i) {
    heard.emplace(world.sightings[i].rpi, i);
  }
  // (a) The same sighting of the same key's RPI once.
  std::map<std::tuple<Tek, int64_t, size_t>, Match> candidates;
  for (const FileKey& file_key : ReportedKeys(world)) {
    const DiagnosisKey& key = file_key.key;
    const Rpik rpik = *DeriveRpik(key.tek);
    for (int64_t j = 0; j < key.rolling_period; ++j) {
      const auto interval =
          static_cast<EnIntervalNumber>(key.rolling_start + j);
      const auto [begin, end] = heard.equal_range(*GenerateRpi(rpik, interval));
      for (auto it = begin; it != end; ++it) {
        const Sighting& sighting = world.sightings[it->second];
        const int64_t sighted = sighting.unix_seconds / 600;
        if (sighted < int64_t{interval} - 12) continue;
        if (sighted > int64_t{interval} + 12) continue;
        Match match;
        match.tek = key.tek;
        match.rolling_start = key.rolling_start;
        match.rolling_period = key.rolling_period;
        match.interval = interval;
        match.source = file_key.source;
        match.sighting = sighting;
        match.tx_power =
            DecryptAem(*DeriveAemk(key.tek), sighting.rpi, sighting.aem)
                ->tx_power();
        match.attenuation = std::max(0, match.tx_power - sighting.rssi);
        candidates.try_emplace({key.tek, interval, it->second}, match);
      }
    }
  }
  // (b) No replays, (c) no absurd power, (d) in order.
  std::map<std::pair<Rpi, uint32_t>, int64_t> first;
  for (const auto& [id, match] : candidates) {
    const Sighting& s = match.sighting;
    const auto it = first.try_emplace({s.rpi, s.device}, s.unix_seconds).first;
    it->second = std::min<int64_t>(it->second, s.unix_seconds);
  }
  std::multimap<
      std::tuple<int64_t, Rpi, Tek, EnIntervalNumber, uint32_t, Aem, int16_t>,
      Match>
      matches;
  for (const auto& [id, match] : candidates) {
    const Sighting& s = match.sighting;
    if (s.unix_seconds > first[{s.rpi, s.device}] + 1200) continue;
    if (match.tx_power < -50 || match.tx_power > 20) continue;
    matches.emplace(std::make_tuple(s.unix_seconds, s.rpi, match.tek,
                                    match.interval, s.device, s.aem, s.rssi),
                    match);
  }
  std::string lines;
  for (const auto& [order, match] : matches) {
    lines += NaiveLine(match, files.exports[match.source], world.by_device);
  }
  return lines;
}

// Sightings of an RPI of any key, whatever becomes of it, that were heard more
// than two hours and at most a day from the RPI's ten minutes.
uint64_t NaiveOutsideTolerance(const ReadWorld& world) {
  std::multimap<Rpi, size_t> heard;
  for (size_t i = 0; i < world.sightings.size(); ++i) {
    heard.emplace(world.sightings[i].rpi, i);
  }
  std::set<size_t> outside;
  for (const FileKey& file_key : world.keys) {
    const Rpik rpik = *DeriveRpik(file_key.key.tek);
    for (int64_t j = 0; j < file_key.key.rolling_period; ++j) {
      const int64_t interval = file_key.key.rolling_start + j;
      const auto [begin, end] = heard.equal_range(
          *GenerateRpi(rpik, static_cast<EnIntervalNumber>(interval)));
      for (auto it = begin; it != end; ++it) {
        const int64_t apart =
            world.sightings[it->second].unix_seconds / 600 - interval;
        if (std::abs(apart) > 12 && std::abs(apart) <= 144) {
          outside.insert(it->second);
        }
      }
    }
  }
  return outside.size();
}

// The lines that it does have.
std::string EngineMatches(const ReadWorld& world, const WorldFiles& files,
                          const std::shared_ptr<const SightingIndex>& index,
                          const ExposureCheckOptions& options,
                          uint64_t outside_tolerance) {
  const absl::StatusOr<ExposureCheckResult> run =
      CheckExposure(files.exports, index, options);
  if (!run.ok()) return run.status().ToString();
  EXPECT_TRUE(run->complete);
  EXPECT_EQ(run->num_outside_tolerance, outside_tolerance);
  std::string lines;
  for (const Match& match : run->result.matches) {
    lines += MatchLine(match, run->files[match.source].path, world.by_device);
  }
  return lines;
}

ExportFileOptions Trusting(const std::string& public_key) {
  ExportFileOptions options;
  const auto key = VerificationKey::Parse(ReadFile(public_key));
  EXPECT_THAT(key, IsOk());
  EXPECT_THAT(
      options.trusted.AddSet({TrustedKey{
          .id = kWorldKeyId, .version = kWorldKeyVersion, .key = *key}}),
      IsOk());
  return options;
}

TEST(DifferentialTest, EveryKernelAgreesWithANaiveJoinOn200Worlds) {
  std::set<std::string> kernels_run;
  uint64_t num_lines = 0;
  uint64_t num_repeated = 0;
  uint64_t num_outside = 0;
  for (uint64_t seed = 1; seed <= kNumWorlds; ++seed) {
    SCOPED_TRACE(absl::StrCat("world of seed ", seed));
    const GeneratorOptions options = RandomOptions(seed);
    const absl::StatusOr<WorldFiles> files =
        WriteWorldFiles(options, TempPath(absl::StrCat(seed)), {});
    ASSERT_THAT(files, IsOk());
    ExposureCheckOptions run_options;
    run_options.files = Trusting(files->public_key);
    const absl::StatusOr<ReadWorld> world = ReadAll(*files, run_options.files);
    ASSERT_THAT(world, IsOk());
    ASSERT_EQ(world->keys.size(), options.num_keys);
    ASSERT_EQ(world->sightings.size() + world->num_repeated,
              options.num_sightings);
    absl::StatusOr<RunSightings> stores = ReadStores(files->sightings, {});
    ASSERT_THAT(stores, IsOk());
    EXPECT_EQ(stores->counts.num_repeated, world->num_repeated);
    ASSERT_EQ(stores->sightings.size(), world->sightings.size());
    num_repeated += world->num_repeated;

    const std::string naive = NaiveMatches(*world, *files);
    EXPECT_EQ(naive, ReadFile(files->expected_matches));
    const uint64_t outside = NaiveOutsideTolerance(*world);
    num_outside += outside;
    auto index =
        SightingIndex::Create(std::move(stores->sightings), kSearchedIntervals);
    ASSERT_THAT(index, IsOk());
    const auto shared =
        std::make_shared<const SightingIndex>(*std::move(index));
    for (const KernelChoice& choice : AllKernels()) {
      if (!choice.available) continue;
      SCOPED_TRACE(choice.kernels->name);
      run_options.kernels = choice.kernels;
      run_options.num_threads = static_cast<int>(1 + seed % 3);
      EXPECT_EQ(EngineMatches(*world, *files, shared, run_options, outside),
                naive);
      kernels_run.insert(choice.kernels->name);
    }
    num_lines +=
        static_cast<uint64_t>(std::count(naive.begin(), naive.end(), '\n'));
  }
  EXPECT_GT(num_lines, ShareOf(4000));
  EXPECT_GT(num_repeated, ShareOf(15));
  EXPECT_GT(num_outside, ShareOf(300));
  EXPECT_TRUE(kernels_run.contains("portable"));
  EXPECT_TRUE(kernels_run.contains(DefaultKernels().name));
}

}  // namespace
}  // namespace tekmatch
