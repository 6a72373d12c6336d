// COCOA's exposure_data.json (from version 2.0.1 on): the daily summaries and
// the exposure windows that the phone made of a person's contacts, and the
// configuration that it was given. No sightings are in it. The summaries are
// made again, out of the windows, and held against the phone's.
//
// Source: cocoa-mhlw/cocoa, Model/ExposureData.cs; keiji/chino,
// DailySummary.cs, ExposureWindow.cs, ExposureConfiguration.cs; cocoa#752.
#ifndef TEKMATCH_TOOLS_COMMANDS_CMD_LOG_COCOA_H_
#define TEKMATCH_TOOLS_COMMANDS_CMD_LOG_COCOA_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "matcher/exposure/daily_summary.h"

namespace tekmatch {

// A date (UTC's, as the platform's are) of either.
struct CocoaDay {
  absl::CivilDay date;
  std::optional<ExposureSummaryData> logged;  // the phone's
  std::optional<DailySummary> made;           // out of its windows
  // Both are there, and their three numbers agree to a millionth.
  bool agrees = false;
};

struct CocoaLog {
  std::string platform;  // as it stands there, in any bytes
  std::string app_version;
  // "google_daily_summaries_config", "apple_exposure_config_v2" of the file, or
  // "cocoa", this tool's, where the file has neither.
  std::string config;
  uint64_t num_windows = 0;
  // Whose report type or infectiousness makes no summary.
  uint64_t num_not_reported = 0;
  std::vector<CocoaDay> days;  // ascending
};

bool LooksLikeCocoaLog(absl::string_view text);

// INVALID_ARGUMENT: not JSON, or not of that form; the reason has no byte of
// it.
absl::StatusOr<CocoaLog> ParseCocoaLog(absl::string_view text);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_COMMANDS_CMD_LOG_COCOA_H_
