// The whole answer of a run, as the command prints it: the report of its
// matches (match_report.h), and with a configuration what they mean for the
// owner of each device.
#ifndef TEKMATCH_TOOLS_REPORT_MATCH_ANSWER_H_
#define TEKMATCH_TOOLS_REPORT_MATCH_ANSWER_H_

#include <optional>
#include <string>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "matcher/exposure/exposure_config.h"
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

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_REPORT_MATCH_ANSWER_H_
