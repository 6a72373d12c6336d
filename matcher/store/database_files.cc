#include "matcher/store/database_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "keyformat/system_error.h"

namespace tekmatch {
namespace {

bool IsMissing(int error) { return error == ENOENT || error == ENOTDIR; }

}  // namespace

std::string DatabasePathIn(absl::string_view folder,
                           absl::string_view file_name) {
  // SQLite takes "file:..." for a URI where it was built so.
  const bool is_plain = absl::StartsWith(folder, "/");
  return absl::StrCat(is_plain ? "" : "./", folder, "/", file_name);
}

bool FileExists(const std::string& path) {
  struct stat info;
  return lstat(path.c_str(), &info) == 0 || !IsMissing(errno);
}

bool FileHasBytes(const std::string& path) {
  struct stat info;
  if (lstat(path.c_str(), &info) != 0) return !IsMissing(errno);
  return info.st_size > 0;
}

absl::Status MissingDatabase(const std::string& path) {
  // What was in the -wal was never in the database.
  for (const char* suffix : {"-wal", "-journal"}) {
    if (FileHasBytes(path + suffix)) {
      return absl::DataLossError(
          absl::StrCat(path, ": is missing, but its ", suffix, " is there"));
    }
  }
  return absl::NotFoundError(absl::StrCat(path, ": there is no such file"));
}

absl::StatusOr<FolderLock> FolderLock::Take(const std::string& folder,
                                            absl::Duration max_wait) {
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return SystemError(errno, folder);
  FolderLock lock(fd);
  const absl::Time end = absl::Now() + max_wait;
  while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return SystemError(errno, folder);
    if (absl::Now() >= end) {
      return absl::UnavailableError(
          absl::StrCat(folder, ": another process is making its database"));
    }
    absl::SleepFor(absl::Milliseconds(2));
  }
  return lock;
}

FolderLock::~FolderLock() {
  if (fd_ >= 0) close(fd_);
}

absl::Status FolderLock::Sync(const std::string& folder) const {
  return fsync(fd_) == 0 ? absl::OkStatus() : SystemError(errno, folder);
}

}  // namespace tekmatch
