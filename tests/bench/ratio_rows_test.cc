#include "bench/ratio_rows.h"

#include <set>
#include <string>
#include <vector>

#include "bench/row_floors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "matcher/kernels/dispatch.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> NamesOf(const std::vector<RatioRow>& rows) {
  std::vector<std::string> names;
  names.reserve(rows.size());
  for (const RatioRow& row : rows) names.push_back(row.name);
  return names;
}

// Each row checks its answers; here also with numbers of keys and sightings
// that nothing is a multiple of.
TEST(RatioRowsTest, EveryRowIsMeasuredOrSaysWhyNot) {
  RatioOptions options;
  options.num_runs = 2;
  options.num_keys = 5'001;
  options.num_baseline_keys = 101;
  options.num_sightings = 37;
  // As they lie beside each other where Bazel runs tests.
  options.programs = WaitPrograms::Beside("bench/ratios");
  const auto rows = MeasureRatios(options);
  ASSERT_THAT(rows, IsOk());
  EXPECT_THAT(NamesOf(*rows),
              ElementsAre("dense_20k", "dense_1m", "dense_10m", "phone",
                          "end_to_end", "x86_aesni", "two_threads", "wait_20k",
                          "read_1m", "read_10m", "read_10m_tksight",
                          "hkdf_share_of_ceiling", "aes_share_of_ceiling"));
  for (const RatioRow& row : *rows) {
    SCOPED_TRACE(row.name);
    const bool needs_vaes = row.name.ends_with("share_of_ceiling");
    const bool needs_aesni = row.name == "x86_aesni";
    const bool skipped = (needs_vaes && !FindKernels("x86_vaes512").ok()) ||
                         (needs_aesni && !FindKernels("x86_aesni").ok());
    EXPECT_EQ(!row.skipped.empty(), skipped) << row.skipped;
    EXPECT_EQ(row.ratio > 0, !skipped);
    EXPECT_EQ(row.kernel.empty(), skipped);
    EXPECT_EQ(row.num_runs, skipped ? 0 : needs_vaes ? 10 : 2);
    EXPECT_LE(row.low_quartile, row.ratio);
    EXPECT_GE(row.high_quartile, row.ratio);
    EXPECT_EQ(row.engine_keys_per_s > 0, !skipped);
    EXPECT_EQ(row.baseline_keys_per_s > 0, !skipped);
    // Of reading and of two threads always; of keys where somebody counted the
    // kernel's instructions; not of the rows that are shares themselves.
    const bool has_ceiling =
        !skipped && !needs_vaes &&
        (row.name.starts_with("read_") || row.name == "two_threads" ||
         KernelsFloor(row.kernel, 1).ok());
    EXPECT_EQ(row.ceiling > 0, has_ceiling);
    EXPECT_EQ(row.share_of_ceiling > 0, has_ceiling);
  }
}

TEST(RatioRowsTest, WithoutItsProgramsTheWaitIsSkipped) {
  RatioOptions options;
  options.num_runs = 1;
  options.num_keys = 100;
  options.num_baseline_keys = 100;
  options.num_sightings = 30;
  options.rows = {"wait_20k"};
  options.programs = WaitPrograms::Beside("nowhere/ratios");
  const auto rows = MeasureRatios(options);
  ASSERT_THAT(rows, IsOk());
  ASSERT_THAT(NamesOf(*rows), ElementsAre("wait_20k"));
  EXPECT_EQ((*rows)[0].skipped, "its programs are not beside this one");
}

TEST(RatioRowsTest, OnlyTheRowsAskedFor) {
  RatioOptions options;
  options.num_runs = 1;
  options.num_keys = 1000;
  options.num_baseline_keys = 100;
  options.num_sightings = 30;
  options.rows = {"phone", "dense_20k"};
  const auto rows = MeasureRatios(options);
  ASSERT_THAT(rows, IsOk());
  EXPECT_THAT(NamesOf(*rows), ElementsAre("dense_20k", "phone"));
  options.rows = {"phone", "dense_30k"};
  EXPECT_THAT(MeasureRatios(options),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace tekmatch
