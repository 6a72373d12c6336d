#include "tools/match_answer.h"

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tools/explain.h"
#include "tools/exposure_report.h"
#include "tools/notice.h"

namespace tekmatch {
namespace {

// What the matches of one device mean.
struct DeviceReport {
  uint32_t device = 0;
  std::vector<Match> matches;
  ExposureReport exposure;
};

bool NamesDevices(const MatchReportInput& input) {
  return !input.account.sightings.by_device.empty();
}

// One for every device that is named; or for the only device.
std::vector<DeviceReport> ReportByDevice(const MatchReportInput& input,
                                         const AnswerOptions& options) {
  const MatchRunResult& run = input.account.run;
  std::map<uint32_t, std::vector<Match>> matches;
  if (NamesDevices(input)) {
    matches = SplitByDevice(run.result.matches, input.account.sightings);
  } else {
    matches[0] = run.result.matches;
  }
  std::vector<DeviceReport> reports;
  for (auto& [device, of_device] : matches) {
    DeviceReport& report = reports.emplace_back();
    report.device = device;
    report.matches = std::move(of_device);
    report.exposure = MakeExposureReport(report.matches, *options.config,
                                         input.zone, options.as_of);
  }
  return reports;
}

std::string MeaningText(const MatchReportInput& input,
                        const DeviceReport& report,
                        const AnswerOptions& options) {
  if (options.explain.has_value()) {
    return ExplainText(*options.explain, input.account, report.matches,
                       report.exposure, *options.config, input.zone);
  }
  return NoticeText(input.account, report.exposure, *options.config,
                    {.language = options.language,
                     .long_dates = options.long_dates,
                     .zone = input.zone});
}

void AddMeaning(const MatchReportInput& input, const DeviceReport& report,
                const AnswerOptions& options, nlohmann::ordered_json& json) {
  json["exposure"] =
      ExposureReportJson(report.exposure, *options.config,
                         CountLeftOut(input.account), input.zone);
  if (options.explain.has_value()) {
    json["explanation"] =
        ExplainJson(*options.explain, input.account.run.files, report.matches,
                    report.exposure, *options.config, input.zone);
  }
}

}  // namespace

std::string AnswerText(const MatchReportInput& input,
                       const AnswerOptions& options) {
  if (!options.config.has_value()) return MatchReportText(input);
  std::string text;
  for (const DeviceReport& report : ReportByDevice(input, options)) {
    if (NamesDevices(input)) {
      absl::StrAppend(&text, text.empty() ? "" : "\n", "Device ", report.device,
                      "\n");
    }
    text += MeaningText(input, report, options);
  }
  return text;
}

std::string AnswerJson(const MatchReportInput& input,
                       const AnswerOptions& options) {
  nlohmann::ordered_json json = MatchReportJson(input);
  if (options.config.has_value()) {
    const std::vector<DeviceReport> reports = ReportByDevice(input, options);
    for (size_t i = 0; i < reports.size(); ++i) {
      AddMeaning(input, reports[i], options,
                 NamesDevices(input) ? json["devices"][i] : json);
    }
  }
  return DumpJson(json, 2) + "\n";
}

}  // namespace tekmatch
