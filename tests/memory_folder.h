// A folder of a test's own in memory, where the machine has a place for that:
// no disk is slow for it. For tests with thousands of writes that are synced,
// and are not about what a disk keeps.
#ifndef TEKMATCH_TESTS_MEMORY_FOLDER_H_
#define TEKMATCH_TESTS_MEMORY_FOLDER_H_

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

#include "gtest/gtest.h"

namespace tekmatch {

class MemoryFolder {
 public:
  MemoryFolder() {
    // Containers often have no more than 64 MiB there, for all tests together.
    constexpr uintmax_t kEnoughBytes = uintmax_t{256} << 20;
    std::error_code error;
    const bool has_memory =
        access("/dev/shm", W_OK) == 0 &&
        std::filesystem::space("/dev/shm", error).available >= kEnoughBytes &&
        !error;
    path_ = (has_memory ? "/dev/shm/" : ::testing::TempDir()) + "test-XXXXXX";
    // Also where nobody looks at what GoogleTest says: a fuzz target's process.
    if (mkdtemp(path_.data()) == nullptr) std::abort();
  }
  MemoryFolder(const MemoryFolder&) = delete;
  MemoryFolder& operator=(const MemoryFolder&) = delete;
  ~MemoryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }
  std::string At(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_MEMORY_FOLDER_H_
