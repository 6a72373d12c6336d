// Exposure windows and scan instances: the matches of each key, cut into
// stretches of less than 30 minutes, as version 2 of the platform's API gives
// them to apps.
//
// A window begins with a sighting of a key and takes in the sightings up to,
// not including, 1,800 s later. Within it, sightings at most 25.5 s after the
// one before belong to one scan instance, a time at which the phone listened.
// Sightings of one second stand in the order of their intervals.
//
// Where the device's owner carried several phones (Sighting::store), windows
// are cut over all that they heard, scans are each phone's own, and of their
// time each minute counts once (scan_coverage.h). Of one store all is as it
// was.
//
// Keys of infectiousness "none" make no window: their owners infected nobody
// then.
//
// Source: google/exposure-notifications-internals aaada6c,
// KeyExposureEvaluator.java (findExposureWindows), ExposureWindowUtils.java,
// SightingRecordWithMetadata.java, ContactTracingFeature.java;
// DiagnosisKeysDataMapping (Google) and ENInfectiousnessNone (Apple), whose
// documentation leaves such keys out.
#ifndef TEKMATCH_MATCHER_EXPOSURE_EXPOSURE_WINDOW_H_
#define TEKMATCH_MATCHER_EXPOSURE_EXPOSURE_WINDOW_H_

#include <cstdint>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/exposure/exposure_config.h"
#include "matcher/join/match.h"

namespace tekmatch {

// maxExposureWindowDurationMinutes
inline constexpr int64_t kExposureWindowSeconds = int64_t{30} * 60;
// 1.5 times the longest scan (scanTimeSeconds 4,
// scanTimeExtendForProfileInUseSeconds 13), in tenths of a second.
inline constexpr int64_t kSameScanTenths = int64_t{15} * (4 + 13);
// maxMinutesSinceLastScan, defaultMinutesSinceLastScan
inline constexpr int kMaxSecondsSinceLastScan = 5 * 60;
inline constexpr int kDefaultSecondsSinceLastScan = 2 * 60;

struct ScanInstance {
  // Whole minutes, as seconds, since the scan before: the difference of the
  // two times' minutes, at most 300 s; 120 s when that time is unknown. Less
  // what another store's scans cover already.
  int seconds_since_last_scan = 0;
  int typical_attenuation = 0;  // mean in dB, halves rounded up
  int min_attenuation = 0;      // dB
  // Positions in the matches that the window was made of, by time. For
  // explanations; the platform does not tell them.
  std::vector<uint32_t> matches;
};

struct ExposureWindow {
  ReportType report_type = ReportType::kUnknown;  // never unknown in a window
  Infectiousness infectiousness = Infectiousness::kStandard;  // never none
  int calibration_confidence = 0;  // 0..3, of the first sighting
  std::vector<ScanInstance> scans;
  // What the platform does not tell: whose window it is, and when it began.
  Tek tek;
  int64_t start_seconds = 0;  // Unix seconds, of the first sighting
};

// The windows of all keys, by key and time. `matches` is as ResolveMatches
// sorts it, by time. Their report types are taken as they are, mapped where
// they are missing: revisions and revocations come before
// (key_publications.h). The configuration's weights decide only which of
// several phones' scans a minute is left to.
std::vector<ExposureWindow> MakeExposureWindows(absl::Span<const Match> matches,
                                                const ExposureConfig& config);

// The date of a window is that of its begin: by UTC day on the platform, by
// another zone when an authority asks for its own dates.
absl::CivilDay WindowDate(const ExposureWindow& window, absl::TimeZone zone);

// Seconds since last scan, summed over the window's scans: how long the
// contact was.
int64_t WindowSeconds(const ExposureWindow& window);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_EXPOSURE_EXPOSURE_WINDOW_H_
