// Plan: open the path, or take stdin; of a pipe wait for the first bytes, so
// that one into which nobody writes is an error and no endless wait; and read
// whole, up to a limit, what cannot be read twice.
#include "tools/files/input_stream.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "keyformat/system_error.h"

namespace tekmatch {
namespace {

constexpr size_t kPieceBytes = 64 << 10;

// Waits until somebody writes into a pipe, for a while.
absl::Status AwaitWriter(const std::string& path, InputStream* stream) {
  constexpr int kMilliseconds = 2000;
  pollfd event = {.fd = stream->fd, .events = POLLIN, .revents = 0};
  // Bytes, or a writer that has gone; else nobody came or nothing was written.
  while (poll(&event, 1, kMilliseconds) < 0 && errno == EINTR) {
  }
  if (event.revents != 0) return absl::OkStatus();
  stream->first.resize(kPieceBytes);
  const ssize_t n =
      read(stream->fd, stream->first.data(), stream->first.size());
  // Otherwise a writer is there: its first bytes, or none yet.
  stream->first.resize(n > 0 ? static_cast<size_t>(n) : 0);
  if (n != 0) return absl::OkStatus();
  return absl::DeadlineExceededError(
      absl::StrCat(path, ": a pipe into which nobody writes"));
}

absl::Status Prepare(const std::string& path, InputStream* stream) {
  struct stat info {};
  if (fstat(stream->fd, &info) == 0 && S_ISFIFO(info.st_mode)) {
    TEKMATCH_RETURN_IF_ERROR(AwaitWriter(path, stream));
  }
  // From here on it waits for the writer's next bytes.
  const int flags = fcntl(stream->fd, F_GETFL);
  if (fcntl(stream->fd, F_SETFL, flags & ~O_NONBLOCK) != 0) {
    return SystemError(errno, absl::StrCat(path, ": cannot be read"));
  }
  return absl::OkStatus();
}

// Fewer than asked for only at the end.
absl::StatusOr<size_t> ReadAll(const std::string& path, int fd,
                               absl::Span<char> out) {
  size_t num = 0;
  while (num < out.size()) {
    const ssize_t n = read(fd, out.data() + num, out.size() - num);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return SystemError(errno, absl::StrCat(path, ": reading"));
    if (n == 0) break;
    num += static_cast<size_t>(n);
  }
  return num;
}

}  // namespace

bool IsStdin(absl::string_view path) {
  return path == kStdStream || path == "/dev/stdin" || path == "/dev/fd/0" ||
         path == "/proc/self/fd/0";
}

absl::StatusOr<InputStream> OpenInputStream(const std::string& path) {
  InputStream stream;
  if (IsStdin(path)) {
    stream.fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
  } else {
    // O_NONBLOCK: a named pipe is opened before anybody writes into it.
    stream.fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  }
  if (stream.fd < 0) {
    return SystemError(errno, absl::StrCat(path, ": cannot be opened"));
  }
  if (IsStdin(path)) return stream;
  if (absl::Status s = Prepare(path, &stream); !s.ok()) {
    close(stream.fd);
    return s;
  }
  return stream;
}

absl::Status ReadAhead(const std::string& path, size_t num_bytes,
                       InputStream* stream) {
  const size_t filled = stream->first.size();
  if (filled >= num_bytes) return absl::OkStatus();
  stream->first.resize(num_bytes);
  const absl::StatusOr<size_t> num =
      ReadAll(path, stream->fd, absl::MakeSpan(stream->first).subspan(filled));
  stream->first.resize(filled + (num.ok() ? *num : 0));
  return num.status();
}

absl::StatusOr<size_t> ReadFrom(const std::string& path, InputStream* stream,
                                absl::Span<char> out) {
  const size_t num_first = std::min(out.size(), stream->first.size());
  std::copy_n(stream->first.begin(), num_first, out.begin());
  stream->first.erase(0, num_first);
  TEKMATCH_ASSIGN_OR_RETURN(const size_t num,
                            ReadAll(path, stream->fd, out.subspan(num_first)));
  return num_first + num;
}

absl::StatusOr<std::unique_ptr<ByteSource>> ReadInputStream(
    const std::string& path, uint64_t max_bytes) {
  struct stat info {};
  if (!IsStdin(path) &&
      (stat(path.c_str(), &info) != 0 || !S_ISFIFO(info.st_mode))) {
    return nullptr;
  }
  TEKMATCH_ASSIGN_OR_RETURN(InputStream stream, OpenInputStream(path));
  std::string bytes = std::move(stream.first);
  ssize_t n = 1;
  int error = 0;
  while (n != 0 && bytes.size() <= max_bytes) {
    const size_t filled = bytes.size();
    bytes.resize(filled + kPieceBytes);
    n = read(stream.fd, bytes.data() + filled, kPieceBytes);
    if (n < 0) error = errno;
    bytes.resize(filled + (n > 0 ? static_cast<size_t>(n) : 0));
    if (n < 0 && error != EINTR) break;
  }
  close(stream.fd);
  if (n < 0) return SystemError(error, absl::StrCat(path, ": reading"));
  if (bytes.size() > max_bytes) {
    return absl::FailedPreconditionError(absl::StrCat(
        path, ": more than ", max_bytes, " bytes in a pipe; give the file"));
  }
  return MemorySource(path, std::move(bytes));
}

}  // namespace tekmatch
