// Text and numbers as they stand in a page: HTML, and SVG within it.
//
// Source: HTML Living Standard, 13.1.2 (attribute values, text); SVG 1.1, 4.2
// (numbers).
#ifndef TEKMATCH_TOOLS_PAGE_HTML_H_
#define TEKMATCH_TOOLS_PAGE_HTML_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace tekmatch {

// Text that others wrote, for an element or a quoted attribute: made safe to
// show (keyformat/printable.h), with &, <, > and both quotes as references.
std::string HtmlText(absl::string_view text);
// The same, but line feeds stay.
std::string HtmlLines(absl::string_view text);

// At most two decimals, no exponent, no "-0", whatever the locale: the same
// drawing has the same bytes everywhere. NaN and infinities become 0.
std::string SvgNumber(double number);

// Groups of three digits with a narrow space between them, which HTML does not
// break: "12 345".
std::string HtmlCount(uint64_t count);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_PAGE_HTML_H_
