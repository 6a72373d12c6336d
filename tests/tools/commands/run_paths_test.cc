// Outputs that are inputs or other outputs: what is the same file, and that no
// command writes over one.
#include "tools/commands/run_paths.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/run_tekmatch.h"
#include "tests/status_matchers.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// A folder with an input in it.
class RunPathsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = TempPath("folder");
    fs::remove_all(folder_);
    fs::create_directory(folder_);
    WriteFile(At("in"), "input");
  }
  std::string At(const std::string& name) const { return folder_ + "/" + name; }

  absl::Status Check(const std::string& input, const std::string& output) {
    RunPaths paths;
    paths.Reads("IN", input);
    paths.Writes("--out", output);
    return paths.Check();
  }

  std::string folder_;
};

TEST_F(RunPathsTest, OneFileByAnyNameOfIt) {
  fs::create_symlink("in", At("link"));
  fs::create_symlink(At("link"), At("link to link"));
  fs::create_hard_link(At("in"), At("hard link"));
  fs::create_directory_symlink(folder_, At("folder link"));
  for (const std::string& path :
       {At("in"), At("./in"), At("../folder/in"), At("link"),
        At("link to link"), At("hard link"), At("folder link/in"),
        fs::relative(At("in")).string()}) {
    EXPECT_EQ(Check(At("in"), path),
              absl::InvalidArgumentError(
                  absl::StrCat("--out ", path, ": is an input too, IN ",
                               At("in"), "; nothing was written")))
        << path;
    EXPECT_THAT(Check(path, At("in")),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << path;
  }
  WriteFile(At("copy"), "input");
  EXPECT_EQ(Check(At("in"), At("copy")), absl::OkStatus());
  EXPECT_EQ(Check(At("in"), At("new")), absl::OkStatus());
}

TEST_F(RunPathsTest, OneFileThatIsNotThereYet) {
  fs::create_symlink("new", At("link"));
  fs::create_directory_symlink(folder_, At("folder link"));
  for (const std::string& path :
       {At("new"), At("./new"), At("link"), At("folder link/new"),
        fs::relative(At("new")).string()}) {
    RunPaths paths;
    paths.Writes("--out", At("new"));
    paths.Writes("--matches-out", path);
    EXPECT_EQ(paths.Check(),
              absl::InvalidArgumentError(absl::StrCat(
                  "--matches-out ", path, ": is the file of another output, ",
                  "--out ", At("new"), "; nothing was written")))
        << path;
  }
  RunPaths two;
  two.Writes("--out", At("new"));
  two.Writes("--matches-out", At("other"));
  EXPECT_EQ(two.Check(), absl::OkStatus());
  // In the working folder.
  RunPaths here;
  here.Writes("--out", "no such file");
  here.Writes("--matches-out", "./no such file");
  EXPECT_THAT(here.Check(), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(RunPathsTest, NothingLiesInAFolderThatIsRead) {
  fs::create_directory(At("db"));
  WriteFile(At("db/000005.ldb"), "table");
  fs::create_hard_link(At("db/000005.ldb"), At("elsewhere"));
  for (const std::string name : {"db/000005.ldb", "elsewhere"}) {
    EXPECT_THAT(std::string(Check(At("db"), At(name)).message()),
                HasSubstr(": is an input too, IN " + At("db")))
        << name;
  }
  EXPECT_THAT(std::string(Check(At("db"), At("db/new")).message()),
              HasSubstr(": lies in a folder that is read, IN " + At("db")));
  EXPECT_EQ(Check(At("db"), At("new")), absl::OkStatus());
}

// Nothing in them could be lost.
TEST_F(RunPathsTest, StreamsAreNotFiles) {
  ASSERT_EQ(mkfifo(At("fifo").c_str(), 0600), 0);
  for (const std::string& path :
       {std::string("/dev/null"), std::string("/dev/full"), At("fifo")}) {
    RunPaths paths;
    paths.Reads("IN", path);
    paths.Writes("--out", path);
    paths.Writes("--matches-out", path);
    EXPECT_EQ(paths.Check(), absl::OkStatus()) << path;
  }
}

// Options that are not given, and places that cannot be: opening names them.
TEST_F(RunPathsTest, PathsThatNameNothing) {
  RunPaths paths;
  for (const std::string& path :
       {std::string(), At("no folder/file"), std::string(5000, 'x')}) {
    paths.Reads("IN", path);
    paths.Writes("--out", path);
  }
  // The long name stands there twice.
  EXPECT_THAT(paths.Check(), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(Check("", ""), absl::OkStatus());
  EXPECT_EQ(Check(At("no folder/file"), At("no folder/file")),
            absl::OkStatus());
}

// Every command that writes, given each of its inputs for an output.
class OutputIsInputTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = TempPath("world");
    fs::remove_all(folder_);
    ASSERT_EQ(RunTekmatch({"demo", "--out", folder_}).exit_code, 0);
    // Names that say nothing of a format.
    fs::rename(At("sightings.csv"), At("sightings"));
    WriteFile(At("policy"), R"({"name": "mine", "basis": "none"})");
    WriteFile(At("config"),
              R"({"name": "mine", "attenuation_thresholds": [46, 60, 65],
                  "attenuation_weights": [1, 1, 1, 1]})");
    WriteFile(At("own"),
              "{\"tek\":\"00000000000000000000000000000001\","
              "\"rolling_start\":2678688}\n");
    fs::create_directory(At("out"));
  }
  std::string At(const std::string& name) const { return folder_ + "/" + name; }

  std::map<std::string, std::string> Contents() const {
    std::map<std::string, std::string> contents;
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
      contents[entry.path().string()] =
          entry.is_regular_file() ? ReadFile(entry.path().string()) : "";
    }
    return contents;
  }

  // The run is refused with these words, and nothing is as it was not.
  void ExpectRefused(const std::vector<std::string>& arguments,
                     const std::string& words) {
    SCOPED_TRACE(::testing::PrintToString(arguments));
    const auto before = Contents();
    const TekmatchRun run = RunTekmatch(arguments);
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_EQ(run.out, "");
    EXPECT_EQ(run.err, "tekmatch: " + words + "; nothing was written\n");
    EXPECT_EQ(Contents(), before);
  }

  std::string folder_;
};

// The summary of a command whose --out is a folder.
TEST_F(OutputIsInputTest, SummariesGoToAFileOfTheirOwn) {
  const std::vector<std::vector<std::string>> commands = {
      {"generate", "--keys", "20", "--sightings", "20", "--met", "1"},
      {"demo"},
      {"export", "--keys", At("own"), "--signing-key", At("signing.pem"),
       "--key-id", "440", "--region", "440", "--start", "2020-12-15T00:00:00Z",
       "--end", "2020-12-16T00:00:00Z", "--min-keys", "0", "--padding-range",
       "0"}};
  WriteFile(At("signing.pem"), *OtherSigner("440", "v1").key.PrivatePem());
  const auto with = [this](std::vector<std::string> command,
                           const std::string& out, const std::string& summary) {
    command.insert(command.end(),
                   {"--out", At(out), "--summary-out", At(summary)});
    return command;
  };
  for (const std::vector<std::string>& command : commands) {
    // In the folder, made or not, by another name of it, or below it.
    fs::create_directory_symlink(At("out"), At("link"));
    for (const auto& [out, summary] :
         std::vector<std::pair<std::string, std::string>>{
             {"out", "out/said"},
             {"out", "link/said"},
             {"out", "link"},
             {"out", "out"},
             {"new", "new"},
             {"new", "new/"},
             {"new", "./new/."},
             {"link", "out/said"},
             {"new", "new/said"},
             {"new", "out/../new/below/said"}}) {
      ExpectRefused(
          with(command, out, summary),
          absl::StrCat("--summary-out ", At(summary),
                       ": lies in a folder that is written, --out ", At(out)));
    }
    fs::remove(At("link"));
    // A place that cannot be written to is known before the work.
    const TekmatchRun nowhere =
        RunTekmatch(with(command, "new", "no folder/said"));
    EXPECT_EQ(nowhere.exit_code, 1);
    EXPECT_THAT(nowhere.err, HasSubstr("no folder/said"));
    EXPECT_FALSE(fs::exists(At("new"))) << command[0];

    const TekmatchRun run = RunTekmatch(with(command, "new", "said"));
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(run.out, "");
    EXPECT_EQ(run.err, "");
    EXPECT_THAT(ReadFile(At("said")), HasSubstr("key")) << command[0];
    EXPECT_FALSE(fs::is_empty(At("new")));
    fs::remove_all(At("new"));
  }
}

TEST_F(OutputIsInputTest, Match) {
  const std::vector<std::string> match = {
      "match",         At("export.zip"),
      "--sightings",   "1=" + At("sightings"),
      "--trusted-key", "440:v1=" + At("public.pem"),
      "--own-keys",    At("own"),
      "--policy",      At("policy"),
      "--config",      At("config")};
  ASSERT_EQ(RunTekmatch(match).exit_code, 0);
  for (const std::string flag : {"--out", "--matches-out"}) {
    for (const auto& [input, name] :
         std::map<std::string, std::string>{{"EXPORT", "export.zip"},
                                            {"--sightings", "sightings"},
                                            {"--trusted-key", "public.pem"},
                                            {"--own-keys", "own"},
                                            {"--policy", "policy"},
                                            {"--config", "config"}}) {
      std::vector<std::string> arguments = match;
      arguments.insert(arguments.end(), {flag, At("./" + name)});
      ExpectRefused(arguments,
                    absl::StrCat(flag, " ", At("./" + name),
                                 ": is an input too, ", input, " ", At(name)));
    }
  }
  std::vector<std::string> arguments = match;
  arguments.insert(arguments.end(),
                   {"--out", At("x"), "--matches-out", At("./x")});
  ExpectRefused(arguments, absl::StrCat("--matches-out ", At("./x"),
                                        ": is the file of another output, ",
                                        "--out ", At("x")));
}

TEST_F(OutputIsInputTest, OtherCommands) {
  ExpectRefused({"inspect", At("export.zip"), "--keys-out", At("export.zip")},
                absl::StrCat("--keys-out ", At("export.zip"),
                             ": is an input too, EXPORT ", At("export.zip")));
  ExpectRefused({"sightings", At("sightings"), "--out", At("sightings")},
                absl::StrCat("--out ", At("sightings"),
                             ": is an input too, SIGHTINGS ", At("sightings")));
  const std::vector<std::string> window = {
      "window",   "--onset",    "2020-12-10", "--registered", "1608000000",
      "--policy", At("policy"), "--keys",     At("own")};
  ASSERT_EQ(RunTekmatch(window).exit_code, 0);
  for (const auto& [flag, name] : std::map<std::string, std::string>{
           {"--policy", "policy"}, {"--keys", "own"}}) {
    std::vector<std::string> arguments = window;
    arguments.insert(arguments.end(), {"--out", At(name)});
    ExpectRefused(arguments,
                  absl::StrCat("--out ", At(name), ": is an input too, ", flag,
                               " ", At(name)));
  }
}

TEST_F(OutputIsInputTest, FoldersThatAreWritten) {
  fs::rename(At("own"), At("out/index.txt"));
  ExpectRefused(
      {"export", "--keys", At("out/index.txt"), "--signing-key",
       At("public.pem"), "--key-id", "440", "--region", "440", "--out",
       At("out")},
      absl::StrCat("--out ", At("out/index.txt"), ": is an input too, --keys ",
                   At("out/index.txt")));
  fs::remove(At("public.pem"));
  fs::create_symlink("export.zip", At("public.pem"));
  ExpectRefused({"demo", "--out", folder_},
                absl::StrCat("--out ", At("public.pem"),
                             ": is the file of another output, --out ",
                             At("export.zip")));
}

}  // namespace
}  // namespace tekmatch
