#include "matcher/exposure/daily_summary.h"

#include <algorithm>
#include <map>
#include <set>

namespace tekmatch {
namespace {

// MakeExposureWindows makes no others.
bool IsReported(const ExposureWindow& window) {
  return IsReportable(window.report_type) &&
         window.infectiousness != Infectiousness::kNone;
}

// The windows of one date.
DailySummary Summarize(absl::CivilDay date,
                       const std::vector<const ExposureWindow*>& windows,
                       const DailySummariesConfig& config,
                       const AlertConfig& alert) {
  DailySummary day;
  day.date = date;
  std::set<Tek> keys;
  for (const ExposureWindow* window : windows) {
    day.seconds += WindowSeconds(*window);
    ++day.num_windows;
    keys.insert(window->tek);
    const double score = WindowScore(*window, config);
    if (score < config.minimum_window_score) continue;
    ExposureSummaryData& data =
        day.by_report_type[static_cast<size_t>(window->report_type)];
    data.maximum_score = std::max(data.maximum_score, score);
    data.score_sum += score;
    data.weighted_duration_sum += WeightedDuration(*window, config);
  }
  day.num_keys = static_cast<int>(keys.size());
  for (const ExposureSummaryData& data : day.by_report_type) {
    day.all.maximum_score = std::max(day.all.maximum_score, data.maximum_score);
    day.all.score_sum += data.score_sum;
    day.all.weighted_duration_sum += data.weighted_duration_sum;
  }
  day.alerting =
      day.all.score_sum >= alert.score_sum && day.seconds >= alert.seconds;
  return day;
}

}  // namespace

double WeightedDuration(const ExposureWindow& window,
                        const DailySummariesConfig& config) {
  // Seconds first, weights last: the platform's order, which decides how the
  // sum is rounded.
  std::array<int64_t, 4> seconds{};
  for (const ScanInstance& scan : window.scans) {
    seconds[AttenuationBucket(scan.typical_attenuation, config)] +=
        scan.seconds_since_last_scan;
  }
  double duration = 0;
  for (size_t i = 0; i < seconds.size(); ++i) {
    duration += static_cast<double>(seconds[i]) * config.attenuation_weights[i];
  }
  return duration;
}

double WindowScore(const ExposureWindow& window,
                   const DailySummariesConfig& config) {
  if (window.infectiousness == Infectiousness::kNone) return 0;
  return WeightedDuration(window, config) *
         config.report_type_weights[static_cast<size_t>(window.report_type)] *
         config.infectiousness_weights[static_cast<size_t>(
             window.infectiousness)];
}

std::vector<DailySummary> SummarizeDays(
    absl::Span<const ExposureWindow> windows,
    const DailySummariesConfig& config, const AlertConfig& alert,
    absl::TimeZone zone, absl::CivilDay today) {
  std::map<absl::CivilDay, std::vector<const ExposureWindow*>> by_date;
  for (const ExposureWindow& window : windows) {
    if (!IsReported(window)) continue;
    const absl::CivilDay date = WindowDate(window, zone);
    if (config.days_since_exposure_threshold > 0 &&
        today - date > config.days_since_exposure_threshold) {
      continue;
    }
    by_date[date].push_back(&window);
  }
  std::vector<DailySummary> days;
  days.reserve(by_date.size());
  for (const auto& [date, of_date] : by_date) {
    days.push_back(Summarize(date, of_date, config, alert));
  }
  return days;
}

}  // namespace tekmatch
