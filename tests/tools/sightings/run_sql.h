// Databases of SQLite that a test makes, as an app would.
#ifndef TEKMATCH_TESTS_TOOLS_SIGHTINGS_RUN_SQL_H_
#define TEKMATCH_TESTS_TOOLS_SIGHTINGS_RUN_SQL_H_

#include <sqlite3.h>

#include <filesystem>
#include <string>

#include "gtest/gtest.h"

namespace tekmatch {

// Runs the statements on the database, which is made if it is not there.
// Nothing is synced: a test reads it at once.
inline void RunSql(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK) << path;
  EXPECT_EQ(sqlite3_exec(db, ("PRAGMA synchronous=OFF;" + sql).c_str(), nullptr,
                         nullptr, nullptr),
            SQLITE_OK)
      << sqlite3_errmsg(db) << "\n"
      << sql;
  sqlite3_close(db);
}

// The same, in WAL mode, and copies database and log to `copy` and copy-wal
// while the app has the database open: `sql` is in the log alone.
inline void RunSqlIntoLog(const std::string& path, const std::string& sql,
                          const std::string& copy) {
  RunSql(path, "PRAGMA journal_mode=WAL");
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK) << path;
  EXPECT_EQ(sqlite3_exec(db, ("PRAGMA wal_autocheckpoint=0;" + sql).c_str(),
                         nullptr, nullptr, nullptr),
            SQLITE_OK)
      << sqlite3_errmsg(db);
  const auto how = std::filesystem::copy_options::overwrite_existing;
  std::filesystem::copy_file(path, copy, how);
  std::filesystem::copy_file(path + "-wal", copy + "-wal", how);
  sqlite3_close(db);
}

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_TOOLS_SIGHTINGS_RUN_SQL_H_
