// Plan: the numbers of a day in the order of the columns; then the log as text,
// JSON and CSV.
#include "tools/commands/cmd_log_cocoa_output.h"

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "keyformat/printable.h"

namespace tekmatch {
namespace {

using ::nlohmann::ordered_json;

// The numbers of a day in the order of the columns, phone's before ours.
std::vector<std::optional<double>> Numbers(const CocoaDay& day) {
  std::vector<std::optional<double>> numbers(6);
  const auto set = [&](const ExposureSummaryData& data, size_t first) {
    numbers[first] = data.maximum_score;
    numbers[first + 2] = data.score_sum;
    numbers[first + 4] = data.weighted_duration_sum;
  };
  if (day.logged.has_value()) set(*day.logged, 0);
  if (day.made.has_value()) set(day.made->all, 1);
  return numbers;
}

}  // namespace

std::string CocoaVerdict(const CocoaDay& day) {
  if (day.agrees) return "agrees";
  if (!day.logged.has_value()) return "no_summary";
  return day.made.has_value() ? "differs" : "no_windows";
}

std::string CocoaScore(const std::optional<double>& score) {
  return score.has_value() ? absl::StrFormat("%.6g", *score) : "-";
}

std::string CocoaLogText(const CocoaLog& log, const std::string& path) {
  std::string text = absl::StrCat(
      Printable(path), ": COCOA's exposure data, platform ",
      log.platform.empty() ? "unknown" : Printable(log.platform), ", app ",
      log.app_version.empty() ? "unknown" : Printable(log.app_version),
      "\nExposure windows: ", log.num_windows, " (", log.num_not_reported,
      " of a kind that makes no summary). Weights: ", log.config,
      ".\nIt holds no sightings. Below, the phone's daily summaries beside "
      "those made\nagain out of its windows (dates are UTC's).\n\n");
  absl::StrAppendFormat(&text, "%-10s  %9s %9s  %9s %9s  %9s %9s  %7s  %s\n",
                        "date", "max", "again", "sum", "again", "weighted",
                        "again", "windows", "verdict");
  for (const CocoaDay& day : log.days) {
    const std::vector<std::optional<double>> n = Numbers(day);
    absl::StrAppendFormat(
        &text, "%-10s  %9s %9s  %9s %9s  %9s %9s  %7d  %s\n",
        absl::FormatCivilTime(day.date), CocoaScore(n[0]), CocoaScore(n[1]),
        CocoaScore(n[2]), CocoaScore(n[3]), CocoaScore(n[4]), CocoaScore(n[5]),
        day.made.has_value() ? day.made->num_windows : 0, CocoaVerdict(day));
  }
  if (log.days.empty()) text += "(no day)\n";
  return text;
}

ordered_json CocoaLogJson(const CocoaLog& log, const std::string& path) {
  const auto data = [](const ExposureSummaryData& of) -> ordered_json {
    return {{"maximum_score", of.maximum_score},
            {"score_sum", of.score_sum},
            {"weighted_duration_sum", of.weighted_duration_sum}};
  };
  ordered_json days = ordered_json::array();
  for (const CocoaDay& day : log.days) {
    days.push_back(
        {{"date", absl::FormatCivilTime(day.date)},
         {"logged", day.logged.has_value() ? data(*day.logged) : nullptr},
         {"made", day.made.has_value() ? data(day.made->all) : nullptr},
         {"windows", day.made.has_value() ? day.made->num_windows : 0},
         {"seconds", day.made.has_value() ? day.made->seconds : 0},
         {"verdict", CocoaVerdict(day)}});
  }
  return {{"log",
           {{"path", path},
            {"format", "cocoa-exposure-data"},
            {"platform", log.platform},
            {"app_version", log.app_version},
            {"config", log.config},
            {"windows", log.num_windows},
            {"windows_not_reported", log.num_not_reported}}},
          {"days", std::move(days)}};
}

std::string CocoaLogCsv(const CocoaLog& log) {
  std::string csv =
      "date,maximum_score,maximum_score_made,score_sum,score_sum_made,"
      "weighted_duration_sum,weighted_duration_sum_made,windows,verdict\n";
  for (const CocoaDay& day : log.days) {
    absl::StrAppend(&csv, absl::FormatCivilTime(day.date));
    for (const std::optional<double>& number : Numbers(day)) {
      absl::StrAppend(&csv, ",", number.has_value() ? CocoaScore(number) : "");
    }
    absl::StrAppend(&csv, ",", day.made.has_value() ? day.made->num_windows : 0,
                    ",", CocoaVerdict(day), "\n");
  }
  return csv;
}

}  // namespace tekmatch
