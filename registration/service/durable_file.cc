#include "registration/service/durable_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "keyformat/system_error.h"

namespace tekmatch {
namespace {

absl::Status SyncFolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder =
      slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return SystemError(errno, folder);
  const absl::Cleanup close_folder = [fd] { close(fd); };
  return fsync(fd) == 0 ? absl::OkStatus() : SystemError(errno, folder);
}

}  // namespace

absl::Status WriteDurably(const std::string& path, absl::string_view bytes) {
  const std::string unfinished = path + ".new";
  const int fd =
      open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return SystemError(errno, unfinished);
  absl::Cleanup close_file = [fd] { close(fd); };
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return SystemError(errno, unfinished);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  if (fsync(fd) != 0) return SystemError(errno, unfinished);
  if (std::rename(unfinished.c_str(), path.c_str()) != 0) {
    return SystemError(errno, path);
  }
  return SyncFolderOf(path);
}

absl::StatusOr<std::optional<std::string>> ReadIfThere(const std::string& path,
                                                       size_t max_bytes) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return std::nullopt;
  if (fd < 0) return SystemError(errno, path);
  const absl::Cleanup close_file = [fd] { close(fd); };
  std::string bytes;
  std::array<char, 65536> block;
  while (true) {
    const ssize_t n = read(fd, block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return SystemError(errno, path);
    if (n == 0) return bytes;
    bytes.append(block.data(), static_cast<size_t>(n));
    if (bytes.size() > max_bytes) {
      return absl::DataLossError(absl::StrCat(path, ": is too large"));
    }
  }
}

absl::Status MakeFolders(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  return error ? SystemError(error.value(), path) : absl::OkStatus();
}

absl::StatusOr<FileLock> FileLock::Take(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return SystemError(errno, path);
  FileLock lock(fd);
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return SystemError(errno, path);
  return absl::UnavailableError(absl::StrCat(path, ": another holds the lock"));
}

FileLock::~FileLock() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace tekmatch
