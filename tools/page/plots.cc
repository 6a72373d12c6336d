// Plan: hours as an axis, and the numbers of bars and heat maps; a table; then
// a function a kind of plot, which lays out its marks (tools/page/figure.h) and
// makes the table of the same numbers.
#include "tools/page/plots.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tools/page/figure.h"
#include "tools/page/html.h"
#include "tools/page/svg.h"

namespace tekmatch {
namespace {

constexpr double kRowHeight = 18;
constexpr double kHours = 24;
constexpr size_t kHeatSteps = 5;

// Text of a cell that may be broken into lines: a screen would else be as wide
// as a path is long. A date, a time or a word may not.
bool IsLong(absl::string_view cell) {
  constexpr double kLongCell = 190;
  return TextWidth(cell) > kLongCell;
}

std::string Tip(absl::string_view where, absl::string_view what,
                uint64_t value) {
  return absl::StrCat(where, what.empty() ? "" : ", ", what, ": ", value);
}

void DrawHours(double top, double bottom, Svg& svg) {
  for (int hour = 0; hour <= 24; hour += 3) {
    const double x = kLeft + kPlotWidth * hour / kHours;
    svg.Line(x, top, x, bottom, "grid");
    svg.Text(x, bottom + 16, "middle", absl::StrCat(hour));
  }
}

uint64_t Total(const BarPlot& plot, size_t category) {
  uint64_t total = 0;
  for (const Series& series : plot.series) total += series.values[category];
  return total;
}

PageTable BarNumbers(const BarPlot& plot) {
  PageTable table{
      .caption = absl::StrCat(plot.text.title, " (", plot.text.unit, ")"),
      .header = {plot.category}};
  for (const Series& series : plot.series) table.header.push_back(series.name);
  for (size_t i = 0; i < plot.categories.size(); ++i) {
    std::vector<std::string> row = {plot.categories[i]};
    row.reserve(plot.series.size() + 1);
    for (const Series& series : plot.series) {
      row.push_back(HtmlCount(series.values[i]));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

// The least count of each step: powers between 1 and the largest count.
std::array<uint64_t, kHeatSteps> HeatBounds(uint64_t maximum) {
  std::array<uint64_t, kHeatSteps> bounds{};
  for (size_t i = 0; i < kHeatSteps; ++i) {
    const double share = static_cast<double>(i) / kHeatSteps;
    const auto bound = static_cast<uint64_t>(
        std::ceil(std::pow(static_cast<double>(maximum), share)));
    // Each step begins after the one before it.
    bounds[i] = i == 0 ? 1 : std::max(bound, bounds[i - 1] + 1);
  }
  return bounds;
}

}  // namespace

std::string TableHtml(const PageTable& table) {
  std::string html =
      absl::StrCat("<div class=\"plot\" tabindex=\"0\"><table>\n<caption>",
                   HtmlText(table.caption), "</caption>\n<thead><tr>");
  for (size_t i = 0; i < table.header.size(); ++i) {
    absl::StrAppend(&html, "<th scope=\"col\"",
                    i < table.num_text_columns ? "" : " class=\"n\"", ">",
                    HtmlText(table.header[i]), "</th>");
  }
  html += "</tr></thead>\n<tbody>\n";
  for (const std::vector<std::string>& row : table.rows) {
    html += "<tr>";
    for (size_t i = 0; i < row.size(); ++i) {
      const absl::string_view css_class = i > 0 && i >= table.num_text_columns
                                              ? " class=\"n\""
                                          : IsLong(row[i]) ? " class=\"long\""
                                                           : "";
      absl::StrAppend(&html, i == 0 ? "<th scope=\"row\"" : "<td", css_class,
                      ">", HtmlText(row[i]), i == 0 ? "</th>" : "</td>");
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string BarFigure(const BarPlot& plot) {
  uint64_t maximum = 0;
  for (size_t i = 0; i < plot.categories.size(); ++i) {
    maximum = std::max(maximum, Total(plot, i));
  }
  if (maximum == 0) return EmptyFigure(plot.text);
  double top_value = static_cast<double>(maximum);
  if (plot.mark.has_value()) top_value = std::max(top_value, plot.mark->value);
  const double step = TickStep(top_value);
  const double full = std::ceil(top_value / step) * step;

  Svg svg(plot.text.id, kWidth, kTop + kBarHeight + kBottom, plot.text.title,
          plot.text.description);
  const double bottom = kTop + kBarHeight;
  const auto height_of = [&](double value) {
    return kBarHeight * value / full;
  };
  svg.Text(kLeft, kTop - 10, "start", plot.text.unit, "unit");
  for (int n = 0; n * step <= full; ++n) {
    const double tick = n * step;
    const double y = bottom - height_of(tick);
    svg.Line(kLeft, y, kWidth - kRight, y, n == 0 ? "axis" : "grid");
    svg.Text(kLeft - 6, y + 4, "end", HtmlCount(static_cast<uint64_t>(tick)));
  }
  const double width = kPlotWidth / static_cast<double>(plot.categories.size());
  for (size_t i = 0; i < plot.categories.size(); ++i) {
    double y = bottom;
    for (size_t k = 0; k < plot.series.size(); ++k) {
      const uint64_t value = plot.series[k].values[i];
      if (value == 0) continue;
      const double height = height_of(static_cast<double>(value));
      y -= height;
      svg.Rectangle(
          kLeft + (static_cast<double>(i) + 0.1) * width, y, width * 0.8,
          height, SeriesClass(k),
          Tip(plot.categories[i],
              plot.series.size() > 1 ? plot.series[k].name : "", value));
    }
  }
  if (plot.mark.has_value()) {
    const double y = bottom - height_of(plot.mark->value);
    svg.Line(kLeft, y, kWidth - kRight, y, "mark");
    svg.Text(kWidth - kRight, y - 4, "end", plot.mark->name, "mark-name");
  }
  DrawCategories(plot.categories, width, bottom + 16, svg);
  std::vector<LegendItem> items;
  // Of several series, those with a value.
  for (size_t k = 0; plot.series.size() > 1 && k < plot.series.size(); ++k) {
    const std::vector<uint64_t>& values = plot.series[k].values;
    if (std::any_of(values.begin(), values.end(),
                    [](uint64_t value) { return value > 0; })) {
      items.push_back({SeriesClass(k), plot.series[k].name});
    }
  }
  return Figure(plot.text, items.empty() ? "" : Legend(items),
                std::move(svg).Finish(), BarNumbers(plot));
}

std::string HeatFigure(const HeatPlot& plot) {
  uint64_t maximum = 0;
  for (const std::vector<uint64_t>& row : plot.values) {
    for (const uint64_t value : row) maximum = std::max(maximum, value);
  }
  if (maximum == 0) return EmptyFigure(plot.text);
  const std::array<uint64_t, kHeatSteps> bounds = HeatBounds(maximum);

  const double height = kRowHeight * static_cast<double>(plot.rows.size());
  constexpr double kHeatLeft = kLeft + 24;  // a whole date
  const double width =
      (kWidth - kHeatLeft - kRight) / static_cast<double>(plot.columns.size());
  Svg svg(plot.text.id, kWidth, kTop + height, plot.text.title,
          plot.text.description);
  PageTable table{
      .caption = absl::StrCat(plot.text.title, " (", plot.text.unit, ")"),
      .header = {plot.row}};
  for (size_t c = 0; c < plot.columns.size(); ++c) {
    table.header.push_back(plot.columns[c]);
    svg.Text(kHeatLeft + (static_cast<double>(c) + 0.5) * width, kTop - 8,
             "middle", plot.columns[c]);
  }
  for (size_t r = 0; r < plot.rows.size(); ++r) {
    const double y = kTop + kRowHeight * static_cast<double>(r);
    svg.Text(kHeatLeft - 6, y + 13, "end", plot.rows[r]);
    std::vector<std::string> row = {plot.rows[r]};
    row.reserve(plot.columns.size() + 1);
    for (size_t c = 0; c < plot.columns.size(); ++c) {
      const uint64_t value = plot.values[r][c];
      row.push_back(HtmlCount(value));
      const auto above = std::upper_bound(bounds.begin(), bounds.end(), value);
      svg.Rectangle(
          kHeatLeft + static_cast<double>(c) * width + 0.5, y + 0.5, width - 1,
          kRowHeight - 1, absl::StrCat("h", above - bounds.begin()),
          value == 0 ? "" : Tip(plot.rows[r], plot.columns[c], value));
    }
    table.rows.push_back(std::move(row));
  }
  std::vector<LegendItem> items = {{"h0", "0"}};
  for (size_t i = 0; i < kHeatSteps && bounds[i] <= maximum; ++i) {
    const uint64_t last =
        i + 1 < kHeatSteps ? std::min(bounds[i + 1] - 1, maximum) : maximum;
    items.push_back({absl::StrCat("h", i + 1),
                     last == bounds[i] ? HtmlCount(last)
                                       : absl::StrCat(HtmlCount(bounds[i]), "–",
                                                      HtmlCount(last))});
  }
  return Figure(plot.text, Legend(items), std::move(svg).Finish(), table);
}

std::string StripFigure(const StripPlot& plot) {
  if (plot.rows.empty()) return EmptyFigure(plot.text);
  const double height = kRowHeight * static_cast<double>(plot.rows.size());
  Svg svg(plot.text.id, kWidth + 24, height + kBottom, plot.text.title,
          plot.text.description);
  constexpr double kStripLeft = kLeft + 24;
  for (size_t r = 0; r < plot.rows.size(); ++r) {
    const double y = kRowHeight * static_cast<double>(r);
    svg.Text(kStripLeft - 6, y + 13, "end", plot.rows[r].name);
    svg.Rectangle(kStripLeft, y + 2, kPlotWidth, kRowHeight - 4, "h0");
    for (const StripPlot::Span& span : plot.rows[r].spans) {
      svg.Rectangle(kStripLeft + kPlotWidth * span.from_hour / kHours, y + 2,
                    kPlotWidth * (span.to_hour - span.from_hour) / kHours,
                    kRowHeight - 4, "h3", span.tip);
    }
  }
  for (int hour = 0; hour <= 24; hour += 3) {
    const double x = kStripLeft + kPlotWidth * hour / kHours;
    svg.Line(x, 0, x, height, "grid");
    svg.Text(x, height + 16, hour == 24 ? "end" : "middle", absl::StrCat(hour));
  }
  return Figure(plot.text, "", std::move(svg).Finish(), plot.numbers);
}

std::string PointFigure(const PointPlot& plot) {
  if (plot.points.empty()) return EmptyFigure(plot.text);
  double top_value = 0;
  for (const PointPlot::Point& point : plot.points) {
    top_value = std::max(top_value, point.value);
  }
  for (const BarPlot::Mark& mark : plot.thresholds) {
    top_value = std::max(top_value, mark.value);
  }
  const double step = TickStep(std::max(top_value, 1.0));
  const double full = std::ceil(top_value / step) * step;
  const auto y_of = [&](double value) {
    return kTop + kBarHeight * value / full;
  };
  Svg svg(plot.text.id, kWidth, kTop + kBarHeight + kBottom, plot.text.title,
          plot.text.description);
  svg.Text(kLeft, kTop - 10, "start", plot.text.unit, "unit");
  DrawHours(kTop, kTop + kBarHeight, svg);
  for (int n = 0; n * step <= full; ++n) {
    const double tick = n * step;
    svg.Line(kLeft, y_of(tick), kWidth - kRight, y_of(tick),
             tick == full ? "axis" : "grid");
    svg.Text(kLeft - 6, y_of(tick) + 4, "end",
             HtmlCount(static_cast<uint64_t>(tick)));
  }
  for (const BarPlot::Mark& mark : plot.thresholds) {
    svg.Line(kLeft, y_of(mark.value), kWidth - kRight, y_of(mark.value),
             "mark");
    svg.Text(kWidth - kRight, y_of(mark.value) - 4, "end", mark.name,
             "mark-name");
  }
  for (const PointPlot::Point& point : plot.points) {
    svg.Circle(kLeft + kPlotWidth * point.hour / kHours, y_of(point.value), 3,
               SeriesClass(point.series), point.tip);
  }
  std::vector<LegendItem> items;
  items.reserve(plot.series.size());
  for (size_t i = 0; i < plot.series.size(); ++i) {
    items.push_back({SeriesClass(i), plot.series[i]});
  }
  return Figure(plot.text, items.size() > 1 ? Legend(items) : "",
                std::move(svg).Finish(), plot.numbers);
}

}  // namespace tekmatch
