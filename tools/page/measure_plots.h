// The plots of measurements: any numbers that are not below zero, rather than
// counts. A figure is what those of tools/page/plots.h are: caption, drawing,
// and its numbers as a table.
#ifndef TEKMATCH_TOOLS_PAGE_MEASURE_PLOTS_H_
#define TEKMATCH_TOOLS_PAGE_MEASURE_PLOTS_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tools/page/plots.h"

namespace tekmatch {

// "12 345" from 100 on, three digits below: "0.557", "42.1". NaN and infinities
// are "-".
std::string MeasureText(double number);

// Bars side by side: for each category one of each series. No value, no bar.
// At most kMaxSeries series.
struct GroupPlot {
  PlotText text;
  std::string category;                 // heading: "operation"
  std::vector<std::string> categories;  // from left to right
  struct Series {
    std::string name;
    std::vector<std::optional<double>> values;  // as many as categories
  };
  std::vector<Series> series;
};
std::string GroupFigure(const GroupPlot& plot);

// Points with lines between them, a line a series; from x = 0 on, or, with
// log_x, by decades, where all x are at least 1.
struct LinePlot {
  PlotText text;
  std::string line;  // heading of the series' names: "kernel"
  std::string x;     // what is below: "threads"
  bool log_x = false;
  struct Series {
    std::string name;
    std::vector<std::pair<double, double>> points;  // by ascending x
  };
  std::vector<Series> series;
  // What to hold them against; drawn as a mark, without points, and named at
  // its end.
  std::optional<Series> reference;
};
std::string LineFigure(const LinePlot& plot);

// A row each: where half of the measurements lie, and their median.
struct RangePlot {
  PlotText text;
  std::string row;  // heading: "row"
  std::string low;  // headings of the numbers
  std::string median;
  std::string high;
  struct Row {
    std::string name;
    double low = 0;
    double median = 0;
    double high = 0;
  };
  std::vector<Row> rows;
  std::optional<BarPlot::Mark> mark;  // a line down
};
std::string RangeFigure(const RangePlot& plot);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_PAGE_MEASURE_PLOTS_H_
