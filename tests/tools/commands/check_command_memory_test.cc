// What `check` needs of memory above sightings and their index: at most 8 MiB,
// with 2.2 million keys in nine files and one or two threads; and what `match`
// needs for nine files above what it needs for one. Measured as the most memory
// that the process had (its resident set), `check` against the same check of
// the same store without exports.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/run_tekmatch.h"
#include "tests/test_files.h"
#include "tools/world/world_files.h"

namespace tekmatch {
namespace {

constexpr uint64_t kNumKeys = 2'200'000;
constexpr uint64_t kNumFiles = 9;

// In a process of its own, whose memory is not this one's: a child begins with
// as much as its parent has.
void MakeWorld(const std::string& folder) {
  const pid_t child = fork();
  if (child == 0) {
    GeneratorOptions options;
    options.num_keys = kNumKeys;
    options.keys_per_file = (kNumKeys + kNumFiles - 1) / kNumFiles;
    options.num_sightings = 20'000;
    options.num_met = 300;
    options.plain = true;
    const auto files = WriteWorldFiles(options, folder, {});
    _exit(files.ok() && files->exports.size() == kNumFiles ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
}

int64_t OwnKibibytes() {
  struct rusage usage;
  EXPECT_EQ(getrusage(RUSAGE_SELF, &usage), 0);
  return usage.ru_maxrss;
}

struct Measured {
  int exit_code = -1;
  int64_t kibibytes = 0;
  double seconds = 0;
};

Measured Measure(const std::vector<std::string>& arguments) {
  const auto start = std::chrono::steady_clock::now();
  const TekmatchCommand command(arguments);
  const pid_t child = fork();
  if (child == 0) {
    if (std::freopen("/dev/null", "w", stdout) == nullptr) _exit(126);
    if (std::freopen("/dev/null", "w", stderr) == nullptr) _exit(126);
    command.Exec();
  }
  int status = 0;
  struct rusage usage = {};
  EXPECT_EQ(wait4(child, &status, 0, &usage), child);
  return {.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
          .kibibytes = usage.ru_maxrss,
          .seconds = std::chrono::duration<double>(
                         std::chrono::steady_clock::now() - start)
                         .count()};
}

std::vector<std::string> Exports(const std::string& world) {
  std::vector<std::string> exports;
  for (uint64_t i = 1; i <= kNumFiles; ++i) {
    exports.push_back(absl::StrCat(world, "/0000", i, ".zip"));
  }
  return exports;
}

// With so many threads, over the world in `world`.
void ExpectEightMebibytesAbove(const std::string& world, int num_threads) {
  const std::vector<std::string> check = {
      "check",
      "--store",
      TempPath(absl::StrCat("store-", num_threads)),
      "--trusted-key",
      absl::StrCat("440:v1=", world, "/public.pem"),
      "--threads",
      absl::StrCat(num_threads),
      "--now",
      "2020-06-27T00:00:00Z"};
  const auto measure = [&check](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = check;
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Measure(arguments);
  };
  const std::vector<std::string> exports = Exports(world);
  // No key was compared, and so there is no answer.
  ASSERT_EQ(measure({"--sightings", world + "/sightings.csv"}).exit_code, 1);
  const Measured without = measure({});
  EXPECT_EQ(without.exit_code, 1);
  ASSERT_LT(OwnKibibytes(), without.kibibytes);
  const Measured first = measure(exports);
  const Measured known = measure(exports);
  // One sighting more, with which all kept keys of its days are compared.
  const std::string late = TempPath("late.csv");
  WriteFile(late,
            "time,rpi,aem,rssi\n1592600000,00000000000000000000000000000000,"
            "00000000,-60\n");
  const Measured later = measure({"--sightings", late});
  std::cout << "threads: " << num_threads
            << ", without exports: " << without.kibibytes / 1024.0 << " MiB\n";
  for (const auto& [name, measured] :
       {std::pair<const char*, const Measured&>{"new exports", first},
        {"known exports", known},
        {"a late sighting", later}}) {
    EXPECT_EQ(measured.exit_code, 0) << name;
    const int64_t above = measured.kibibytes - without.kibibytes;
    std::cout << name << ": " << above / 1024.0 << " MiB above that, in "
              << measured.seconds << " s\n";
    EXPECT_LE(above, 8 * 1024) << name << ", threads: " << num_threads;
  }
}

// What is noted of keys takes 4 MiB, however many they are: of 2.2 million it
// would be 8.
void ExpectMatchToBeBounded(const std::string& world, int num_threads) {
  const auto measure = [&](const std::vector<std::string>& exports) {
    std::vector<std::string> arguments = {"match",
                                          "--sightings",
                                          world + "/sightings.csv",
                                          "--trusted-key",
                                          "440:v1=" + world + "/public.pem",
                                          "--threads",
                                          absl::StrCat(num_threads),
                                          "--now",
                                          "2020-06-27T00:00:00Z"};
    arguments.insert(arguments.end(), exports.begin(), exports.end());
    return Measure(arguments);
  };
  const std::vector<std::string> exports = Exports(world);
  const Measured one = measure({exports.back()});
  const Measured all = measure(exports);
  // The others of its batch are missing.
  EXPECT_EQ(one.exit_code, 1);
  EXPECT_EQ(all.exit_code, 0);
  ASSERT_LT(OwnKibibytes(), one.kibibytes);
  const int64_t above = all.kibibytes - one.kibibytes;
  std::cout << "threads: " << num_threads
            << ", match of one file: " << one.kibibytes / 1024.0
            << " MiB, of nine: " << above / 1024.0 << " MiB above that\n";
  EXPECT_LE(above, 5 * 1024) << num_threads;
}

class CheckCommandMemoryTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { MakeWorld(World()); }
  void SetUp() override {
    ASSERT_TRUE(std::filesystem::exists(Exports(World()).back()));
  }
  // Of both tests.
  static std::string World() { return testing::TempDir() + "/world"; }
};

// First: a child begins with as much as its parent has, which grows.
TEST_F(CheckCommandMemoryTest, MatchTakesNoMoreForMoreKeys) {
  for (const int num_threads : {1, 2}) {
    ExpectMatchToBeBounded(World(), num_threads);
  }
}

TEST_F(CheckCommandMemoryTest, EightMebibytesAboveTheSightings) {
  for (const int num_threads : {1, 2}) {
    ExpectEightMebibytesAbove(World(), num_threads);
  }
}

}  // namespace
}  // namespace tekmatch
