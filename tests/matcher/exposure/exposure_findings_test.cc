// What the parts are put together to; each part has a test of its own.
#include "matcher/exposure/exposure_findings.h"

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "matcher/exposure/exposure_config.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

constexpr int64_t kDay = 86400;
constexpr int64_t kMidnight = 1589932800;  // 2020-05-20T00:00:00Z

// Of a key, five minutes a contact.
Match At(int64_t unix_seconds, uint8_t key) {
  Match match;
  match.tek.bytes.fill(key);
  match.rolling_start = static_cast<EnIntervalNumber>(
      (unix_seconds - unix_seconds % kDay) / kIntervalSeconds);
  match.rolling_period = kMaxRollingPeriod;
  match.metadata.report_type = ReportType::kConfirmedTest;
  match.metadata.days_since_onset = 0;
  match.metadata.transmission_risk = 1;
  match.interval =
      static_cast<EnIntervalNumber>(unix_seconds / kIntervalSeconds);
  match.sighting.rpi.bytes.fill(key);
  match.sighting.unix_seconds = unix_seconds;
  match.sighting.rssi = -30;
  match.attenuation = 30;
  return match;
}

ExposureConfig Config(int days_since_exposure_threshold) {
  auto config = NamedExposureConfig("cocoa");
  EXPECT_THAT(config, IsOk());
  config->daily_summaries.days_since_exposure_threshold =
      days_since_exposure_threshold;
  return *config;
}

// Today's evening; two persons today, one of them twice, and one of them two
// days before.
ExposureFindings FindWithLimit(int days) {
  const int64_t noon = kMidnight + kDay / 2;
  return FindExposures({At(noon - 2 * kDay, 2), At(noon, 1), At(noon + 7200, 1),
                        At(noon + 9000, 2)},
                       Config(days), absl::UTCTimeZone(),
                       absl::FromUnixSeconds(noon + 30000));
}

TEST(ExposureFindingsTest, NothingOfNoMatches) {
  const ExposureFindings findings =
      FindExposures({}, Config(14), absl::UTCTimeZone(),
                    absl::FromUnixSeconds(kMidnight - 1));
  EXPECT_EQ(findings.today, absl::CivilDay(2020, 5, 19));
  EXPECT_EQ(findings.since, absl::CivilDay(2020, 5, 5));
  EXPECT_TRUE(findings.windows.empty());
  EXPECT_TRUE(findings.days.empty());
  EXPECT_EQ(findings.num_contacts, 0);
}

TEST(ExposureFindingsTest, WithoutALimitAllDaysAreShown) {
  const ExposureFindings findings = FindWithLimit(0);
  EXPECT_EQ(findings.today, absl::CivilDay(2020, 5, 20));
  EXPECT_EQ(findings.since, std::nullopt);
  EXPECT_EQ(findings.windows.size(), 4);
  EXPECT_EQ(findings.days.size(), 2);
  EXPECT_EQ(findings.num_contacts, 2);
}

TEST(ExposureFindingsTest, VersionOnesSummaryIsOfAllMatches) {
  const ExposureFindings findings = FindWithLimit(14);
  EXPECT_EQ(findings.version_1.num_matched_keys, 2);
  EXPECT_EQ(findings.version_1.days_since_last_exposure, 0);
  EXPECT_GT(findings.version_1.maximum_risk_score, 0);
}

// The windows of old days stay, their days and persons do not.
TEST(ExposureFindingsTest, AnOldDayHasNoPersonsOfItsOwn) {
  EXPECT_EQ(FindWithLimit(2).days.size(), 2);
  const ExposureFindings findings = FindWithLimit(1);
  EXPECT_EQ(findings.since, absl::CivilDay(2020, 5, 19));
  EXPECT_EQ(findings.windows.size(), 4);
  ASSERT_EQ(findings.days.size(), 1);
  EXPECT_EQ(findings.days[0].date, findings.today);
  EXPECT_EQ(findings.num_contacts, 2);
}

TEST(ExposureFindingsTest, APersonOfOldDaysAloneIsNotCounted) {
  const ExposureFindings findings =
      FindExposures({At(kMidnight - 3 * kDay, 1), At(kMidnight, 2)}, Config(1),
                    absl::UTCTimeZone(), absl::FromUnixSeconds(kMidnight + 60));
  EXPECT_EQ(findings.windows.size(), 2);
  EXPECT_EQ(findings.num_contacts, 1);
}

}  // namespace
}  // namespace tekmatch
