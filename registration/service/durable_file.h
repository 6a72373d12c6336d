// Files that others read while they are replaced.
#ifndef TEKMATCH_REGISTRATION_SERVICE_DURABLE_FILE_H_
#define TEKMATCH_REGISTRATION_SERVICE_DURABLE_FILE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tekmatch {

// Writes PATH.new and renames it to PATH, which is then there whole, after a
// loss of power too. Mode 0644. One writer at a time: what a killed one left as
// PATH.new is written over. Errors are the system's.
absl::Status WriteDurably(const std::string& path, absl::string_view bytes);

// All of a file; nullopt where there is none. Errors are the system's;
// DATA_LOSS: it is larger than that.
absl::StatusOr<std::optional<std::string>> ReadIfThere(const std::string& path,
                                                       size_t max_bytes);

// Makes the folder and those above it. Errors are the system's.
absl::Status MakeFolders(const std::string& path);

// A lock by a file, over all processes; the system lets go of it where the
// process ends, however it does.
class FileLock {
 public:
  // UNAVAILABLE: somebody else holds it. Others are the system's, of the file,
  // which is made where there is none and stays.
  static absl::StatusOr<FileLock> Take(const std::string& path);
  FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}

  int fd_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_SERVICE_DURABLE_FILE_H_
