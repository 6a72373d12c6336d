// The page of tools/dev/bench_report, out of what that script made of the
// measurements: tables and numbers in, tools/page's drawings of them out.
//
// The description is JSON: {"language", "title", "parts"}; each of the parts
// has one member, which is
//   "heading", "subheading", "paragraph", "notice"  a text;
//   "table"   {"caption", "header"[], "rows"[][], "text_columns"};
//   "groups"  {TEXT, "category", "categories"[], "series"[{"name",
//             "values"[]}]}, where null is no value;
//   "lines"   {TEXT, "line", "x", "log_x", "series"[{"name", "points"[[x,
//   y]]}],
//             "reference"}, the last like one of the series, or absent;
//   "ranges"  {TEXT, "row", "low", "median", "high", "rows"[{"name", "low",
//             "median", "high"}], "mark" {"name", "value"} or absent}.
// TEXT stands for the members of PlotText (tools/page/plots.h).
#ifndef TEKMATCH_BENCH_REPORT_PAGE_H_
#define TEKMATCH_BENCH_REPORT_PAGE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tekmatch {

// INVALID_ARGUMENT: not such a description; the message says of what.
absl::StatusOr<std::string> ReportPage(absl::string_view description);

}  // namespace tekmatch

#endif  // TEKMATCH_BENCH_REPORT_PAGE_H_
