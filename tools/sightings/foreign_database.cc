// Plan: files are copied; the copy is opened with all doors shut; what lies
// beside the original is looked at; then tables, their pages and their rows.
// Of a dump, foreign_dump.cc makes the database.
#include "tools/sightings/foreign_database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "keyformat/system_error.h"
#include "tools/files/output_file.h"

namespace tekmatch {
namespace {

constexpr size_t kHeaderBytes = 100;
constexpr size_t kWalHeaderBytes = 32;
constexpr size_t kWalFrameHeaderBytes = 24;
constexpr int kStepsACall = 1000;
// Of the virtual machine, for a byte of the file. A row of four bytes is the
// shortest, and quick_check takes some 40 steps for one.
constexpr uint64_t kStepsAByte = 100;
constexpr uint64_t kMoreSteps = 10'000'000;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  const int fd_;
};

// A file, as far as it is copied.
struct Copied {
  std::string first;  // at most kHeaderBytes
  uint64_t num_bytes = 0;
  bool changed = false;  // while it was copied
};

bool SameState(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

absl::StatusOr<Copied> CopyFile(const std::string& from,
                                const std::string& to) {
  const Descriptor in(open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat before {};
  if (in.get() < 0 || fstat(in.get(), &before) != 0) {
    return SystemError(errno, absl::StrCat(from, ": cannot be opened"));
  }
  if (!S_ISREG(before.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat(from, ": is no regular file"));
  }
  const Descriptor out(
      open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (out.get() < 0) {
    return SystemError(errno, absl::StrCat(to, ": cannot be made"));
  }
  Copied copied;
  std::vector<char> buffer(1 << 20);
  while (true) {
    const ssize_t got = read(in.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return SystemError(errno, absl::StrCat(from, ": cannot be read"));
    }
    if (got == 0) break;
    const size_t n = static_cast<size_t>(got);
    copied.first.append(buffer.data(),
                        std::min(n, kHeaderBytes - copied.first.size()));
    copied.num_bytes += n;
    for (size_t done = 0; done < n;) {
      const ssize_t put = write(out.get(), buffer.data() + done, n - done);
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) {
        return SystemError(errno,
                           absl::StrCat(from, ": cannot be copied to ", to));
      }
      done += static_cast<size_t>(put);
    }
  }
  struct stat after {};
  copied.changed = fstat(in.get(), &after) != 0 || !SameState(before, after);
  return copied;
}

// Whether there is a rollback journal that would be played back: its header
// begins with these bytes until the change is done.
bool HasHotJournal(const std::string& path) {
  constexpr absl::string_view kMagic("\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", 8);
  const Descriptor in(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::array<char, 8> first{};
  return in.get() >= 0 &&
         read(in.get(), first.data(), first.size()) ==
             static_cast<ssize_t>(first.size()) &&
         absl::string_view(first.data(), first.size()) == kMagic;
}

int CountSteps(void* left) {
  return --*static_cast<int64_t*>(left) < 0 ? 1 : 0;
}

// Where a page could not be read, quick_check says so in words, with SQLite's
// code, as of a damaged one. A name out of the file may hold the same words:
// then that file is called unreadable, and no better for it.
bool SaysNotRead(absl::string_view words) {
  constexpr absl::string_view kCode = "unable to get the page. error code=";
  const size_t at = words.find(kCode);
  if (at == absl::string_view::npos) return false;
  words.remove_prefix(at + kCode.size());
  int code = 0;
  return absl::SimpleAtoi(
             words.substr(0, words.find_first_not_of("0123456789")), &code) &&
         (code & 0xFF) == SQLITE_IOERR;
}

}  // namespace

ForeignRows::ForeignRows(ForeignRows&& other) noexcept
    : database_(other.database_),
      statement_(std::exchange(other.statement_, nullptr)) {}

ForeignRows::~ForeignRows() { sqlite3_finalize(statement_); }

absl::StatusOr<bool> ForeignRows::Next() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return database_->Error(code);
}

ForeignRows::Type ForeignRows::TypeOf(int column) const {
  switch (sqlite3_column_type(statement_, column)) {
    case SQLITE_INTEGER:
      return Type::kInteger;
    case SQLITE_FLOAT:
      return Type::kReal;
    case SQLITE_TEXT:
      return Type::kText;
    case SQLITE_BLOB:
      return Type::kBlob;
    default:
      return Type::kNull;
  }
}

int64_t ForeignRows::Integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

absl::string_view ForeignRows::Bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  if (data == nullptr) return {};
  return {static_cast<const char*>(data), static_cast<size_t>(size)};
}

absl::StatusOr<std::unique_ptr<ForeignDatabase>> ForeignDatabase::Open(
    const std::string& path) {
  TEKMATCH_ASSIGN_OR_RETURN(auto scratch, ScratchFolder::Make());
  std::unique_ptr<ForeignDatabase> database(
      new ForeignDatabase(path, std::move(scratch)));
  const std::string copy = database->CopyPath();
  TEKMATCH_ASSIGN_OR_RETURN(const Copied main, CopyFile(path, copy));
  if (main.first.size() < kHeaderBytes ||
      !absl::StartsWith(main.first, kSqliteMagic)) {
    return database->Damaged("is no whole SQLite database");
  }
  // They lie beside the file that a link leads to.
  const std::string place = ResolveLinks(path);
  const std::string wal_path = place + "-wal";
  uint64_t wal_bytes = 0;
  bool changed = main.changed;
  // The header says so for good once the app has chosen the log.
  const bool uses_wal = main.first[18] == 2 || main.first[19] == 2;
  if (access(wal_path.c_str(), F_OK) == 0) {
    TEKMATCH_ASSIGN_OR_RETURN(const Copied wal,
                              CopyFile(wal_path, copy + "-wal"));
    wal_bytes = wal.num_bytes;
    changed = changed || wal.changed;
  } else if (uses_wal) {
    database->doubts_.push_back(
        {path,
         "the file -wal is not beside it; if the app had not put its "
         "newest rows into the database yet, they are missing"});
  }
  if (changed) {
    database->losses_.push_back(
        {path, "was written to while it was copied; stop the app first"});
  }
  if (HasHotJournal(place + "-journal")) {
    database->losses_.push_back(
        {path,
         "a change was not finished (-journal): open it with the app, or "
         "with sqlite3, once"});
  }
  TEKMATCH_RETURN_IF_ERROR(database->Connect(main.num_bytes + wal_bytes));
  TEKMATCH_RETURN_IF_ERROR(database->LookAtLog(wal_bytes));
  return database;
}

ForeignDatabase::~ForeignDatabase() { sqlite3_close(db_); }

std::string ForeignDatabase::CopyPath() const {
  return scratch_->path() + "/db";
}

absl::Status ForeignDatabase::Damaged(absl::string_view reason) const {
  return absl::DataLossError(absl::StrCat(path_, ": ", reason));
}

absl::Status ForeignDatabase::Error(int code) const {
  // SQLite's own words for the code; its message would repeat names in the
  // file.
  const auto with = [&](absl::string_view reason) {
    return absl::StrCat(path_, ": ", reason);
  };
  if (code == SQLITE_IOERR_NOMEM) code = SQLITE_NOMEM;
  const int error = db_ == nullptr ? 0 : sqlite3_system_errno(db_);
  switch (code & 0xFF) {
    case SQLITE_NOMEM:
      return absl::ResourceExhaustedError(with("out of memory"));
    // What the system cannot do with the copy is no damage to the database.
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN: {
      const std::string message = with(sqlite3_errstr(code));
      return error != 0 ? SystemError(error, message)
                        : absl::UnknownError(message);
    }
    case SQLITE_FULL:
      return absl::ResourceExhaustedError(
          with("its copy does not fit on the disk, or grows beyond measure"));
    case SQLITE_INTERRUPT:
      return Damaged("takes more steps to read than its size allows");
    case SQLITE_TOOBIG:
      return Damaged("a value of more than 1 MiB");
    case SQLITE_CORRUPT:
      return Damaged("its pages are damaged");
    default:
      return Damaged(absl::StrCat("SQLite says: ", sqlite3_errstr(code)));
  }
}

absl::Status ForeignDatabase::Connect(uint64_t num_bytes) {
  steps_left_ = static_cast<int64_t>((kMoreSteps + kStepsAByte * num_bytes) /
                                     kStepsACall);
  int code = sqlite3_open_v2(CopyPath().c_str(), &db_,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                                 SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                             nullptr);
  if (db_ == nullptr) return Error(SQLITE_NOMEM);
  constexpr std::pair<int, int> kDoors[] = {
      {SQLITE_DBCONFIG_DEFENSIVE, 1},
      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
      {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
      {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
      {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
      {SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0},
      // Texts in double quotes would hide a misspelt column.
      {SQLITE_DBCONFIG_DQS_DML, 0},
      {SQLITE_DBCONFIG_DQS_DDL, 0},
  };
  for (const auto& [door, state] : kDoors) {
    if (code == SQLITE_OK) {
      code = sqlite3_db_config(db_, door, state, nullptr);
    }
  }
  if (code != SQLITE_OK) return Error(code);
  sqlite3_limit(db_, SQLITE_LIMIT_LENGTH, kMaxForeignValueBytes);
  sqlite3_limit(db_, SQLITE_LIMIT_SQL_LENGTH, kMaxForeignValueBytes);
  sqlite3_limit(db_, SQLITE_LIMIT_EXPR_DEPTH, 50);
  sqlite3_limit(db_, SQLITE_LIMIT_COMPOUND_SELECT, 4);
  sqlite3_limit(db_, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_limit(db_, SQLITE_LIMIT_TRIGGER_DEPTH, 0);
  sqlite3_progress_handler(db_, kStepsACall, &CountSteps, &steps_left_);
  return Execute(
      // Before the first read: then the log's index is in memory, in no file.
      "PRAGMA locking_mode=EXCLUSIVE; "
      "PRAGMA synchronous=OFF; "  // a copy need not outlive a loss of power
      "PRAGMA cache_size=-8192; PRAGMA mmap_size=0; PRAGMA temp_store=FILE; "
      "PRAGMA cell_size_check=ON; PRAGMA ignore_check_constraints=ON");
}

absl::Status ForeignDatabase::Execute(const char* sql) {
  const int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : Error(code);
}

// Frames of a log count if their salt is the database's: that of another copy,
// or of another time, is passed over by SQLite without a word.
absl::Status ForeignDatabase::LookAtLog(uint64_t wal_bytes) {
  int num_frames = 0;
  int num_moved = 0;
  // A first read makes SQLite look for the log at all.
  TEKMATCH_RETURN_IF_ERROR(Execute("SELECT count(*) FROM sqlite_schema"));
  const int code = sqlite3_wal_checkpoint_v2(
      db_, "main", SQLITE_CHECKPOINT_PASSIVE, &num_frames, &num_moved);
  if (code != SQLITE_OK) return Error(code);
  const std::string wal_path = path_ + "-wal";
  if (wal_bytes > kWalHeaderBytes && num_frames <= 0) {
    doubts_.push_back(
        {wal_path,
         "nothing in it belongs to the database: it may be that of "
         "another copy"});
  }
  TEKMATCH_ASSIGN_OR_RETURN(ForeignRows rows, Select("PRAGMA page_size"));
  TEKMATCH_ASSIGN_OR_RETURN(const bool has_row, rows.Next());
  const uint64_t frame_bytes =
      kWalFrameHeaderBytes +
      static_cast<uint64_t>(has_row ? rows.Integer(0) : 0);
  if (wal_bytes > kWalHeaderBytes &&
      (wal_bytes - kWalHeaderBytes) % frame_bytes != 0) {
    doubts_.push_back(
        {wal_path, "ends within a page: the newest rows may be missing"});
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> ForeignDatabase::Columns(
    absl::string_view table) {
  std::vector<std::string> columns;
  {
    // A virtual table has no page of its own.
    TEKMATCH_ASSIGN_OR_RETURN(
        ForeignRows rows,
        Select(absl::StrCat("SELECT 1 FROM main.sqlite_schema WHERE name='",
                            table,
                            "' COLLATE NOCASE AND type='table' AND rootpage>0 "
                            "LIMIT 1")));
    TEKMATCH_ASSIGN_OR_RETURN(const bool found, rows.Next());
    if (!found) return columns;
  }
  TEKMATCH_ASSIGN_OR_RETURN(
      ForeignRows rows,
      Select(absl::StrCat("PRAGMA main.table_xinfo(", table, ")")));
  while (true) {
    TEKMATCH_ASSIGN_OR_RETURN(const bool more, rows.Next());
    if (!more) return columns;
    constexpr int kName = 1;
    constexpr int kHidden = 6;
    if (rows.Integer(kHidden) == 0) {
      columns.push_back(absl::AsciiStrToLower(rows.Bytes(kName)));
    }
  }
}

absl::Status ForeignDatabase::CheckPages(absl::string_view table) {
  TEKMATCH_ASSIGN_OR_RETURN(
      ForeignRows rows,
      Select(absl::StrCat("PRAGMA main.quick_check(", table, ")")));
  TEKMATCH_ASSIGN_OR_RETURN(const bool found, rows.Next());
  if (found && rows.Bytes(0) == "ok") return absl::OkStatus();
  return Error(found && SaysNotRead(rows.Bytes(0)) ? SQLITE_IOERR
                                                   : SQLITE_CORRUPT);
}

absl::StatusOr<ForeignRows> ForeignDatabase::Select(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(
      db_, sql.c_str(), static_cast<int>(sql.size()), &statement, nullptr);
  if (code != SQLITE_OK) return Error(code);
  return ForeignRows(this, statement);
}

}  // namespace tekmatch
