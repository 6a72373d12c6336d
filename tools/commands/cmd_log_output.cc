// Plan: what a text needs (times, a table's columns, matches in words) and a
// field of CSV; then the report as text, JSON and CSV.
#include "tools/commands/cmd_log_output.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "keyformat/printable.h"
#include "tools/files/hex.h"
#include "tools/report/fit_lines.h"
#include "tools/report/match_report.h"

namespace tekmatch {
namespace {

using ::nlohmann::ordered_json;

// "3", or "3/4" of a log that contradicts itself; "-" if it says none.
std::string Numbers(const std::vector<uint64_t>& numbers) {
  return numbers.empty() ? "-" : absl::StrJoin(numbers, "/");
}

std::string OrDash(const std::string& text) {
  return text.empty() ? "-" : text;
}

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", time, absl::UTCTimeZone());
}

// A table whose columns are as wide as what is in them; the last one is not
// filled up.
std::string Table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths(rows.front().size());
  for (const std::vector<std::string>& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], DisplayWidth(row[i]));
    }
  }
  std::string text;
  for (const std::vector<std::string>& row : rows) {
    for (size_t i = 0; i + 1 < row.size(); ++i) {
      absl::StrAppend(&text, row[i],
                      std::string(widths[i] - DisplayWidth(row[i]) + 2, ' '));
    }
    absl::StrAppend(&text, row.back(), "\n");
  }
  return text;
}

// The same for a screen that is narrower: a block a row, with its headings, a
// fact a line.
std::string Blocks(const std::vector<std::vector<std::string>>& rows) {
  size_t width = 0;
  for (const std::string& name : rows.front()) {
    width = std::max(width, DisplayWidth(name));
  }
  std::string text;
  for (size_t r = 1; r < rows.size(); ++r) {
    absl::StrAppend(&text, rows[r][0], "\n");
    for (size_t i = 1; i < rows[r].size(); ++i) {
      const std::string& name = rows.front()[i];
      absl::StrAppend(&text, "  ", name,
                      std::string(width - DisplayWidth(name) + 2, ' '),
                      rows[r][i], "\n");
    }
  }
  return text;
}

std::string TableFor(const std::vector<std::vector<std::string>>& rows,
                     size_t width) {
  std::string table = Table(rows);
  if (width == 0) return table;
  const std::vector<absl::string_view> lines = absl::StrSplit(table, '\n');
  const bool fits = std::all_of(
      lines.begin(), lines.end(),
      [&](absl::string_view line) { return DisplayWidth(line) <= width; });
  return fits ? table : Blocks(rows);
}

// What a matched hash means: a log has no day of contact, but the days of the
// file's keys bound it. Several days are not narrowed down any further.
std::string MatchesText(const LogReport& report) {
  std::string text;
  for (const HashOfLog& row : report.hashes) {
    const uint64_t matches =
        row.matches.empty() ? 0 : row.matches.back();  // the greatest
    if (matches == 0) continue;
    absl::StrAppend(&text, "  ", EncodeHex(row.hash).substr(0, 16), ": ",
                    Counted(matches, "key"), " heard");
    const ExportOfLog* file = ExportOf(report, row);
    if (file == nullptr) {
      absl::StrAppend(&text, row.maybe_of_a_check
                                 ? " in a check; its hash is of no file\n"
                                 : " in a file that is not here\n");
    } else if (file->first_day.has_value() &&
               *file->first_day == *file->last_day) {
      absl::StrAppend(&text, ", on ", KeyDaysText(*file),
                      " UTC (in Japan from 09:00 to 09:00 of the next day)\n");
    } else {
      absl::StrAppend(&text, ", of several days, ", KeyDaysText(*file),
                      " UTC: which one the log does not say\n");
    }
  }
  return text;
}

// Paths and times are others' text: a spreadsheet must not run one that begins
// as a formula, and a quote or comma must not move the columns.
std::string CsvField(const std::string& text) {
  std::string field = Printable(text);
  if (!field.empty() &&
      std::string("=+-@").find(field[0]) != std::string::npos) {
    field = "'" + field;
  }
  if (field.find_first_of(",\"") == std::string::npos) return field;
  return absl::StrCat("\"", absl::StrReplaceAll(field, {{"\"", "\"\""}}), "\"");
}

ordered_json OptionalJson(const std::optional<bool>& value) {
  return value.has_value() ? ordered_json(*value) : ordered_json(nullptr);
}

}  // namespace

std::string LogText(const LogReport& report, size_t width) {
  const CheckLog& log = *report.log;
  std::string text = absl::StrCat(
      Printable(report.path), ": log of exposure checks, ",
      CheckLogFormatName(log.format), ", ", Counted(log.num_checks, "check"));
  if (!log.check_times.empty()) {
    absl::StrAppend(&text, ", ", TimeText(log.check_times.front()), " to ",
                    TimeText(log.check_times.back()));
  }
  absl::StrAppend(&text, "\nHashes: ", report.hashes.size(), ", of which ",
                  NumFound(report), " are of exports given here (",
                  report.exports.size(),
                  "). Entries without a hash: ", report.num_without_hash,
                  ".\nTimes are those of checks, not of contacts.\n");
  if (std::any_of(report.hashes.begin(), report.hashes.end(),
                  [](const HashOfLog& row) { return row.maybe_of_a_check; })) {
    text +=
        "Each check has one hash, and none comes twice: from its version 1.8 "
        "on "
        "Android\nnotes one for all files of a check. Such a hash is found in "
        "no file.\n";
  }
  if (!report.hashes.empty()) {
    std::vector<std::vector<std::string>> rows = {
        {"hash", "keys", "in file", "matches", "found", "checks", "first check",
         "last check", "key days (UTC)", "file"}};
    for (const HashOfLog& row : report.hashes) {
      const ExportOfLog* file = ExportOf(report, row);
      // 16 digits tell files apart; JSON and CSV have the whole hash.
      rows.push_back({EncodeHex(row.hash).substr(0, 16), Numbers(row.keys),
                      file == nullptr ? "-" : absl::StrCat(file->num_keys),
                      Numbers(row.matches),
                      file == nullptr || !file->num_matched.has_value()
                          ? "-"
                          : absl::StrCat(*file->num_matched),
                      absl::StrCat(row.num_checks),
                      OrDash(Printable(row.first_time)),
                      OrDash(Printable(row.last_time)),
                      file == nullptr ? "-" : OrDash(KeyDaysText(*file)),
                      OrDash(Printable(PathsOf(report, row)))});
    }
    absl::StrAppend(&text, "\n", TableFor(rows, width));
  }
  const auto num_disagree = std::count_if(
      report.hashes.begin(), report.hashes.end(),
      [&](const HashOfLog& row) { return CountsDiffer(report, row); });
  if (num_disagree > 0) {
    absl::StrAppend(&text, "\nHashes whose counts in the log and here differ: ",
                    num_disagree, ".\n");
  }
  if (const std::string matches = MatchesText(report); !matches.empty()) {
    absl::StrAppend(&text, "\nMatches that the phone saw:\n", matches);
  }
  if (!report.gaps.empty()) {
    absl::StrAppend(&text, "\nMore than 36 hours between two checks:\n");
    for (const GapOfLog& gap : report.gaps) {
      absl::StrAppend(&text, "  ", TimeText(gap.from), " to ", TimeText(gap.to),
                      ": ", absl::ToInt64Hours(gap.to - gap.from), " h\n");
    }
  }
  if (const auto rest = NotInLog(report); !rest.empty()) {
    absl::StrAppend(&text, "\nExports that the log does not have:\n");
    for (const ExportOfLog* file : rest) {
      absl::StrAppend(&text, "  ", Printable(file->path), "\n");
    }
  }
  return text;
}

ordered_json LogJson(const LogReport& report) {
  const CheckLog& log = *report.log;
  const auto time = [](absl::Time at) {
    return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", at, absl::UTCTimeZone());
  };
  ordered_json gaps = ordered_json::array();
  for (const GapOfLog& gap : report.gaps) {
    gaps.push_back({{"from", time(gap.from)},
                    {"to", time(gap.to)},
                    {"hours", absl::ToInt64Hours(gap.to - gap.from)}});
  }
  ordered_json hashes = ordered_json::array();
  for (const HashOfLog& row : report.hashes) {
    const ExportOfLog* file = ExportOf(report, row);
    ordered_json paths = ordered_json::array();
    for (const size_t i : row.exports) paths.push_back(report.exports[i].path);
    ordered_json in_file = nullptr;
    ordered_json found = nullptr;
    if (file != nullptr) {
      in_file = file->num_keys;
      if (file->num_matched.has_value()) found = *file->num_matched;
    }
    ordered_json days = nullptr;
    if (file != nullptr && file->first_day.has_value()) {
      days = {{"first", absl::FormatCivilTime(*file->first_day)},
              {"last", absl::FormatCivilTime(*file->last_day)}};
    }
    hashes.push_back({{"sha256", EncodeHex(row.hash)},
                      {"files", std::move(paths)},
                      {"keys_logged", row.keys},
                      {"keys_in_file", std::move(in_file)},
                      {"keys_agree", OptionalJson(KeysAgree(row, file))},
                      {"matches_logged", row.matches},
                      {"matches_found", std::move(found)},
                      {"matches_agree", OptionalJson(MatchesAgree(row, file))},
                      {"checks", row.num_checks},
                      {"first_check", row.first_time},
                      {"last_check", row.last_time},
                      {"key_days", std::move(days)},
                      {"maybe_of_a_check", row.maybe_of_a_check}});
  }
  ordered_json rest = ordered_json::array();
  for (const ExportOfLog* file : NotInLog(report)) rest.push_back(file->path);
  const bool timed = !log.check_times.empty();
  return {{"log",
           {{"path", report.path},
            {"format", std::string(CheckLogFormatName(log.format))},
            {"checks", log.num_checks},
            {"entries", log.files.size()},
            {"entries_without_hash", report.num_without_hash},
            {"first_check", timed ? ordered_json(time(log.check_times.front()))
                                  : ordered_json(nullptr)},
            {"last_check", timed ? ordered_json(time(log.check_times.back()))
                                 : ordered_json(nullptr)},
            {"gaps", std::move(gaps)}}},
          {"hashes", std::move(hashes)},
          {"files_not_in_log", std::move(rest)}};
}

std::string LogCsv(const LogReport& report) {
  std::string csv =
      "sha256,keys_logged,keys_in_file,matches_logged,matches_found,checks,"
      "first_check,last_check,first_key_day,last_key_day,maybe_of_a_check,"
      "files\n";
  for (const HashOfLog& row : report.hashes) {
    const ExportOfLog* file = ExportOf(report, row);
    const auto number = [](const std::optional<uint64_t>& n) {
      return n.has_value() ? absl::StrCat(*n) : std::string();
    };
    const auto day = [](const std::optional<absl::CivilDay>& date) {
      return date.has_value() ? absl::FormatCivilTime(*date) : std::string();
    };
    const ExportOfLog none;
    const ExportOfLog& of = file == nullptr ? none : *file;
    absl::StrAppend(
        &csv, EncodeHex(row.hash), ",", absl::StrJoin(row.keys, "/"), ",",
        file == nullptr ? "" : absl::StrCat(of.num_keys), ",",
        absl::StrJoin(row.matches, "/"), ",", number(of.num_matched), ",",
        row.num_checks, ",", CsvField(row.first_time), ",");
    absl::StrAppend(&csv, CsvField(row.last_time), ",", day(of.first_day), ",",
                    day(of.last_day), ",",
                    row.maybe_of_a_check ? "true" : "false", ",",
                    CsvField(PathsOf(report, row)), "\n");
  }
  return csv;
}

}  // namespace tekmatch
