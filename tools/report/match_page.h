// The page of `tekmatch match --html`: the answer with everything that it rests
// on, as text, tables and plots (tools/page).
//
// It answers in this order: was I in contact, on which dates; how sure is that;
// who published it; what was left out, and why; what the phone heard. Without
// `show_contacts` it holds of contacts dates and counts only, as every answer
// for a person; of what the phone heard, whoever it was, also the hours. With
// it, it plots the contacts: clock times and attenuations, which say where and
// with whom somebody was. Never a key or an identifier.
#ifndef TEKMATCH_TOOLS_REPORT_MATCH_PAGE_H_
#define TEKMATCH_TOOLS_REPORT_MATCH_PAGE_H_

#include <string>

#include "absl/types/span.h"
#include "matcher/join/sighting.h"
#include "tools/report/match_answer.h"
#include "tools/report/match_report.h"

namespace tekmatch {

// `sightings` are those of the run's index (SightingIndex::sightings()).
std::string MatchPage(const MatchReportInput& input,
                      const AnswerOptions& options,
                      absl::Span<const Sighting> sightings, bool show_contacts);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_REPORT_MATCH_PAGE_H_
