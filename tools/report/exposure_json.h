// What matches mean by an authority's configuration, as JSON.
#ifndef TEKMATCH_TOOLS_REPORT_EXPOSURE_JSON_H_
#define TEKMATCH_TOOLS_REPORT_EXPOSURE_JSON_H_

#include <nlohmann/json_fwd.hpp>

#include "absl/time/time.h"
#include "matcher/exposure/exposure_config.h"
#include "matcher/exposure/exposure_findings.h"
#include "tools/report/run_remarks.h"

namespace tekmatch {

// The documented object (docs/formats.md). Windows stand in the order of what
// they say, not of their times, which they do not tell. `left_out` is of the
// run that they are made of.
nlohmann::ordered_json ExposureJson(const ExposureFindings& findings,
                                    const ExposureConfig& config,
                                    const LeftOut& left_out,
                                    absl::TimeZone zone);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_REPORT_EXPOSURE_JSON_H_
