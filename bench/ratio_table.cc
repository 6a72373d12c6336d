#include "bench/ratio_table.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bench/measure.h"

namespace tekmatch {

std::string RatiosText(const std::vector<RatioRow>& rows, bool quick) {
  std::string text = absl::StrCat(DescribeMachine(), "\n");
  if (quick) text += "Quick run: these figures mean nothing.\n";
  absl::StrAppendFormat(&text, "%-22s %8s %15s %15s\n", "", "ratio", "keys/s",
                        "against keys/s");
  for (const RatioRow& row : rows) {
    if (!row.skipped.empty()) {
      absl::StrAppendFormat(&text, "%-22s skipped: %s\n", row.name,
                            row.skipped);
      continue;
    }
    absl::StrAppendFormat(&text, "%-22s %8.2f %15.0f %15.0f\n", row.name,
                          row.ratio, row.engine_keys_per_s,
                          row.baseline_keys_per_s);
  }
  return text;
}

nlohmann::ordered_json RatiosJson(const std::vector<RatioRow>& rows,
                                  bool quick) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const RatioRow& row : rows) {
    if (!row.skipped.empty()) {
      list.push_back({{"name", row.name}, {"skipped", row.skipped}});
      continue;
    }
    list.push_back({{"name", row.name},
                    {"ratio", row.ratio},
                    {"engine_keys_per_s", row.engine_keys_per_s},
                    {"baseline_keys_per_s", row.baseline_keys_per_s}});
  }
  return {{"quick", quick}, {"machine", DescribeMachine()}, {"rows", list}};
}

}  // namespace tekmatch
