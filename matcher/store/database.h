// One connection to the database in a folder: DIR/tekmatch.sqlite (or the file
// that another Schema names), an SQLite file in WAL mode, with the tables of
// schema.h. What is in the tables is their
// owners' business; here is what holds for all of them:
//
//   Database     opens, creates, migrates, and refuses what is not ours
//   Statement    one prepared SQL statement
//   Transaction  all or nothing, and how durable
//
// Any number of processes may have connections, one of them writing at a time:
// the others wait, up to the busy timeout. A connection, with its statements
// and transactions, is for one thread at a time, and never crosses a fork.
// Nothing here starts a thread, prints, aborts or throws.
//
// Errors, for all functions below:
//   UNAVAILABLE          another connection was busy longer than the timeout
//   RESOURCE_EXHAUSTED   the disk is full, or there was no memory
//   DATA_LOSS            the database is damaged: see SetAside
//   PERMISSION_DENIED, NOT_FOUND and so on   the system's word (system_error.h)
//   INTERNAL             ours: SQL that is wrong, a constraint that is broken
// Messages name the file and the reason. They hold no value and no byte of the
// file.
//
// Source: https://www.sqlite.org/wal.html, .../security.html ("Untrusted
// SQLite Database Files"), .../fileformat2.html (the header's fields).
#ifndef TEKMATCH_MATCHER_STORE_DATABASE_H_
#define TEKMATCH_MATCHER_STORE_DATABASE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "matcher/store/schema.h"

// SQLite's own, which only sources include.
struct sqlite3;
struct sqlite3_stmt;

namespace tekmatch {

class Database;

// One prepared statement, for any number of runs. Its Database outlives it.
//
//   TEKMATCH_ASSIGN_OR_RETURN(Statement select,
//                             db.Prepare("SELECT day FROM days WHERE n > ?1"));
//   select.BindInt64(1, 3);
//   while (true) {
//     TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
//     if (!row) break;
//     Use(select.Int64(0));
//   }
class Statement {
 public:
  Statement(Statement&& other) noexcept
      : database_(other.database_),
        statement_(std::exchange(other.statement_, nullptr)),
        bind_code_(other.bind_code_) {}
  Statement& operator=(Statement&& other) noexcept {
    std::swap(database_, other.database_);
    std::swap(statement_, other.statement_);
    std::swap(bind_code_, other.bind_code_);
    return *this;
  }
  ~Statement();

  // Values of the parameters ?1, ?2 and so on, copied. What is not bound is
  // NULL. An error is told by the next Step or Run; INVALID_ARGUMENT for a
  // value that is too large.
  Statement& BindInt64(int index, int64_t value);
  Statement& BindBlob(int index, absl::Span<const uint8_t> value);
  Statement& BindText(int index, absl::string_view value);
  Statement& BindNull(int index);

  // To the next row; false where there is none any more. After false, and after
  // an error, the statement is as after Reset.
  absl::StatusOr<bool> Step();

  // Of the row that Step went to, by 0-based column. Blobs and texts are valid
  // until the next Step, Reset or Run. A NULL reads as 0 or empty.
  int64_t Int64(int column) const;
  absl::Span<const uint8_t> Blob(int column) const;
  absl::string_view Text(int column) const;
  bool IsNull(int column) const;

  // Ready for new values and a new run; forgets (and so wipes) the values.
  void Reset();

  // Steps to the end, then Reset: for what returns no rows.
  absl::Status Run();

 private:
  friend class Database;
  Statement(Database* database, sqlite3_stmt* statement)
      : database_(database), statement_(statement) {}

  Database* database_;
  sqlite3_stmt* statement_;
  int bind_code_ = 0;  // the first error of a Bind since Reset
};

enum class OpenMode {
  kCreate,    // makes folder (mode 0700) and file (0600) where they are missing
  kExisting,  // NOT_FOUND where there is none
  // As above, and writes nothing to the database. SQLite still keeps its -shm
  // and -wal beside the file, so the folder has to be writable where no other
  // connection is open.
  kReadOnly,
};

class Database {
 public:
  // Opens the database in `folder`. A file of an older schema is migrated, in
  // one transaction. The file is made under another name and then renamed, so
  // that a run killed meanwhile leaves none or a whole one.
  //
  // It is checked as far as that costs next to nothing: header, length, schema,
  // and where it has at most 8 MiB all pages (0.2 ms with 20,000 sightings).
  // CheckIntegrity checks any of them whole.
  //
  // Errors beside those above; none of them changes the file:
  //   NOT_FOUND            no folder, or no database in it, and not kCreate
  //   FAILED_PRECONDITION  a newer tekmatch's schema (the message has its
  //                        number), an older one with kReadOnly, or a database
  //                        of another application
  //   DATA_LOSS            a file that is empty, was cut off or is no SQLite
  //                        database, damaged pages, tables that are not those
  //                        of its schema, or a -wal whose database is gone
  static absl::StatusOr<std::unique_ptr<Database>> Open(
      const std::string& folder, OpenMode mode,
      absl::Duration busy_timeout = absl::Seconds(5),
      const Schema& schema = CurrentSchema());

  // Of the store's own file. For a caller that was told DATA_LOSS and wants to
  // begin anew: renames the database with its -wal and -shm to NAME.damaged-N,
  // the first N of which there is none. Deletes and overwrites nothing. Returns
  // the new path of the database, or of its -wal where that is all there was.
  // NOT_FOUND where there is neither. No connection may be open, in any
  // process.
  static absl::StatusOr<std::string> SetAside(const std::string& folder);
  // The paths of all files that SetAside renamed in this folder, sorted.
  static absl::StatusOr<std::vector<std::string>> ListSetAside(
      const std::string& folder);
  // Overwrites them with zeroes, and deletes them.
  static absl::Status EraseSetAside(const std::string& folder);

  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  // After its statements and transactions. The last connection moves what is in
  // the -wal into the database; where that is not possible it stays, as safe.
  ~Database();

  const std::string& folder() const { return folder_; }
  const std::string& path() const { return path_; }
  bool read_only() const { return read_only_; }
  // After how many pages in the -wal a commit of this connection moves them
  // into the database, with two syncs. Fewer make such a commit shorter, and
  // more of them.
  void CheckpointAfter(int num_pages);
  static constexpr int kUsualCheckpointPages = 1000;  // SQLite's

  // Whether a Transaction is open on this connection.
  bool in_transaction() const;

  // `sql` is one statement; it outlives nothing. INTERNAL where it is wrong.
  absl::StatusOr<Statement> Prepare(absl::string_view sql);
  // Any number of statements without values; rows are dropped.
  absl::Status Run(const std::string& sql);
  // Rows that the last INSERT, UPDATE or DELETE changed.
  int64_t num_changes() const;
  // The rowid of the last INSERT.
  int64_t last_insert_rowid() const;

  // Moves what is in the -wal into the database and cuts the -wal to length 0:
  // what was deleted is then in neither. Waits up to `max_wait` for readers and
  // writers. false where one of them prevented it: nothing is lost, and the
  // next call goes on. FAILED_PRECONDITION inside a transaction.
  absl::StatusOr<bool> Checkpoint(absl::Duration max_wait);

  // Reads the whole database; DATA_LOSS where SQLite finds it damaged. A value
  // that another value took the place of is no damage to SQLite: the tables'
  // owners have checksums.
  absl::Status CheckIntegrity();

  // The error for a row that is not what its owner wrote: DATA_LOSS, with the
  // database's name before `what`.
  absl::Status Damaged(absl::string_view what) const;

 private:
  friend class Statement;
  friend class Transaction;

  Database(std::string folder, std::string path, bool read_only,
           const Schema& schema)
      : folder_(std::move(folder)),
        path_(std::move(path)),
        read_only_(read_only),
        schema_(schema) {}

  absl::Status CreateIfMissing();
  absl::Status Connect(const std::string& path, absl::Duration busy_timeout);
  absl::Status CheckHeader();
  absl::Status Configure();
  absl::Status SetUpNew();
  absl::Status BringUpToDate();
  absl::StatusOr<int64_t> UserVersion();
  absl::Status CheckSchema();
  absl::Status CheckPagesIfFew();
  absl::Status SetSynchronous(bool full);
  // The status of a result code of SQLite.
  absl::Status Error(int code, absl::string_view doing) const;

  std::string folder_;
  std::string path_;
  bool read_only_;
  Schema schema_;
  sqlite3* db_ = nullptr;
  int busy_timeout_ms_ = 0;
  bool synchronous_full_ = false;      // what the connection is set to
  std::optional<Statement> rollback_;  // made while there is memory
};

enum class Durability {
  kNormal,  // whole or absent after a kill; a loss of power may undo the last
  kFull,    // there when Commit returns, after a loss of power too
};

// A transaction. Without Commit, or when Commit fails, nothing of it is done.
class Transaction {
 public:
  // For writing. Waits for another writer up to the busy timeout.
  // FAILED_PRECONDITION inside another, or where the connection is read-only.
  static absl::StatusOr<Transaction> Begin(Database& database,
                                           Durability durability);
  // For several reads that have to see one state. Writing in it is INTERNAL.
  // Does not hinder a writer, but keeps Checkpoint from emptying the -wal.
  static absl::StatusOr<Transaction> BeginRead(Database& database);

  Transaction(Transaction&& other) noexcept
      : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();  // rolls back

  absl::Status Commit();

 private:
  explicit Transaction(Database* database) : database_(database) {}

  Database* database_;  // nullptr once it has ended
};

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_STORE_DATABASE_H_
