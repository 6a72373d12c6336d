// Plan: scans and windows of the date become JSON, first those of the result,
// then those of what was left out; the verdict is put into words; and the text
// is made of that JSON, so that both say the same.
#include "tools/report/explain.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "keyformat/printable.h"
#include "keyformat/report_type_name.h"
#include "matcher/exposure/daily_summary.h"
#include "matcher/exposure/exposure_config_json.h"
#include "matcher/exposure/exposure_window.h"
#include "tools/files/hex.h"
#include "tools/files/json_text.h"
#include "tools/report/match_report.h"

namespace tekmatch {
namespace {

using ::nlohmann::ordered_json;

std::string Rfc3339(int64_t unix_seconds, absl::TimeZone zone) {
  return absl::FormatTime(absl::RFC3339_sec,
                          absl::FromUnixSeconds(unix_seconds), zone);
}

// As many digits as are no accident of binary fractions.
std::string Number(double value) { return absl::StrFormat("%.15g", value); }

double WeightOf(const ScanInstance& scan, const DailySummariesConfig& config) {
  return config
      .attenuation_weights[AttenuationBucket(scan.typical_attenuation, config)];
}

ordered_json ScansJson(const ExposureWindow& window,
                       absl::Span<const Match> matches,
                       const ExplainInput& input) {
  ordered_json scans = ordered_json::array();
  for (const ScanInstance& scan : window.scans) {
    ordered_json sightings = ordered_json::array();
    for (const uint32_t position : scan.matches) {
      const Match& match = matches[position];
      sightings.push_back(
          {{"time", Rfc3339(match.sighting.unix_seconds, input.zone)},
           {"rpi", EncodeHex(match.sighting.rpi.bytes)},
           {"interval", match.interval},
           {"rssi", match.sighting.rssi},
           {"tx_power", match.tx_power},
           {"attenuation", match.attenuation}});
    }
    scans.push_back({{"seconds_since_last_scan", scan.seconds_since_last_scan},
                     {"typical_attenuation", scan.typical_attenuation},
                     {"min_attenuation", scan.min_attenuation},
                     {"weight", WeightOf(scan, input.config.daily_summaries)},
                     {"sightings", std::move(sightings)}});
  }
  return scans;
}

// Adds whose window it is and when it begins.
void AddKey(const ExposureWindow& window, absl::Span<const Match> matches,
            const ExplainInput& input, ordered_json& json) {
  // All matches of a window are of one key, and what was published of it is the
  // same in each; a window has a scan, and a scan a match.
  const Match& first = matches[window.scans[0].matches[0]];
  const ExportFileResult& file = input.account.run.files[first.source];
  json["tek"] = EncodeHex(window.tek.bytes);
  json["rolling_start"] = first.rolling_start;
  json["rolling_period"] = first.rolling_period;
  json["file"] = file.path;
  json["verdict"] = file.verdict;
  if (first.metadata.days_since_onset.has_value()) {
    json["days_since_onset"] = *first.metadata.days_since_onset;
  }
  json["report_type"] = std::string(ReportTypeName(window.report_type));
  json["infectiousness"] = std::string(InfectiousnessName(
      MapInfectiousness(first.metadata, input.config.mapping)));
  json["calibration_confidence"] = window.calibration_confidence;
  json["begins"] = Rfc3339(window.start_seconds, input.zone);
}

// Whether the date is one that an app no longer shows.
bool IsTooOld(const ExplainInput& input) {
  return input.report.since.has_value() && input.date < *input.report.since;
}

ordered_json WindowJson(const ExposureWindow& window,
                        const ExplainInput& input) {
  const DailySummariesConfig& days = input.config.daily_summaries;
  const double score = WindowScore(window, days);
  ordered_json json;
  AddKey(window, input.matches, input, json);
  json["weighted_duration"] = WeightedDuration(window, days);
  json["report_type_weight"] =
      days.report_type_weights[static_cast<size_t>(window.report_type)];
  json["infectiousness_weight"] =
      days.infectiousness_weights[static_cast<size_t>(window.infectiousness)];
  json["score"] = score;
  // One reason is said. The date's goes first: it holds for every window.
  const bool is_low = score < days.minimum_window_score;
  json["counts"] = !is_low && !IsTooOld(input);
  if (IsTooOld(input)) {
    json["reason"] = "date_not_shown";
  } else if (is_low) {
    json["reason"] = "below_minimum_score";
  }
  json["scans"] = ScansJson(window, input.matches, input);
  return json;
}

// What is no window of the result: what the rules dropped, and matches that are
// in the result but of which the configuration makes no window.
ordered_json LeftOutWindowsJson(const ExplainInput& input) {
  // Sorted, so that the output is by reason.
  std::map<std::string, std::vector<Match>> by_reason;
  for (const DroppedMatch& dropped : input.dropped) {
    by_reason[std::string(dropped.reason)].push_back(dropped.match);
  }
  for (const Match& match : input.matches) {
    if (MapInfectiousness(match.metadata, input.config.mapping) ==
        Infectiousness::kNone) {
      by_reason["infectiousness_none"].push_back(match);
    }
  }
  // MakeExposureWindows leaves out what has the infectiousness "none". For this
  // cut nothing has; AddKey then tells the true one, by input.config.
  ExposureConfig cut = input.config;
  cut.mapping.infectiousness.fill(Infectiousness::kStandard);
  cut.mapping.infectiousness_when_missing = Infectiousness::kStandard;
  ordered_json json = ordered_json::array();
  for (auto& [reason, matches] : by_reason) {
    // As MakeExposureWindows needs them; the dropped ones came by reason.
    std::stable_sort(matches.begin(), matches.end(),
                     [](const Match& a, const Match& b) {
                       return a.sighting.unix_seconds < b.sighting.unix_seconds;
                     });
    for (const ExposureWindow& window : MakeExposureWindows(matches, cut)) {
      if (WindowDate(window, input.zone) != input.date) continue;
      ordered_json left_out = {{"reason", reason}};
      AddKey(window, matches, input, left_out);
      left_out["scans"] = ScansJson(window, matches, input);
      json.push_back(std::move(left_out));
    }
  }
  return json;
}

// "5239.2 >= 1350".
std::string Held(const std::string& value, bool reached,
                 const std::string& needed) {
  return absl::StrCat(value, reached ? " >= " : " < ", needed);
}

// Why the date is alerting or not, with the numbers. `day` is null where the
// date has no summary.
std::string Reason(const DailySummary* day, const ExplainInput& input) {
  if (IsTooOld(input)) {
    return absl::StrCat(absl::FormatCivilTime(input.date), " is before ",
                        absl::FormatCivilTime(*input.report.since),
                        ", the first date that is shown: no alert");
  }
  if (day == nullptr) return "no window: no alert";
  const AlertConfig& alert = input.config.alert;
  if (alert == kNoAlert) return "the configuration has no alert: no alert";
  const double sum = day->all.score_sum;
  std::string value = Number(sum);
  std::string needed = Number(alert.score_sum);
  // "1350 < 1350" would be no explanation: all digits, where 15 hide it.
  if (value == needed && sum < alert.score_sum) {
    value = absl::StrFormat("%.17g", sum);
    needed = absl::StrFormat("%.17g", alert.score_sum);
  }
  return absl::StrCat(
      "score sum ", Held(value, sum >= alert.score_sum, needed), " and ",
      Held(absl::StrCat(day->seconds, " s"), day->seconds >= alert.seconds,
           absl::StrCat(alert.seconds, " s")),
      day->alerting ? ": alert" : ": no alert");
}

// A value within a line. Strings may be a file's path or a configuration's
// name, which are not to be trusted with a terminal.
std::string Text(const ordered_json& value) {
  return value.is_string()         ? Printable(value.get<std::string>())
         : value.is_number_float() ? Number(value.get<double>())
                                   : DumpJson(value, -1);
}

// The clock's time, and its date only where that is another one.
std::string Clock(const ordered_json& rfc3339, const ordered_json& date) {
  const auto text = rfc3339.get<std::string>();  // 2020-12-05T19:30:04+09:00
  const std::string clock = text.substr(11, 8);
  return absl::StartsWith(text, date.get<std::string>())
             ? clock
             : absl::StrCat(text.substr(0, 10), " ", clock);
}

uint64_t NumSightings(const ordered_json& window) {
  uint64_t n = 0;
  for (const ordered_json& scan : window["scans"])
    n += scan["sightings"].size();
  return n;
}

// The lines below a window's own. They are indented by level.
std::string KeyAndScansText(const ordered_json& window,
                            const ordered_json& date) {
  const auto part = [](const ordered_json& object, absl::string_view words,
                       const char* name) {
    return absl::StrCat(words, Text(object[name]));
  };
  std::string text =
      absl::StrCat(part(window, "  key ", "tek"),
                   part(window, ", rolling start ", "rolling_start"),
                   part(window, ", period ", "rolling_period"),
                   window.contains("days_since_onset")
                       ? part(window, ", days since onset ", "days_since_onset")
                       : "",
                   "\n", part(window, "  file ", "file"),
                   part(window, " (", "verdict"), "), calibration confidence ",
                   Text(window["calibration_confidence"]), "\n");
  for (const ordered_json& scan : window["scans"]) {
    absl::StrAppend(&text, part(scan, "  scan: ", "seconds_since_last_scan"),
                    " s x ", Text(scan["weight"]), ", attenuation ",
                    Text(scan["typical_attenuation"]), " dB, least ",
                    Text(scan["min_attenuation"]), " dB\n");
    for (const ordered_json& sighting : scan["sightings"]) {
      absl::StrAppend(&text, "    ", Clock(sighting["time"], date),
                      part(sighting, " rpi ", "rpi"),
                      part(sighting, ", interval ", "interval"),
                      part(sighting, ", rssi ", "rssi"),
                      part(sighting, ", tx power ", "tx_power"),
                      part(sighting, ", attenuation ", "attenuation"), "\n");
    }
  }
  return text;
}

}  // namespace

ordered_json ExplainJson(const ExplainInput& input) {
  const auto found = std::find_if(
      input.report.days.begin(), input.report.days.end(),
      [&](const DailySummary& day) { return day.date == input.date; });
  const DailySummary* day =
      found == input.report.days.end() ? nullptr : &*found;
  // A date without a window has no summary: all of it is 0.
  const DailySummary summary = day == nullptr ? DailySummary() : *day;
  ordered_json json = {{"date", absl::FormatCivilTime(input.date)},
                       {"config", input.config.name},
                       {"policy", std::string(input.window_policy)},
                       {"as_of", absl::FormatCivilTime(input.report.today)}};
  if (input.report.since.has_value()) {
    json["since"] = absl::FormatCivilTime(*input.report.since);
  }
  json["alerting"] = summary.alerting;
  json["reason"] = Reason(day, input);
  json["score_sum"] = summary.all.score_sum;
  json["maximum_score"] = summary.all.maximum_score;
  json["seconds"] = summary.seconds;
  if (input.config.alert != kNoAlert) {
    json["score_sum_needed"] = input.config.alert.score_sum;
    json["seconds_needed"] = input.config.alert.seconds;
  }
  json["keys_own"] = input.account.run.num_own_keys;
  json["keys"] = summary.num_keys;
  json["windows"] = ordered_json::array();
  for (const ExposureWindow& window : input.report.windows) {
    if (WindowDate(window, input.zone) == input.date) {
      json["windows"].push_back(WindowJson(window, input));
    }
  }
  json["left_out"] = LeftOutWindowsJson(input);
  return json;
}

std::string ExplainText(const ExplainInput& input) {
  std::string text =
      RemarksText(input.account, Language::kEnglish, Remarks::kOfNotice);
  if (!text.empty()) text += "\n";
  const ordered_json json = ExplainJson(input);
  const ordered_json& date = json["date"];
  absl::StrAppend(&text, "Contacts of ", Text(date), " (",
                  std::string(input.zone.name()), "), configuration ",
                  Text(json["config"]), ", policy ", Text(json["policy"]),
                  ", as of ", Text(json["as_of"]), "\n", Text(json["reason"]),
                  "\n");
  // Of the run, not of the date: what was never compared has no date.
  if (input.account.run.num_own_keys > 0) {
    absl::StrAppend(&text, "own keys of all devices, never compared: ",
                    input.account.run.num_own_keys, "\n");
  }
  const ordered_json& windows = json["windows"];
  if (!windows.empty()) {
    absl::StrAppend(&text, Counted(windows.size(), "window"));
    // The summary of a date that is not shown is empty, whatever was found.
    if (!IsTooOld(input)) {
      absl::StrAppend(&text, " of ",
                      Counted(json["keys"].get<uint64_t>(), "key"),
                      ", score maximum ", Text(json["maximum_score"]));
    }
    text += "\n";
  }
  for (const ordered_json& window : windows) {
    absl::StrAppend(
        &text, "\nwindow, ", Clock(window["begins"], date), ": ",
        Text(window["weighted_duration"]), " s weighted x ",
        Text(window["report_type_weight"]), " (", Text(window["report_type"]),
        ") x ", Text(window["infectiousness_weight"]), " (",
        Text(window["infectiousness"]), ") = score ", Text(window["score"]));
    if (window.contains("reason")) {
      absl::StrAppend(
          &text,
          IsTooOld(input) ? ", does not count: " : ", not in the score sum: ",
          Text(window["reason"]));
    }
    absl::StrAppend(&text, "\n", KeyAndScansText(window, date));
  }
  for (const ordered_json& window : json["left_out"]) {
    absl::StrAppend(
        &text, "\nleft out, ", Clock(window["begins"], date), ": ",
        Text(window["reason"]), ", ", Counted(NumSightings(window), "sighting"),
        ", ", Text(window["report_type"]), ", ", Text(window["infectiousness"]),
        "\n", KeyAndScansText(window, date));
  }
  return text;
}

}  // namespace tekmatch
