#include "bench/ratio_table.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "matcher/kernels/dispatch.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<RatioRow> ThreeRows() {
  return {{.name = "a",
           .kernel = "portable",
           .num_runs = 3,
           .ratio = 2,
           .low_quartile = 1.5,
           .high_quartile = 2.25,
           .ceiling = 4,
           .share_of_ceiling = 0.5,
           .engine_keys_per_s = 10,
           .baseline_keys_per_s = 5,
           .skipped = ""},
          {.name = "c",
           .kernel = "arm64_crypto",
           .num_runs = 1,
           .ratio = 3,
           .low_quartile = 3,
           .high_quartile = 3,
           .ceiling = 0,
           .share_of_ceiling = 0,
           .engine_keys_per_s = 12,
           .baseline_keys_per_s = 4,
           .skipped = ""},
          {.name = "b", .kernel = "", .skipped = "no such kernel"}};
}

TEST(RatioTableTest, TheJsonHasWhatWasMeasuredAndRows) {
  for (const bool quick : {false, true}) {
    const nlohmann::ordered_json json =
        RatiosJson(ThreeRows(), {.quick = quick, .commit = "c0ffee"});
    EXPECT_EQ(json["quick"].dump(), quick ? "true" : "false");
    EXPECT_EQ(json["commit"], "c0ffee");
    EXPECT_FALSE(json["machine"].get<std::string>().empty());
    EXPECT_EQ(json["kernel"], DefaultKernels().name);
    EXPECT_EQ(json["rows"].dump(),
              R"([{"name":"a","kernel":"portable","runs":3,"ratio":2.0,)"
              R"("low_quartile":1.5,"high_quartile":2.25,)"
              R"("ceiling":4.0,"share_of_ceiling":0.5,)"
              R"("engine_keys_per_s":10.0,)"
              R"("baseline_keys_per_s":5.0},)"
              R"({"name":"c","kernel":"arm64_crypto","runs":1,"ratio":3.0,)"
              R"("low_quartile":3.0,"high_quartile":3.0,)"
              R"("ceiling":null,"share_of_ceiling":null,)"
              R"("engine_keys_per_s":12.0,)"
              R"("baseline_keys_per_s":4.0},)"
              R"({"name":"b","skipped":"no such kernel"}])");
  }
}

TEST(RatioTableTest, TheTextOfAQuickRunSaysSoAboveTheFigures) {
  const std::vector<std::string> full =
      absl::StrSplit(RatiosText(ThreeRows(), {}), '\n');
  ASSERT_EQ(full.size(), 7);
  EXPECT_EQ(full[1],
            absl::StrCat("Commit unknown, kernel ", DefaultKernels().name));
  EXPECT_THAT(full[2], HasSubstr("ratio"));
  EXPECT_EQ(full[3],
            "a                          2.00      1.50..2.25     4.00   0.50"
            "              10               5     3");
  EXPECT_EQ(full[4],
            "c                          3.00      3.00..3.00        -      -"
            "              12               4     1");
  EXPECT_EQ(full[5], "b                      skipped: no such kernel");
  EXPECT_EQ(full[6], "");
  const std::vector<std::string> quick =
      absl::StrSplit(RatiosText(ThreeRows(), {.quick = true}), '\n');
  EXPECT_THAT(quick, ElementsAre(full[0], full[1],
                                 "Quick run: these figures mean nothing.",
                                 full[2], full[3], full[4], full[5], ""));
}

}  // namespace
}  // namespace tekmatch
