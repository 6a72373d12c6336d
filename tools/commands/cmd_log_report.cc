// Plan:
//   1. entries of the log are gathered by hash: a phone is given the same file
//      in many checks, and a reader asks about files;
//   2. the exports that are here are found by their hashes;
//   3. gaps between checks;
//   4. questions that every form of the report asks.
// What log and exports say of one file stays apart, side by side: where they
// differ, the reader has to see both.
#include "tools/commands/cmd_log_report.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tekmatch {
namespace {

// What is gathered of a hash. Numbers are sets, since checks of one file may
// contradict each other, and none of them is more right.
struct Gathered {
  HashOfLog row;
  std::set<uint64_t> keys;
  std::set<uint64_t> matches;
  std::set<size_t> checks;
  std::optional<absl::Time> first;
  std::optional<absl::Time> last;
};

void Gather(const LoggedFile& file, Gathered* all) {
  if (file.keys.has_value()) all->keys.insert(*file.keys);
  if (file.matches.has_value()) all->matches.insert(*file.matches);
  all->checks.insert(file.check);
  if (file.time.has_value()) {
    if (!all->first.has_value() || *file.time < *all->first) {
      all->first = file.time;
      all->row.first_time = file.time_text;
    }
    if (!all->last.has_value() || *file.time > *all->last) {
      all->last = file.time;
      all->row.last_time = file.time_text;
    }
    return;
  }
  // Android's times are text of any language, which cannot be compared. The
  // log's order is all there is.
  if (file.time_text.empty()) return;
  if (all->row.first_time.empty()) all->row.first_time = file.time_text;
  all->row.last_time = file.time_text;
}

}  // namespace

LogReport MakeLogReport(const std::string& path, const CheckLog& log,
                        std::vector<ExportOfLog> exports) {
  LogReport report = {.path = path,
                      .log = &log,
                      .exports = std::move(exports),
                      .hashes = {},
                      .gaps = {},
                      .num_without_hash = 0};
  // Hashes keep the order of the log, which the map alone would lose.
  std::map<Sha256Digest, size_t> places;
  std::vector<Gathered> all;
  for (const LoggedFile& file : log.files) {
    if (!file.hash.has_value()) {
      ++report.num_without_hash;
      continue;
    }
    const auto [place, is_new] = places.emplace(*file.hash, all.size());
    if (is_new) all.emplace_back().row.hash = *file.hash;
    Gather(file, &all[place->second]);
  }
  for (size_t i = 0; i < report.exports.size(); ++i) {
    const auto place = places.find(report.exports[i].hash);
    if (place != places.end()) {
      all[place->second].row.exports.push_back(i);
    }
  }
  // One hash that is a file's proves that the log has hashes of files.
  const bool of_checks =
      HasHashesOfChecks(log) &&
      std::none_of(all.begin(), all.end(), [](const Gathered& gathered) {
        return !gathered.row.exports.empty();
      });
  for (Gathered& gathered : all) {
    HashOfLog& row = gathered.row;
    row.keys.assign(gathered.keys.begin(), gathered.keys.end());
    row.matches.assign(gathered.matches.begin(), gathered.matches.end());
    row.num_checks = gathered.checks.size();
    row.maybe_of_a_check = of_checks;
    report.hashes.push_back(std::move(row));
  }
  for (size_t i = 1; i < log.check_times.size(); ++i) {
    if (log.check_times[i] - log.check_times[i - 1] > kGapOfLog) {
      report.gaps.push_back({log.check_times[i - 1], log.check_times[i]});
    }
  }
  return report;
}

const ExportOfLog* ExportOf(const LogReport& report, const HashOfLog& row) {
  return row.exports.empty() ? nullptr : &report.exports[row.exports.front()];
}

std::string KeyDaysText(const ExportOfLog& file) {
  if (!file.first_day.has_value()) return "";
  const std::string first = absl::FormatCivilTime(*file.first_day);
  return *file.first_day == *file.last_day
             ? first
             : absl::StrCat(first, "..", absl::FormatCivilTime(*file.last_day));
}

std::optional<bool> KeysAgree(const HashOfLog& row, const ExportOfLog* file) {
  if (row.keys.empty() || file == nullptr) return std::nullopt;
  return row.keys.size() == 1 && row.keys.front() == file->num_keys;
}
std::optional<bool> MatchesAgree(const HashOfLog& row,
                                 const ExportOfLog* file) {
  if (row.matches.empty() || file == nullptr ||
      !file->num_matched.has_value()) {
    return std::nullopt;
  }
  return row.matches.size() == 1 && row.matches.front() == *file->num_matched;
}

bool CountsDiffer(const LogReport& report, const HashOfLog& row) {
  // A hash that is not compared (nullopt) does not disagree.
  const ExportOfLog* file = ExportOf(report, row);
  return !KeysAgree(row, file).value_or(true) ||
         !MatchesAgree(row, file).value_or(true);
}

std::string PathsOf(const LogReport& report, const HashOfLog& row) {
  return absl::StrJoin(row.exports, " ", [&](std::string* out, size_t i) {
    absl::StrAppend(out, report.exports[i].path);
  });
}

std::vector<const ExportOfLog*> NotInLog(const LogReport& report) {
  std::set<size_t> found;
  for (const HashOfLog& row : report.hashes) {
    found.insert(row.exports.begin(), row.exports.end());
  }
  std::vector<const ExportOfLog*> rest;
  for (size_t i = 0; i < report.exports.size(); ++i) {
    if (!found.contains(i)) rest.push_back(&report.exports[i]);
  }
  return rest;
}

uint64_t NumFound(const LogReport& report) {
  return static_cast<uint64_t>(
      std::count_if(report.hashes.begin(), report.hashes.end(),
                    [](const HashOfLog& row) { return !row.exports.empty(); }));
}

}  // namespace tekmatch
