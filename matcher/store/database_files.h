// The files of a database in its folder: what they are called, whether they are
// there, and the lock under which they are made or renamed. For the sources of
// database.h alone.
//
// A process loses all its POSIX locks on a file when it closes any descriptor
// of it. So nothing here opens a database that SQLite may have open.
#ifndef TEKMATCH_MATCHER_STORE_DATABASE_FILES_H_
#define TEKMATCH_MATCHER_STORE_DATABASE_FILES_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace tekmatch {

// Of the files that belong together, after the path of the database.
inline constexpr const char* kDatabaseSuffixes[] = {"", "-wal", "-shm",
                                                    "-journal"};

// The path of the database in `folder`, as SQLite is to be given it.
// `file_name` is that of its schema (schema.h).
std::string DatabasePathIn(absl::string_view folder,
                           absl::string_view file_name);

// A link is there, wherever it leads. So is what the system does not tell of,
// as where a medium fails: nothing is made in its place.
bool FileExists(const std::string& path);
bool FileHasBytes(const std::string& path);

// Why there is no database at `path`: NOT_FOUND, or DATA_LOSS where its -wal is
// there without it.
absl::Status MissingDatabase(const std::string& path);

// Held while a database is made or set aside, by one process at a time; a kill
// releases it.
class FolderLock {
 public:
  // UNAVAILABLE: another holds it for longer than `max_wait`. Others are the
  // system's (system_error.h).
  static absl::StatusOr<FolderLock> Take(const std::string& folder,
                                         absl::Duration max_wait);

  FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

  // Makes renames in the folder durable. The system's errors.
  absl::Status Sync(const std::string& folder) const;

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_STORE_DATABASE_FILES_H_
