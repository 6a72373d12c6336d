// log --html: what its pages say.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/commands/cmd_log_cocoa.h"
#include "tools/commands/cmd_log_cocoa_page.h"
#include "tools/commands/cmd_log_page.h"
#include "tools/commands/cmd_log_report.h"
#include "tools/sightings/check_log.h"

namespace tekmatch {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kA[] =
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
constexpr char kB[] =
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

std::string File(const std::string& hash, const std::string& matches) {
  return absl::StrCat(R"({"Hash":")", hash, R"(","KeyCount":3)",
                      matches.empty() ? "" : ",\"MatchCount\":" + matches, "}");
}

std::string Check(const std::string& time, const std::string& files) {
  return absl::StrCat(R"({"Timestamp":")", time, R"(","Files":[)", files, "]}");
}

CheckLog Parse(const std::string& checks) {
  absl::StatusOr<CheckLog> log = ParseCheckLog(
      absl::StrCat(R"({"ExportVersion":2,"ExposureChecks":[)", checks, "]}"));
  EXPECT_TRUE(log.ok()) << log.status();
  return log.ok() ? *std::move(log) : CheckLog{};
}

// An export with the hash kA.
ExportOfLog ExportA(absl::CivilDay first, absl::CivilDay last) {
  ExportOfLog file{.path = "a<b>.zip", .num_keys = 3};
  file.hash.fill(0xaa);
  file.first_day = first;
  file.last_day = last;
  return file;
}

constexpr int kTokyoSeconds = 9 * 60 * 60;

std::string PageOf(const std::string& checks, std::vector<ExportOfLog> exports,
                   Language language = Language::kEnglish) {
  const CheckLog log = Parse(checks);
  return LogPage(MakeLogReport("log.json", log, std::move(exports)),
                 absl::FixedTimeZone(kTokyoSeconds), language);
}

constexpr absl::CivilDay kDay(2020, 12, 1);

TEST(LogPageTest, TellsTheDateOfAContactAndTheHoursOfChecks) {
  const std::string checks =
      absl::StrCat(Check("2020-12-02 23:30:00 +0000",
                         absl::StrCat(File(kA, "2"), ",", File(kB, "0"))),
                   ",", Check("2020-12-05 09:00:00 +0900", File(kA, "2")));
  const std::string html = PageOf(checks, {ExportA(kDay, kDay)});
  EXPECT_THAT(html, HasSubstr("2 checks, with 2 different files by their "
                              "hashes; of these 1 are among the 1 exports"));
  EXPECT_THAT(html, HasSubstr("<th scope=\"row\">aaaaaaaaaaaaaaaa</th>"
                              "<td class=\"long\">2020-12-01 UTC; in Japan "
                              "09:00 to 09:00 of the next day</td>"
                              "<td>a&lt;b&gt;.zip</td><td class=\"n\">2</td>"));
  EXPECT_THAT(html, HasSubstr("<th scope=\"row\">2020-12-01</th>"
                              "<td class=\"n\">2</td>"));  // keys by key day
  // 08:30 in the zone, of the next day; then the gap.
  EXPECT_THAT(html, HasSubstr("First check 2020-12-03 08:30, last check "
                              "2020-12-05 09:00 (Fixed/UTC+09:00:00)."));
  EXPECT_THAT(html, HasSubstr("<title>2020-12-03, 8: 1</title>"));
  EXPECT_THAT(html, HasSubstr("<th scope=\"row\">2020-12-03 08:30</th><td>"
                              "2020-12-05 09:00</td><td class=\"n\">48</td>"));
  // Files without and with a match, of each day; the day between had none.
  for (const char* row : {"2020-12-03</th><td class=\"n\">1</td>"
                          "<td class=\"n\">1</td><td class=\"n\">0</td>",
                          "2020-12-04</th><td class=\"n\">0</td>"
                          "<td class=\"n\">0</td><td class=\"n\">0</td>"}) {
    EXPECT_THAT(html, HasSubstr(row));
  }
  EXPECT_EQ(html, PageOf(checks, {ExportA(kDay, kDay)}));
}

TEST(LogPageTest, SeveralDaysAreNotNarrowedDown) {
  const std::string html =
      PageOf(Check("2020-12-05 09:00:00 +0900", File(kA, "1")),
             {ExportA(kDay, kDay + 1)});
  EXPECT_THAT(html, HasSubstr("2020-12-01..2020-12-02 UTC; which of them"));
  EXPECT_THAT(html, HasSubstr("No file with a match is here, or none"));
  EXPECT_THAT(html, HasSubstr("No two checks are more than 36 hours apart."));
}

TEST(LogPageTest, SaysWhetherThereWasNoMatchOrNoNoteOfOne) {
  const std::string none =
      PageOf(Check("2020-12-05 09:00:00 +0900", File(kA, "0")), {});
  EXPECT_THAT(none, HasSubstr("The phone noted no match."));
  const std::string not_noted =
      PageOf(Check("2020-12-05 09:00:00 +0900", File(kA, "")), {});
  EXPECT_THAT(not_noted, HasSubstr("does not say in which files"));
  EXPECT_THAT(not_noted, Not(HasSubstr("noted no match")));
}

TEST(LogPageTest, CountsThatDifferAndExportsThatAreNotInTheLog) {
  ExportOfLog other = ExportA(kDay, kDay);
  other.path = "other.zip";
  other.hash.fill(0xcc);
  ExportOfLog a = ExportA(kDay, kDay);
  a.num_matched = 1;
  const std::string html =
      PageOf(Check("2020-12-05 09:00:00 +0900", File(kA, "2")), {a, other});
  EXPECT_THAT(html, HasSubstr("counts in the log and here differ: 1."));
  EXPECT_THAT(html, HasSubstr("<td>differ</td>"));
  EXPECT_THAT(html, HasSubstr("Exports that the log does not have"));
  EXPECT_THAT(html, HasSubstr("<th scope=\"row\">other.zip</th>"));
}

TEST(LogPageTest, AndroidsTimesMakeNoPlotAndNoMarkup) {
  const absl::StatusOr<CheckLog> log = ParseCheckLog(
      R"([{"timestamp":"<b>5 de octubre","keyCount":3,"matchesCount":1,
           "hash":"AAAA"}])");
  ASSERT_TRUE(log.ok()) << log.status();
  const std::string html = LogPage(MakeLogReport("<i>", *log, {}),
                                   absl::UTCTimeZone(), Language::kJapanese);
  EXPECT_THAT(html, HasSubstr("比較できる時刻がありません。"));
  EXPECT_THAT(html, HasSubstr("ハッシュのない項目：1 件。"));
  EXPECT_THAT(html, AllOf(Not(HasSubstr("<b>")), Not(HasSubstr("<i>"))));
}

// A check that claims the year 1970 makes no row for each day since.
TEST(LogPageTest, AFarDateIsCutOff) {
  const std::string html = PageOf(
      absl::StrCat(Check("1970-01-02 00:00:00 +0000", File(kA, "1")), ",",
                   Check("2020-12-05 09:00:00 +0900", File(kA, "1"))),
      {});
  EXPECT_THAT(html, HasSubstr("of the newest 62 days"));
  EXPECT_THAT(html, HasSubstr("<th scope=\"row\">2020-10-05</th>"));
  EXPECT_THAT(html, Not(HasSubstr("<th scope=\"row\">2020-10-04</th>")));
  EXPECT_LT(html.size(), 200000u);
}

TEST(CocoaLogPageTest, BothSummariesAndTheVerdict) {
  const absl::StatusOr<CocoaLog> log = ParseCocoaLog(R"({
    "platform": "<b>", "daily_summaries": [
      {"DateMillisSinceEpoch": 1606780800000,
       "DaySummary": {"MaximumScore": 750.5, "ScoreSum": 1050.9,
                      "WeightedDurationSum": 1e300}},
      {"DateMillisSinceEpoch": 1606867200000,
       "DaySummary": {"MaximumScore": 1, "ScoreSum": -5e300,
                      "WeightedDurationSum": 1}}],
    "exposure_windows": [
      {"DateMillisSinceEpoch": 1606953600000,
       "Infectiousness": 1, "ReportType": 1, "ScanInstances": [
         {"MinAttenuationDb": 40, "SecondsSinceLastScan": 300,
          "TypicalAttenuationDb": 50}]}]})");
  ASSERT_TRUE(log.ok()) << log.status();
  const std::string html = CocoaLogPage(*log, "e.json", Language::kEnglish);
  EXPECT_THAT(html, HasSubstr("Platform: &lt;b&gt;. App: unknown."));
  EXPECT_THAT(html, HasSubstr("2020-12-01</th><td>there are no windows</td>"
                              "<td class=\"n\">0</td><td class=\"n\">750.5"));
  EXPECT_THAT(html, HasSubstr("2020-12-03</th><td>the phone has no summary"));
  // Whole in the plot, at its edge where it is no possible score.
  EXPECT_THAT(html, HasSubstr("<title>2020-12-01: 1050</title>"));
  EXPECT_THAT(html, HasSubstr("2020-12-02</th><td class=\"n\">0</td>"));
  const std::string japanese =
      CocoaLogPage(CocoaLog{}, "e.json", Language::kJapanese);
  EXPECT_THAT(japanese, HasSubstr("集計もウィンドウもありません。"));
}

}  // namespace
}  // namespace tekmatch
