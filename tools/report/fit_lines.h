// Text reports on a screen: how wide text is, and lines that fit.
#ifndef TEKMATCH_TOOLS_REPORT_FIT_LINES_H_
#define TEKMATCH_TOOLS_REPORT_FIT_LINES_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace tekmatch {

// Columns of a terminal: two for the wide characters of East Asia. The first
// byte of UTF-8 tells them near enough: 0xE3 to 0xED are kana, ideographs and
// Hangul, 0xEF the full-width forms.
size_t DisplayWidth(absl::string_view text);

// Breaks lines that are wider than `width` at spaces; what goes on is indented
// by two columns more than the line is. Other lines stay as they are, and so
// does a word that is wider than all of the width, as a path may be: it would
// be no path any more. 0: no width is too large.
std::string FitLines(absl::string_view text, size_t width);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_REPORT_FIT_LINES_H_
