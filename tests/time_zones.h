// Time zones that a test cannot do without.
#ifndef TEKMATCH_TESTS_TIME_ZONES_H_
#define TEKMATCH_TESTS_TIME_ZONES_H_

#include <string>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace tekmatch {

inline absl::TimeZone Zone(const std::string& name) {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone(name, &zone)) << name;
  return zone;
}

inline absl::TimeZone Tokyo() { return Zone("Asia/Tokyo"); }

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_TIME_ZONES_H_
