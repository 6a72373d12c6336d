// `check` and its store from end to end: --status, --forget and --set-aside;
// two checks at once; folders, options and names that are not as they should
// be.
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/run_tekmatch.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"
#include "tests/tools/commands/check_world.h"
#include "tools/sightings/sightings_text.h"

namespace tekmatch {
namespace {

namespace fs = std::filesystem;
using ::nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

using CheckCommandStoreTest = CheckWorld;

// ------------------------------------------------- status, forget, set aside

TEST_F(CheckCommandStoreTest, Status) {
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

TEST_F(CheckCommandStoreTest, WithoutAStoreThereIsNothingToDo) {
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

TEST_F(CheckCommandStoreTest, ForgetsEverything) {
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

TEST_F(CheckCommandStoreTest, ADamagedStoreIsSetAsideOnRequestOnly) {
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

TEST_F(CheckCommandStoreTest, OneCheckAtATime) {
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
TEST_F(CheckCommandStoreTest, TwoChecksAtOnce) {
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

TEST_F(CheckCommandStoreTest, AFolderThatMayNotBeWritten) {
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

TEST_F(CheckCommandStoreTest, OptionsThatContradictEachOther) {
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
TEST_F(CheckCommandStoreTest, ResultsThatWouldReplaceTheStore) {
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

TEST_F(CheckCommandStoreTest, SightingsOfSeveralDevicesAreRefused) {
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

TEST_F(CheckCommandStoreTest, SightingsThatAreBad) {
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
TEST_F(CheckCommandStoreTest, NamesAreNoCommands) {
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
