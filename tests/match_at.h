// A match for tests of what counts and reports it.
#ifndef TEKMATCH_TESTS_MATCH_AT_H_
#define TEKMATCH_TESTS_MATCH_AT_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "matcher/join/match.h"

namespace tekmatch {

// Sighting number `position`, at an RFC 3339 time, of an RPI of a key: both
// have one byte repeated.
inline Match MatchAt(const std::string& time, uint8_t tek, uint32_t position,
                     uint8_t rpi = 1) {
  Match match;
  match.tek.bytes.fill(tek);
  match.rolling_start = 2649888;
  match.rolling_period = 144;
  match.interval = 2649957;
  match.sighting.rpi.bytes.fill(rpi);
  match.sighting.rssi = -77;
  match.sighting_position = position;
  match.tx_power = -10;
  match.attenuation = 67;
  absl::Time parsed;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, time, &parsed, &error))
      << error;
  match.sighting.unix_seconds = absl::ToUnixSeconds(parsed);
  return match;
}

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_MATCH_AT_H_
