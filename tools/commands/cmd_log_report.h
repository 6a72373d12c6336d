// A log of exposure checks (tools/sightings/check_log.h) beside the exports
// that a person has: hash by hash, with the gaps between checks.
#ifndef TEKMATCH_TOOLS_COMMANDS_CMD_LOG_REPORT_H_
#define TEKMATCH_TOOLS_COMMANDS_CMD_LOG_REPORT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "keyformat/signature.h"
#include "tools/sightings/check_log.h"

namespace tekmatch {

// An export, as far as a log can be held against it.
struct ExportOfLog {
  std::string path;
  Sha256Digest hash{};    // of its export.bin
  uint64_t num_keys = 0;  // all that it publishes
  // UTC days on which good keys begin; none if there are none.
  std::optional<absl::CivilDay> first_day;
  std::optional<absl::CivilDay> last_day;
  // Distinct keys with a match, if sightings were given and the log has it.
  std::optional<uint64_t> num_matched;
};

// All that the log says of one hash.
struct HashOfLog {
  Sha256Digest hash{};
  std::vector<size_t> exports;    // of the exports given, that have it
  std::vector<uint64_t> keys;     // distinct numbers that the log gives
  std::vector<uint64_t> matches;  // the same
  size_t num_checks = 0;
  // iOS: the earliest and the latest; Android: as they stand in the log.
  std::string first_time;
  std::string last_time;
  bool maybe_of_a_check = false;  // HasHashesOfChecks, and no export has it
};

// More than a day and a half between two checks, of which a phone makes one
// every day at least.
struct GapOfLog {
  absl::Time from;
  absl::Time to;
};
inline constexpr absl::Duration kGapOfLog = absl::Hours(36);

struct LogReport {
  std::string path;
  const CheckLog* log = nullptr;
  std::vector<ExportOfLog> exports;
  std::vector<HashOfLog> hashes;  // in the order of the log
  std::vector<GapOfLog> gaps;
  uint64_t num_without_hash = 0;  // entries
};

// Joins the two.
LogReport MakeLogReport(const std::string& path, const CheckLog& log,
                        std::vector<ExportOfLog> exports);

// One of the exports that have the hash; null if none was given. They have the
// same export.bin, so that any of them will do.
const ExportOfLog* ExportOf(const LogReport& report, const HashOfLog& row);

// The UTC days of its keys, "2020-12-01" or "2020-12-01..2020-12-03"; empty if
// it has no good key.
std::string KeyDaysText(const ExportOfLog& file);

// Whether the log's counts and ours say the same; nothing where one is lacking.
std::optional<bool> KeysAgree(const HashOfLog& row, const ExportOfLog* file);
std::optional<bool> MatchesAgree(const HashOfLog& row, const ExportOfLog* file);
// Either of them is false.
bool CountsDiffer(const LogReport& report, const HashOfLog& row);

// Of all exports that have the hash, with spaces between: bytes of others.
std::string PathsOf(const LogReport& report, const HashOfLog& row);

// Exports that were given, whose hashes the log does not have.
std::vector<const ExportOfLog*> NotInLog(const LogReport& report);

// Hashes of which an export was given.
uint64_t NumFound(const LogReport& report);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_COMMANDS_CMD_LOG_REPORT_H_
