// The notice: what an app tells its user, and the day that it is made for.
// Dates, counts and minutes, never a clock time, a key or an identifier.
#ifndef TEKMATCH_TOOLS_REPORT_NOTICE_H_
#define TEKMATCH_TOOLS_REPORT_NOTICE_H_

#include <string>

#include "absl/time/time.h"
#include "matcher/exposure/exposure_config.h"
#include "matcher/exposure/exposure_findings.h"
#include "tools/report/exposure_json.h"
#include "tools/report/run_remarks.h"

namespace tekmatch {

struct NoticeOptions {
  Language language = Language::kEnglish;
  // 20 May 2020, 2020年5月20日, instead of 2020-05-20.
  bool long_dates = false;
  absl::TimeZone zone;  // of the dates, which it names
};

// What it says of contacts.
std::string NoticeAnswer(const ExposureFindings& report,
                         const ExposureConfig& config,
                         const NoticeOptions& options);

// The whole text, with what is to be said of the run (run_remarks.h) in front.
std::string NoticeText(const RunAccount& account,
                       const ExposureFindings& report,
                       const ExposureConfig& config,
                       const NoticeOptions& options);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_REPORT_NOTICE_H_
