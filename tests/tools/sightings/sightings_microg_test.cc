// The databases are made by SQLite from the schemas that the app has had.
#include "tools/sightings/sightings_microg.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/shared_data.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"
#include "tests/tools/sightings/run_sql.h"
#include "tools/files/hex.h"
#include "tools/sightings/sightings_reader.h"
#include "tools/sightings/sightings_text.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr char kVersion12[] =
    "CREATE TABLE advertisements(rpi BLOB NOT NULL, aem BLOB NOT NULL, "
    "timestamp INTEGER NOT NULL, rssi INTEGER NOT NULL, duration INTEGER NOT "
    "NULL DEFAULT 0, PRIMARY KEY(rpi, timestamp));"
    "CREATE TABLE tek(keyData BLOB NOT NULL, rollingStartNumber INTEGER NOT "
    "NULL, rollingPeriod INTEGER NOT NULL);"
    "CREATE INDEX index_advertisements_timestamp ON advertisements(timestamp);"
    "PRAGMA user_version=12;";
// No NOT NULL: what other programs write into such a table.
constexpr char kLoose[] =
    "CREATE TABLE advertisements(rpi, aem, timestamp, rssi, duration);";
constexpr char kRpi[] = "2cfb0de02b33d20c5c27611238e2d107";
constexpr char kRow[] =
    "INSERT INTO advertisements VALUES("
    "x'2cfb0de02b33d20c5c27611238e2d107', x'42b56ee5', 1598500000123, -72, "
    "542317);";

std::string Insert(const std::string& values) {
  return absl::StrCat("INSERT INTO advertisements VALUES(", values, ");");
}

// x'..' with a first byte of one's own.
std::string Row(int first, const std::string& rest) {
  return Insert(absl::StrCat(
      "x'", EncodeHex(std::array<uint8_t, 1>{static_cast<uint8_t>(first)}),
      "0102030405060708090a0b0c0d0e0f', ", rest));
}

absl::StatusOr<SightingsFile> Read(const std::string& path,
                                   bool skip_bad = false) {
  return ReadSightings(path, {.skip_bad = skip_bad, .progress = nullptr});
}

absl::StatusOr<SightingsFile> ReadSql(const std::string& sql,
                                      bool skip_bad = false) {
  const std::string path = TempPath("exposure.db");
  std::filesystem::remove(path);
  RunSql(path, sql);
  return Read(path, skip_bad);
}

std::vector<std::string> Rows(const SightingsFile& file) {
  std::vector<std::string> rows;
  for (const Sighting& sighting : file.sightings) {
    rows.push_back(CsvRow(sighting));
  }
  return rows;
}

TEST(SightingsMicroGTest, ASpanIsASightingAtEachEnd) {
  const auto file = ReadSql(absl::StrCat(kVersion12, kRow));
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(
      Rows(*file),
      ElementsAre(absl::StrCat("1598500000,", kRpi, ",42b56ee5,-72\n"),
                  absl::StrCat("1598500542,", kRpi, ",42b56ee5,-72\n")));
  EXPECT_EQ(file->conversion.num_spans, 1U);
  EXPECT_EQ(file->conversion.num_of_spans, 2U);
  EXPECT_THAT(file->conversion.doubts, IsEmpty());
}

TEST(SightingsMicroGTest, ASinkTakesRowsInPieces) {
  const std::string path = TempPath("exposure.db");
  std::filesystem::remove(path);
  RunSql(path, absl::StrCat(
                   kLoose,
                   "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
                   "FROM n WHERE i < 10000) INSERT INTO advertisements SELECT "
                   "x'2cfb0de02b33d20c5c27611238e2d107', x'42b56ee5', "
                   "1598500000000 + 1000 * i, -72, 0 FROM n;"));
  const auto whole = Read(path);
  ASSERT_THAT(whole, IsOk());
  ASSERT_THAT(whole->sightings, SizeIs(10'000));
  std::vector<Sighting> taken;
  int num_pieces = 0;
  const auto without =
      ReadSightings(path, {.sink = [&](absl::Span<Sighting> some) {
                      ++num_pieces;
                      taken.insert(taken.end(), some.begin(), some.end());
                      return absl::OkStatus();
                    }});
  ASSERT_THAT(without, IsOk());
  EXPECT_TRUE(taken == whole->sightings);
  EXPECT_THAT(without->sightings, IsEmpty());
  EXPECT_EQ(num_pieces, 3);
}

TEST(SightingsMicroGTest, ASpanWithinASecondIsOneSighting) {
  const auto file = ReadSql(
      absl::StrCat(kVersion12, Row(1, "x'01020304', 1598500000100, -72, 0"),
                   Row(2, "x'01020304', 1598500000100, -72, 899"),
                   Row(3, "x'01020304', 1598500000100, -72, 900")));
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(file->sightings, SizeIs(4));
  EXPECT_EQ(file->conversion.num_spans, 3U);
  EXPECT_EQ(file->conversion.num_of_spans, 4U);
}

// The app's own export: CREATE TABLE AS SELECT, version 0.
TEST(SightingsMicroGTest, TheAppsOwnExportIsKnownByItsTable) {
  const std::string path = TempPath("source.db");
  RunSql(path, absl::StrCat(kVersion12, kRow));
  const std::string exported = TempPath("exported.db");
  RunSql(path, absl::StrCat("ATTACH '", exported,
                            "' AS export; CREATE TABLE export.advertisements "
                            "AS SELECT * FROM main.advertisements"));
  const auto file = Read(exported);
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(file->sightings, SizeIs(2));
}

TEST(SightingsMicroGTest, WithoutDurationsEachRowIsASighting) {
  const auto file = ReadSql(
      "CREATE TABLE Advertisements(RPI BLOB, aem BLOB, timestamp INTEGER, rssi "
      "INTEGER); INSERT INTO advertisements VALUES("
      "x'2cfb0de02b33d20c5c27611238e2d107', x'42b56ee5', 1598500000123, -72)");
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(file->sightings, SizeIs(1));
}

TEST(SightingsMicroGTest, RowsInTheLogAreReadAndNothingIsWritten) {
  const std::string source = TempPath("open.db");
  RunSql(source, kVersion12);
  const std::string folder = TempPath("phone");
  std::filesystem::create_directory(folder);
  const std::string path = folder + "/exposure.db";
  RunSqlIntoLog(source, kRow, path);
  const std::string db = ReadFile(path);
  const std::string wal = ReadFile(path + "-wal");
  const auto file = Read(path);
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(file->sightings, SizeIs(2));
  EXPECT_THAT(file->conversion.doubts, IsEmpty());
  EXPECT_EQ(ReadFile(path), db);
  EXPECT_EQ(ReadFile(path + "-wal"), wal);
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  EXPECT_THAT(names, UnorderedElementsAre("exposure.db", "exposure.db-wal"));
  // What a migration of the app leaves has its own log.
  std::filesystem::rename(path, path + "-migrate");
  std::filesystem::rename(path + "-wal", path + "-migrate-wal");
  const auto migrated = Read(path + "-migrate");
  ASSERT_THAT(migrated, IsOk());
  EXPECT_THAT(migrated->sightings, SizeIs(2));
}

TEST(SightingsMicroGTest, ALogThatIsMissingOrForeignIsSaid) {
  const std::string source = TempPath("open.db");
  RunSql(source, kVersion12);
  const std::string path = TempPath("exposure.db");
  RunSqlIntoLog(source, kRow, path);
  const std::string wal = ReadFile(path + "-wal");
  std::filesystem::remove(path + "-wal");
  const auto without = Read(path);
  ASSERT_THAT(without, IsOk());
  EXPECT_THAT(without->sightings, IsEmpty());
  ASSERT_THAT(without->conversion.doubts, SizeIs(1));
  EXPECT_EQ(without->conversion.doubts[0].file, path);
  EXPECT_THAT(without->conversion.doubts[0].reason,
              HasSubstr("-wal is not beside it"));

  // That of another database: SQLite passes it over.
  std::string foreign = wal;
  foreign[16] ^= 1;  // a salt
  WriteFile(path + "-wal", foreign);
  const auto other = Read(path);
  ASSERT_THAT(other, IsOk());
  EXPECT_THAT(other->sightings, IsEmpty());
  ASSERT_THAT(other->conversion.doubts, SizeIs(1));
  EXPECT_THAT(other->conversion.doubts[0].reason,
              HasSubstr("nothing in it belongs to the database"));

  WriteFile(path + "-wal", wal.substr(0, wal.size() - 1));
  const auto cut = Read(path);
  ASSERT_THAT(cut, IsOk());
  EXPECT_THAT(cut->conversion.doubts.back().reason,
              HasSubstr("ends within a page"));
}

TEST(SightingsMicroGTest, AnUnfinishedChangeIsALoss) {
  const std::string path = TempPath("exposure.db");
  RunSql(path, absl::StrCat(kVersion12, kRow));
  // Its playback could delete any file that it names.
  const std::string named = WriteTemp("named", "mine");
  WriteFile(path + "-journal", absl::StrCat("\xd9\xd5\x05\xf9\x20\xa1\x63\xd7",
                                            std::string(504, '\0'), named));
  EXPECT_THAT(Read(path), StatusIs(absl::StatusCode::kDataLoss,
                                   HasSubstr("a change was not finished")));
  const auto rest = Read(path, /*skip_bad=*/true);
  ASSERT_THAT(rest, IsOk());
  EXPECT_THAT(rest->sightings, SizeIs(2));
  EXPECT_THAT(rest->losses, SizeIs(1));
  EXPECT_EQ(ReadFile(named), "mine");
}

struct BadCase {
  const char* values;
  const char* reason;
};

TEST(SightingsMicroGTest, ImpossibleValuesAreRefusedAndCounted) {
  const BadCase cases[] = {
      {"x'0102', x'01020304', 1598500000000, -70, 0",
       "rpi: 2 bytes, 16 wanted"},
      {"'2cfb0de02b33d20c', x'01020304', 1598500000000, -70, 0",
       "rpi: not a blob"},
      {"NULL, x'01020304', 1598500000000, -70, 0", "rpi: missing"},
      {"randomblob(16), x'0102030405', 1598500000000, -70, 0",
       "aem: 5 bytes, 4 wanted"},
      {"randomblob(16), x'01020304', 1598500000000, -9223372036854775808, 0",
       "rssi: not in -128..20"},
      {"randomblob(16), x'01020304', 1598500000000, 127, 0",
       "rssi: 127 means not available"},
      {"randomblob(16), x'01020304', 1598500000000, 0, 1",
       "rssi: 0 over a span, a fault of the app's version 11"},
      {"randomblob(16), x'01020304', 1598500000000, '-70', 0",
       "rssi: not an integer"},
      {"randomblob(16), x'01020304', 1598500000000, NULL, 0", "rssi: missing"},
      {"randomblob(16), x'01020304', -1, -70, 0", "timestamp: before 1970"},
      {"randomblob(16), x'01020304', 1.5, -70, 0", "timestamp: not an integer"},
      {"randomblob(16), x'01020304', 9223372036854775807, -70, 0",
       "time: not between 1970 and 2100"},
      {"randomblob(16), x'01020304', 1598500000000, -70, -1",
       "duration: not within a day"},
      {"randomblob(16), x'01020304', 1598500000000, -70, 86400001",
       "duration: not within a day"},
  };
  std::string all = absl::StrCat(kLoose, kRow);
  for (const BadCase& bad : cases) {
    EXPECT_THAT(
        ReadSql(absl::StrCat(kLoose, kRow, Insert(bad.values))),
        StatusIs(absl::StatusCode::kDataLoss,
                 HasSubstr(absl::StrCat("exposure.db: advertisements row 2: ",
                                        bad.reason))))
        << bad.values;
    all += Insert(bad.values);
  }
  const auto rest = ReadSql(all, /*skip_bad=*/true);
  ASSERT_THAT(rest, IsOk());
  EXPECT_THAT(rest->sightings, SizeIs(2));
  EXPECT_EQ(rest->num_bad, std::size(cases));
  EXPECT_EQ(rest->bad_reasons.at("duration: not within a day"), 2U);
  EXPECT_EQ(rest->bad_reasons.at("rpi: missing"), 1U);
}

// 0 dBm in one instant can be a phone that touches the other.
TEST(SightingsMicroGTest, ZeroIsARealReadingInAnInstant) {
  const auto file = ReadSql(
      absl::StrCat(kVersion12, Row(1, "x'01020304', 1598500000000, 0, 0")));
  ASSERT_THAT(file, IsOk());
  EXPECT_EQ(file->sightings[0].rssi, 0);
}

TEST(SightingsMicroGTest, SchemasThatRunCodeAreNoTables) {
  const char* schemas[] = {
      "CREATE VIEW advertisements AS SELECT x'00' AS rpi, x'00' AS aem, 1 AS "
      "timestamp, -1 AS rssi",
      "CREATE VIRTUAL TABLE advertisements USING fts5(rpi, aem, timestamp, "
      "rssi)",
      "CREATE TABLE advertisements(rpi, aem, timestamp, rssi GENERATED ALWAYS "
      "AS (length(zeroblob(1000000000))) VIRTUAL)",
  };
  for (const char* schema : schemas) {
    EXPECT_THAT(ReadSql(schema), StatusIs(absl::StatusCode::kDataLoss,
                                          HasSubstr("neither microG's")))
        << schema;
  }
  // Code that is not asked for does not run.
  const auto file = ReadSql(
      "CREATE TABLE advertisements(rpi, aem, timestamp, rssi, duration, bomb "
      "GENERATED ALWAYS AS (length(zeroblob(1000000000))), CHECK(length(rpi) "
      ">= 0));"
      "CREATE VIEW other AS SELECT * FROM advertisements;"
      "INSERT INTO advertisements(rpi, aem, timestamp, rssi, duration) VALUES("
      "x'2cfb0de02b33d20c5c27611238e2d107', x'42b56ee5', 1598500000123, -72, "
      "0);");
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(file->sightings, SizeIs(1));
}

TEST(SightingsMicroGTest, AHugeValueIsRefusedInBoundedMemory) {
  EXPECT_THAT(
      ReadSql(absl::StrCat(
          kLoose, Insert("zeroblob(50000000), x'01020304', 1, -70, 0"))),
      StatusIs(absl::StatusCode::kDataLoss, HasSubstr("more than 1 MiB")));
}

// Every byte changed, one after another: an answer, or damage that is said.
TEST(SightingsMicroGTest, DamagedPagesAreSaid) {
  const std::string path = TempPath("exposure.db");
  std::string sql = kVersion12;
  for (int i = 0; i < 200; ++i) {
    sql += Row(i, absl::StrCat("x'01020304', ", 1598500000000 + i, ", -70, 0"));
  }
  RunSql(path, sql);
  const std::string whole = ReadFile(path);
  const std::string damaged = TempPath("damaged.db");
  int num_damaged = 0;
  for (size_t i = 0; i < whole.size(); i += 131) {
    std::string bytes = whole;
    bytes[i] = static_cast<char>(bytes[i] ^ 0xFF);
    WriteFile(damaged, bytes);
    const auto strict = Read(damaged);
    if (!strict.ok()) {
      ++num_damaged;
      EXPECT_THAT(strict, StatusIs(absl::StatusCode::kDataLoss,
                                   HasSubstr("damaged.db")));
    }
    // Some of it, or no such database at all.
    const auto rest = Read(damaged, /*skip_bad=*/true);
    EXPECT_TRUE(!rest.ok() || rest->sightings.size() <= 1000U) << i;
  }
  EXPECT_GT(num_damaged, 20);
  WriteFile(damaged, whole.substr(0, whole.size() / 2));
  EXPECT_THAT(Read(damaged),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("damaged.db")));
  WriteFile(damaged, whole.substr(0, 60));
  EXPECT_THAT(Read(damaged),
              StatusIs(absl::StatusCode::kDataLoss,
                       HasSubstr("is no whole SQLite database")));
}

TEST(SightingsMicroGTest, NoScratchFolderStays) {
  const std::string folder = TempPath("scratch");
  std::filesystem::create_directory(folder);
  ASSERT_EQ(setenv("TMPDIR", folder.c_str(), 1), 0);
  EXPECT_THAT(ReadSql(absl::StrCat(kVersion12, kRow)), IsOk());
  EXPECT_THAT(ReadSql("CREATE TABLE other(a)"),
              StatusIs(absl::StatusCode::kDataLoss));
  unsetenv("TMPDIR");
  EXPECT_TRUE(std::filesystem::is_empty(folder));
}

TEST(SightingsMicroGTest, AnSqliteDatabaseComesThroughNoPipe) {
  const std::string pipe = TempPath("pipe");
  std::filesystem::remove(pipe);
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const std::string path = TempPath("exposure.db");
  RunSql(path, kVersion12);
  // All of it is in the pipe, and its writer gone, before anybody reads:
  // somebody holds it open, and it is large enough.
  const int reader = open(pipe.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  ASSERT_GE(fcntl(reader, F_SETPIPE_SZ, 1 << 20), 1 << 20);
  WriteFile(pipe, ReadFile(path));
  EXPECT_THAT(Read(pipe), StatusIs(absl::StatusCode::kDataLoss,
                                   HasSubstr("give the file itself")));
  close(reader);
}

TEST(SightingsMicroGTest, OwnKeys) {
  const std::string path = TempPath("exposure.db");
  RunSql(path,
         absl::StrCat(kVersion12,
                      "INSERT INTO tek VALUES("
                      "x'000102030405060708090a0b0c0d0e0f', 2660000, 144);"));
  const auto teks = ReadMicroGOwnKeys(path);
  ASSERT_THAT(teks, IsOk());
  ASSERT_THAT(*teks, SizeIs(1));
  EXPECT_EQ((*teks)[0].bytes[15], 15);
  RunSql(path, "INSERT INTO tek VALUES('text', 2660000, 144);");
  EXPECT_THAT(ReadMicroGOwnKeys(path),
              StatusIs(absl::StatusCode::kDataLoss,
                       HasSubstr("tek row 2: keyData: not a blob")));
  const std::string other = TempPath("other.db");
  RunSql(other, kLoose);
  EXPECT_THAT(ReadMicroGOwnKeys(other),
              StatusIs(absl::StatusCode::kDataLoss,
                       HasSubstr("without microG's table tek")));
}

// Made from the app's schema by others than this project; the rows are in the
// log.
TEST(SightingsMicroGTest, TheSharedCase) {
  TEKMATCH_NEEDS_SHARED_DATA();
  const auto file = Read(SharedDataPath("../cases/microg/exposure.db"));
  ASSERT_THAT(file, IsOk());
  EXPECT_EQ(file->conversion.num_spans, 12U);
  EXPECT_THAT(file->sightings, SizeIs(24));
  EXPECT_THAT(file->conversion.doubts, IsEmpty());
}

}  // namespace
}  // namespace tekmatch
