// What the tests of transmission windows share.
#ifndef TEKMATCH_TESTS_MATCHER_EXPOSURE_TRANSMISSION_WINDOW_TEST_UTIL_H_
#define TEKMATCH_TESTS_MATCHER_EXPOSURE_TRANSMISSION_WINDOW_TEST_UTIL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "matcher/exposure/transmission_window.h"
#include "tests/status_matchers.h"
#include "tests/time_zones.h"

namespace tekmatch {

inline absl::Time At(const std::string& rfc3339) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, rfc3339, &time, &error))
      << rfc3339 << ": " << error;
  return time;
}

inline int64_t Seconds(const std::string& rfc3339) {
  return absl::ToUnixSeconds(At(rfc3339));
}

// The interval that a time lies in, as an app computes a rolling start.
inline EnIntervalNumber Interval(const std::string& rfc3339) {
  return static_cast<EnIntervalNumber>(Seconds(rfc3339) / kIntervalSeconds);
}

inline TransmissionWindowPolicy Named(const char* name) {
  const auto policy = NamedTransmissionWindowPolicy(name);
  EXPECT_THAT(policy, IsOk());
  EXPECT_THAT(Validate(*policy), IsOk());
  EXPECT_EQ(policy->name, name);
  return *policy;
}

// What happens to one key of a registration.
inline WindowDecision Select(const TransmissionWindowPolicy& policy,
                             EnIntervalNumber rolling_start,
                             const Registration& registration,
                             absl::TimeZone zone,
                             uint8_t rolling_period = kMaxRollingPeriod) {
  DiagnosisKey key;
  key.rolling_start = rolling_start;
  key.rolling_period = rolling_period;
  const std::vector<WindowDecision> decisions =
      SelectKeysForPublication({key}, registration, policy, zone);
  EXPECT_EQ(decisions.size(), 1U);
  return decisions[0];
}

inline std::string Reason(const WindowDecision& decision) {
  return std::string(decision.counts ? "in: " : "out: ") +
         std::string(WindowReasonName(decision.reason));
}

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_MATCHER_EXPOSURE_TRANSMISSION_WINDOW_TEST_UTIL_H_
