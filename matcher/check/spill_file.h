// A file for what does not fit in memory: it has no name, so that nobody else
// can open it, and the system gives its blocks back, not wiped, however the
// process ends. Where a file system has no files without a name, it has one
// until it was opened; and NFS gives it one again for as long as it is open,
// which stays where the machine dies. And numbers that are kept in one, until
// they are looked at.
#ifndef TEKMATCH_MATCHER_CHECK_SPILL_FILE_H_
#define TEKMATCH_MATCHER_CHECK_SPILL_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace tekmatch {

class SpillFile {
 public:
  // Made in the folder with the first bytes that are written.
  explicit SpillFile(std::string folder) : folder_(std::move(folder)) {}
  SpillFile(const SpillFile&) = delete;
  SpillFile& operator=(const SpillFile&) = delete;
  ~SpillFile();

  // Where in the file they begin. Errors are the system's, with the folder.
  absl::StatusOr<uint64_t> Append(absl::Span<const uint8_t> bytes);
  // Fills `out` from `offset`. DATA_LOSS: the file ends before. Others are the
  // system's, with the folder.
  absl::Status ReadAt(uint64_t offset, absl::Span<uint8_t> out) const;

  // Bytes; 0 where nothing was written, and no file was made.
  uint64_t size() const { return size_; }

 private:
  absl::Status Open();
  absl::Status Error(int error, const char* what) const;

  const std::string folder_;
  int fd_ = -1;
  uint64_t size_ = 0;
};

// Numbers in the order in which they came. At most about `memory_bytes` of them
// are in memory.
class SpilledNumbers {
 public:
  // `file` outlives it, and may be shared with others.
  SpilledNumbers(size_t memory_bytes, SpillFile* file);

  // Errors are the file's.
  absl::Status Add(absl::Span<const uint32_t> numbers);
  uint64_t size() const { return size_; }

  // Calls `sink` with [begin, begin + num), which are there, in pieces. An
  // error of `sink` ends it and is returned; others are the file's.
  absl::Status Visit(
      uint64_t begin, uint64_t num,
      absl::FunctionRef<absl::Status(absl::Span<const uint32_t>)> sink) const;

 private:
  const size_t max_held_;
  SpillFile* const file_;
  std::vector<uint32_t> held_;
  std::vector<uint64_t> offsets_;  // of each max_held_ before those in memory
  uint64_t size_ = 0;
};

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_SPILL_FILE_H_
