#include "bench/ratio_table.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bench/measure.h"
#include "matcher/kernels/dispatch.h"

namespace tekmatch {
namespace {

std::string OrDash(double figure) {
  return figure == 0 ? "-" : absl::StrFormat("%.2f", figure);
}

nlohmann::ordered_json OrNull(double figure) {
  return figure == 0 ? nlohmann::ordered_json()
                     : nlohmann::ordered_json(figure);
}

}  // namespace

std::string RatiosText(const std::vector<RatioRow>& rows, const RatioRun& run) {
  std::string text = absl::StrCat(DescribeMachine(), "\nCommit ", run.commit,
                                  ", kernel ", DefaultKernels().name, "\n");
  if (run.quick) text += "Quick run: these figures mean nothing.\n";
  absl::StrAppendFormat(&text, "%-22s %8s %15s %8s %6s %15s %15s %5s\n", "",
                        "ratio", "half of runs", "ceiling", "share", "keys/s",
                        "against keys/s", "runs");
  for (const RatioRow& row : rows) {
    if (!row.skipped.empty()) {
      absl::StrAppendFormat(&text, "%-22s skipped: %s\n", row.name,
                            row.skipped);
      continue;
    }
    absl::StrAppendFormat(
        &text, "%-22s %8.2f %15s %8s %6s %15.0f %15.0f %5d\n", row.name,
        row.ratio,
        absl::StrFormat("%.2f..%.2f", row.low_quartile, row.high_quartile),
        OrDash(row.ceiling), OrDash(row.share_of_ceiling),
        row.engine_keys_per_s, row.baseline_keys_per_s, row.num_runs);
  }
  return text;
}

nlohmann::ordered_json RatiosJson(const std::vector<RatioRow>& rows,
                                  const RatioRun& run) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const RatioRow& row : rows) {
    if (!row.skipped.empty()) {
      list.push_back({{"name", row.name}, {"skipped", row.skipped}});
      continue;
    }
    list.push_back({{"name", row.name},
                    {"kernel", row.kernel},
                    {"runs", row.num_runs},
                    {"ratio", row.ratio},
                    {"low_quartile", row.low_quartile},
                    {"high_quartile", row.high_quartile},
                    {"ceiling", OrNull(row.ceiling)},
                    {"share_of_ceiling", OrNull(row.share_of_ceiling)},
                    {"engine_keys_per_s", row.engine_keys_per_s},
                    {"baseline_keys_per_s", row.baseline_keys_per_s}});
  }
  return {{"quick", run.quick},
          {"commit", run.commit},
          {"machine", DescribeMachine()},
          {"kernel", DefaultKernels().name},
          {"rows", list}};
}

}  // namespace tekmatch
