#include "keyformat/batch.h"

#include <vector>

#include "gtest/gtest.h"

namespace tekmatch {
namespace {

ExportMetadata File(int num, int size, uint64_t end = 2) {
  ExportMetadata metadata;
  metadata.start_timestamp = 1;
  metadata.end_timestamp = end;
  metadata.region = "440";
  metadata.batch_num = num;
  metadata.batch_size = size;
  return metadata;
}

TEST(BatchTest, SingleFilesAndWholeBatchesAreComplete) {
  EXPECT_TRUE(FindIncompleteBatches({}).empty());
  EXPECT_TRUE(FindIncompleteBatches({File(1, 1), File(1, 1)}).empty());
  EXPECT_TRUE(
      FindIncompleteBatches({File(3, 3), File(1, 3), File(2, 3)}).empty());
  // A file given twice is no defect.
  EXPECT_TRUE(
      FindIncompleteBatches({File(1, 2), File(2, 2), File(2, 2)}).empty());
}

TEST(BatchTest, NamesTheMissingNumbers) {
  const auto incomplete = FindIncompleteBatches(
      {File(1, 1), File(2, 4), File(4, 4), File(1, 2), File(2, 2)});
  ASSERT_EQ(incomplete.size(), 1);
  EXPECT_EQ(incomplete[0].files, (std::vector<size_t>{1, 2}));
  EXPECT_EQ(incomplete[0].batch_size, 4);
  EXPECT_EQ(incomplete[0].missing, (std::vector<int>{1, 3}));
  EXPECT_EQ(incomplete[0].num_missing, 2);
}

TEST(BatchTest, FilesOfDifferentWindowsAreDifferentBatches) {
  const auto incomplete =
      FindIncompleteBatches({File(2, 2, /*end=*/9), File(1, 2, /*end=*/8)});
  ASSERT_EQ(incomplete.size(), 2);
  EXPECT_EQ(incomplete[0].files, std::vector<size_t>{0});
  EXPECT_EQ(incomplete[0].missing, std::vector<int>{1});
  EXPECT_EQ(incomplete[1].files, std::vector<size_t>{1});
  EXPECT_EQ(incomplete[1].missing, std::vector<int>{2});
}

// Each of the facts by itself parts two halves that would fit.
TEST(BatchTest, FilesThatDifferInAnyFactAreOfDifferentBatches) {
  const ExportMetadata first = File(1, 2);
  ASSERT_TRUE(FindIncompleteBatches({first, File(2, 2)}).empty());
  std::vector<ExportMetadata> others(4, File(2, 2));
  others[0].region = "441";
  others[1].start_timestamp = 0;
  others[2].end_timestamp = 3;
  others[3].batch_size = 3;
  for (const ExportMetadata& other : others) {
    EXPECT_EQ(FindIncompleteBatches({first, other}).size(), 2);
  }
}

TEST(BatchTest, AHugeBatchNamesAHundredAndCountsAll) {
  const auto incomplete = FindIncompleteBatches({File(50, kMaxBatchSize)});
  ASSERT_EQ(incomplete.size(), 1);
  EXPECT_EQ(incomplete[0].missing.size(), 100);
  EXPECT_EQ(incomplete[0].missing.back(), 101);
  EXPECT_EQ(incomplete[0].num_missing, kMaxBatchSize - 1);
}

}  // namespace
}  // namespace tekmatch
