// What is in one export, as JSON: metadata, and counts per field, per report
// type, per start day and so on. Never a key.
#ifndef TEKMATCH_TOOLS_REPORT_EXPORT_STATISTICS_H_
#define TEKMATCH_TOOLS_REPORT_EXPORT_STATISTICS_H_

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "absl/time/civil_time.h"
#include "keyformat/key_block.h"
#include "matcher/check/export_files.h"

namespace tekmatch {

// Counts of the good keys; rejected ones are in the reader's report.
class ExportStatistics {
 public:
  void Add(const KeyBlock& block);

  // Together with what the reader knows of the file.
  nlohmann::ordered_json Json(const ExportFileResult& file) const;

 private:
  std::map<std::optional<int>, uint64_t> transmission_risks_;
  std::map<std::optional<ReportType>, uint64_t> report_types_;
  std::map<std::optional<int>, uint64_t> days_since_onset_;
  std::map<std::optional<int>, uint64_t> variants_;
  std::map<int, uint64_t> rolling_periods_;
  std::map<absl::CivilDay, uint64_t> start_days_;  // UTC
};

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_REPORT_EXPORT_STATISTICS_H_
