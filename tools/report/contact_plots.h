// Figures of the contacts of one device: attenuation over the hours of each
// date, and with a configuration minutes by distance and the score of each date
// against the alert.
//
// This is contact data: clock times and attenuations. It holds no key and no
// identifier; contacts with the same key of a date have one number.
#ifndef TEKMATCH_TOOLS_REPORT_CONTACT_PLOTS_H_
#define TEKMATCH_TOOLS_REPORT_CONTACT_PLOTS_H_

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "matcher/exposure/exposure_config.h"
#include "matcher/exposure/exposure_findings.h"
#include "matcher/join/match.h"
#include "tools/report/run_remarks.h"

namespace tekmatch {

struct ContactPlotsInput {
  absl::Span<const Match> matches;  // of the device
  // What they mean, and by what; null without a configuration.
  const ExposureFindings* findings = nullptr;
  const ExposureConfig* config = nullptr;
  std::string id;  // of the figures, which append to it; as PlotText::id
  absl::TimeZone zone;
  Language language = Language::kEnglish;
};

// HTML (tools/page/plots.h).
std::string ContactPlots(const ContactPlotsInput& input);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_REPORT_CONTACT_PLOTS_H_
