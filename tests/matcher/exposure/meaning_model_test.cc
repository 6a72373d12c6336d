// Random worlds of a few keys against a second, simple model of what matches
// mean: windows, scans, daily summaries, the summary of version 1. It is
// written from the rules (docs/matching.md, the headers), as slowly as they
// read: windows by taking away what the first one holds, durations second by
// second.
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

// ---- The model -------------------------------------------------------------

std::map<Tek, std::vector<Match>> ByKey(const std::vector<Match>& matches) {
  std::map<Tek, std::vector<Match>> by_key;
  for (const Match& match : matches) by_key[match.tek].push_back(match);
  for (auto& [tek, of_key] : by_key) {
    std::sort(of_key.begin(), of_key.end(), [](const Match& a, const Match& b) {
      return std::tie(a.sighting.unix_seconds, a.interval,
                      a.sighting_position) <
             std::tie(b.sighting.unix_seconds, b.interval, b.sighting_position);
    });
  }
  return by_key;
}

Infectiousness ModelInfectiousness(const KeyMetadata& metadata,
                                   const ExposureConfig& config) {
  if (!metadata.days_since_onset.has_value()) {
    return config.mapping.infectiousness_when_missing;
  }
  return config.mapping
      .infectiousness[static_cast<size_t>(*metadata.days_since_onset + 14)];
}

ReportType ModelType(const KeyMetadata& metadata,
                     const ExposureConfig& config) {
  const ReportType type = metadata.report_type.value_or(ReportType::kUnknown);
  return type != ReportType::kUnknown ? type
                                      : config.mapping.report_type_when_missing;
}

struct ModelWindow {
  Tek tek;
  int64_t start = 0;
  ReportType type = ReportType::kUnknown;
  Infectiousness infectiousness = Infectiousness::kNone;
  int confidence = 0;
  // seconds since last scan, typical and least attenuation
  std::vector<std::array<int, 3>> scans;

  auto operator<=>(const ModelWindow&) const = default;
};

std::array<int, 3> ModelScan(const std::vector<Match>& scan) {
  const Sighting& first = scan[0].sighting;
  int seconds = 120;
  if (first.seconds_since_previous_scan != kNoPreviousScan) {
    const int64_t before =
        first.unix_seconds - first.seconds_since_previous_scan;
    seconds = static_cast<int>(
        std::min<int64_t>(300, (first.unix_seconds / 60 - before / 60) * 60));
  }
  int sum = 0;
  int least = scan[0].attenuation;
  for (const Match& match : scan) {
    sum += match.attenuation;
    least = std::min(least, match.attenuation);
  }
  // The greatest whole number that is at most the mean and a half.
  const int n = static_cast<int>(scan.size());
  int typical = 0;
  while (2 * n * (typical + 1) <= 2 * sum + n) ++typical;
  return {seconds, typical, least};
}

std::vector<ModelWindow> ModelWindows(const std::vector<Match>& matches,
                                      const ExposureConfig& config) {
  std::vector<ModelWindow> windows;
  for (const auto& [tek, of_key] : ByKey(matches)) {
    const KeyMetadata& metadata = of_key[0].metadata;
    if (ModelInfectiousness(metadata, config) == Infectiousness::kNone) {
      continue;
    }
    std::vector<Match> rest = of_key;
    while (!rest.empty()) {
      const int64_t start = rest[0].sighting.unix_seconds;
      const auto end =
          std::find_if(rest.begin(), rest.end(), [start](const Match& match) {
            return match.sighting.unix_seconds >= start + 1800;
          });
      std::vector<std::vector<Match>> scans;
      for (auto it = rest.begin(); it != end; ++it) {
        const bool same_scan =
            it != rest.begin() &&
            it->sighting.unix_seconds - (it - 1)->sighting.unix_seconds <= 25.5;
        if (!same_scan) scans.emplace_back();
        scans.back().push_back(*it);
      }
      ModelWindow& window = windows.emplace_back();
      window.tek = tek;
      window.start = start;
      window.type = ModelType(metadata, config);
      window.infectiousness = ModelInfectiousness(metadata, config);
      window.confidence = rest[0].bluetooth_metadata.bytes[0] >> 2 & 3;
      for (const auto& scan : scans) window.scans.push_back(ModelScan(scan));
      rest.erase(rest.begin(), end);
    }
  }
  return windows;
}

struct ModelSums {
  double maximum = 0;
  double scores = 0;
  double durations = 0;

  auto operator<=>(const ModelSums&) const = default;
};

struct ModelDay {
  ModelSums all;
  std::map<ReportType, ModelSums> by_type;  // those with a window that counts
  int64_t seconds = 0;
  int windows = 0;
  std::set<Tek> keys;
  bool alerting = false;
};

std::map<absl::CivilDay, ModelDay> ModelDays(
    const std::vector<ModelWindow>& windows, const ExposureConfig& config,
    absl::TimeZone zone, absl::CivilDay today) {
  const DailySummariesConfig& rules = config.daily_summaries;
  std::map<absl::CivilDay, ModelDay> days;
  for (const ModelWindow& window : windows) {
    const absl::CivilDay date =
        absl::ToCivilDay(absl::FromUnixSeconds(window.start), zone);
    const int threshold = rules.days_since_exposure_threshold;
    if (threshold != 0 && date < today - threshold) continue;
    ModelDay& day = days[date];
    double duration = 0;
    for (const auto& [seconds, typical, least] : window.scans) {
      size_t bucket = 3;
      if (typical <= rules.attenuation_thresholds[2]) bucket = 2;
      if (typical <= rules.attenuation_thresholds[1]) bucket = 1;
      if (typical <= rules.attenuation_thresholds[0]) bucket = 0;
      duration += seconds * rules.attenuation_weights[bucket];
      day.seconds += seconds;
    }
    ++day.windows;
    day.keys.insert(window.tek);
    const double score =
        duration * rules.report_type_weights[static_cast<size_t>(window.type)] *
        rules
            .infectiousness_weights[static_cast<size_t>(window.infectiousness)];
    if (score < rules.minimum_window_score) continue;
    for (ModelSums* sums : {&day.all, &day.by_type[window.type]}) {
      sums->maximum = std::max(sums->maximum, score);
      sums->scores += score;
      sums->durations += duration;
    }
  }
  for (auto& [date, day] : days) {
    day.alerting = day.all.scores >= config.alert.score_sum &&
                   day.seconds >= config.alert.seconds;
  }
  return days;
}

// Which of the bounds is the first that does not hold, by `holds`.
template <typename Holds>
size_t Bucket(const std::array<int, 7>& bounds, Holds holds) {
  for (size_t i = 0; i < bounds.size(); ++i) {
    if (holds(bounds[i])) return i;
  }
  return bounds.size();
}

struct ModelV1 {
  int maximum = 0;
  int64_t sum = 0;
  std::array<int64_t, 3> seconds{};
};

// One exposure: points of (time, attenuation), at most 600 s apart.
void AddExposure(const std::vector<std::pair<int64_t, int>>& points,
                 const Match& key, const ExposureConfigV1& config, int64_t now,
                 ModelV1* model) {
  const int64_t first = points.front().first;
  const int64_t last = points.back().first;
  int64_t sum = 0;
  int64_t seconds = 0;
  size_t current = 0;  // the last point that is not after the second
  for (int64_t second = first - 150; second < last + 150; ++second) {
    while (current + 1 < points.size() && points[current + 1].first <= second) {
      ++current;
    }
    const int attenuation = points[current].second;
    sum += attenuation;
    ++seconds;
    const bool below = attenuation < config.duration_thresholds[0];
    const bool above = attenuation >= config.duration_thresholds[1];
    ++model->seconds[below ? 0 : above ? 2 : 1];
  }
  int64_t attenuation = 0;
  while (2 * seconds * (attenuation + 1) <= 2 * sum + seconds) ++attenuation;
  int64_t duration = 0;
  while (duration + 150 < last - first + 300) duration += 300;
  int64_t days = 0;
  while (int64_t{key.rolling_start} * 600 + (days + 1) * 86400 <= now) ++days;

  const auto at = [](const std::array<int, 8>& scores, size_t bucket) {
    return scores[bucket];
  };
  const int risk = key.metadata.transmission_risk.value_or(0);
  const int score =
      at(config.attenuation_scores,
         Bucket({73, 63, 51, 33, 27, 15, 10},
                [&](int bound) { return attenuation > bound; })) *
      at(config.days_since_last_exposure_scores,
         Bucket({14, 12, 10, 8, 6, 4, 2},
                [&](int bound) { return days >= bound; })) *
      at(config.duration_scores,
         Bucket({0, 5, 10, 15, 20, 25, 30},
                [&](int bound) { return duration <= int64_t{60} * bound; })) *
      (risk == 0 ? 1
                 : at(config.transmission_risk_scores,
                      static_cast<size_t>(risk - 1)));
  if (score < config.minimum_risk_score) return;
  model->maximum = std::max(model->maximum, score);
  model->sum += score;
}

ModelV1 ModelVersion1(const std::vector<Match>& matches,
                      const ExposureConfigV1& config, int64_t now) {
  ModelV1 model;
  for (const auto& [tek, of_key] : ByKey(matches)) {
    // (time, interval) of the strongest sighting of each RPI and scan.
    std::map<std::pair<int64_t, EnIntervalNumber>, int> strongest;
    std::map<Rpi, std::vector<Match>> by_rpi;
    for (const Match& match : of_key) {
      by_rpi[match.sighting.rpi].push_back(match);
    }
    for (const auto& [rpi, heard] : by_rpi) {
      for (size_t i = 0; i < heard.size();) {
        size_t best = i;
        size_t end = i + 1;
        while (end < heard.size() &&
               heard[end].sighting.unix_seconds -
                       heard[end - 1].sighting.unix_seconds <=
                   25.5) {
          if (heard[end].sighting.rssi > heard[best].sighting.rssi) best = end;
          ++end;
        }
        strongest[{heard[best].sighting.unix_seconds, heard[best].interval}] =
            heard[best].attenuation;
        i = end;
      }
    }
    std::vector<std::pair<int64_t, int>> points;
    for (const auto& [place, attenuation] : strongest) {
      if (!points.empty() && points.back().first == place.first) continue;
      if (!points.empty() && place.first - points.back().first > 600) {
        AddExposure(points, of_key[0], config, now, &model);
        points.clear();
      }
      points.emplace_back(place.first, attenuation);
    }
    AddExposure(points, of_key[0], config, now, &model);
  }
  return model;
}

// ---- Held against each other -----------------------------------------------

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
  absl::TimeZone tokyo;
  ASSERT_TRUE(absl::LoadTimeZone("Asia/Tokyo", &tokyo));
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
