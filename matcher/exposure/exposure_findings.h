// What matches mean by an authority's configuration: exposure windows, daily
// summaries, the summary of version 1.
#ifndef TEKMATCH_MATCHER_EXPOSURE_EXPOSURE_FINDINGS_H_
#define TEKMATCH_MATCHER_EXPOSURE_EXPOSURE_FINDINGS_H_

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

namespace tekmatch {

struct ExposureFindings {
  // The day that they are made for, and the first one whose contacts are
  // still shown, if the configuration has such a limit
  // (days_since_exposure_threshold). Of `zone`, as all dates.
  absl::CivilDay today;
  std::optional<absl::CivilDay> since;
  // Of all contacts, old ones too, as the platform gives them to apps.
  std::vector<ExposureWindow> windows;
  ExposureSummaryV1 version_1;
  // Of the days since `since`.
  std::vector<DailySummary> days;
  // People met, as far as one can tell: distinct keys on the days in `days`.
  // One person met twice on a day counts once, on two days twice.
  int num_contacts = 0;
};

// `matches` is as CheckExposure gives it. `zone` decides dates, `now` which are
// old.
ExposureFindings FindExposures(absl::Span<const Match> matches,
                               const ExposureConfig& config,
                               absl::TimeZone zone, absl::Time now);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_EXPOSURE_EXPOSURE_FINDINGS_H_
