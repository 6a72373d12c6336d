#include "bench/ratio_table.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<RatioRow> TwoRows() {
  return {{.name = "a",
           .ratio = 2,
           .engine_keys_per_s = 10,
           .baseline_keys_per_s = 5,
           .skipped = ""},
          {.name = "b",
           .ratio = 0,
           .engine_keys_per_s = 0,
           .baseline_keys_per_s = 0,
           .skipped = "no such kernel"}};
}

TEST(RatioTableTest, TheJsonHasQuickMachineAndRows) {
  for (const bool quick : {false, true}) {
    const nlohmann::ordered_json json = RatiosJson(TwoRows(), quick);
    EXPECT_EQ(json["quick"].dump(), quick ? "true" : "false");
    EXPECT_FALSE(json["machine"].get<std::string>().empty());
    EXPECT_EQ(json["rows"].dump(),
              R"([{"name":"a","ratio":2.0,"engine_keys_per_s":10.0,)"
              R"("baseline_keys_per_s":5.0},)"
              R"({"name":"b","skipped":"no such kernel"}])");
  }
}

TEST(RatioTableTest, TheTextOfAQuickRunSaysSoAboveTheFigures) {
  const std::vector<std::string> full =
      absl::StrSplit(RatiosText(TwoRows(), false), '\n');
  ASSERT_EQ(full.size(), 5);
  EXPECT_THAT(full[1], HasSubstr("ratio"));
  EXPECT_EQ(full[2],
            "a                          2.00              10               5");
  EXPECT_EQ(full[3], "b                      skipped: no such kernel");
  EXPECT_EQ(full[4], "");
  const std::vector<std::string> quick =
      absl::StrSplit(RatiosText(TwoRows(), true), '\n');
  EXPECT_THAT(quick,
              ElementsAre(full[0], "Quick run: these figures mean nothing.",
                          full[1], full[2], full[3], ""));
}

}  // namespace
}  // namespace tekmatch
