// Plan: matches are split by device; each device has its findings; text or JSON
// is put together of the run's report and these. Then the same in pieces, a
// device at a time.
#include "tools/report/match_answer.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/types/span.h"
#include "keyformat/status_macros.h"
#include "matcher/exposure/exposure_findings.h"
#include "tools/files/json_text.h"
#include "tools/report/explain.h"
#include "tools/report/exposure_json.h"
#include "tools/report/match_totals.h"
#include "tools/report/notice.h"

namespace tekmatch {
namespace {

// What the matches of one device mean.
struct DeviceReport {
  uint32_t device = 0;              // or of the only one, 0
  std::vector<Match> of_device;     // where devices are named
  absl::Span<const Match> matches;  // of these or of the run
  std::vector<DroppedMatch> dropped;
  const ExposureFindings* exposure = nullptr;
};

bool NamesDevices(const MatchReportInput& input) {
  return !input.account.sightings.by_device.empty();
}

// One for every device that is named; or for the only device.
std::vector<DeviceReport> ReportByDevice(const MatchReportInput& input) {
  const ExposureCheckResult& run = input.account.run;
  std::vector<DeviceReport> reports;
  if (NamesDevices(input)) {
    for (auto& [device, matches] :
         SplitByDevice(run.result.matches, input.account.sightings)) {
      DeviceReport& report = reports.emplace_back();
      report.device = device;
      report.of_device = std::move(matches);
      report.matches = report.of_device;
    }
  } else {
    reports.emplace_back().matches = run.result.matches;
  }
  for (const DroppedMatch& dropped : run.dropped) {
    for (DeviceReport& report : reports) {
      if (!NamesDevices(input) ||
          dropped.match.sighting.device == report.device) {
        report.dropped.push_back(dropped);
      }
    }
  }
  for (DeviceReport& report : reports) {
    report.exposure = &run.findings.at(report.device);
  }
  return reports;
}

ExplainInput ExplainInputOf(const MatchReportInput& input,
                            const DeviceReport& report,
                            const AnswerOptions& options) {
  return {.date = *options.explain,
          .account = input.account,
          .matches = report.matches,
          .dropped = report.dropped,
          .report = *report.exposure,
          .config = *options.config,
          .window_policy = input.window_policy,
          .zone = input.zone};
}

std::string MeaningText(const MatchReportInput& input,
                        const DeviceReport& report,
                        const AnswerOptions& options) {
  if (options.explain.has_value()) {
    return ExplainText(ExplainInputOf(input, report, options));
  }
  return NoticeText(input.account, *report.exposure, *options.config,
                    {.language = options.language,
                     .long_dates = options.long_dates,
                     .zone = input.zone});
}

void AddMeaning(const MatchReportInput& input, const DeviceReport& report,
                const AnswerOptions& options, nlohmann::ordered_json& json) {
  json["exposure"] = ExposureJson(*report.exposure, *options.config,
                                  CountLeftOut(input.account), input.zone);
  if (options.explain.has_value()) {
    json["explanation"] = ExplainJson(ExplainInputOf(input, report, options));
  }
}

// A value as it stands in a list that is a member of the object.
std::string ElementText(const nlohmann::ordered_json& json) {
  return absl::StrReplaceAll(absl::StrCat("\n", DumpJson(json, 2)),
                             {{"\n", "\n    "}});
}

}  // namespace

std::string AnswerText(const MatchReportInput& input,
                       const AnswerOptions& options) {
  std::string text;
  if (input.store != nullptr) {
    text = StoreRemarks(*input.store, options.config.has_value()
                                          ? options.language
                                          : Language::kEnglish);
  }
  if (!options.config.has_value()) return text + MatchReportText(input);
  for (const DeviceReport& report : ReportByDevice(input)) {
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
    const std::vector<DeviceReport> reports = ReportByDevice(input);
    for (size_t i = 0; i < reports.size(); ++i) {
      AddMeaning(input, reports[i], options,
                 NamesDevices(input) ? json["devices"][i] : json);
    }
  }
  return DumpJson(json, 2) + "\n";
}

absl::Status WriteAnswerText(const MatchReportInput& input,
                             const AnswerOptions& options,
                             const EachFindings& each, AnswerSink sink) {
  if (!options.config.has_value()) return sink(MatchReportText(input));
  bool is_first = true;
  return each([&](uint32_t device, const ExposureFindings& findings) {
    std::string text;
    if (NamesDevices(input)) {
      absl::StrAppend(&text, is_first ? "" : "\n", "Device ", device, "\n");
    }
    is_first = false;
    text +=
        MeaningText(input, {.device = device, .exposure = &findings}, options);
    return sink(text);
  });
}

absl::Status WriteAnswerJson(const MatchReportInput& input,
                             const AnswerOptions& options,
                             const EachFindings& each, AnswerSink sink) {
  const MatchTotals& totals = *input.totals;
  const bool has_meaning = options.config.has_value();
  nlohmann::ordered_json head = MatchReportHeadJson(input, totals);
  if (totals.by_device.empty()) {
    if (has_meaning) {
      TEKMATCH_RETURN_IF_ERROR(
          each([&](uint32_t device, const ExposureFindings& findings) {
            AddMeaning(input, {.device = device, .exposure = &findings},
                       options, head);
            return absl::OkStatus();
          }));
    }
    return sink(DumpJson(head, 2) + "\n");
  }
  // The list of devices is the last member of the object.
  std::string text = DumpJson(head, 2);
  text.resize(text.size() - std::string("\n}").size());
  TEKMATCH_RETURN_IF_ERROR(sink(text + ",\n  \"devices\": ["));
  bool is_first = true;
  const auto write = [&](const nlohmann::ordered_json& device) {
    const std::string element = ElementText(device);
    absl::Status status = sink(is_first ? element : absl::StrCat(",", element));
    is_first = false;
    return status;
  };
  if (has_meaning) {
    TEKMATCH_RETURN_IF_ERROR(
        each([&](uint32_t number, const ExposureFindings& findings) {
          nlohmann::ordered_json device =
              DeviceJson(number, totals.by_device.at(number));
          AddMeaning(input, {.device = number, .exposure = &findings}, options,
                     device);
          return write(device);
        }));
  } else {
    for (const auto& [number, numbers] : totals.by_device) {
      TEKMATCH_RETURN_IF_ERROR(write(DeviceJson(number, numbers)));
    }
  }
  return sink("\n  ]\n}\n");
}

}  // namespace tekmatch
