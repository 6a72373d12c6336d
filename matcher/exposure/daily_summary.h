// Daily summaries: what an authority's weights make of the exposure windows of
// each date, as the platform gives them to apps.
//
//   weighted duration of a window = sum over its scans of
//       seconds since last scan * weight of the typical attenuation's bucket
//   score = weighted duration * report type's weight * infectiousness's weight
//
// A date's summary has the sums and the maximum over its windows. It is always
// made from all windows of the date: summaries of parts are not added up, since
// a window that lies in two parts would count twice (cocoa-mhlw/cocoa #732,
// #961).
//
// Source: google/exposure-notifications-internals aaada6c,
// DailySummaryUtils.java, TekMetadataUtils.java.
#ifndef TEKMATCH_MATCHER_EXPOSURE_DAILY_SUMMARY_H_
#define TEKMATCH_MATCHER_EXPOSURE_DAILY_SUMMARY_H_

#include <array>
#include <cstdint>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/exposure/exposure_config.h"
#include "matcher/exposure/exposure_window.h"

namespace tekmatch {

// Over windows whose score is at least minimum_window_score.
struct ExposureSummaryData {
  double maximum_score = 0;
  double score_sum = 0;
  double weighted_duration_sum = 0;  // seconds
};

struct DailySummary {
  absl::CivilDay date;
  ExposureSummaryData all;
  std::array<ExposureSummaryData, kNumReportTypes> by_report_type;  // by number
  // Over all windows of the date, whatever their score.
  int64_t seconds = 0;  // since last scan
  int num_windows = 0;
  int num_keys = 0;  // distinct
  // all.score_sum and seconds reach the configuration's alert.
  bool alerting = false;
};

double WeightedDuration(const ExposureWindow& window,
                        const DailySummariesConfig& config);
// 0 of a window of infectiousness none.
double WindowScore(const ExposureWindow& window,
                   const DailySummariesConfig& config);

// Ascending by date, for every date with a window of a type that is reported
// (IsReportable) and of an infectiousness other than none. `zone` decides a
// window's date. Dates more than days_since_exposure_threshold before `today`
// are left out, if that is not 0. The configuration is valid.
std::vector<DailySummary> SummarizeDays(
    absl::Span<const ExposureWindow> windows,
    const DailySummariesConfig& config, const AlertConfig& alert,
    absl::TimeZone zone, absl::CivilDay today);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_EXPOSURE_DAILY_SUMMARY_H_
