// What the figures of tools/page have in common: layout, ticks, caption, legend
// and table. Of use to the files that draw plots alone.
//
// Layout: a margin of kLeft for the labels of the vertical axis, kTop for its
// unit, kBottom for the labels below. Widths are fixed, so that a drawing's
// text has the size of the page's; a narrow screen scrolls a wide one.
#ifndef TEKMATCH_TOOLS_PAGE_FIGURE_H_
#define TEKMATCH_TOOLS_PAGE_FIGURE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tools/page/plots.h"
#include "tools/page/svg.h"

namespace tekmatch {

inline constexpr double kWidth = 720;
inline constexpr double kLeft = 64;
inline constexpr double kRight = 12;
inline constexpr double kTop = 24;
inline constexpr double kBottom = 24;
inline constexpr double kPlotWidth = kWidth - kLeft - kRight;
inline constexpr double kBarHeight = 200;

// Steps of 1, 2 or 5 times a power of ten, of which at most five fit; none is
// smaller than `least`, itself a power of ten.
double TickStep(double maximum, double least = 1);

// How wide text is, roughly: 7 a letter, 12 a character of three bytes or more,
// as Japanese ones are.
double TextWidth(absl::string_view text);

// The caption, the drawing and its numbers.
std::string Figure(const PlotText& text, const std::string& legend,
                   const std::string& drawing, const PageTable& numbers);
// The caption, and text.nothing.
std::string EmptyFigure(const PlotText& text);

struct LegendItem {
  std::string css_class;
  std::string name;
};
std::string Legend(const std::vector<LegendItem>& items);

// The class of a series' colour.
std::string SeriesClass(size_t series);

// Labels below, `step` wide each, of which so many are left out that the others
// have room.
void DrawCategories(const std::vector<std::string>& names, double step,
                    double baseline, Svg& svg);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_PAGE_FIGURE_H_
