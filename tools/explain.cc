// Plan: scans and windows of the date become JSON, and the text is made of that
// JSON, so that both say the same.
#include "tools/explain.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "keyformat/printable.h"
#include "matcher/daily_summary.h"
#include "tools/hex.h"
#include "tools/match_report.h"
#include "tools/report_type_name.h"

namespace tekmatch {
namespace {

using ::nlohmann::ordered_json;

std::string Rfc3339(int64_t unix_seconds, absl::TimeZone zone) {
  return absl::FormatTime(absl::RFC3339_sec,
                          absl::FromUnixSeconds(unix_seconds), zone);
}

double WeightOf(const ScanInstance& scan, const DailySummariesConfig& config) {
  return config
      .attenuation_weights[AttenuationBucket(scan.typical_attenuation, config)];
}

ordered_json ScanJson(const ScanInstance& scan, absl::Span<const Match> matches,
                      const ExposureConfig& config, absl::TimeZone zone) {
  ordered_json sightings = ordered_json::array();
  for (const uint32_t position : scan.matches) {
    const Match& match = matches[position];
    sightings.push_back({{"time", Rfc3339(match.sighting.unix_seconds, zone)},
                         {"rpi", EncodeHex(match.sighting.rpi.bytes)},
                         {"interval", match.interval},
                         {"rssi", match.sighting.rssi},
                         {"tx_power", match.tx_power},
                         {"attenuation", match.attenuation}});
  }
  return {{"seconds_since_last_scan", scan.seconds_since_last_scan},
          {"typical_attenuation", scan.typical_attenuation},
          {"min_attenuation", scan.min_attenuation},
          {"weight", WeightOf(scan, config.daily_summaries)},
          {"sightings", sightings}};
}

ordered_json WindowJson(const ExposureWindow& window, bool too_old,
                        absl::Span<const ExportFileResult> files,
                        absl::Span<const Match> matches,
                        const ExposureConfig& config, absl::TimeZone zone) {
  const DailySummariesConfig& days = config.daily_summaries;
  const Match& first = matches[window.scans[0].matches[0]];
  const double score = WindowScore(window, days);
  ordered_json json = {{"tek", EncodeHex(window.tek.bytes)},
                       {"rolling_start", first.rolling_start},
                       {"rolling_period", first.rolling_period},
                       {"file", files[first.source].path},
                       {"verdict", files[first.source].verdict}};
  if (first.metadata.days_since_onset.has_value()) {
    json["days_since_onset"] = *first.metadata.days_since_onset;
  }
  json["report_type"] = std::string(ReportTypeName(window.report_type));
  json["infectiousness"] =
      std::string(InfectiousnessName(window.infectiousness));
  json["calibration_confidence"] = window.calibration_confidence;
  json["begins"] = Rfc3339(window.start_seconds, zone);
  json["weighted_duration"] = WeightedDuration(window, days);
  json["report_type_weight"] =
      days.report_type_weights[static_cast<size_t>(window.report_type)];
  json["infectiousness_weight"] =
      days.infectiousness_weights[static_cast<size_t>(window.infectiousness)];
  json["score"] = score;
  json["counts"] = score >= days.minimum_window_score && !too_old;
  ordered_json scans = ordered_json::array();
  for (const ScanInstance& scan : window.scans) {
    scans.push_back(ScanJson(scan, matches, config, zone));
  }
  json["scans"] = std::move(scans);
  return json;
}

bool IsTooOld(absl::CivilDay date, const ExposureReport& report) {
  return report.since.has_value() && date < *report.since;
}

// "a 1, b 2": the members that are plain values.
std::string Plain(const ordered_json& object) {
  std::string text;
  for (const auto& [name, value] : object.items()) {
    if (value.is_structured()) continue;
    absl::StrAppend(&text, text.empty() ? "" : ", ", name, " ",
                    value.is_string() ? Printable(value.get<std::string>())
                                      : DumpJson(value, -1));
  }
  return text;
}

}  // namespace

ordered_json ExplainJson(absl::CivilDay date,
                         absl::Span<const ExportFileResult> files,
                         absl::Span<const Match> matches,
                         const ExposureReport& report,
                         const ExposureConfig& config, absl::TimeZone zone) {
  ordered_json json = ordered_json::array();
  const bool too_old = IsTooOld(date, report);
  for (const ExposureWindow& window : report.windows) {
    if (WindowDate(window, zone) == date) {
      json.push_back(WindowJson(window, too_old, files, matches, config, zone));
    }
  }
  return json;
}

std::string ExplainText(absl::CivilDay date, const RunAccount& account,
                        absl::Span<const Match> matches,
                        const ExposureReport& report,
                        const ExposureConfig& config, absl::TimeZone zone) {
  std::string text = RemarksText(account, Language::kEnglish);
  if (!text.empty()) text += "\n";
  absl::StrAppend(&text, "Contacts of ", absl::FormatCivilTime(date), " (",
                  std::string(zone.name()), "), configuration ", config.name,
                  ", as of ", absl::FormatCivilTime(report.today), "\n");
  const auto day = std::find_if(
      report.days.begin(), report.days.end(),
      [date](const DailySummary& summary) { return summary.date == date; });
  const ordered_json windows =
      ExplainJson(date, account.run.files, matches, report, config, zone);
  if (windows.empty()) return absl::StrCat(text, "none\n");
  if (IsTooOld(date, report)) {
    absl::StrAppend(&text, "not shown any more: the date is before ",
                    absl::FormatCivilTime(*report.since), "\n");
  }
  if (day != report.days.end()) {
    absl::StrAppendFormat(
        &text, "score sum %g, maximum %g, %d s in %s of %s%s\n",
        day->all.score_sum, day->all.maximum_score, day->seconds,
        Counted(static_cast<uint64_t>(day->num_windows), "window"),
        Counted(static_cast<uint64_t>(day->num_keys), "key"),
        day->alerting ? ", alerting" : "");
  }
  for (const ordered_json& window : windows) {
    absl::StrAppend(&text, "window: ", Plain(window), "\n");
    for (const ordered_json& scan : window["scans"]) {
      absl::StrAppend(&text, "  scan: ", Plain(scan), "\n");
      for (const ordered_json& sighting : scan["sightings"]) {
        absl::StrAppend(&text, "    sighting: ", Plain(sighting), "\n");
      }
    }
  }
  return text;
}

}  // namespace tekmatch
