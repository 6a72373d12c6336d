// match --html and check --html: what the page says, and what it does not.
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/run_tekmatch.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class MatchPageTest : public ::testing::Test {
 protected:
  MatchPageTest() {
    const TekmatchRun made =
        RunTekmatch({"generate", "--keys", "5000", "--days", "14",
                     "--sightings", "3000", "--met", "40", "--seed", "3",
                     "--profile", "commuter", "--out", world_});
    EXPECT_EQ(made.exit_code, 0) << made.err;
  }

  // Of the command over the world, with --html and what is given beside.
  std::string Page(const std::vector<std::string>& command,
                   const std::vector<std::string>& more) {
    const std::string path = TempPath("page.html");
    std::vector<std::string> arguments = command;
    arguments.insert(
        arguments.end(),
        {world_, "--trusted-key", "440:v1=" + world_ + "/public.pem",
         "--sightings", world_ + "/sightings.csv", "--html", path});
    arguments.insert(arguments.end(), more.begin(), more.end());
    last_ = RunTekmatch(arguments);
    EXPECT_EQ(last_.exit_code, 0) << last_.err;
    return ReadFile(path);
  }

  const std::string world_ = TempPath("world");
  TekmatchRun last_;  // of Page
};

// 12:34:56
bool HasClockTime(const std::string& html) {
  return std::regex_search(html, std::regex("[0-9]{2}:[0-9]{2}:[0-9]{2}"));
}

TEST_F(MatchPageTest, SaysWhatTheJsonSays) {
  const std::string html = Page({"match"}, {"--format", "json"});
  const json result = json::parse(last_.out);
  ASSERT_GT(result["dates"].size(), 3u);
  for (const json& day : result["dates"]) {
    EXPECT_THAT(
        html,
        HasSubstr("<th scope=\"row\">" + day["date"].get<std::string>() +
                  "</th><td class=\"n\">" + day["keys"].dump() +
                  "</td><td class=\"n\">" + day["sightings"].dump() + "</td>"));
  }
  EXPECT_THAT(html, HasSubstr("Replayed identifiers</th><td class=\"n\">" +
                              result["dropped"]["replayed"].dump() + "</td>"));
  EXPECT_THAT(html, HasSubstr("00001.zip</th><td>valid</td>"));
  EXPECT_THAT(html, HasSubstr("Every file that counts is signed by a trusted"));
}

TEST_F(MatchPageTest, ContactsAreThereOnDemandOnly) {
  const std::string without = Page({"match"}, {"--config", "cocoa"});
  EXPECT_FALSE(HasClockTime(without));
  EXPECT_THAT(without, Not(HasSubstr("dB")));
  const std::string with =
      Page({"match"}, {"--config", "cocoa", "--show-contacts"});
  EXPECT_TRUE(HasClockTime(with));
  EXPECT_THAT(with, HasSubstr("Score of each date"));
  EXPECT_THAT(with, HasSubstr("Minutes by attenuation"));
  // Neither keys nor identifiers, in either.
  const std::string matches = TempPath("matches.jsonl");
  Page({"match"}, {"--matches-out", matches});
  const std::string lines = ReadFile(matches);
  ASSERT_NE(lines, "");
  for (size_t at = 0; at < lines.size(); at = lines.find('\n', at) + 1) {
    const json match = json::parse(lines.substr(at, lines.find('\n', at) - at));
    for (const char* member : {"tek", "rpi"}) {
      EXPECT_THAT(with, Not(HasSubstr(match[member].get<std::string>())));
    }
  }
}

TEST_F(MatchPageTest, SameInputSameBytes) {
  EXPECT_EQ(Page({"match"}, {"--config", "cocoa", "--show-contacts"}),
            Page({"match"}, {"--config", "cocoa", "--show-contacts",
                             "--threads", "1", "--out", TempPath("o.txt")}));
}

// A store that was told the same says the same, but for what it adds.
TEST_F(MatchPageTest, CheckHasItToo) {
  const std::vector<std::string> rules = {"--config", "cocoa", "--time-zone",
                                          "Asia/Tokyo"};
  const std::string match = Page({"match"}, rules);
  const std::string now = "2020-06-28T00:00:00Z";
  std::vector<std::string> more = rules;
  more.insert(more.end(), {"--now", now});
  const std::string at = Page({"match"}, more);
  more.insert(more.end(), {"--retention-days", "30"});
  const std::string check = Page({"check", "--store", TempPath("store")}, more);
  const auto dates = [](const std::string& html) {
    const size_t begin = html.find("<caption>Dates of contact");
    return html.substr(begin, html.find("</table>", begin) - begin);
  };
  EXPECT_NE(dates(match), "");
  EXPECT_EQ(dates(check), dates(at));
  EXPECT_THAT(check, HasSubstr("Sightings by day and hour"));
}

TEST_F(MatchPageTest, Japanese) {
  const std::string html =
      Page({"match"}, {"--config", "cocoa", "--lang", "ja"});
  EXPECT_THAT(html, HasSubstr("<html lang=\"ja\">"));
  EXPECT_THAT(html, HasSubstr("接触はあったか"));
  EXPECT_THAT(html, Not(HasSubstr("Was I in contact?")));
}

}  // namespace
}  // namespace tekmatch
