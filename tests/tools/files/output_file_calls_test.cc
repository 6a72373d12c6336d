// What OutputFile asks of the system, seen by standing in for three of its
// calls: another program takes the temporary name first, the system writes less
// than it was asked to, and what has not been synced must not be renamed.
//
// <fcntl.h> is left out on purpose: it declares open() in a way that forbids to
// define it.
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"
#include "tools/files/output_file.h"

namespace {

// What happens before the next call of open(), with its path and mode; once.
std::function<void(const std::string&, unsigned)> before_open;
// What write() does in place of the system's, while it is set.
std::function<ssize_t(int, const void*, size_t)> instead_of_write;
// What fsync() does in place of the system's, while it is set.
std::function<int(int)> instead_of_fsync;

}  // namespace

extern "C" int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const unsigned mode = va_arg(rest, unsigned);  // unused without O_CREAT
  va_end(rest);
  if (before_open) std::exchange(before_open, nullptr)(path, mode);
  constexpr int kAtCurrentFolder = -100;  // AT_FDCWD
  return static_cast<int>(
      syscall(SYS_openat, kAtCurrentFolder, path, flags, mode));
}

extern "C" ssize_t write(int fd, const void* bytes, size_t size) {
  if (instead_of_write) return instead_of_write(fd, bytes, size);
  return syscall(SYS_write, fd, bytes, size);
}

extern "C" int fsync(int fd) {
  if (instead_of_fsync) return instead_of_fsync(fd);
  return static_cast<int>(syscall(SYS_fsync, fd));
}

namespace tekmatch {
namespace {

namespace fs = std::filesystem;

class OutputFileCallsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = TempPath("folder");
    fs::remove_all(folder_);
    fs::create_directory(folder_);
    path_ = folder_ + "/file";
  }
  void TearDown() override {
    before_open = nullptr;
    instead_of_write = nullptr;
    instead_of_fsync = nullptr;
  }

  absl::Status Write(const std::string& bytes) const {
    return WriteWholeFile(path_, bytes, OutputFile::Readers::kOwner);
  }
  ptrdiff_t NumEntries() const {
    return std::distance(fs::directory_iterator(folder_),
                         fs::directory_iterator());
  }

  std::string folder_;
  std::string path_;
};

TEST_F(OutputFileCallsTest, ATemporaryNameThatIsTakenIsLeftAlone) {
  std::string taken;
  before_open = [&taken](const std::string& path, unsigned) {
    taken = path;
    WriteFile(path, "of another program");
  };
  ASSERT_THAT(Write("ours"), IsOk());
  ASSERT_NE(taken, "");
  EXPECT_NE(taken, path_);
  EXPECT_EQ(ReadFile(taken), "of another program");
  EXPECT_EQ(ReadFile(path_), "ours");
  EXPECT_EQ(NumEntries(), 2);
}

// A link there would lead the bytes to where another one wants them.
TEST_F(OutputFileCallsTest, ATemporaryNameThatIsALinkIsNotFollowed) {
  const std::string elsewhere = TempPath("elsewhere");
  WriteFile(elsewhere, "precious");
  before_open = [&elsewhere](const std::string& path, unsigned) {
    fs::create_symlink(elsewhere, path);
  };
  ASSERT_THAT(Write("ours"), IsOk());
  EXPECT_EQ(ReadFile(elsewhere), "precious");
  EXPECT_FALSE(fs::is_symlink(path_));
  EXPECT_EQ(ReadFile(path_), "ours");
}

// Not even for a moment: others could open it before its mode is set.
TEST_F(OutputFileCallsTest, IsMadeForTheOwnerAlone) {
  for (const auto readers :
       {OutputFile::Readers::kOwner, OutputFile::Readers::kAnyone}) {
    unsigned made_with = 0;
    before_open = [&made_with](const std::string&, unsigned mode) {
      made_with = mode;
    };
    ASSERT_THAT(WriteWholeFile(path_, "", readers), IsOk());
    EXPECT_EQ(made_with, 0600U);
  }
}

TEST_F(OutputFileCallsTest, WritesTheRestOfWhatWasWrittenInPart) {
  std::string bytes;
  for (int i = 0; bytes.size() < 300'000; ++i) bytes += std::to_string(i);
  bytes.resize(300'000);
  int num_calls = 0;
  instead_of_write = [&num_calls](int fd, const void* from,
                                  size_t size) -> ssize_t {
    ++num_calls;
    if (num_calls % 3 == 0) {
      errno = EINTR;
      return -1;
    }
    return syscall(SYS_write, fd, from, std::min<size_t>(size, 100'000));
  };
  ASSERT_THAT(Write(bytes), IsOk());
  instead_of_write = nullptr;
  EXPECT_EQ(ReadFile(path_), bytes);
  EXPECT_EQ(num_calls, 4);  // one of them interrupted by a signal
}

TEST_F(OutputFileCallsTest, IsRenamedWhenAllOfItIsSynced) {
  WriteFile(path_, "old");
  const std::string bytes(1'000'000, 'x');
  int num_calls = 0;
  instead_of_fsync = [&](int fd) {
    ++num_calls;
    struct stat info {};
    EXPECT_EQ(fstat(fd, &info), 0);
    EXPECT_EQ(static_cast<size_t>(info.st_size), bytes.size());
    EXPECT_EQ(ReadFile(path_), "old");
    return 0;
  };
  ASSERT_THAT(Write(bytes), IsOk());
  EXPECT_EQ(num_calls, 1);
  EXPECT_EQ(ReadFile(path_), bytes);
}

// Of files that belong together, too: whichever of them the disk refuses.
TEST_F(OutputFileCallsTest, AllAreSyncedBeforeTheFirstIsRenamed) {
  const std::string names = "abc";
  for (int refused = 1; refused <= 4; ++refused) {
    std::vector<std::unique_ptr<OutputFile>> files;
    std::vector<OutputFile*> all = {nullptr};
    for (const char name : names) {
      const std::string path = path_ + name;
      WriteFile(path, "old");
      auto file = OutputFile::Open(path);
      ASSERT_THAT(file, IsOk());
      ASSERT_THAT((*file)->Append("new"), IsOk());
      files.push_back(*std::move(file));
      all.push_back(files.back().get());
    }
    int num_calls = 0;
    instead_of_fsync = [&](int) {
      for (const char name : names) EXPECT_EQ(ReadFile(path_ + name), "old");
      errno = ENOSPC;
      return ++num_calls == refused ? -1 : 0;
    };
    const absl::Status status = CommitAll(all);
    instead_of_fsync = nullptr;
    const bool is_whole = refused == 4;
    EXPECT_EQ(status.ok(), is_whole) << status;
    EXPECT_EQ(num_calls, std::min(refused, 3));
    files.clear();
    for (const char name : names) {
      EXPECT_EQ(ReadFile(path_ + name), is_whole ? "new" : "old") << refused;
    }
    EXPECT_EQ(NumEntries(), 3);
  }
}

TEST_F(OutputFileCallsTest, WhatCannotBeSyncedIsNotThere) {
  WriteFile(path_, "old");
  instead_of_fsync = [](int) {
    errno = EDQUOT;
    return -1;
  };
  const absl::Status status = Write("new");
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.message().find(path_ + ": syncing"), 0) << status;
  EXPECT_EQ(ReadFile(path_), "old");
  EXPECT_EQ(NumEntries(), 1);
}

}  // namespace
}  // namespace tekmatch
