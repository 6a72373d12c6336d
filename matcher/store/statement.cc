// What is done over an open connection, in terms of SQLite's interface: a
// statement is prepared, bound, stepped and reset; a transaction is begun and
// ended. Each result code becomes a status at once (Database::Error).
#include <sqlite3.h>

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "keyformat/status_macros.h"
#include "matcher/store/database.h"

namespace tekmatch {

// ------------------------------------------------------------ Statement

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::BindInt64(int index, int64_t value) {
  const int code = sqlite3_bind_int64(statement_, index, value);
  if (bind_code_ == SQLITE_OK) bind_code_ = code;
  return *this;
}

Statement& Statement::BindBlob(int index, absl::Span<const uint8_t> value) {
  // An empty blob is no NULL, whatever its address.
  const void* const data =
      value.empty() ? "" : static_cast<const void*>(value.data());
  const int code = sqlite3_bind_blob64(statement_, index, data, value.size(),
                                       SQLITE_TRANSIENT);
  if (bind_code_ == SQLITE_OK) bind_code_ = code;
  return *this;
}

Statement& Statement::BindText(int index, absl::string_view value) {
  const char* const data = value.empty() ? "" : value.data();
  const int code = sqlite3_bind_text64(statement_, index, data, value.size(),
                                       SQLITE_TRANSIENT, SQLITE_UTF8);
  if (bind_code_ == SQLITE_OK) bind_code_ = code;
  return *this;
}

Statement& Statement::BindNull(int index) {
  const int code = sqlite3_bind_null(statement_, index);
  if (bind_code_ == SQLITE_OK) bind_code_ = code;
  return *this;
}

absl::StatusOr<bool> Statement::Step() {
  int code = bind_code_;
  if (code != SQLITE_OK) {
    Reset();
    if (code == SQLITE_TOOBIG) {
      return absl::InvalidArgumentError(
          absl::StrCat(database_->path_, ": a value is too large"));
    }
    return database_->Error(code, "binding a value");
  }
  code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  // Error reads the connection's errno, so before Reset.
  absl::Status status = code == SQLITE_DONE
                            ? absl::OkStatus()
                            : database_->Error(code, "running a statement");
  Reset();
  if (!status.ok()) return status;
  return false;
}

int64_t Statement::Int64(int column) const {
  return sqlite3_column_int64(statement_, column);
}

absl::Span<const uint8_t> Statement::Blob(int column) const {
  const void* const data = sqlite3_column_blob(statement_, column);
  if (data == nullptr) return {};
  return {static_cast<const uint8_t*>(data),
          static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

absl::string_view Statement::Text(int column) const {
  const unsigned char* const data = sqlite3_column_text(statement_, column);
  if (data == nullptr) return {};
  return {reinterpret_cast<const char*>(data),
          static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

bool Statement::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

void Statement::Reset() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  bind_code_ = SQLITE_OK;
}

absl::Status Statement::Run() {
  while (true) {
    TEKMATCH_ASSIGN_OR_RETURN(const bool row, Step());
    if (!row) return absl::OkStatus();
  }
}

// ---------------------------------------------------------- Transaction

absl::StatusOr<Transaction> Transaction::Begin(Database& database,
                                               Durability durability) {
  if (database.in_transaction()) {
    return absl::FailedPreconditionError(
        absl::StrCat(database.path_, ": a transaction inside another"));
  }
  if (database.read_only_) {
    return absl::FailedPreconditionError(
        absl::StrCat(database.path_, ": is open for reading only"));
  }
  TEKMATCH_RETURN_IF_ERROR(
      database.SetSynchronous(durability == Durability::kFull));
  TEKMATCH_RETURN_IF_ERROR(database.Run("BEGIN IMMEDIATE"));
  return Transaction(&database);
}

absl::StatusOr<Transaction> Transaction::BeginRead(Database& database) {
  if (database.in_transaction()) {
    return absl::FailedPreconditionError(
        absl::StrCat(database.path_, ": a transaction inside another"));
  }
  TEKMATCH_RETURN_IF_ERROR(database.Run("BEGIN"));
  Transaction transaction(&database);
  // The first read chooses the state that all others see.
  TEKMATCH_RETURN_IF_ERROR(database.UserVersion().status());
  return transaction;
}

Transaction::~Transaction() {
  // Some errors have rolled it back already.
  if (database_ == nullptr || !database_->in_transaction()) return;
  if (database_->rollback_.has_value()) {
    // Needs no memory, where there may be none.
    database_->rollback_->Run().IgnoreError();
  } else {  // while a database is opened, which then fails
    database_->Run("ROLLBACK").IgnoreError();
  }
}

absl::Status Transaction::Commit() {
  if (database_ == nullptr || !database_->in_transaction()) {
    return absl::FailedPreconditionError("the transaction has ended already");
  }
  TEKMATCH_RETURN_IF_ERROR(database_->Run("COMMIT"));
  database_ = nullptr;
  return absl::OkStatus();
}

}  // namespace tekmatch
