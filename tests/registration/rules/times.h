// Times of the tests of the rules.
#ifndef TEKMATCH_TESTS_REGISTRATION_RULES_TIMES_H_
#define TEKMATCH_TESTS_REGISTRATION_RULES_TIMES_H_

#include <string>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "keyformat/diagnosis_key.h"

namespace tekmatch {

inline absl::Time At(const std::string& rfc3339) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, rfc3339, &time, &error))
      << rfc3339 << ": " << error;
  return time;
}

// The interval that a time lies in.
inline EnIntervalNumber IntervalAt(const std::string& rfc3339) {
  return static_cast<EnIntervalNumber>(absl::ToUnixSeconds(At(rfc3339)) /
                                       kIntervalSeconds);
}

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_REGISTRATION_RULES_TIMES_H_
