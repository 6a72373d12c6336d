// Tables by hand: what LevelDB writes, and what only an attacker would.
#include "tools/sightings/leveldb_table.h"

#include <snappy.h>

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/byte_source.h"
#include "tests/status_matchers.h"
#include "tests/tools/sightings/test_leveldb.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr uint64_t kHuge = UINT64_MAX;

struct ReadTable {
  std::vector<std::string> changes;
  absl::Status status;
  LevelDbTableBlocks blocks;
};

ReadTable Read(const std::string& bytes) {
  const std::unique_ptr<ByteSource> source = MemorySource("table", bytes);
  ReadTable table;
  const auto blocks =
      ReadLevelDbTable(*source, [&table](const LevelDbChange& c) {
        table.changes.push_back(absl::StrCat(c.key, "@", c.sequence,
                                             c.deletes ? "-" : "=", c.value));
      });
  table.status = blocks.status();
  if (blocks.ok()) table.blocks = *blocks;
  return table;
}

std::string GoodBlock() {
  return BlockOf({{InternalKey("a", 3), "one"}, {InternalKey("b", 2), ""}});
}

// Letters that hardly compress.
std::string Letters(size_t n) {
  std::minstd_rand random(1);
  std::string text;
  for (size_t i = 0; i < n; ++i) {
    text += static_cast<char>('a' + random() % 26);
  }
  return text;
}

// A table of one compressed block.
std::string SnappyTable(const std::string& packed) {
  const std::string index =
      BlockOf({{InternalKey("zz", 0), Varint(0) + Varint(packed.size())}});
  const std::string block = SealedBlock(packed, 1);
  return block + SealedBlock(index) + Footer(block.size(), index.size());
}

void ExpectDamaged(const std::string& bytes, const std::string& reason) {
  EXPECT_EQ(Read(bytes).status, absl::DataLossError(reason));
}

TEST(LevelDbTableTest, EntriesOfItsBlocksInOrder) {
  const ReadTable table = Read(TableOf(
      {GoodBlock(), BlockOf({{InternalKey("c", 9, /*deletes=*/true), ""}})}));
  ASSERT_THAT(table.status, IsOk());
  EXPECT_THAT(table.changes, ElementsAre("a@3=one", "b@2=", "c@9-"));
  EXPECT_EQ(table.blocks.num_blocks, 2U);
  EXPECT_EQ(table.blocks.num_damaged, 0U);
}

TEST(LevelDbTableTest, KeysShareTheirBeginnings) {
  const std::string suffix = Fixed64(1 << 8 | 1);
  const std::string content = Varint(0) + Varint(10) + Varint(1) + "ab" +
                              suffix + "1" + Varint(1) + Varint(9) + Varint(1) +
                              "c" + suffix + "2" + Fixed32(0) + Fixed32(1);
  EXPECT_THAT(Read(TableOf({content})).changes,
              ElementsAre("ab@1=1", "ac@1=2"));
}

TEST(LevelDbTableTest, Snappy) {
  std::string packed;
  snappy::Compress(GoodBlock().data(), GoodBlock().size(), &packed);
  const ReadTable table = Read(SnappyTable(packed));
  ASSERT_THAT(table.status, IsOk());
  EXPECT_THAT(table.changes, ElementsAre("a@3=one", "b@2="));
}

// It says that it holds 4 GiB.
TEST(LevelDbTableTest, ASnappyBlockThatCannotBeSoLong) {
  for (const std::string& packed :
       {Varint(UINT32_MAX) + "x", Varint(1 << 20) + "xxxxxxxx",
        std::string("\xff\xff\xff\xff\xff"), std::string()}) {
    const ReadTable table = Read(SnappyTable(packed));
    ASSERT_THAT(table.status, IsOk());
    EXPECT_THAT(table.changes, IsEmpty());
    EXPECT_EQ(table.blocks.num_damaged, 1U);
  }
}

// Up to 8 to 1; Snappy could pack 22 to 1.
TEST(LevelDbTableTest, ASnappyBlockThatPacksTooWell) {
  for (const size_t num_same : {1000, 3000}) {
    const std::string block =
        BlockOf({{InternalKey("a", 3), std::string(num_same, 'x')},
                 {InternalKey("b", 2), Letters(200)}});
    std::string packed;
    snappy::Compress(block.data(), block.size(), &packed);
    const bool allowed = block.size() / 8 <= packed.size();
    EXPECT_EQ(allowed, num_same == 1000);
    const ReadTable table = Read(SnappyTable(packed));
    ASSERT_THAT(table.status, IsOk());
    EXPECT_EQ(table.blocks.num_damaged, allowed ? 0U : 1U);
    EXPECT_EQ(table.changes.size(), allowed ? 2U : 0U);
  }
}

TEST(LevelDbTableTest, AnUnknownCompression) {
  const std::string index =
      BlockOf({{InternalKey("zz", 0), Varint(0) + Varint(GoodBlock().size())}});
  const std::string block = SealedBlock(GoodBlock(), 2);
  const ReadTable table =
      Read(block + SealedBlock(index) + Footer(block.size(), index.size()));
  ASSERT_THAT(table.status, IsOk());
  EXPECT_EQ(table.blocks.num_damaged, 1U);
}

TEST(LevelDbTableTest, ADamagedBlockTakesNoOtherWithIt) {
  std::string bytes = TableOf({GoodBlock(), GoodBlock()});
  bytes[5] = static_cast<char>(bytes[5] ^ 1);
  const ReadTable table = Read(bytes);
  ASSERT_THAT(table.status, IsOk());
  EXPECT_THAT(table.changes, ElementsAre("a@3=one", "b@2="));
  EXPECT_EQ(table.blocks.num_blocks, 2U);
  EXPECT_EQ(table.blocks.num_damaged, 1U);
}

TEST(LevelDbTableTest, Footers) {
  const std::string bytes = TableOf({GoodBlock()});
  const std::string blocks = bytes.substr(0, bytes.size() - 48);
  const std::string reason = "has a damaged footer";
  ExpectDamaged("", reason);
  ExpectDamaged(bytes.substr(0, bytes.size() - 1), reason);
  ExpectDamaged(std::string(48, '\xff'), reason);
  // Handles beyond the file, and such as wrap when they are added up.
  for (const uint64_t offset :
       {uint64_t{0}, uint64_t{1}, uint64_t{blocks.size()}, kHuge - 4, kHuge}) {
    for (const uint64_t size :
         {uint64_t{blocks.size()}, kHuge - offset, kHuge - 4, kHuge}) {
      ExpectDamaged(blocks + Footer(offset, size), reason);
    }
  }
}

TEST(LevelDbTableTest, HandlesInTheIndex) {
  const std::string good = GoodBlock();
  const uint64_t end = good.size() + 5;
  const auto with = [&](const std::vector<std::string>& handles) {
    std::vector<std::pair<std::string, std::string>> entries;
    entries.reserve(handles.size());
    for (const std::string& handle : handles) {
      entries.emplace_back(InternalKey("zz", 0), handle);
    }
    return TableOf({good}, BlockOf(entries));
  };
  const std::string right = Varint(0) + Varint(good.size());
  ASSERT_THAT(Read(with({right})).status, IsOk());
  const std::string reason = "has a damaged index";
  for (const uint64_t offset : {uint64_t{1}, end, kHuge - 4, kHuge}) {
    ExpectDamaged(with({Varint(offset) + Varint(good.size())}), reason);
    ExpectDamaged(with({Varint(offset) + Varint(kHuge - offset)}), reason);
  }
  ExpectDamaged(with({Varint(0) + Varint(kHuge)}), reason);
  ExpectDamaged(with({Varint(0) + Varint(kHuge - 4)}), reason);
  ExpectDamaged(with({Varint(0)}), reason);
  ExpectDamaged(with({""}), reason);
  // One block many times would cost many times what the file's size tells.
  ExpectDamaged(with({right, right}), reason);
}

TEST(LevelDbTableTest, ContentsThatAreNone) {
  const std::string key = InternalKey("a", 1);
  const std::string long_key(65, 'k');
  const std::vector<std::string> contents = {
      "",
      "abc",
      Fixed32(1),
      Fixed32(UINT32_MAX),
      // Shares more than there is; lengths beyond the block.
      Varint(1) + Varint(9) + Varint(0) + key + Fixed32(0) + Fixed32(1),
      Varint(0) + Varint(100) + Varint(0) + key + Fixed32(0) + Fixed32(1),
      Varint(0) + Varint(9) + Varint(UINT32_MAX) + key + Fixed32(0) +
          Fixed32(1),
      Varint(UINT32_MAX) + Varint(UINT32_MAX) + Varint(0) + Fixed32(0) +
          Fixed32(1),
      // No key of LevelDB's: too short, of an unknown kind, too long.
      BlockOf({{"1234567", ""}}),
      BlockOf({{"a" + Fixed64(1 << 8 | 2), ""}}),
      BlockOf({{InternalKey(long_key, 1), ""}}),
  };
  for (const std::string& content : contents) {
    const ReadTable table = Read(TableOf({content, GoodBlock()}));
    ASSERT_THAT(table.status, IsOk());
    EXPECT_THAT(table.changes, ElementsAre("a@3=one", "b@2="));
    EXPECT_EQ(table.blocks.num_damaged, 1U);
  }
}

TEST(LevelDbTableTest, TheIndexIsABlockToo) {
  ExpectDamaged(TableOf({GoodBlock()}, "abc"), "has a damaged index");
  std::string bytes = TableOf({GoodBlock()});
  bytes[bytes.size() - 49] ^= 1;  // its checksum
  ExpectDamaged(bytes, "has a damaged index");
}

}  // namespace
}  // namespace tekmatch
