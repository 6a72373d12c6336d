// Random worlds of a few keys, held against the model of what matches mean
// (meaning_model.h): windows, scans, daily summaries, the summary of version 1.
#include "tests/matcher/exposure/meaning_model.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "matcher/exposure/daily_summary.h"
#include "matcher/exposure/exposure_config.h"
#include "matcher/exposure/exposure_summary_v1.h"
#include "matcher/exposure/exposure_window.h"
#include "tests/time_zones.h"

namespace tekmatch {
namespace {

constexpr int kWorlds = 3000;
constexpr EnIntervalNumber kDay = 2649888;  // 2020-05-20T00:00:00Z
constexpr int64_t kDaySeconds = int64_t{kDay} * 600;

using Rng = std::mt19937_64;

int Random(Rng& rng, int low, int high) {
  return low + static_cast<int>(rng() % static_cast<uint64_t>(high - low + 1));
}

// Eighths, whose products and sums doubles hold exactly, in whatever order.
double RandomWeight(Rng& rng) { return Random(rng, 0, 20) / 8.0; }

ExposureConfig RandomConfig(Rng& rng) {
  ExposureConfig config;
  for (Infectiousness& i : config.mapping.infectiousness) {
    i = static_cast<Infectiousness>(Random(rng, 0, 2));
  }
  config.mapping.infectiousness_when_missing =
      static_cast<Infectiousness>(Random(rng, 0, 2));
  config.mapping.report_type_when_missing =
      static_cast<ReportType>(Random(rng, 1, 3));
  DailySummariesConfig& days = config.daily_summaries;
  std::set<int> thresholds;
  while (thresholds.size() < 3) thresholds.insert(Random(rng, 20, 90));
  std::copy(thresholds.begin(), thresholds.end(),
            days.attenuation_thresholds.begin());
  for (double& w : days.attenuation_weights) w = RandomWeight(rng);
  for (double& w : days.report_type_weights) w = RandomWeight(rng);
  for (double& w : days.infectiousness_weights) w = RandomWeight(rng);
  days.minimum_window_score = Random(rng, 0, 1) * Random(rng, 0, 1000) / 8.0;
  days.days_since_exposure_threshold = Random(rng, 0, 3);
  config.alert = {.score_sum = Random(rng, 0, 1000) / 1.0,
                  .seconds = Random(rng, 0, 20) * 60};
  ExposureConfigV1& v1 = config.version_1;
  for (auto* scores :
       {&v1.attenuation_scores, &v1.days_since_last_exposure_scores,
        &v1.duration_scores, &v1.transmission_risk_scores}) {
    for (int& score : *scores) score = Random(rng, 0, 8);
  }
  v1.minimum_risk_score = Random(rng, 0, 1) * Random(rng, 0, 500);
  v1.duration_thresholds[0] = Random(rng, 20, 90);
  v1.duration_thresholds[1] =
      v1.duration_thresholds[0] + Random(rng, 0, 1) * Random(rng, 0, 30);
  EXPECT_TRUE(Validate(config).ok()) << Validate(config);
  return config;
}

KeyMetadata RandomMetadata(Rng& rng) {
  KeyMetadata metadata;
  if (Random(rng, 0, 4) > 0) {
    metadata.days_since_onset = static_cast<int8_t>(Random(rng, -14, 14));
  }
  if (Random(rng, 0, 4) > 0) {
    metadata.report_type = static_cast<ReportType>(Random(rng, 0, 3));
  }
  if (Random(rng, 0, 4) > 0) {
    metadata.transmission_risk = static_cast<uint8_t>(Random(rng, 0, 8));
  }
  return metadata;
}

// As ResolveMatches has them: by time, RPI, key and interval.
std::vector<Match> RandomMatches(Rng& rng) {
  std::vector<Match> matches;
  uint32_t position = 0;
  for (int k = Random(rng, 1, 4); k > 0; --k) {
    Match match;
    match.tek.bytes.fill(static_cast<uint8_t>(k));
    match.rolling_start =
        kDay + static_cast<EnIntervalNumber>(144 * Random(rng, 0, 3));
    match.rolling_period = 144;
    match.metadata = RandomMetadata(rng);
    // Now and then near midnight of a zone or of UTC.
    int64_t time = int64_t{match.rolling_start} * 600 +
                   Random(rng, 0, 23) * int64_t{3600} - Random(rng, 0, 300);
    constexpr std::array kGaps = {0, 3, 25, 26, 60, 300, 600, 601, 1800, 7000};
    for (int n = Random(rng, 1, 25); n > 0; --n) {
      // An RPI is of one interval; several may be heard in one second.
      match.interval = match.rolling_start +
                       static_cast<EnIntervalNumber>(Random(rng, 0, 5));
      match.sighting.rpi.bytes.fill(static_cast<uint8_t>(
          (match.interval * 7919 + static_cast<uint32_t>(k) * 31) % 251));
      match.sighting.unix_seconds = time;
      match.tx_power = Random(rng, -30, 10);
      match.sighting.rssi = static_cast<int16_t>(-Random(rng, 20, 110));
      match.attenuation = std::max(0, match.tx_power - match.sighting.rssi);
      match.sighting.seconds_since_previous_scan =
          Random(rng, 0, 3) == 0 ? kNoPreviousScan
                                 : static_cast<uint16_t>(Random(rng, 0, 400));
      match.bluetooth_metadata.bytes[0] =
          static_cast<uint8_t>(0x40 | Random(rng, 0, 3) << 2);
      match.sighting_position = position++;
      matches.push_back(match);
      time += kGaps[static_cast<size_t>(Random(rng, 0, kGaps.size() - 1))];
    }
  }
  std::sort(matches.begin(), matches.end(), [](const Match& a, const Match& b) {
    return std::tie(a.sighting.unix_seconds, a.sighting.rpi, a.tek, a.interval,
                    a.sighting_position) <
           std::tie(b.sighting.unix_seconds, b.sighting.rpi, b.tek, b.interval,
                    b.sighting_position);
  });
  return matches;
}

std::vector<ModelWindow> AsModel(const std::vector<ExposureWindow>& windows) {
  std::vector<ModelWindow> models;
  for (const ExposureWindow& window : windows) {
    ModelWindow& model = models.emplace_back();
    model.tek = window.tek;
    model.start = window.start_seconds;
    model.type = window.report_type;
    model.infectiousness = window.infectiousness;
    model.confidence = window.calibration_confidence;
    for (const ScanInstance& scan : window.scans) {
      model.scans.push_back({scan.seconds_since_last_scan,
                             scan.typical_attenuation, scan.min_attenuation});
    }
  }
  return models;
}

ModelSums AsModel(const ExposureSummaryData& data) {
  return {data.maximum_score, data.score_sum, data.weighted_duration_sum};
}

void ExpectSameDays(const std::vector<DailySummary>& days,
                    const std::map<absl::CivilDay, ModelDay>& model) {
  ASSERT_EQ(days.size(), model.size());
  auto want = model.begin();
  for (const DailySummary& day : days) {
    const ModelDay& expected = want->second;
    EXPECT_EQ(day.date, want->first);
    EXPECT_TRUE(AsModel(day.all) == expected.all);
    for (int i = 0; i < kNumReportTypes; ++i) {
      const auto of_type = expected.by_type.find(static_cast<ReportType>(i));
      EXPECT_TRUE(
          AsModel(day.by_report_type[static_cast<size_t>(i)]) ==
          (of_type == expected.by_type.end() ? ModelSums() : of_type->second));
    }
    EXPECT_EQ(day.seconds, expected.seconds);
    EXPECT_EQ(day.num_windows, expected.windows);
    EXPECT_EQ(day.num_keys, static_cast<int>(expected.keys.size()));
    EXPECT_EQ(day.alerting, expected.alerting);
    ++want;
  }
}

void ExpectSameVersion1(const std::vector<Match>& matches, const ModelV1& model,
                        const ExposureConfigV1& config, int64_t now) {
  const ExposureSummaryV1 summary =
      SummarizeV1(matches, config, absl::FromUnixSeconds(now));
  EXPECT_EQ(summary.maximum_risk_score, model.maximum);
  EXPECT_EQ(summary.summation_risk_score, model.sum);
  for (size_t i = 0; i < 3; ++i) {
    int minutes = 0;
    while (minutes < 30 && minutes * int64_t{60} < model.seconds[i]) {
      minutes += 5;
    }
    EXPECT_EQ(summary.attenuation_minutes[i], minutes) << i;
  }
  EnIntervalNumber latest = 0;
  std::set<Tek> keys;
  for (const Match& match : matches) {
    latest = std::max(latest, match.rolling_start);
    keys.insert(match.tek);
  }
  EXPECT_EQ(summary.num_matched_keys, static_cast<int>(keys.size()));
  int64_t days = 0;
  while (int64_t{latest} * 600 + (days + 1) * 86400 <= now) ++days;
  EXPECT_EQ(summary.days_since_last_exposure, days);
}

TEST(MeaningModelTest, RandomWorldsMeanTheSame) {
  const absl::TimeZone tokyo = Tokyo();
  size_t num_windows = 0;
  size_t num_alerts = 0;
  size_t num_scores = 0;
  for (int seed = 0; seed < kWorlds; ++seed) {
    SCOPED_TRACE(absl::StrCat("world ", seed));
    Rng rng(static_cast<uint64_t>(seed));
    const ExposureConfig config = RandomConfig(rng);
    const std::vector<Match> matches = RandomMatches(rng);
    const int64_t now = kDaySeconds + int64_t{3600} * Random(rng, -24, 240);
    const absl::TimeZone zone =
        Random(rng, 0, 1) == 0 ? absl::UTCTimeZone() : tokyo;
    const absl::CivilDay today =
        absl::ToCivilDay(absl::FromUnixSeconds(now), zone);

    const std::vector<ExposureWindow> windows =
        MakeExposureWindows(matches, config);
    const std::vector<ModelWindow> model = ModelWindows(matches, config);
    ASSERT_TRUE(AsModel(windows) == model);
    const auto model_days = ModelDays(model, config, zone, today);
    ExpectSameDays(SummarizeDays(windows, config.daily_summaries, config.alert,
                                 zone, today),
                   model_days);
    const ModelV1 model_v1 = ModelVersion1(matches, config.version_1, now);
    ExpectSameVersion1(matches, model_v1, config.version_1, now);
    if (HasFailure()) return;
    num_windows += model.size();
    for (const auto& [date, day] : model_days) num_alerts += day.alerting;
    num_scores += model_v1.sum > 0;
  }
  EXPECT_GT(num_windows, 5000U);
  EXPECT_GT(num_alerts, 500U);
  EXPECT_GT(num_scores, 500U);
}

}  // namespace
}  // namespace tekmatch
