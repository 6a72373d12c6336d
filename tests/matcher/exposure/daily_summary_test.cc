#include "matcher/exposure/daily_summary.h"

#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "matcher/exposure/exposure_config.h"
#include "tests/status_matchers.h"
#include "tests/time_zones.h"

namespace tekmatch {
namespace {

constexpr int64_t kNoon = 1589976000;  // 2020-05-20T12:00:00Z
const absl::CivilDay kDay(2020, 5, 20);

ExposureConfig Cocoa() {
  const auto config = NamedExposureConfig("cocoa");
  EXPECT_THAT(config, IsOk());
  EXPECT_THAT(Validate(*config), IsOk());
  return *config;
}

ExposureWindow Window(const std::vector<std::pair<int, int>>& scans,
                      int64_t start = kNoon, uint8_t key = 1) {
  ExposureWindow window;
  window.tek.bytes.fill(key);
  window.start_seconds = start;
  window.report_type = ReportType::kConfirmedTest;
  window.infectiousness = Infectiousness::kHigh;
  for (const auto& [seconds, attenuation] : scans) {
    window.scans.push_back({.seconds_since_last_scan = seconds,
                            .typical_attenuation = attenuation,
                            .min_attenuation = attenuation,
                            .matches = {}});
  }
  return window;
}

std::vector<DailySummary> Days(const std::vector<ExposureWindow>& windows,
                               const ExposureConfig& config,
                               absl::TimeZone zone = absl::UTCTimeZone(),
                               absl::CivilDay today = kDay) {
  return SummarizeDays(windows, config.daily_summaries, config.alert, zone,
                       today);
}

// A threshold is still in its bucket.
TEST(DailySummaryTest, BucketsOfAttenuation) {
  const ExposureConfig config = Cocoa();
  const std::vector<std::pair<int, double>> cases = {
      {0, 100},  {45, 100}, {46, 100}, {47, 250}, {60, 250},
      {61, 130}, {65, 130}, {66, 1},   {255, 1},
  };
  for (const auto& [attenuation, want] : cases) {
    EXPECT_DOUBLE_EQ(
        WeightedDuration(Window({{100, attenuation}}), config.daily_summaries),
        want)
        << attenuation;
  }
  EXPECT_DOUBLE_EQ(
      WeightedDuration(
          Window({{300, 46}, {120, 60}, {60, 65}, {300, 66}, {120, 40}}),
          config.daily_summaries),
      420 * 1.0 + 120 * 2.5 + 60 * 1.3 + 300 * 0.01);
}

TEST(DailySummaryTest, ScoreWeighsTypeAndInfectiousness) {
  DailySummariesConfig config = Cocoa().daily_summaries;
  config.report_type_weights = {0, 1, 0.5, 2.5, 0, 0};
  config.infectiousness_weights = {0, 0.5, 2};
  ExposureWindow window = Window({{300, 40}});
  EXPECT_DOUBLE_EQ(WindowScore(window, config), 600);
  window.infectiousness = Infectiousness::kStandard;
  EXPECT_DOUBLE_EQ(WindowScore(window, config), 150);
  window.report_type = ReportType::kSelfReport;
  EXPECT_DOUBLE_EQ(WindowScore(window, config), 375);
  // Whatever none weighs in the configuration.
  window.infectiousness = Infectiousness::kNone;
  config.infectiousness_weights = {2.5, 0.5, 2};
  EXPECT_DOUBLE_EQ(WindowScore(window, config), 0);
}

TEST(DailySummaryTest, SumsAndMaximumByDateAndType) {
  ExposureWindow clinical = Window({{300, 40}}, kNoon + 60, 2);
  clinical.report_type = ReportType::kConfirmedClinicalDiagnosis;
  const auto days = Days({Window({{300, 50}}), Window({{60, 40}}, kNoon + 1800),
                          clinical, Window({{120, 40}}, kNoon - 86400)},
                         Cocoa());
  ASSERT_EQ(days.size(), 2U);
  EXPECT_EQ(days[0].date, absl::CivilDay(2020, 5, 19));
  EXPECT_DOUBLE_EQ(days[0].all.score_sum, 120);
  const DailySummary& day = days[1];
  EXPECT_EQ(day.date, kDay);
  EXPECT_DOUBLE_EQ(day.all.score_sum, 750 + 60 + 300);
  EXPECT_DOUBLE_EQ(day.all.maximum_score, 750);
  EXPECT_DOUBLE_EQ(day.all.weighted_duration_sum, 750 + 60 + 300);
  EXPECT_DOUBLE_EQ(day.by_report_type[1].score_sum, 810);
  EXPECT_DOUBLE_EQ(day.by_report_type[1].maximum_score, 750);
  EXPECT_DOUBLE_EQ(day.by_report_type[2].score_sum, 300);
  EXPECT_DOUBLE_EQ(day.by_report_type[3].score_sum, 0);
  EXPECT_EQ(day.seconds, 660);
  EXPECT_EQ(day.num_windows, 3);
  EXPECT_EQ(day.num_keys, 2);
}

TEST(DailySummaryTest, MinimumWindowScore) {
  ExposureConfig config = Cocoa();
  config.daily_summaries.minimum_window_score = 300;
  const auto days =
      Days({Window({{300, 40}}), Window({{299, 40}}, kNoon + 1800)}, config);
  ASSERT_EQ(days.size(), 1U);
  EXPECT_DOUBLE_EQ(days[0].all.score_sum, 300);
  EXPECT_EQ(days[0].seconds, 599);
  // The date is there although no window reaches the minimum.
  const auto none = Days({Window({{60, 40}})}, config);
  ASSERT_EQ(none.size(), 1U);
  EXPECT_DOUBLE_EQ(none[0].all.score_sum, 0);
}

TEST(DailySummaryTest, OldDaysAndTypesThatAreNotReported) {
  ExposureConfig config = Cocoa();
  config.daily_summaries.days_since_exposure_threshold = 14;
  ExposureWindow revoked = Window({{300, 40}});
  revoked.report_type = ReportType::kRevoked;
  EXPECT_TRUE(Days({revoked}, config).empty());
  ExposureWindow not_infectious = Window({{900, 60}});
  not_infectious.infectiousness = Infectiousness::kNone;
  config.daily_summaries.infectiousness_weights = {2.5, 1, 1};
  EXPECT_TRUE(Days({not_infectious}, config).empty());
  const auto beside = Days({Window({{600, 40}}), not_infectious}, config);
  ASSERT_EQ(beside.size(), 1U);
  EXPECT_EQ(beside[0].seconds, 600);
  EXPECT_EQ(beside[0].num_windows, 1);
  EXPECT_EQ(beside[0].num_keys, 1);
  EXPECT_DOUBLE_EQ(beside[0].all.weighted_duration_sum, 600);
  const std::vector<ExposureWindow> windows = {Window({{300, 40}})};
  EXPECT_EQ(Days(windows, config, absl::UTCTimeZone(), kDay + 14).size(), 1U);
  EXPECT_EQ(Days(windows, config, absl::UTCTimeZone(), kDay + 15).size(), 0U);
  config.daily_summaries.days_since_exposure_threshold = 0;
  EXPECT_EQ(Days(windows, config, absl::UTCTimeZone(), kDay + 999).size(), 1U);
}

// COCOA: score sum 1,350 and 900 s, both.
TEST(DailySummaryTest, Alert) {
  const ExposureConfig config = Cocoa();
  const auto alerting = [&](const std::vector<std::pair<int, int>>& scans) {
    return Days({Window(scans)}, config)[0].alerting;
  };
  EXPECT_FALSE(alerting({{840, 60}}));           // 2,100, but 840 s
  EXPECT_TRUE(alerting({{900, 60}}));            // 2,250
  EXPECT_FALSE(alerting({{1349, 40}}));          // 1,349
  EXPECT_TRUE(alerting({{1350, 40}}));           // 1,350
  EXPECT_FALSE(alerting({{899, 47}, {0, 40}}));  // 2,247.5, but 899 s
  EXPECT_FALSE(alerting({{3600, 70}}));          // 36
}

TEST(DailySummaryTest, DatesInTheAuthoritysZone) {
  const absl::TimeZone tokyo = Tokyo();
  const std::vector<ExposureWindow> windows = {
      Window({{60, 40}}, kNoon), Window({{60, 40}}, kNoon + 10800)};
  EXPECT_EQ(Days(windows, Cocoa()).size(), 1U);
  const auto days = Days(windows, Cocoa(), tokyo);
  ASSERT_EQ(days.size(), 2U);
  EXPECT_EQ(days[1].date, absl::CivilDay(2020, 5, 21));
}

// A later run sees old matches again: its days are made anew, not added.
TEST(DailySummaryTest, RepeatedRunsDoNotAddUp) {
  const ExposureConfig config = Cocoa();
  const std::vector<ExposureWindow> first = {Window({{600, 40}})};
  std::vector<ExposureWindow> both = first;
  both.push_back(Window({{600, 40}}, kNoon + 1800, 2));
  const auto before = Days(first, config);
  const auto after = Days(both, config);
  EXPECT_DOUBLE_EQ(before[0].all.score_sum, 600);
  EXPECT_DOUBLE_EQ(after[0].all.score_sum, 1200);
  EXPECT_EQ(after[0].seconds, 1200);
}

}  // namespace
}  // namespace tekmatch
