// The plan:
//
//   status codes      a result code of SQLite to an absl::Status
//   creation          the file is made as NAME.new and then renamed, under the
//                     folder's lock: whoever finds NAME finds it whole
//   opening           header, settings, version, schema, in this order: nothing
//                     writes before the header said that the file is ours
//   the connection    what holds for all statements
//
// Beside it: database_files.cc (names, the folder's lock), set_aside.cc, and
// statement.cc (Statement, Transaction).
//
// A process loses all its POSIX locks on a file when it closes any descriptor
// of it. So nothing here opens an existing database but SQLite, and the header
// is read through SQLite's own descriptor.
#include "matcher/store/database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>

#include "absl/memory/memory.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "keyformat/system_error.h"
#include "matcher/store/database_files.h"
#include "matcher/store/schema.h"
#include "matcher/store/sqlite_memory.h"

namespace tekmatch {
namespace {

// The header of an SQLite file.
constexpr size_t kHeaderBytes = 100;
constexpr char kMagic[] = "SQLite format 3";  // with its '\0'
constexpr size_t kApplicationIdOffset = 68;

// What no row of ours comes near, so that a damaged length asks for no more.
constexpr int kMaxValueBytes = 64 << 20;

int Milliseconds(absl::Duration duration) {
  const int64_t ms = absl::ToInt64Milliseconds(duration);
  return static_cast<int>(
      std::clamp<int64_t>(ms, 0, std::numeric_limits<int>::max()));
}

// Of the words of SQLite's check of all pages. A page that the system did not
// give is in them, with a code of SQLite, and is no damage. Names out of the
// file are in words that begin otherwise: a check of trees knows none.
absl::Status JudgePages(const Database& database, absl::string_view words,
                        absl::string_view check) {
  if (words == "ok") return absl::OkStatus();
  constexpr absl::string_view kOfTrees = "*** in database main ***\n";
  constexpr absl::string_view kCode = "unable to get the page. error code=";
  const size_t at = words.find(kCode);
  if (absl::StartsWith(words, kOfTrees) && at != absl::string_view::npos) {
    const absl::string_view rest = words.substr(at + kCode.size());
    int code = 0;
    if (absl::SimpleAtoi(rest.substr(0, rest.find_first_not_of("0123456789")),
                         &code) &&
        (code & 0xFF) == SQLITE_IOERR) {
      return absl::UnknownError(absl::StrCat(database.path(), ": SQLite's ",
                                             check, ": ",
                                             sqlite3_errstr(SQLITE_IOERR)));
    }
  }
  return database.Damaged(absl::StrCat("is damaged, by SQLite's ", check));
}

}  // namespace

// ---------------------------------------------------------- status codes

absl::Status Database::Error(int code, absl::string_view doing) const {
  // SQLite's fixed words for the code. Its longer message may hold names out of
  // the file.
  const std::string message =
      absl::StrCat(path_, ": ", doing, ": ", sqlite3_errstr(code));
  const int error = db_ == nullptr ? 0 : sqlite3_system_errno(db_);
  // What SQLite remembers may be of another file that it looked for meanwhile:
  // only a database that is not there is NOT_FOUND, which a caller takes for an
  // empty store.
  const auto of_system = [&] {
    absl::Status status = SystemError(error != 0 ? error : ENOENT, message);
    if (absl::IsNotFound(status) && FileExists(path_)) {
      return absl::UnknownError(message);
    }
    return status;
  };
  switch (code) {
    case SQLITE_IOERR_NOMEM:
      return absl::ResourceExhaustedError(message);
    case SQLITE_IOERR_DATA:
      return absl::DataLossError(message);
    case SQLITE_READONLY_DBMOVED:
      return absl::FailedPreconditionError(message);
    default:
      break;
  }
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return absl::UnavailableError(message);
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      return absl::ResourceExhaustedError(message);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    // A length in a damaged row; Statement tells it from a caller's value.
    case SQLITE_TOOBIG:
      return absl::DataLossError(message);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return absl::PermissionDeniedError(message);
    case SQLITE_CANTOPEN:
      return of_system();
    case SQLITE_IOERR:
      // The system's: a medium that fails now and then is no damaged database,
      // which a caller would set aside. SQLITE_IOERR_CORRUPTFS, too, which says
      // no more than that a read met EIO.
      return error != 0 ? of_system() : absl::UnknownError(message);
    case SQLITE_INTERRUPT:
    case SQLITE_ABORT:
      return absl::CancelledError(message);
    default:
      return absl::InternalError(message);
  }
}

absl::Status Database::Damaged(absl::string_view what) const {
  return absl::DataLossError(absl::StrCat(path_, ": ", what));
}

// ------------------------------------------------------------- creation

// Makes the database unless it is there.
absl::Status Database::CreateIfMissing() {
  if (mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) {
    return SystemError(errno, folder_);
  }
  if (FileExists(path_)) return absl::OkStatus();
  TEKMATCH_ASSIGN_OR_RETURN(
      const FolderLock lock,
      FolderLock::Take(folder_, absl::Milliseconds(busy_timeout_ms_)));
  if (FileExists(path_)) return absl::OkStatus();
  if (absl::Status missing = MissingDatabase(path_);
      !absl::IsNotFound(missing)) {
    return missing;
  }

  // What a run that was killed left.
  const std::string unfinished = path_ + ".new";
  for (const char* suffix : kDatabaseSuffixes) {
    unlink((unfinished + suffix).c_str());
  }
  const int fd =
      open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return SystemError(errno, unfinished);
  close(fd);

  Database made(folder_, path_, /*read_only=*/false, schema_);
  TEKMATCH_RETURN_IF_ERROR(
      made.Connect(unfinished, absl::Milliseconds(busy_timeout_ms_)));
  TEKMATCH_RETURN_IF_ERROR(made.SetUpNew());
  // The last connection moves the -wal into the database and removes it.
  const int code = sqlite3_close(std::exchange(made.db_, nullptr));
  if (code != SQLITE_OK) return made.Error(code, "closing");
  if (FileHasBytes(unfinished + "-wal")) {
    return absl::UnknownError(absl::StrCat(unfinished, ": was not closed"));
  }
  if (rename(unfinished.c_str(), path_.c_str()) != 0) {
    return SystemError(errno, path_);
  }
  return lock.Sync(folder_);
}

absl::Status Database::SetUpNew() {
  TEKMATCH_RETURN_IF_ERROR(
      Run("PRAGMA page_size = 4096; PRAGMA auto_vacuum = NONE; "
          "PRAGMA secure_delete = ON; PRAGMA synchronous = FULL; BEGIN"));
  for (const SchemaObject& object : schema_.objects) {
    TEKMATCH_RETURN_IF_ERROR(Run(object.sql));
  }
  return Run(absl::StrCat("PRAGMA application_id = ", schema_.application_id,
                          "; PRAGMA user_version = ", schema_.version,
                          "; COMMIT; PRAGMA journal_mode = WAL"));
}

// -------------------------------------------------------------- opening

absl::StatusOr<std::unique_ptr<Database>> Database::Open(
    const std::string& folder, OpenMode mode, absl::Duration busy_timeout,
    const Schema& schema) {
  MakeSqliteWipeMemory();
  const std::string path = DatabasePathIn(folder, schema.file_name);
  auto database = absl::WrapUnique(
      new Database(folder, path, mode == OpenMode::kReadOnly, schema));
  database->busy_timeout_ms_ = Milliseconds(busy_timeout);
  if (mode == OpenMode::kCreate) {
    TEKMATCH_RETURN_IF_ERROR(database->CreateIfMissing());
  } else if (!FileExists(path)) {
    return MissingDatabase(path);
  }
  TEKMATCH_RETURN_IF_ERROR(database->Connect(path, busy_timeout));
  TEKMATCH_RETURN_IF_ERROR(database->CheckHeader());
  // Its SQL is right: what SQLite does not understand is in the header.
  const absl::Status configured = database->Configure();
  if (absl::IsInternal(configured)) {
    return database->Damaged("its header is damaged");
  }
  TEKMATCH_RETURN_IF_ERROR(configured);
  TEKMATCH_RETURN_IF_ERROR(database->BringUpToDate());
  TEKMATCH_RETURN_IF_ERROR(database->CheckSchema());
  TEKMATCH_RETURN_IF_ERROR(database->CheckPagesIfFew());
  TEKMATCH_ASSIGN_OR_RETURN(Statement rollback, database->Prepare("ROLLBACK"));
  database->rollback_.emplace(std::move(rollback));
  return database;
}

absl::Status Database::Connect(const std::string& path,
                               absl::Duration busy_timeout) {
  const int flags =
      (read_only_ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) |
      SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(path.c_str(), &db_, flags, nullptr);
  if (code != SQLITE_OK) return Error(code, "opening");
  sqlite3_extended_result_codes(db_, 1);
  busy_timeout_ms_ = Milliseconds(busy_timeout);
  sqlite3_busy_timeout(db_, busy_timeout_ms_);
  return absl::OkStatus();
}

// Reads the header through SQLite's descriptor, past its pager: without a lock,
// and without the recovery that a foreign file would have to suffer.
absl::Status Database::CheckHeader() {
  sqlite3_file* file = nullptr;
  int code =
      sqlite3_file_control(db_, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  if (code != SQLITE_OK) return Error(code, "opening");
  if (file == nullptr || file->pMethods == nullptr) {
    return absl::InternalError(absl::StrCat(path_, ": was not opened"));
  }
  std::array<uint8_t, kHeaderBytes> header;
  code = file->pMethods->xRead(file, header.data(), header.size(), 0);
  if (code == SQLITE_IOERR_SHORT_READ) {
    return Damaged("is empty, or too short for a database");
  }
  if (code != SQLITE_OK) return Error(code, "reading its header");
  if (std::memcmp(header.data(), kMagic, sizeof(kMagic)) != 0) {
    return Damaged("is no SQLite database");
  }
  uint32_t application_id = 0;
  for (size_t i = 0; i < 4; ++i) {
    application_id = application_id << 8 | header[kApplicationIdOffset + i];
  }
  if (application_id != schema_.application_id) {
    return absl::FailedPreconditionError(
        absl::StrCat(path_, ": is a database of another application"));
  }
  return absl::OkStatus();
}

absl::Status Database::Configure() {
  constexpr struct {
    int option;
    int value;
  } kOptions[] = {
      {SQLITE_DBCONFIG_DEFENSIVE, 1},
      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
      {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
      {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
      {SQLITE_DBCONFIG_DQS_DML, 0},
      {SQLITE_DBCONFIG_DQS_DDL, 0},
      {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
      {SQLITE_DBCONFIG_ENABLE_FKEY, 1},
  };
  for (const auto& [option, value] : kOptions) {
    sqlite3_db_config(db_, option, value, nullptr);
  }
  sqlite3_limit(db_, SQLITE_LIMIT_LENGTH, kMaxValueBytes);
  sqlite3_limit(db_, SQLITE_LIMIT_ATTACHED, 1);  // VACUUM's own
  TEKMATCH_RETURN_IF_ERROR(
      Run("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; "
          "PRAGMA cache_size = -2048; PRAGMA temp_store = MEMORY; "
          "PRAGMA mmap_size = 0"));
  if (read_only_) return absl::OkStatus();
  TEKMATCH_RETURN_IF_ERROR(Run("PRAGMA secure_delete = ON"));
  TEKMATCH_ASSIGN_OR_RETURN(Statement journal,
                            Prepare("PRAGMA journal_mode = WAL"));
  TEKMATCH_ASSIGN_OR_RETURN(const bool row, journal.Step());
  if (!row || journal.Text(0) != "wal") {
    return absl::FailedPreconditionError(
        absl::StrCat(path_, ": its file system has no shared memory (WAL)"));
  }
  journal.Reset();
  return Run("PRAGMA synchronous = NORMAL");
}

absl::StatusOr<int64_t> Database::UserVersion() {
  TEKMATCH_ASSIGN_OR_RETURN(Statement version, Prepare("PRAGMA user_version"));
  TEKMATCH_ASSIGN_OR_RETURN(const bool row, version.Step());
  if (!row) return Damaged("has no schema version");
  return version.Int64(0);
}

absl::Status Database::BringUpToDate() {
  TEKMATCH_ASSIGN_OR_RETURN(int64_t version, UserVersion());
  if (version == schema_.version) return absl::OkStatus();
  if (version > schema_.version) {
    return absl::FailedPreconditionError(
        absl::StrCat(path_, ": is of a newer tekmatch (schema ", version,
                     "; this one knows schemas up to ", schema_.version, ")"));
  }
  // A database is never seen before its first schema.
  if (version < 1) return Damaged("has no schema version");
  if (read_only_) {
    return absl::FailedPreconditionError(absl::StrCat(
        path_, ": is of schema ", version, "; opened for writing once, it ",
        "becomes one of schema ", schema_.version));
  }
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*this, Durability::kFull));
  // Another process may have been faster.
  TEKMATCH_ASSIGN_OR_RETURN(version, UserVersion());
  for (const Migration& migration : schema_.migrations) {
    if (migration.from != version) continue;
    for (const char* sql : migration.statements) {
      TEKMATCH_RETURN_IF_ERROR(Run(sql));
    }
    ++version;
  }
  if (version != schema_.version) {
    return absl::InternalError(
        absl::StrCat(path_, ": no way leads from schema ", version));
  }
  TEKMATCH_RETURN_IF_ERROR(
      Run(absl::StrCat("PRAGMA user_version = ", version)));
  return transaction.Commit();
}

// Holds the tables against those of the schema, so that later a name that
// SQLite does not know is our fault and not the file's.
absl::Status Database::CheckSchema() {
  constexpr char kOther[] = "has tables that are not those of its schema";
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement objects,
      Prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL"));
  size_t num_found = 0;
  while (true) {
    TEKMATCH_ASSIGN_OR_RETURN(const bool row, objects.Step());
    if (!row) break;
    const bool is_known =
        std::any_of(schema_.objects.begin(), schema_.objects.end(),
                    [&objects](const SchemaObject& object) {
                      return objects.Text(0) == object.name &&
                             objects.Text(1) == object.sql;
                    });
    if (!is_known) return Damaged(kOther);
    ++num_found;
  }
  return num_found == schema_.objects.size() ? absl::OkStatus()
                                             : Damaged(kOther);
}

absl::Status Database::CheckPagesIfFew() {
  constexpr int64_t kFew = (8 << 20) / 4096;
  TEKMATCH_ASSIGN_OR_RETURN(Statement count, Prepare("PRAGMA page_count"));
  TEKMATCH_ASSIGN_OR_RETURN(bool row, count.Step());
  if (row && count.Int64(0) > kFew) return absl::OkStatus();
  count.Reset();
  TEKMATCH_ASSIGN_OR_RETURN(Statement check, Prepare("PRAGMA quick_check(1)"));
  TEKMATCH_ASSIGN_OR_RETURN(row, check.Step());
  return JudgePages(*this, row ? check.Text(0) : "", "quick check");
}

Database::~Database() {
  rollback_.reset();
  sqlite3_close_v2(db_);
}

// ------------------------------------------------------- the connection

void Database::CheckpointAfter(int num_pages) {
  sqlite3_wal_autocheckpoint(db_, num_pages);
}

bool Database::in_transaction() const {
  return sqlite3_get_autocommit(db_) == 0;
}
int64_t Database::num_changes() const { return sqlite3_changes64(db_); }
int64_t Database::last_insert_rowid() const {
  return sqlite3_last_insert_rowid(db_);
}

absl::StatusOr<Statement> Database::Prepare(absl::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return Error(code, "preparing a statement");
  return Statement(this, statement);
}

absl::Status Database::Run(const std::string& sql) {
  const int code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : Error(code, "running");
}

absl::Status Database::SetSynchronous(bool full) {
  if (full == synchronous_full_) return absl::OkStatus();
  TEKMATCH_RETURN_IF_ERROR(
      Run(full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL"));
  synchronous_full_ = full;
  return absl::OkStatus();
}

absl::StatusOr<bool> Database::Checkpoint(absl::Duration max_wait) {
  if (in_transaction()) {
    return absl::FailedPreconditionError(
        absl::StrCat(path_, ": no checkpoint inside a transaction"));
  }
  sqlite3_busy_timeout(db_, Milliseconds(max_wait));
  int code = sqlite3_wal_checkpoint_v2(db_, "main", SQLITE_CHECKPOINT_TRUNCATE,
                                       nullptr, nullptr);
  sqlite3_busy_timeout(db_, busy_timeout_ms_);
  if ((code & 0xFF) == SQLITE_BUSY) return false;
  if (code != SQLITE_OK) return Error(code, "emptying its -wal");
  // SQLite cuts the -wal and does not sync it: after a loss of power what was
  // deleted would be in it again.
  sqlite3_file* wal = nullptr;
  code = sqlite3_file_control(db_, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);
  if (code == SQLITE_OK && wal != nullptr && wal->pMethods != nullptr) {
    code = wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL);
  }
  if (code != SQLITE_OK) return Error(code, "syncing its -wal");
  return true;
}

absl::Status Database::CheckIntegrity() {
  TEKMATCH_ASSIGN_OR_RETURN(Statement check,
                            Prepare("PRAGMA integrity_check(1)"));
  TEKMATCH_ASSIGN_OR_RETURN(const bool row, check.Step());
  return JudgePages(*this, row ? check.Text(0) : "", "integrity check");
}

}  // namespace tekmatch
