// What `tekmatch match` gives back of a run: the report, as text or JSON, the
// page and the matched sightings, each where the person wants it.
#ifndef TEKMATCH_TOOLS_COMMANDS_MATCH_RESULTS_H_
#define TEKMATCH_TOOLS_COMMANDS_MATCH_RESULTS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "matcher/check/exposure_check.h"
#include "matcher/join/sighting.h"
#include "tools/commands/match_inputs.h"
#include "tools/commands/match_options.h"
#include "tools/report/match_answer.h"
#include "tools/report/match_report.h"
#include "tools/report/run_remarks.h"
#include "tools/report/store_report.h"

namespace tekmatch {

// DATA_LOSS: the run is no result, since a file was refused and
// --skip-bad-files does not leave it out, or since nothing was compared
// (CheckCompared). What was refused or lost is then said on stderr, as there is
// no report to say it.
absl::Status CheckHasResult(const MatchOptions& options,
                            const ExposureCheckResult& run,
                            const SightingsCounts& sightings);

// What a report is made of, and how it is told.
MatchReportInput ReportInput(const MatchRules& rules,
                             const ExposureCheckOptions& check,
                             const RunAccount& account,
                             const StoreAccount* store = nullptr);
AnswerOptions AnswerOptionsOf(const MatchOptions& options,
                              const MatchRules& rules);

// The report, as the options ask for it. `check` are the options that the run
// was made with; `store`, if it was over one, what it did to that.
std::string MatchReport(const MatchOptions& options, const MatchRules& rules,
                        const ExposureCheckOptions& check,
                        const RunAccount& account,
                        const StoreAccount* store = nullptr);

// The page (--html), of the same; empty where nobody asks for it. `sightings`
// are those that the run was over, sorted by RPI.
std::string MatchResultPage(const MatchOptions& options,
                            const MatchRules& rules,
                            const ExposureCheckOptions& check,
                            const RunAccount& account,
                            absl::Span<const Sighting> sightings,
                            const StoreAccount* store = nullptr);

// Writes the matches, the page, and the report where it does not go to stdout,
// into their files, which appear when all are whole (CommitAll). Errors are
// OutputFile's.
absl::Status WriteMatchResults(const MatchOptions& options,
                               const RunAccount& account,
                               const std::string& report,
                               const std::string& page);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_COMMANDS_MATCH_RESULTS_H_
