// tekmatch plan, match --plan and merge: byte for byte what one match writes,
// and refusals that name what is wrong.
//
// Plan: two worlds and the commands over them; what one match writes beside
// what a merge writes; shards, plans and partials that are not so.
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/run_tekmatch.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;

// Two authorities' worlds, heard by four devices.
class ShardsCommandTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const std::string seed : {"1", "2"}) {
      const TekmatchRun made = RunTekmatch(
          {"generate", "--keys", "3000", "--sightings", "2000", "--devices",
           "4", "--met", "20", "--seed", seed, "--out", TempPath(seed)});
      ASSERT_EQ(made.exit_code, 0) << made.err;
      inputs_.push_back(TempPath(seed));
      inputs_.insert(inputs_.end(),
                     {"--sightings", TempPath(seed) + "/sightings.csv"});
      inputs_.insert(
          inputs_.end(),
          {"--trusted-key", "440:v1=" + TempPath(seed) + "/public.pem"});
    }
    inputs_.insert(inputs_.end(), {"--skip-bad-files", "--config", "cocoa"});
  }

  TekmatchRun Run(std::vector<std::string> arguments,
                  const std::vector<std::string>& more) const {
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunTekmatch(arguments);
  }
  void Plan(const std::string& by, const std::string& shards) const {
    const TekmatchRun run =
        Run({"plan", "--by", by, "--shards", shards, "--out", TempPath("plan")},
            inputs_);
    ASSERT_EQ(run.exit_code, 0) << run.err;
  }
  std::vector<std::string> ShardArguments(const std::string& shard) const {
    return {"match", "--plan",    TempPath("plan"),     "--shard",
            shard,   "--partial", TempPath("p" + shard)};
  }
  void Shard(const std::string& shard) const {
    const TekmatchRun run = RunTekmatch(ShardArguments(shard));
    ASSERT_EQ(run.exit_code, 0) << run.err;
  }
  TekmatchRun Merge(const std::vector<std::string>& shards,
                    const std::vector<std::string>& outputs) const {
    std::vector<std::string> arguments = {"merge", "--plan", TempPath("plan")};
    for (const std::string& shard : shards) {
      arguments.push_back(TempPath("p" + shard));
    }
    return Run(arguments, outputs);
  }
  // Of the folder's files those that a partial is written to before it has its
  // name.
  static int NumBegun(const std::string& shard) {
    int num = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(TempPath(""))) {
      const std::string name = entry.path().filename();
      num += absl::StartsWith(name, absl::StrCat("p", shard, ".")) ? 1 : 0;
    }
    return num;
  }
  // Kills the shard once its partial is begun, which is before it reads
  // sightings and matches. False: it ended before.
  bool KillWhileItMatches(const std::string& shard) const {
    const int before = NumBegun(shard);
    RunningTekmatch running(ShardArguments(shard));
    siginfo_t ended{};
    while (NumBegun(shard) == before) {
      const int rc = waitid(P_PID, static_cast<id_t>(running.pid()), &ended,
                            WEXITED | WNOHANG | WNOWAIT);
      if (rc != 0 || ended.si_pid != 0) break;
    }
    kill(running.pid(), SIGKILL);
    return running.Wait().signal == SIGKILL &&
           !std::filesystem::exists(TempPath("p" + shard));
  }
  static std::vector<std::string> Outputs(const std::string& name) {
    return {"--format",      "json",
            "--out",         TempPath(name + ".json"),
            "--matches-out", TempPath(name + ".jsonl")};
  }
  static std::vector<std::string> WithPage(const std::string& name) {
    std::vector<std::string> outputs = Outputs(name);
    outputs.insert(outputs.end(), {"--html", TempPath(name + ".html")});
    return outputs;
  }
  TekmatchRun Match(const std::vector<std::string>& outputs) const {
    std::vector<std::string> arguments = {"match"};
    arguments.insert(arguments.end(), inputs_.begin(), inputs_.end());
    return Run(arguments, outputs);
  }
  // What a merge writes is what a match does: a device at a time, and where a
  // page or an explanation needs all at once.
  void ExpectTheSame(const std::vector<std::string>& shards) const {
    const TekmatchRun whole = Match(WithPage("whole"));
    ASSERT_EQ(whole.exit_code, 0) << whole.err;
    const TekmatchRun merged = Merge(shards, WithPage("page"));
    ASSERT_EQ(merged.exit_code, 0) << merged.err;
    EXPECT_EQ(merged.err, whole.err);
    const TekmatchRun pieces = Merge(shards, Outputs("pieces"));
    ASSERT_EQ(pieces.exit_code, 0) << pieces.err;
    EXPECT_EQ(pieces.err, whole.err);
    for (const std::string kind : {".json", ".jsonl"}) {
      const std::string expected = ReadFile(TempPath("whole" + kind));
      EXPECT_EQ(ReadFile(TempPath("page" + kind)), expected);
      EXPECT_EQ(ReadFile(TempPath("pieces" + kind)), expected);
    }
    EXPECT_EQ(ReadFile(TempPath("page.html")),
              ReadFile(TempPath("whole.html")));
    EXPECT_FALSE(ReadFile(TempPath("pieces.jsonl")).empty());
    // Nothing of it held in memory: all goes by a file.
    std::vector<std::string> spilled = Outputs("spilled");
    spilled.insert(spilled.end(), {"--memory", "0"});
    ASSERT_EQ(Merge(shards, spilled).exit_code, 0);
    for (const std::string kind : {".json", ".jsonl"}) {
      EXPECT_EQ(ReadFile(TempPath("spilled" + kind)),
                ReadFile(TempPath("whole" + kind)));
    }
    std::vector<std::vector<std::string>> printed = {{}, {"--format", "json"}};
    if (inputs_.back() == "cocoa") {
      printed.push_back({"--explain", "2020-06-20"});
      printed.push_back({"--lang", "ja", "--dates", "long"});
    }
    for (const std::vector<std::string>& outputs : printed) {
      const TekmatchRun one = Match(outputs);
      const TekmatchRun of_merge = Merge(shards, outputs);
      EXPECT_EQ(of_merge.exit_code, 0) << of_merge.err;
      EXPECT_EQ(of_merge.out, one.out);
      EXPECT_EQ(of_merge.err, one.err);
      EXPECT_FALSE(of_merge.out.empty());
      std::vector<std::string> without_memory = outputs;
      without_memory.insert(without_memory.end(), {"--memory", "0"});
      EXPECT_EQ(Merge(shards, without_memory).out, one.out);
    }
  }
  void DropConfig() {
    ASSERT_EQ(inputs_.back(), "cocoa");
    inputs_.resize(inputs_.size() - 2);
  }

  std::vector<std::string> inputs_;
};

TEST_F(ShardsCommandTest, ByFilesGivesWhatOneMatchGives) {
  Plan("files", "2");
  Shard("1");
  Shard("2");
  ExpectTheSame({"2", "1"});
}

TEST_F(ShardsCommandTest, ByDevicesGivesWhatOneMatchGives) {
  Plan("devices", "3");
  for (const char* shard : {"3", "1", "2"}) Shard(shard);
  ExpectTheSame({"2", "3", "1"});
}

TEST_F(ShardsCommandTest, WithoutAConfigurationToo) {
  DropConfig();
  Plan("devices", "3");
  for (const char* shard : {"1", "2", "3"}) Shard(shard);
  ExpectTheSame({"3", "1", "2"});
}

TEST_F(ShardsCommandTest, OnePersonsSightingsGiveTheSameToo) {
  // The column of devices goes, and so does the other store.
  std::string rows;
  for (const absl::string_view row :
       absl::StrSplit(ReadFile(TempPath("1") + "/sightings.csv"), '\n',
                      absl::SkipEmpty())) {
    absl::StrAppend(&rows, row.substr(0, row.rfind(',')), "\n");
  }
  WriteFile(TempPath("one.csv"), rows);
  ASSERT_EQ(inputs_[2], TempPath("1") + "/sightings.csv");
  inputs_[2] = TempPath("one.csv");
  ASSERT_EQ(inputs_[6], "--sightings");
  inputs_.erase(inputs_.begin() + 6, inputs_.begin() + 8);
  for (const bool has_config : {true, false}) {
    if (!has_config) DropConfig();
    Plan("files", "2");
    Shard("1");
    Shard("2");
    ExpectTheSame({"1", "2"});
  }
}

// Of a merge in pieces, and of one that holds all matches.
TEST_F(ShardsCommandTest, AFullDiskLeavesAllOutputsOld) {
  Plan("devices", "1");
  Shard("1");
  for (const bool with_page : {false, true}) {
    for (const size_t full : {3, 5, 7}) {
      std::vector<std::string> outputs =
          with_page ? WithPage("full") : Outputs("full");
      if (full >= outputs.size()) continue;
      outputs[full] = "/dev/full";
      for (const char* kind : {".json", ".jsonl", ".html"}) {
        WriteFile(TempPath("full") + kind, "old");
      }
      const TekmatchRun run = Merge({"1"}, outputs);
      EXPECT_EQ(run.exit_code, 1);
      EXPECT_THAT(run.err, HasSubstr("/dev/full: writing"));
      for (const char* kind : {".json", ".jsonl", ".html"}) {
        EXPECT_EQ(ReadFile(TempPath("full") + kind), "old") << full << kind;
      }
    }
  }
}

TEST_F(ShardsCommandTest, AShardThatWasKilledLeavesNoPartialAndIsMadeAgain) {
  Plan("devices", "2");
  Shard("1");
  // A run may end before the kill: then there is another one.
  bool met = false;
  for (int i = 0; i < 100 && !met; ++i) {
    std::filesystem::remove(TempPath("p2"));
    met = KillWhileItMatches("2");
  }
  ASSERT_TRUE(met);
  const TekmatchRun merged = Merge({"1"}, {});
  EXPECT_EQ(merged.exit_code, 1);
  EXPECT_EQ(merged.out, "");
  EXPECT_THAT(merged.err, HasSubstr("of the 2 shards, this one is missing: 2"));
  Shard("2");
  ExpectTheSame({"1", "2"});
}

// The system ends it by a signal where a file is longer than it may be.
TEST_F(ShardsCommandTest, AShardThatDiesWhileItWritesLeavesNoPartial) {
  Plan("devices", "2");
  Shard("1");
  const std::string whole = ReadFile(TempPath("p1"));
  std::filesystem::remove(TempPath("p1"));
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit half = before;
  half.rlim_cur = whole.size() / 2;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &half), 0);
  const TekmatchRun run = RunTekmatch(ShardArguments("1"));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(run.signal, SIGXFSZ) << run.err;
  EXPECT_FALSE(std::filesystem::exists(TempPath("p1")));
  EXPECT_EQ(NumBegun("1"), 0);
  Shard("1");
  EXPECT_EQ(ReadFile(TempPath("p1")), whole);
}

TEST_F(ShardsCommandTest, AnInputThatChangedIsNamed) {
  Plan("devices", "2");
  const std::string changed = TempPath("1") + "/sightings.csv";
  WriteFile(changed, ReadFile(changed) + "\n");
  const TekmatchRun run = RunTekmatch(ShardArguments("1"));
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err,
              HasSubstr(changed + ": is not what it was when the plan was"));
  EXPECT_FALSE(std::filesystem::exists(TempPath("p1")));
}

// Also where it has been compared with the plan already.
TEST_F(ShardsCommandTest, AnInputThatChangesWhileItIsReadIsNamed) {
  Plan("devices", "2");
  const std::string changed = TempPath("1") + "/sightings.csv";
  const std::string planned = ReadFile(changed);
  bool met = false;
  // A shard that was done before it could be stopped is run again.
  for (int i = 0; i < 100 && !met; ++i) {
    std::filesystem::remove(TempPath("p1"));
    const int before = NumBegun("1");
    RunningTekmatch running(ShardArguments("1"));
    siginfo_t state{};
    while (NumBegun("1") == before &&
           waitid(P_PID, static_cast<id_t>(running.pid()), &state,
                  WEXITED | WNOHANG | WNOWAIT) == 0 &&
           state.si_pid == 0) {
    }
    kill(running.pid(), SIGSTOP);
    ASSERT_EQ(waitid(P_PID, static_cast<id_t>(running.pid()), &state,
                     WEXITED | WSTOPPED | WNOWAIT),
              0);
    met = state.si_code == CLD_STOPPED &&
          !std::filesystem::exists(TempPath("p1"));
    if (met) WriteFile(changed, planned + "\n");
    kill(running.pid(), SIGCONT);
    const TekmatchRun run = running.Wait();
    if (!met) continue;
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_THAT(run.err,
                HasSubstr(changed + ": is not what it was when the plan was"));
  }
  ASSERT_TRUE(met);
  EXPECT_FALSE(std::filesystem::exists(TempPath("p1")));
  EXPECT_EQ(NumBegun("1"), 0);
  WriteFile(changed, planned);
  Shard("1");
}

// Whoever changes a plan's numbers gets no result that looks whole.
TEST_F(ShardsCommandTest, APlanWithWrongNumbersIsRefused) {
  Plan("devices", "2");
  const std::string plan = ReadFile(TempPath("plan"));
  const auto refused = [&](absl::string_view from, absl::string_view to) {
    ASSERT_THAT(plan, HasSubstr(from));
    WriteFile(TempPath("plan"), absl::StrReplaceAll(plan, {{from, to}}));
    const TekmatchRun run = RunTekmatch(ShardArguments("1"));
    EXPECT_EQ(run.exit_code, 1) << to;
    EXPECT_THAT(run.err, HasSubstr("not a plan of tekmatch plan")) << to;
    EXPECT_FALSE(std::filesystem::exists(TempPath("p1"))) << to;
  };
  for (const char* shard : {"4294967298", "-1", "0", "3", "true", "1e300"}) {
    refused("\"shard\": 2", absl::StrCat("\"shard\": ", shard));
  }
  for (const char* shards : {"4294967298", "0", "1000"}) {
    refused("\"shards\": 2", absl::StrCat("\"shards\": ", shards));
  }
  const size_t now = plan.find("\"now\": \"");
  ASSERT_NE(now, std::string::npos);
  const std::string time = plan.substr(now, plan.find(',', now) - now);
  refused(time, "\"now\": \"infinite-future\"");
  const size_t devices = plan.find("\"devices\": [");
  ASSERT_NE(devices, std::string::npos);
  refused(plan.substr(devices, plan.find(']', devices) - devices),
          "\"devices\": [");
}

TEST_F(ShardsCommandTest, APartialOfAnotherPlanAndADoubledOneAreNamed) {
  Plan("devices", "2");
  Shard("1");
  const TekmatchRun doubled = Merge({"1", "1"}, {});
  EXPECT_EQ(doubled.exit_code, 1);
  EXPECT_THAT(doubled.err, HasSubstr("p1: shard 1 is there twice"));
  Plan("files", "2");
  const TekmatchRun foreign = Merge({"1"}, {});
  EXPECT_EQ(foreign.exit_code, 1);
  EXPECT_THAT(foreign.err, HasSubstr("p1: is of another plan"));
}

TEST_F(ShardsCommandTest, OptionsThatAPlanHasAreRefusedBesideIt) {
  Plan("files", "2");
  std::vector<std::string> arguments = ShardArguments("1");
  arguments.insert(arguments.end(), {"--format", "json"});
  const TekmatchRun told = RunTekmatch(arguments);
  EXPECT_EQ(told.exit_code, 2);
  EXPECT_THAT(told.err, HasSubstr("--format and --plan"));
  // So is what equals its default.
  for (const std::vector<std::string>& option :
       std::vector<std::vector<std::string>>{{"--lang", "en"},
                                             {"--policy", "none"},
                                             {"--format", "text"},
                                             {"--time-zone", "UTC"}}) {
    const TekmatchRun run = Run(ShardArguments("1"), option);
    EXPECT_EQ(run.exit_code, 2) << option[0];
    EXPECT_THAT(run.err, HasSubstr(option[0] + " and --plan"));
  }
  EXPECT_EQ(Run(ShardArguments("1"), {"--threads", "1"}).exit_code, 0);
  EXPECT_EQ(RunTekmatch(ShardArguments("3")).exit_code, 2);
  const TekmatchRun many = Run(
      {"plan", "--by", "files", "--shards", "3", "--out", TempPath("other")},
      inputs_);
  EXPECT_EQ(many.exit_code, 2);
  EXPECT_THAT(many.err, HasSubstr("there are only 2 files"));
}

TEST_F(ShardsCommandTest, AKeyIdThatIsNotUtf8IsRefused) {
  const TekmatchRun run =
      Run({"plan", "--by", "files", "--shards", "1", "--trusted-key",
           "4\xff"
           "0:v1=" +
               TempPath("1") + "/public.pem",
           "--out", TempPath("plan")},
          inputs_);
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("is not UTF-8"));
  EXPECT_FALSE(std::filesystem::exists(TempPath("plan")));
}

}  // namespace
}  // namespace tekmatch
