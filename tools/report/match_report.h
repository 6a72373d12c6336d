// What a match run found, as text and JSON: dates and counts, never a clock
// time, a key or an RPI; those are in the match lines only, which a verifier
// asks for.
#ifndef TEKMATCH_TOOLS_REPORT_MATCH_REPORT_H_
#define TEKMATCH_TOOLS_REPORT_MATCH_REPORT_H_

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "matcher/check/export_files.h"
#include "matcher/check/match_run.h"
#include "matcher/join/match.h"
#include "tools/report/run_remarks.h"
#include "tools/sightings/sightings_stores.h"

namespace tekmatch {

struct DateCount {
  absl::CivilDay date;
  uint64_t num_keys = 0;       // distinct TEKs sighted on that date
  uint64_t num_sightings = 0;  // matched sightings

  bool operator==(const DateCount&) const = default;
};

// Ascending; only dates with a match. `zone` decides the date of a sighting.
std::vector<DateCount> CountByDate(const std::vector<Match>& matches,
                                   absl::TimeZone zone);

uint64_t CountKeys(const std::vector<Match>& matches);
uint64_t CountRpis(const std::vector<Match>& matches);
// A sighting that matches two keys counts once.
uint64_t CountSightings(const std::vector<Match>& matches);

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
};

// The documented object (README, "JSON output").
nlohmann::ordered_json MatchReportJson(const MatchReportInput& input);
std::string MatchReportText(const MatchReportInput& input);

// What is known of one file: an element of files[].
nlohmann::ordered_json ExportFileJson(const ExportFileResult& file);

// One line of --matches-out, with its newline. `path` is the key's file.
std::string MatchLine(const Match& match, const std::string& path,
                      bool with_device = false);

// JSON text of any value, safe to show (printable.h); bytes that are no UTF-8
// (paths can hold them) become U+FFFD. indent < 0: one line.
std::string DumpJson(const nlohmann::ordered_json& value, int indent);

// "1 key", "2 keys".
std::string Counted(uint64_t n, absl::string_view singular);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_REPORT_MATCH_REPORT_H_
