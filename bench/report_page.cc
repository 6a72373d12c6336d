// Plan: a function for each kind of part, which throws where the JSON is of
// another form; ReportPage turns that into a status.
#include "bench/report_page.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tools/page/measure_plots.h"
#include "tools/page/page.h"
#include "tools/page/plots.h"

namespace tekmatch {
namespace {

using ::nlohmann::json;

std::string TextAt(const json& object, const char* name) {
  return object.at(name).get<std::string>();
}

std::vector<std::string> TextsAt(const json& object, const char* name) {
  return object.at(name).get<std::vector<std::string>>();
}

PlotText TextOf(const json& plot) {
  return {.id = TextAt(plot, "id"),
          .title = TextAt(plot, "title"),
          .description = TextAt(plot, "description"),
          .source = TextAt(plot, "source"),
          .unit = TextAt(plot, "unit"),
          .table = TextAt(plot, "table"),
          .nothing = TextAt(plot, "nothing")};
}

// Rows that are shorter than the header, and values that are none of a
// category's, would be read beyond their end.
void Check(bool is_right, const char* what) {
  if (!is_right) throw std::invalid_argument(what);
}

std::string Table(const json& table) {
  PageTable made{.caption = TextAt(table, "caption"),
                 .header = TextsAt(table, "header"),
                 .num_text_columns = table.at("text_columns").get<size_t>()};
  for (const json& row : table.at("rows")) {
    made.rows.push_back(row.get<std::vector<std::string>>());
    Check(made.rows.back().size() == made.header.size(), "length of a row");
  }
  return TableHtml(made);
}

std::string Groups(const json& plot) {
  GroupPlot made{.text = TextOf(plot),
                 .category = TextAt(plot, "category"),
                 .categories = TextsAt(plot, "categories")};
  for (const json& series : plot.at("series")) {
    GroupPlot::Series& added = made.series.emplace_back();
    added.name = TextAt(series, "name");
    for (const json& value : series.at("values")) {
      added.values.push_back(value.is_null()
                                 ? std::nullopt
                                 : std::optional<double>(value.get<double>()));
    }
    Check(added.values.size() == made.categories.size(), "number of values");
  }
  Check(made.series.size() <= kMaxSeries, "number of series");
  return GroupFigure(made);
}

LinePlot::Series LineOf(const json& series) {
  return {
      .name = TextAt(series, "name"),
      .points =
          series.at("points").get<std::vector<std::pair<double, double>>>()};
}

std::string Lines(const json& plot) {
  LinePlot made{.text = TextOf(plot),
                .line = TextAt(plot, "line"),
                .x = TextAt(plot, "x"),
                .log_x = plot.at("log_x").get<bool>()};
  for (const json& series : plot.at("series")) {
    made.series.push_back(LineOf(series));
  }
  if (plot.contains("reference")) made.reference = LineOf(plot["reference"]);
  return LineFigure(made);
}

std::string Ranges(const json& plot) {
  RangePlot made{.text = TextOf(plot),
                 .row = TextAt(plot, "row"),
                 .low = TextAt(plot, "low"),
                 .median = TextAt(plot, "median"),
                 .high = TextAt(plot, "high")};
  for (const json& row : plot.at("rows")) {
    made.rows.push_back({.name = TextAt(row, "name"),
                         .low = row.at("low").get<double>(),
                         .median = row.at("median").get<double>(),
                         .high = row.at("high").get<double>()});
  }
  if (plot.contains("mark")) {
    made.mark = BarPlot::Mark{.value = plot["mark"].at("value").get<double>(),
                              .name = TextAt(plot["mark"], "name")};
  }
  return RangeFigure(made);
}

void AddPart(const std::string& kind, const json& part, Page& page) {
  if (kind == "heading") {
    page.Heading(part.get<std::string>());
  } else if (kind == "subheading") {
    page.Subheading(part.get<std::string>());
  } else if (kind == "paragraph") {
    page.Paragraph(part.get<std::string>());
  } else if (kind == "notice") {
    page.Notice(part.get<std::string>());
  } else if (kind == "table") {
    page.Append(Table(part));
  } else if (kind == "groups") {
    page.Append(Groups(part));
  } else if (kind == "lines") {
    page.Append(Lines(part));
  } else if (kind == "ranges") {
    page.Append(Ranges(part));
  } else {
    throw std::invalid_argument("kind of a part");
  }
}

}  // namespace

absl::StatusOr<std::string> ReportPage(absl::string_view description) {
  try {
    const json root = json::parse(description.begin(), description.end());
    Page page(TextAt(root, "language"), TextAt(root, "title"));
    for (const json& part : root.at("parts")) {
      Check(part.is_object() && part.size() == 1, "members of a part");
      AddPart(part.begin().key(), part.begin().value(), page);
    }
    return std::move(page).Finish();
  } catch (const json::exception& error) {
    return absl::InvalidArgumentError(error.what());
  } catch (const std::invalid_argument& error) {
    return absl::InvalidArgumentError(error.what());
  }
}

}  // namespace tekmatch
