#include "matcher/store/database.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/status_macros.h"
#include "matcher/store/schema.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using absl::StatusCode;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Whatever is in a folder, by name; without the -shm and an empty -wal, which
// SQLite makes for any reader.
std::map<std::string, std::string> FilesIn(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    const std::string bytes = ReadFile(entry.path());
    if (absl::EndsWith(name, "-shm")) continue;
    if (absl::EndsWith(name, "-wal") && bytes.empty()) continue;
    files[name] = bytes;
  }
  return files;
}

mode_t ModeOf(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 0777;
}

// Runs SQL on a file without any of our checks.
void RunRaw(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
      << sqlite3_errmsg(db);
  EXPECT_EQ(sqlite3_close(db), SQLITE_OK);
}

class DatabaseTest : public ::testing::Test {
 protected:
  std::unique_ptr<Database> MustOpen(OpenMode mode = OpenMode::kCreate) {
    absl::StatusOr<std::unique_ptr<Database>> database =
        Database::Open(folder_, mode);
    EXPECT_THAT(database, IsOk());
    return database.ok() ? *std::move(database) : nullptr;
  }

  absl::StatusCode OpenCode(OpenMode mode) {
    return Database::Open(folder_, mode).status().code();
  }

  absl::Status SetNumber(Database& db, const std::string& name, int64_t value) {
    TEKMATCH_ASSIGN_OR_RETURN(
        Statement insert,
        db.Prepare("INSERT OR REPLACE INTO meta VALUES(?1, ?2)"));
    return insert.BindText(1, name).BindInt64(2, value).Run();
  }

  absl::StatusOr<std::optional<int64_t>> Number(Database& db,
                                                const std::string& name) {
    TEKMATCH_ASSIGN_OR_RETURN(
        Statement select, db.Prepare("SELECT value FROM meta WHERE name = ?1"));
    select.BindText(1, name);
    TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return std::optional<int64_t>();
    return std::optional<int64_t>(select.Int64(0));
  }

  const std::string folder_ = TempPath("store");
  const std::string path_ = folder_ + "/tekmatch.sqlite";
};

TEST_F(DatabaseTest, MakesFolderAndFileForTheOwnerAlone) {
  EXPECT_EQ(OpenCode(OpenMode::kExisting), StatusCode::kNotFound);
  EXPECT_EQ(OpenCode(OpenMode::kReadOnly), StatusCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(folder_));
  const auto db = MustOpen();
  ASSERT_NE(db, nullptr);
  EXPECT_THAT(SetNumber(*db, "n", 1), IsOk());
  EXPECT_EQ(ModeOf(folder_), 0700);
  for (const auto& [name, bytes] : FilesIn(folder_)) {
    EXPECT_EQ(ModeOf(folder_ + "/" + name), 0600) << name;
    EXPECT_THAT(name, Not(HasSubstr(".new")));
  }
  EXPECT_EQ(ModeOf(path_ + "-shm"), 0600);
  EXPECT_EQ(db->path(), path_);
}

TEST_F(DatabaseTest, IsSetUpAsItsHeaderSays) {
  const auto db = MustOpen();
  ASSERT_NE(db, nullptr);
  const std::vector<std::pair<std::string, std::string>> settings = {
      {"application_id", absl::StrCat(kApplicationId)},
      {"user_version", absl::StrCat(CurrentSchema().version)},
      {"journal_mode", "wal"},
      {"secure_delete", "1"},
      {"trusted_schema", "0"},
      {"foreign_keys", "1"},
      {"cache_size", "-2048"},
      {"temp_store", "2"},
      {"auto_vacuum", "0"},
      {"cell_size_check", "1"},
      {"busy_timeout", "5000"},
  };
  for (const auto& [name, value] : settings) {
    auto pragma = db->Prepare("PRAGMA " + name);
    ASSERT_THAT(pragma, IsOk());
    ASSERT_THAT(pragma->Step(), IsOkAndHolds(true));
    EXPECT_EQ(std::string(pragma->Text(0)), value) << name;
  }
  // SQLITE_DBCONFIG_DEFENSIVE: the schema is not to be written to.
  EXPECT_THAT(db->Run("PRAGMA writable_schema = ON"), IsOk());
  EXPECT_THAT(db->Run("UPDATE sqlite_schema SET sql = ''"), Not(IsOk()));
}

TEST_F(DatabaseTest, KeepsValuesOfEveryKind) {
  const auto db = MustOpen();
  ASSERT_NE(db, nullptr);
  ASSERT_THAT(db->Run("CREATE TEMP TABLE t(a INT, b BLOB, c TEXT, d)"), IsOk());
  auto insert = db->Prepare("INSERT INTO t VALUES(?1, ?2, ?3, ?4)");
  ASSERT_THAT(insert, IsOk());
  const std::vector<uint8_t> blob = {0, 1, 255};
  insert->BindInt64(1, -5).BindBlob(2, blob).BindText(3, "ä\n").BindNull(4);
  ASSERT_THAT(insert->Run(), IsOk());
  EXPECT_EQ(db->num_changes(), 1);
  // Values are forgotten after a run; an empty blob is no NULL.
  ASSERT_THAT(insert->BindBlob(2, {}).BindText(3, {}).Run(), IsOk());
  EXPECT_EQ(db->last_insert_rowid(), 2);

  auto select = db->Prepare("SELECT a, b, c, d FROM t ORDER BY rowid");
  ASSERT_THAT(select, IsOk());
  ASSERT_THAT(select->Step(), IsOkAndHolds(true));
  EXPECT_EQ(select->Int64(0), -5);
  EXPECT_EQ(
      std::vector<uint8_t>(select->Blob(1).begin(), select->Blob(1).end()),
      blob);
  EXPECT_EQ(std::string(select->Text(2)), "ä\n");
  EXPECT_TRUE(select->IsNull(3));
  ASSERT_THAT(select->Step(), IsOkAndHolds(true));
  EXPECT_TRUE(select->IsNull(0));
  EXPECT_EQ(select->Int64(0), 0);
  EXPECT_FALSE(select->IsNull(1));
  EXPECT_THAT(select->Blob(1), IsEmpty());
  EXPECT_FALSE(select->IsNull(2));
  EXPECT_THAT(select->Step(), IsOkAndHolds(false));
  EXPECT_THAT(select->Step(), IsOkAndHolds(true));  // from the beginning
}

TEST_F(DatabaseTest, TellsMistakesOfItsCallers) {
  const auto db = MustOpen();
  ASSERT_NE(db, nullptr);
  EXPECT_THAT(db->Prepare("SELEKT 1"), StatusIs(StatusCode::kInternal));
  EXPECT_THAT(db->Run("INSERT INTO nowhere VALUES(1)"),
              StatusIs(StatusCode::kInternal));
  auto insert = db->Prepare("INSERT INTO meta VALUES('a', ?1)");
  ASSERT_THAT(insert, IsOk());
  // A wrong index; a NULL where none may be; and then a right run.
  EXPECT_THAT(insert->BindInt64(2, 1).Run(), StatusIs(StatusCode::kInternal));
  EXPECT_THAT(insert->Run(), StatusIs(StatusCode::kInternal));
  EXPECT_THAT(insert->BindInt64(1, 1).Run(), IsOk());
  const std::vector<uint8_t> large((64 << 20) + 1);
  auto select = db->Prepare("SELECT ?1");
  ASSERT_THAT(select, IsOk());
  EXPECT_THAT(select->BindBlob(1, large).Step(),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(select->Step(), IsOkAndHolds(true));
}

TEST_F(DatabaseTest, TransactionsAreWholeOrAbsent) {
  const auto db = MustOpen();
  ASSERT_NE(db, nullptr);
  for (const Durability durability : {Durability::kFull, Durability::kNormal}) {
    ASSERT_THAT(db->Run("DELETE FROM meta"), IsOk());
    {
      auto transaction = Transaction::Begin(*db, durability);
      ASSERT_THAT(transaction, IsOk());
      EXPECT_TRUE(db->in_transaction());
      EXPECT_THAT(SetNumber(*db, "n", 1), IsOk());
      EXPECT_THAT(Transaction::Begin(*db, durability),
                  StatusIs(StatusCode::kFailedPrecondition));
      EXPECT_THAT(db->Checkpoint(absl::ZeroDuration()),
                  StatusIs(StatusCode::kFailedPrecondition));
    }
    EXPECT_FALSE(db->in_transaction());
    EXPECT_THAT(Number(*db, "n"), IsOkAndHolds(std::nullopt));
    auto transaction = Transaction::Begin(*db, durability);
    ASSERT_THAT(transaction, IsOk());
    EXPECT_THAT(SetNumber(*db, "n", 2), IsOk());
    EXPECT_THAT(transaction->Commit(), IsOk());
    EXPECT_THAT(transaction->Commit(),
                StatusIs(StatusCode::kFailedPrecondition));
    EXPECT_THAT(Number(*db, "n"), IsOkAndHolds(2));
    auto synchronous = db->Prepare("PRAGMA synchronous");
    ASSERT_THAT(synchronous, IsOk());
    ASSERT_THAT(synchronous->Step(), IsOkAndHolds(true));
    EXPECT_EQ(synchronous->Int64(0), durability == Durability::kFull ? 2 : 1);
  }
}

TEST_F(DatabaseTest, OneWritesWhileOthersReadOneState) {
  const auto writer = MustOpen();
  ASSERT_NE(writer, nullptr);
  ASSERT_THAT(SetNumber(*writer, "n", 1), IsOk());
  const auto reader = MustOpen(OpenMode::kReadOnly);
  ASSERT_NE(reader, nullptr);
  auto second =
      Database::Open(folder_, OpenMode::kExisting, absl::Milliseconds(20));
  ASSERT_THAT(second, IsOk());
  {
    auto reading = Transaction::BeginRead(*reader);
    ASSERT_THAT(reading, IsOk());
    auto writing = Transaction::Begin(*writer, Durability::kNormal);
    ASSERT_THAT(writing, IsOk());
    ASSERT_THAT(SetNumber(*writer, "n", 2), IsOk());
    EXPECT_THAT(Transaction::Begin(**second, Durability::kNormal),
                StatusIs(StatusCode::kUnavailable, HasSubstr(path_)));
    EXPECT_THAT(Number(*reader, "n"), IsOkAndHolds(1));
    ASSERT_THAT(writing->Commit(), IsOk());
    EXPECT_THAT(Number(*reader, "n"), IsOkAndHolds(1));
    EXPECT_THAT(Number(**second, "n"), IsOkAndHolds(2));
    // The reader needs what the -wal holds.
    EXPECT_THAT(writer->Checkpoint(absl::ZeroDuration()), IsOkAndHolds(false));
  }
  EXPECT_THAT(Number(*reader, "n"), IsOkAndHolds(2));
  EXPECT_THAT(writer->Checkpoint(absl::ZeroDuration()), IsOkAndHolds(true));
  EXPECT_EQ(std::filesystem::file_size(path_ + "-wal"), 0u);
}

TEST_F(DatabaseTest, ReadOnlyWritesNothing) {
  { ASSERT_THAT(SetNumber(*MustOpen(), "n", 1), IsOk()); }
  const auto before = FilesIn(folder_);
  const auto db = MustOpen(OpenMode::kReadOnly);
  ASSERT_NE(db, nullptr);
  EXPECT_TRUE(db->read_only());
  EXPECT_THAT(Number(*db, "n"), IsOkAndHolds(1));
  EXPECT_THAT(Transaction::Begin(*db, Durability::kFull),
              StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(SetNumber(*db, "n", 2), StatusIs(StatusCode::kPermissionDenied));
  EXPECT_TRUE(FilesIn(folder_) == before);
}

// Opens in every mode; none may succeed or change a byte.
void ExpectRefused(const std::string& folder, StatusCode code,
                   const std::string& reason) {
  const auto before = FilesIn(folder);
  for (const OpenMode mode :
       {OpenMode::kCreate, OpenMode::kExisting, OpenMode::kReadOnly}) {
    EXPECT_THAT(Database::Open(folder, mode),
                StatusIs(code, AllOf(HasSubstr(folder + "/tekmatch.sqlite"),
                                     HasSubstr(reason))));
  }
  EXPECT_TRUE(FilesIn(folder) == before) << reason;
}

TEST_F(DatabaseTest, RefusesNewerSchemas) {
  MustOpen().reset();
  RunRaw(path_,
         absl::StrCat("PRAGMA user_version = ", CurrentSchema().version + 6));
  ExpectRefused(folder_, StatusCode::kFailedPrecondition,
                absl::StrCat("schema ", CurrentSchema().version + 6, ";"));
}

TEST_F(DatabaseTest, MigratesOlderSchemas) {
  static constexpr SchemaObject kTwo[] = {
      {"meta",
       "CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) "
       "STRICT, WITHOUT ROWID"},
      {"more", "CREATE TABLE more(a INTEGER)"}};
  static constexpr const char* kFromOne[] = {"CREATE TABLE more(a INTEGER)",
                                             "INSERT INTO more VALUES(42)"};
  static constexpr const char* kFromTwo[] = {
      "ALTER TABLE more ADD COLUMN b TEXT"};
  static constexpr SchemaObject kThree[] = {
      kTwo[0], {"more", "CREATE TABLE more(a INTEGER, b TEXT)"}};
  static constexpr const char* kWrong[] = {"INSERT INTO more VALUES(43)",
                                           "SELEKT"};
  static constexpr Migration kRight[] = {{1, kFromOne}, {2, kFromTwo}};
  static constexpr Migration kBroken[] = {{1, kFromOne}, {2, kWrong}};
  const Schema one = {1, absl::MakeConstSpan(kTwo, 1), {}};
  const Schema two = {2, kTwo, absl::MakeConstSpan(kRight, 1)};
  const Schema three = {3, kThree, kRight};
  const Schema broken = {3, kThree, kBroken};
  const Schema gap = {3, kThree, absl::MakeConstSpan(kRight + 1, 1)};
  const auto open = [this](OpenMode mode, const Schema& schema) {
    return Database::Open(folder_, mode, absl::Seconds(1), schema);
  };
  {
    const auto db = open(OpenMode::kCreate, one);
    ASSERT_THAT(db, IsOk());
    ASSERT_THAT(SetNumber(**db, "n", 5), IsOk());
  }
  const auto before = FilesIn(folder_);
  EXPECT_THAT(open(OpenMode::kReadOnly, three),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("schema 1")));
  EXPECT_THAT(open(OpenMode::kCreate, broken), StatusIs(StatusCode::kInternal));
  EXPECT_THAT(open(OpenMode::kCreate, gap), StatusIs(StatusCode::kInternal));
  EXPECT_THAT(open(OpenMode::kExisting, one), IsOk());  // none was half done
  EXPECT_TRUE(FilesIn(folder_) == before);
  for (const OpenMode mode :
       {OpenMode::kExisting, OpenMode::kReadOnly, OpenMode::kCreate}) {
    const auto db = open(mode, three);
    ASSERT_THAT(db, IsOk());
    EXPECT_THAT(Number(**db, "n"), IsOkAndHolds(5));
    auto select = (*db)->Prepare("SELECT a, b FROM more");
    ASSERT_THAT(select, IsOk());
    ASSERT_THAT(select->Step(), IsOkAndHolds(true));
    EXPECT_EQ(select->Int64(0), 42);
    EXPECT_THAT(select->Step(), IsOkAndHolds(false));
  }
  EXPECT_THAT(open(OpenMode::kExisting, two),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("newer")));
}

TEST_F(DatabaseTest, RefusesWhatIsNotOurs) {
  std::filesystem::create_directory(folder_);
  RunRaw(path_, "PRAGMA journal_mode = WAL; CREATE TABLE t(a)");
  ExpectRefused(folder_, StatusCode::kFailedPrecondition,
                "another application");
}

TEST_F(DatabaseTest, TellsDamageAtOnce) {
  { ASSERT_THAT(SetNumber(*MustOpen(), "n", 1), IsOk()); }
  const std::string whole = ReadFile(path_);
  const std::vector<std::pair<std::string, std::string>> damaged = {
      {"", "empty"},
      {whole.substr(0, 99), "too short"},
      {"date,keys\n" + std::string(200, 'x'), "no SQLite database"},
      {whole.substr(0, whole.size() / 2), "malformed"},
  };
  for (const auto& [bytes, reason] : damaged) {
    WriteFile(path_, bytes);
    ExpectRefused(folder_, StatusCode::kDataLoss, reason);
  }
  WriteFile(path_, whole);
  RunRaw(path_, "DROP TABLE meta");
  ExpectRefused(folder_, StatusCode::kDataLoss, "tables");
  WriteFile(path_, whole);
  RunRaw(path_, "CREATE TABLE more(a)");
  ExpectRefused(folder_, StatusCode::kDataLoss, "tables");
  WriteFile(path_, whole);
  RunRaw(path_, "PRAGMA user_version = 0");
  ExpectRefused(folder_, StatusCode::kDataLoss, "no schema version");
  // A -wal without its database.
  std::filesystem::rename(path_, path_ + "-wal");
  ExpectRefused(folder_, StatusCode::kDataLoss, "missing");
}

TEST_F(DatabaseTest, SetsAsideWhatIsDamaged) {
  std::filesystem::create_directory(folder_);
  EXPECT_THAT(Database::SetAside(folder_), StatusIs(StatusCode::kNotFound));
  for (int n = 1; n <= 3; ++n) {
    const std::string text = absl::StrCat("damage ", n);
    WriteFile(path_, text);
    WriteFile(path_ + "-wal", text + " in -wal");
    EXPECT_EQ(OpenCode(OpenMode::kCreate), StatusCode::kDataLoss);
    EXPECT_THAT(Database::SetAside(folder_),
                IsOkAndHolds(absl::StrCat(path_, ".damaged-", n)));
    EXPECT_NE(MustOpen(), nullptr);
    for (int kept = 1; kept <= n; ++kept) {
      const std::string suffix = absl::StrCat(".damaged-", kept);
      EXPECT_EQ(ReadFile(path_ + suffix), absl::StrCat("damage ", kept));
      EXPECT_EQ(ReadFile(path_ + "-wal" + suffix),
                absl::StrCat("damage ", kept, " in -wal"));
    }
  }
  // A -wal alone is told, and set aside as well.
  std::filesystem::remove(path_);
  WriteFile(path_ + "-wal", "alone");
  EXPECT_EQ(OpenCode(OpenMode::kCreate), StatusCode::kDataLoss);
  EXPECT_THAT(Database::SetAside(folder_),
              IsOkAndHolds(EndsWith("-wal.damaged-4")));
  EXPECT_EQ(ReadFile(path_ + "-wal.damaged-4"), "alone");
  EXPECT_NE(MustOpen(), nullptr);
}

TEST_F(DatabaseTest, WhatAKilledCreationLeftIsNoObstacle) {
  std::filesystem::create_directory(folder_);
  for (const char* suffix : {".new", ".new-journal", ".new-wal"}) {
    WriteFile(path_ + suffix, "half a file");
  }
  EXPECT_NE(MustOpen(), nullptr);
  for (const auto& [name, bytes] : FilesIn(folder_)) {
    EXPECT_THAT(name, Not(HasSubstr(".new")));
  }
}

TEST_F(DatabaseTest, SaysWhyTheSystemRefuses) {
  EXPECT_THAT(Database::Open(folder_ + "/a/b", OpenMode::kCreate),
              StatusIs(StatusCode::kNotFound));
  WriteFile(folder_, "a file");
  EXPECT_THAT(Database::Open(folder_, OpenMode::kCreate),
              StatusIs(StatusCode::kFailedPrecondition));
}

TEST_F(DatabaseTest, IntegrityIsChecked) {
  const auto db = MustOpen();
  ASSERT_NE(db, nullptr);
  EXPECT_THAT(db->CheckIntegrity(), IsOk());
  EXPECT_THAT(db->Damaged("a row is odd"),
              StatusIs(StatusCode::kDataLoss, path_ + ": a row is odd"));
}

// The words of SQLite for this damage have the index's name, which reads as
// those for a page that could not be read.
TEST_F(DatabaseTest, ANameInTheFileMakesDamageNoFailedRead) {
  static constexpr char kName[] = "unable to get the page. error code=10";
  const std::string sql =
      absl::StrCat("CREATE INDEX \"", kName, "\" ON meta(value)");
  const std::vector<SchemaObject> objects = {
      {"meta",
       "CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) "
       "STRICT, WITHOUT ROWID"},
      {kName, sql.c_str()}};
  const Schema schema = {1, objects, {}};
  const auto open = [&] {
    return Database::Open(folder_, OpenMode::kCreate, absl::Seconds(1), schema);
  };
  ASSERT_THAT(open(), IsOk());
  RunRaw(path_,
         absl::StrCat("DROP INDEX \"", kName, "\"; ", sql,
                      " WHERE value < 2; INSERT INTO meta VALUES('a', 3); "
                      "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET "
                      "sql = '",
                      sql, "' WHERE type = 'index'"));
  const auto db = open();
  ASSERT_THAT(db, IsOk());
  EXPECT_THAT((*db)->CheckIntegrity(),
              StatusIs(StatusCode::kDataLoss, HasSubstr("integrity check")));
}

}  // namespace
}  // namespace tekmatch
