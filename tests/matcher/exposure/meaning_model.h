// A second, simple model of what matches mean: windows, daily summaries, the
// summary of version 1. It is written from the rules (docs/matching.md, the
// headers), as slowly as they read: windows by taking away what the first one
// holds, durations second by second.
#ifndef TEKMATCH_TESTS_MATCHER_EXPOSURE_MEANING_MODEL_H_
#define TEKMATCH_TESTS_MATCHER_EXPOSURE_MEANING_MODEL_H_

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/exposure/exposure_config.h"
#include "matcher/join/match.h"

namespace tekmatch {

struct ModelWindow {
  Tek tek;
  int64_t start = 0;
  ReportType type = ReportType::kUnknown;
  Infectiousness infectiousness = Infectiousness::kNone;
  int confidence = 0;
  // seconds since last scan, typical and least attenuation
  std::vector<std::array<int, 3>> scans;

  auto operator<=>(const ModelWindow&) const = default;
};

// By key and time. `matches` is as ResolveMatches has it.
std::vector<ModelWindow> ModelWindows(const std::vector<Match>& matches,
                                      const ExposureConfig& config);

struct ModelSums {
  double maximum = 0;
  double scores = 0;
  double durations = 0;

  auto operator<=>(const ModelSums&) const = default;
};

struct ModelDay {
  ModelSums all;
  std::map<ReportType, ModelSums> by_type;  // those with a window that counts
  int64_t seconds = 0;
  int windows = 0;
  std::set<Tek> keys;
  bool alerting = false;
};

std::map<absl::CivilDay, ModelDay> ModelDays(
    const std::vector<ModelWindow>& windows, const ExposureConfig& config,
    absl::TimeZone zone, absl::CivilDay today);

struct ModelV1 {
  int maximum = 0;
  int64_t sum = 0;
  std::array<int64_t, 3> seconds{};
};

// `now`: Unix seconds.
ModelV1 ModelVersion1(const std::vector<Match>& matches,
                      const ExposureConfigV1& config, int64_t now);

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_MATCHER_EXPOSURE_MEANING_MODEL_H_
