// .tksight wherever a command takes sightings: the answers are those over the
// CSV that it was made of.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/run_tekmatch.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::nlohmann::json;
using ::testing::HasSubstr;

class TksightCommandTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const TekmatchRun made =
        RunTekmatch({"generate", "--keys", "300", "--sightings", "9000",
                     "--devices", "3", "--met", "20", "--out", At("world")});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    csv_ = At("world/sightings.csv");
    // The name says nothing.
    binary_ = At("sightings");
    const TekmatchRun run = RunTekmatch(
        {"sightings", csv_, "--format", "tksight", "--out", binary_});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(run.out, "9000 sightings (0 skipped)\n");
  }
  static std::string At(const std::string& name) { return TempPath(name); }
  static std::vector<std::string> Over(std::vector<std::string> command,
                                       const std::string& sightings) {
    command.insert(command.end(),
                   {"--sightings", sightings, "--trusted-key",
                    "440:v1=" + At("world/public.pem"), "--config", "cocoa",
                    "--now", "2020-07-01T00:00:00Z"});
    return command;
  }
  static std::string Answer(const std::vector<std::string>& command) {
    const TekmatchRun run = RunTekmatch(command);
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return run.out;
  }

  std::string csv_;
  std::string binary_;
};

TEST_F(TksightCommandTest, SightingsGoThereAndBack) {
  const std::string bytes = ReadFile(binary_);
  EXPECT_EQ(bytes.substr(0, 4), "\x89TKS");
  // A record has 29 bytes, since there are devices.
  EXPECT_EQ(bytes.size(), 28U + 9000 * 29 + 3 * 4);
  EXPECT_EQ(Answer({"sightings", csv_, "--format", "tksight"}), bytes);
  EXPECT_EQ(Answer({"sightings", binary_, "--format", "tksight"}), bytes);
  const auto sorted_lines = [](const std::string& text) {
    std::vector<std::string> lines = absl::StrSplit(text, '\n');
    std::sort(lines.begin(), lines.end());
    return lines;
  };
  EXPECT_EQ(sorted_lines(Answer({"sightings", binary_})),
            sorted_lines(ReadFile(csv_)));
}

TEST_F(TksightCommandTest, MatchAnswersAsOverTheCsv) {
  std::vector<std::string> answers;
  std::vector<std::string> matches;
  for (const std::string& sightings : {csv_, binary_}) {
    std::vector<std::string> match =
        Over({"match", At("world/00001.zip"), "--format", "json",
              "--matches-out", At("matches"), "--html", At("page.html")},
             sightings);
    answers.push_back(Answer(match));
    matches.push_back(ReadFile(At("matches")));
    matches.push_back(ReadFile(At("page.html")));
  }
  EXPECT_EQ(json::parse(answers[0])["sightings_read"], 9000);
  EXPECT_GT(json::parse(answers[0])["sightings_matched"], 0);
  EXPECT_EQ(answers[0], answers[1]);
  EXPECT_EQ(matches[0], matches[2]);
  EXPECT_EQ(matches[1], matches[3]);
}

// A store is one person's, so of one device.
TEST_F(TksightCommandTest, CheckAnswersAsOverTheCsv) {
  const std::string world = At("one");
  Answer({"generate", "--keys", "300", "--sightings", "5000", "--met", "20",
          "--out", world});
  const std::string csv = world + "/sightings.csv";
  Answer({"sightings", csv, "--format", "tksight", "--out", binary_});
  std::vector<std::string> answers;
  for (const std::string& sightings : {csv, binary_}) {
    const std::string store = At(absl::StrCat("store", answers.size()));
    answers.push_back(Answer({"check", "--store", store, "--sightings",
                              sightings, world + "/00001.zip", "--trusted-key",
                              "440:v1=" + world + "/public.pem", "--now",
                              "2020-07-01T00:00:00Z", "--retention-days", "30",
                              "--format", "json"}));
  }
  EXPECT_GT(json::parse(answers[0])["sightings_matched"], 0);
  EXPECT_EQ(answers[0], answers[1]);
}

TEST_F(TksightCommandTest, ShardsAreOfIt) {
  const std::string whole = Answer(
      Over({"match", At("world/00001.zip"), "--format", "json"}, binary_));
  Answer(Over({"plan", At("world/00001.zip"), "--by", "devices", "--shards",
               "2", "--out", At("plan")},
              binary_));
  const auto shard = [](const std::string& number) {
    return std::vector<std::string>{"match", "--plan",    At("plan"), "--shard",
                                    number,  "--partial", At(number)};
  };
  Answer(shard("1"));
  Answer(shard("2"));
  EXPECT_EQ(Answer({"merge", "--plan", At("plan"), At("1"), At("2"), "--format",
                    "json"}),
            whole);
  std::string bytes = ReadFile(binary_);
  bytes.back() ^= 1;
  WriteFile(binary_, bytes);
  const TekmatchRun changed = RunTekmatch(shard("1"));
  EXPECT_EQ(changed.exit_code, 1);
  EXPECT_THAT(changed.err,
              HasSubstr("sightings: is not what it was when the plan was "
                        "made"));
}

TEST_F(TksightCommandTest, ADamageIsSaid) {
  std::string bytes = ReadFile(binary_);
  bytes[bytes.size() / 2] ^= 1;
  WriteFile(binary_, bytes);
  const std::vector<std::string> match =
      Over({"match", At("world/00001.zip"), "--format", "json"}, binary_);
  const TekmatchRun refused = RunTekmatch(match);
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_EQ(refused.out, "");
  EXPECT_THAT(refused.err,
              HasSubstr("sightings: is damaged: the checksum of sightings "
                        "4097 to 8192 is wrong"));
  std::vector<std::string> lenient = match;
  lenient.emplace_back("--skip-bad-sightings");
  const TekmatchRun used = RunTekmatch(lenient);
  const json result = json::parse(used.out);
  EXPECT_EQ(result["sightings_read"], 4096);
  EXPECT_EQ(result["complete"], false);
  ASSERT_EQ(result["sightings_lost"].size(), 1U);
  EXPECT_EQ(result["sightings_lost"][0]["path"], binary_);
  EXPECT_THAT(result["sightings_lost"][0]["reason"].get<std::string>(),
              HasSubstr("4096 of 9000 sightings are read"));
}

}  // namespace
}  // namespace tekmatch
