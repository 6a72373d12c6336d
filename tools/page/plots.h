// The plots of a page: what the numbers are, and the figure that shows them.
//
// A figure is HTML: a caption with title, what it shows and the source; the
// drawing; and its numbers as a table, which a reader opens, and which is
// always printed. A colour never stands alone: legends, tips and the table say
// the same. A figure of the same numbers has the same bytes.
//
// Counts are whole; a figure without any says so in place of a drawing. All
// texts may hold what others wrote: they are escaped here.
#ifndef TEKMATCH_TOOLS_PAGE_PLOTS_H_
#define TEKMATCH_TOOLS_PAGE_PLOTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tekmatch {

// A table: rows are as long as the header. Cells of columns in `numbers` stand
// to the right.
struct PageTable {
  std::string caption;
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  size_t num_text_columns = 1;  // the first ones; the others are numbers
};

// HTML of a table.
std::string TableHtml(const PageTable& table);

// What every plot says of itself.
struct PlotText {
  std::string id;           // unique in the page: letters, digits, "-"
  std::string title;        // "Keys by key day"
  std::string description;  // what it shows, in a sentence or two
  std::string source;       // of what, in which zone
  std::string unit;         // of the values: "keys"
  std::string table;        // what the table is called: "Numbers"
  std::string nothing;      // instead of a drawing, where all values are 0
};

struct Series {
  std::string name;
  std::vector<uint64_t> values;  // as many as categories
};

// Bars, a category each, of the series' values one above the other; at most 8
// series, which more would not be told apart: callers sum up the rest.
struct BarPlot {
  PlotText text;
  std::string category;                 // heading: "key day"
  std::vector<std::string> categories;  // from left to right
  std::vector<Series> series;           // from below
  // A line across, with its name, where a value matters.
  struct Mark {
    double value = 0;
    std::string name;
  };
  std::optional<Mark> mark;
};
inline constexpr size_t kMaxSeries = 8;
std::string BarFigure(const BarPlot& plot);

// A grid of counts, rows by columns; the more, the darker, in five steps that
// the legend names.
struct HeatPlot {
  PlotText text;
  std::string row;                // heading: "day"
  std::vector<std::string> rows;  // from above
  std::vector<std::string> columns;
  std::vector<std::vector<uint64_t>> values;  // by row
};
std::string HeatFigure(const HeatPlot& plot);

// A line a row, over hours 0 to 24: what is covered, and the gaps between.
struct StripPlot {
  PlotText text;
  std::string row;  // heading: "day"
  struct Span {
    double from_hour = 0;
    double to_hour = 0;
    std::string tip;
  };
  struct Row {
    std::string name;
    std::vector<Span> spans;
  };
  std::vector<Row> rows;
  // Its numbers, since spans have no table of their own.
  PageTable numbers;
};
std::string StripFigure(const StripPlot& plot);

// Points over hours 0 to 24 of one day: value downwards (an attenuation: what
// is near stands above), by series, with lines at thresholds.
struct PointPlot {
  PlotText text;
  struct Point {
    double hour = 0;
    double value = 0;
    size_t series = 0;  // its colour; modulo kMaxSeries
    std::string tip;
  };
  std::vector<Point> points;
  std::vector<std::string> series;  // names
  std::vector<BarPlot::Mark> thresholds;
  PageTable numbers;
};
std::string PointFigure(const PointPlot& plot);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_PAGE_PLOTS_H_
