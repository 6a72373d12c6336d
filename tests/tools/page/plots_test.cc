#include "tools/page/plots.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/page/page.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

PlotText Text() {
  return {.id = "p",
          .title = "Title <1>",
          .description = "Description",
          .source = "2 files; UTC",
          .unit = "keys",
          .table = "Numbers",
          .nothing = "Nothing to see."};
}

BarPlot Bars() {
  return {.text = Text(),
          .category = "day",
          .categories = {"2020-05-01", "2020-05-02", "2020-05-03"},
          .series = {{.name = "a & b", .values = {100, 0, 50}},
                     {.name = "c", .values = {100, 25, 0}}}};
}

// What stands between each pair of `begin` and `end`.
std::vector<std::string> Between(const std::string& text,
                                 const std::string& begin,
                                 const std::string& end) {
  std::vector<std::string> found;
  for (size_t at = text.find(begin); at != std::string::npos;
       at = text.find(begin, at + 1)) {
    const size_t from = at + begin.size();
    found.push_back(text.substr(from, text.find(end, from) - from));
  }
  return found;
}

// The drawing, without the legend before it.
std::string Drawing(const std::string& html) {
  const size_t begin = html.find("<svg role");
  return html.substr(begin, html.find("</svg>", begin) - begin);
}

// The numbers of a table, row by row, with "/" between cells.
std::vector<std::string> Rows(const std::string& html) {
  std::vector<std::string> rows;
  for (const std::string& row :
       Between(html, "<tr><th scope=\"row\">", "</tr>")) {
    std::string text = row.substr(0, row.find('<'));
    for (const std::string& cell : Between(row, "<td class=\"n\">", "</td>")) {
      absl::StrAppend(&text, "/", cell);
    }
    rows.push_back(std::move(text));
  }
  return rows;
}

TEST(BarFigureTest, BarsAreAsHighAsTheirValues) {
  const std::string html = BarFigure(Bars());
  // The axis goes to 200 over 200 units, so that a unit is a key.
  EXPECT_THAT(
      Between(Drawing(html), "<rect class=\"s0\" x=", ">"),
      ElementsAre(HasSubstr("y=\"124\" width=\"171.73\" height=\"100\""),
                  HasSubstr("y=\"174\" width=\"171.73\" height=\"50\"")));
  // Above those.
  EXPECT_THAT(
      Between(Drawing(html), "<rect class=\"s1\" x=", ">"),
      ElementsAre(HasSubstr("y=\"24\" width=\"171.73\" height=\"100\""),
                  HasSubstr("y=\"199\" width=\"171.73\" height=\"25\"")));
}

TEST(BarFigureTest, SaysItselfInWords) {
  const std::string html = BarFigure(Bars());
  EXPECT_THAT(html, HasSubstr("<title id=\"p-title\">Title &lt;1&gt;</title>"));
  EXPECT_THAT(html, HasSubstr("<desc id=\"p-desc\">Description</desc>"));
  EXPECT_THAT(html,
              HasSubstr("role=\"img\" aria-labelledby=\"p-title p-desc\""));
  EXPECT_THAT(html, HasSubstr("2 files; UTC"));
  EXPECT_THAT(html, HasSubstr("<title>2020-05-01, a &amp; b: 100</title>"));
  EXPECT_THAT(Rows(html), ElementsAre("2020-05-01/100/100", "2020-05-02/0/25",
                                      "2020-05-03/50/0"));
  EXPECT_THAT(html, Not(HasSubstr("Nothing to see.")));
}

TEST(BarFigureTest, SameInputSameBytes) {
  EXPECT_EQ(BarFigure(Bars()), BarFigure(Bars()));
}

TEST(BarFigureTest, SaysThatThereIsNothing) {
  BarPlot plot = Bars();
  for (Series& series : plot.series) series.values = {0, 0, 0};
  EXPECT_THAT(BarFigure(plot), HasSubstr("Nothing to see."));
  EXPECT_THAT(BarFigure(plot), Not(HasSubstr("<svg")));
  EXPECT_THAT(BarFigure({.text = Text()}), HasSubstr("Nothing to see."));
}

TEST(BarFigureTest, OneSeriesNeedsNoLegend) {
  BarPlot plot = Bars();
  EXPECT_THAT(BarFigure(plot), HasSubstr("class=\"legend\""));
  plot.series.pop_back();
  EXPECT_THAT(BarFigure(plot), Not(HasSubstr("class=\"legend\"")));
}

TEST(BarFigureTest, AxisReachesTheMark) {
  BarPlot plot = Bars();
  plot.mark = BarPlot::Mark{.value = 1350, .name = "alert"};
  const std::string html = BarFigure(plot);
  // 1,500 over 200 units: the mark is 180 above the bottom at 224.
  EXPECT_THAT(html, HasSubstr("<line class=\"mark\" x1=\"64\" y1=\"44\""));
  EXPECT_THAT(html, HasSubstr(">alert</text>"));
}

TEST(HeatFigureTest, StepsAreNamed) {
  const HeatPlot plot = {.text = Text(),
                         .row = "day",
                         .rows = {"2020-05-01", "2020-05-02"},
                         .columns = {"0", "1", "2"},
                         .values = {{0, 1, 2}, {9, 40, 100}}};
  const std::string html = HeatFigure(plot);
  // 100 in five steps of the same factor: from 1, 3, 7, 16 and 40.
  EXPECT_THAT(Between(html, "</svg> ", "</li>"),
              ElementsAre("0", "1–2", "3–6", "7–15", "16–39", "40–100"));
  EXPECT_THAT(Between(Drawing(html), "<rect class=\"", "\" x="),
              ElementsAre("h0", "h1", "h1", "h3", "h5", "h5"));
  EXPECT_THAT(Rows(html),
              ElementsAre("2020-05-01/0/1/2", "2020-05-02/9/40/100"));
}

TEST(HeatFigureTest, FewCountsHaveFewSteps) {
  const HeatPlot plot = {.text = Text(),
                         .row = "day",
                         .rows = {"a"},
                         .columns = {"0", "1"},
                         .values = {{1, 2}}};
  EXPECT_THAT(Between(HeatFigure(plot), "</svg> ", "</li>"),
              ElementsAre("0", "1", "2"));
}

TEST(StripFigureTest, SpansLieAtTheirHours) {
  StripPlot plot = {.text = Text(), .row = "day"};
  plot.rows = {{.name = "2020-05-01",
                .spans = {{.from_hour = 6, .to_hour = 12, .tip = "6–12"}}}};
  plot.numbers = {.caption = "gaps", .header = {"day", "minutes"}};
  // A day is 644 wide and begins at 88.
  EXPECT_THAT(StripFigure(plot),
              HasSubstr("<rect class=\"h3\" x=\"249\" y=\"2\" width=\"161\""));
}

TEST(PointFigureTest, WhatIsNearStandsAbove) {
  PointPlot plot = {.text = Text()};
  plot.points = {{.hour = 12, .value = 50, .series = 0, .tip = "50 dB"}};
  plot.thresholds = {{.value = 100, .name = "far"}};
  const std::string html = PointFigure(plot);
  EXPECT_THAT(html, HasSubstr("<circle class=\"s0\" cx=\"386\" cy=\"124\""));
  EXPECT_THAT(html, HasSubstr("<line class=\"mark\" x1=\"64\" y1=\"224\""));
}

TEST(PageTest, AsksForNothing) {
  Page page("en", "A <title>");
  page.Heading("<h>");
  page.Paragraph("<p>");
  page.Notice("a\n<b><script>");
  page.Append(BarFigure(Bars()));
  const std::string html = std::move(page).Finish();
  EXPECT_THAT(html, HasSubstr("default-src 'none'; style-src 'unsafe-inline'"));
  for (const char* markup : {"<script", "<link", "<img", "url(", "@import",
                             "http:", "https:", "<h>", "<p><p>", "<b>"}) {
    EXPECT_THAT(html, Not(HasSubstr(markup)));
  }
  // Every element that is opened is closed.
  for (const char* element : {"svg", "figure", "table", "tr", "details", "main",
                              "html", "ul", "li", "div", "style"}) {
    EXPECT_EQ(Between(html, absl::StrCat("<", element, ">"), "<").size() +
                  Between(html, absl::StrCat("<", element, " "), "<").size(),
              Between(html, absl::StrCat("</", element, ">"), "<").size())
        << element;
  }
}

// A path is broken into lines, a time is not.
TEST(TableTest, LongCellsMayBeBroken) {
  const std::string path(40, 'a');
  const std::string html = TableHtml(
      {.caption = "c",
       .header = {"file", "time", "n"},
       .rows = {{path, "2020-12-02 07:12:00 +0900", "1"}, {"a", path, path}},
       .num_text_columns = 2});
  EXPECT_THAT(html, HasSubstr("<th scope=\"row\" class=\"long\">" + path));
  EXPECT_THAT(html, HasSubstr("<td>2020-12-02 07:12:00 +0900</td>"));
  EXPECT_THAT(html, HasSubstr("<th scope=\"row\">a</th><td class=\"long\">" +
                              path + "</td><td class=\"n\">" + path));
}

}  // namespace
}  // namespace tekmatch
