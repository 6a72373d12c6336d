// What a check leaves for C: rows of numbers and names, no key and no
// identifier.
#ifndef TEKMATCH_MATCHER_API_RESULT_H_
#define TEKMATCH_MATCHER_API_RESULT_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "matcher/api/tekmatch.h"
#include "matcher/check/check_result.h"
#include "matcher/exposure/exposure_config.h"

namespace tekmatch {

struct ResultFile {
  tekmatch_file row{};  // its strings are those below
  std::string name;
  std::string verdict;
  std::string reason;
  std::string copy_of;
};

}  // namespace tekmatch

struct tekmatch_result {
  // Of a check over a store.
  bool has_stored = false;
  tekmatch_stored stored{};
  std::vector<std::pair<std::string, tekmatch_given_state>> given;
  std::vector<std::string> needed_again;

  std::vector<tekmatch::ResultFile> files;
  tekmatch_counts counts{};
  // Of a complete result. What CheckCompared needs: the rest of it is empty.
  tekmatch::ExposureCheckResult compared;
  // tekmatch_result_compared was asked.
  mutable std::atomic<bool> asked = false;
  std::vector<tekmatch_date_count> dates;
  // With a configuration.
  bool has_findings = false;
  std::vector<tekmatch_day> days;
  std::vector<tekmatch_window> windows;
  std::vector<tekmatch_scan> scans;
  tekmatch_notice notice{};  // its strings are those below
  std::string zone;
  std::string consultation_japanese;
  std::string consultation_english;
};

namespace tekmatch {

// Fills `result`, which is new, from a check for one person.
void FillResult(ExposureCheckResult checked,
                const std::optional<ExposureConfig>& config,
                absl::TimeZone zone, tekmatch_result& result);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_API_RESULT_H_
