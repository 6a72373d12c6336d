#include "tools/page/measure_plots.h"

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tekmatch {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

PlotText Text(const std::string& id) {
  return {.id = id,
          .title = "T<" + id + ">",
          .description = "d",
          .source = "s",
          .unit = "u",
          .table = "numbers",
          .nothing = "nothing at all"};
}

TEST(MeasureTextTest, ThreeDigitsOrWholeNumbers) {
  EXPECT_EQ(MeasureText(0), "0");
  EXPECT_EQ(MeasureText(0.5567), "0.557");
  EXPECT_EQ(MeasureText(42.06), "42.1");
  EXPECT_EQ(MeasureText(1234.6), "1\u202f235");
  EXPECT_EQ(MeasureText(1e300), "1e+300");
  EXPECT_EQ(MeasureText(std::nan("")), "-");
  EXPECT_EQ(MeasureText(std::numeric_limits<double>::infinity()), "-");
}

TEST(GroupFigureTest, ABarForEachValueThatIsThere) {
  const std::string html = GroupFigure(
      {.text = Text("g"),
       .category = "op",
       .categories = {"a", "b"},
       .series = {{"x", {10.0, std::nullopt}}, {"<y>", {5.0, 2.5}}}});
  // Half of the axis' height, 200, and a quarter of its width each.
  EXPECT_THAT(html, HasSubstr("<rect class=\"s1\" x=\"225\" y=\"124\" "
                              "width=\"128.8\" height=\"100\"><title>a, "
                              "&lt;y&gt;: 5</title>"));
  EXPECT_THAT(html, Not(HasSubstr("b, x:")));
  EXPECT_THAT(html, HasSubstr("<th scope=\"row\">b</th><td class=\"n\">-</td>"
                              "<td class=\"n\">2.5</td>"));
  EXPECT_THAT(html, HasSubstr("T&lt;g&gt;"));
}

TEST(LineFigureTest, DecadesOrFromZero) {
  LinePlot plot{.text = Text("l"),
                .line = "by",
                .x = "n",
                .log_x = true,
                .series = {{"x", {{1000, 2}, {100000, 4}}}},
                .reference = std::nullopt};
  const std::string log = LineFigure(plot);
  // The ends of the decades are those of the plot.
  EXPECT_THAT(log, HasSubstr("<circle class=\"s0\" cx=\"64\""));
  EXPECT_THAT(log, HasSubstr("<circle class=\"s0\" cx=\"708\""));
  EXPECT_THAT(log, HasSubstr(">10\u202f000</text>"));
  EXPECT_THAT(log, HasSubstr("<line class=\"l0\" x1=\"64\""));
  EXPECT_THAT(log, HasSubstr("<th scope=\"row\">x</th><td class=\"n\">1\u202f"
                             "000</td><td class=\"n\">2</td>"));
  plot.log_x = false;
  plot.series = {{"x", {{1, 1}, {2, 1.5}}}};
  plot.reference =
      LinePlot::Series{.name = "ideal", .points = {{0, 0}, {2, 2}}};
  const std::string line = LineFigure(plot);
  EXPECT_THAT(line, HasSubstr("<line class=\"mark\" x1=\"64\" y1=\"224\" "
                              "x2=\"708\" y2=\"24\"/>"));
  EXPECT_THAT(line, HasSubstr(">ideal</text>"));
  EXPECT_THAT(line, HasSubstr("<title>x, 2 n: 1.5</title>"));
}

TEST(RangeFigureTest, MedianAndWhatLiesAroundIt) {
  const std::string html =
      RangeFigure({.text = Text("r"),
                   .row = "row",
                   .low = "lower",
                   .median = "median",
                   .high = "upper",
                   .rows = {{"a", 2, 2.5, 4}},
                   .mark = BarPlot::Mark{.value = 1, .name = "as fast"}});
  // 133 from 1 to 2 where the axis goes to 4.
  EXPECT_THAT(html, HasSubstr("<rect class=\"h2\" x=\"442\" y=\"31\" "
                              "width=\"266\" height=\"12\"><title>a: 2.5 "
                              "(2–4)</title>"));
  EXPECT_THAT(html, HasSubstr("<line class=\"mark\" x1=\"309\""));
  EXPECT_THAT(html, HasSubstr("as fast"));
}

TEST(MeasureFiguresTest, WithoutValuesTheySaySo) {
  EXPECT_THAT(GroupFigure({.text = Text("a"),
                           .category = "",
                           .categories = {"x"},
                           .series = {{"x", {std::nullopt}}}}),
              AllOf(HasSubstr("nothing at all"), Not(HasSubstr("<svg"))));
  LinePlot lines{.text = Text("a")};
  lines.reference = LinePlot::Series{.name = "r", .points = {{0, 0}, {1, 1}}};
  EXPECT_THAT(LineFigure(lines), HasSubstr("nothing at all"));
  EXPECT_THAT(RangeFigure({.text = Text("a")}), HasSubstr("nothing at all"));
}

// Numbers that no measurement gives are drawn at the edge.
TEST(MeasureFiguresTest, NumbersThatAreNone) {
  const double infinity = std::numeric_limits<double>::infinity();
  LinePlot lines{.text = Text("a"), .log_x = true};
  lines.series = {{"x", {{-3, -1}, {std::nan(""), infinity}, {5, 2}}}};
  for (const std::string& html :
       {LineFigure(lines),
        RangeFigure({.text = Text("a"), .rows = {{"a", infinity, -1, 0}}}),
        GroupFigure({.text = Text("a"),
        .category = "",
        .categories = {"x"},
        .series = {{"x", {-1.0}}, {"y", {1.0}}}})}) {
    EXPECT_THAT(html, HasSubstr("<svg"));
    EXPECT_THAT(html, AllOf(Not(HasSubstr("nan")), Not(HasSubstr("inf"))));
  }
}

}  // namespace
}  // namespace tekmatch
