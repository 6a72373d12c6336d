#include "tests/matcher/exposure/meaning_model.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "matcher/join/sighting.h"

namespace tekmatch {
namespace {

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

// Which of the bounds is the first that does not hold, by `holds`.
template <typename Holds>
size_t Bucket(const std::array<int, 7>& bounds, Holds holds) {
  for (size_t i = 0; i < bounds.size(); ++i) {
    if (holds(bounds[i])) return i;
  }
  return bounds.size();
}

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

}  // namespace

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

}  // namespace tekmatch
