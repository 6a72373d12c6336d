// `check` from end to end: its answer is that of `match` over everything that
// was ever given, in any order and however often; and every way in which there
// is none is said in lines that name file and reason.
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

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
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/run_tekmatch.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"
#include "tools/sightings/sightings_text.h"

namespace tekmatch {
namespace {

namespace fs = std::filesystem;
using ::nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr int64_t kDaySeconds = 86400;

using Arguments = std::vector<std::string>;

Arguments operator+(Arguments a, const Arguments& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// A line of the program's own for each thing that is wrong.
void ExpectLines(const TekmatchRun& run) {
  EXPECT_THAT(run.err, EndsWith("\n"));
  for (const absl::string_view line :
       absl::StrSplit(run.err, '\n', absl::SkipEmpty())) {
    EXPECT_THAT(std::string(line), StartsWith("tekmatch: "));
  }
}

// Exports of one signer, a.zip with five keys of a day; one phone.
class CheckCommandTest : public ::testing::Test {
 protected:
  CheckCommandTest() {
    WriteFile(At("public.pem"), *TestSigner().key.PublicPem());
    WriteFile(At("a.zip"), WriteTestExport(keys_));
    WriteSightings("s.csv", {HearKey(keys_[0], kTestDaySeconds + 3600),
                             HearKey(keys_[1], kTestDaySeconds + 7200)});
  }

  static std::string At(const std::string& name) { return TempPath(name); }
  static std::string Store() { return At("store"); }
  static std::string DatabasePath() { return Store() + "/tekmatch.sqlite"; }

  static void WriteSightings(const std::string& name,
                             const std::vector<Sighting>& sightings) {
    std::string text = CsvHeader({}) + "\n";
    for (const Sighting& sighting : sightings) text += CsvRow(sighting);
    WriteFile(At(name), text);
  }

  static Arguments Trusting() {
    return {"--trusted-key", "440:v1=" + At("public.pem"), "--now",
            "2020-12-05T00:00:00Z"};
  }

  static TekmatchRun Check(const Arguments& more) {
    return RunTekmatch(Arguments{"check", "--store", Store()} + Trusting() +
                       more);
  }
  static json CheckJson(const Arguments& more) {
    const TekmatchRun run = Check(more + Arguments{"--format", "json"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return run.exit_code == 0 ? json::parse(run.out) : json();
  }
  static TekmatchRun Plain(const Arguments& more) {
    return RunTekmatch(Arguments{"check", "--store", Store()} + more);
  }

  static size_t NumSightingsIn(const std::string& store) {
    const TekmatchRun run = RunTekmatch(
        {"check", "--store", store, "--status", "--format", "json"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return run.exit_code == 0 ? json::parse(run.out)["sightings"].get<size_t>()
                              : 0;
  }

  static Arguments States(const json& report) {
    Arguments states;
    for (const json& given : report["store"]["given"]) {
      states.push_back(absl::StrCat(
          fs::path(given["path"].get<std::string>()).filename().string(), " ",
          given["state"].get<std::string>()));
    }
    return states;
  }

  const std::vector<DiagnosisKey> keys_ = TestKeys(5, 1);
};

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

// ------------------------------------------------- status, forget, set aside

TEST_F(CheckCommandTest, Status) {
  ASSERT_EQ(Check({At("a.zip"), "--sightings", At("s.csv")}).exit_code, 0);
  const TekmatchRun text = Plain({"--status"});
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_EQ(text.err, "");
  for (const std::string line :
       {"sightings:      2\n", "from:           2020-12-01\n",
        "to:             2020-12-01\n", "exports:        1\n",
        "keys kept:      5\n", "processed to:   2020-12-03T00:00:00+00:00\n",
        "schema version: 1\n"}) {
    EXPECT_THAT(text.out, HasSubstr(line));
  }
  const json status = json::parse(Plain({"--status", "--format", "json"}).out);
  EXPECT_EQ(status["sightings"], 2);
  EXPECT_EQ(status["oldest_day"], "2020-12-01");
  EXPECT_EQ(status["exports"], 1);
  EXPECT_EQ(status["keys_kept"], 5);
  EXPECT_EQ(status["set_aside"], json::array());
  EXPECT_GT(status["bytes"], 4096);
  // An empty store has no days.
  fs::remove_all(Store());
  EXPECT_EQ(Check({}).exit_code, 1);
  const json empty = json::parse(Plain({"--status", "--format", "json"}).out);
  EXPECT_EQ(empty["sightings"], 0);
  EXPECT_EQ(empty["oldest_day"], "none");
  EXPECT_EQ(empty["processed_until"], "none");
}

TEST_F(CheckCommandTest, WithoutAStoreThereIsNothingToDo) {
  for (const char* work : {"--status", "--forget", "--set-aside"}) {
    const TekmatchRun run = Plain({work});
    EXPECT_EQ(run.exit_code, 1) << work;
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, AllOf(StartsWith("tekmatch: "), HasSubstr(Store())));
    ExpectLines(run);
    EXPECT_FALSE(fs::exists(Store())) << work;
  }
}

bool FolderHas(const std::string& folder, const std::string& bytes) {
  for (const auto& file : fs::recursive_directory_iterator(folder)) {
    if (file.is_regular_file() &&
        absl::StrContains(ReadFile(file.path().string()), bytes)) {
      return true;
    }
  }
  return false;
}

TEST_F(CheckCommandTest, ForgetsEverything) {
  Sighting planted = HearKey(TestKeys(1, 7)[0], kTestDaySeconds);
  const std::string rpi(planted.rpi.bytes.begin(), planted.rpi.bytes.end());
  const std::string tek(keys_[3].tek.bytes.begin(), keys_[3].tek.bytes.end());
  const std::string heard(keys_[0].tek.bytes.begin(), keys_[0].tek.bytes.end());
  WriteSightings("planted.csv", {planted});
  ASSERT_EQ(Check({At("a.zip"), "--sightings", At("s.csv")}).exit_code, 0);
  ASSERT_EQ(Check({"--sightings", At("planted.csv")}).exit_code, 0);
  for (const std::string& bytes : {rpi, tek, heard, At("a.zip")}) {
    EXPECT_TRUE(FolderHas(Store(), bytes));
  }
  const TekmatchRun run = Plain({"--forget"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "");
  for (const std::string& bytes : {rpi, tek, heard, At("a.zip")}) {
    EXPECT_FALSE(FolderHas(Store(), bytes));
  }
  const json status = json::parse(Plain({"--status", "--format", "json"}).out);
  EXPECT_EQ(status["sightings"], 0);
  EXPECT_EQ(status["exports"], 0);
  EXPECT_EQ(status["keys_kept"], 0);
  // And it can be begun anew.
  EXPECT_EQ(
      CheckJson({At("a.zip"), "--sightings", At("s.csv")})["sightings_matched"],
      2);
}

TEST_F(CheckCommandTest, ADamagedStoreIsSetAsideOnRequestOnly) {
  ASSERT_EQ(Check({At("a.zip"), "--sightings", At("s.csv")}).exit_code, 0);
  const std::string whole = ReadFile(DatabasePath());
  const std::string planted(keys_[3].tek.bytes.begin(),
                            keys_[3].tek.bytes.end());
  WriteFile(DatabasePath(), "damaged" + planted + whole.substr(40));
  const std::string damaged = ReadFile(DatabasePath());
  for (const Arguments& more :
       {Arguments{At("a.zip"), "--sightings", At("s.csv")}, {}}) {
    const TekmatchRun run = Check(more);
    EXPECT_EQ(run.exit_code, 1);
    ExpectLines(run);
    EXPECT_THAT(run.err, AllOf(HasSubstr(DatabasePath() + ": "),
                               HasSubstr("check --set-aside puts it out of")));
    EXPECT_EQ(ReadFile(DatabasePath()), damaged);
  }
  EXPECT_EQ(Plain({"--status"}).exit_code, 1);
  const TekmatchRun aside = Plain({"--set-aside"});
  EXPECT_EQ(aside.exit_code, 0) << aside.err;
  EXPECT_EQ(aside.out,
            absl::StrCat("set aside: ", DatabasePath(), ".damaged-1\n"));
  EXPECT_EQ(ReadFile(DatabasePath() + ".damaged-1"), damaged);
  EXPECT_EQ(
      CheckJson({At("a.zip"), "--sightings", At("s.csv")})["sightings_matched"],
      2);
  EXPECT_THAT(Plain({"--status"}).out,
              HasSubstr(absl::StrCat("set aside:      ", DatabasePath(),
                                     ".damaged-1\n")));
  // What is set aside is forgotten with the rest.
  EXPECT_EQ(Plain({"--forget"}).exit_code, 0);
  EXPECT_FALSE(fs::exists(DatabasePath() + ".damaged-1"));
  EXPECT_FALSE(FolderHas(Store(), planted));
  // So is a damaged store itself.
  WriteFile(DatabasePath(), damaged);
  const TekmatchRun forget = Plain({"--forget"});
  EXPECT_EQ(forget.exit_code, 0) << forget.err;
  EXPECT_FALSE(FolderHas(Store(), planted));
  EXPECT_EQ(NumSightingsIn(Store()), 0U);
}

// --------------------------------------------------------------- the others

TEST_F(CheckCommandTest, OneCheckAtATime) {
  ASSERT_EQ(Check({At("a.zip"), "--sightings", At("s.csv")}).exit_code, 0);
  // As a check that runs does.
  const int lock = open((Store() + "/check.lock").c_str(), O_RDWR);
  ASSERT_GE(lock, 0);
  ASSERT_EQ(flock(lock, LOCK_EX), 0);
  const TekmatchRun run = Check({At("a.zip")});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.err, absl::StrCat("tekmatch: ", Store(),
                                  ": another check of this store runs\n"));
  // To look does no harm.
  EXPECT_EQ(NumSightingsIn(Store()), 2U);
  close(lock);
  EXPECT_EQ(Check({At("a.zip")}).exit_code, 0);
}

// Really two: each has an answer, or is told of the other.
TEST_F(CheckCommandTest, TwoChecksAtOnce) {
  const Arguments arguments =
      Arguments{"check",     "--store",     Store(),
                At("a.zip"), "--sightings", At("s.csv")} +
      Trusting();
  for (int i = 0; i < 10; ++i) {
    fs::remove_all(Store());
    RunningTekmatch one(arguments);
    RunningTekmatch other(arguments);
    int num_answers = 0;
    for (const TekmatchRun& run : {one.Wait(), other.Wait()}) {
      if (run.exit_code == 0) {
        ++num_answers;
        EXPECT_THAT(run.out, HasSubstr("2020-12-01"));
      } else {
        EXPECT_THAT(run.err,
                    HasSubstr(Store() + ": another check of this store runs"));
      }
    }
    EXPECT_GE(num_answers, 1);
    EXPECT_EQ(CheckJson({})["sightings_matched"], 2);
  }
}

// Runs it without the one capability by which root may write everywhere, which
// no program that it starts then has.
TekmatchRun RunWithoutRootsOverride(const Arguments& arguments,
                                    const std::string& err_path) {
  const TekmatchCommand command(arguments);
  const pid_t child = fork();
  if (child == 0) {
    const int err = open(err_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(err, STDERR_FILENO);
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
    if (syscall(SYS_capget, &header, sets) != 0) _exit(126);
    const uint32_t bits =
        uint32_t{1} << CAP_DAC_OVERRIDE | uint32_t{1} << CAP_DAC_READ_SEARCH;
    sets[0].effective &= ~bits;
    sets[0].permitted &= ~bits;
    sets[0].inheritable &= ~bits;
    if (syscall(SYS_capset, &header, sets) != 0) _exit(126);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) _exit(126);
    command.Exec();
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return {.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
          .err = ReadFile(err_path)};
}

TEST_F(CheckCommandTest, AFolderThatMayNotBeWritten) {
  ASSERT_EQ(Check({At("a.zip"), "--sightings", At("s.csv")}).exit_code, 0);
  ASSERT_EQ(chmod(Store().c_str(), 0500), 0);
  const TekmatchRun there = RunWithoutRootsOverride(
      Arguments{"check", "--store", Store(), At("a.zip")} + Trusting(),
      At("err"));
  EXPECT_EQ(there.exit_code, 1);
  EXPECT_THAT(there.err, HasSubstr(Store()));
  ExpectLines(there);
  const TekmatchRun below = RunWithoutRootsOverride(
      Arguments{"check", "--store", Store() + "/new", At("a.zip")} + Trusting(),
      At("err"));
  EXPECT_EQ(below.exit_code, 1);
  EXPECT_EQ(below.err,
            absl::StrCat("tekmatch: ", Store(), "/new: Permission denied\n"));
  ASSERT_EQ(chmod(Store().c_str(), 0700), 0);
  EXPECT_EQ(CheckJson({})["sightings_matched"], 2);

  const TekmatchRun file =
      RunTekmatch(Arguments{"check", "--store", At("s.csv")} + Trusting());
  EXPECT_EQ(file.exit_code, 1);
  EXPECT_EQ(file.err,
            absl::StrCat("tekmatch: ", At("s.csv"), ": Not a directory\n"));
}

TEST_F(CheckCommandTest, OptionsThatContradictEachOther) {
  const std::vector<std::pair<Arguments, std::string>> refused = {
      {{"--status", "--forget"}, "works of their own: give one"},
      {{"--set-aside", "--forget"}, "works of their own: give one"},
      {{"--status", "--set-aside"}, "works of their own: give one"},
      {{"--status", At("a.zip")}, "EXPORT has no effect on --status"},
      {{"--forget", "--sightings", At("s.csv")},
       "--sightings has no effect on --forget"},
      {{"--allow-unsigned"}, "--allow-unsigned: no such option of check"},
      {{"--no-verify"}, "--no-verify: no such option of check"},
      {{"--retention-days", "0"}, "--retention-days"},
      {{"--retention-days", "3651"}, "--retention-days"},
      {{"--max-seconds", "-1"}, "--max-seconds"},
      {{"--format", "xml"}, "--format"},
      {{"--lang", "ja"}, "--lang"},
      {{"--explain", "2020-12-01"}, "--explain needs --config"},
      {{At("a.zip"), "--matches-out", At("a.zip")}, At("a.zip")},
      {{At("a.zip"), "--matches-out", "-"}, "the result goes to stdout, too"},
      {{"--now", "tomorrow"}, "--now"},
  };
  for (const auto& [arguments, reason] : refused) {
    SCOPED_TRACE(::testing::PrintToString(arguments));
    const TekmatchRun run = Plain(arguments);
    EXPECT_NE(run.exit_code, 0);
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, HasSubstr(reason));
    ExpectLines(run);
    EXPECT_FALSE(fs::exists(Store()));
  }
  const TekmatchRun without = RunTekmatch({"check", At("a.zip")});
  EXPECT_NE(without.exit_code, 0);
  EXPECT_THAT(without.err, HasSubstr("--store is required"));
}

// No result takes the place of the store, be it there already or not.
TEST_F(CheckCommandTest, ResultsThatWouldReplaceTheStore) {
  for (const char* name : {"tekmatch.sqlite", "check.lock"}) {
    const std::string path = absl::StrCat(Store(), "/", name);
    for (const bool is_new : {true, false}) {
      if (is_new) fs::remove_all(Store());
      for (const char* option : {"--out", "--matches-out"}) {
        const TekmatchRun run =
            Check({At("a.zip"), "--sightings", At("s.csv"), option, path});
        EXPECT_NE(run.exit_code, 0) << option << " " << path;
        EXPECT_THAT(run.err, HasSubstr(absl::StrCat(option, " ", path)));
        ExpectLines(run);
      }
      EXPECT_EQ(CheckJson({At("a.zip"), "--sightings",
                           At("s.csv")})["sightings_matched"],
                2);
    }
    EXPECT_NE(Plain({"--status", "--out", path}).exit_code, 0);
    EXPECT_EQ(NumSightingsIn(Store()), 2U);
  }
}

TEST_F(CheckCommandTest, SightingsOfSeveralDevicesAreRefused) {
  Sighting sighting = HearKey(keys_[0], kTestDaySeconds);
  sighting.device = 3;
  WriteFile(At("devices.csv"), CsvHeader({.device = true}) + "\n" +
                                   CsvRow(sighting, {.device = true}));
  const TekmatchRun run =
      Check({At("a.zip"), "--sightings", At("devices.csv")});
  EXPECT_NE(run.exit_code, 0);
  EXPECT_EQ(run.err, absl::StrCat("tekmatch: --sightings ", At("devices.csv"),
                                  ": names a device, and a store is of one\n"));
}

TEST_F(CheckCommandTest, SightingsThatAreBad) {
  WriteFile(At("bad.csv"), ReadFile(At("s.csv")) + "1606780800,xyz,00,-60\n");
  const TekmatchRun run = Check({At("a.zip"), "--sightings", At("bad.csv")});
  EXPECT_EQ(run.exit_code, 1);
  ExpectLines(run);
  EXPECT_THAT(run.err, HasSubstr(At("bad.csv") + ":4: "));
  const json skipped = CheckJson(
      {At("a.zip"), "--sightings", At("bad.csv"), "--skip-bad-sightings"});
  EXPECT_EQ(skipped["sightings_matched"], 2);
}

// Nothing that is called by anybody moves a terminal's cursor.
TEST_F(CheckCommandTest, NamesAreNoCommands) {
  const std::string name = "x\nFORGED \x1b[31m\x9b\xff";
  const std::string store = At(name);
  const std::string zip = At(name + ".zip");
  fs::copy(At("a.zip"), zip);
  const auto run = [&](const Arguments& more) {
    TekmatchRun ran = RunTekmatch(Arguments{"check", "--store", store} + more);
    for (const std::string& text : {ran.out, ran.err}) {
      EXPECT_THAT(text, Not(HasSubstr("\nFORGED")));
      EXPECT_THAT(text, Not(HasSubstr("\x1b")));
      EXPECT_THAT(text, Not(HasSubstr("\xff")));
    }
    return ran;
  };
  EXPECT_EQ(run({"--status"}).exit_code, 1);
  EXPECT_EQ(run(Trusting() +
                Arguments{zip, "--sightings", At("s.csv"), "--keep-no-keys"})
                .exit_code,
            0);
  EXPECT_EQ(run(Trusting() + Arguments{"--format", "json"}).exit_code, 0);
  WriteSightings("more.csv", {HearKey(keys_[2], kTestDaySeconds)});
  EXPECT_EQ(
      run(Trusting() + Arguments{"--sightings", At("more.csv")}).exit_code, 1);
  EXPECT_EQ(run(Trusting() + Arguments{"--skip-bad-files"}).exit_code, 0);
  WriteFile(store + "/tekmatch.sqlite", "damaged");
  EXPECT_EQ(run({"--set-aside"}).exit_code, 0);
  EXPECT_EQ(run(Trusting() + Arguments{zip, "--max-seconds", "0"}).exit_code,
            1);
  EXPECT_EQ(run({"--status"}).exit_code, 0);
  EXPECT_EQ(run({"--status", "--format", "json"}).exit_code, 0);
  EXPECT_EQ(run({"--forget"}).exit_code, 0);
}

}  // namespace
}  // namespace tekmatch
