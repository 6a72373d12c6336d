// `tekmatch generate`, and that `match` finds in its worlds what it says.
#include "tools/world/world_files.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/run_tekmatch.h"
#include "tests/status_matchers.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<WorldFiles> Write(const GeneratorOptions& options,
                                 const std::string& folder) {
  return WriteWorldFiles(options, folder, {});
}

std::vector<std::string> Lines(const std::string& path) {
  std::istringstream in(ReadFile(path));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// As a person would do it.
std::string MatchesOf(const WorldFiles& files) {
  std::vector<std::string> arguments = {"match"};
  arguments.insert(arguments.end(), files.exports.begin(), files.exports.end());
  const std::string out = TempPath("matches.jsonl");
  for (const std::string& path : files.sightings) {
    arguments.emplace_back("--sightings");
    arguments.push_back(path);
  }
  for (const std::string& argument :
       {std::string("--trusted-key"), "440:v1=" + files.public_key,
        std::string("--matches-out"), out}) {
    arguments.push_back(argument);
  }
  const TekmatchRun run = RunTekmatch(arguments);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  return ReadFile(out);
}

TEST(GenerateCommandTest, MatchWritesWhatIsExpectedByteForByte) {
  int number = 0;
  for (const char* profile : {"dense", "commuter", "phone"}) {
    for (const char* devices : {"1", "3"}) {
      SCOPED_TRACE(std::string(profile) + ", devices: " + devices);
      const std::string folder = TempPath(std::to_string(number++));
      const TekmatchRun made = RunTekmatch(
          {"generate", "--keys", "300", "--days", "14", "--sightings", "2000",
           "--devices", devices, "--met", "100", "--seed", "7", "--profile",
           profile, "--out", folder});
      ASSERT_EQ(made.exit_code, 0) << made.err;
      EXPECT_THAT(made.out, HasSubstr("300 keys in 1 file, 2000 sightings, "));
      const WorldFiles files = {
          .exports = {folder + "/00001.zip"},
          .public_key = folder + "/public.pem",
          .signing_key = folder + "/signing.pem",
          .sightings = {folder + "/sightings.csv"},
          .expected_matches = folder + "/expected_matches.jsonl"};
      EXPECT_THAT(ReadFile(files.signing_key), HasSubstr("PRIVATE KEY"));
      const std::string expected = ReadFile(files.expected_matches);
      EXPECT_EQ(MatchesOf(files), expected);
      EXPECT_EQ(Lines(files.sightings[0])[0], std::string(devices) == "1"
                                                  ? "time,rpi,aem,rssi"
                                                  : "time,rpi,aem,rssi,device");
      EXPECT_EQ(Lines(files.sightings[0]).size(), 2001);
    }
  }
}

// Each phone's store is a file, and what two of them have counts once.
TEST(GenerateCommandTest, SeveralPhonesOfOnePerson) {
  const std::string folder = TempPath("world");
  const TekmatchRun made =
      RunTekmatch({"generate", "--keys", "300", "--sightings", "3000",
                   "--phones", "2", "--met", "200", "--out", folder});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_THAT(made.out, HasSubstr(" --sightings " + folder +
                                  "/sightings-1.csv --sightings " + folder +
                                  "/sightings-2.csv --matches-out"));
  const WorldFiles files = {
      .exports = {folder + "/00001.zip"},
      .public_key = folder + "/public.pem",
      .signing_key = folder + "/signing.pem",
      .sightings = {folder + "/sightings-1.csv", folder + "/sightings-2.csv"},
      .expected_matches = folder + "/expected_matches.jsonl"};
  EXPECT_EQ(MatchesOf(files), ReadFile(files.expected_matches));
  std::map<std::string, int> rows;
  for (const std::string& store : files.sightings) {
    const std::vector<std::string> lines = Lines(store);
    EXPECT_GT(lines.size(), 1000U);
    for (size_t i = 1; i < lines.size(); ++i) ++rows[lines[i]];
  }
  EXPECT_FALSE(std::filesystem::exists(folder + "/sightings.csv"));
  EXPECT_LT(rows.size(), 3000U);
}

// The same sightings and the same matches, phone by phone, as the CSV has.
TEST(GenerateCommandTest, SightingsAsTksight) {
  for (const char* phones : {"1", "2"}) {
    for (const char* devices : {"1", "3"}) {
      SCOPED_TRACE(absl::StrCat("phones ", phones, ", devices ", devices));
      // The paths stand in the expected matches.
      const std::string folder = TempPath("world");
      const auto generate = [&](const std::string& format) {
        std::filesystem::remove_all(folder);
        return RunTekmatch({"generate", "--keys", "300", "--sightings", "9000",
                            "--phones", phones, "--devices", devices, "--met",
                            "200", "--sightings-format", format, "--out",
                            folder});
      };
      const std::vector<std::string> names =
          std::string(phones) == "1"
              ? std::vector<std::string>{folder + "/sightings"}
              : std::vector<std::string>{folder + "/sightings-1",
                                         folder + "/sightings-2"};
      ASSERT_EQ(generate("csv").exit_code, 0);
      const std::string expected = ReadFile(folder + "/expected_matches.jsonl");
      std::vector<std::string> converted;
      for (const std::string& name : names) {
        const TekmatchRun run =
            RunTekmatch({"sightings", name + ".csv", "--format", "tksight"});
        ASSERT_EQ(run.exit_code, 0) << run.err;
        converted.push_back(run.out);
      }

      const TekmatchRun made = generate("tksight");
      ASSERT_EQ(made.exit_code, 0) << made.err;
      WorldFiles files = {.exports = {folder + "/00001.zip"},
                          .public_key = folder + "/public.pem"};
      for (size_t i = 0; i < names.size(); ++i) {
        files.sightings.push_back(names[i] + ".tksight");
        EXPECT_THAT(made.out, HasSubstr(" --sightings " + files.sightings[i]));
        EXPECT_EQ(ReadFile(files.sightings[i]), converted[i]);
        EXPECT_FALSE(std::filesystem::exists(names[i] + ".csv"));
      }
      EXPECT_EQ(ReadFile(folder + "/expected_matches.jsonl"), expected);
      EXPECT_EQ(MatchesOf(files), expected);
    }
  }
}

TEST(GenerateCommandTest, RefusesAFolderWithSomethingInIt) {
  const std::string folder = TempPath("world");
  std::filesystem::create_directory(folder);
  WriteFile(folder + "/old.zip", "");
  const TekmatchRun run = RunTekmatch({"generate", "--keys", "1", "--sightings",
                                       "1", "--met", "1", "--out", folder});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr(folder + ": not an empty folder"));
}

TEST(GenerateCommandTest, RefusesWorldsThatCannotBe) {
  const std::vector<std::vector<std::string>> bad = {
      {"--keys", "0", "--sightings", "0", "--met", "0"},
      {"--keys", "5", "--sightings", "9", "--met", "6"},
      {"--keys", "5", "--sightings", "4", "--met", "5"},
      {"--keys", "5", "--sightings", "4294967296", "--met", "5"},
      {"--keys", "5", "--sightings", "5", "--met", "5", "--days", "0"},
      {"--keys", "5", "--sightings", "5", "--met", "5", "--days", "-1"},
      {"--keys", "5", "--sightings", "5", "--met", "5", "--devices", "0"},
      {"--keys", "5", "--sightings", "5", "--met", "5", "--phones", "0"},
      {"--keys", "5", "--sightings", "5", "--met", "5", "--phones", "17"},
      {"--keys", "5", "--sightings", "5", "--met", "5", "--profile", "Dense"},
      {"--keys", "5", "--sightings", "5", "--met", "5", "--sightings-format",
       "jsonl"},
      {"--keys", "-5", "--sightings", "5", "--met", "5"}};
  for (std::vector<std::string> arguments : bad) {
    SCOPED_TRACE(testing::PrintToString(arguments));
    arguments.insert(arguments.begin(), "generate");
    arguments.emplace_back("--out");
    arguments.push_back(TempPath("world"));
    EXPECT_EQ(RunTekmatch(arguments).exit_code, 2);
    EXPECT_FALSE(std::filesystem::exists(TempPath("world")));
  }
}

TEST(WorldFilesTest, TheOptionsDecideEverythingButTheSignatures) {
  const GeneratorOptions options = {.num_keys = 200,
                                    .num_sightings = 500,
                                    .num_met = 50,
                                    .keys_per_file = 64};
  GeneratorOptions other = options;
  other.seed = 2;
  // The paths stand in the expected matches.
  const std::string folder = TempPath("world");
  std::vector<std::string> written;
  for (const GeneratorOptions& of : {options, options, other}) {
    std::filesystem::remove_all(folder);
    const absl::StatusOr<WorldFiles> files = Write(of, folder);
    ASSERT_THAT(files, IsOk());
    ASSERT_EQ(files->exports.size(), 4);
    EXPECT_EQ(files->exports[3], folder + "/00004.zip");
    std::string all =
        ReadFile(files->sightings[0]) + ReadFile(files->expected_matches);
    for (const std::string& path : files->exports) {
      all += ZipEntry(ReadFile(path), "export.bin");
    }
    written.push_back(all);
  }
  EXPECT_EQ(written[0], written[1]);
  EXPECT_NE(written[0], written[2]);
}

TEST(WorldFilesTest, RefusesFormatsThatItDoesNotWrite) {
  EXPECT_THAT(
      WriteWorldFiles({.num_keys = 1, .num_sightings = 1, .num_met = 1},
                      TempPath("world"), {}, SightingsFormat::kJsonLines),
      StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_FALSE(std::filesystem::exists(TempPath("world")));
}

TEST(WorldFilesTest, AllFilesOfABatchAreNeeded) {
  const absl::StatusOr<WorldFiles> files = Write(
      {.num_keys = 10, .num_sightings = 10, .num_met = 10, .keys_per_file = 4},
      TempPath("world"));
  ASSERT_THAT(files, IsOk());
  ASSERT_EQ(files->exports.size(), 3);
  const TekmatchRun run = RunTekmatch(
      {"match", files->exports[0], files->exports[2], "--trusted-key",
       "440:v1=" + files->public_key, "--sightings", files->sightings[0]});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("batch"));
}

TEST(WorldGeneratorTest, MakesWhatWasAskedFor) {
  for (const uint64_t num_met : {0, 1, 299, 300}) {
    for (const uint64_t num_sightings :
         {num_met, num_met + 40, uint64_t{5000}}) {
      SCOPED_TRACE(testing::Message()
                   << num_met << " met, " << num_sightings << " sightings");
      const GeneratorOptions options = {.num_keys = 300,
                                        .num_sightings = num_sightings,
                                        .num_met = num_met,
                                        .num_devices = 5,
                                        .num_phones = 3,
                                        .num_days = 3,
                                        .keys_per_file = 100};
      absl::StatusOr<WorldGenerator> generator =
          WorldGenerator::Create(options);
      ASSERT_THAT(generator, IsOk());
      uint64_t num_keys = 0;
      uint64_t num_heard = 0;
      uint64_t met = 0;
      std::set<Tek> matched;
      std::set<uint32_t> devices;
      std::set<uint16_t> phones;
      for (; !generator->done(); ++num_keys) {
        const absl::StatusOr<GeneratedKey> generated = generator->Next();
        ASSERT_THAT(generated, IsOk());
        num_heard += generated->sightings.size();
        met += generated->met ? 1 : 0;
        for (const Sighting& s : generated->sightings) {
          devices.insert(s.device);
          phones.insert(s.store);
        }
        for (const Match& match : generated->expected) {
          matched.insert(match.tek);
          EXPECT_EQ(match.tek, generated->key.tek);
        }
        // A revocation may name the next day.
        EXPECT_LT(generated->key.rolling_start, kWorldStart + 4 * 144);
        EXPECT_GT(generated->key.rolling_start + generated->key.rolling_period,
                  kWorldStart);
      }
      EXPECT_EQ(num_keys, 300);
      EXPECT_EQ(num_heard, num_sightings);
      EXPECT_EQ(met, num_met);
      // Three of the 42 shapes have no match.
      EXPECT_LE(matched.size(), num_met);
      EXPECT_GE(matched.size(), num_met - num_met / 6);
      if (num_sightings == 5000) {
        EXPECT_EQ(devices, (std::set<uint32_t>{0, 1, 2, 3, 4}));
        EXPECT_EQ(phones, (std::set<uint16_t>{0, 1, 2}));
      }
    }
  }
}

// The shapes that the differential test relies on are there.
TEST(WorldGeneratorTest, HasWhatGoesWrongEasily) {
  absl::StatusOr<WorldGenerator> generator =
      WorldGenerator::Create({.num_keys = 840,
                              .num_sightings = 9000,
                              .num_met = 420,
                              .num_devices = 3,
                              .num_phones = 2,
                              .keys_per_file = 100});
  ASSERT_THAT(generator, IsOk());
  std::map<int64_t, int> apart;  // of matches, in intervals
  std::map<Sighting, int> copies;
  std::map<Tek, std::vector<DiagnosisKey>> publications;
  std::map<std::string, int> pairs;
  std::set<std::optional<ReportType>> types;
  std::set<std::optional<int8_t>> days;
  std::map<int, int> periods;
  std::map<int, int> powers;
  int most_of_one_rpi = 0;
  uint64_t num_expected = 0;
  uint64_t num_heard_of_met = 0;
  while (!generator->done()) {
    const absl::StatusOr<GeneratedKey> generated = generator->Next();
    ASSERT_THAT(generated, IsOk());
    publications[generated->key.tek].push_back(generated->key);
    types.insert(generated->key.metadata.report_type);
    days.insert(generated->key.metadata.days_since_onset);
    ++periods[generated->key.rolling_period];
    for (const Sighting& sighting : generated->sightings) ++copies[sighting];
    std::map<Rpi, int> by_rpi;
    for (const Match& match : generated->expected) {
      ++apart[match.sighting.unix_seconds / 600 - int64_t{match.interval}];
      ++powers[match.tx_power];
      most_of_one_rpi = std::max(most_of_one_rpi, ++by_rpi[match.sighting.rpi]);
    }
    num_expected += generated->expected.size();
    num_heard_of_met += generated->sightings.size();
  }
  EXPECT_EQ(apart.begin()->first, -12);
  EXPECT_EQ(apart.rbegin()->first, 12);
  EXPECT_EQ(powers.begin()->first, -50);
  EXPECT_EQ(powers.rbegin()->first, 20);
  EXPECT_GE(most_of_one_rpi, 21);
  EXPECT_GT(periods[1], 5);
  EXPECT_GT(periods.size(), 20);
  EXPECT_GT(std::count_if(copies.begin(), copies.end(),
                          [](const auto& c) { return c.second == 4; }),
            5);
  for (const auto& [tek, keys] : publications) {
    ASSERT_LE(keys.size(), 2U);
    if (keys.size() < 2) continue;
    const DiagnosisKey& a = keys[0];
    const DiagnosisKey& b = keys[1];
    ++pairs["all"];
    pairs["same"] += a == b;
    pairs["metadata"] +=
        a.metadata.days_since_onset != b.metadata.days_since_onset;
    pairs["period"] += a.rolling_period != b.rolling_period;
    pairs["start"] += a.rolling_start != b.rolling_start;
    pairs["revised"] += b.metadata.revised;
    pairs["revoked"] += b.metadata.report_type == ReportType::kRevoked;
    pairs["after recursive"] +=
        a.metadata.report_type == ReportType::kRecursive;
  }
  for (const char* kind : {"same", "metadata", "period", "start", "revised",
                           "revoked", "after recursive"}) {
    EXPECT_GT(pairs[kind], 3) << kind;
  }
  // Unknown, three types and none; recursive; revoked. 29 days and none.
  EXPECT_EQ(types.size(), 7U);
  EXPECT_EQ(days.size(), 30U);
  EXPECT_LT(num_expected, num_heard_of_met);
}

TEST(SightingTimesTest, ProfilesKeepToTheirHours) {
  RandomSource random = RandomSource::Seeded(1);
  const auto hours = [&random](SightingProfile profile) {
    std::map<int64_t, std::set<int64_t>> by_day;
    for (int i = 0; i < 20000; ++i) {
      const int64_t time =
          RandomSightingTime(profile, 14, random) - kWorldStartSeconds;
      by_day[time / 86400].insert(time % 86400 / 1800);  // half hours
    }
    return by_day;
  };
  const auto dense = hours(SightingProfile::kDense);
  EXPECT_EQ(dense.size(), 14);
  EXPECT_EQ(dense.at(13).size(), 48);
  const auto commuter = hours(SightingProfile::kCommuter);
  EXPECT_EQ(commuter.size(), 14);
  EXPECT_EQ(commuter.at(13), (std::set<int64_t>{15, 16, 24, 25, 36, 37}));
  const auto phone = hours(SightingProfile::kPhone);
  EXPECT_EQ(phone.size(), 10);
  EXPECT_EQ(phone.count(5) + phone.count(6) + phone.count(12), 0);
  EXPECT_EQ(phone.at(11), (std::set<int64_t>{18, 19, 20, 21, 22, 23, 24, 25, 26,
                                             27, 28, 29}));
}

}  // namespace
}  // namespace tekmatch
