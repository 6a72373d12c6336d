#include "keyformat/batch.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace tekmatch {
namespace {

BatchMember File(int num, int size, uint64_t end = 2,
                 std::vector<std::string> signers = {"440"}) {
  BatchMember member;
  member.signers = std::move(signers);
  ExportMetadata& metadata = member.metadata;
  metadata.start_timestamp = 1;
  metadata.end_timestamp = end;
  metadata.region = "440";
  metadata.batch_num = num;
  metadata.batch_size = size;
  return member;
}

BatchMember SignedBy(std::vector<std::string> signers, int num, int size) {
  return File(num, size, /*end=*/2, std::move(signers));
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
  const BatchMember first = File(1, 2);
  ASSERT_TRUE(FindIncompleteBatches({first, File(2, 2)}).empty());
  std::vector<BatchMember> others(4, File(2, 2));
  others[0].metadata.region = "441";
  others[1].metadata.start_timestamp = 0;
  others[2].metadata.end_timestamp = 3;
  others[3].metadata.batch_size = 3;
  for (const BatchMember& other : others) {
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

// The halves of two authorities of one region and window.
TEST(BatchTest, TwoSignersHaveTwoBatches) {
  const auto incomplete =
      FindIncompleteBatches({SignedBy({"440"}, 1, 2), SignedBy({"999"}, 2, 2)});
  ASSERT_EQ(incomplete.size(), 2);
  EXPECT_EQ(incomplete[0].files, std::vector<size_t>{0});
  EXPECT_EQ(incomplete[0].missing, std::vector<int>{2});
  EXPECT_EQ(incomplete[1].files, std::vector<size_t>{1});
  EXPECT_EQ(incomplete[1].missing, std::vector<int>{1});
  EXPECT_TRUE(
      FindIncompleteBatches({SignedBy({"440"}, 1, 2), SignedBy({"999"}, 2, 2),
                             SignedBy({"999"}, 1, 2), SignedBy({"440"}, 2, 2)})
          .empty());
}

// What nobody signed does not fill a gap in what somebody did, nor what was
// signed under no name.
TEST(BatchTest, UnsignedFilesAreABatchOfTheirOwn) {
  EXPECT_EQ(FindIncompleteBatches({SignedBy({"440"}, 1, 2), SignedBy({}, 2, 2)})
                .size(),
            2);
  EXPECT_EQ(
      FindIncompleteBatches({SignedBy({""}, 1, 2), SignedBy({}, 2, 2)}).size(),
      2);
  EXPECT_TRUE(
      FindIncompleteBatches({SignedBy({}, 1, 2), SignedBy({}, 2, 2)}).empty());
}

// A second signer on some of the files takes nothing from the first one's
// batch, and files that two signed are a whole batch of either.
TEST(BatchTest, AFileWithTwoSignersIsOfBothBatches) {
  EXPECT_TRUE(FindIncompleteBatches(
                  {SignedBy({"440"}, 1, 2), SignedBy({"440", "999"}, 2, 2)})
                  .empty());
  // Nobody signed all three.
  const auto incomplete = FindIncompleteBatches({SignedBy({"440"}, 1, 3),
                                                 SignedBy({"999", "440"}, 2, 3),
                                                 SignedBy({"999"}, 3, 3)});
  ASSERT_EQ(incomplete.size(), 2);
  EXPECT_EQ(incomplete[0].files, (std::vector<size_t>{0, 1}));
  EXPECT_EQ(incomplete[0].missing, std::vector<int>{3});
  EXPECT_EQ(incomplete[1].files, std::vector<size_t>{2});
  EXPECT_EQ(incomplete[1].missing, std::vector<int>{1});
  // Two keys of one id sign one file: it is one member.
  EXPECT_EQ(FindIncompleteBatches({SignedBy({"440", "440"}, 1, 2)}).size(), 1);
}

}  // namespace
}  // namespace tekmatch
