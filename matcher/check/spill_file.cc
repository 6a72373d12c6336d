// Plan: the file, made when it is first needed; numbers, of which each full
// buffer is a piece of the file.
#include "matcher/check/spill_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "keyformat/system_error.h"

namespace tekmatch {

SpillFile::~SpillFile() {
  if (fd_ >= 0) close(fd_);
}

absl::Status SpillFile::Error(int error, const char* what) const {
  return SystemError(error, absl::StrCat(folder_, ": a temporary file ", what));
}

absl::Status SpillFile::Open() {
  fd_ = open(folder_.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
  if (fd_ >= 0) return absl::OkStatus();
  // Some file systems have no files without a name; old systems take it for
  // opening the folder.
  if (errno != EOPNOTSUPP && errno != EISDIR) {
    return Error(errno, "cannot be made");
  }
  std::string path = absl::StrCat(folder_, "/.tekmatch-XXXXXX");
  fd_ = mkostemp(path.data(), O_CLOEXEC);
  if (fd_ < 0) return Error(errno, "cannot be made");
  if (unlink(path.c_str()) == 0) return absl::OkStatus();
  const int error = errno;
  close(fd_);
  fd_ = -1;
  return Error(error, "cannot be hidden");
}

absl::StatusOr<uint64_t> SpillFile::Append(absl::Span<const uint8_t> bytes) {
  if (fd_ < 0) TEKMATCH_RETURN_IF_ERROR(Open());
  const uint64_t begin = size_;
  while (!bytes.empty()) {
    const ssize_t written =
        pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      return Error(written < 0 ? errno : ENOSPC, "cannot be written");
    }
    size_ += static_cast<uint64_t>(written);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return begin;
}

absl::Status SpillFile::ReadAt(uint64_t offset, absl::Span<uint8_t> out) const {
  while (!out.empty()) {
    const ssize_t num =
        pread(fd_, out.data(), out.size(), static_cast<off_t>(offset));
    if (num < 0 && errno == EINTR) continue;
    if (num < 0) return Error(errno, "cannot be read");
    if (num == 0) {
      return absl::DataLossError(
          absl::StrCat(folder_, ": a temporary file ends too early"));
    }
    offset += static_cast<uint64_t>(num);
    out.remove_prefix(static_cast<size_t>(num));
  }
  return absl::OkStatus();
}

SpilledNumbers::SpilledNumbers(size_t memory_bytes, SpillFile* file)
    : max_held_(std::max<size_t>(1, memory_bytes / sizeof(uint32_t))),
      file_(file) {}

absl::Status SpilledNumbers::Add(absl::Span<const uint32_t> numbers) {
  while (!numbers.empty()) {
    if (held_.size() == max_held_) {
      TEKMATCH_ASSIGN_OR_RETURN(
          const uint64_t offset,
          file_->Append({reinterpret_cast<const uint8_t*>(held_.data()),
                         held_.size() * sizeof(uint32_t)}));
      offsets_.push_back(offset);
      held_.clear();
    }
    const size_t num = std::min(numbers.size(), max_held_ - held_.size());
    // No more than max_held_, to which doubling would not keep.
    if (held_.size() + num > held_.capacity()) {
      held_.reserve(std::min(
          max_held_, std::max(2 * held_.capacity(), held_.size() + num)));
    }
    held_.insert(held_.end(), numbers.begin(), numbers.begin() + num);
    numbers.remove_prefix(num);
    size_ += num;
  }
  return absl::OkStatus();
}

absl::Status SpilledNumbers::Visit(
    uint64_t begin, uint64_t num,
    absl::FunctionRef<absl::Status(absl::Span<const uint32_t>)> sink) const {
  constexpr uint64_t kAtOnce = uint64_t{1} << 14;
  std::vector<uint32_t> read;
  while (num > 0) {
    const auto piece = static_cast<size_t>(begin / max_held_);
    const uint64_t first = begin % max_held_;
    uint64_t some = std::min(num, max_held_ - first);
    if (piece == offsets_.size()) {
      TEKMATCH_RETURN_IF_ERROR(sink(absl::MakeConstSpan(held_).subspan(
          static_cast<size_t>(first), static_cast<size_t>(some))));
    } else {
      some = std::min(some, kAtOnce);
      read.resize(static_cast<size_t>(some));
      TEKMATCH_RETURN_IF_ERROR(
          file_->ReadAt(offsets_[piece] + first * sizeof(uint32_t),
                        {reinterpret_cast<uint8_t*>(read.data()),
                         read.size() * sizeof(uint32_t)}));
      TEKMATCH_RETURN_IF_ERROR(sink(read));
    }
    begin += some;
    num -= some;
  }
  return absl::OkStatus();
}

}  // namespace tekmatch
