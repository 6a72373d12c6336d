// Plan: a temporary file beside the path is written, synced and renamed; what
// names stdout or a device is written directly.
#include "tools/files/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <random>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "keyformat/system_error.h"

namespace tekmatch {
namespace {

constexpr size_t kBufferBytes = 256 << 10;

absl::Status OpenError(const std::string& path) {
  return SystemError(errno, absl::StrCat(path, ": cannot be written"));
}

mode_t ModeFor(OutputFile::Readers readers) {
  if (readers == OutputFile::Readers::kOwner) return 0600;
  const mode_t mask = umask(0);  // the only way to read it
  umask(mask);
  return 0666 & ~mask;
}

std::string RandomSuffix() {
  static std::mutex mutex;
  static std::random_device random;
  const std::lock_guard<std::mutex> lock(mutex);
  return absl::StrCat(absl::Hex(random(), absl::kZeroPad8));
}

}  // namespace

absl::StatusOr<std::unique_ptr<OutputFile>> OutputFile::Open(
    const std::string& path, Readers readers) {
  if (IsStdout(path)) {
    // Not opened anew: what was printed before stays before.
    const int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) return OpenError(path);
    return std::unique_ptr<OutputFile>(new OutputFile("stdout", "", fd));
  }
  struct stat info {};
  if (stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) return OpenError(path);
    return std::unique_ptr<OutputFile>(new OutputFile(path, "", fd));
  }
  const std::string target = ResolveLinks(path);
  while (true) {
    // Registered, by the constructor, before it is there: a signal in between
    // would leave it behind.
    std::unique_ptr<OutputFile> file(
        new OutputFile(target, absl::StrCat(target, ".", RandomSuffix()), -1));
    file->fd_ = open(file->temporary_.c_str(),
                     O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file->fd_ < 0) {
      if (errno == EEXIST) continue;
      return OpenError(path);
    }
    if (fchmod(file->fd_, ModeFor(readers)) != 0) return OpenError(path);
    return file;
  }
}

OutputFile::OutputFile(std::string path, std::string temporary, int fd)
    : path_(std::move(path)), temporary_(std::move(temporary)), fd_(fd) {
  if (!temporary_.empty()) cleanup_.emplace(temporary_);
}

OutputFile::~OutputFile() {
  if (fd_ < 0) return;
  close(fd_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

absl::Status OutputFile::Error(absl::string_view what) const {
  return SystemError(errno, absl::StrCat(path_, ": ", what));
}

absl::Status OutputFile::Append(absl::string_view bytes) {
  buffer_.append(bytes.data(), bytes.size());
  return buffer_.size() < kBufferBytes ? absl::OkStatus() : Flush();
}

absl::Status OutputFile::Flush() {
  size_t written = 0;
  while (written < buffer_.size()) {
    const ssize_t n =
        write(fd_, buffer_.data() + written, buffer_.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error("writing");
    written += static_cast<size_t>(n);
  }
  buffer_.clear();
  return absl::OkStatus();
}

absl::Status OutputFile::Sync() {
  TEKMATCH_RETURN_IF_ERROR(Flush());
  // Renamed before its data is on the disk, a file could be empty after a
  // crash.
  if (!temporary_.empty() && fsync(fd_) != 0) return Error("syncing");
  synced_ = true;
  return absl::OkStatus();
}

absl::Status OutputFile::Commit() {
  if (!synced_) TEKMATCH_RETURN_IF_ERROR(Sync());
  if (temporary_.empty()) {
    const int result = close(std::exchange(fd_, -1));
    return result == 0 ? absl::OkStatus() : Error("writing");
  }
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) {
    return Error("renaming");
  }
  cleanup_.reset();
  close(std::exchange(fd_, -1));
  return absl::OkStatus();
}

absl::Status CommitAll(absl::Span<OutputFile* const> files) {
  for (OutputFile* const file : files) {
    if (file != nullptr) TEKMATCH_RETURN_IF_ERROR(file->Sync());
  }
  for (OutputFile* const file : files) {
    if (file != nullptr) TEKMATCH_RETURN_IF_ERROR(file->Commit());
  }
  return absl::OkStatus();
}

bool IsStdout(absl::string_view path) {
  return path == "-" || path == "/dev/stdout" || path == "/dev/fd/1" ||
         path == "/proc/self/fd/1";
}

std::string ResolveLinks(const std::string& path) {
  constexpr int kMaxLinks = 40;  // as the kernel has it
  std::filesystem::path target = path;
  std::error_code ignored;
  for (int i = 0; i < kMaxLinks && is_symlink(target, ignored); ++i) {
    target = target.parent_path() / read_symlink(target, ignored);
  }
  return target.string();
}

absl::Status WriteWholeFile(const std::string& path, absl::string_view bytes,
                            OutputFile::Readers readers) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<OutputFile> file,
                            OutputFile::Open(path, readers));
  TEKMATCH_RETURN_IF_ERROR(file->Append(bytes));
  return file->Commit();
}

}  // namespace tekmatch
