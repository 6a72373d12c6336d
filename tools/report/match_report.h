// What a match run found, as text and JSON: dates and counts, never a clock
// time, a key or an RPI; those are in the match lines only, which a verifier
// asks for.
#ifndef TEKMATCH_TOOLS_REPORT_MATCH_REPORT_H_
#define TEKMATCH_TOOLS_REPORT_MATCH_REPORT_H_

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "matcher/check/export_files.h"
#include "matcher/check/exposure_check.h"
#include "matcher/join/match.h"
#include "tools/report/match_totals.h"
#include "tools/report/run_remarks.h"
#include "tools/report/store_report.h"
#include "tools/sightings/sightings_stores.h"

namespace tekmatch {

// The matches of each device that is named or has one, in their order.
std::map<uint32_t, std::vector<Match>> SplitByDevice(
    const std::vector<Match>& matches, const SightingsCounts& sightings);

struct MatchReportInput {
  // Where its sightings name devices, results are also told for each of them.
  RunAccount account;
  MatchPolicy policy;
  absl::TimeZone zone;
  std::string window_policy = "none";
  absl::TimeZone window_zone;
  // Where the run is over a store.
  const StoreAccount* store = nullptr;
  // Where matches are not in memory, what they come to, in `zone`; account.run
  // then has none of them, or one, which is not looked at.
  const MatchTotals* totals = nullptr;
};

// The documented object (docs/formats.md).
nlohmann::ordered_json MatchReportJson(const MatchReportInput& input);
// The same in parts, where devices are many: the object without its last
// member, `devices`, which it has if totals.by_device is not empty, and an
// element of that.
nlohmann::ordered_json MatchReportHeadJson(const MatchReportInput& input,
                                           const MatchTotals& totals);
nlohmann::ordered_json DeviceJson(uint32_t device, const MatchNumbers& numbers);
std::string MatchReportText(const MatchReportInput& input);

// What is known of one file: an element of files[].
nlohmann::ordered_json ExportFileJson(const ExportFileResult& file);

// "1 key", "2 keys".
std::string Counted(uint64_t n, absl::string_view singular);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_REPORT_MATCH_REPORT_H_
