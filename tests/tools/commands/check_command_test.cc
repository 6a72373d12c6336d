// `check` from end to end: its answer is that of `match` over everything that
// was ever given, in any order and however often; and every way in which files
// and limits leave none is said in lines that name file and reason.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/run_tekmatch.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"
#include "tests/tools/commands/check_world.h"

namespace tekmatch {
namespace {

namespace fs = std::filesystem;
using ::nlohmann::json;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kDaySeconds = 86400;

using CheckCommandTest = CheckWorld;

// ------------------------------------------------------- the same as match

TEST_F(CheckCommandTest, SaysOfTheDemoWhatMatchSays) {
  const std::string demo = At("demo");
  ASSERT_EQ(RunTekmatch({"demo", "--out", demo}).exit_code, 0);
  const Arguments common = {demo + "/export.zip",
                            "--trusted-key",
                            absl::StrCat("440:v1=", demo, "/public.pem"),
                            "--sightings",
                            demo + "/sightings.csv",
                            "--now",
                            "2020-12-15T00:00:00Z"};
  const std::vector<Arguments> rules = {
      {},
      {"--time-zone", "Asia/Tokyo"},
      {"--time-zone", "Asia/Tokyo", "--policy", "cocoa-1.2.1", "--config",
       "cocoa"},
      {"--policy", "civil", "--config", "platform-default"},
      {"--policy", "cocoa-3", "--config", "cocoa", "--threads", "3"}};
  for (const Arguments& rule : rules) {
    SCOPED_TRACE(::testing::PrintToString(rule));
    fs::remove_all(Store());
    const TekmatchRun match = RunTekmatch(Arguments{"match"} + common + rule +
                                          Arguments{"--format", "json"});
    ASSERT_EQ(match.exit_code, 0) << match.err;
    json want = json::parse(match.out);
    // Twice: the second time everything is known.
    for (const char* state : {"processed", "known"}) {
      const TekmatchRun check =
          RunTekmatch(Arguments{"check", "--store", Store()} + common + rule +
                      Arguments{"--format", "json"});
      ASSERT_EQ(check.exit_code, 0) << check.err;
      EXPECT_EQ(check.err, "");
      json report = json::parse(check.out);
      EXPECT_EQ(report["dates"], want["dates"]);
      EXPECT_EQ(report["exposure"], want["exposure"]);
      EXPECT_THAT(States(report),
                  ElementsAre(absl::StrCat("export.zip ", state)));
      // And everything else.
      report.erase("store");
      EXPECT_EQ(report, want);
    }
    // Other rules over the same store, in words.
    for (const Arguments& words :
         {Arguments{},
          {"--config", "cocoa"},
          {"--config", "cocoa", "--lang", "ja", "--dates", "long"}}) {
      const TekmatchRun in_words =
          RunTekmatch(Arguments{"match"} + common + words);
      const TekmatchRun check =
          RunTekmatch(Arguments{"check", "--store", Store()} + common + words);
      ASSERT_EQ(check.exit_code, 0) << check.err;
      EXPECT_THAT(check.out, EndsWith(in_words.out));
    }
  }
}

TEST_F(CheckCommandTest, WhatIsGivenTwiceIsThereOnce) {
  fs::copy(At("a.zip"), At("other name.zip"));
  fs::copy(At("s.csv"), At("same.csv"));
  const json first = CheckJson({At("a.zip"), "--sightings", At("s.csv")});
  EXPECT_EQ(first["store"]["sightings_added"], 2);
  EXPECT_EQ(first["dates"].size(), 1U);
  EXPECT_EQ(CheckJson({"--sightings", At("s.csv")})["store"]["sightings_known"],
            2);
  const json second = CheckJson(
      {At("other name.zip"), At("a.zip"), "--sightings", At("same.csv")});
  EXPECT_EQ(second["store"]["sightings_added"], 0);
  EXPECT_EQ(second["store"]["sightings_known"], 2);
  EXPECT_EQ(second["store"]["sightings"], 2);
  EXPECT_EQ(second["store"]["exports"], 1);
  EXPECT_THAT(States(second),
              ElementsAre("other name.zip known", "a.zip known"));
  EXPECT_EQ(second["dates"], first["dates"]);
  // Known by its content, under the name that it came by.
  ASSERT_EQ(second["files"].size(), 1U);
  EXPECT_EQ(second["files"][0]["path"], At("a.zip"));
}

TEST_F(CheckCommandTest, AnyOrderWillDo) {
  // Exports alone are no answer, but they are remembered.
  const TekmatchRun nothing = Check({At("a.zip")});
  EXPECT_EQ(nothing.exit_code, 1);
  EXPECT_THAT(nothing.err, HasSubstr("no sighting was compared"));
  ExpectLines(nothing);
  const json after = CheckJson({"--sightings", At("s.csv")});
  EXPECT_EQ(after["dates"].size(), 1U);
  EXPECT_EQ(after["sightings_matched"], 2);
  EXPECT_THAT(States(after), IsEmpty());
}

TEST_F(CheckCommandTest, AnExportOutOfAPipe) {
  const std::string out = At("out.json");
  const std::string command = absl::StrCat(
      "cat '", At("a.zip"), "' | tools/tekmatch check - --store '", Store(),
      "' --sightings '", At("s.csv"),
      "' --trusted-key '440:v1=", At("public.pem"),
      "' --now 2020-12-05T00:00:00Z --format json --out '", out, "'");
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(json::parse(ReadFile(out))["sightings_matched"], 2);
  EXPECT_EQ(CheckJson({At("a.zip")})["store"]["exports"], 1);
}

TEST_F(CheckCommandTest, ARevocationWithdrawsADate) {
  std::vector<DiagnosisKey> first = keys_;
  first[0].metadata.report_type = ReportType::kSelfReport;
  std::vector<DiagnosisKey> revoked = {first[0]};
  revoked[0].metadata.report_type = ReportType::kRevoked;
  revoked[0].metadata.revised = true;
  ExportWriterOptions later = TestExportOptions();
  later.end_timestamp += kDaySeconds;
  WriteFile(At("first.zip"), WriteTestExport(first));
  WriteFile(At("later.zip"), WriteTestExport(revoked, later));
  WriteSightings("one.csv", {HearKey(keys_[0], kTestDaySeconds)});
  const json before =
      CheckJson({At("first.zip"), "--sightings", At("one.csv")});
  ASSERT_EQ(before["dates"].size(), 1U);
  EXPECT_EQ(before["dates"][0]["date"], "2020-12-01");
  EXPECT_EQ(CheckJson({At("later.zip")})["dates"], json::array());
  EXPECT_EQ(CheckJson({At("first.zip")})["dates"], json::array());
}

TEST_F(CheckCommandTest, WithoutKeysItNamesWhatItNeedsAgain) {
  WriteSightings("later.csv", {HearKey(keys_[2], kTestDaySeconds)});
  EXPECT_EQ(CheckJson({At("a.zip"), "--keep-no-keys", "--sightings",
                       At("s.csv")})["sightings_matched"],
            2);
  const TekmatchRun run =
      Check({"--keep-no-keys", "--sightings", At("later.csv")});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.out, "");
  ExpectLines(run);
  EXPECT_THAT(run.err,
              HasSubstr(absl::StrCat(At("a.zip"), ": needed again for newer")));
  const json part = CheckJson({"--keep-no-keys", "--skip-bad-files"});
  EXPECT_EQ(part["store"]["needed_again"], (json{At("a.zip")}));
  EXPECT_EQ(part["sightings_matched"], 2);
  const json whole = CheckJson({At("a.zip"), "--keep-no-keys"});
  EXPECT_EQ(whole["store"]["needed_again"], json::array());
  EXPECT_EQ(whole["sightings_matched"], 3);
}

TEST_F(CheckCommandTest, ResultsGoWhereTheyAreWanted) {
  const TekmatchRun run =
      Check({At("a.zip"), "--sightings", At("s.csv"), "--out", At("out.txt"),
             "--matches-out", At("matches.jsonl")});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(ReadFile(At("out.txt")), HasSubstr("2020-12-01"));
  const std::string lines = ReadFile(At("matches.jsonl"));
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 2);
  EXPECT_EQ(json::parse(lines.substr(0, lines.find('\n')))["file"],
            At("a.zip"));
  const TekmatchRun match = RunTekmatch(
      Arguments{"match", At("a.zip"), "--sightings", At("s.csv"), "--out",
                At("match.txt"), "--matches-out", At("match.jsonl")} +
      Trusting());
  EXPECT_EQ(match.exit_code, 0) << match.err;
  EXPECT_EQ(ReadFile(At("match.jsonl")), lines);
}

TEST_F(CheckCommandTest, ExplainsAsMatchDoes) {
  const Arguments more = {At("a.zip"), "--sightings", At("s.csv"), "--config",
                          "cocoa",     "--explain",   "2020-12-01"};
  const TekmatchRun check = Check(more);
  ASSERT_EQ(check.exit_code, 0) << check.err;
  const TekmatchRun match = RunTekmatch(Arguments{"match"} + Trusting() + more);
  ASSERT_EQ(match.exit_code, 0) << match.err;
  EXPECT_THAT(check.out, EndsWith(match.out));
}

// ------------------------------------------------------------ no answer

TEST_F(CheckCommandTest, RefusedFilesAreNamedAndNotRemembered) {
  const std::vector<DiagnosisKey> others = TestKeys(5, 2);
  const std::string zip = WriteTestExport(others);
  WriteFile(
      At("forged.zip"),
      WriteTestExport(others, TestExportOptions({OtherSigner("440", "v1")})));
  WriteFile(At("unsigned.zip"),
            StoredZip({{"export.bin", ZipEntry(zip, "export.bin")}}));
  WriteFile(At("cut.zip"), zip.substr(0, zip.size() / 2));
  const std::vector<std::pair<std::string, std::string>> bad = {
      {At("forged.zip"), "(wrong_signature)"},
      {At("unsigned.zip"), "(no_signature_entry)"},
      {At("cut.zip"), "(malformed)"},
      {At("missing.zip"), "(unreadable)"}};
  Arguments paths;
  for (const auto& [path, verdict] : bad) paths.push_back(path);
  const TekmatchRun run =
      Check(paths + Arguments{At("a.zip"), "--sightings", At("s.csv")});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.out, "");
  ExpectLines(run);
  const std::vector<std::string> lines = absl::StrSplit(run.err, '\n');
  for (const auto& [path, verdict] : bad) {
    EXPECT_EQ(std::count_if(
                  lines.begin(), lines.end(),
                  [&path = path, &verdict = verdict](const std::string& line) {
                    return absl::StrContains(line, path + ": ") &&
                           absl::StrContains(line, verdict);
                  }),
              1)
        << path << " in " << run.err;
  }
  EXPECT_THAT(run.err, HasSubstr("no result: every export has to be accepted "
                                 "(--skip-bad-files leaves others out)"));
  // What was good is in the store.
  const json status = json::parse(Plain({"--status", "--format", "json"}).out);
  EXPECT_EQ(status["exports"], 1);
  EXPECT_EQ(status["sightings"], 2);

  const json skipped = CheckJson(paths + Arguments{"--skip-bad-files"});
  EXPECT_EQ(skipped["sightings_matched"], 2);
  EXPECT_EQ(skipped["store"]["exports"], 1);
  EXPECT_THAT(States(skipped),
              ElementsAre("forged.zip refused", "unsigned.zip refused",
                          "cut.zip refused", "missing.zip refused"));
  EXPECT_EQ(skipped["files"].size(), 5U);
  // Nothing stands in the way of the next check.
  EXPECT_EQ(CheckJson({})["sightings_matched"], 2);
}

TEST_F(CheckCommandTest, TrustIsAskedEachTime) {
  EXPECT_EQ(
      CheckJson({At("a.zip"), "--sightings", At("s.csv")})["sightings_matched"],
      2);
  WriteFile(At("other.pem"), *OtherSigner("9", "").key.PublicPem());
  const TekmatchRun run = Plain({"--trusted-key", "9=" + At("other.pem"),
                                 "--now", "2020-12-05T00:00:00Z"});
  EXPECT_EQ(run.exit_code, 1);
  ExpectLines(run);
  EXPECT_THAT(run.err,
              HasSubstr("no key that is trusted now made its signature"));
  EXPECT_EQ(CheckJson({})["sightings_matched"], 2);
}

TEST_F(CheckCommandTest, NoSecondsAtAll) {
  const TekmatchRun run =
      Check({At("a.zip"), "--sightings", At("s.csv"), "--max-seconds", "0"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.out, "");
  ExpectLines(run);
  EXPECT_THAT(run.err, HasSubstr(At("a.zip") + ": not read"));
  EXPECT_THAT(run.err, HasSubstr("no result yet, since the time was over "
                                 "(--max-seconds): what was done stays done"));
  EXPECT_EQ(json::parse(Plain({"--status", "--format", "json"}).out)["exports"],
            0);
  EXPECT_EQ(
      CheckJson({At("a.zip"), "--max-seconds", "1000"})["sightings_matched"],
      2);
}

}  // namespace
}  // namespace tekmatch
