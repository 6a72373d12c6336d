// Which sightings of a published key's RPIs count: plain values, with those of
// Google's Exposure Notification service as defaults.
//
// Source of the defaults: google/exposure-notifications-internals aaada6c, the
// matching code of the service (ContactTracingFeature.java,
// RollingProximityIdValidator.java, ExposureMatchingTracer.java).
#ifndef TEKMATCH_MATCHER_JOIN_MATCH_POLICY_H_
#define TEKMATCH_MATCHER_JOIN_MATCH_POLICY_H_

#include <cstdint>

#include "absl/status/status.h"

namespace tekmatch {

struct MatchPolicy {
  // A sighting in interval s matches the RPI of interval i if
  // i - tolerance_intervals <= s <= i + tolerance_intervals: two hours either
  // side of the RPI's own ten minutes, for clocks that run apart (Google:
  // tkMatchingClockDriftRollingPeriods = 12, the specification's two hours;
  // Apple's reference code takes the same 12, microG takes 6).
  int32_t tolerance_intervals = 12;

  // A sighting more than this many seconds after the first one of its RPI is
  // taken for a replayed broadcast: a phone changes its RPI every 10 to 20
  // minutes (Google and Apple: 1200).
  int64_t replay_cut_seconds = 1200;

  // The least and the greatest transmit power in dBm that a sender can mean;
  // both count (Google: -50 and 20).
  int32_t min_tx_power = -50;
  int32_t max_tx_power = 20;
};

// INVALID_ARGUMENT, with the name of the field, if tolerance_intervals or
// replay_cut_seconds is negative, if a bound of the transmit power is outside
// -128..127 (it is one signed byte), or if min_tx_power > max_tx_power.
absl::Status Validate(const MatchPolicy& policy);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_JOIN_MATCH_POLICY_H_
