#include "tools/page/figure.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "tools/page/html.h"

namespace tekmatch {
namespace {

constexpr double kSwatch = 10;  // a legend's square

}  // namespace

double TickStep(double maximum, double least) {
  double step = least;
  for (;;) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      if (maximum <= step * factor * 5) return step * factor;
    }
    step *= 10;
  }
}

double TextWidth(absl::string_view text) {
  double width = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool continues = byte >= 0x80 && byte < 0xC0;
    if (!continues) width += byte < 0xE0 ? 7 : 12;
  }
  return width;
}

std::string Figure(const PlotText& text, const std::string& legend,
                   const std::string& drawing, const PageTable& numbers) {
  return absl::StrCat(
      "<figure id=\"", text.id, "\">\n<figcaption><h3>", HtmlText(text.title),
      "</h3>\n<p>", HtmlText(text.description), "</p></figcaption>\n", legend,
      // Focus by keyboard, to scroll what is wider than the screen.
      "<div class=\"plot\" tabindex=\"0\">\n", drawing,
      "</div>\n<p class=\"source\">", HtmlText(text.source),
      "</p>\n<details><summary>", HtmlText(text.table), "</summary>\n",
      TableHtml(numbers), "</details>\n</figure>\n");
}

std::string EmptyFigure(const PlotText& text) {
  return absl::StrCat("<figure id=\"", text.id, "\">\n<figcaption><h3>",
                      HtmlText(text.title), "</h3></figcaption>\n<p>",
                      HtmlText(text.nothing), "</p>\n<p class=\"source\">",
                      HtmlText(text.source), "</p>\n</figure>\n");
}

std::string Legend(const std::vector<LegendItem>& items) {
  std::string html = "<ul class=\"legend\">\n";
  for (const LegendItem& item : items) {
    absl::StrAppend(&html,
                    "<li><svg aria-hidden=\"true\" width=\"10\" height=\"10\">"
                    "<rect class=\"",
                    item.css_class, "\" width=\"", SvgNumber(kSwatch),
                    "\" height=\"", SvgNumber(kSwatch), "\"/></svg> ",
                    HtmlText(item.name), "</li>\n");
  }
  return html + "</ul>\n";
}

std::string SeriesClass(size_t series) {
  return absl::StrCat("s", series % kMaxSeries);
}

void DrawCategories(const std::vector<std::string>& names, double step,
                    double baseline, Svg& svg) {
  double widest = 0;
  for (const std::string& name : names) {
    widest = std::max(widest, TextWidth(name));
  }
  const auto every =
      static_cast<size_t>(std::max(1.0, std::ceil((widest + 8) / step)));
  for (size_t i = 0; i < names.size(); i += every) {
    svg.Text(kLeft + (static_cast<double>(i) + 0.5) * step, baseline, "middle",
             names[i]);
  }
}

}  // namespace tekmatch
