// A page: one self-contained HTML file, to look at and to print.
//
// It asks for nothing: no script, no picture, no font, no request, and its
// Content-Security-Policy forbids what it does not need. It follows the
// reader's choice of light or dark, is usable at 320 pixels and by keyboard,
// and prints its tables, which a screen shows on demand. The same input has the
// same bytes: nothing in it names the time at which it was made.
//
// Source: HTML Living Standard; Content Security Policy Level 3; WCAG 2.2 AA
// (contrast of text 4.5:1, of marks 3:1).
#ifndef TEKMATCH_TOOLS_PAGE_PAGE_H_
#define TEKMATCH_TOOLS_PAGE_PAGE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace tekmatch {

class Page {
 public:
  // `language` is that of its words: "en" or "ja".
  Page(absl::string_view language, absl::string_view title);

  void Heading(absl::string_view text);
  // Of a part under a heading.
  void Subheading(absl::string_view text);
  void Paragraph(absl::string_view text);
  // What stands out: a verdict, or what has to be read first. Line feeds stay.
  void Notice(absl::string_view text);
  // HTML that tools/page/plots.h made.
  void Append(absl::string_view html);

  std::string Finish() &&;

 private:
  std::string html_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_PAGE_PAGE_H_
