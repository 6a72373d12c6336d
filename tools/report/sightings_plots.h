// Figures of what a phone heard: sightings by hour and day, identifiers a day,
// and the gaps between. They hold no contact, and no identifier.
#ifndef TEKMATCH_TOOLS_REPORT_SIGHTINGS_PLOTS_H_
#define TEKMATCH_TOOLS_REPORT_SIGHTINGS_PLOTS_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "matcher/join/sighting.h"
#include "tools/report/run_remarks.h"

namespace tekmatch {

// So many days at most, the newest: a page of more would be of no use, and a
// clock that is wrong makes them.
inline constexpr int kMostSightingDays = 60;
// Longer times without a sighting are gaps.
inline constexpr int64_t kGapSeconds = int64_t{15} * 60;

struct SightingsPlotsInput {
  // As SightingIndex has them: sorted by RPI. Those of other devices are left
  // out.
  absl::Span<const Sighting> sightings;
  uint32_t device = 0;
  std::string id;  // of the figures, which append to it; as PlotText::id
  absl::TimeZone zone;
  Language language = Language::kEnglish;
};

// HTML (tools/page/plots.h) of the three figures.
std::string SightingsPlots(const SightingsPlotsInput& input);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_REPORT_SIGHTINGS_PLOTS_H_
