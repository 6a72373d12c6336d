// Databases that LevelDB itself writes, then loses parts of; and some by hand.
// Every read is checked to leave the folder as it is.
#include "tools/sightings/leveldb_store.h"

#include <leveldb/db.h>
#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"
#include "tests/tools/sightings/test_leveldb.h"

namespace tekmatch {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using Records = std::map<std::string, std::string>;
using Puts = std::vector<std::pair<std::string, std::string>>;

constexpr char kLogIsMissing[] =
    "is missing: the newest sightings are not read";
constexpr char kTableIsMissing[] = "is missing: its sightings are not read";

// Opens a database, and puts these one by one. They lie in its log or, if
// `flush`, in a table.
void Put(const std::string& path, const Puts& puts, bool flush) {
  leveldb::Options options;
  options.create_if_missing = true;
  leveldb::DB* opened = nullptr;
  const leveldb::Status status = leveldb::DB::Open(options, path, &opened);
  ASSERT_TRUE(status.ok()) << status.ToString();
  const std::unique_ptr<leveldb::DB> db(opened);
  for (const auto& [key, value] : puts) {
    ASSERT_TRUE(db->Put({}, key, value).ok());
  }
  if (flush) db->CompactRange(nullptr, nullptr);
}

// Names, content, mode, and times. Nothing that is not a plain file is opened.
std::map<std::string, std::string> Snapshot(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const fs::directory_entry& file : fs::directory_iterator(folder)) {
    files[file.path().filename()] =
        file.symlink_status().type() == fs::file_type::regular
            ? ReadFile(file.path())
            : "";
  }
  files["."] =
      absl::StrCat(static_cast<int>(fs::status(folder).permissions()), " ",
                   fs::last_write_time(folder).time_since_epoch().count());
  return files;
}

class LevelDbStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = TempPath("db");
    fs::remove_all(path_);
  }
  std::string At(const std::string& name) const { return path_ + "/" + name; }

  LevelDbContent Read() const {
    const auto before = Snapshot(path_);
    absl::StatusOr<LevelDbContent> content = ReadLevelDb(path_);
    EXPECT_EQ(Snapshot(path_), before) << "the folder was changed";
    EXPECT_THAT(content, IsOk());
    return content.ok() ? *std::move(content) : LevelDbContent();
  }
  // "000006.log is missing: ..."
  std::vector<std::string> Losses() const {
    std::vector<std::string> losses;
    for (const LevelDbLoss& loss : Read().losses) {
      EXPECT_EQ(fs::path(loss.file).parent_path(), path_);
      losses.push_back(fs::path(loss.file).filename().string() + " " +
                       loss.reason);
    }
    return losses;
  }
  void ExpectNone(const std::string& name, const std::string& reason) const {
    EXPECT_EQ(ReadLevelDb(path_).status(),
              absl::DataLossError(absl::StrCat(At(name), ": ", reason)));
  }

  // A database by hand: its MANIFEST, and its logs by number.
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
  // One that LevelDB made: a table with a and b, and c and d in the log.
  void MakeTableAndLog() {
    fs::remove_all(path_);
    Put(path_, {{"a", "1"}, {"b", "2"}}, /*flush=*/true);
    Put(path_, {{"c", "3"}, {"d", "4"}}, /*flush=*/false);
    log_ = OnlyFile(".log");
    table_ = OnlyFile(".ldb");
    manifest_ = fs::path(ReadFile(At("CURRENT"))).string();
    manifest_.pop_back();
  }
  std::string OnlyFile(const std::string& extension) const {
    std::string found;
    for (const fs::directory_entry& file : fs::directory_iterator(path_)) {
      if (file.path().extension() != extension) continue;
      EXPECT_EQ(found, "") << "several files " << extension;
      found = file.path().filename();
    }
    return found;
  }

  std::string path_;
  std::string log_;
  std::string table_;
  std::string manifest_;
};

const Records kAll = {{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}};

TEST_F(LevelDbStoreTest, TablesAndLogTheNewestValueOfEachKey) {
  MakeTableAndLog();
  EXPECT_EQ(Read().records, kAll);
  EXPECT_THAT(Losses(), IsEmpty());
  Put(path_, {{"a", "new"}, {"e", "5"}}, false);
  {
    leveldb::DB* opened = nullptr;
    ASSERT_TRUE(leveldb::DB::Open({}, path_, &opened).ok());
    const std::unique_ptr<leveldb::DB> db(opened);
    ASSERT_TRUE(db->Delete({}, "b").ok());
  }
  EXPECT_EQ(Read().records,
            (Records{{"a", "new"}, {"c", "3"}, {"d", "4"}, {"e", "5"}}));
  EXPECT_THAT(Losses(), IsEmpty());
}

// So many that tables are merged over levels, some in Snappy's blocks, with
// records over many blocks of the log; opened anew now and then.
TEST_F(LevelDbStoreTest, AGrownDatabase) {
  Records want;
  for (int round = 0; round < 6; ++round) {
    leveldb::Options options;
    options.create_if_missing = true;
    options.write_buffer_size = 64 << 10;
    leveldb::DB* opened = nullptr;
    ASSERT_TRUE(leveldb::DB::Open(options, path_, &opened).ok());
    const std::unique_ptr<leveldb::DB> db(opened);
    for (int i = 0; i < 700; ++i) {
      const std::string key = absl::StrCat("key", (i * 37 + round * 11) % 1500);
      // Letters that repeat, but pack less than a reader allows.
      std::string value = absl::StrCat(round, ":", i);
      for (int j = 0; j < i * i % 999; ++j) {
        value += static_cast<char>('a' + j % 16 * (j / 64 + i) % 26);
      }
      if (i % 5 == 4) {
        want.erase(key);
        ASSERT_TRUE(db->Delete({}, key).ok());
      } else {
        want[key] = value;
        ASSERT_TRUE(db->Put({}, key, value).ok());
      }
    }
    if (round == 2) db->CompactRange(nullptr, nullptr);
  }
  ASSERT_GT(want.size(), 500U);
  EXPECT_EQ(Read().records, want);
  EXPECT_THAT(Losses(), IsEmpty());
}

TEST_F(LevelDbStoreTest, FilesThatAreMissing) {
  MakeTableAndLog();
  fs::remove(At(log_));
  EXPECT_EQ(Read().records, (Records{{"a", "1"}, {"b", "2"}}));
  EXPECT_THAT(Losses(), ElementsAre(log_ + " " + kLogIsMissing));
  MakeTableAndLog();
  fs::remove(At(table_));
  EXPECT_EQ(Read().records, (Records{{"c", "3"}, {"d", "4"}}));
  EXPECT_THAT(Losses(), ElementsAre(table_ + " " + kTableIsMissing));
  fs::remove(At(log_));
  EXPECT_THAT(Losses(), ElementsAre(table_ + " " + kTableIsMissing,
                                    log_ + " " + kLogIsMissing));
  MakeTableAndLog();
  fs::remove(At(manifest_));
  ExpectNone(manifest_, "is missing");
  MakeTableAndLog();
  fs::remove(At("CURRENT"));
  ExpectNone("CURRENT", "is missing");
}

// Wherever the log was cut or torn, both alike: the records before are read and
// the loss is said, unless it was cut right behind a record.
TEST_F(LevelDbStoreTest, ALogCutOrTornAnywhere) {
  MakeTableAndLog();
  const std::string bytes = ReadFile(At(log_));
  const size_t one = bytes.size() / 2;  // both records are as long
  for (size_t size = 0; size < bytes.size(); ++size) {
    Records want = {{"a", "1"}, {"b", "2"}};
    if (size >= one) want["c"] = "3";
    const auto loss = [&](size_t n) {
      return absl::StrCat(log_, " ", n,
                          " bytes at its end are cut or torn: the newest "
                          "sightings are missing");
    };
    const size_t read = size >= one ? one : 0;
    WriteFile(At(log_), bytes.substr(0, size));
    EXPECT_EQ(Read().records, want) << size;
    if (size > read) {
      EXPECT_THAT(Losses(), ElementsAre(loss(size - read)));
    } else {
      EXPECT_THAT(Losses(), IsEmpty());
    }
    WriteFile(At(log_),
              bytes.substr(0, size) + std::string(bytes.size() - size, '\0'));
    EXPECT_EQ(Read().records, want) << size;
    EXPECT_THAT(Losses(), ElementsAre(loss(bytes.size() - read))) << size;
  }
}

// Whichever byte of whichever file is another, all is read or a loss is said.
TEST_F(LevelDbStoreTest, DamageAnywhere) {
  MakeTableAndLog();
  for (const std::string& name :
       {log_, table_, manifest_, std::string("CURRENT")}) {
    const std::string bytes = ReadFile(At(name));
    size_t num_unharmed = 0;
    for (size_t i = 0; i < bytes.size(); ++i) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ 0x5a);
      WriteFile(At(name), damaged);
      const absl::StatusOr<LevelDbContent> content = ReadLevelDb(path_);
      if (!content.ok()) {
        EXPECT_THAT(content, StatusIs(absl::StatusCode::kDataLoss));
      } else if (content->losses.empty()) {
        EXPECT_EQ(content->records, kAll) << name << " byte " << i;
        ++num_unharmed;
      }
    }
    // Of a table, the footer's padding and what lists filters, of which there
    // are none.
    EXPECT_LE(num_unharmed, name == table_ ? 60U : 0U) << name;
    WriteFile(At(name), bytes);
  }
  EXPECT_THAT(Losses(), IsEmpty());
}

TEST_F(LevelDbStoreTest, ATableOfAnotherSize) {
  MakeTableAndLog();
  const std::string bytes = ReadFile(At(table_));
  for (const std::string& other :
       {bytes.substr(0, bytes.size() - 1), bytes + "x", std::string()}) {
    WriteFile(At(table_), other);
    EXPECT_EQ(Read().records, (Records{{"c", "3"}, {"d", "4"}}));
    EXPECT_THAT(Losses(), ElementsAre(absl::StrCat(
                              table_, " has ", other.size(), " bytes, not ",
                              bytes.size(), ": its sightings are not read")));
  }
}

TEST_F(LevelDbStoreTest, DamagedBlocksOfATable) {
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

TEST_F(LevelDbStoreTest, WhatTheManifestDoesNotNameIsIgnored) {
  MakeTableAndLog();
  WriteFile(At("000001.log"), "an old log");
  WriteFile(At("000001.ldb"), "an old table");
  WriteFile(At("9.log"), "no name of LevelDB's");
  WriteFile(At("MANIFEST-000999"), "not in force");
  ASSERT_EQ(mkfifo(At("LOCK.fifo").c_str(), 0600), 0);
  ASSERT_EQ(mkfifo(At("000002.log").c_str(), 0600), 0);
  fs::create_symlink(At(table_), At("000099.ldb"));
  EXPECT_EQ(Read().records, kAll);
  EXPECT_THAT(Losses(), IsEmpty());
}

// None of them is opened: a FIFO would keep the reader waiting, a link would
// lead to a file that the user did not name.
TEST_F(LevelDbStoreTest, FilesThatAreNoFiles) {
  const std::string outside = TempPath("outside");
  for (const bool is_log : {true, false}) {
    for (const char* kind : {"fifo", "folder", "link", "dead link"}) {
      MakeTableAndLog();
      const std::string name = is_log ? log_ : table_;
      fs::rename(At(name), outside);
      if (kind == std::string("fifo")) {
        ASSERT_EQ(mkfifo(At(name).c_str(), 0600), 0);
      } else if (kind == std::string("folder")) {
        fs::create_directory(At(name));
      } else {
        fs::create_symlink(kind == std::string("link") ? outside : "nowhere",
                           At(name));
      }
      EXPECT_EQ(Read().records.size(), 2U);
      EXPECT_THAT(Losses(), ElementsAre(absl::StrCat(
                                name, " is not a regular file of the folder: ",
                                is_log ? "the newest" : "its",
                                " sightings are not read")));
    }
  }
  for (const bool is_current : {true, false}) {
    MakeTableAndLog();
    const std::string name = is_current ? "CURRENT" : manifest_;
    fs::remove(At(name));
    ASSERT_EQ(mkfifo(At(name).c_str(), 0600), 0);
    ExpectNone(name, "is not a regular file of the folder");
  }
}

TEST_F(LevelDbStoreTest, CurrentNamesAManifest) {
  MakeTableAndLog();
  for (const std::string& current :
       {std::string(), std::string("MANIFEST-000004"), std::string("\n"),
        std::string("MANIFEST-\n"), std::string("../db/MANIFEST-000004\n"),
        std::string("MANIFEST-000004\r\n"), std::string("LOCK\n"),
        "MANIFEST-" + std::string(200, '0') + "4\n"}) {
    WriteFile(At("CURRENT"), current);
    ExpectNone("CURRENT", "names no MANIFEST");
  }
  WriteFile(At("CURRENT"), "MANIFEST-000999\n");
  ExpectNone("MANIFEST-000999", "is missing");
}

// What was in force before the damage is used (leveldb_manifest_test.cc).
TEST_F(LevelDbStoreTest, ADamagedManifest) {
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

TEST_F(LevelDbStoreTest, AManifestWithoutALog) {
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

TEST_F(LevelDbStoreTest, SeveralLogs) {
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
TEST_F(LevelDbStoreTest, GapsInTheSequence) {
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

TEST_F(LevelDbStoreTest, DamageInTheMiddleOfALog) {
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

TEST_F(LevelDbStoreTest, BatchesThatAreNone) {
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

TEST_F(LevelDbStoreTest, FoldersThatAreNone) {
  fs::create_directory(path_);
  WriteFile(At("notes.txt"), "no database");
  EXPECT_EQ(ReadLevelDb(path_).status(),
            absl::DataLossError(path_ + ": a folder without a LevelDB in it"));
  const auto missing = ReadLevelDb(path_ + "x");
  EXPECT_THAT(missing, StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace tekmatch
