#include "matcher/exposure/exposure_summary_v1.h"

#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace tekmatch {
namespace {

constexpr EnIntervalNumber kRollingStart = 2649888;  // 2020-05-20T00:00:00Z
constexpr int64_t kStart = int64_t{kRollingStart} * kIntervalSeconds;
const absl::Time kNow = absl::FromUnixSeconds(kStart + 86400);

Match At(int64_t seconds_after_start, int attenuation = 40, uint8_t rpi = 1,
         uint8_t key = 1) {
  Match match;
  match.tek.bytes.fill(key);
  match.rolling_start = kRollingStart;
  match.metadata.transmission_risk = 1;
  match.interval = kRollingStart + rpi;
  match.sighting.rpi.bytes.fill(rpi);
  match.sighting.unix_seconds = kStart + seconds_after_start;
  match.sighting.rssi = static_cast<int16_t>(-attenuation);
  match.attenuation = attenuation;
  return match;
}

// Scores that tell the buckets: a bucket's score is its number.
ExposureConfigV1 Config() {
  ExposureConfigV1 config;
  config.attenuation_scores = {0, 1, 2, 3, 4, 5, 6, 7};
  config.days_since_last_exposure_scores = {1, 1, 1, 1, 1, 1, 1, 1};
  config.duration_scores = {1, 1, 1, 1, 1, 1, 1, 1};
  config.transmission_risk_scores = {1, 2, 3, 4, 5, 6, 7, 8};
  return config;
}

std::vector<ExposureV1> Find(const std::vector<Match>& matches) {
  return FindExposuresV1(matches, Config(), kNow);
}

TEST(ExposureSummaryV1Test, ExposuresAreAtMostTenMinutesOfSilenceLong) {
  EXPECT_TRUE(Find({}).empty());
  EXPECT_EQ(Find({At(0), At(600), At(1200)}).size(), 1U);
  const auto exposures = Find({At(0), At(601)});
  ASSERT_EQ(exposures.size(), 2U);
  EXPECT_EQ(exposures[1].start_seconds, kStart + 601);
}

TEST(ExposureSummaryV1Test, DurationsAreRoundedToFiveMinutesHalvesDown) {
  const auto duration = [](int64_t span) {
    return Find({At(0), At(span)})[0].duration_seconds;
  };
  EXPECT_EQ(Find({At(0)})[0].duration_seconds, 300);
  EXPECT_EQ(duration(150), 300);
  EXPECT_EQ(duration(151), 600);
  EXPECT_EQ(duration(450), 600);
  EXPECT_EQ(duration(451), 900);
  EXPECT_EQ(duration(600), 900);
}

// The first and last sightings' attenuations hold 150 s longer.
TEST(ExposureSummaryV1Test, AttenuationIsWeightedByTime) {
  // (150 + 10) * 1 + 40 * 4 + 150 * 5 = 1070 over 350 s.
  EXPECT_EQ(Find({At(0, 1), At(10, 4, 2), At(50, 5, 3)})[0].attenuation, 3);
  EXPECT_EQ(Find({At(0, 40), At(300, 41, 2)})[0].attenuation, 40);
  EXPECT_EQ(Find({At(0, 41), At(300, 40, 2)})[0].attenuation, 41);
}

TEST(ExposureSummaryV1Test, SecondsByAttenuation) {
  // Below 50, from 50, from 74.
  const auto exposure =
      Find({At(0, 49), At(100, 50, 2), At(300, 73, 3), At(350, 74, 4)})[0];
  EXPECT_EQ(exposure.attenuation_seconds,
            (std::array<int64_t, 3>{150 + 100, 200 + 50, 150}));
}

// Of one RPI in one scan, the strongest sighting stands for all.
TEST(ExposureSummaryV1Test, ScansAreReducedToTheStrongestSighting) {
  const auto one = Find({At(0, 60), At(2, 40), At(4, 70)})[0];
  EXPECT_EQ(one.start_seconds, kStart + 2);
  EXPECT_EQ(one.attenuation, 40);
  EXPECT_EQ(one.duration_seconds, 300);
  // 25 s after the last one still belongs to it, 26 s does not.
  EXPECT_EQ(Find({At(0, 60), At(25, 40)})[0].attenuation_seconds[1], 0);
  EXPECT_EQ(Find({At(0, 60), At(26, 40)})[0].attenuation_seconds[1], 176);
  // Another RPI at the same time adds no time.
  EXPECT_EQ(Find({At(0, 60, 1), At(0, 40, 2)})[0].attenuation, 60);
}

TEST(ExposureSummaryV1Test, BucketsOfTheRiskScore) {
  const std::vector<std::pair<int, int>> attenuations = {
      {74, 0}, {73, 1}, {64, 1}, {63, 2}, {52, 2}, {51, 3}, {34, 3}, {33, 4},
      {28, 4}, {27, 5}, {16, 5}, {15, 6}, {11, 6}, {10, 7}, {0, 7}};
  for (const auto& [attenuation, score] : attenuations) {
    EXPECT_EQ(Find({At(0, attenuation)})[0].risk_score, score) << attenuation;
  }

  ExposureConfigV1 config = Config();
  config.attenuation_scores.fill(1);
  config.days_since_last_exposure_scores = {0, 1, 2, 3, 4, 5, 6, 7};
  const std::vector<std::pair<int, int>> days = {
      {15, 0}, {14, 0}, {13, 1}, {12, 1}, {11, 2}, {10, 2}, {9, 3},
      {8, 3},  {6, 4},  {4, 5},  {3, 6},  {2, 6},  {1, 7},  {0, 7}};
  for (const auto& [day, score] : days) {
    const absl::Time now =
        absl::FromUnixSeconds(kStart) + absl::Hours(24 * day);
    EXPECT_EQ(FindExposuresV1({At(0)}, config, now)[0].risk_score, score)
        << day;
  }

  config = Config();
  config.attenuation_scores.fill(1);
  config.duration_scores = {0, 1, 2, 3, 4, 5, 6, 7};
  std::vector<Match> matches;
  for (int minutes = 5; minutes <= 40; minutes += 5) {
    matches.push_back(
        At(int64_t{60} * (minutes - 5), 40, static_cast<uint8_t>(minutes)));
    EXPECT_EQ(FindExposuresV1(matches, config, kNow)[0].risk_score,
              std::min(minutes / 5, 7))
        << minutes;
  }
}

TEST(ExposureSummaryV1Test, TransmissionRiskAndMinimum) {
  ExposureConfigV1 config = Config();
  config.attenuation_scores.fill(8);
  config.minimum_risk_score = 24;
  for (int level = 0; level <= 8; ++level) {
    Match match = At(0);
    match.metadata.transmission_risk = static_cast<uint8_t>(level);
    const int score = 8 * (level == 0 ? 1 : level);
    EXPECT_EQ(FindExposuresV1({match}, config, kNow)[0].risk_score,
              score >= 24 ? score : 0);
  }
}

TEST(ExposureSummaryV1Test, SummaryOverKeys) {
  std::vector<Match> matches;
  matches.reserve(13);
  for (int i = 0; i < 12; ++i) {  // 3,600 s below 50 dB
    matches.push_back(At(int64_t{300} * i, 40, static_cast<uint8_t>(i)));
  }
  Match later = At(86400, 60, 1, 2);
  later.rolling_start = kRollingStart + 144;
  matches.push_back(later);
  const absl::Time now =
      absl::FromUnixSeconds(kStart) + absl::Hours(24 * 5 + 23);
  const ExposureSummaryV1 summary = SummarizeV1(matches, Config(), now);
  EXPECT_EQ(summary.num_matched_keys, 2);
  EXPECT_EQ(summary.days_since_last_exposure, 4);
  EXPECT_EQ(summary.maximum_risk_score, 3);
  EXPECT_EQ(summary.summation_risk_score, 3 + 2);
  EXPECT_EQ(summary.attenuation_minutes, (std::array<int, 3>{30, 5, 0}));
  EXPECT_EQ(SummarizeV1({}, Config(), now).num_matched_keys, 0);
}

// A key of today's evening, or a clock that is days behind.
TEST(ExposureSummaryV1Test, DaysAreNeverNegative) {
  for (const int hours : {-1, -24, -72}) {
    const absl::Time now = absl::FromUnixSeconds(kStart) + absl::Hours(hours);
    EXPECT_EQ(SummarizeV1({At(0)}, Config(), now).days_since_last_exposure, 0);
  }
}

// What is neither below the first nor from the second on is nothing.
TEST(ExposureSummaryV1Test, EqualThresholdsLeaveNothingBetween) {
  ExposureConfigV1 config = Config();
  config.duration_thresholds = {50, 50};
  const auto exposures =
      FindExposuresV1({At(0, 49), At(100, 50, 2)}, config, kNow);
  ASSERT_EQ(exposures.size(), 1U);
  EXPECT_EQ(exposures[0].attenuation_seconds,
            (std::array<int64_t, 3>{250, 0, 150}));
}

}  // namespace
}  // namespace tekmatch
