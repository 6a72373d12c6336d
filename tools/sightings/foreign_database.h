// Reads the tables of an SQLite database that an app left, and that nobody
// vouches for. The original is never opened by SQLite: it is copied, with its
// write-ahead log, into a scratch folder that goes with this object. SQLite
// would otherwise write beside it (-shm), or, told not to, pass over the log
// without a word, in which the newest rows are.
//
// What a made-up file could do to its reader, and what stands against it:
//   code in its schema     DEFENSIVE, TRUSTED_SCHEMA off, no views, triggers or
//                          extensions; only plain columns of plain tables are
//                          read (no virtual tables, no generated columns)
//   pages in a circle      quick_check of the table before it is read, and a
//                          limit of steps that grows with the file
//   huge values            1 MiB each; the page cache has 8 MiB
//   a rollback journal     it may name any file, which SQLite would delete: it
//                          is not copied, and said to be there
//
// Errors: DATA_LOSS "path: reason" for a file that is not what it has to be;
// RESOURCE_EXHAUSTED for memory and disk; the system's for files. No message
// has a byte of the file.
//
// Source: https://www.sqlite.org/security.html ("Untrusted SQLite Database
// Files"), .../fileformat2.html (the header), .../atomiccommit.html (7.5, on
// the names in a journal).
#ifndef TEKMATCH_TOOLS_SIGHTINGS_FOREIGN_DATABASE_H_
#define TEKMATCH_TOOLS_SIGHTINGS_FOREIGN_DATABASE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tools/files/scratch_folder.h"
#include "tools/sightings/sightings_file.h"

// SQLite's own, which only the source includes.
struct sqlite3;
struct sqlite3_stmt;

namespace tekmatch {

inline constexpr absl::string_view kSqliteMagic("SQLite format 3\0", 16);

// A longer value is DATA_LOSS; so is a longer statement of a dump.
inline constexpr int kMaxForeignValueBytes = 1 << 20;

class ForeignDatabase;

// The rows of a query, one after another. Its ForeignDatabase outlives it.
class ForeignRows {
 public:
  enum class Type : uint8_t { kNull, kInteger, kReal, kText, kBlob };

  ForeignRows(ForeignRows&& other) noexcept;
  ForeignRows& operator=(ForeignRows&&) = delete;
  ~ForeignRows();

  // To the next row; false after the last one.
  absl::StatusOr<bool> Next();

  // Of the row's columns, from 0. Bytes are valid until the next call of Next
  // or, for the same column, of any of these.
  Type TypeOf(int column) const;
  int64_t Integer(int column) const;
  absl::string_view Bytes(int column) const;  // of a blob or text

 private:
  friend class ForeignDatabase;
  ForeignRows(const ForeignDatabase* database, sqlite3_stmt* statement)
      : database_(database), statement_(statement) {}
  const ForeignDatabase* database_;
  sqlite3_stmt* statement_;
};

class ForeignDatabase {
 public:
  // A regular file.
  static absl::StatusOr<std::unique_ptr<ForeignDatabase>> Open(
      const std::string& path);
  // The SQL that SQLite's ".dump" writes: CREATE TABLE and INSERT of values.
  // SQLite itself reads it, into a file in the scratch folder, since a parser
  // of our own would have to agree with it on every quote; an authorizer lets
  // nothing through but those. Indexes, views and settings are passed over; any
  // other statement is DATA_LOSS. A regular file.
  static absl::StatusOr<std::unique_ptr<ForeignDatabase>> LoadDump(
      const std::string& path);
  ForeignDatabase(const ForeignDatabase&) = delete;
  ForeignDatabase& operator=(const ForeignDatabase&) = delete;
  ~ForeignDatabase();

  const std::string& path() const { return path_; }
  // Damage that is known from the files beside it; and what may be missing.
  const std::vector<SightingsLoss>& losses() const { return losses_; }
  const std::vector<SightingsLoss>& doubts() const { return doubts_; }

  // The columns of a table, in lower case; none if there is no plain table of
  // that name (ASCII). Generated columns are left out.
  absl::StatusOr<std::vector<std::string>> Columns(absl::string_view table);
  // DATA_LOSS: pages of the table are damaged.
  absl::Status CheckPages(absl::string_view table);
  // `sql` is one query over what Columns gave.
  absl::StatusOr<ForeignRows> Select(const std::string& sql);

 private:
  friend class ForeignRows;
  ForeignDatabase(std::string path, std::unique_ptr<ScratchFolder> scratch)
      : path_(std::move(path)), scratch_(std::move(scratch)) {}
  absl::Status Connect(uint64_t num_bytes);
  absl::Status Execute(const char* sql);
  absl::Status LookAtLog(uint64_t wal_bytes);
  absl::Status Error(int code) const;
  absl::Status Damaged(absl::string_view reason) const;
  std::string CopyPath() const;

  const std::string path_;
  std::unique_ptr<ScratchFolder> scratch_;
  std::vector<SightingsLoss> losses_;
  std::vector<SightingsLoss> doubts_;
  sqlite3* db_ = nullptr;
  int64_t steps_left_ = 0;  // thousands
};

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SIGHTINGS_FOREIGN_DATABASE_H_
