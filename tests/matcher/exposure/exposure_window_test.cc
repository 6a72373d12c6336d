#include "matcher/exposure/exposure_window.h"

#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "tests/time_zones.h"

namespace tekmatch {
namespace {

constexpr int64_t kStart = 1589974800;  // 2020-05-20T11:40:00Z

ExposureConfig Config() {
  ExposureConfig config;
  config.mapping.infectiousness.fill(Infectiousness::kStandard);
  return config;
}

Match At(int64_t seconds_after_start, int attenuation = 50, uint8_t key = 1) {
  Match match;
  match.tek.bytes.fill(key);
  match.sighting.unix_seconds = kStart + seconds_after_start;
  match.attenuation = attenuation;
  return match;
}

TEST(ExposureWindowTest, NoMatchesNoWindows) {
  EXPECT_TRUE(MakeExposureWindows({}, Config()).empty());
}

// Exactly 1,800 s after a window began, the next one does.
TEST(ExposureWindowTest, ThirtyMinuteRule) {
  const auto windows = MakeExposureWindows(
      {At(0), At(300), At(1799), At(1800), At(2100), At(3599), At(3600)},
      Config());
  ASSERT_EQ(windows.size(), 3U);
  EXPECT_EQ(windows[0].start_seconds, kStart);
  EXPECT_EQ(windows[0].scans.size(), 3U);
  EXPECT_EQ(windows[1].start_seconds, kStart + 1800);
  EXPECT_EQ(windows[1].scans.size(), 3U);
  EXPECT_EQ(windows[2].start_seconds, kStart + 3600);
  EXPECT_EQ(windows[2].scans.size(), 1U);
}

// A scan ends 25.5 s after its last sighting, and with its window.
TEST(ExposureWindowTest, SightingsOfOneScan) {
  const auto windows =
      MakeExposureWindows({At(0, 40), At(25, 41), At(50, 45), At(76, 60),
                           At(1790, 30), At(1800, 31)},
                          Config());
  ASSERT_EQ(windows.size(), 2U);
  ASSERT_EQ(windows[0].scans.size(), 3U);
  EXPECT_EQ(windows[0].scans[0].matches, (std::vector<uint32_t>{0, 1, 2}));
  EXPECT_EQ(windows[0].scans[0].typical_attenuation, 42);
  EXPECT_EQ(windows[0].scans[0].min_attenuation, 40);
  EXPECT_EQ(windows[0].scans[1].matches, (std::vector<uint32_t>{3}));
  EXPECT_EQ(windows[0].scans[2].matches, (std::vector<uint32_t>{4}));
  ASSERT_EQ(windows[1].scans.size(), 1U);
  EXPECT_EQ(windows[1].scans[0].min_attenuation, 31);
}

TEST(ExposureWindowTest, TypicalAttenuationIsTheMeanHalvesUp) {
  const auto typical = [](const std::vector<int>& attenuations) {
    std::vector<Match> matches;
    matches.reserve(attenuations.size());
    for (const int a : attenuations) matches.push_back(At(0, a));
    return MakeExposureWindows(matches, Config())[0]
        .scans[0]
        .typical_attenuation;
  };
  EXPECT_EQ(typical({0}), 0);
  EXPECT_EQ(typical({50, 51}), 51);
  EXPECT_EQ(typical({50, 50, 51}), 50);
  EXPECT_EQ(typical({50, 51, 51}), 51);
  EXPECT_EQ(typical({0, 0, 0, 1}), 0);
  EXPECT_EQ(typical({0, 0, 1, 1}), 1);
}

// The difference of the minutes in which the scans were, at most five.
TEST(ExposureWindowTest, SecondsSinceLastScan) {
  const auto since = [](int64_t second_of_minute, uint32_t previous) {
    Match match = At(second_of_minute);
    match.sighting.seconds_since_previous_scan = previous;
    return MakeExposureWindows({match}, Config())[0]
        .scans[0]
        .seconds_since_last_scan;
  };
  EXPECT_EQ(since(0, kNoPreviousScan), 120);
  EXPECT_EQ(since(0, 0), 0);
  EXPECT_EQ(since(0, 1), 60);   // 11:40:00 and 11:39:59
  EXPECT_EQ(since(59, 59), 0);  // 11:40:59 and 11:40:00
  EXPECT_EQ(since(59, 60), 60);
  EXPECT_EQ(since(0, 240), 240);
  EXPECT_EQ(since(0, 241), 300);
  EXPECT_EQ(since(0, 301), 300);
  EXPECT_EQ(since(0, 65535), 300);
  EXPECT_EQ(since(0, kMaxPreviousScanSeconds), 300);
}

TEST(ExposureWindowTest, TheFirstSightingOfAScanSaysWhenTheLastOneWas) {
  Match first = At(0);
  first.sighting.seconds_since_previous_scan = 240;
  Match second = At(3);
  second.sighting.seconds_since_previous_scan = kNoPreviousScan;
  const auto windows = MakeExposureWindows({first, second}, Config());
  EXPECT_EQ(windows[0].scans[0].seconds_since_last_scan, 240);
  EXPECT_EQ(WindowSeconds(windows[0]), 240);
}

// Two RPIs of a key in one second: the earlier interval is the first, whatever
// the bytes of the RPIs, which order the matches.
TEST(ExposureWindowTest, SightingsOfOneSecondAreInTheOrderOfIntervals) {
  Match later = At(0);
  later.interval = 51;
  later.sighting.rpi.bytes.fill(1);
  later.bluetooth_metadata.bytes[0] = 0x4C;  // confidence 3
  Match earlier = At(0);
  earlier.interval = 50;
  earlier.sighting.rpi.bytes.fill(2);
  earlier.sighting.seconds_since_previous_scan = 300;
  earlier.bluetooth_metadata.bytes[0] = 0x44;  // confidence 1
  const auto windows = MakeExposureWindows({later, earlier}, Config());
  ASSERT_EQ(windows.size(), 1U);
  EXPECT_EQ(windows[0].calibration_confidence, 1);
  ASSERT_EQ(windows[0].scans.size(), 1U);
  EXPECT_EQ(windows[0].scans[0].seconds_since_last_scan, 300);
  EXPECT_EQ(windows[0].scans[0].matches, (std::vector<uint32_t>{1, 0}));
}

TEST(ExposureWindowTest, KeysAreApart) {
  const auto windows = MakeExposureWindows(
      {At(0, 50, 2), At(1, 50, 1), At(2, 50, 2), At(1900, 50, 1)}, Config());
  ASSERT_EQ(windows.size(), 3U);
  EXPECT_EQ(windows[0].tek.bytes[0], 1);
  EXPECT_EQ(windows[1].tek.bytes[0], 1);
  EXPECT_EQ(windows[2].tek.bytes[0], 2);
  EXPECT_EQ(windows[2].scans[0].matches, (std::vector<uint32_t>{0, 2}));
  EXPECT_EQ(windows[1].start_seconds, kStart + 1900);
}

TEST(ExposureWindowTest, CalibrationConfidenceOfTheFirstSighting) {
  Match first = At(0);
  first.bluetooth_metadata.bytes[0] = 0x5C;  // 1.1, confidence 3
  Match second = At(300);
  second.bluetooth_metadata.bytes[0] = 0x54;
  EXPECT_EQ(
      MakeExposureWindows({first, second}, Config())[0].calibration_confidence,
      3);
}

TEST(ExposureWindowTest, InfectiousnessAndReportTypeAreMapped) {
  ExposureConfig config;  // none where it is not set
  DiagnosisKeysMapping& mapping = config.mapping;
  mapping.infectiousness[0] = Infectiousness::kHigh;  // -14
  mapping.infectiousness[kMaxDaysSinceOnset] = Infectiousness::kStandard;  // 0
  mapping.infectiousness[kNumOnsetDays - 1] = Infectiousness::kHigh;       // 14
  mapping.infectiousness_when_missing = Infectiousness::kStandard;
  mapping.report_type_when_missing = ReportType::kSelfReport;
  const auto window_of = [&](std::optional<int8_t> days,
                             std::optional<ReportType> type) {
    Match match = At(0);
    match.metadata.days_since_onset = days;
    match.metadata.report_type = type;
    const auto windows = MakeExposureWindows({match}, config);
    EXPECT_EQ(windows.size(), 1U);
    return windows.empty() ? ExposureWindow() : windows[0];
  };
  EXPECT_EQ(window_of(-14, {}).infectiousness, Infectiousness::kHigh);
  EXPECT_EQ(window_of(0, {}).infectiousness, Infectiousness::kStandard);
  EXPECT_EQ(window_of(14, {}).infectiousness, Infectiousness::kHigh);
  EXPECT_EQ(window_of({}, {}).infectiousness, Infectiousness::kStandard);
  EXPECT_EQ(window_of({}, {}).report_type, ReportType::kSelfReport);
  EXPECT_EQ(window_of({}, ReportType::kUnknown).report_type,
            ReportType::kSelfReport);
  EXPECT_EQ(window_of({}, ReportType::kConfirmedTest).report_type,
            ReportType::kConfirmedTest);
}

// Beside an infectious key, which keeps its window.
TEST(ExposureWindowTest, KeysThatAreNotInfectiousMakeNone) {
  ExposureConfig config = Config();
  DiagnosisKeysMapping& mapping = config.mapping;
  mapping.infectiousness[kMaxDaysSinceOnset - 5] = Infectiousness::kNone;
  mapping.infectiousness_when_missing = Infectiousness::kNone;
  std::vector<Match> matches = {At(0, 40, 1), At(1, 40, 2), At(2, 40, 3)};
  matches[0].metadata.days_since_onset = -5;
  matches[1].metadata.days_since_onset = 0;
  const auto windows = MakeExposureWindows(matches, config);  // 3: missing
  ASSERT_EQ(windows.size(), 1U);
  EXPECT_EQ(windows[0].tek.bytes[0], 2);
  EXPECT_EQ(windows[0].scans[0].matches, (std::vector<uint32_t>{1}));
}

TEST(ExposureWindowTest, DateOfTheBegin) {
  ExposureWindow window;
  window.start_seconds = 1590000000 - 1590000000 % 86400 + 86399;
  const absl::TimeZone tokyo = Tokyo();
  EXPECT_EQ(WindowDate(window, absl::UTCTimeZone()),
            absl::CivilDay(2020, 5, 20));
  EXPECT_EQ(WindowDate(window, tokyo), absl::CivilDay(2020, 5, 21));
  ++window.start_seconds;
  EXPECT_EQ(WindowDate(window, absl::UTCTimeZone()),
            absl::CivilDay(2020, 5, 21));
  EXPECT_EQ(WindowDate(window, tokyo), absl::CivilDay(2020, 5, 21));
}

}  // namespace
}  // namespace tekmatch
