// Plan: an axis of numbers; then a function a kind of plot, which lays out its
// marks (tools/page/figure.h) and makes the table of the same numbers.
#include "tools/page/measure_plots.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "tools/page/figure.h"
#include "tools/page/html.h"
#include "tools/page/svg.h"

namespace tekmatch {
namespace {

// Axes may have ticks below 1, but none so small that SvgNumber rounds it away.
constexpr double kLeastStep = 0.01;
constexpr double kLabelHeight = 20;  // of what is below an axis
constexpr double kRangeLeft = 176;   // names of rows stand there
constexpr double kRangeRow = 26;

// What stands for a number that a file of another hand may hold.
double Sane(double number) {
  return std::isfinite(number) ? std::max(number, 0.0) : 0;
}

std::string TickText(double tick) {
  return tick >= 1000 ? HtmlCount(static_cast<uint64_t>(tick))
                      : SvgNumber(tick);
}

// A vertical axis from 0 to at least `top_value`; returns where a value is.
class ValueAxis {
 public:
  ValueAxis(double top_value, absl::string_view unit, Svg& svg)
      : step_(TickStep(std::max(top_value, kLeastStep), kLeastStep)),
        full_(std::ceil(top_value / step_ - 1e-9) * step_) {
    if (full_ <= 0) full_ = step_;
    svg.Text(kLeft, kTop - 10, "start", unit, "unit");
    for (int n = 0; n * step_ <= full_ + step_ / 2; ++n) {
      const double y = At(n * step_);
      svg.Line(kLeft, y, kWidth - kRight, y, n == 0 ? "axis" : "grid");
      svg.Text(kLeft - 6, y + 4, "end", TickText(n * step_));
    }
  }
  double At(double value) const {
    return kTop + kBarHeight * (1 - Sane(value) / full_);
  }

 private:
  double step_;
  double full_;
};

std::string LineClass(size_t series) {
  return absl::StrCat("l", series % kMaxSeries);
}

}  // namespace

std::string MeasureText(double number) {
  constexpr double kMost = 1e18;
  if (!std::isfinite(number)) return "-";
  if (number >= 100 && number < kMost) {
    return HtmlCount(static_cast<uint64_t>(std::llround(number)));
  }
  return absl::StrFormat("%.3g", number);
}

std::string GroupFigure(const GroupPlot& plot) {
  double top_value = 0;
  PageTable table{
      .caption = absl::StrCat(plot.text.title, " (", plot.text.unit, ")"),
      .header = {plot.category}};
  for (const GroupPlot::Series& series : plot.series) {
    table.header.push_back(series.name);
    for (const std::optional<double>& value : series.values) {
      top_value = std::max(top_value, Sane(value.value_or(0)));
    }
  }
  if (top_value == 0) return EmptyFigure(plot.text);

  Svg svg(plot.text.id, kWidth, kTop + kBarHeight + kBottom, plot.text.title,
          plot.text.description);
  const ValueAxis axis(top_value, plot.text.unit, svg);
  const double width = kPlotWidth / static_cast<double>(plot.categories.size());
  const double bar = width * 0.8 / static_cast<double>(plot.series.size());
  for (size_t i = 0; i < plot.categories.size(); ++i) {
    std::vector<std::string> row = {plot.categories[i]};
    row.reserve(plot.series.size() + 1);
    for (size_t k = 0; k < plot.series.size(); ++k) {
      const std::optional<double>& value = plot.series[k].values[i];
      row.push_back(value.has_value() ? MeasureText(*value) : "-");
      if (!value.has_value()) continue;
      const double y = axis.At(*value);
      svg.Rectangle(kLeft + (static_cast<double>(i) + 0.1) * width +
                        static_cast<double>(k) * bar,
                    y, bar, kTop + kBarHeight - y, SeriesClass(k),
                    absl::StrCat(plot.categories[i], ", ", plot.series[k].name,
                                 ": ", MeasureText(*value)));
    }
    table.rows.push_back(std::move(row));
  }
  DrawCategories(plot.categories, width, kTop + kBarHeight + 16, svg);
  std::vector<LegendItem> items;
  items.reserve(plot.series.size());
  for (size_t k = 0; k < plot.series.size(); ++k) {
    items.push_back({SeriesClass(k), plot.series[k].name});
  }
  return Figure(plot.text, items.size() > 1 ? Legend(items) : "",
                std::move(svg).Finish(), table);
}

std::string LineFigure(const LinePlot& plot) {
  std::vector<const LinePlot::Series*> all;
  for (const LinePlot::Series& series : plot.series) all.push_back(&series);
  if (plot.reference.has_value()) all.push_back(&*plot.reference);
  double top_value = 0;
  double most = 1;
  double fewest = 1e18;
  for (const LinePlot::Series* series : all) {
    for (const auto& [x, y] : series->points) {
      top_value = std::max(top_value, Sane(y));
      most = std::max(most, Sane(x));
      fewest = std::min(fewest, std::max(Sane(x), 1.0));
    }
  }
  if (std::all_of(plot.series.begin(), plot.series.end(),
                  [](const LinePlot::Series& s) { return s.points.empty(); })) {
    return EmptyFigure(plot.text);
  }

  const double bottom = kTop + kBarHeight;
  Svg svg(plot.text.id, kWidth, bottom + kBottom + kLabelHeight,
          plot.text.title, plot.text.description);
  const ValueAxis axis(top_value, plot.text.unit, svg);
  // Decades that hold all x, or from 0 to a tick beyond the last x.
  const double first = plot.log_x ? std::floor(std::log10(fewest)) : 0;
  const double step = plot.log_x ? 1 : TickStep(most);
  const double last = plot.log_x
                          ? std::max(std::ceil(std::log10(most)), first + 1)
                          : std::ceil(most / step) * step;
  const auto x_of = [&](double x) {
    const double place = plot.log_x ? std::log10(std::max(x, 1.0)) : Sane(x);
    return kLeft + kPlotWidth * (place - first) / (last - first);
  };
  for (int n = 0; first + n * step <= last; ++n) {
    const double tick = plot.log_x ? std::pow(10, first + n) : n * step;
    svg.Line(x_of(tick), kTop, x_of(tick), bottom, "grid");
    svg.Text(x_of(tick), bottom + 16,
             first + n * step < last ? "middle" : "end", TickText(tick));
  }
  svg.Text(kLeft + kPlotWidth / 2, bottom + 16 + kLabelHeight, "middle", plot.x,
           "unit");

  PageTable table{
      .caption = absl::StrCat(plot.text.title, " (", plot.text.unit, ")"),
      .header = {plot.line, plot.x, plot.text.unit}};
  const auto draw = [&](const LinePlot::Series& series,
                        const std::string& css_class) {
    for (size_t i = 0; i < series.points.size(); ++i) {
      const auto& [x, y] = series.points[i];
      table.rows.push_back({series.name, MeasureText(x), MeasureText(y)});
      if (i == 0) continue;
      svg.Line(x_of(series.points[i - 1].first),
               axis.At(series.points[i - 1].second), x_of(x), axis.At(y),
               css_class);
    }
  };
  for (size_t k = 0; k < plot.series.size(); ++k) {
    draw(plot.series[k], LineClass(k));
  }
  if (plot.reference.has_value()) {
    draw(*plot.reference, "mark");
    if (!plot.reference->points.empty()) {
      const auto& [x, y] = plot.reference->points.back();
      svg.Text(x_of(x) - 8, axis.At(y) + 4, "end", plot.reference->name,
               "mark-name");
    }
  }
  // Over the lines of all series.
  std::vector<LegendItem> items;
  for (size_t k = 0; k < plot.series.size(); ++k) {
    for (const auto& [x, y] : plot.series[k].points) {
      svg.Circle(x_of(x), axis.At(y), 3.5, SeriesClass(k),
                 absl::StrCat(plot.series[k].name, ", ", MeasureText(x), " ",
                              plot.x, ": ", MeasureText(y)));
    }
    items.push_back({SeriesClass(k), plot.series[k].name});
  }
  return Figure(plot.text, items.size() > 1 ? Legend(items) : "",
                std::move(svg).Finish(), table);
}

std::string RangeFigure(const RangePlot& plot) {
  if (plot.rows.empty()) return EmptyFigure(plot.text);
  double top_value = plot.mark.has_value() ? plot.mark->value : 0;
  for (const RangePlot::Row& row : plot.rows) {
    top_value = std::max(top_value, Sane(row.high));
  }
  const double step = TickStep(std::max(top_value, kLeastStep), kLeastStep);
  const double full = std::max(std::ceil(top_value / step - 1e-9), 1.0) * step;
  const double bottom =
      kTop + kRangeRow * static_cast<double>(plot.rows.size());
  const auto x_of = [&](double value) {
    return kRangeLeft + (kWidth - kRight - kRangeLeft) * Sane(value) / full;
  };
  Svg svg(plot.text.id, kWidth, bottom + kBottom, plot.text.title,
          plot.text.description);
  // To the right: the name of a mark is rather at the left.
  svg.Text(kWidth - kRight, kTop - 10, "end", plot.text.unit, "unit");
  for (int n = 0; n * step <= full + step / 2; ++n) {
    svg.Line(x_of(n * step), kTop, x_of(n * step), bottom,
             n == 0 ? "axis" : "grid");
    svg.Text(x_of(n * step), bottom + 16, n * step < full ? "middle" : "end",
             TickText(n * step));
  }
  if (plot.mark.has_value()) {
    const double x = x_of(plot.mark->value);
    svg.Line(x, kTop, x, bottom, "mark");
    svg.Text(x + 4, kTop - 10, "start", plot.mark->name, "mark-name");
  }
  PageTable table{
      .caption = absl::StrCat(plot.text.title, " (", plot.text.unit, ")"),
      .header = {plot.row, plot.low, plot.median, plot.high}};
  for (size_t i = 0; i < plot.rows.size(); ++i) {
    const RangePlot::Row& row = plot.rows[i];
    const double y = kTop + kRangeRow * (static_cast<double>(i) + 0.5);
    const std::string tip =
        absl::StrCat(row.name, ": ", MeasureText(row.median), " (",
                     MeasureText(row.low), "–", MeasureText(row.high), ")");
    svg.Text(kRangeLeft - 6, y + 4, "end", row.name);
    svg.Rectangle(x_of(row.low), y - 6, x_of(row.high) - x_of(row.low), 12,
                  "h2", tip);
    svg.Circle(x_of(row.median), y, 4, SeriesClass(0), tip);
    table.rows.push_back({row.name, MeasureText(row.low),
                          MeasureText(row.median), MeasureText(row.high)});
  }
  return Figure(plot.text, "", std::move(svg).Finish(), table);
}

}  // namespace tekmatch
