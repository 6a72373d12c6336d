// The whole answer of a run, as the command prints it: the report of its
// matches (match_report.h), and with a configuration what they mean for the
// owner of each device.
#ifndef TEKMATCH_TOOLS_REPORT_MATCH_ANSWER_H_
#define TEKMATCH_TOOLS_REPORT_MATCH_ANSWER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "matcher/exposure/exposure_config.h"
#include "matcher/exposure/exposure_findings.h"
#include "tools/report/match_report.h"
#include "tools/report/run_remarks.h"

namespace tekmatch {

struct AnswerOptions {
  // That the check was made with (ExposureCheckOptions::config), whose findings
  // are told.
  std::optional<ExposureConfig> config;
  // A date whose contacts are traced (explain.h); needs a configuration.
  std::optional<absl::CivilDay> explain;
  // Of the text; dates are those of MatchReportInput::zone.
  Language language = Language::kEnglish;
  bool long_dates = false;
};

// Without a configuration the report; with one, of each device that is named,
// or of the only one, the notice or the trace.
std::string AnswerText(const MatchReportInput& input,
                       const AnswerOptions& options);

// The documented object (docs/formats.md), with its line end.
std::string AnswerJson(const MatchReportInput& input,
                       const AnswerOptions& options);

// The same text and JSON, in pieces that end with a line or between two values,
// where neither matches nor findings are in memory: input.totals is there, and
// options.explain is not.
using AnswerSink = absl::FunctionRef<absl::Status(absl::string_view)>;

// Calls its argument with the findings of each device, as
// ShardMerger::VisitFindings; asked only with a configuration.
using EachFindings = std::function<absl::Status(
    absl::FunctionRef<absl::Status(uint32_t, const ExposureFindings&)>)>;

// Errors are those of `each` and `sink`.
absl::Status WriteAnswerText(const MatchReportInput& input,
                             const AnswerOptions& options,
                             const EachFindings& each, AnswerSink sink);
absl::Status WriteAnswerJson(const MatchReportInput& input,
                             const AnswerOptions& options,
                             const EachFindings& each, AnswerSink sink);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_REPORT_MATCH_ANSWER_H_
