// `match` where memory ends: it says so and exits with 1, on one thread and on
// several. No attacker's file that repeats a key makes it end.
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/export.pb.h"
#include "keyformat/key_decoder.h"
#include "tests/run_tekmatch.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"
#include "tools/sightings/sightings_text.h"

namespace tekmatch {
namespace {

using ::testing::AnyOf;

struct Limited {
  int exit_code = -1;  // -1: by a signal
  std::string out;
  std::string err;
};

// Runs `match` with so much address space.
Limited MatchWithin(int kibibytes, int threads, const std::string& arguments) {
  const std::string out = TempPath("out");
  const std::string err = TempPath("err");
  const int status = std::system(
      absl::StrCat("ulimit -v ", kibibytes, " && exec tools/tekmatch match ",
                   arguments, " --threads ", threads, " >", out, " 2>", err)
          .c_str());
  return {.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
          .out = ReadFile(out),
          .err = ReadFile(err)};
}

// From too little for anything up to more than enough, which is more with more
// threads: 20,000 KiB here for one, 40,000 and 80,000 for several, whose stacks
// take 8 MiB each. In between memory ends anywhere: as the sightings are read,
// as they are indexed, as a thread starts, in a thread, in the report.
TEST(MemoryLimitTest, TooLittleMemoryIsSaid) {
  const std::string folder = TempPath("world");
  ASSERT_EQ(RunTekmatch({"generate", "--keys", "60000", "--sightings", "40000",
                         "--met", "2000", "--out", folder})
                .exit_code,
            0);
  const std::filesystem::path reports = TempPath("reports");
  std::filesystem::create_directory(reports);
  const std::string arguments =
      absl::StrCat(folder, "/00001.zip --trusted-key 440:v1=", folder,
                   "/public.pem --sightings ", folder,
                   "/sightings.csv --config cocoa --out ",
                   (reports / "report.json").string());
  const struct {
    int threads;
    int last;  // KiB, as is
    int step;
  } kCases[] = {{1, 30'000, 1'000}, {3, 64'000, 2'000}, {8, 144'000, 6'000}};
  for (const auto& [threads, last, step] : kCases) {
    std::set<int> exit_codes;
    for (int kibibytes = 16'000; kibibytes <= last; kibibytes += step) {
      const Limited run = MatchWithin(kibibytes, threads, arguments);
      ASSERT_THAT(run.exit_code, AnyOf(0, 1))
          << kibibytes << " KiB, " << threads << " threads: " << run.err;
      exit_codes.insert(run.exit_code);
      if (run.exit_code == 0) {
        EXPECT_TRUE(std::filesystem::remove(reports / "report.json"));
        continue;
      }
      EXPECT_EQ(run.out, "");
      EXPECT_EQ(run.err, "tekmatch: not enough memory\n");
      // Neither a report nor the half of one.
      EXPECT_TRUE(std::filesystem::is_empty(reports));
    }
    EXPECT_EQ(exit_codes, (std::set<int>{0, 1})) << threads << " threads";
  }
}

// A bare export.bin, which nothing compresses.
std::string Bare(const std::vector<DiagnosisKey>& keys) {
  wire::TemporaryExposureKeyExport message;
  message.set_batch_num(1);
  message.set_batch_size(1);
  for (const DiagnosisKey& key : keys) {
    wire::TemporaryExposureKey& added = *message.add_keys();
    added.set_key_data(key.tek.bytes.data(), key.tek.bytes.size());
    added.set_rolling_start_interval_number(
        static_cast<int32_t>(key.rolling_start));
    added.set_rolling_period(key.rolling_period);
    if (key.metadata.transmission_risk.has_value()) {
      added.set_transmission_risk_level(*key.metadata.transmission_risk);
    }
  }
  return std::string(kExportHeader) + message.SerializeAsString();
}

// One key, heard all day, stands in the file again and again: the same, with
// other metadata, with other starts.
TEST(MemoryLimitTest, RepeatedKeysTakeNoMoreThanHonestOnes) {
  const DiagnosisKey heard = TestKeys(1, 3)[0];
  std::string sightings = CsvHeader({}) + "\n";
  for (int i = 0; i < 144; ++i) {
    for (const int second : {0, 100, 200, 300}) {
      sightings += CsvRow(
          HearKey(heard, kTestDaySeconds + i * kIntervalSeconds + second));
    }
  }
  const std::string csv = TempPath("sightings.csv");
  WriteFile(csv, sightings);
  std::vector<DiagnosisKey> same;
  std::vector<DiagnosisKey> other_metadata;
  std::vector<DiagnosisKey> other_starts;
  for (uint32_t i = 0; i < 40'000; ++i) {
    DiagnosisKey key = heard;
    same.push_back(key);
    key.metadata.transmission_risk = static_cast<uint8_t>(i % 9);
    other_metadata.push_back(key);
    key.rolling_start = kTestDay - 143 + i % 287;
    key.rolling_period = static_cast<uint8_t>(1 + i / 287 % 144);
    other_starts.push_back(key);
  }
  for (const auto& keys : {same, other_metadata, other_starts}) {
    const std::string bin = TempPath("export.bin");
    WriteFile(bin, Bare(keys));
    for (const int threads : {1, 2}) {
      const Limited run =
          MatchWithin(120'000, threads,
                      absl::StrCat(bin, " --allow-unsigned --sightings ", csv));
      EXPECT_EQ(run.exit_code, 0) << run.err;
    }
  }
}

}  // namespace
}  // namespace tekmatch
