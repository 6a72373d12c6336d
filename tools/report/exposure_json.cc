// Plan: windows, sorted by what they say; a day with its sums; then the whole
// object with its notice.
#include "tools/report/exposure_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include "keyformat/report_type_name.h"
#include "matcher/exposure/exposure_findings.h"

namespace tekmatch {
namespace {

using ::nlohmann::ordered_json;

ordered_json WindowJson(const ExposureWindow& window, absl::CivilDay date) {
  ordered_json scans = ordered_json::array();
  for (const ScanInstance& scan : window.scans) {
    scans.push_back({{"seconds_since_last_scan", scan.seconds_since_last_scan},
                     {"typical_attenuation", scan.typical_attenuation},
                     {"min_attenuation", scan.min_attenuation}});
  }
  return {{"date", absl::FormatCivilTime(date)},
          {"report_type", std::string(ReportTypeName(window.report_type))},
          {"infectiousness",
           std::string(InfectiousnessName(window.infectiousness))},
          {"calibration_confidence", window.calibration_confidence},
          {"scans", scans}};
}

// By what the JSON says of them, dates first: their times, which it does not
// tell, have no influence.
ordered_json WindowsJson(const std::vector<ExposureWindow>& windows,
                         absl::TimeZone zone) {
  const auto scan_less = [](const ScanInstance& a, const ScanInstance& b) {
    return std::tie(a.seconds_since_last_scan, a.typical_attenuation,
                    a.min_attenuation) < std::tie(b.seconds_since_last_scan,
                                                  b.typical_attenuation,
                                                  b.min_attenuation);
  };
  std::vector<std::pair<absl::CivilDay, const ExposureWindow*>> sorted;
  sorted.reserve(windows.size());
  for (const ExposureWindow& window : windows) {
    sorted.emplace_back(WindowDate(window, zone), &window);
  }
  std::sort(sorted.begin(), sorted.end(), [&](const auto& a, const auto& b) {
    const auto key = [](const auto& dated) {
      const ExposureWindow& window = *dated.second;
      return std::make_tuple(dated.first, window.report_type,
                             window.infectiousness,
                             window.calibration_confidence);
    };
    if (key(a) != key(b)) return key(a) < key(b);
    return std::lexicographical_compare(
        a.second->scans.begin(), a.second->scans.end(), b.second->scans.begin(),
        b.second->scans.end(), scan_less);
  });
  ordered_json json = ordered_json::array();
  for (const auto& [date, window] : sorted) {
    json.push_back(WindowJson(*window, date));
  }
  return json;
}

ordered_json SummaryJson(const ExposureSummaryData& data) {
  return {{"maximum_score", data.maximum_score},
          {"score_sum", data.score_sum},
          {"weighted_duration_sum", data.weighted_duration_sum}};
}

ordered_json DayJson(const DailySummary& day) {
  ordered_json by_type = ordered_json::object();
  for (int i = 0; i < kNumReportTypes; ++i) {
    const ExposureSummaryData& data =
        day.by_report_type[static_cast<size_t>(i)];
    if (data.weighted_duration_sum > 0) {
      by_type[std::string(ReportTypeName(static_cast<ReportType>(i)))] =
          SummaryJson(data);
    }
  }
  ordered_json json = {{"date", absl::FormatCivilTime(day.date)}};
  json.update(SummaryJson(day.all));
  json["seconds"] = day.seconds;
  json["windows"] = day.num_windows;
  json["keys"] = day.num_keys;
  json["alerting"] = day.alerting;
  json["by_report_type"] = by_type;
  return json;
}

}  // namespace

ordered_json ExposureJson(const ExposureFindings& findings,
                          const ExposureConfig& config, const LeftOut& left_out,
                          absl::TimeZone zone) {
  ordered_json days = ordered_json::array();
  ordered_json dates = ordered_json::array();
  for (const DailySummary& day : findings.days) {
    days.push_back(DayJson(day));
    dates.push_back({{"date", absl::FormatCivilTime(day.date)},
                     {"minutes", day.seconds / 60},
                     {"alerting", day.alerting}});
  }
  const ExposureSummaryV1& v1 = findings.version_1;
  ordered_json notice = {{"as_of", absl::FormatCivilTime(findings.today)}};
  if (findings.since.has_value()) {
    notice["since"] = absl::FormatCivilTime(*findings.since);
  }
  notice["complete"] = left_out.complete();
  notice["left_out"] = LeftOutJson(left_out);
  notice["contact"] = findings.num_contacts > 0;
  notice["contacts"] = findings.num_contacts;
  notice["dates"] = dates;
  notice["consultation"] = {{"ja", config.consultation.japanese},
                            {"en", config.consultation.english}};
  return {{"config", config.name},
          {"windows", WindowsJson(findings.windows, zone)},
          {"daily_summaries", days},
          {"version_1",
           {{"matched_keys", v1.num_matched_keys},
            {"days_since_last_exposure", v1.days_since_last_exposure},
            {"maximum_risk_score", v1.maximum_risk_score},
            {"summation_risk_score", v1.summation_risk_score},
            {"attenuation_minutes", v1.attenuation_minutes}}},
          {"notice", notice}};
}

}  // namespace tekmatch
