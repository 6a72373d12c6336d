// Databases that are made by hand, with what no LevelDB would write.
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/test_files.h"
#include "tests/tools/sightings/leveldb_folder.h"
#include "tests/tools/sightings/test_leveldb.h"

namespace tekmatch {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;

class LevelDbByHandTest : public LevelDbFolderTest {
 protected:
  // A database: its MANIFEST, and its logs by number.
  void Make(const std::vector<std::string>& edits,
            const std::map<int, std::vector<std::string>>& logs = {}) const {
    fs::remove_all(path_);
    fs::create_directory(path_);
    WriteFile(At("CURRENT"), "MANIFEST-000002\n");
    WriteFile(At("MANIFEST-000002"), LogOf(edits));
    for (const auto& [number, batches] : logs) {
      WriteFile(At(absl::StrCat("00000", number, ".log")), LogOf(batches));
    }
  }
};

TEST_F(LevelDbByHandTest, DamagedBlocksOfATable) {
  const std::string block = BlockOf({{InternalKey("k", 1), "v"}});
  std::string table = TableOf({BlockOf({{InternalKey("j", 2), "w"}}), block});
  table[0] = 'x';
  Make({FirstEdit(3, 2) + AddTable(5, table.size())}, {{3, {}}});
  WriteFile(At("000005.sst"), table);  // as they were called before 2013
  EXPECT_EQ(Read().records, (Records{{"k", "v"}}));
  EXPECT_THAT(Losses(), ElementsAre("000005.sst has 1 damaged blocks of 2"));
  table[table.size() - 1] = 'x';
  WriteFile(At("000005.sst"), table);
  EXPECT_THAT(Losses(), ElementsAre("000005.sst has a damaged footer"));
}

// What was in force before the damage is used (leveldb_manifest_test.cc).
TEST_F(LevelDbByHandTest, ADamagedManifest) {
  const std::string name = "MANIFEST-000002";
  const std::vector<std::string> batches = {Batch(1, {{"k", "v"}})};
  Make({FirstEdit(3, 0), "\x0a"}, {{3, batches}});
  EXPECT_EQ(Read().records, (Records{{"k", "v"}}));
  EXPECT_THAT(
      Losses(),
      ElementsAre(name +
                  " holds an edit that is none of LevelDB's: which files "
                  "belong to the database after that is not known"));
  Make({FirstEdit(3, 0), AddTable(5, 100)}, {{3, batches}});
  const std::string bytes = ReadFile(At(name));
  WriteFile(At(name), bytes.substr(0, bytes.size() - 1));
  EXPECT_EQ(Read().records, (Records{{"k", "v"}}));
  EXPECT_THAT(Losses(),
              ElementsAre(name + " is cut or torn: which files belong to "
                                 "the database after that is not known"));
  Make({"\x0a"});
  ExpectNone(name, "holds an edit that is none of LevelDB's");
}

TEST_F(LevelDbByHandTest, AManifestWithoutALog) {
  Make({FirstEdit(0, 0)});  // new and empty
  EXPECT_THAT(Losses(), IsEmpty());
  const std::string repaired =
      "MANIFEST-000002 names no log: the database was repaired, and what was "
      "lost then is not known";
  Make({FirstEdit(0, 7)});
  EXPECT_THAT(Losses(), ElementsAre(repaired));
  Make({FirstEdit(0, 0) + AddTable(5, 100)});
  EXPECT_THAT(Losses(), ElementsAre(repaired, absl::StrCat("000005.ldb ",
                                                           kTableIsMissing)));
}

TEST_F(LevelDbByHandTest, SeveralLogs) {
  const std::vector<std::string> first = {Batch(1, {{"a", "1"}, {"b", "1"}})};
  const std::vector<std::string> second = {Batch(3, {{"a", "2"}}),
                                           Batch(4, {{"c", "1"}})};
  Make({FirstEdit(3, 0)}, {{3, first}, {6, second}});
  EXPECT_EQ(Read().records, (Records{{"a", "2"}, {"b", "1"}, {"c", "1"}}));
  EXPECT_THAT(Losses(), IsEmpty());
  // The log before, where the MANIFEST names it.
  Make({FirstEdit(6, 2)}, {{3, first}, {6, second}});
  EXPECT_EQ(Read().records, (Records{{"a", "2"}, {"c", "1"}}));
  const std::string before = '\11' + Varint(3);
  Make({FirstEdit(6, 2) + before}, {{3, first}, {6, second}});
  EXPECT_EQ(Read().records, (Records{{"a", "2"}, {"b", "1"}, {"c", "1"}}));
  EXPECT_THAT(Losses(), IsEmpty());
  Make({FirstEdit(6, 2) + before}, {{6, second}});
  EXPECT_THAT(Losses(),
              ElementsAre(absl::StrCat("000003.log ", kLogIsMissing)));
  // The named one is gone, a newer one is there.
  Make({FirstEdit(3, 0)}, {{6, second}});
  EXPECT_THAT(Losses(),
              ElementsAre(absl::StrCat("000003.log ", kLogIsMissing)));
}

// Records that are gone as a whole leave no trace but their numbers.
TEST_F(LevelDbByHandTest, GapsInTheSequence) {
  const std::string lacks = "lacks records: sightings are missing";
  const std::string one = Batch(1, {{"a", "1"}});
  const std::string two_three = Batch(2, {{"b", "1"}, {"c", "1"}});
  const std::string four = Batch(4, {{"d", "1"}});
  Make({FirstEdit(3, 0)}, {{3, {one, two_three, four}}});
  EXPECT_THAT(Losses(), IsEmpty());
  Make({FirstEdit(3, 0)}, {{3, {one, four}}});
  EXPECT_EQ(Read().records, (Records{{"a", "1"}, {"d", "1"}}));
  EXPECT_THAT(Losses(), ElementsAre("000003.log " + lacks));
  // The first is gone.
  Make({FirstEdit(3, 0)}, {{3, {two_three, four}}});
  EXPECT_THAT(Losses(), ElementsAre("000003.log " + lacks));
  // What the log held before the MANIFEST was written.
  Make({FirstEdit(3, 3)}, {{3, {two_three, four}}});
  EXPECT_THAT(Losses(), IsEmpty());
  // A whole log is gone from between two.
  Make({FirstEdit(3, 0)}, {{3, {one}}, {6, {four}}});
  EXPECT_THAT(Losses(), ElementsAre("000006.log " + lacks));
  // The MANIFEST knows of 4, the log ends with 3.
  Make({FirstEdit(3, 4)}, {{3, {one, two_three}}});
  EXPECT_THAT(Losses(),
              ElementsAre("000003.log ends before what the MANIFEST knows of: "
                          "the newest sightings are missing"));
  // Where bytes are lost, they are what is said.
  Make({FirstEdit(3, 0)}, {{3, {one, two_three}}, {6, {four}}});
  std::string cut = ReadFile(At("000003.log"));
  cut.pop_back();
  WriteFile(At("000003.log"), cut);
  EXPECT_EQ(Losses().size(), 1U);
  EXPECT_EQ(Read().records, (Records{{"a", "1"}, {"d", "1"}}));
}

TEST_F(LevelDbByHandTest, DamageInTheMiddleOfALog) {
  const std::string big(32768, 'x');
  Make({FirstEdit(3, 0)}, {{3,
                            {Batch(1, {{"a", "1"}}), Batch(2, {{"b", big}}),
                             Batch(3, {{"c", "1"}})}}});
  std::string bytes = ReadFile(At("000003.log"));
  bytes[40] = static_cast<char>(bytes[40] ^ 1);
  WriteFile(At("000003.log"), bytes);
  EXPECT_EQ(Read().records, (Records{{"a", "1"}, {"c", "1"}}));
  const size_t lost = bytes.size() - LogOf({Batch(1, {{"a", "1"}})}).size() -
                      LogOf({Batch(3, {{"c", "1"}})}).size();
  EXPECT_THAT(Losses(), ElementsAre(absl::StrCat(
                            "000003.log ", lost, " bytes of ", bytes.size(),
                            " are damaged: sightings are missing")));
}

TEST_F(LevelDbByHandTest, BatchesThatAreNone) {
  const std::string good = Batch(1, {{"k", "v"}});
  const std::string head = Fixed64(2) + Fixed32(1);
  for (const std::string& bad : std::vector<std::string>{
           "", Fixed64(2), head, head + '\1', head + '\2' + Sized("x"),
           head + '\1' + Sized("x"), head + '\1' + Sized("x") + "\x05" + "v",
           head + '\1' + Sized(std::string(65, 'k')) + Sized("v"),
           head + '\0' + Sized("x") + "more",
           Fixed64(UINT64_MAX) + Fixed32(1) + '\1' + Sized("x") + Sized("v"),
           Fixed64(2) + Fixed32(UINT32_MAX)}) {
    Make({FirstEdit(3, 0)}, {{3, {good, bad}}});
    EXPECT_THAT(Read().records, IsSupersetOf(Records{{"k", "v"}}));
    EXPECT_THAT(
        Losses(),
        ElementsAre("000003.log holds a record that is none of LevelDB's"));
  }
}

}  // namespace
}  // namespace tekmatch
