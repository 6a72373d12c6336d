// The tool from end to end on a small world of its own: exit codes, messages,
// what is left behind.
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/p256_key.h"
#include "tests/run_tekmatch.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"
#include "tests/tools/sightings/test_leveldb.h"

namespace tekmatch {
namespace {

namespace fs = std::filesystem;
using ::nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

size_t NumFiles(const std::string& folder) {
  size_t n = 0;
  for (const auto& file : fs::directory_iterator(folder)) n += file.exists();
  return n;
}

// The files of `tekmatch demo --out`.
class TekmatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = TempPath("world");
    const TekmatchRun run = RunTekmatch({"demo", "--out", folder_});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    story_ = run.out;
  }

  std::string At(const std::string& name) const { return folder_ + "/" + name; }
  std::string Trusted() const { return "440:v1=" + At("public.pem"); }

  std::vector<std::string> Match(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {"match",         At("export.zip"),
                                          "--sightings",   At("sightings.csv"),
                                          "--trusted-key", Trusted()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  std::string folder_;
  std::string story_;
};

TEST_F(TekmatchTest, DemoSaysWhatItDidAndFound) {
  EXPECT_THAT(story_, HasSubstr("A small world from seed 1: 30 people"));
  EXPECT_THAT(story_, HasSubstr("That is what the world was made with."));
  EXPECT_EQ(NumFiles(folder_), 3U);
  const TekmatchRun run = RunTekmatch(Match({"--time-zone", "Asia/Tokyo"}));
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(story_, HasSubstr(run.out));
}

TEST_F(TekmatchTest, DemoOfASeedIsAlwaysTheSame) {
  const TekmatchRun first = RunTekmatch({"demo", "--seed", "7"});
  const TekmatchRun second = RunTekmatch({"demo", "--seed", "7"});
  EXPECT_EQ(first.exit_code, 0) << first.err;
  EXPECT_EQ(first.out, second.out);
  EXPECT_NE(first.out, RunTekmatch({"demo", "--seed", "8"}).out);
}

TEST_F(TekmatchTest, WrongUsageIsExitCode2) {
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {"no-such-command"},
      {"match"},
      {"match", At("export.zip")},
      Match({"--no-such-option"}),
      Match({"--format", "xml"}),
      Match({"--threads", "0"}),
      Match({"--threads", "many"}),
      Match({"--time-zone", "Asia/Nowhere"}),
      Match({"--trusted-key", "no-equals-sign"}),
      Match({"--now", "yesterday"}),
      {"verify"},
      {"export", "--keys", At("sightings.csv")},
  };
  for (const std::vector<std::string>& arguments : wrong) {
    const TekmatchRun run = RunTekmatch(arguments);
    EXPECT_EQ(run.exit_code, 2) << ::testing::PrintToString(arguments);
    EXPECT_EQ(run.out, "");
    EXPECT_NE(run.err, "");
  }
  EXPECT_EQ(RunTekmatch({"match", "--help"}).exit_code, 0);
}

TEST_F(TekmatchTest, BadInputIsExitCode1AndNamed) {
  WriteFile(At("bad.csv"), "time,rpi,aem,rssi\n1589974662,00,00000000,-50\n");
  const std::vector<std::pair<std::vector<std::string>, std::string>> bad = {
      {Match({"--sightings", At("bad.csv")}),
       At("bad.csv") + ":2: rpi: 2 characters, 32 wanted"},
      {Match({"--sightings", At("none.csv")}), At("none.csv") + ": "},
      {Match({"--sightings", At("public.pem")}),
       At("public.pem") + ": neither CSV"},
      {Match({"--own-keys", At("none.jsonl")}), At("none.jsonl") + ": "},
      {Match({"--trusted-key", "1=" + At("none.pem")}), At("none.pem") + ": "},
      {Match({"--trusted-key", "1=" + At("bad.csv")}), At("bad.csv") + ": "},
      {Match({At("bad.csv")}), At("bad.csv") + ": "},
      {Match({"--out", At("no/such/folder")}), At("no/such/folder") + ": "},
      {Match({"--out", folder_}), folder_ + ": "},
  };
  for (const auto& [arguments, message] : bad) {
    const TekmatchRun run = RunTekmatch(arguments);
    EXPECT_EQ(run.exit_code, 1) << ::testing::PrintToString(arguments);
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, HasSubstr("tekmatch: " + message));
  }
}

TEST_F(TekmatchTest, MalformedSightingsCanBeSkippedAndAreCounted) {
  WriteFile(At("bad.csv"),
            "time,rpi,aem,rssi\n1,2\n1589974662,"
            "00112233445566778899aabbccddeeff,00000000,-50\nx,y,z,w\n");
  const TekmatchRun run =
      RunTekmatch(Match({"--sightings", At("bad.csv"), "--skip-bad-sightings",
                         "--format", "json"}));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.err, AllOf(HasSubstr("skipped " + At("bad.csv") + ":2: "),
                             HasSubstr("skipped " + At("bad.csv") + ":4: ")));
  const json with = json::parse(run.out);
  const json without =
      json::parse(RunTekmatch(Match({"--format", "json"})).out);
  EXPECT_EQ(with["sightings_skipped"], 2);
  EXPECT_EQ(with["sightings_read"], without["sightings_read"].get<int>() + 1);
  EXPECT_EQ(with["sightings_matched"], without["sightings_matched"]);
}

// A database whose only table is gone, and what is said of it.
TEST_F(TekmatchTest, ADatabaseThatLostAPartIsSaid) {
  const std::string folder = At("db");
  fs::create_directory(folder);
  WriteFile(folder + "/CURRENT", "MANIFEST-000002\n");
  WriteFile(folder + "/MANIFEST-000002",
            LogOf({FirstEdit(3, 0) + AddTable(5, 100)}));
  WriteFile(folder + "/000003.log", "");
  const std::string table = folder + "/000005.ldb";
  const std::string reason = "is missing: its sightings are not read";
  const std::string lost = table + ": " + reason;
  const TekmatchRun refused = RunTekmatch(Match({"--sightings", folder}));
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_EQ(refused.out, "");
  EXPECT_EQ(refused.err, "tekmatch: " + lost + "\n");
  TekmatchRun used =
      RunTekmatch(Match({"--sightings", folder, "--skip-bad-sightings"}));
  EXPECT_EQ(used.exit_code, 0);
  EXPECT_THAT(used.out, StartsWith("LOST: " + lost + "\n"));
  // Once: on stderr only where the result is not printed.
  EXPECT_EQ(used.err, "");
  used = RunTekmatch(Match({"--sightings", folder, "--skip-bad-sightings",
                            "--out", At("result.txt")}));
  EXPECT_EQ(used.exit_code, 0);
  EXPECT_EQ(used.err, "tekmatch: lost " + lost + "\n");
  used = RunTekmatch(Match(
      {"--sightings", folder, "--skip-bad-sightings", "--config", "cocoa"}));
  EXPECT_EQ(used.exit_code, 0);
  EXPECT_THAT(used.out, StartsWith("LOST: " + lost + "\n"));
  used = RunTekmatch(Match(
      {"--sightings", folder, "--skip-bad-sightings", "--format", "json"}));
  EXPECT_EQ(json::parse(used.out)["sightings_lost"],
            json::array({{{"path", table}, {"reason", reason}}}));
  const std::vector<std::string> convert = {"sightings", folder, "--out",
                                            At("lost.csv")};
  EXPECT_EQ(RunTekmatch(convert).exit_code, 1);
  EXPECT_FALSE(fs::exists(At("lost.csv")));
  used = RunTekmatch(
      {"sightings", folder, "--out", At("lost.csv"), "--skip-bad-sightings"});
  EXPECT_EQ(used.exit_code, 0);
  EXPECT_EQ(used.out, "0 sightings (0 skipped)\n");
  EXPECT_THAT(used.err, StartsWith("tekmatch: LOST: " + lost + "\n"));
  EXPECT_EQ(ReadFile(At("lost.csv")), "time,rpi,aem,rssi\n");
}

TEST_F(TekmatchTest, SightingsWithoutRssiOrPreviousScan) {
  const std::string row =
      "1589974662,00112233445566778899aabbccddeeff,00000000";
  WriteFile(At("s.csv"), "time,rpi,aem,rssi,previous_scan\n" + row +
                             ",-50,x\n" + row + ",127,\n" + row + ",-50,\n");
  const TekmatchRun refused = RunTekmatch(Match({"--sightings", At("s.csv")}));
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_EQ(refused.err,
            "tekmatch: " + At("s.csv") + ":3: rssi: 127 means not available\n");
  const json without =
      json::parse(RunTekmatch(Match({"--format", "json"})).out);
  const json with = json::parse(
      RunTekmatch(Match({"--sightings", At("s.csv"), "--skip-bad-sightings",
                         "--format", "json"}))
          .out);
  EXPECT_EQ(with["sightings_read"], without["sightings_read"].get<int>() + 2);
  EXPECT_EQ(with["sightings_skipped"], 1);
  EXPECT_EQ(with["dropped_fields"], (json{{"previous_scan", 1}}));
  EXPECT_EQ(without["dropped_fields"], json::object());
}

TEST_F(TekmatchTest, ATamperedExportIsRefused) {
  const TekmatchRun stranger =
      RunTekmatch({"match", At("export.zip"), "--sightings",
                   At("sightings.csv"), "--allow-unsigned"});
  EXPECT_EQ(stranger.exit_code, 1);
  EXPECT_THAT(stranger.err, HasSubstr("(no_trusted_key)"));
  fs::resize_file(At("export.zip"), fs::file_size(At("export.zip")) / 2);
  const TekmatchRun half = RunTekmatch(Match({}));
  EXPECT_EQ(half.exit_code, 1);
  EXPECT_THAT(half.err, HasSubstr("(malformed)"));
}

TEST_F(TekmatchTest, AnUnknownKernelIsAnErrorAndNoFallback) {
  ASSERT_EQ(setenv("TEKMATCH_KERNEL", "abacus", 1), 0);
  const TekmatchRun unknown = RunTekmatch(Match({}));
  ASSERT_EQ(setenv("TEKMATCH_KERNEL", "portable", 1), 0);
  const TekmatchRun known = RunTekmatch(Match({}));
  ASSERT_EQ(unsetenv("TEKMATCH_KERNEL"), 0);
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("TEKMATCH_KERNEL: "));
  EXPECT_EQ(known.exit_code, 0) << known.err;
}

// Results never tell times, keys or identifiers; the matches alone do.
TEST_F(TekmatchTest, ReportsHoldDatesAndCountsOnly) {
  const std::string matches = At("matches.jsonl");
  const TekmatchRun run =
      RunTekmatch(Match({"--matches-out", matches, "--format", "json"}));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  std::ifstream in(matches);
  int num_lines = 0;
  for (std::string line; std::getline(in, line); ++num_lines) {
    const json match = json::parse(line);
    for (const char* secret : {"tek", "rpi"}) {
      EXPECT_THAT(run.out, Not(HasSubstr(match[secret].get<std::string>())));
    }
    EXPECT_THAT(
        run.out,
        Not(HasSubstr(absl::StrCat(match["sighting_time"].get<int64_t>()))));
  }
  EXPECT_EQ(json::parse(run.out)["sightings_matched"], num_lines);
}

TEST_F(TekmatchTest, FullDiskIsAnError) {
  const TekmatchRun run = RunTekmatch(Match({"--out", "/dev/full"}));
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("/dev/full: writing"));
}

// Whichever output the disk is full for: none of them is new beside old ones.
TEST_F(TekmatchTest, AFullDiskLeavesAllOutputsOld) {
  const std::vector<std::string> flags = {"--out", "--html", "--matches-out"};
  const auto inspect = [this](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"inspect", At("export.zip")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  };
  for (const bool is_match : {true, false}) {
    for (const std::string& full : flags) {
      std::vector<std::string> outputs;
      for (const std::string& flag : flags) {
        WriteFile(At("of" + flag), "old");
        outputs.push_back(is_match || flag != "--matches-out" ? flag
                                                              : "--keys-out");
        outputs.push_back(flag == full ? "/dev/full" : At("of" + flag));
      }
      const size_t before = NumFiles(folder_);
      const TekmatchRun run =
          RunTekmatch(is_match ? Match(outputs) : inspect(outputs));
      EXPECT_EQ(run.exit_code, 1) << full;
      EXPECT_THAT(run.err, HasSubstr("/dev/full: writing"));
      for (const std::string& flag : flags) {
        EXPECT_EQ(ReadFile(At("of" + flag)), "old") << full << " " << flag;
      }
      EXPECT_EQ(NumFiles(folder_), before);
    }
  }
}

TEST_F(TekmatchTest, WhatIsPrintedToAFullDiskIsAnError) {
  for (const char* arguments : {"--help", "match --help", "generate --help"}) {
    const int status = std::system(
        absl::StrCat("tools/tekmatch ", arguments, " >/dev/full 2>&1").c_str());
    EXPECT_EQ(WEXITSTATUS(status), 1) << arguments;
  }
}

// A file that cannot be is bad input, not wrong usage.
TEST_F(TekmatchTest, APathThatIsTooLong) {
  const std::string path(5000, 'x');
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{
           {"verify", path},
           {"inspect", path},
           {"sightings", path, "--out", At("x.csv")},
           Match({"--sightings", path}),
           Match({"--own-keys", path}),
           Match({"--trusted-key", "440=" + path}),
           Match({"--out", path}),
           Match({"--matches-out", path}),
           {"generate", "--keys", "1", "--sightings", "1", "--met", "1",
            "--out", path}}) {
    const TekmatchRun run = RunTekmatch(arguments);
    EXPECT_EQ(run.exit_code, 1) << run.err;
  }
}

// Ctrl-C while one output is written and another one waits for its reader.
TEST_F(TekmatchTest, CtrlCLeavesNothingHalfWritten) {
  WriteFile(At("matches.jsonl"), "old\n");
  ASSERT_EQ(mkfifo(At("fifo").c_str(), 0600), 0);
  const size_t before = NumFiles(folder_);
  RunningTekmatch running(
      Match({"--matches-out", At("matches.jsonl"), "--out", At("fifo")}));
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::minutes(4);
  while (NumFiles(folder_) == before &&
         std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_EQ(NumFiles(folder_), before + 1);  // half-written, beside its place
  ASSERT_EQ(kill(running.pid(), SIGINT), 0);
  EXPECT_EQ(running.Wait().signal, SIGINT);
  EXPECT_EQ(NumFiles(folder_), before);
  EXPECT_EQ(ReadFile(At("matches.jsonl")), "old\n");
}

class ExportCommandTest : public TekmatchTest {
 protected:
  void SetUp() override {
    TekmatchTest::SetUp();
    const absl::StatusOr<SigningKey> key = SigningKey::Generate();
    ASSERT_THAT(key, IsOk());
    const absl::StatusOr<std::string> private_pem = key->PrivatePem();
    const absl::StatusOr<std::string> public_pem = key->PublicPem();
    ASSERT_THAT(private_pem, IsOk());
    ASSERT_THAT(public_pem, IsOk());
    WriteFile(At("signing.pem"), *private_pem);
    WriteFile(At("own.pem"), *public_pem);
    const TekmatchRun run = RunTekmatch(
        {"inspect", At("export.zip"), "--keys-out", At("keys.jsonl")});
    ASSERT_EQ(run.exit_code, 0) << run.err;
  }

  std::vector<std::string> Export(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {"export",
                                          "--keys",
                                          At("keys.jsonl"),
                                          "--signing-key",
                                          At("signing.pem"),
                                          "--key-id",
                                          "440",
                                          "--key-version",
                                          "v2",
                                          "--region",
                                          "440",
                                          "--start",
                                          "1608076800",
                                          "--end",
                                          "1608163200",
                                          "--out",
                                          At("out")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
};

// In, out, verified and matched: the same answer from files of one's own.
TEST_F(ExportCommandTest, WrittenBatchesVerifyAndMatch) {
  const TekmatchRun exported = RunTekmatch(
      Export({"--max-keys", "400", "--min-keys", "150", "--split", "batch"}));
  ASSERT_EQ(exported.exit_code, 0) << exported.err;
  EXPECT_THAT(exported.out, HasSubstr("batch 1 of 3"));
  EXPECT_EQ(ReadFile(At("out/index.txt")),
            "1608076800-1608163200-00001.zip\n"
            "1608076800-1608163200-00002.zip\n"
            "1608076800-1608163200-00003.zip\n");
  const std::string trusted = "440:v2=" + At("own.pem");
  std::vector<std::string> files;
  for (const char* number : {"1", "2", "3"}) {
    files.push_back(
        At(absl::StrCat("out/1608076800-1608163200-0000", number, ".zip")));
  }
  const TekmatchRun verified = RunTekmatch(
      {"verify", files[0], files[1], files[2], "--trusted-key", trusted});
  EXPECT_EQ(verified.exit_code, 0) << verified.err;
  const TekmatchRun matched = RunTekmatch(
      {"match", files[2], files[0], files[1], "--trusted-key", trusted,
       "--sightings", At("sightings.csv"), "--format", "json"});
  ASSERT_EQ(matched.exit_code, 0) << matched.err;
  const json original =
      json::parse(RunTekmatch(Match({"--format", "json"})).out);
  EXPECT_EQ(json::parse(matched.out)["dates"], original["dates"]);

  const TekmatchRun incomplete =
      RunTekmatch({"verify", files[0], files[2], "--trusted-key", trusted});
  EXPECT_EQ(incomplete.exit_code, 1);
  EXPECT_THAT(
      incomplete.out,
      HasSubstr(files[0] + ": incomplete_batch, signed by 440:v2: 1 of the 3 "
                           "files of its batch is missing: number 2\n"));
  EXPECT_EQ(incomplete.err, "tekmatch: 2 of 2 files not valid\n");
}

TEST_F(ExportCommandTest, ASeedDecidesOrderAndPadding) {
  std::vector<std::string> keys;
  for (const std::string seed : {"5", "5", "6"}) {
    const TekmatchRun run = RunTekmatch(
        Export({"--order", "random", "--min-keys", "2000", "--seed", seed}));
    ASSERT_EQ(run.exit_code, 0) << run.err;
    const TekmatchRun inspected =
        RunTekmatch({"inspect", At("out/1608076800-1608163200-00001.zip"),
                     "--keys-out", At("again.jsonl")});
    ASSERT_EQ(inspected.exit_code, 0) << inspected.err;
    keys.push_back(ReadFile(At("again.jsonl")));
    fs::remove_all(At("out"));
  }
  EXPECT_EQ(keys[0], keys[1]);
  EXPECT_NE(keys[0], keys[2]);
}

TEST_F(ExportCommandTest, BadKeysAreNamedAndNothingIsWritten) {
  std::ofstream(At("keys.jsonl"), std::ios::app) << "{\"tek\":\"00\"}\n";
  const TekmatchRun run = RunTekmatch(Export({}));
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr(At("keys.jsonl") + ":"));
  EXPECT_FALSE(fs::exists(At("out")));
}

}  // namespace
}  // namespace tekmatch
