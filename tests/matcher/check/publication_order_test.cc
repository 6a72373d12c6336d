#include "matcher/check/publication_order.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;

ExportFileResult File(const std::string& path, uint64_t end, int batch_num,
                      uint8_t hash, bool accepted = true) {
  ExportFileResult file;
  file.path = path;
  file.verdict = accepted ? "valid" : "no_signature_entry";
  file.accepted = accepted;
  file.report.metadata.end_timestamp = end;
  file.report.metadata.batch_num = batch_num;
  file.report.digests.sha256.fill(hash);
  return file;
}

ExportFileResult Damaged(const std::string& path) {
  ExportFileResult file;
  file.path = path;
  file.verdict = "malformed";
  return file;
}

std::vector<std::string> Paths(const std::vector<ExportFileResult>& files) {
  std::vector<std::string> paths;
  paths.reserve(files.size());
  for (const ExportFileResult& file : files) paths.push_back(file.path);
  return paths;
}

TEST(PublicationOrderTest, EndThenBatchThenContentNeverNames) {
  constexpr uint64_t kLastSecond = 253402300799;  // of the year 9999
  std::vector<ExportFileResult> files = {
      File("9", 1, 2, 9), File("8", 1000, 1, 5), File("7", 1000, 2, 3),
      File("6", 1000, 2, 4), File("5", kLastSecond, 1, 0xff),
      // Without a plausible end.
      File("4", 0, 1, 2), File("3", kLastSecond + 1, 1, 3), File("2", 0, 2, 1),
      // One export, refused and accepted: then by name.
      File("1", 0, 3, 7), File("99", 0, 3, 7), File("0", 0, 3, 7, false),
      Damaged("00"), Damaged("01")};
  const std::vector<std::string> expected = Paths(files);
  std::mt19937_64 rng(1);
  for (int i = 0; i < 50; ++i) {
    std::shuffle(files.begin(), files.end(), rng);
    std::sort(files.begin(), files.end(), InPublicationOrder);
    EXPECT_EQ(Paths(files), expected);
  }
}

TEST(PublicationOrderTest, CopiesAreOfAcceptedFiles) {
  std::vector<ExportFileResult> files = {
      File("a", 1, 1, 1), File("b", 1, 1, 1),        File("c", 1, 1, 1),
      File("d", 1, 1, 2), File("e", 1, 1, 1, false), Damaged("f"),
      Damaged("g")};
  MarkCopies(files);
  std::vector<std::string> copy_of;
  copy_of.reserve(files.size());
  for (const ExportFileResult& file : files) copy_of.push_back(file.copy_of);
  EXPECT_THAT(copy_of, ElementsAre("", "a", "a", "", "", "", ""));
}

TEST(PublicationOrderTest, TimestampsThatStandForNoDate) {
  ExportMetadata metadata;
  EXPECT_FALSE(TimesOf(metadata).start_seconds.has_value());
  EXPECT_FALSE(TimesOf(metadata).end_seconds.has_value());
  metadata.start_timestamp = 1;
  metadata.end_timestamp = 253402300800;
  EXPECT_EQ(TimesOf(metadata).start_seconds, 1);
  EXPECT_FALSE(TimesOf(metadata).end_seconds.has_value());
}

}  // namespace
}  // namespace tekmatch
