// The named configurations member by member, the limits of any configuration,
// and what a key's metadata map to.
#include "matcher/exposure/exposure_config.h"

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

constexpr ReportType kReportTypes[] = {ReportType::kUnknown,
                                       ReportType::kConfirmedTest,
                                       ReportType::kConfirmedClinicalDiagnosis,
                                       ReportType::kSelfReport,
                                       ReportType::kRecursive,
                                       ReportType::kRevoked};

KeyMetadata WithOnset(int days) {
  KeyMetadata metadata;
  metadata.days_since_onset = static_cast<int8_t>(days);
  return metadata;
}

// A mapping in which neighbouring days differ and a missing number is like
// neither day 0 nor its neighbours.
TEST(MapInfectiousnessTest, EveryDayAndNone) {
  using enum Infectiousness;
  DiagnosisKeysMapping mapping;
  mapping.infectiousness = {kHigh, kNone,     kHigh, kNone,     kHigh,    kNone,
                            kHigh, kNone,     kHigh, kNone,     kHigh,    kNone,
                            kHigh, kStandard, kNone, kStandard, kHigh,    kNone,
                            kHigh, kNone,     kHigh, kNone,     kHigh,    kNone,
                            kHigh, kNone,     kHigh, kNone,     kStandard};
  mapping.infectiousness_when_missing = kHigh;
  EXPECT_EQ(MapInfectiousness({}, mapping), kHigh);
  for (int days = -14; days <= 14; ++days) {
    EXPECT_EQ(MapInfectiousness(WithOnset(days), mapping),
              mapping.infectiousness[static_cast<size_t>(days + 14)])
        << days;
  }
  EXPECT_EQ(MapInfectiousness(WithOnset(-14), mapping), kHigh);
  EXPECT_EQ(MapInfectiousness(WithOnset(-1), mapping), kStandard);
  EXPECT_EQ(MapInfectiousness(WithOnset(0), mapping), kNone);
  EXPECT_EQ(MapInfectiousness(WithOnset(1), mapping), kStandard);
  EXPECT_EQ(MapInfectiousness(WithOnset(14), mapping), kStandard);

  // Whatever is missing, only what the mapping says of it counts.
  for (const Infectiousness missing : {kNone, kStandard, kHigh}) {
    mapping.infectiousness_when_missing = missing;
    EXPECT_EQ(MapInfectiousness({}, mapping), missing);
    EXPECT_EQ(MapInfectiousness(WithOnset(0), mapping), kNone);
  }
}

// The decoder drops them, but a key need not come from it.
TEST(MapInfectiousnessTest, NumbersOutOfRangeAreMissing) {
  DiagnosisKeysMapping mapping;
  mapping.infectiousness.fill(Infectiousness::kStandard);
  mapping.infectiousness_when_missing = Infectiousness::kHigh;
  for (const int days : {-128, -15, 15, 127}) {
    EXPECT_EQ(MapInfectiousness(WithOnset(days), mapping),
              Infectiousness::kHigh)
        << days;
  }
}

TEST(MapReportTypeTest, UnknownIsAsGoodAsMissing) {
  DiagnosisKeysMapping mapping;
  for (const ReportType missing :
       {ReportType::kSelfReport, ReportType::kConfirmedClinicalDiagnosis}) {
    mapping.report_type_when_missing = missing;
    EXPECT_EQ(MapReportType({}, mapping), missing);
    for (const ReportType type : kReportTypes) {
      KeyMetadata metadata;
      metadata.report_type = type;
      EXPECT_EQ(MapReportType(metadata, mapping),
                type == ReportType::kUnknown ? missing : type);
    }
  }
}

TEST(InfectiousnessNameTest, AllOfThem) {
  EXPECT_EQ(InfectiousnessName(Infectiousness::kNone), "none");
  EXPECT_EQ(InfectiousnessName(Infectiousness::kStandard), "standard");
  EXPECT_EQ(InfectiousnessName(Infectiousness::kHigh), "high");
}

// Version 1's scores are 4 in every bucket, as with ExposureConfiguration's
// builder: a key of transmission risk 0 or 1 scores 256.
TEST(NamedExposureConfigTest, PlatformDefault) {
  const auto config = NamedExposureConfig("platform-default");
  ASSERT_THAT(config, IsOk());
  EXPECT_THAT(Validate(*config), IsOk());
  EXPECT_EQ(config->name, "platform-default");
  for (int days = -14; days <= 14; ++days) {
    EXPECT_EQ(MapInfectiousness(WithOnset(days), config->mapping),
              Infectiousness::kStandard);
  }
  EXPECT_EQ(MapInfectiousness({}, config->mapping), Infectiousness::kStandard);
  EXPECT_EQ(MapReportType({}, config->mapping), ReportType::kConfirmedTest);
  const DailySummariesConfig days = {.attenuation_thresholds = {50, 70, 90},
                                     .attenuation_weights = {1, 1, 1, 1},
                                     .report_type_weights = {0, 1, 1, 1, 1, 0},
                                     .infectiousness_weights = {0, 1, 1},
                                     .minimum_window_score = 0,
                                     .days_since_exposure_threshold = 14};
  EXPECT_EQ(config->daily_summaries, days);
  EXPECT_EQ(config->alert, (AlertConfig{.score_sum = 900, .seconds = 900}));
  const ExposureConfigV1 v1 = {
      .attenuation_scores = {4, 4, 4, 4, 4, 4, 4, 4},
      .days_since_last_exposure_scores = {4, 4, 4, 4, 4, 4, 4, 4},
      .duration_scores = {4, 4, 4, 4, 4, 4, 4, 4},
      .transmission_risk_scores = {4, 4, 4, 4, 4, 4, 4, 4},
      .minimum_risk_score = 0,
      .duration_thresholds = {50, 74}};
  EXPECT_EQ(config->version_1, v1);
  EXPECT_EQ(config->consultation.japanese, "お住まいの地域の保健所");
  EXPECT_EQ(config->consultation.english, "your local health authority");
}

TEST(NamedExposureConfigTest, Cocoa) {
  const auto config = NamedExposureConfig("cocoa");
  ASSERT_THAT(config, IsOk());
  EXPECT_THAT(Validate(*config), IsOk());
  EXPECT_EQ(config->name, "cocoa");
  for (int days = -14; days <= 14; ++days) {
    EXPECT_EQ(MapInfectiousness(WithOnset(days), config->mapping),
              days >= -3 && days <= 10 ? Infectiousness::kHigh
                                       : Infectiousness::kNone);
  }
  EXPECT_EQ(MapInfectiousness({}, config->mapping), Infectiousness::kHigh);
  EXPECT_EQ(MapReportType({}, config->mapping), ReportType::kConfirmedTest);
  const DailySummariesConfig days = {
      .attenuation_thresholds = {46, 60, 65},
      .attenuation_weights = {1.0, 2.5, 1.3, 0.01},
      .report_type_weights = {0, 1, 1, 1, 1, 0},
      .infectiousness_weights = {0, 1, 1},
      .minimum_window_score = 0,
      .days_since_exposure_threshold = 15};
  EXPECT_EQ(config->daily_summaries, days);
  EXPECT_EQ(config->alert, (AlertConfig{.score_sum = 1350, .seconds = 900}));
  const ExposureConfigV1 v1 = {
      .attenuation_scores = {1, 1, 1, 1, 1, 1, 1, 1},
      .days_since_last_exposure_scores = {1, 1, 1, 1, 1, 1, 1, 1},
      .duration_scores = {1, 1, 1, 1, 1, 1, 1, 1},
      .transmission_risk_scores = {1, 1, 1, 1, 1, 1, 1, 1},
      .minimum_risk_score = 0,
      .duration_thresholds = {50, 74}};
  EXPECT_EQ(config->version_1, v1);
}

TEST(NamedExposureConfigTest, AnotherNameIsRefused) {
  EXPECT_EQ(NamedExposureConfig("cocoa-1").status(),
            absl::InvalidArgumentError("no configuration \"cocoa-1\"; there "
                                       "are cocoa and platform-default"));
}

// One number of a configuration is set at a time: `good` ones are taken, at
// both limits, and `bad` ones refused, by name.
TEST(ValidateExposureConfigTest, EveryNumberHasItsLimits) {
  struct Case {
    std::string message;
    std::function<void(ExposureConfig&, double)> set;
    std::vector<double> good;
    std::vector<double> bad;
  };
  const std::vector<double> good_weights = {0, 2.5};
  const std::vector<double> bad_weights = {
      -0.01, 2.51, std::numeric_limits<double>::quiet_NaN(),
      std::numeric_limits<double>::infinity()};
  const std::vector<double> good_scores = {0, 8};
  const std::vector<double> bad_scores = {-1, 9};
  const std::vector<double> good_large = {0, 1e9};
  const auto integer = [](double value) { return static_cast<int>(value); };
  const std::vector<Case> cases = {
      {"attenuation_thresholds[0]: not in 0..255",
       [&](ExposureConfig& c, double v) {
         c.daily_summaries.attenuation_thresholds = {integer(v), 254, 255};
       },
       {0, 253},
       {-1, 256}},
      {"attenuation_thresholds[2]: not in 0..255",
       [&](ExposureConfig& c, double v) {
         c.daily_summaries.attenuation_thresholds = {0, 1, integer(v)};
       },
       {2, 255},
       {-1, 256}},
      {"attenuation_thresholds[1]: not above the one before",
       [&](ExposureConfig& c, double v) {
         c.daily_summaries.attenuation_thresholds = {10, integer(v), 255};
       },
       {11, 254},
       {10, 9}},
      {"attenuation_thresholds[2]: not above the one before",
       [&](ExposureConfig& c, double v) {
         c.daily_summaries.attenuation_thresholds = {1, 10, integer(v)};
       },
       {11},
       {10, 9}},
      {"attenuation_weights[0]: not in 0..2.5",
       [](ExposureConfig& c, double v) {
         c.daily_summaries.attenuation_weights[0] = v;
       },
       good_weights, bad_weights},
      {"attenuation_weights[3]: not in 0..2.5",
       [](ExposureConfig& c, double v) {
         c.daily_summaries.attenuation_weights[3] = v;
       },
       good_weights, bad_weights},
      {"report_type_weights[5]: not in 0..2.5",
       [](ExposureConfig& c, double v) {
         c.daily_summaries.report_type_weights[5] = v;
       },
       good_weights, bad_weights},
      {"infectiousness_weights[2]: not in 0..2.5",
       [](ExposureConfig& c, double v) {
         c.daily_summaries.infectiousness_weights[2] = v;
       },
       good_weights, bad_weights},
      {"minimum_window_score: not in 0..1e+09",
       [](ExposureConfig& c, double v) {
         c.daily_summaries.minimum_window_score = v;
       },
       good_large,
       {-0.01, 1.1e9, std::numeric_limits<double>::quiet_NaN()}},
      {"days_since_exposure_threshold: not in 0..36500",
       [&](ExposureConfig& c, double v) {
         c.daily_summaries.days_since_exposure_threshold = integer(v);
       },
       {0, 36500},
       {-1, 36501}},
      {"alert.score_sum: not in 0..1e+09",
       [](ExposureConfig& c, double v) { c.alert.score_sum = v; },
       good_large,
       {-0.01, 1.1e9, std::numeric_limits<double>::quiet_NaN()}},
      {"alert.seconds: not in 0..1e+09",
       [&](ExposureConfig& c, double v) { c.alert.seconds = integer(v); },
       good_large,
       {-1, 1'000'000'001}},
      {"version_1.attenuation_scores[7]: not in 0..8",
       [&](ExposureConfig& c, double v) {
         c.version_1.attenuation_scores[7] = integer(v);
       },
       good_scores, bad_scores},
      {"version_1.days_since_last_exposure_scores[0]: not in 0..8",
       [&](ExposureConfig& c, double v) {
         c.version_1.days_since_last_exposure_scores[0] = integer(v);
       },
       good_scores, bad_scores},
      {"version_1.duration_scores[7]: not in 0..8",
       [&](ExposureConfig& c, double v) {
         c.version_1.duration_scores[7] = integer(v);
       },
       good_scores, bad_scores},
      {"version_1.transmission_risk_scores[7]: not in 0..8",
       [&](ExposureConfig& c, double v) {
         c.version_1.transmission_risk_scores[7] = integer(v);
       },
       good_scores, bad_scores},
      {"version_1.minimum_risk_score: not in 0..4096",
       [&](ExposureConfig& c, double v) {
         c.version_1.minimum_risk_score = integer(v);
       },
       {0, 4096},
       {-1, 4097}},
      {"version_1.duration_thresholds[0]: not in 0..255",
       [&](ExposureConfig& c, double v) {
         c.version_1.duration_thresholds = {integer(v), 255};
       },
       {0, 255},
       {-1, 256}},
      {"version_1.duration_thresholds[1]: below the one before",
       [&](ExposureConfig& c, double v) {
         c.version_1.duration_thresholds = {10, integer(v)};
       },
       {10, 255},
       {9, 0}},
  };
  const auto base = NamedExposureConfig("cocoa");
  ASSERT_THAT(base, IsOk());
  for (const Case& c : cases) {
    ExposureConfig config = *base;
    for (const double value : c.good) {
      c.set(config, value);
      EXPECT_EQ(Validate(config), absl::OkStatus()) << c.message << value;
    }
    for (const double value : c.bad) {
      c.set(config, value);
      EXPECT_EQ(Validate(config), absl::InvalidArgumentError(c.message))
          << value;
    }
  }
}

TEST(ValidateExposureConfigTest, WhatAMissingTypeStandsForIsReported) {
  auto config = NamedExposureConfig("cocoa");
  ASSERT_THAT(config, IsOk());
  for (const ReportType type :
       {ReportType::kConfirmedTest, ReportType::kConfirmedClinicalDiagnosis,
        ReportType::kSelfReport}) {
    config->mapping.report_type_when_missing = type;
    EXPECT_THAT(Validate(*config), IsOk());
  }
  for (const ReportType type :
       {ReportType::kUnknown, ReportType::kRecursive, ReportType::kRevoked}) {
    config->mapping.report_type_when_missing = type;
    EXPECT_EQ(Validate(*config),
              absl::InvalidArgumentError(
                  "report_type_when_missing: not a type that is reported"));
  }
}

}  // namespace
}  // namespace tekmatch
