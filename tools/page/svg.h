// Writes one SVG drawing, an element a line.
//
// Colours and fonts come from classes, which the page's style sheet defines for
// light and dark (page.h). Lengths are user units: pixels where the drawing is
// as wide as its view box. A drawing has role "img", a title and a description,
// so that a screen reader says what it shows.
//
// Source: SVG 1.1; WAI-ARIA Graphics Module 1.0 (role img, aria-labelledby).
#ifndef TEKMATCH_TOOLS_PAGE_SVG_H_
#define TEKMATCH_TOOLS_PAGE_SVG_H_

#include <string>

#include "absl/strings/string_view.h"

namespace tekmatch {

class Svg {
 public:
  // `id` is unique in the page, and made of letters, digits and "-".
  Svg(absl::string_view id, double width, double height,
      absl::string_view title, absl::string_view description);

  // `tip` is what a pointer that rests on the element shows; empty: nothing.
  void Rectangle(double x, double y, double width, double height,
                 absl::string_view css_class, absl::string_view tip = "");
  void Line(double x1, double y1, double x2, double y2,
            absl::string_view css_class);
  void Circle(double x, double y, double radius, absl::string_view css_class,
              absl::string_view tip = "");
  // `anchor`: "start", "middle" or "end" of the text is at x; y is its
  // baseline.
  void Text(double x, double y, absl::string_view anchor,
            absl::string_view text, absl::string_view css_class = "");

  std::string Finish() &&;

 private:
  void Close(absl::string_view element, absl::string_view tip);

  std::string text_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_PAGE_SVG_H_
