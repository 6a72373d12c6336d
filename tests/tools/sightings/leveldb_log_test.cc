// Logs of records of many lengths, whole, cut and torn at every place.
#include "tools/sightings/leveldb_log.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/byte_source.h"
#include "tests/status_matchers.h"
#include "tests/tools/sightings/test_leveldb.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr size_t kBlock = 32768;

struct ReadLog {
  std::vector<std::string> records;
  uint64_t lost = 0;
  uint64_t lost_at_end = 0;
};

ReadLog Read(const std::string& bytes) {
  const std::unique_ptr<ByteSource> source = MemorySource("log", bytes);
  LevelDbLogReader reader(*source);
  ReadLog log;
  std::string record;
  while (true) {
    const absl::StatusOr<bool> more = reader.Next(&record);
    EXPECT_THAT(more, IsOk());
    if (!more.ok() || !*more) break;
    log.records.push_back(record);
  }
  EXPECT_FALSE(*reader.Next(&record)) << "the end is no end";
  log.lost = reader.lost_bytes();
  log.lost_at_end = reader.lost_at_end();
  EXPECT_EQ(reader.size(), bytes.size());
  return log;
}

// How many of the records end within the first `size` bytes.
size_t NumWithin(const std::vector<std::string>& records, size_t size) {
  size_t n = 0;
  while (n < records.size() &&
         LogOf({records.begin(), records.begin() + static_cast<long>(n) + 1})
                 .size() <= size) {
    ++n;
  }
  return n;
}

TEST(LevelDbLogTest, Empty) {
  EXPECT_THAT(Read("").records, IsEmpty());
  EXPECT_EQ(Read("").lost, 0U);
  EXPECT_THAT(Read(LogOf({""})).records, ElementsAre(""));
}

TEST(LevelDbLogTest, RecordsOfAnyLengthOverBlocks) {
  std::vector<std::string> records;
  // Those around the length that leaves 0..8 bytes of the first block.
  for (size_t left = 0; left <= 8; ++left) {
    records = {std::string(kBlock - 14 - left - 3, 'a'),
               "abc",
               "b",
               std::string(3 * kBlock, 'c'),
               "",
               "d"};
    const std::string log = LogOf(records);
    const ReadLog read = Read(log);
    EXPECT_EQ(read.records, records) << left;
    EXPECT_EQ(read.lost, 0U) << left;
    EXPECT_EQ(read.lost_at_end, 0U) << left;
  }
}

// Wherever a copy stopped, what is whole is read, and unless it stopped between
// two records every byte of the rest is known to be lost.
TEST(LevelDbLogTest, CutAnywhere) {
  const std::vector<std::string> records = {
      "first", "",
      "third", std::string(kBlock - 50, 'd'),
      "fifth", std::string(99, 'f')};
  const std::string log = LogOf(records);
  ASSERT_GT(log.size(), kBlock);
  for (size_t size = 0;
       size<log.size(); size += size> 100 && size < kBlock - 200 ? 97 : 1) {
    const ReadLog read = Read(log.substr(0, size));
    const size_t n = NumWithin(records, size);
    const std::vector<std::string> whole(
        records.begin(), records.begin() + static_cast<long>(n));
    EXPECT_EQ(read.records, whole) << size;
    EXPECT_EQ(read.lost, size - LogOf(whole).size()) << size;
    EXPECT_EQ(read.lost_at_end, read.lost) << size;
  }
}

// Zeros from anywhere to the end: inside a record, and between two.
TEST(LevelDbLogTest, TornAnywhere) {
  const std::vector<std::string> records = {"one!", "two!", "three", "four!"};
  const std::string log = LogOf(records);
  for (size_t size = 0; size < log.size(); ++size) {
    const std::string torn =
        log.substr(0, size) + std::string(log.size() - size, '\0');
    const ReadLog read = Read(torn);
    const size_t n = NumWithin(records, size);
    const std::vector<std::string> whole(
        records.begin(), records.begin() + static_cast<long>(n));
    EXPECT_EQ(read.records, whole) << size;
    EXPECT_EQ(read.lost, log.size() - LogOf(whole).size()) << size;
    EXPECT_EQ(read.lost_at_end, read.lost) << size;
  }
}

// As memory-mapped writers left it, and as a lost page looks.
TEST(LevelDbLogTest, ZerosAfterTheLastRecordAreALoss) {
  const std::string log = LogOf({"one", "two"});
  for (const size_t zeros :
       {size_t{1}, size_t{6}, size_t{7}, kBlock, 4 * kBlock}) {
    const ReadLog read = Read(log + std::string(zeros, '\0'));
    EXPECT_THAT(read.records, ElementsAre("one", "two"));
    EXPECT_EQ(read.lost, zeros);
    EXPECT_EQ(read.lost_at_end, zeros);
  }
}

TEST(LevelDbLogTest, ATrailerIsWrittenWithTheRecordAfterIt) {
  for (size_t left = 1; left < 7; ++left) {
    const std::string record(kBlock - 7 - left, 'a');
    const std::string log = LogOf({record, "b"});
    EXPECT_EQ(Read(log).lost, 0U);
    EXPECT_EQ(Read(log.substr(0, kBlock - left)).lost, 0U);
    EXPECT_EQ(Read(log.substr(0, kBlock)).lost, left);
    EXPECT_EQ(Read(log.substr(0, kBlock)).lost_at_end, left);
  }
  // With seven bytes left the next record begins there, without data.
  const std::string log = LogOf({std::string(kBlock - 14, 'a'), "b"});
  EXPECT_EQ(Read(log).lost, 0U);
  EXPECT_EQ(Read(log.substr(0, kBlock)).lost, 7U);
}

TEST(LevelDbLogTest, GoesOnAfterDamageInTheNextBlock) {
  const std::string big(kBlock - 7 - 10, 'b');
  const std::string log = LogOf({"aaa", big, "ccc"});
  std::string damaged = log;
  damaged[7] = 'x';  // the first record's data
  const ReadLog read = Read(damaged);
  EXPECT_THAT(read.records, ElementsAre("ccc"));
  EXPECT_EQ(read.lost, log.size() - 10);
  EXPECT_EQ(read.lost_at_end, 0U);
}

TEST(LevelDbLogTest, FragmentsThatDoNotBelongTogether) {
  // LAST and MIDDLE without FIRST; FIRST before another FIRST or a FULL.
  EXPECT_THAT(Read(LogFragment(4, "x") + LogFragment(1, "a")).records,
              ElementsAre("a"));
  EXPECT_EQ(Read(LogFragment(4, "x") + LogFragment(1, "a")).lost, 8U);
  EXPECT_EQ(Read(LogFragment(3, "x") + LogFragment(1, "a")).lost, 8U);
  const ReadLog again = Read(LogFragment(2, "x") + LogFragment(2, "a") +
                             LogFragment(3, "b") + LogFragment(4, "c"));
  EXPECT_THAT(again.records, ElementsAre("abc"));
  EXPECT_EQ(again.lost, 8U);
  EXPECT_EQ(Read(LogFragment(2, "x") + LogFragment(1, "a")).lost, 8U);
  // A type that the format lacks, and a record that never ends.
  EXPECT_EQ(Read(LogFragment(5, "x") + LogFragment(1, "a")).lost, 8U);
  EXPECT_EQ(Read(LogFragment(1, "a") + LogFragment(2, "x")).lost, 8U);
  EXPECT_EQ(Read(LogFragment(1, "a") + LogFragment(2, "x")).lost_at_end, 8U);
}

}  // namespace
}  // namespace tekmatch
