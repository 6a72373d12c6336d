// A folder that a run fills: it is ended, or fails, at every call that moves a
// file, by standing in for that call.
#include "tools/files/output_folder.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"
#include "tools/files/output_file.h"

namespace {

// The call of rename(), counted from 0, at which this process is sent SIGTERM,
// and the one that fails.
int end_at = -1;
int fail_at = -1;
int num_renames = 0;

}  // namespace

extern "C" int rename(const char* from, const char* to) noexcept {
  constexpr int kAtCurrentFolder = -100;  // AT_FDCWD
  const int call = num_renames++;
  if (call == fail_at) {
    errno = EIO;
    return -1;
  }
  const auto result = static_cast<int>(
      syscall(SYS_renameat2, kAtCurrentFolder, from, kAtCurrentFolder, to, 0));
  if (call == end_at) raise(SIGTERM);
  return result;
}

namespace tekmatch {
namespace {

namespace fs = std::filesystem;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr int kNumFiles = 3;

absl::Status Fill(const std::string& path) {
  const absl::StatusOr<std::unique_ptr<OutputFolder>> folder =
      OutputFolder::Open(path);
  if (!folder.ok()) return folder.status();
  for (int i = 0; i < kNumFiles; ++i) {
    absl::Status written =
        WriteWholeFile((*folder)->SidePathOf(absl::StrCat(i)), "new",
                       OutputFile::Readers::kOwner);
    if (!written.ok()) return written;
  }
  return (*folder)->Commit();
}

std::map<std::string, std::string> ContentOf(const std::string& path) {
  std::map<std::string, std::string> content;
  for (const auto& entry : fs::directory_iterator(path)) {
    content[entry.path().filename().string()] =
        entry.is_directory() ? "folder" : ReadFile(entry.path().string());
  }
  return content;
}

const std::map<std::string, std::string> kWhole = {
    {"0", "new"}, {"1", "new"}, {"2", "new"}};

class OutputFolderTest : public ::testing::Test {
 protected:
  // Where the folder is, and not, before.
  void Reset(bool is_there) const {
    fs::remove_all(path_);
    if (is_there) fs::create_directory(path_);
  }
  const std::string path_ = TempPath("out");
};

TEST_F(OutputFolderTest, FilesAreInTheirPlacesAlone) {
  for (const bool is_there : {false, true}) {
    Reset(is_there);
    EXPECT_EQ(Fill(path_), absl::OkStatus());
    EXPECT_EQ(ContentOf(path_), kWhole);
    const auto folder = OutputFolder::Open(path_ + "/");
    ASSERT_THAT(folder, IsOk());
    EXPECT_EQ((*folder)->PathOf("a"), path_ + "/a");
  }
  EXPECT_EQ(ContentOf(path_), kWhole);
}

TEST_F(OutputFolderTest, OldFilesStayUntilNewOnesReplaceThem) {
  Reset(true);
  WriteFile(path_ + "/1", "old");
  WriteFile(path_ + "/other", "old");
  const auto before = ContentOf(path_);
  {
    const auto folder = OutputFolder::Open(path_);
    ASSERT_THAT(folder, IsOk());
    WriteFile((*folder)->SidePathOf("1"), "half");
  }
  EXPECT_EQ(ContentOf(path_), before);
  EXPECT_EQ(Fill(path_), absl::OkStatus());
  auto after = kWhole;
  after["other"] = "old";
  EXPECT_EQ(ContentOf(path_), after);
}

// A folder of a file's name is in the way: no file is replaced.
TEST_F(OutputFolderTest, AFolderInTheWay) {
  Reset(true);
  WriteFile(path_ + "/0", "old");
  fs::create_directory(path_ + "/2");
  const auto before = ContentOf(path_);
  const absl::Status status = Fill(path_);
  EXPECT_THAT(std::string(status.message()),
              StartsWith(path_ + "/2: cannot be written"));
  EXPECT_EQ(ContentOf(path_), before);
}

// Each file is renamed twice: when it is whole, and into its place.
TEST_F(OutputFolderTest, AnErrorAtAnyRenamingLeavesNothing) {
  for (const bool is_there : {false, true}) {
    for (fail_at = 0; fail_at < 2 * kNumFiles; ++fail_at) {
      SCOPED_TRACE(fail_at);
      Reset(is_there);
      num_renames = 0;
      const absl::Status status = Fill(path_);
      EXPECT_FALSE(status.ok());
      EXPECT_THAT(std::string(status.message()), StartsWith(path_));
      EXPECT_EQ(fs::exists(path_), is_there);
      if (is_there) {
        EXPECT_THAT(ContentOf(path_), IsEmpty());
      }
    }
    num_renames = 0;
    Reset(is_there);
    EXPECT_EQ(Fill(path_), absl::OkStatus());
    EXPECT_EQ(num_renames, 2 * kNumFiles);
  }
  fail_at = -1;
}

TEST_F(OutputFolderTest, ASignalAtAnyRenamingLeavesNothingOrAll) {
  for (const bool is_there : {false, true}) {
    for (int call = 0; call < 2 * kNumFiles; ++call) {
      SCOPED_TRACE(call);
      Reset(is_there);
      const pid_t child = fork();
      if (child == 0) {
        num_renames = 0;
        end_at = call;
        _exit(Fill(path_).ok() ? 0 : 1);
      }
      int status = 0;
      ASSERT_EQ(waitpid(child, &status, 0), child);
      EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
      // From the first file that is moved on, signals wait for the last one.
      if (call >= kNumFiles) {
        EXPECT_EQ(ContentOf(path_), kWhole);
      } else {
        EXPECT_EQ(fs::exists(path_), is_there);
        if (is_there) {
          EXPECT_THAT(ContentOf(path_), IsEmpty());
        }
      }
    }
  }
}

TEST_F(OutputFolderTest, ErrorsAreOfTheFolder) {
  const std::string deep = path_ + "/no/folder";
  const absl::Status status = OutputFolder::Open(deep).status();
  EXPECT_THAT(status,
              StatusIs(absl::StatusCode::kNotFound, StartsWith(deep + ": ")));
}

}  // namespace
}  // namespace tekmatch
