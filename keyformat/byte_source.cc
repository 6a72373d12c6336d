// Plan: a file and a string as sources, and the whole of a source as a stream.
#include "keyformat/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "keyformat/system_error.h"

namespace tekmatch {
namespace {

absl::Status OutOfRange(const std::string& name) {
  return absl::DataLossError(absl::StrCat(name, ": the file is truncated"));
}

bool InRange(uint64_t offset, size_t count, uint64_t size) {
  return offset <= size && count <= size - offset;
}

class FileSource : public ByteSource {
 public:
  FileSource(std::string name, int fd, uint64_t size)
      : name_(std::move(name)), fd_(fd), size_(size) {}
  ~FileSource() override { close(fd_); }

  const std::string& name() const override { return name_; }
  uint64_t size() const override { return size_; }

  absl::Status ReadAt(uint64_t offset, absl::Span<uint8_t> out) const override {
    if (!InRange(offset, out.size(), size_)) return OutOfRange(name_);
    while (!out.empty()) {
      const ssize_t n =
          pread(fd_, out.data(), out.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) {
        return SystemError(errno, absl::StrCat(name_, ": reading"));
      }
      if (n == 0) return OutOfRange(name_);
      offset += static_cast<uint64_t>(n);
      out.remove_prefix(static_cast<size_t>(n));
    }
    return absl::OkStatus();
  }

 private:
  const std::string name_;
  const int fd_;
  const uint64_t size_;
};

class StringSource : public ByteSource {
 public:
  StringSource(std::string name, std::string bytes)
      : name_(std::move(name)), bytes_(std::move(bytes)) {}

  const std::string& name() const override { return name_; }
  uint64_t size() const override { return bytes_.size(); }

  absl::Status ReadAt(uint64_t offset, absl::Span<uint8_t> out) const override {
    if (!InRange(offset, out.size(), bytes_.size())) return OutOfRange(name_);
    if (!out.empty()) {
      std::memcpy(out.data(), bytes_.data() + offset, out.size());
    }
    return absl::OkStatus();
  }

 private:
  const std::string name_;
  const std::string bytes_;
};

class WholeSourceStream : public ByteStream {
 public:
  explicit WholeSourceStream(const ByteSource& source) : source_(source) {}

  absl::StatusOr<size_t> Read(absl::Span<uint8_t> out) override {
    const size_t n = static_cast<size_t>(
        std::min<uint64_t>(out.size(), source_.size() - offset_));
    TEKMATCH_RETURN_IF_ERROR(source_.ReadAt(offset_, out.first(n)));
    offset_ += n;
    return n;
  }

 private:
  const ByteSource& source_;
  uint64_t offset_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ByteSource>> OpenFileSource(
    const std::string& path) {
  // O_NONBLOCK: opening a FIFO must not wait for a writer before we refuse it.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    return SystemError(errno, absl::StrCat(path, ": cannot be opened"));
  }
  struct stat info {};
  if (fstat(fd, &info) != 0) {
    absl::Status status = SystemError(errno, path);
    close(fd);
    return status;
  }
  if (!S_ISREG(info.st_mode)) {
    close(fd);
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": not a regular file"));
  }
  return std::make_unique<FileSource>(path, fd,
                                      static_cast<uint64_t>(info.st_size));
}

std::unique_ptr<ByteSource> MemorySource(std::string name, std::string bytes) {
  return std::make_unique<StringSource>(std::move(name), std::move(bytes));
}

std::unique_ptr<ByteStream> StreamWholeSource(const ByteSource& source) {
  return std::make_unique<WholeSourceStream>(source);
}

}  // namespace tekmatch
