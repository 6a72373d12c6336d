#include "bench/report_page.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<std::string> PageOf(const std::string& parts) {
  return ReportPage(R"({"language":"en","title":"T","parts":[)" + parts + "]}");
}

constexpr char kText[] = R"("id":"x","title":"t","description":"d",
  "source":"s","unit":"u","table":"n","nothing":"nothing at all")";

TEST(ReportPageTest, EachKindOfPart) {
  const std::string text = kText;
  const auto page = PageOf(
      R"({"heading":"H<1>"},{"subheading":"S"},{"paragraph":"P"},
         {"notice":"N"},{"table":{"caption":"c","header":["a","b"],
          "rows":[["1","2"]],"text_columns":1}},{"groups":{)" +
      text + R"(,"category":"c","categories":["k"],"series":[
          {"name":"s1","values":[null]},{"name":"s2","values":[2]}]}},
         {"lines":{)" +
      text + R"(,"line":"l","x":"x","log_x":false,
          "series":[{"name":"s","points":[[1,2]]}],
          "reference":{"name":"ideal","points":[[0,0],[1,2]]}}},{"ranges":{)" +
      text + R"(,"row":"r","low":"l","median":"m","high":"h","rows":[
          {"name":"n","low":1,"median":2,"high":3}],
          "mark":{"name":"as fast","value":1}}})");
  ASSERT_THAT(page, IsOk());
  for (const char* html :
       {"<h1>T</h1>", "<h2>H&lt;1&gt;</h2>", "<h3 class=\"part\">S</h3>",
        "<p>P</p>", "<div class=\"notice\">N</div>",
        "<th scope=\"row\">1</th><td class=\"n\">2</td>", "k, s2: 2", "ideal",
        "n: 2 (1–3)", "as fast"}) {
    EXPECT_THAT(*page, HasSubstr(html));
  }
}

TEST(ReportPageTest, WhatIsNoDescription) {
  const std::string text = kText;
  for (const std::string& parts :
       {std::string("7"), std::string("{}"),
        std::string(R"({"heading":"a","notice":"b"})"),
        std::string(R"({"picture":"a"})"), std::string(R"({"heading":7})"),
        std::string(R"({"table":{"caption":"c","header":["a","b"],
            "rows":[["1"]],"text_columns":1}})"),
        R"({"groups":{)" + text +
            R"(,"category":"c","categories":["k","l"],"series":[
               {"name":"s","values":[1]}]}})",
        R"({"lines":{)" + text + R"(,"line":"l","x":"x","log_x":false,
               "series":[{"name":"s","points":[[1]]}]}})"}) {
    EXPECT_THAT(PageOf(parts), StatusIs(absl::StatusCode::kInvalidArgument))
        << parts;
  }
  EXPECT_THAT(ReportPage("{"), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace tekmatch
