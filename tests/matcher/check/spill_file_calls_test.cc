// What SpillFile asks of the system where it has no files without a name, seen
// by standing in for two of its calls.
//
// <fcntl.h> is left out on purpose: it declares open() in a way that forbids to
// define it.
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "matcher/check/spill_file.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace {

// What open() says to a folder as the place of a file without a name; 0: what
// the system says.
int error_without_name = 0;
// What unlink() says; 0: what the system says.
int error_of_unlink = 0;
// The paths that unlink() was asked for, and whether a file was there, which
// nobody else may read.
std::vector<std::string> unlinked;
bool was_private = false;

// Of <fcntl.h>: AT_FDCWD, O_CREAT, and the bit of O_TMPFILE that is its own.
constexpr int kAtCurrentFolder = -100;
constexpr int kHasMode = 0100 | 020000000;

}  // namespace

extern "C" int open(const char* path, int flags, ...) {
  unsigned mode = 0;
  if ((flags & kHasMode) != 0) {
    va_list rest;
    va_start(rest, flags);
    mode = va_arg(rest, unsigned);
    va_end(rest);
  }
  struct stat info {};
  if (error_without_name != 0 && stat(path, &info) == 0 &&
      S_ISDIR(info.st_mode)) {
    errno = error_without_name;
    return -1;
  }
  return static_cast<int>(
      syscall(SYS_openat, kAtCurrentFolder, path, flags, mode));
}

extern "C" int unlink(const char* path) noexcept {
  unlinked.emplace_back(path);
  struct stat info {};
  was_private = stat(path, &info) == 0 && (info.st_mode & 0777U) == 0600U;
  if (error_of_unlink != 0) {
    errno = error_of_unlink;
    return -1;
  }
  return static_cast<int>(syscall(SYS_unlinkat, kAtCurrentFolder, path, 0));
}

namespace tekmatch {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class SpillFileCallsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = TempPath("folder");
    fs::remove_all(folder_);
    fs::create_directory(folder_);
    unlinked.clear();
  }
  void TearDown() override {
    error_without_name = 0;
    error_of_unlink = 0;
  }

  std::string folder_;
  const std::vector<uint8_t> bytes_ = {1, 2, 3};
};

TEST_F(SpillFileCallsTest, AFileWithoutANameNeedsNoOther) {
  SpillFile file(folder_);
  ASSERT_THAT(file.Append(bytes_), IsOk());
  EXPECT_TRUE(fs::is_empty(folder_));
  EXPECT_THAT(unlinked, IsEmpty());
}

// Some file systems say the one, old systems the other.
TEST_F(SpillFileCallsTest, WhereThereIsNoneItHasANameUntilItIsOpen) {
  for (const int error : {EOPNOTSUPP, EISDIR}) {
    error_without_name = error;
    unlinked.clear();
    was_private = false;
    SpillFile file(folder_);
    ASSERT_THAT(file.Append(bytes_), IsOk());
    EXPECT_THAT(unlinked, ElementsAre(StartsWith(folder_ + "/.tekmatch-")));
    EXPECT_TRUE(was_private);
    EXPECT_TRUE(fs::is_empty(folder_));
    // It is a file like the other one.
    const auto second = file.Append(bytes_);
    ASSERT_THAT(second, IsOk());
    EXPECT_EQ(*second, bytes_.size());
    std::vector<uint8_t> read(2 * bytes_.size());
    ASSERT_THAT(file.ReadAt(0, absl::MakeSpan(read)), IsOk());
    EXPECT_THAT(read, ElementsAre(1, 2, 3, 1, 2, 3));
    EXPECT_THAT(unlinked, ElementsAre(testing::_));
  }
}

TEST_F(SpillFileCallsTest, OtherErrorsAreNoReasonForAName) {
  error_without_name = EACCES;
  SpillFile file(folder_);
  EXPECT_THAT(file.Append(bytes_),
              StatusIs(absl::StatusCode::kPermissionDenied,
                       HasSubstr(folder_ + ": a temporary file cannot be")));
  EXPECT_THAT(unlinked, IsEmpty());
  EXPECT_TRUE(fs::is_empty(folder_));
}

// What was heard does not go into a file that others may find.
TEST_F(SpillFileCallsTest, NothingIsWrittenWhereTheNameCannotBeTakenAway) {
  error_without_name = EOPNOTSUPP;
  error_of_unlink = EPERM;
  {
    SpillFile file(folder_);
    EXPECT_THAT(file.Append(bytes_),
                StatusIs(absl::StatusCode::kPermissionDenied,
                         HasSubstr("a temporary file cannot be hidden")));
    EXPECT_EQ(file.size(), 0);
  }
  ASSERT_EQ(unlinked.size(), 1);
  EXPECT_EQ(fs::file_size(unlinked[0]), 0);
}

}  // namespace
}  // namespace tekmatch
