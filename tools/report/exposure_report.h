// What matches mean by an authority's configuration: exposure windows, daily
// summaries, the summary of version 1.
#ifndef TEKMATCH_TOOLS_REPORT_EXPOSURE_REPORT_H_
#define TEKMATCH_TOOLS_REPORT_EXPOSURE_REPORT_H_

#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "matcher/exposure/daily_summary.h"
#include "matcher/exposure/exposure_config.h"
#include "matcher/exposure/exposure_summary_v1.h"
#include "matcher/exposure/exposure_window.h"
#include "matcher/join/match.h"
#include "tools/report/run_remarks.h"

namespace tekmatch {

struct ExposureReport {
  // The day that the report is made for, and the first one whose contacts are
  // still shown, if the configuration has such a limit
  // (days_since_exposure_threshold). Of `zone`, as all dates.
  absl::CivilDay today;
  std::optional<absl::CivilDay> since;
  // Of all contacts, old ones too, as the platform gives them to apps.
  std::vector<ExposureWindow> windows;
  ExposureSummaryV1 version_1;
  // Of the days since `since`.
  std::vector<DailySummary> days;
  // People met, as far as one can tell: distinct keys on the days reported. One
  // person met twice on a day counts once, on two days twice.
  int num_contacts = 0;
};

// `matches` is as RunMatch gives it. `zone` decides dates, `now` which are old.
ExposureReport MakeExposureReport(absl::Span<const Match> matches,
                                  const ExposureConfig& config,
                                  absl::TimeZone zone, absl::Time now);

// The documented object (README, "JSON output"). Windows stand in the order of
// what they say, not of their times, which they do not tell. `left_out` is of
// the run that the report is made of.
nlohmann::ordered_json ExposureReportJson(const ExposureReport& report,
                                          const ExposureConfig& config,
                                          const LeftOut& left_out,
                                          absl::TimeZone zone);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_REPORT_EXPOSURE_REPORT_H_
