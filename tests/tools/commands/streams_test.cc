// "-", pipes and folders in place of files, over the real binary.
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/run_tekmatch.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

namespace fs = std::filesystem;
using ::nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class StreamsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = TempPath("world");
    fs::remove_all(folder_);
    ASSERT_EQ(RunTekmatch({"demo", "--out", folder_}).exit_code, 0);
    expected_ = Shell(
                    "$tekmatch match $at/export.zip $trusted --sightings "
                    "$at/sightings.csv")
                    .out;
    ASSERT_THAT(expected_, HasSubstr("Matched "));
  }
  std::string At(const std::string& name) const { return folder_ + "/" + name; }

  // A command of bash; of $tekmatch, $at and $trusted.
  TekmatchRun Shell(const std::string& command) const {
    const std::string text = absl::StrReplaceAll(
        command, {{"$tekmatch", "tools/tekmatch"},
                  {"$at", folder_},
                  {"$trusted", "--trusted-key 440:v1=" + At("public.pem")}});
    WriteFile(TempPath("script"), text);
    const int status = std::system(absl::StrCat("bash ", TempPath("script"),
                                                " >", TempPath("out"), " 2>",
                                                TempPath("err"), " </dev/null")
                                       .c_str());
    TekmatchRun run;
    if (WIFEXITED(status)) run.exit_code = WEXITSTATUS(status);
    run.out = ReadFile(TempPath("out"));
    run.err = ReadFile(TempPath("err"));
    return run;
  }

  void ExpectTheSame(const std::string& command) const {
    SCOPED_TRACE(command);
    const TekmatchRun run = Shell(command);
    EXPECT_EQ(run.exit_code, 0);
    EXPECT_EQ(run.out, expected_);
    EXPECT_EQ(run.err, "");
  }

  std::string folder_;
  std::string expected_;
};

TEST_F(StreamsTest, InputsFromPipesAndStdin) {
  for (const std::string command :
       {"cat $at/export.zip | $tekmatch match - $trusted --sightings "
        "$at/sightings.csv",
        "$tekmatch match - $trusted --sightings $at/sightings.csv "
        "< $at/export.zip",
        "$tekmatch match <(cat $at/export.zip) $trusted --sightings "
        "$at/sightings.csv",
        "$tekmatch match $at/export.zip $trusted --sightings - "
        "< $at/sightings.csv",
        "cat $at/sightings.csv | $tekmatch match $at/export.zip $trusted "
        "--sightings /dev/stdin",
        "$tekmatch match $at/export.zip --trusted-key 440:v1=- --sightings "
        "$at/sightings.csv < $at/public.pem",
        "$tekmatch match <(cat $at/export.zip) --trusted-key "
        "440:v1=<(cat $at/public.pem) --sightings <(sleep 0.1; cat "
        "$at/sightings.csv)"}) {
    ExpectTheSame(command);
  }
  // Own keys, a policy and a configuration.
  EXPECT_EQ(
      Shell("echo '{\"name\":\"a\",\"basis\":\"none\"}' | $tekmatch match "
            "$at/export.zip $trusted --sightings $at/sightings.csv "
            "--policy - --config <(echo '{\"name\":\"mine\","
            "\"attenuation_thresholds\":[1,2,3],"
            "\"attenuation_weights\":[1,1,1,1]}')")
          .exit_code,
      0);
  EXPECT_EQ(Shell("$tekmatch inspect $at/export.zip --keys-out - | $tekmatch "
                  "match $at/export.zip $trusted --sightings "
                  "$at/sightings.csv --own-keys -")
                .exit_code,
            1);  // all keys are own: nothing was compared
}

TEST_F(StreamsTest, StdinIsReadOnce) {
  TekmatchRun run =
      Shell("$tekmatch match - $trusted --sightings - < $at/export.zip");
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_EQ(run.err, "tekmatch: --sightings -: stdin is read by EXPORT -\n");
  // It may be a file that an output names.
  run = Shell(
      "$tekmatch sightings - --out $at/sightings.csv "
      "< $at/sightings.csv");
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("is an input too, SIGHTINGS -"));
}

TEST_F(StreamsTest, BadInputFromAStreamIsNamed) {
  TekmatchRun run = Shell("echo x | $tekmatch verify -");
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.out, StartsWith("-: malformed: export.bin: "));
  EXPECT_EQ(run.err, "tekmatch: 1 of 1 file not valid\n");
  run =
      Shell("printf 'time,rpi,aem,rssi\\n1,2,3,4\\n' | $tekmatch sightings -");
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, StartsWith("tekmatch: -:2: rpi: "));
  run = Shell("$tekmatch sightings - < /dev/null");
  EXPECT_EQ(run.err, "tekmatch: -: is empty\n");
  EXPECT_EQ(Shell("$tekmatch sightings - <&-").exit_code, 1);
  // A key is small.
  run =
      Shell("$tekmatch verify $at/export.zip --trusted-key 1=<(cat /dev/zero)");
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("bytes in a pipe; give the file"));
}

TEST_F(StreamsTest, ResultsToStdout) {
  const std::string csv = ReadFile(At("sightings.csv"));
  for (const std::string out : {"", " --out -", " --out /dev/stdout"}) {
    const TekmatchRun run =
        Shell("$tekmatch sightings $at/sightings.csv" + out);
    EXPECT_EQ(run.exit_code, 0);
    EXPECT_THAT(run.out, StartsWith("time,rpi,aem,rssi\n"));
    EXPECT_EQ(run.out, csv);
    EXPECT_THAT(run.err, ::testing::MatchesRegex(
                             "tekmatch: [0-9]+ sightings \\(0 skipped\\)\n"));
    ExpectTheSame(
        "$tekmatch match $at/export.zip $trusted --sightings "
        "$at/sightings.csv" +
        out);
  }
  // After what was printed before, also where stdout is a file.
  EXPECT_EQ(Shell("echo first; $tekmatch sightings $at/sightings.csv --out "
                  "/dev/stdout; echo last")
                .out,
            "first\n" + csv + "last\n");
  EXPECT_FALSE(fs::exists("-"));
}

TEST_F(StreamsTest, KeysAndMatchesToStdoutStandThereAlone) {
  ASSERT_EQ(Shell("$tekmatch inspect $at/export.zip --keys-out $at/k.jsonl")
                .exit_code,
            0);
  TekmatchRun run = Shell("$tekmatch inspect $at/export.zip --keys-out -");
  EXPECT_EQ(run.out, ReadFile(At("k.jsonl")));
  run = Shell("$tekmatch inspect $at/export.zip --keys-out - --out $at/i.txt");
  EXPECT_EQ(run.out, ReadFile(At("k.jsonl")));
  EXPECT_EQ(ReadFile(At("i.txt")),
            Shell("$tekmatch inspect $at/export.zip").out);
  EXPECT_EQ(
      Shell("$tekmatch inspect $at/export.zip --keys-out - --out -").exit_code,
      2);
  const std::string match =
      "$tekmatch match $at/export.zip $trusted --sightings $at/sightings.csv ";
  ASSERT_EQ(Shell(match + "--matches-out $at/m.jsonl").exit_code, 0);
  run = Shell(match + "--matches-out - --out $at/m.txt");
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, ReadFile(At("m.jsonl")));
  EXPECT_EQ(ReadFile(At("m.txt")), expected_);
  run = Shell(match + "--matches-out -");
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(run.err,
            "tekmatch: --matches-out -: the result goes to stdout, too; give "
            "it a file (--out FILE)\n");
}

TEST_F(StreamsTest, WhatMakesAFolderHasNoStream) {
  for (const std::string command :
       {"demo", "generate --keys 1 --sightings 1 --met 1",
        "export --keys k --signing-key s --key-id 1 --region 1"}) {
    const TekmatchRun run = Shell("$tekmatch " + command + " --out -");
    EXPECT_EQ(run.exit_code, 2) << command;
    EXPECT_EQ(run.err,
              "tekmatch: --out -: a folder is wanted, not stdout (./- is one "
              "of that name)\n");
  }
}

TEST_F(StreamsTest, VerdictsAsJsonAndToAFile) {
  TekmatchRun run = Shell(
      "$tekmatch verify $at/export.zip $at/public.pem $trusted --format "
      "json --out $at/v.json");
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.out, "");
  // The reasons are in the JSON.
  EXPECT_EQ(run.err, "tekmatch: 1 of 2 files not valid\n");
  const json verdicts = json::parse(ReadFile(At("v.json")));
  ASSERT_EQ(verdicts.size(), 2U);
  EXPECT_EQ(verdicts[0]["path"], At("export.zip"));
  EXPECT_EQ(verdicts[0]["verdict"], "valid");
  EXPECT_EQ(verdicts[0]["signed_by"], json::array({"440:v1"}));
  EXPECT_EQ(verdicts[1]["verdict"], "malformed");
  EXPECT_THAT(verdicts[1]["message"].get<std::string>(),
              StartsWith(At("public.pem") + ": "));
}

class FoldersTest : public StreamsTest {};

TEST_F(FoldersTest, TheirExportsInOrder) {
  for (const std::string name :
       {"b.zip", "a.zip", ".hidden.zip", "c.zip.part", "d.ZIP", "readme.txt",
        "in/e.zip", "in/deep/f.zip", ".in/g.zip"}) {
    fs::create_directories(fs::path(At("x/" + name)).parent_path());
    fs::copy_file(At("export.zip"), At("x/" + name));
  }
  fs::create_directory_symlink("..", At("x/in/loop"));
  fs::create_symlink("../export.zip", At("x/link.zip"));
  const auto lines = [&](const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
      absl::StrAppend(&text, At("x/" + name), ": valid, signed by 440:v1\n");
    }
    return text;
  };
  TekmatchRun run = Shell("$tekmatch verify $at/x $trusted");
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, lines({"a.zip", "b.zip", "link.zip"}));
  run = Shell("$tekmatch verify $at/x --recursive $trusted");
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out,
            lines({"a.zip", "b.zip", "link.zip", "in/e.zip", "in/deep/f.zip"}));
  run = Shell(
      "$tekmatch match $at/x $trusted --sightings $at/sightings.csv "
      "--format json");
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(json::parse(run.out)["files"].size(), 3U);
  EXPECT_EQ(
      json::parse(Shell("$tekmatch inspect $at/x --format json").out).size(),
      3U);
  run = Shell("$tekmatch inspect $at/x --keys-out $at/x/a.zip");
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_EQ(ReadFile(At("x/a.zip")), ReadFile(At("export.zip")));
}

TEST_F(FoldersTest, WithoutExportsAreNamed) {
  fs::create_directories(At("x/in"));
  fs::copy_file(At("export.zip"), At("x/in/e.zip"));
  TekmatchRun run = Shell("$tekmatch verify $at/x $trusted");
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(run.err,
            absl::StrCat("tekmatch: ", At("x"),
                         ": no *.zip and no *.bin in this folder (--recursive "
                         "reads those in it)\n"));
  EXPECT_EQ(Shell("$tekmatch verify $at/x --recursive $trusted").exit_code, 0);
}

}  // namespace
}  // namespace tekmatch
