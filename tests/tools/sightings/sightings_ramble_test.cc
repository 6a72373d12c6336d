#include "tools/sightings/sightings_ramble.h"

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
#include "tools/sightings/sightings_reader.h"
#include "tools/sightings/sightings_text.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kRpi[] = "2cfb0de02b33d20c5c27611238e2d107";
// As far as readers of such files tell.
constexpr char kSchema[] =
    "CREATE TABLE devices(id INTEGER PRIMARY KEY, address TEXT, service_uuids "
    "TEXT, service_data TEXT, first_seen INTEGER, last_seen INTEGER);\n"
    "CREATE TABLE locations(device_id INTEGER, timestamp INTEGER, rssi "
    "INTEGER, latitude REAL, longitude REAL);\n";

std::string Device(int id, int last_seen) {
  return absl::StrCat("INSERT INTO devices VALUES(", id,
                      ",'00:00:5E:00:53:00','fd6f','fd6f:", kRpi,
                      "42b56ee5',1598400000,", last_seen, ");\n");
}
std::string Location(int id, const std::string& time, const std::string& rssi,
                     const std::string& position = "35.6,139.7") {
  return absl::StrCat("INSERT INTO locations VALUES(", id, ",", time, ",", rssi,
                      ",", position, ");\n");
}

// The database, and the text that is its dump, say the same.
absl::StatusOr<SightingsFile> Read(const std::string& sql,
                                   bool skip_bad = false) {
  const std::string path = TempPath("RaMBLE.sqlite");
  std::filesystem::remove(path);
  RunSql(path, sql);
  const SightingsReaderOptions options = {.skip_bad = skip_bad,
                                          .progress = nullptr};
  auto file = ReadSightings(path, options);
  const auto dump = ReadSightings(
      WriteTemp("ramble.sql",
                absl::StrCat("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n",
                             sql, "COMMIT;\n")),
      options);
  EXPECT_EQ(dump.ok(), file.ok()) << dump.status();
  if (file.ok() && dump.ok()) {
    EXPECT_EQ(dump->sightings, file->sightings);
    EXPECT_EQ(dump->conversion, file->conversion);
    EXPECT_EQ(dump->bad_reasons, file->bad_reasons);
  }
  return file;
}

absl::StatusOr<SightingsFile> ReadDump(const std::string& sql) {
  return ReadSightings(WriteTemp("dump.sql", sql),
                       {.skip_bad = false, .progress = nullptr});
}

TEST(SightingsRambleTest, LocationsAreSightingsAndPositionsAreNotKept) {
  const auto file = Read(absl::StrCat(
      kSchema, Device(1, 1598500100),
      "INSERT INTO devices VALUES(2,'00:00:5E:00:53:01','feaa','feaa:00',1,2);",
      "INSERT INTO devices VALUES(3,'00:00:5E:00:53:02',NULL,NULL,1,2);",
      Location(1, "1598500000", "-72"), Location(2, "1598500000", "-40"),
      Location(1, "1598500100", "-75", "NULL,NULL")));
  ASSERT_THAT(file, IsOk());
  ASSERT_THAT(file->sightings, SizeIs(2));
  EXPECT_EQ(CsvRow(file->sightings[0]),
            absl::StrCat("1598500000,", kRpi, ",42b56ee5,-72\n"));
  EXPECT_EQ(file->sightings[1].rssi, -75);
  EXPECT_EQ(file->conversion.num_addresses, 2U);
  EXPECT_EQ(file->conversion.num_positions, 1U);
  EXPECT_EQ(file->conversion.num_spans, 0U);
}

// The row of a device has what its address sent last.
TEST(SightingsRambleTest, RowsOfAnEarlierIdentifierAreLeftOut) {
  const std::string rows = Location(1, "1598498299", "-72") +
                           Location(1, "1598498300", "-72") +
                           Location(1, "1598500100", "-72");
  const auto file = Read(absl::StrCat(kSchema, Device(1, 1598500100), rows));
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(file->sightings, SizeIs(2));
  EXPECT_EQ(file->conversion.num_overwritten, 1U);
  // Without the column, the last row says when that was.
  const auto without = Read(
      absl::StrCat(
          "CREATE TABLE devices(id TEXT, service_data TEXT);\n"
          "CREATE TABLE locations(device_id TEXT, timestamp TEXT, rssi TEXT);\n"
          "INSERT INTO devices VALUES('1','FD6F:",
          kRpi, "42b56ee5');\n",
          "INSERT INTO locations VALUES('1','1598498299','-72');\n"
          "INSERT INTO locations VALUES('1','1598500100','-72');\n"
          "INSERT INTO locations VALUES('1','9000000000000','-72');\n"),
      true);
  ASSERT_THAT(without, IsOk());
  EXPECT_THAT(without->sightings, SizeIs(1));
  EXPECT_EQ(without->conversion.num_overwritten, 1U);
  EXPECT_EQ(without->num_bad, 1U);
}

TEST(SightingsRambleTest, WhatIsMissingOrWrongIsRefused) {
  struct {
    std::string sql;
    const char* reason;
  } const cases[] = {
      {Location(1, "NULL", "-72"), "locations row 1: timestamp: missing"},
      {Location(1, "1598500000", "NULL"), "rssi: missing"},
      {Location(1, "1598500000", "127"), "rssi: 127 means not available"},
      {Location(1, "1598500000000", "-72"), "time: in milliseconds"},
      {"INSERT INTO devices VALUES(7,'a','fd6f','fd6f:0011',1,2);\n",
       "devices row 2: service_data: 4 characters, 40 wanted"},
      {absl::StrCat("INSERT INTO devices VALUES(8,'a','fd6f','fd6f:", kRpi,
                    "42b56eez',1,2);\n"),
       "aem: not hexadecimal"},
  };
  std::string all = kSchema + Device(1, 1598500100);
  for (const auto& bad : cases) {
    EXPECT_THAT(Read(kSchema + Device(1, 1598500100) + bad.sql),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr(bad.reason)));
    all += bad.sql;
  }
  const auto rest = Read(all + Location(1, "1598500000", "-72"), true);
  ASSERT_THAT(rest, IsOk());
  EXPECT_THAT(rest->sightings, SizeIs(1));
  EXPECT_EQ(rest->num_bad, std::size(cases));
}

// A dump's texts may have all that ends a statement elsewhere.
TEST(SightingsDumpTest, QuotesAndCommentsEndNoStatement) {
  const auto file = ReadDump(absl::StrCat(
      "-- a comment; with 'quotes\n", kSchema,
      "CREATE TABLE \"odd;name\"(a, [b;c], `d;e`); /* ; ' */\n"
      "INSERT INTO \"odd;name\" VALUES('it''s; a\n"
      "line', replace('a\\nb','\\n',char(10)), X'00');\n"
      "CREATE INDEX i ON devices(address);\nCREATE VIEW v AS SELECT 1;\n"
      "DELETE FROM sqlite_sequence;\nINSERT INTO sqlite_sequence VALUES('a',1);"
      "\n",
      Device(1, 1598500100),
      "INSERT INTO locations VALUES(1,1598500000,-72,0,0),(1,1598500001,-73,0,"
      "0);\n"));
  // There is no such table without AUTOINCREMENT.
  EXPECT_THAT(file, StatusIs(absl::StatusCode::kDataLoss,
                             HasSubstr("no SQL of a dump")));
  const auto good = ReadDump(absl::StrCat(
      "-- a comment; with 'quotes\n", kSchema,
      "CREATE TABLE \"odd;name\"(a, [b;c], `d;e`); /* ; ' */\n"
      "CREATE TABLE k(id INTEGER PRIMARY KEY AUTOINCREMENT, u UNIQUE);\n"
      "INSERT INTO \"odd;name\" VALUES('it''s; a\n"
      "line', replace('a\\nb','\\n',char(10)), X'00');\n"
      "CREATE INDEX i ON devices(address);\nCREATE VIEW v AS SELECT 1;\n"
      "DELETE FROM sqlite_sequence;\nINSERT INTO sqlite_sequence VALUES('k',1);"
      "\n",
      Device(1, 1598500100),
      "INSERT INTO locations VALUES(1,1598500000,-72,0,0),(1,1598500001,-73,0,"
      "0);\n"));
  ASSERT_THAT(good, IsOk());
  EXPECT_THAT(good->sightings, SizeIs(2));
}

TEST(SightingsDumpTest, NothingButTablesAndValuesRuns) {
  const std::string victim = WriteTemp("victim.db", "");
  constexpr char kRecursive[] =
      "INSERT INTO devices(id) WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL "
      "SELECT x+1 FROM r) SELECT x FROM r;";
  const std::string statements[] = {
      absl::StrCat("ATTACH '", victim, "' AS v;"),
      absl::StrCat("VACUUM INTO '", victim, "2';"),
      "SELECT load_extension('x');",
      "INSERT INTO devices(id) SELECT id FROM devices;",
      "INSERT INTO devices(id) VALUES(randomblob(100));",
      kRecursive,
      "UPDATE devices SET id=1;",
      "DELETE FROM devices;",
      "DROP TABLE devices;",
      "CREATE VIRTUAL TABLE f USING fts5(a);",
      "CREATE TRIGGER t AFTER INSERT ON devices BEGIN DROP TABLE devices; END;",
      "INSERT INTO sqlite_schema VALUES('table','x','x',2,'');",
      "CREATE TABLE x AS SELECT * FROM devices;",
      "this is no SQL;",
      "INSERT INTO devices(id) VALUES(1",
  };
  for (const std::string& statement : statements) {
    EXPECT_THAT(
        ReadDump(absl::StrCat(kSchema, statement, "\n")),
        StatusIs(absl::StatusCode::kDataLoss, HasSubstr("dump.sql:3: ")))
        << statement;
  }
  EXPECT_EQ(ReadFile(victim), "");
  EXPECT_FALSE(std::filesystem::exists(victim + "2"));
}

TEST(SightingsDumpTest, ADumpThatGaveUpIsALoss) {
  EXPECT_THAT(ReadDump(absl::StrCat(kSchema, "ROLLBACK; -- due to errors\n")),
              StatusIs(absl::StatusCode::kDataLoss,
                       HasSubstr("could not be read whole")));
}

TEST(SightingsDumpTest, ASmallDumpCannotFillTheDisk) {
  std::string grows = "'a'";
  for (int i = 0; i < 4; ++i) {
    grows =
        absl::StrCat("replace(", grows, ",'a','", std::string(30, 'a'), "')");
  }
  std::string sql = kSchema;
  for (int i = 0; i < 100; ++i) {
    absl::StrAppend(&sql, "INSERT INTO devices(address) VALUES(", grows,
                    ");\n");
  }
  EXPECT_THAT(ReadDump(sql), StatusIs(absl::StatusCode::kResourceExhausted,
                                      HasSubstr("beyond measure")));
}

TEST(SightingsRambleTest, TheSharedCase) {
  TEKMATCH_NEEDS_SHARED_DATA();
  const auto file =
      ReadSightings(SharedDataPath("../cases/sniffer-formats/ramble.sql"),
                    {.skip_bad = false, .progress = nullptr});
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(file->sightings, SizeIs(12));
  EXPECT_EQ(file->conversion.num_positions, 12U);
}

}  // namespace
}  // namespace tekmatch
