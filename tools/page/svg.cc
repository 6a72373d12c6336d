#include "tools/page/svg.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "tools/page/html.h"

namespace tekmatch {

Svg::Svg(absl::string_view id, double width, double height,
         absl::string_view title, absl::string_view description) {
  absl::SubstituteAndAppend(
      &text_,
      "<svg role=\"img\" aria-labelledby=\"$0-title $0-desc\" "
      "viewBox=\"0 0 $1 $2\" style=\"max-width:$1px\">\n"
      "<title id=\"$0-title\">$3</title>\n"
      "<desc id=\"$0-desc\">$4</desc>\n",
      id, SvgNumber(width), SvgNumber(height), HtmlText(title),
      HtmlText(description));
}

void Svg::Close(absl::string_view element, absl::string_view tip) {
  if (tip.empty()) {
    text_ += "/>\n";
  } else {
    absl::StrAppend(&text_, "><title>", HtmlText(tip), "</title></", element,
                    ">\n");
  }
}

void Svg::Rectangle(double x, double y, double width, double height,
                    absl::string_view css_class, absl::string_view tip) {
  absl::SubstituteAndAppend(
      &text_, "<rect class=\"$0\" x=\"$1\" y=\"$2\" width=\"$3\" height=\"$4\"",
      css_class, SvgNumber(x), SvgNumber(y), SvgNumber(width),
      SvgNumber(height));
  Close("rect", tip);
}

void Svg::Line(double x1, double y1, double x2, double y2,
               absl::string_view css_class) {
  absl::SubstituteAndAppend(
      &text_, "<line class=\"$0\" x1=\"$1\" y1=\"$2\" x2=\"$3\" y2=\"$4\"",
      css_class, SvgNumber(x1), SvgNumber(y1), SvgNumber(x2), SvgNumber(y2));
  Close("line", "");
}

void Svg::Circle(double x, double y, double radius, absl::string_view css_class,
                 absl::string_view tip) {
  absl::SubstituteAndAppend(
      &text_, "<circle class=\"$0\" cx=\"$1\" cy=\"$2\" r=\"$3\"", css_class,
      SvgNumber(x), SvgNumber(y), SvgNumber(radius));
  Close("circle", tip);
}

void Svg::Text(double x, double y, absl::string_view anchor,
               absl::string_view text, absl::string_view css_class) {
  text_ += "<text";
  if (!css_class.empty()) absl::StrAppend(&text_, " class=\"", css_class, "\"");
  absl::SubstituteAndAppend(&text_,
                            " x=\"$0\" y=\"$1\" text-anchor=\"$2\">$3</text>\n",
                            SvgNumber(x), SvgNumber(y), anchor, HtmlText(text));
}

std::string Svg::Finish() && {
  text_ += "</svg>\n";
  return std::move(text_);
}

}  // namespace tekmatch
