// The page of `tekmatch window --html`: which of a person's keys would go out,
// by day and hour, and why. Never a key.
#ifndef TEKMATCH_TOOLS_COMMANDS_CMD_WINDOW_PAGE_H_
#define TEKMATCH_TOOLS_COMMANDS_CMD_WINDOW_PAGE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/exposure/transmission_window.h"
#include "tools/report/run_remarks.h"

namespace tekmatch {

// What is known of one key. Days since onset are symptom data: only on request.
struct WindowRow {
  const DiagnosisKey& key;
  WindowDecision decision;
  std::optional<int64_t> days_since_onset;
};

// `policy` is its name; days and hours are `zone`'s. Rows are numbered from 1,
// in the order of the file.
std::string WindowPage(const std::vector<WindowRow>& rows,
                       const std::string& policy, absl::TimeZone zone,
                       Language language);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_COMMANDS_CMD_WINDOW_PAGE_H_
