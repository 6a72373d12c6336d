#include "matcher/exposure/exposure_findings.h"

#include <set>

namespace tekmatch {

ExposureFindings FindExposures(absl::Span<const Match> matches,
                               const ExposureConfig& config,
                               absl::TimeZone zone, absl::Time now) {
  ExposureFindings findings;
  findings.today = absl::ToCivilDay(now, zone);
  if (const int days = config.daily_summaries.days_since_exposure_threshold;
      days > 0) {
    findings.since = findings.today - days;
  }
  findings.windows = MakeExposureWindows(matches, config);
  findings.days = SummarizeDays(findings.windows, config.daily_summaries,
                                config.alert, zone, findings.today);
  findings.version_1 = SummarizeV1(matches, config.version_1, now);
  std::set<absl::CivilDay> dates;
  for (const DailySummary& day : findings.days) dates.insert(day.date);
  std::set<Tek> keys;
  for (const ExposureWindow& window : findings.windows) {
    if (dates.contains(WindowDate(window, zone))) keys.insert(window.tek);
  }
  findings.num_contacts = static_cast<int>(keys.size());
  return findings;
}

}  // namespace tekmatch
