// What the matches of the project's real sightings mean: the documented result,
// and its sums computed a second time, from the match lines, as simply as can
// be.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/run_tekmatch.h"
#include "tests/shared_data.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class ExposureRealFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    TEKMATCH_NEEDS_SHARED_DATA();
    matches_ = TempPath("matches.jsonl");
  }

  TekmatchRun Match(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {
        "match",
        SharedDataPath("exports/demo-2392-nosig.zip"),
        "--allow-unsigned",
        "--now",
        "2020-05-24T00:00:00Z",
        "--sightings",
        SharedDataPath("sightings/demo-contact-records.leveldb"),
        "--policy",
        "cocoa-1.2.1",
        "--matches-out",
        matches_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    TekmatchRun run = RunTekmatch(arguments);
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return run;
  }

  std::vector<json> MatchLines() const {
    std::vector<json> lines;
    std::istringstream in(ReadFile(matches_));
    for (std::string line; std::getline(in, line);) {
      lines.push_back(json::parse(line));
    }
    return lines;
  }

  std::string matches_;
};

struct Sums {
  double score = 0;
  double maximum = 0;
  int64_t seconds = 0;
  int windows = 0;
  std::set<std::string> keys;
};

// By date. The database does not say when the scans before were, so that each
// scan stands for two minutes. Weights are those of a configuration; those of
// report type and infectiousness are 1 here.
std::map<std::string, Sums> SumByDate(const std::vector<json>& matches,
                                      absl::TimeZone zone,
                                      const std::vector<int>& thresholds,
                                      const std::vector<double>& weights) {
  // The lines are sorted by time.
  std::map<std::string, std::vector<std::vector<const json*>>> windows;
  for (const json& match : matches) {
    auto& of_key = windows[match["tek"]];
    const auto time = match["sighting_time"].get<int64_t>();
    if (of_key.empty() ||
        time >=
            (*of_key.back().front())["sighting_time"].get<int64_t>() + 1800) {
      of_key.emplace_back();
    }
    of_key.back().push_back(&match);
  }
  std::map<std::string, Sums> dates;
  for (const auto& [tek, of_key] : windows) {
    for (const std::vector<const json*>& window : of_key) {
      double score = 0;
      int64_t seconds = 0;
      for (size_t i = 0; i < window.size();) {
        double sum = 0;
        size_t j = i;
        do {
          sum += (*window[j])["attenuation"].get<double>();
          ++j;
        } while (j < window.size() &&
                 (*window[j])["sighting_time"].get<int64_t>() -
                         (*window[j - 1])["sighting_time"].get<int64_t>() <
                     26);
        const double typical =
            std::floor(sum / static_cast<double>(j - i) + 0.5);
        size_t bucket = 0;
        while (bucket < 3 && typical > thresholds[bucket]) ++bucket;
        score += 120 * weights[bucket];
        seconds += 120;
        i = j;
      }
      const absl::Time start = absl::FromUnixSeconds(
          (*window.front())["sighting_time"].get<int64_t>());
      Sums& sums = dates[absl::FormatTime("%Y-%m-%d", start, zone)];
      sums.score += score;
      sums.maximum = std::max(sums.maximum, score);
      sums.seconds += seconds;
      ++sums.windows;
      sums.keys.insert(tek);
    }
  }
  return dates;
}

TEST_F(ExposureRealFilesTest, DailySumsComputedASecondTime) {
  struct Config {
    const char* name;
    std::vector<int> thresholds;
    std::vector<double> weights;
    double alert_score;
  };
  for (const Config& config : std::vector<Config>{
           {"cocoa", {46, 60, 65}, {1.0, 2.5, 1.3, 0.01}, 1350},
           {"platform-default", {50, 70, 90}, {1, 1, 1, 1}, 900}}) {
    for (const char* zone_name : {"UTC", "Asia/Tokyo", "America/New_York"}) {
      SCOPED_TRACE(absl::StrCat(config.name, " ", zone_name));
      absl::TimeZone zone;
      ASSERT_TRUE(absl::LoadTimeZone(zone_name, &zone));
      const json report =
          json::parse(Match({"--config", config.name, "--time-zone", zone_name,
                             "--format", "json"})
                          .out);
      const std::map<std::string, Sums> want =
          SumByDate(MatchLines(), zone, config.thresholds, config.weights);
      const json& days = report["exposure"]["daily_summaries"];
      ASSERT_EQ(days.size(), want.size());
      for (const json& day : days) {
        const Sums& sums = want.at(day["date"]);
        EXPECT_NEAR(day["score_sum"], sums.score, 1e-9);
        EXPECT_NEAR(day["weighted_duration_sum"], sums.score, 1e-9);
        EXPECT_NEAR(day["maximum_score"], sums.maximum, 1e-9);
        EXPECT_EQ(day["seconds"], sums.seconds);
        EXPECT_EQ(day["windows"], sums.windows);
        EXPECT_EQ(day["keys"], sums.keys.size());
        EXPECT_EQ(day["alerting"],
                  sums.score >= config.alert_score && sums.seconds >= 900);
      }
    }
  }
}

std::vector<std::tuple<std::string, double, int, int, bool>> Days(
    const json& report) {
  std::vector<std::tuple<std::string, double, int, int, bool>> days;
  for (const json& day : report["exposure"]["daily_summaries"]) {
    days.emplace_back(day["date"], day["score_sum"], day["seconds"],
                      day["windows"], day["alerting"]);
  }
  return days;
}

// Three dates by UTC, as the platform counts, and four in Japan.
TEST_F(ExposureRealFilesTest, TheDocumentedResult) {
  using Day = std::tuple<std::string, double, int, int, bool>;
  const json utc =
      json::parse(Match({"--config", "cocoa", "--format", "json"}).out);
  EXPECT_THAT(Days(utc), ElementsAre(Day("2020-05-12", 120, 120, 1, false),
                                     Day("2020-05-14", 720, 360, 1, false),
                                     Day("2020-05-20", 5239.2, 4440, 8, true)));
  EXPECT_EQ(utc["window_policy"], json({{"name", "cocoa-1.2.1"},
                                        {"time_zone", "Asia/Tokyo"},
                                        {"not_counted", json::object()}}));
  EXPECT_EQ(utc["exposure"]["windows"].size(), 10U);
  EXPECT_EQ(utc["exposure"]["version_1"],
            json({{"matched_keys", 4},
                  {"days_since_last_exposure", 4},
                  {"maximum_risk_score", 1},
                  {"summation_risk_score", 5},
                  {"attenuation_minutes", {30, 30, 5}}}));
  EXPECT_EQ(utc["exposure"]["notice"]["contacts"], 4);

  const json tokyo = json::parse(Match({"--config", "cocoa", "--format", "json",
                                        "--time-zone", "Asia/Tokyo"})
                                     .out);
  std::vector<std::string> dates;
  int seconds = 0;
  for (const auto& day : Days(tokyo)) {
    dates.push_back(std::get<0>(day));
    seconds += std::get<2>(day);
  }
  EXPECT_THAT(dates, ElementsAre("2020-05-12", "2020-05-15", "2020-05-20",
                                 "2020-05-21"));
  EXPECT_EQ(seconds, 120 + 360 + 4440);
}

// Whatever the number of threads, and run again.
TEST_F(ExposureRealFilesTest, TheResultIsStable) {
  const std::string once = Match({"--config", "cocoa", "--format", "json",
                                  "--explain", "2020-05-20"})
                               .out;
  for (const char* threads : {"1", "3"}) {
    EXPECT_EQ(Match({"--config", "cocoa", "--format", "json", "--explain",
                     "2020-05-20", "--threads", threads})
                  .out,
              once);
  }
}

TEST_F(ExposureRealFilesTest, NeitherNoticeNorResultTellsTimesOrPeople) {
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{"--lang", "en"},
        {"--lang", "ja"},
        {"--lang", "ja", "--dates", "long"},
        {"--lang", "en", "--dates", "long", "--time-zone", "Asia/Tokyo"},
        {"--format", "json"}}) {
    std::vector<std::string> arguments = {"--config", "cocoa"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const std::string out = Match(arguments).out;
    EXPECT_THAT(out, Not(::testing::ContainsRegex("[0-9]:[0-9][0-9]")));
    EXPECT_THAT(out, Not(::testing::ContainsRegex("[0-9a-f]{16}")));
    for (const json& match : MatchLines()) {
      for (const char* name : {"tek", "rpi"}) {
        ASSERT_THAT(out, Not(HasSubstr(match[name].get<std::string>())));
      }
      for (const char* name : {"sighting_time", "interval", "rolling_start"}) {
        ASSERT_THAT(out, Not(HasSubstr(match[name].dump())));
      }
    }
  }
}

// Every score that is explained adds up to the day's.
TEST_F(ExposureRealFilesTest, TheTraceAddsUp) {
  const json report = json::parse(Match({"--config", "cocoa", "--format",
                                         "json", "--explain", "2020-05-20"})
                                      .out);
  double score = 0;
  std::multiset<std::string> traced;
  for (const json& window : report["explanation"]["windows"]) {
    score += window["score"].get<double>();
    for (const json& scan : window["scans"]) {
      for (const json& sighting : scan["sightings"]) {
        traced.insert(absl::StrCat(window["tek"].get<std::string>(), " ",
                                   sighting["rpi"].get<std::string>()));
      }
    }
  }
  EXPECT_NEAR(score, 5239.2, 1e-9);
  EXPECT_EQ(report["explanation"]["reason"],
            "score sum 5239.2 >= 1350 and 4440 s >= 900 s: alert");
  std::multiset<std::string> matched;
  for (const json& match : MatchLines()) {
    const absl::Time time =
        absl::FromUnixSeconds(match["sighting_time"].get<int64_t>());
    if (absl::ToCivilDay(time, absl::UTCTimeZone()) !=
        absl::CivilDay(2020, 5, 20)) {
      continue;
    }
    matched.insert(absl::StrCat(match["tek"].get<std::string>(), " ",
                                match["rpi"].get<std::string>()));
  }
  EXPECT_EQ(traced, matched);
  EXPECT_EQ(matched.size(), 488U);
}

TEST_F(ExposureRealFilesTest, ExplainNeedsAConfigurationAndADate) {
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{"--explain", "2020-05-20"},
        {"--config", "cocoa", "--explain", "yesterday"},
        {"--config", "nobody"},
        {"--policy", "nobody"},
        {"--config", "cocoa", "--lang", "de"}}) {
    std::vector<std::string> arguments = {
        "match", SharedDataPath("exports/demo-2392-nosig.zip"),
        "--allow-unsigned", "--sightings",
        SharedDataPath("sightings/demo-contact-records.leveldb")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    EXPECT_EQ(RunTekmatch(arguments).exit_code, 2) << more[0];
  }
}

}  // namespace
}  // namespace tekmatch
