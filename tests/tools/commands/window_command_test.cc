// tekmatch window, as a person runs it.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/diagnosis_key.h"
#include "tests/run_tekmatch.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::nlohmann::json;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// A person's keys of 5, 6, 7 and 8 December 2020, from 00:00 UTC, and one that
// began with the Japanese day of 7 December.
constexpr EnIntervalNumber kDay5 = 2678544;

std::string Line(int key, EnIntervalNumber rolling_start) {
  return absl::StrCat("{\"tek\":\"", std::string(30, '0'), "0", key,
                      "\",\"rolling_start\":", rolling_start, "}\n");
}

class WindowCommandTest : public ::testing::Test {
 protected:
  void SetUp() override {
    keys_ = TempPath("keys.jsonl");
    WriteFile(keys_, Line(1, kDay5) + Line(2, kDay5 + 144) +
                         Line(3, kDay5 + 234) + Line(4, kDay5 + 288) +
                         Line(5, kDay5 + 432));
  }

  std::vector<std::string> Arguments(
      const std::string& policy, const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {"window", "--keys", keys_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto add = [&](const char* option, const std::string& value) {
      if (std::count(more.begin(), more.end(), option) > 0) return;
      arguments.insert(arguments.end(), {option, value});
    };
    add("--registered", "2020-12-15T10:00+09:00");
    add("--policy", policy);
    return arguments;
  }

  // Reason by key, "!" in front where it stays back.
  std::vector<std::string> Reasons(const std::string& policy,
                                   std::vector<std::string> more) const {
    more.insert(more.end(), {"--format", "json"});
    const TekmatchRun run = RunTekmatch(Arguments(policy, more));
    EXPECT_EQ(run.exit_code, 0) << run.err;
    const json report = json::parse(run.out, nullptr, false);
    std::vector<std::string> reasons;
    for (const json& key : report["keys"]) {
      reasons.push_back(absl::StrCat(key["published"].get<bool>() ? "" : "!",
                                     key["reason"].get<std::string>()));
    }
    return reasons;
  }

  std::string keys_;
};

TEST_F(WindowCommandTest, EachPolicy) {
  const std::vector<std::string> onset = {"--onset", "2020-12-10"};
  EXPECT_THAT(Reasons("none", onset), Each("no_rule"));
  EXPECT_THAT(Reasons("civil", onset),
              ElementsAre("!before_window", "!before_window", "!before_window",
                          "!before_window", "in_window"));
  EXPECT_THAT(Reasons("cocoa-1.2.1", onset),
              ElementsAre("!before_window", "!before_window", "in_window",
                          "in_window", "in_window"));
  // A day more: the server's dates (#1105).
  EXPECT_THAT(Reasons("cocoa-3", onset),
              ElementsAre("!before_window", "in_window", "in_window",
                          "in_window", "in_window"));
}

TEST_F(WindowCommandTest, TheZoneDecidesLocalDates) {
  // 8 December begins at 15:00 UTC on the 7th, inside the fourth key; the third
  // one ends there.
  EXPECT_THAT(
      Reasons("civil", {"--onset", "2020-12-10", "--time-zone", "Asia/Tokyo"}),
      ElementsAre("!before_window", "!before_window", "!before_window",
                  "partly_in_window", "in_window"));
  EXPECT_THAT(
      Reasons("cocoa-1.2.1", {"--onset", "2020-12-10", "--time-zone", "UTC"}),
      ElementsAre("!before_window", "!before_window", "!before_window",
                  "in_window", "in_window"));
}

// D is the date of the test: the end comes sooner.
TEST_F(WindowCommandTest, ByTestDate) {
  EXPECT_THAT(Reasons("cocoa-3", {"--test-date", "2020-11-29"}),
              ElementsAre("in_window", "!after_window", "!after_window",
                          "!after_window", "!after_window"));
  EXPECT_THAT(Reasons("cocoa-3", {"--onset", "2020-11-29"}),
              ElementsAre("in_window", "in_window", "in_window", "in_window",
                          "in_window"));
}

TEST_F(WindowCommandTest, FourteenDaysBeforeRegistration) {
  const std::vector<std::string> reasons = Reasons(
      "cocoa-1.2.1",
      {"--onset", "2020-12-01", "--registered", "2020-12-20T23:59:59Z"});
  EXPECT_THAT(reasons, ElementsAre("!too_old", "in_window", "in_window",
                                   "in_window", "in_window"));
}

TEST_F(WindowCommandTest, APolicyFromAFile) {
  const std::string policy = TempPath("policy.json");
  WriteFile(policy, R"({"name":"a","basis":"rolling_start","days_before":5})");
  EXPECT_THAT(Reasons(policy, {"--onset", "2020-12-10"}), Each("in_window"));
  WriteFile(policy, R"({"name":"a","basis":"rolling_start","days":5})");
  const TekmatchRun run =
      RunTekmatch(Arguments(policy, {"--onset", "2020-12-10"}));
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.err, "tekmatch: " + policy + ": days: no such field\n");
}

TEST_F(WindowCommandTest, Table) {
  const TekmatchRun run =
      RunTekmatch(Arguments("cocoa-1.2.1", {"--onset", "2020-12-10"}));
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_THAT(run.out, HasSubstr("(policy cocoa-1.2.1, times in Asia/Tokyo)"));
  EXPECT_THAT(run.out,
              HasSubstr("\n00000000000000000000000000000002  2020-12-06 09:00  "
                        "   144  out  before_window\n"
                        "00000000000000000000000000000003  2020-12-07 00:00  "
                        "   144  in   in_window\n"));
}

TEST_F(WindowCommandTest, Json) {
  const std::string out = TempPath("out.json");
  const TekmatchRun run = RunTekmatch(
      Arguments("cocoa-3", {"--onset", "2020-12-10", "--format", "json",
                            "--show-days-since-onset", "--out", out}));
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "");
  const json report = json::parse(ReadFile(out));
  EXPECT_EQ(report["policy"], "cocoa-3");
  EXPECT_EQ(report["time_zone"], "Asia/Tokyo");
  ASSERT_EQ(report["keys"].size(), 5U);
  EXPECT_EQ(report["keys"][0], json({{"tek", std::string(31, '0') + "1"},
                                     {"rolling_start", kDay5},
                                     {"published", false},
                                     {"reason", "before_window"},
                                     {"days_since_onset", -4}}));
}

// Symptom data is in no output unless asked for.
TEST_F(WindowCommandTest, DoesNotTellOfSymptoms) {
  for (const char* format : {"text", "json"}) {
    const TekmatchRun run = RunTekmatch(Arguments(
        "cocoa-1.2.1", {"--onset", "2020-12-10", "--format", format}));
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_THAT(run.out, Not(HasSubstr("onset")));
    EXPECT_THAT(run.out, Not(HasSubstr("2020-12-10")));
    EXPECT_THAT(run.out, Not(HasSubstr("2020-12-15")));
  }
}

TEST_F(WindowCommandTest, APageWithoutKeysAndSymptoms) {
  const std::vector<std::string> page = {"--onset", "2020-12-10", "--html",
                                         "-"};
  const TekmatchRun run = RunTekmatch(Arguments("cocoa-1.2.1", page));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("3 of 5 keys go out by the policy "
                                 "cocoa-1.2.1."));
  EXPECT_THAT(run.out,
              HasSubstr("<th scope=\"row\">2</th><td>2020-12-06 09:00</td><td>"
                        "held back</td><td>before_window</td><td class=\"n\">24"
                        "</td></tr>"));
  // The key of the Japanese day of 7 December, and the UTC one after it.
  EXPECT_THAT(run.out, HasSubstr("<th scope=\"row\">2020-12-07</th><td>00:00–"
                                 "24:00, 09:00–24:00</td>"));
  EXPECT_THAT(run.out,
              HasSubstr("<th scope=\"row\">2020-12-05</th><td>-</td>"));
  for (const char* secret : {"onset", "2020-12-15", "0000000000000000"}) {
    EXPECT_THAT(run.out, Not(HasSubstr(secret)));
  }
  std::vector<std::string> with = page;
  with.insert(with.end(), {"--show-days-since-onset", "--lang", "ja"});
  const TekmatchRun symptoms = RunTekmatch(Arguments("cocoa-1.2.1", with));
  EXPECT_THAT(symptoms.out, HasSubstr("発症日からの日数は個人の症状に関する"));
  EXPECT_THAT(symptoms.out, HasSubstr("<td class=\"n\">-4</td></tr>"));
}

// A year of days without a key makes no rows.
TEST_F(WindowCommandTest, APageOfKeysThatLieFarApart) {
  WriteFile(keys_, Line(1, kDay5) + Line(2, kDay5 + 144 * 365));
  const TekmatchRun run = RunTekmatch(Arguments(
      "none", {"--onset", "2020-12-10", "--html", "-", "--time-zone", "UTC"}));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("<th scope=\"row\">2021-12-05</th>"));
  EXPECT_THAT(run.out, Not(HasSubstr("2021-01-01")));
}

TEST_F(WindowCommandTest, WrongUsage) {
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{},
        {"--onset", "2020-12-10", "--test-date", "2020-12-10"},
        {"--onset", "10 December"},
        {"--onset", "2020-12-10", "--registered", "2020-12-15"},
        {"--onset", "2020-12-10", "--time-zone", "Tokyo"},
        {"--onset", "2020-12-10", "--policy", "cocoa-2"},
        {"--onset", "2020-12-10", "--format", "xml"},
        {"--onset", "2020-12-10", "--lang", "ja"},
        {"--onset", "2020-12-10", "--html", keys_},
        {"--onset", "2020-12-10", "--html", "-", "--out", "-"}}) {
    const TekmatchRun run = RunTekmatch(Arguments("cocoa-1.2.1", more));
    EXPECT_EQ(run.exit_code, 2) << run.err;
    EXPECT_EQ(run.out, "");
    EXPECT_NE(run.err, "");
  }
}

TEST_F(WindowCommandTest, BadKeysAreNamed) {
  WriteFile(keys_, Line(1, kDay5) + "{}\n");
  const TekmatchRun run =
      RunTekmatch(Arguments("civil", {"--onset", "2020-12-10"}));
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, HasSubstr(keys_ + ":2: tek: missing"));
}

}  // namespace
}  // namespace tekmatch
