// Plan: an authorizer says what of a dump may run; a scanner finds the ends of
// statements; ForeignDatabase::LoadDump cuts the text by it, and SQLite runs
// the statements under the authorizer, one after another.
#include <sqlite3.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "keyformat/status_macros.h"
#include "keyformat/system_error.h"
#include "tools/files/line_reader.h"
#include "tools/files/scratch_folder.h"
#include "tools/sightings/foreign_database.h"

namespace tekmatch {
namespace {

// What is known of a dump while it runs.
struct DumpState {
  std::string created;       // the table of this statement, if it makes one
  bool rolled_back = false;  // SQLite's shell writes that if it could not read
};

// What of a dump may run.
int AuthorizeDump(void* of_dump, int action, const char* first,
                  const char* second, const char* /*database*/,
                  const char* /*trigger*/) {
  const auto is = [](const char* name, absl::string_view wanted) {
    return name != nullptr && absl::EqualsIgnoreCase(name, wanted);
  };
  auto* state = static_cast<DumpState*>(of_dump);
  const bool of_schema = is(first, "sqlite_master");
  switch (action) {
    case SQLITE_CREATE_TABLE:
      state->created = first == nullptr ? "" : first;
      return SQLITE_OK;
    case SQLITE_INSERT:
    case SQLITE_SELECT:  // of more than one row of values
      return SQLITE_OK;
    case SQLITE_READ:
      // UNIQUE looks at the columns of the table that it is in.
      return of_schema || (!state->created.empty() && is(first, state->created))
                 ? SQLITE_OK
                 : SQLITE_DENY;
    case SQLITE_UPDATE:  // how CREATE TABLE enters a table
      return of_schema ? SQLITE_OK : SQLITE_DENY;
    case SQLITE_DELETE:
      return is(first, "sqlite_sequence") ? SQLITE_OK : SQLITE_DENY;
    case SQLITE_CREATE_INDEX:
      // Those of PRIMARY KEY and UNIQUE belong to their table.
      return first != nullptr && absl::StartsWith(first, "sqlite_autoindex_")
                 ? SQLITE_OK
                 : SQLITE_IGNORE;
    case SQLITE_CREATE_VIEW:
    case SQLITE_PRAGMA:
    case SQLITE_ANALYZE:
      return SQLITE_IGNORE;
    case SQLITE_TRANSACTION:
      if (is(first, "ROLLBACK")) state->rolled_back = true;
      return SQLITE_IGNORE;  // all of it is one transaction of ours
    case SQLITE_FUNCTION:
      // How the shell writes the line feeds of a text.
      return is(second, "replace") || is(second, "char") ? SQLITE_OK
                                                         : SQLITE_DENY;
    default:
      return SQLITE_DENY;
  }
}

// Finds the ends of statements in text that comes piece by piece. A trigger,
// which has statements within, is cut in two, and neither part is SQL.
class StatementScanner {
 public:
  // Whether `c`, the next character, ends a statement.
  bool Ends(char c) {
    const char before = std::exchange(before_, c);
    switch (state_) {
      case State::kPlain:
        if (c == '\'' || c == '"' || c == '`') {
          state_ = State::kQuoted;
          quote_ = c;
        } else if (c == '[') {
          state_ = State::kQuoted;
          quote_ = ']';
        } else if (c == '-' && before == '-') {
          state_ = State::kLineComment;
        } else if (c == '*' && before == '/') {
          state_ = State::kComment;
          before_ = '\0';  // "/*/" does not end it
        }
        return c == ';' && state_ == State::kPlain;
      case State::kQuoted:
        // A doubled quote ends the text and begins it again.
        if (c == quote_) state_ = State::kPlain;
        return false;
      case State::kLineComment:
        if (c == '\n') state_ = State::kPlain;
        return false;
      case State::kComment:
        if (c == '/' && before == '*') state_ = State::kPlain;
        return false;
    }
    return false;
  }

 private:
  enum class State : uint8_t { kPlain, kQuoted, kLineComment, kComment };
  State state_ = State::kPlain;
  char quote_ = '\0';
  char before_ = '\0';
};

}  // namespace

absl::StatusOr<std::unique_ptr<ForeignDatabase>> ForeignDatabase::LoadDump(
    const std::string& path) {
  TEKMATCH_ASSIGN_OR_RETURN(auto scratch, ScratchFolder::Make());
  std::unique_ptr<ForeignDatabase> database(
      new ForeignDatabase(path, std::move(scratch)));
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    return SystemError(errno, absl::StrCat(path, ": cannot be opened"));
  }
  if (!S_ISREG(info.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": is no regular file"));
  }
  TEKMATCH_RETURN_IF_ERROR(
      database->Connect(static_cast<uint64_t>(info.st_size)));
  // Tables take pages, and texts may grow by replace().
  constexpr int64_t kPageBytes = 4096;
  const std::string start = absl::StrCat(
      "PRAGMA max_page_count=", 4 * info.st_size / kPageBytes + 1000,
      "; PRAGMA journal_mode=MEMORY; BEGIN");
  TEKMATCH_RETURN_IF_ERROR(database->Execute(start.c_str()));
  DumpState state;
  sqlite3_set_authorizer(database->db_, &AuthorizeDump, &state);
  TEKMATCH_ASSIGN_OR_RETURN(const auto reader, LineReader::Open(path));
  StatementScanner scanner;
  std::string statement;
  LineReader::Line line;
  const auto bad = [&](absl::string_view reason) {
    return absl::DataLossError(absl::StrCat(reader->Place(), ": ", reason));
  };
  const auto run = [&]() -> absl::Status {
    const int code = sqlite3_exec(database->db_, statement.c_str(), nullptr,
                                  nullptr, nullptr);
    statement.clear();
    state.created.clear();
    if (code == SQLITE_OK) return absl::OkStatus();
    if (code == SQLITE_AUTH) {
      return bad("neither CREATE TABLE nor INSERT of values");
    }
    if (code == SQLITE_ERROR) return bad("no SQL of a dump");
    return database->Error(code);
  };
  while (true) {
    TEKMATCH_ASSIGN_OR_RETURN(const bool more, reader->Next(&line));
    if (!more) break;
    if (line.too_long) return bad("the line is too long");
    for (const char c : absl::StrCat(line.text, "\n")) {
      statement.push_back(c);
      if (scanner.Ends(c)) TEKMATCH_RETURN_IF_ERROR(run());
    }
    if (statement.size() > static_cast<size_t>(kMaxForeignValueBytes)) {
      return bad("a statement of more than 1 MiB");
    }
  }
  // Comments and blanks run, too; what is left of a statement is no SQL.
  TEKMATCH_RETURN_IF_ERROR(run());
  sqlite3_set_authorizer(database->db_, nullptr, nullptr);
  if (state.rolled_back) {
    database->losses_.push_back(
        {path,
         "the dump ends with ROLLBACK: its database could not be read "
         "whole"});
  }
  TEKMATCH_RETURN_IF_ERROR(database->Execute("COMMIT"));
  return database;
}

}  // namespace tekmatch
