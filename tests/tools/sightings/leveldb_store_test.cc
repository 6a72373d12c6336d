// Databases that LevelDB itself writes, then loses parts of.
#include "tools/sightings/leveldb_store.h"

#include <leveldb/db.h>
#include <sys/stat.h>

#include <filesystem>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"
#include "tests/tools/sightings/leveldb_folder.h"
#include "tests/tools/sightings/put_in_leveldb.h"

namespace tekmatch {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class LevelDbStoreTest : public LevelDbFolderTest {
 protected:
  // One that LevelDB made: a table with a and b, and c and d in the log.
  void MakeTableAndLog() {
    fs::remove_all(path_);
    PutInLevelDb(path_, {{"a", "1"}, {"b", "2"}}, /*flush=*/true);
    PutInLevelDb(path_, {{"c", "3"}, {"d", "4"}});
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

  std::string log_;
  std::string table_;
  std::string manifest_;
};

const Records kAll = {{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}};

TEST_F(LevelDbStoreTest, TablesAndLogTheNewestValueOfEachKey) {
  MakeTableAndLog();
  EXPECT_EQ(Read().records, kAll);
  EXPECT_THAT(Losses(), IsEmpty());
  PutInLevelDb(path_, {{"a", "new"}, {"e", "5"}});
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
