// MANIFESTs by hand.
#include "tools/sightings/leveldb_manifest.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/byte_source.h"
#include "tests/status_matchers.h"
#include "tests/tools/sightings/test_leveldb.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

absl::StatusOr<LevelDbManifest> ReadBytes(const std::string& bytes) {
  return ReadLevelDbManifest(*MemorySource("manifest", bytes));
}

absl::StatusOr<LevelDbManifest> Read(const std::vector<std::string>& edits) {
  return ReadBytes(LogOf(edits));
}

void ExpectNone(const std::vector<std::string>& edits,
                const std::string& reason) {
  EXPECT_EQ(Read(edits).status(), absl::DataLossError(reason));
}

std::string RemoveTable(uint64_t number) {
  return '\6' + Varint(0) + Varint(number);
}

TEST(LevelDbManifestTest, TheLastEditThatNamesAValueCounts) {
  const auto manifest =
      Read({FirstEdit(3, 7) + AddTable(5, 100),
            '\2' + Varint(8) + '\11' + Varint(6) + AddTable(9, 200),
            '\4' + Varint(300) + '\5' + Varint(1) + Sized("some key")});
  ASSERT_THAT(manifest, IsOk());
  EXPECT_EQ(manifest->log_number, 8U);
  EXPECT_EQ(manifest->previous_log_number, 6U);
  EXPECT_EQ(manifest->last_sequence, 300U);
  EXPECT_THAT(manifest->tables, ElementsAre(Pair(5, 100), Pair(9, 200)));
  EXPECT_EQ(manifest->damage, "");
}

TEST(LevelDbManifestTest, RemovedTables) {
  const std::string first = FirstEdit(3, 7) + AddTable(5, 100);
  EXPECT_THAT(Read({first, RemoveTable(5)})->tables, IsEmpty());
  EXPECT_THAT(Read({first, RemoveTable(4)})->tables, ElementsAre(Pair(5, 100)));
  // It only changes its level, in whatever order an edit says so.
  for (const std::string& edit :
       {RemoveTable(5) + AddTable(5, 100), AddTable(5, 100) + RemoveTable(5)}) {
    EXPECT_THAT(Read({first, edit})->tables, ElementsAre(Pair(5, 100)));
  }
}

TEST(LevelDbManifestTest, WithoutAState) {
  const std::string none = "names no state of a database";
  ExpectNone({}, none);
  ExpectNone({""}, none);
  const std::string log = '\2' + Varint(3);
  const std::string next = '\3' + Varint(9);
  const std::string last = '\4' + Varint(0);
  ExpectNone({log + next}, none);
  ExpectNone({log, last}, none);
  ExpectNone({next + last, '\11' + Varint(0)}, none);
  EXPECT_THAT(Read({log, next, last}), IsOk());
  EXPECT_EQ(ReadBytes("no log").status(),
            absl::DataLossError("is cut or torn"));
  ExpectNone({FirstEdit(3, 0) + '\1' + Sized("another.Comparator")},
             "is of a database in another order of keys");
}

TEST(LevelDbManifestTest, EditsThatAreNone) {
  const std::string reason = "holds an edit that is none of LevelDB's";
  for (const std::string& edit : std::vector<std::string>{
           std::string(1, '\0'), "\x08", "\x0a", "\xff", "\1",
           '\1' + Varint(9) + "short", "\2", "\2\xff", "\3", "\4", "\5",
           '\5' + Varint(1), "\6", '\6' + Varint(0), "\7",
           '\7' + Varint(0) + Varint(1) + Varint(2) + Sized("k"),
           // Sequence numbers have 56 bits.
           '\4' + Varint(uint64_t{1} << 56)}) {
    ExpectNone({edit}, reason);
    ExpectNone({FirstEdit(3, 0) + edit}, reason);
    const auto manifest = Read({FirstEdit(3, 0), edit, AddTable(5, 100)});
    ASSERT_THAT(manifest, IsOk());
    EXPECT_EQ(manifest->damage, reason);
    EXPECT_EQ(manifest->log_number, 3U);
    EXPECT_THAT(manifest->tables, IsEmpty());
  }
}

// The first state counts wherever the rest is cut or torn.
TEST(LevelDbManifestTest, CutOrTornAnywhere) {
  const std::string first = LogOf({FirstEdit(3, 7)});
  const std::string bytes = LogOf({FirstEdit(3, 7), AddTable(5, 100)});
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::string cut = bytes.substr(0, size);
    for (const std::string& damaged :
         {cut, cut + std::string(bytes.size() - size, '\0')}) {
      if (damaged == bytes) continue;  // it ends in zeros
      const auto manifest = ReadBytes(damaged);
      EXPECT_EQ(manifest.ok(), size >= first.size()) << size;
      if (!manifest.ok()) continue;
      EXPECT_THAT(manifest->tables, IsEmpty());
      EXPECT_EQ(manifest->damage, damaged == first ? "" : "is cut or torn");
    }
  }
}

// After damage in the middle no later edit is believed.
TEST(LevelDbManifestTest, DamageInTheMiddle) {
  std::string bytes =
      LogOf({FirstEdit(3, 0), std::string(40000, '\2'), AddTable(5, 100)});
  bytes[LogOf({FirstEdit(3, 0)}).size() + 10] = 'x';
  const auto manifest = ReadBytes(bytes);
  ASSERT_THAT(manifest, IsOk());
  EXPECT_EQ(manifest->damage, "is cut or torn");
  EXPECT_THAT(manifest->tables, IsEmpty());
}

}  // namespace
}  // namespace tekmatch
