// A regular file with a path that is in memory alone: readers that take paths
// read it, and a target makes thousands of them a second.
#ifndef TEKMATCH_TESTS_FUZZ_MEMORY_FILE_H_
#define TEKMATCH_TESTS_FUZZ_MEMORY_FILE_H_

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tests/fuzz/fuzz_bytes.h"

namespace tekmatch {

class MemoryFile {
 public:
  explicit MemoryFile(absl::string_view content)
      : fd_(memfd_create("fuzz", MFD_CLOEXEC)),
        path_(absl::StrCat("/proc/self/fd/", fd_)) {
    Require(fd_ >= 0);
    while (!content.empty()) {
      const ssize_t n = write(fd_, content.data(), content.size());
      Require(n > 0);
      content.remove_prefix(static_cast<size_t>(n));
    }
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() { close(fd_); }

  const std::string& path() const { return path_; }

 private:
  const int fd_;
  const std::string path_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_FUZZ_MEMORY_FILE_H_
