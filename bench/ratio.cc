#include "bench/ratio.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "bench/measure.h"
#include "keyformat/status_macros.h"

namespace tekmatch {
namespace {

// Measurements of a floor are short, and a neighbour takes whole slices of
// them.
constexpr int kFloorTries = 3;

}  // namespace

absl::StatusOr<RatioRow> Compare(int num_runs, const Meter& engine,
                                 const Meter& reference, const Meter& floor) {
  std::vector<double> ratios;
  std::vector<double> engine_rates;
  std::vector<double> reference_rates;
  double least = std::numeric_limits<double>::infinity();
  for (int run = 0; run < num_runs; ++run) {
    TEKMATCH_ASSIGN_OR_RETURN(const double before, reference(run));
    TEKMATCH_ASSIGN_OR_RETURN(const double seconds, engine(run));
    TEKMATCH_ASSIGN_OR_RETURN(const double after, reference(run));
    const double mean = (before + after) / 2;
    ratios.push_back(mean / seconds);
    engine_rates.push_back(1 / seconds);
    reference_rates.push_back(1 / mean);
    for (int i = 0; floor != nullptr && i < kFloorTries; ++i) {
      TEKMATCH_ASSIGN_OR_RETURN(const double seconds_at_least, floor(run));
      least = std::min(least, seconds_at_least);
    }
  }
  const double engine_rate = Quantile(engine_rates, 0.5);
  const double reference_rate = Quantile(reference_rates, 0.5);
  return RatioRow{
      .name = "",
      .kernel = "",
      .num_runs = num_runs,
      .ratio = Quantile(ratios, 0.5),
      .low_quartile = Quantile(ratios, 0.25),
      .high_quartile = Quantile(ratios, 0.75),
      // Where nothing was measured, 1 / infinity.
      .ceiling = 1 / least / reference_rate,
      .share_of_ceiling = least == std::numeric_limits<double>::infinity()
                              ? 0
                              : least * engine_rate,
      .engine_keys_per_s = engine_rate,
      .baseline_keys_per_s = reference_rate,
      .skipped = ""};
}

RatioRow SkippedRow(absl::string_view why) {
  RatioRow row;
  row.skipped = std::string(why);
  return row;
}

}  // namespace tekmatch
