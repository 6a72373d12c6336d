// Contacts of two days in May 2020 and the report on them, for tests of what
// they mean and of how it is explained.
#ifndef TEKMATCH_TESTS_TOOLS_REPORT_EXAMPLE_CONTACTS_H_
#define TEKMATCH_TESTS_TOOLS_REPORT_EXAMPLE_CONTACTS_H_

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "matcher/check/exposure_check.h"
#include "matcher/exposure/exposure_config.h"
#include "matcher/exposure/exposure_findings.h"
#include "matcher/join/match.h"
#include "tools/report/exposure_json.h"

namespace tekmatch {

inline constexpr int64_t kNoon = 1589976000;  // 2020-05-20T12:00:00Z

inline ExposureConfig Cocoa() { return *NamedExposureConfig("cocoa"); }

inline Match HeardAt(uint8_t key, int64_t time, int attenuation) {
  Match match;
  match.tek.bytes.fill(key);
  match.rolling_start = 2649888;  // 2020-05-20T00:00:00Z
  match.rolling_period = 144;
  match.metadata.report_type = ReportType::kConfirmedTest;
  match.metadata.days_since_onset = 1;
  match.interval = 2649960;
  match.sighting.rpi.bytes.fill(0xcd);
  match.sighting.unix_seconds = time;
  match.sighting.rssi = static_cast<int16_t>(-20 - attenuation);
  match.tx_power = -20;
  match.attenuation = attenuation;
  return match;
}

// Key 1: 46 and 47 dB, 5 minutes apart; an hour later 66 dB. Key 2: before.
inline std::vector<Match> ExampleMatches() {
  std::vector<Match> matches = {
      HeardAt(2, kNoon - 86400, 60), HeardAt(1, kNoon, 46),
      HeardAt(1, kNoon + 300, 47), HeardAt(1, kNoon + 3600, 66)};
  matches[2].sighting.seconds_since_previous_scan = 300;
  return matches;
}

inline ExposureCheckResult ExampleRun() {
  ExposureCheckResult run;
  run.files.resize(1);
  run.files[0].path = "a.zip";
  run.files[0].verdict = "valid";
  run.files[0].accepted = true;
  run.files[0].report.signature.verdict = SignatureVerdict::kValid;
  run.result.matches = ExampleMatches();
  return run;
}

inline ExposureFindings ExampleReport(const ExposureConfig& config = Cocoa(),
                                      int64_t now = kNoon + 86400) {
  return FindExposures(ExampleMatches(), config, absl::UTCTimeZone(),
                       absl::FromUnixSeconds(now));
}

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_TOOLS_REPORT_EXAMPLE_CONTACTS_H_
