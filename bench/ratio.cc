#include "bench/ratio.h"

#include <vector>

#include "bench/measure.h"
#include "keyformat/status_macros.h"

namespace tekmatch {

absl::StatusOr<RatioRow> Compare(int num_runs, const Meter& engine,
                                 const Meter& reference) {
  std::vector<double> ratios;
  std::vector<double> engine_rates;
  std::vector<double> reference_rates;
  for (int run = 0; run < num_runs; ++run) {
    TEKMATCH_ASSIGN_OR_RETURN(const double before, reference(run));
    TEKMATCH_ASSIGN_OR_RETURN(const double seconds, engine(run));
    TEKMATCH_ASSIGN_OR_RETURN(const double after, reference(run));
    const double mean = (before + after) / 2;
    ratios.push_back(mean / seconds);
    engine_rates.push_back(1 / seconds);
    reference_rates.push_back(1 / mean);
  }
  return RatioRow{.name = "",
                  .kernel = "",
                  .num_runs = num_runs,
                  .ratio = Quantile(ratios, 0.5),
                  .low_quartile = Quantile(ratios, 0.25),
                  .high_quartile = Quantile(ratios, 0.75),
                  .engine_keys_per_s = Quantile(engine_rates, 0.5),
                  .baseline_keys_per_s = Quantile(reference_rates, 0.5),
                  .skipped = ""};
}

RatioRow SkippedRow(absl::string_view why) {
  RatioRow row;
  row.skipped = std::string(why);
  return row;
}

}  // namespace tekmatch
