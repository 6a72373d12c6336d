// What is left of a folder whose writer ends in the middle: it is ended at
// every call that changes a name, by standing in for those calls.
#include <signal.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/memory_folder.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"
#include "tools/files/published_folder.h"

namespace {

// The call of rename(), unlinkat() or remove(), counted from 0, at which this
// process is sent `end_signal`: before the call takes effect, or after.
int end_at = -1;
int end_signal = 0;
bool end_after = false;
int num_calls = 0;

// What rename() fails with at this call, counted from 0, and flock() if not 0.
int num_renames = 0;
int fail_rename_at = -1;
int rename_error = 0;
int flock_error = 0;

template <typename Call>
int EndAround(Call call) {
  const bool ends = num_calls++ == end_at;
  if (ends && !end_after) raise(end_signal);
  const auto result = static_cast<int>(call());
  if (ends && end_after) raise(end_signal);
  return result;
}

}  // namespace

extern "C" int rename(const char* from, const char* to) noexcept {
  constexpr int kAtCurrentFolder = -100;  // AT_FDCWD
  if (num_renames++ == fail_rename_at) {
    errno = rename_error;
    return -1;
  }
  return EndAround([=] {
    return syscall(SYS_renameat2, kAtCurrentFolder, from, kAtCurrentFolder, to,
                   0);
  });
}

extern "C" int unlinkat(int folder, const char* name, int flags) noexcept {
  return EndAround([=] { return syscall(SYS_unlinkat, folder, name, flags); });
}

// As std::filesystem removes an empty folder.
extern "C" int remove(const char* path) noexcept {
  return EndAround([=]() -> int {
    if (unlink(path) == 0) return 0;
    return errno == EISDIR ? rmdir(path) : -1;
  });
}

extern "C" int flock(int fd, int operation) noexcept {
  if (flock_error != 0) {
    errno = flock_error;
    return -1;
  }
  return static_cast<int>(syscall(SYS_flock, fd, operation));
}

namespace tekmatch {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr char kPublishing[] = ".tekmatch-publishing";

PublishedName Name(uint64_t start, uint64_t end, uint64_t number = 1) {
  return {.end_timestamp = end, .start_timestamp = start, .number = number};
}

// Names and contents.
using Content = std::vector<std::pair<std::string, std::string>>;

Content ContentOf(const std::string& folder) {
  Content content;
  for (const auto& entry : fs::directory_iterator(folder)) {
    content.emplace_back(
        entry.path().filename().string(),
        entry.is_directory() ? "" : ReadFile(entry.path().string()));
  }
  std::sort(content.begin(), content.end());
  return content;
}

const Content kBefore = {{"1-2-00001.zip", "old"},
                         {"index.txt", "1-2-00001.zip\n"}};
const Content kAfter = {
    {"1-2-00001.zip", "old"},
    {"2-3-00001.zip", "a"},
    {"2-3-00002.zip", "b"},
    {"2-3-00003.zip", "c"},
    {"index.txt",
     "1-2-00001.zip\n2-3-00001.zip\n2-3-00002.zip\n2-3-00003.zip\n"}};

absl::Status Publish(
    const std::string& path,
    const std::vector<std::pair<PublishedName, std::string>>& files) {
  absl::StatusOr<std::unique_ptr<PublishedFolder>> folder =
      PublishedFolder::Open(path);
  if (!folder.ok()) return folder.status();
  for (const auto& [name, bytes] : files) {
    if (absl::Status s = (*folder)->Add(name, bytes); !s.ok()) return s;
  }
  return (*folder)->Publish();
}

absl::Status PublishThree(const std::string& path) {
  return Publish(
      path, {{Name(2, 3, 1), "a"}, {Name(2, 3, 2), "b"}, {Name(2, 3, 3), "c"}});
}

absl::Status OpenAndClose(const std::string& path) {
  return PublishedFolder::Open(path).status();
}

class PublishedFolderCallsTest : public ::testing::Test {
 protected:
  void SetUp() override { MakeOld(); }
  void TearDown() override {
    fail_rename_at = -1;
    flock_error = 0;
  }

  // A folder with one file.
  void MakeOld() {
    fs::remove_all(path_);
    ASSERT_THAT(Publish(path_, {{Name(1, 2), "old"}}), IsOk());
    ASSERT_EQ(ContentOf(path_), kBefore);
  }

  // Whether a process that does this is ended by the signal at that call;
  // otherwise it made fewer, and did it.
  static bool EndsAt(int call, bool after, int signal_number,
                     absl::FunctionRef<absl::Status()> body) {
    const pid_t child = fork();
    if (child == 0) {
      num_calls = 0;
      end_at = call;
      end_after = after;
      end_signal = signal_number;
      _exit(body().ok() ? 0 : 1);
    }
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
      EXPECT_EQ(WTERMSIG(status), signal_number);
      return true;
    }
    EXPECT_EQ(status, 0);
    return false;
  }

  // What readers of the index find.
  void ExpectThatAllThatIsListedIsThere() const {
    const std::string index = ReadFile(path_ + "/index.txt");
    for (size_t at = 0; at < index.size();) {
      const size_t end = index.find('\n', at);
      EXPECT_TRUE(fs::exists(path_ + "/" + index.substr(at, end - at)));
      at = end + 1;
    }
  }

  const MemoryFolder memory_;
  const std::string path_ = memory_.At("out");
};

TEST_F(PublishedFolderCallsTest, TheNextRunCompletesOneThatWasKilled) {
  for (const bool after : {false, true}) {
    int num_before = 0;
    int num_completed = 0;
    int call = 0;
    for (;; ++call) {
      SCOPED_TRACE(testing::Message() << call << " " << after);
      MakeOld();
      const auto run = [this] { return PublishThree(path_); };
      if (!EndsAt(call, after, SIGKILL, run)) break;
      ExpectThatAllThatIsListedIsThere();
      std::vector<std::string> completed;
      {
        const auto folder = PublishedFolder::Open(path_);
        ASSERT_THAT(folder, IsOk());
        completed = (*folder)->completed();
      }
      const Content content = ContentOf(path_);
      if (content == kBefore) {
        EXPECT_THAT(completed, IsEmpty());
        EXPECT_THAT(PublishThree(path_), IsOk());
        ++num_before;
      } else if (!completed.empty()) {
        EXPECT_EQ(completed.back(), "index.txt");
        ++num_completed;
      }
      EXPECT_EQ(ContentOf(path_), kAfter);
    }
    // Four files are written; the folder is renamed, four files are moved, and
    // it is removed.
    EXPECT_GE(call, 10);
    EXPECT_EQ(num_before, after ? 4 : 5);
    EXPECT_EQ(num_completed, 4);
  }
}

TEST_F(PublishedFolderCallsTest, ARunThatCompletesMayBeKilledToo) {
  for (const bool after : {false, true}) {
    for (int first = 0;; ++first) {
      bool first_ends = true;
      int second = 0;
      for (bool second_ends = true; second_ends; ++second) {
        SCOPED_TRACE(testing::Message() << first << " " << second);
        MakeOld();
        first_ends = EndsAt(first, false, SIGKILL,
                            [this] { return PublishThree(path_); });
        second_ends = EndsAt(second, after, SIGKILL,
                             [this] { return OpenAndClose(path_); });
        ExpectThatAllThatIsListedIsThere();
        EXPECT_THAT(OpenAndClose(path_), IsOk());
        EXPECT_EQ(ContentOf(path_), first < 5 ? kBefore : kAfter);
      }
      if (!first_ends) break;
    }
  }
}

TEST_F(PublishedFolderCallsTest, ASignalLeavesNothingOrAll) {
  for (const int signal_number : {SIGTERM, SIGINT, SIGXCPU}) {
    int call = 0;
    for (;; ++call) {
      SCOPED_TRACE(call);
      MakeOld();
      if (!EndsAt(call, true, signal_number,
                  [this] { return PublishThree(path_); })) {
        break;
      }
      // Nobody has to open it for that.
      EXPECT_EQ(ContentOf(path_), call < 4 ? kBefore : kAfter);
    }
    EXPECT_GE(call, 10);
  }
}

// A file was deleted between the two runs: the index of the first one would
// list it.
TEST_F(PublishedFolderCallsTest, WhatCompletesListsWhatIsThere) {
  ASSERT_TRUE(
      EndsAt(6, false, SIGKILL, [this] { return PublishThree(path_); }));
  EXPECT_TRUE(fs::exists(path_ + "/" + kPublishing));
  EXPECT_TRUE(fs::exists(path_ + "/2-3-00001.zip"));
  fs::remove(path_ + "/1-2-00001.zip");
  const auto folder = PublishedFolder::Open(path_);
  ASSERT_THAT(folder, IsOk());
  EXPECT_THAT((*folder)->completed(),
              ElementsAre("2-3-00002.zip", "2-3-00003.zip", "index.txt"));
  EXPECT_EQ(ReadFile(path_ + "/index.txt"),
            "2-3-00001.zip\n2-3-00002.zip\n2-3-00003.zip\n");
  EXPECT_FALSE((*folder)->CheckUnpublished(2, 3).ok());
}

TEST_F(PublishedFolderCallsTest, WithoutALockNothingOfAnothersIsTouched) {
  ASSERT_TRUE(
      EndsAt(2, false, SIGKILL, [this] { return PublishThree(path_); }));
  const Content stale = ContentOf(path_);
  EXPECT_EQ(stale.size(), 3);
  flock_error = ENOLCK;
  EXPECT_THAT(OpenAndClose(path_), IsOk());
  EXPECT_EQ(ContentOf(path_), stale);
  flock_error = 0;
  MakeOld();
  ASSERT_TRUE(
      EndsAt(6, false, SIGKILL, [this] { return PublishThree(path_); }));
  flock_error = ENOLCK;
  const Content begun = ContentOf(path_);
  const absl::Status status = OpenAndClose(path_);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition,
                               HasSubstr(path_ + "/" + kPublishing + ": ")));
  EXPECT_EQ(ContentOf(path_), begun);
}

// Folders of other names, files, and links are not ours.
TEST_F(PublishedFolderCallsTest, OnlyFoldersOfKilledRunsAreRemoved) {
  const std::vector<std::string> others = {
      ".tekmatch-12345", ".tekmatch-12345_", ".tekmatch-1234567",
      "tekmatch-123456"};
  for (const std::string& name : others) {
    fs::create_directory(path_ + "/" + name);
  }
  WriteFile(path_ + "/.tekmatch-abcdef", "");
  fs::create_symlink(path_, path_ + "/.tekmatch-ABCDEF");
  const Content kept = ContentOf(path_);
  fs::create_directory(path_ + "/.tekmatch-aB3456");
  WriteFile(path_ + "/.tekmatch-aB3456/5-6-00001.zip", "keys");
  EXPECT_THAT(OpenAndClose(path_), IsOk());
  EXPECT_EQ(ContentOf(path_), kept);
}

// What the system calls invalid is not the caller's fault.
TEST_F(PublishedFolderCallsTest, TheSystemsErrorsBlameTheFolder) {
  for (const auto& [error, code] :
       {std::pair(EINVAL, absl::StatusCode::kFailedPrecondition),
        std::pair(ENOTTY, absl::StatusCode::kFailedPrecondition),
        std::pair(ENAMETOOLONG, absl::StatusCode::kNotFound)}) {
    const auto folder = PublishedFolder::Open(path_);
    ASSERT_THAT(folder, IsOk());
    ASSERT_THAT((*folder)->Add(Name(2, 3), "a"), IsOk());
    // Those before are of the index, which OutputFile renames.
    fail_rename_at = num_renames + 1;
    rename_error = error;
    const absl::Status status = (*folder)->Publish();
    EXPECT_THAT(status,
                StatusIs(code, StartsWith(path_ + ": cannot be written")));
  }
  EXPECT_EQ(ContentOf(path_), kBefore);
}

}  // namespace
}  // namespace tekmatch
