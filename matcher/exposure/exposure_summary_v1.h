// The summary of version 1 of the platform's API: how many keys matched, how
// long ago, durations by attenuation, and risk scores of four factors.
//
// For each key, sightings are first reduced to the strongest one of each RPI
// and scan. Sightings at most 600 s apart then make one exposure:
//   duration     last - first + 300 s, rounded to the nearest 300 s, halves
//                down (a scan stands for five minutes)
//   attenuation  mean weighted by time: each sighting's holds until the next
//                one, the first and the last 150 s longer; halves rounded up
//   durations by attenuation: the same stretches of time, below the first
//                threshold, between, and from the second threshold on
//   risk score   product of the scores of four buckets: attenuation (> 73, 63,
//                51, 33, 27, 15, 10 dB, rest), days since the key's start (>=
//                14, 12, 10, 8, 6, 4, 2, rest), minutes of duration (<= 0, 5,
//                10, 15, 20, 25, 30, rest), transmission risk level (1..8; 0
//                or absent gives 1); 0 if below the minimum
//
// Source: google/exposure-notifications-internals aaada6c,
// KeyExposureEvaluator.java (findExposures), RiskScoreCalculator.java,
// ExposureMatchingTracer.java (aggregateSightings), TracingParams.java. The cap
// of 30 minutes is that of its API (ExposureSummary).
#ifndef TEKMATCH_MATCHER_EXPOSURE_EXPOSURE_SUMMARY_V1_H_
#define TEKMATCH_MATCHER_EXPOSURE_EXPOSURE_SUMMARY_V1_H_

#include <array>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/exposure/exposure_config.h"
#include "matcher/join/match.h"

namespace tekmatch {

struct ExposureV1 {
  Tek tek;
  int64_t start_seconds = 0;  // Unix seconds, of the first sighting
  int attenuation = 0;        // dB
  int duration_seconds = 0;   // a multiple of 300
  // Seconds below duration_thresholds[0], between, from [1] on.
  std::array<int64_t, 3> attenuation_seconds{};
  int risk_score = 0;  // 0..4096
};

struct ExposureSummaryV1 {
  int num_matched_keys = 0;
  // Whole days from the start of the latest matched key until now; 0 without
  // matches, or where that start is still to come.
  int64_t days_since_last_exposure = 0;
  int maximum_risk_score = 0;
  int64_t summation_risk_score = 0;
  // Over all exposures, rounded up to 5 minutes, at most 30.
  std::array<int, 3> attenuation_minutes{};
};

// Of one key; `matches` are its own, by time. By time.
std::vector<ExposureV1> FindExposuresV1(absl::Span<const Match> matches,
                                        const ExposureConfigV1& config,
                                        absl::Time now);

// Of all keys; `matches` is as ResolveMatches sorts it.
ExposureSummaryV1 SummarizeV1(absl::Span<const Match> matches,
                              const ExposureConfigV1& config, absl::Time now);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_EXPOSURE_EXPOSURE_SUMMARY_V1_H_
