// What the program answers to a person who mistypes, or asks what it is: exit
// code, stdout and stderr to the letter.
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/run_tekmatch.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

using Arguments = std::vector<std::string>;

void ExpectUsage(const Arguments& arguments, const std::string& message) {
  const TekmatchRun run = RunTekmatch(arguments);
  EXPECT_EQ(run.exit_code, 2) << ::testing::PrintToString(arguments);
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(run.err, "tekmatch: " + message + "\n");
}

TEST(MannersTest, Version) {
  const TekmatchRun run = RunTekmatch({"--version"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.err, "");
  EXPECT_THAT(run.out,
              MatchesRegex("tekmatch [0-9.]+, commit [0-9a-z-]+\n"
                           "kernels found: ([a-z0-9_]+, )*portable\n"));
}

TEST(MannersTest, HelpIsACommandToo) {
  for (const auto& [words, option] :
       std::vector<std::pair<Arguments, Arguments>>{
           {{"help"}, {"--help"}},
           {{"help", "match"}, {"match", "--help"}},
           {{"help", "window"}, {"window", "--help"}}}) {
    const TekmatchRun run = RunTekmatch(words);
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(run.err, "");
    EXPECT_EQ(run.out, RunTekmatch(option).out);
    EXPECT_THAT(run.out, HasSubstr("Usage: tekmatch"));
  }
}

TEST(MannersTest, AnUnknownNameComesFirstWithWhatWasMeant) {
  const std::string list = "`tekmatch help` lists them";
  ExpectUsage({"mtach"}, "mtach: no such command; did you mean match? " + list);
  ExpectUsage({"help", "inspct"},
              "inspct: no such command; did you mean inspect? " + list);
  ExpectUsage({"frobnicate", "--keys"}, "frobnicate: no such command; " + list);
  ExpectUsage({std::string(5000, 'x')},
              std::string(5000, 'x') + ": no such command; " + list);
  ExpectUsage({"--versoin"},
              "--versoin: no such option; did you mean --version? " + list);
  // Before what is missing, and before what is wrong with a value.
  ExpectUsage({"match", "--threads", "0", "--trusted-kye=1=a.pem"},
              "--trusted-kye: no such option of match; did you mean "
              "--trusted-key? `tekmatch help match` lists them");
  ExpectUsage({"window", "--test_date", "x"},
              "--test_date: no such option of window; did you mean "
              "--test-date? `tekmatch help window` lists them");
  ExpectUsage({"verify", "-x"},
              "-x: no such option of verify; did you mean -h? "
              "`tekmatch help verify` lists them");
  ExpectUsage({"demo", "extra"},
              "The following argument was not expected: extra; "
              "`tekmatch help demo` has more");
  // What follows "--" is no option, and a path may begin with a dash.
  EXPECT_EQ(RunTekmatch({"verify", "--", "--no-such-file"}).exit_code, 1);
}

TEST(MannersTest, EveryMessageNamesTheProgram) {
  for (const Arguments& arguments : std::vector<Arguments>{
           {},
           {"match"},
           {"verify", "no such file"},
           {"window", "--registered", "1", "--policy", "none", "--keys", "k"},
           {"sightings", "no such file"}}) {
    const TekmatchRun run = RunTekmatch(arguments);
    EXPECT_NE(run.err, "");
    for (const absl::string_view line :
         absl::StrSplit(run.err, '\n', absl::SkipEmpty())) {
      EXPECT_TRUE(absl::StartsWith(line, "tekmatch: ")) << line;
    }
  }
}

// CLI11 takes -1 for the largest number there is.
TEST(MannersTest, NumbersAreDigits) {
  const Arguments generate = {"generate", "--out", TempPath("out")};
  const std::string end = "; `tekmatch help generate` has more";
  for (const std::string option :
       {"--keys", "--sightings", "--met", "--seed"}) {
    for (const auto& [value, example] :
         {std::pair<std::string, std::string>{"-1", "10"},
          {"1e6", "1000000"},
          {"1,000", "10"},
          {"many", "10"}}) {
      Arguments arguments = generate;
      arguments.push_back(absl::StrCat(option, "=", value));
      ExpectUsage(arguments,
                  absl::StrCat(option, ": ", value,
                               ": not a whole number in digits, such as ",
                               example, " (0..18446744073709551615)", end));
    }
  }
  for (const auto& [option, most] :
       {std::pair<std::string, std::string>{"--devices", "4294967295"},
        {"--phones", "65535"},
        {"--days", "2147483647"}}) {
    Arguments arguments = generate;
    arguments.push_back(option + "=99999999999");
    ExpectUsage(arguments,
                absl::StrCat(option, ": 99999999999: not in 0..", most, end));
  }
  ExpectUsage({"generate", "--keys", "1", "--met", "5", "--sightings", "1",
               "--out", TempPath("out")},
              "--met: not in 0..1");
  ExpectUsage({"demo", "--seed", "-1"},
              "--seed: -1: not a whole number in digits, such as 10 "
              "(0..18446744073709551615); `tekmatch help demo` has more");
  for (const std::string option :
       {"--min-keys", "--padding-range", "--max-keys", "--seed"}) {
    const TekmatchRun run = RunTekmatch({"export", option, "-1"});
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_THAT(run.err, StartsWith(absl::StrCat("tekmatch: ", option,
                                                 ": -1: not a whole")));
  }
  EXPECT_FALSE(fs::exists(TempPath("out")));
}

class MannersOfMatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = TempPath("world");
    ASSERT_EQ(RunTekmatch({"demo", "--out", folder_}).exit_code, 0);
  }
  std::string At(const std::string& name) const { return folder_ + "/" + name; }
  Arguments Match(const Arguments& more) const {
    Arguments arguments = {"match",         At("export.zip"),
                           "--sightings",   At("sightings.csv"),
                           "--trusted-key", "440:v1=" + At("public.pem")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  std::string folder_;
};

TEST_F(MannersOfMatchTest, OptionsWithoutEffect) {
  const std::string end = "; `tekmatch help match` has more";
  ExpectUsage(Match({"--lang", "ja"}), "--lang requires --config or --html");
  ExpectUsage(Match({"--show-contacts"}),
              "--show-contacts requires --html" + end);
  ExpectUsage(Match({"--html", "-"}),
              "--html -: the result goes to stdout, too; give it a file (--out "
              "FILE)");
  ExpectUsage(Match({"--dates", "long"}), "--dates requires --config" + end);
  for (const Arguments& option :
       std::vector<Arguments>{{"--lang", "ja"}, {"--dates", "iso"}}) {
    Arguments arguments = Match({"--config", "cocoa", "--format", "json"});
    arguments.insert(arguments.end(), option.begin(), option.end());
    ExpectUsage(arguments,
                "--lang and --dates have no effect on --format json");
    arguments = Match({"--config", "cocoa", "--explain", "2020-05-20"});
    arguments.insert(arguments.end(), option.begin(), option.end());
    ExpectUsage(arguments, "--lang and --dates have no effect on --explain");
  }
  ExpectUsage(Match({"--recursive"}),
              "--recursive has no effect: no EXPORT is a folder");
  EXPECT_EQ(RunTekmatch(Match({"--config", "cocoa", "--lang", "ja"})).exit_code,
            0);
}

TEST_F(MannersOfMatchTest, ErrorsSpeakOfOptionsAndShowTheRightForm) {
  ExpectUsage(Match({"--now", "2020-12-01"}),
              "--now 2020-12-01: neither RFC 3339, such as "
              "2020-12-10T09:00+09:00, nor Unix seconds, such as 1607558400");
  ExpectUsage(
      Match({"--time-zone", "+09:00"}),
      "--time-zone +09:00: no such time zone; names are like Asia/Tokyo and "
      "UTC");
  ExpectUsage(Match({"--policy", "cocoa"}),
              "--policy: no policy \"cocoa\"; there are none, civil, "
              "cocoa-1.2.1 and cocoa-3 (a file has a slash in its path, or "
              "ends in .json)");
  ExpectUsage(Match({"--trusted-key", "public.pem"}),
              "--trusted-key public.pem: wanted ID[:VERSION]=FILE, such as "
              "440:v1=public.pem");
  ExpectUsage(Match({"--threads", "1e1"}),
              "--threads: 1e1: not a whole number in digits, such as 10 "
              "(1..1024); `tekmatch help match` has more");
}

// By the local date of the registration.
TEST(MannersTest, NobodyRegistersBeforeTheOnset) {
  const std::string keys = TempPath("keys.jsonl");
  WriteFile(keys,
            "{\"tek\":\"00000000000000000000000000000001\","
            "\"rolling_start\":2678688}\n");
  const auto window = [&](const std::string& date, const std::string& zone) {
    return Arguments{
        "window",   date,    "2020-12-10", "--registered", "2020-12-09T15:00Z",
        "--policy", "civil", "--keys",     keys,           "--time-zone",
        zone};
  };
  EXPECT_EQ(RunTekmatch(window("--onset", "Asia/Tokyo")).exit_code, 0);
  ExpectUsage(window("--onset", "UTC"),
              "--onset 2020-12-10 is after --registered, which is on "
              "2020-12-09 in UTC");
  ExpectUsage(window("--test-date", "UTC"),
              "--test-date 2020-12-10 is after --registered, which is on "
              "2020-12-09 in UTC");
}

}  // namespace
}  // namespace tekmatch
