// Foreign stores over the real binary: what every result says of them, and that
// nothing is written to them or left behind.
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/run_tekmatch.h"
#include "tests/shared_data.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"
#include "tests/tools/sightings/run_sql.h"
#include "tools/files/hex.h"

namespace tekmatch {
namespace {

namespace fs = std::filesystem;
using ::nlohmann::json;
using ::testing::HasSubstr;

constexpr char kSchema[] =
    "CREATE TABLE advertisements(rpi BLOB NOT NULL, aem BLOB NOT NULL, "
    "timestamp INTEGER NOT NULL, rssi INTEGER NOT NULL, duration INTEGER NOT "
    "NULL DEFAULT 0, PRIMARY KEY(rpi, timestamp));"
    "CREATE TABLE tek(keyData BLOB, rollingStartNumber, rollingPeriod);"
    "PRAGMA user_version=12;";

std::string Row(const Sighting& sighting, int duration) {
  return absl::StrCat("INSERT INTO advertisements VALUES(x'",
                      EncodeHex(sighting.rpi.bytes), "',x'",
                      EncodeHex(sighting.aem.bytes), "',",
                      int64_t{sighting.unix_seconds}, "500,", sighting.rssi,
                      ",", duration, ");");
}

class ForeignStoresCommandTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = TempPath("world");
    fs::remove_all(folder_);
    fs::create_directory(folder_);
    fs::create_directory(At("scratch"));
    ASSERT_EQ(setenv("TMPDIR", At("scratch").c_str(), 1), 0);
    WriteFile(At("a.zip"), WriteTestExport(keys_));
    WriteFile(At("public.pem"), *TestSigner().key.PublicPem());
    RunSql(At("exposure.db"),
           absl::StrCat(kSchema,
                        Row(HearKey(keys_[0], kTestDaySeconds + 60), 120000),
                        Row(HearKey(keys_[1], kTestDaySeconds + 60), 0),
                        Row(HearKey(keys_[2], kTestDaySeconds + 60, 127), 0)));
  }
  void TearDown() override {
    unsetenv("TMPDIR");
    EXPECT_TRUE(fs::is_empty(At("scratch")));
  }
  std::string At(const std::string& name) const { return folder_ + "/" + name; }
  TekmatchRun Match(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {
        "match",         At("a.zip"),
        "--trusted-key", "440:v1=" + At("public.pem"),
        "--sightings",   At("exposure.db")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunTekmatch(arguments);
  }

  const std::vector<DiagnosisKey> keys_ = TestKeys(3, 1);
  std::string folder_;
};

TEST_F(ForeignStoresCommandTest, MatchSaysWhatBecameOfThem) {
  const std::string before = ReadFile(At("exposure.db"));
  const TekmatchRun strict = Match({});
  EXPECT_EQ(strict.exit_code, 1);
  EXPECT_THAT(strict.err,
              HasSubstr("exposure.db: advertisements row 3: rssi: 127 means"));
  const TekmatchRun run = Match({"--skip-bad-sightings", "--format", "json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const json report = json::parse(run.out);
  EXPECT_EQ(report["keys_matched"], 2);
  EXPECT_EQ(report["sightings_matched"], 3);
  EXPECT_EQ(report["sightings_converted"]["spans"], 2);
  EXPECT_EQ(report["sightings_converted"]["sightings_of_spans"], 3);
  EXPECT_EQ(report["sightings_skipped_reasons"],
            json::parse(R"({"rssi: 127 means not available": 1})"));
  const TekmatchRun text = Match({"--skip-bad-sightings"});
  EXPECT_THAT(text.out, HasSubstr("a first and a last time: 2."));
  EXPECT_EQ(ReadFile(At("exposure.db")), before);
}

TEST_F(ForeignStoresCommandTest, ThePhonesOwnKeysAreLeftOut) {
  RunSql(At("exposure.db"),
         absl::StrCat("INSERT INTO tek VALUES(x'",
                      EncodeHex(keys_[0].tek.bytes), "',1,144);"));
  const TekmatchRun run = Match({"--skip-bad-sightings", "--own-keys",
                                 At("exposure.db"), "--format", "json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(json::parse(run.out)["keys_own"], 1);
  EXPECT_EQ(json::parse(run.out)["keys_matched"], 1);
}

TEST_F(ForeignStoresCommandTest, ConvertedTheyAreTheSame) {
  ASSERT_EQ(RunTekmatch({"sightings", At("exposure.db"), "--skip-bad-sightings",
                         "--out", At("s.csv")})
                .exit_code,
            0);
  const TekmatchRun converted = RunTekmatch(
      {"match", At("a.zip"), "--trusted-key", "440:v1=" + At("public.pem"),
       "--sightings", At("s.csv"), "--matches-out", At("converted.jsonl")});
  ASSERT_EQ(converted.exit_code, 0) << converted.err;
  ASSERT_EQ(
      Match({"--skip-bad-sightings", "--matches-out", At("m.jsonl")}).exit_code,
      0);
  EXPECT_EQ(ReadFile(At("m.jsonl")), ReadFile(At("converted.jsonl")));
}

TEST_F(ForeignStoresCommandTest, CheckKeepsThem) {
  const TekmatchRun run = RunTekmatch(
      {"check", At("a.zip"), "--store", At("store"), "--trusted-key",
       "440:v1=" + At("public.pem"), "--sightings", At("exposure.db"),
       "--own-keys", At("exposure.db"), "--skip-bad-sightings", "--now",
       "2020-12-02T00:00:00Z", "--format", "json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const json report = json::parse(run.out);
  EXPECT_EQ(report["store"]["sightings_added"], 3);
  EXPECT_EQ(report["sightings_converted"]["spans"], 2);
}

TEST_F(ForeignStoresCommandTest, NoOutputTakesThePlaceOfTheLog) {
  WriteFile(At("exposure.db-wal"), "");
  for (const char* flag : {"--out", "--matches-out"}) {
    const TekmatchRun run =
        Match({"--skip-bad-sightings", flag, At("exposure.db-wal")});
    EXPECT_EQ(run.exit_code, 2) << run.err;
    EXPECT_THAT(run.err, HasSubstr("is an input too"));
  }
  EXPECT_EQ(RunTekmatch({"sightings", At("exposure.db"), "--out",
                         At("exposure.db-wal")})
                .exit_code,
            2);
}

// The copy holds contact data, too.
TEST_F(ForeignStoresCommandTest, ASignalLeavesNoCopy) {
  RunSql(At("exposure.db"),
         "CREATE TABLE filler(a); WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL "
         "SELECT x+1 FROM r WHERE x<400) INSERT INTO filler SELECT "
         "zeroblob(500000) FROM r;");
  RunningTekmatch running({"sightings", At("exposure.db"),
                           "--skip-bad-sightings", "--out", At("s.csv")});
  for (int i = 0; i < 2000 && fs::is_empty(At("scratch")); ++i) {
    absl::SleepFor(absl::Milliseconds(1));
  }
  ASSERT_EQ(kill(running.pid(), SIGTERM), 0);
  const TekmatchRun run = running.Wait();
  // It may have been done by then.
  EXPECT_TRUE(run.signal == SIGTERM || run.exit_code == 0);
}

TEST_F(ForeignStoresCommandTest, TheSharedCases) {
  TEKMATCH_NEEDS_SHARED_DATA();
  const std::string microg = SharedDataPath("../cases/microg/");
  const TekmatchRun run =
      RunTekmatch({"match", microg + "export.zip", "--trusted-key",
                   "440:v1=" + microg + "public.pem", "--sightings",
                   microg + "exposure.db", "--format", "json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(json::parse(run.out)["rpis_matched"], 6);
  EXPECT_EQ(json::parse(run.out)["sightings_matched"], 24);
  const std::string others = SharedDataPath("../cases/sniffer-formats/");
  const std::pair<const char*, const char*> refused[] = {
      {"ms.csv", "time: in milliseconds"},
      {"prefix.csv", "rpi: begins with 0x"},
      {"array.json", "a JSON array; one object a line is wanted"},
      {"utf16.csv", "text in UTF-16; save it as UTF-8"},
      {"sniffer.jsonl", "time: missing"},
  };
  for (const auto& [name, words] : refused) {
    const TekmatchRun bad = RunTekmatch({"sightings", others + name});
    EXPECT_EQ(bad.exit_code, 1) << name;
    EXPECT_THAT(bad.err, HasSubstr(words));
  }
  for (const char* name : {"scanned.csv", "excel.csv", "ramble.sql"}) {
    const TekmatchRun good =
        RunTekmatch({"match", others + "export.zip", "--trusted-key",
                     "440:v1=" + others + "public.pem", "--sightings",
                     others + name, "--format", "json"});
    ASSERT_EQ(good.exit_code, 0) << good.err;
    EXPECT_EQ(json::parse(good.out)["rpis_matched"], 6) << name;
  }
}

}  // namespace
}  // namespace tekmatch
