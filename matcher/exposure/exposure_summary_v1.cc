// Plan: a key's matches become points, one for an RPI and scan; points near
// each other become an exposure; an exposure has a score; the summary adds them
// up.
#include "matcher/exposure/exposure_summary_v1.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "matcher/exposure/exposure_window.h"

namespace tekmatch {
namespace {

constexpr int64_t kScanIntervalSeconds = 300;
constexpr int64_t kMaxGapSeconds = 600;
constexpr std::array<int, 7> kAttenuationBounds = {73, 63, 51, 33, 27, 15, 10};
constexpr std::array<int, 7> kDaysBounds = {14, 12, 10, 8, 6, 4, 2};
constexpr std::array<int, 7> kMinutesBounds = {0, 5, 10, 15, 20, 25, 30};

// A sighting as this summary needs it.
struct Point {
  int64_t time = 0;
  EnIntervalNumber interval = 0;
  int attenuation = 0;
};

// The strongest sighting of each RPI and scan, by time. Of several at one time,
// that of the earliest interval: no time passes between them for the others to
// be weighed by.
std::vector<Point> ReduceScans(absl::Span<const Match> matches) {
  struct Scan {
    const Match* strongest = nullptr;
    int64_t last = 0;
  };
  std::map<Rpi, std::vector<Scan>> by_rpi;
  for (const Match& match : matches) {
    std::vector<Scan>& scans = by_rpi[match.sighting.rpi];
    const int64_t time = match.sighting.unix_seconds;
    if (scans.empty() || 10 * (time - scans.back().last) > kSameScanTenths) {
      scans.push_back({.strongest = &match, .last = time});
    } else {
      scans.back().last = time;
      if (match.sighting.rssi > scans.back().strongest->sighting.rssi) {
        scans.back().strongest = &match;
      }
    }
  }
  std::vector<Point> points;
  for (const auto& [rpi, scans] : by_rpi) {
    for (const Scan& scan : scans) {
      points.push_back({.time = scan.strongest->sighting.unix_seconds,
                        .interval = scan.strongest->interval,
                        .attenuation = scan.strongest->attenuation});
    }
  }
  std::stable_sort(
      points.begin(), points.end(), [](const Point& a, const Point& b) {
        return std::tie(a.time, a.interval) < std::tie(b.time, b.interval);
      });
  points.erase(std::unique(points.begin(), points.end(),
                           [](const Point& a, const Point& b) {
                             return a.time == b.time;
                           }),
               points.end());
  return points;
}

int RoundedDuration(int64_t seconds) {
  const int64_t duration = seconds + kScanIntervalSeconds;
  const int64_t rest = duration % kScanIntervalSeconds;
  return static_cast<int>(
      duration - rest +
      (rest <= kScanIntervalSeconds / 2 ? 0 : kScanIntervalSeconds));
}

size_t DurationBucket(int attenuation, const ExposureConfigV1& config) {
  if (attenuation < config.duration_thresholds[0]) return 0;
  return attenuation < config.duration_thresholds[1] ? 1 : 2;
}

int RiskScore(const ExposureV1& exposure, const KeyMetadata& metadata,
              int64_t days, const ExposureConfigV1& config) {
  size_t attenuation = 0;
  while (attenuation < kAttenuationBounds.size() &&
         exposure.attenuation <= kAttenuationBounds[attenuation]) {
    ++attenuation;
  }
  size_t latency = 0;
  while (latency < kDaysBounds.size() && days < kDaysBounds[latency]) ++latency;
  size_t duration = 0;
  while (duration < kMinutesBounds.size() &&
         exposure.duration_seconds / 60 > kMinutesBounds[duration]) {
    ++duration;
  }
  const int level = metadata.transmission_risk.value_or(0);
  const int transmission =
      level == 0
          ? 1
          : config.transmission_risk_scores[static_cast<size_t>(level - 1)];
  const int score = config.attenuation_scores[attenuation] *
                    config.days_since_last_exposure_scores[latency] *
                    config.duration_scores[duration] * transmission;
  return score >= config.minimum_risk_score ? score : 0;
}

// Of points at most kMaxGapSeconds apart.
ExposureV1 MakeExposure(absl::Span<const Point> points,
                        const ExposureConfigV1& config) {
  ExposureV1 exposure;
  exposure.start_seconds = points.front().time;
  exposure.duration_seconds =
      RoundedDuration(points.back().time - points.front().time);
  int64_t weighted = 0;
  int64_t total = 0;
  for (size_t i = 0; i < points.size(); ++i) {
    const int64_t begin =
        i == 0 ? points[i].time - kScanIntervalSeconds / 2 : points[i].time;
    const int64_t end = i + 1 == points.size()
                            ? points[i].time + kScanIntervalSeconds / 2
                            : points[i + 1].time;
    weighted += points[i].attenuation * (end - begin);
    total += end - begin;
    exposure
        .attenuation_seconds[DurationBucket(points[i].attenuation, config)] +=
        end - begin;
  }
  exposure.attenuation = static_cast<int>((2 * weighted + total) / (2 * total));
  return exposure;
}

int64_t DaysSince(EnIntervalNumber rolling_start, absl::Time now) {
  constexpr int64_t kDaySeconds = int64_t{24} * 60 * 60;
  const int64_t seconds =
      absl::ToUnixSeconds(now) - int64_t{rolling_start} * kIntervalSeconds;
  return std::max<int64_t>(0, seconds / kDaySeconds);
}

}  // namespace

std::vector<ExposureV1> FindExposuresV1(absl::Span<const Match> matches,
                                        const ExposureConfigV1& config,
                                        absl::Time now) {
  const std::vector<Point> points = ReduceScans(matches);
  std::vector<ExposureV1> exposures;
  size_t begin = 0;
  for (size_t i = 0; i < points.size(); ++i) {
    const bool ends = i + 1 == points.size() ||
                      points[i + 1].time - points[i].time > kMaxGapSeconds;
    if (!ends) continue;
    ExposureV1 exposure = MakeExposure(
        absl::MakeConstSpan(points).subspan(begin, i + 1 - begin), config);
    exposure.tek = matches.front().tek;
    exposure.risk_score =
        RiskScore(exposure, matches.front().metadata,
                  DaysSince(matches.front().rolling_start, now), config);
    exposures.push_back(exposure);
    begin = i + 1;
  }
  return exposures;
}

ExposureSummaryV1 SummarizeV1(absl::Span<const Match> matches,
                              const ExposureConfigV1& config, absl::Time now) {
  constexpr int64_t kStepMinutes = 5;
  constexpr int64_t kMaxMinutes = 30;
  std::map<Tek, std::vector<Match>> by_key;
  for (const Match& match : matches) by_key[match.tek].push_back(match);
  ExposureSummaryV1 summary;
  summary.num_matched_keys = static_cast<int>(by_key.size());
  std::array<int64_t, 3> seconds{};
  EnIntervalNumber latest_start = 0;
  for (const auto& [tek, of_key] : by_key) {
    latest_start = std::max(latest_start, of_key.front().rolling_start);
    for (const ExposureV1& exposure : FindExposuresV1(of_key, config, now)) {
      summary.maximum_risk_score =
          std::max(summary.maximum_risk_score, exposure.risk_score);
      summary.summation_risk_score += exposure.risk_score;
      for (size_t i = 0; i < seconds.size(); ++i) {
        seconds[i] += exposure.attenuation_seconds[i];
      }
    }
  }
  if (!by_key.empty()) {
    summary.days_since_last_exposure = DaysSince(latest_start, now);
  }
  for (size_t i = 0; i < seconds.size(); ++i) {
    constexpr int64_t kStepSeconds = kStepMinutes * 60;
    const int64_t steps = (seconds[i] + kStepSeconds - 1) / kStepSeconds;
    summary.attenuation_minutes[i] =
        static_cast<int>(std::min(steps * kStepMinutes, kMaxMinutes));
  }
  return summary;
}

}  // namespace tekmatch
