#include "matcher/check/check_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "keyformat/system_error.h"

namespace tekmatch {

absl::StatusOr<CheckLock> CheckLock::Take(const std::string& folder) {
  const std::string path = absl::StrCat(folder, "/check.lock");
  // A link would make a file elsewhere.
  const int file =
      open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return SystemError(errno, path);
  CheckLock lock(file);
  int error = 0;
  do {
    error = flock(file, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
  } while (error == EINTR);
  if (error == 0) return lock;
  if (error != EWOULDBLOCK) return SystemError(error, path);
  return absl::UnavailableError(
      absl::StrCat(folder, ": another check of this store runs"));
}

CheckLock::~CheckLock() {
  if (file_ >= 0) close(file_);
}

}  // namespace tekmatch
