#include "tools/files/output_file.h"

#include <linux/capability.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// An empty folder of the test's own.
class OutputFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = TempPath("folder");
    fs::remove_all(folder_);
    fs::create_directory(folder_);
  }

  std::string In(const std::string& name) const { return folder_ + "/" + name; }
  ptrdiff_t NumEntries() const {
    return std::distance(fs::directory_iterator(folder_),
                         fs::directory_iterator());
  }
  static mode_t ModeOf(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 07777;
  }
  std::string OnlyEntry() const {
    EXPECT_EQ(NumEntries(), 1);
    return fs::directory_iterator(folder_)->path();
  }

  static ptrdiff_t NumOpenFiles() {
    return std::distance(fs::directory_iterator("/proc/self/fd"),
                         fs::directory_iterator());
  }

  std::string folder_;
};

TEST_F(OutputFileTest, AppearsWithCommit) {
  const ptrdiff_t num_open = NumOpenFiles();
  const std::string path = In("new");
  auto file = OutputFile::Open(path);
  ASSERT_THAT(file, IsOk());
  ASSERT_THAT((*file)->Append("one "), IsOk());
  ASSERT_THAT((*file)->Append("two"), IsOk());
  EXPECT_FALSE(fs::exists(path));
  ASSERT_THAT((*file)->Commit(), IsOk());
  EXPECT_EQ(NumOpenFiles(), num_open);
  EXPECT_EQ(OnlyEntry(), path);
  EXPECT_EQ(ReadFile(path), "one two");
  file->reset();
  EXPECT_EQ(ReadFile(path), "one two");
}

TEST_F(OutputFileTest, LeavesNothingWithoutCommit) {
  const ptrdiff_t num_open = NumOpenFiles();
  {
    const auto file = OutputFile::Open(In("new"));
    ASSERT_THAT(file, IsOk());
    ASSERT_THAT((*file)->Append(std::string(1 << 20, 'x')), IsOk());
    EXPECT_EQ(NumEntries(), 1);
    EXPECT_EQ(NumOpenFiles(), num_open + 1);
  }
  EXPECT_EQ(NumEntries(), 0);
  EXPECT_EQ(NumOpenFiles(), num_open);
}

TEST_F(OutputFileTest, AnOldFileStaysUntilCommit) {
  const std::string path = In("file");
  WriteFile(path, "old");
  {
    const auto file = OutputFile::Open(path);
    ASSERT_THAT((*file)->Append(std::string(1 << 20, 'x')), IsOk());
    EXPECT_EQ(ReadFile(path), "old");
  }
  EXPECT_EQ(ReadFile(path), "old");
  ASSERT_THAT(WriteWholeFile(path, "new", OutputFile::Readers::kOwner), IsOk());
  EXPECT_EQ(ReadFile(path), "new");
  EXPECT_EQ(NumEntries(), 1);
}

TEST_F(OutputFileTest, ModeIsTheOwnersOrTheUmasks) {
  const mode_t old_mask = umask(0);
  for (const mode_t mask : {mode_t{0}, mode_t{022}, mode_t{077}}) {
    umask(mask);
    for (const auto readers :
         {OutputFile::Readers::kOwner, OutputFile::Readers::kAnyone}) {
      const mode_t mode =
          readers == OutputFile::Readers::kOwner ? 0600 : 0666 & ~mask;
      const std::string path = In("file");
      const auto file = OutputFile::Open(path, readers);
      ASSERT_THAT(file, IsOk());
      EXPECT_EQ(ModeOf(OnlyEntry()), mode);
      ASSERT_THAT((*file)->Commit(), IsOk());
      EXPECT_EQ(ModeOf(path), mode);
      fs::remove(path);
    }
    EXPECT_EQ(umask(mask), mask);  // as it was
  }
  umask(old_mask);
}

TEST_F(OutputFileTest, WritesThroughLinks) {
  fs::create_directory(In("elsewhere"));
  WriteFile(In("elsewhere/file"), "old");
  fs::create_symlink("elsewhere/file", In("link"));
  fs::create_symlink(In("link"), In("link to link"));
  for (const std::string name : {"link", "link to link"}) {
    ASSERT_THAT(WriteWholeFile(In(name), name, OutputFile::Readers::kOwner),
                IsOk());
    EXPECT_TRUE(fs::is_symlink(In(name)));
    EXPECT_FALSE(fs::is_symlink(In("elsewhere/file")));
    EXPECT_EQ(ReadFile(In("elsewhere/file")), name);
  }
  // To a file that is not there yet.
  fs::remove(In("elsewhere/file"));
  ASSERT_THAT(
      WriteWholeFile(In("link to link"), "made", OutputFile::Readers::kOwner),
      IsOk());
  EXPECT_TRUE(fs::is_symlink(In("link to link")));
  EXPECT_TRUE(fs::is_symlink(In("link")));
  EXPECT_EQ(ReadFile(In("elsewhere/file")), "made");
}

TEST_F(OutputFileTest, WritesDirectlyToWhatIsNoFile) {
  const std::string fifo = In("fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  const std::string bytes(1 << 20, 'x');
  std::string received;
  std::thread reader([&] { received = ReadFile(fifo); });
  EXPECT_THAT(WriteWholeFile(fifo, bytes, OutputFile::Readers::kOwner), IsOk());
  reader.join();
  EXPECT_EQ(received, bytes);
  EXPECT_EQ(OnlyEntry(), fifo);
  EXPECT_TRUE(fs::is_fifo(fifo));
  EXPECT_THAT(WriteWholeFile("/dev/null", bytes, OutputFile::Readers::kOwner),
              IsOk());
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST_F(OutputFileTest, NamesAPathThatCannotBeWritten) {
  WriteFile(In("file"), "");
  for (const std::string& path :
       {In("no folder/new"), In("file/new"), folder_}) {
    const auto file = OutputFile::Open(path);
    ASSERT_FALSE(file.ok()) << path;
    EXPECT_THAT(std::string(file.status().message()),
                StartsWith(path + ": cannot be written"));
  }
  EXPECT_THAT(OutputFile::Open(In("no folder/new")),
              StatusIs(absl::StatusCode::kNotFound));
}

// Root may write everywhere because of one capability; the object gives it up
// for this thread. (Changing the user is not possible in every container.)
class WithoutRootsOverride {
 public:
  WithoutRootsOverride() { Set(false); }
  ~WithoutRootsOverride() { Set(true); }
  WithoutRootsOverride(const WithoutRootsOverride&) = delete;
  WithoutRootsOverride& operator=(const WithoutRootsOverride&) = delete;

 private:
  static void Set(bool on) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
    ASSERT_EQ(syscall(SYS_capget, &header, sets), 0);
    const uint32_t bit = uint32_t{1} << CAP_DAC_OVERRIDE;
    sets[0].effective = on ? sets[0].effective | (sets[0].permitted & bit)
                           : sets[0].effective & ~bit;
    ASSERT_EQ(syscall(SYS_capset, &header, sets), 0);
  }
};

TEST_F(OutputFileTest, NamesAPathInAnUnwritableFolder) {
  ASSERT_EQ(chmod(folder_.c_str(), 0555), 0);
  {
    const WithoutRootsOverride guard;
    const auto file = OutputFile::Open(In("new"));
    EXPECT_THAT(file, StatusIs(absl::StatusCode::kPermissionDenied,
                               HasSubstr(In("new"))));
  }
  ASSERT_EQ(chmod(folder_.c_str(), 0755), 0);
}

TEST_F(OutputFileTest, LargeAppends) {
  std::string expected;
  const auto file = OutputFile::Open(In("file"));
  ASSERT_THAT(file, IsOk());
  for (const size_t size : {0, 1, (256 << 10) - 1, 256 << 10, 3 << 20, 5}) {
    const std::string part(size, static_cast<char>('a' + size % 26));
    ASSERT_THAT((*file)->Append(part), IsOk());
    expected += part;
  }
  ASSERT_THAT((*file)->Commit(), IsOk());
  EXPECT_EQ(ReadFile(In("file")), expected);
}

TEST_F(OutputFileTest, ReportsThatADeviceIsFull) {
  const auto file = OutputFile::Open("/dev/full");
  ASSERT_THAT(file, IsOk());
  const absl::Status large = (*file)->Append(std::string(1 << 20, 'x'));
  EXPECT_THAT(large, StatusIs(absl::StatusCode::kResourceExhausted,
                              StartsWith("/dev/full: writing")));
  // What is buffered fails later, but fails.
  const absl::Status small =
      WriteWholeFile("/dev/full", "x", OutputFile::Readers::kOwner);
  EXPECT_THAT(small, StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(OutputFileTest, LeavesNothingOfAFileThatCannotGrow) {
  const std::string path = In("file");
  WriteFile(path, "old");
  rlimit old_limit{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  const rlimit limit = {.rlim_cur = 100'000, .rlim_max = old_limit.rlim_max};
  const auto old_handler = signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  const absl::Status status = WriteWholeFile(path, std::string(200'000, 'x'),
                                             OutputFile::Readers::kOwner);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old_limit), 0);
  signal(SIGXFSZ, old_handler);
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), StartsWith(path + ": writing"));
  EXPECT_EQ(OnlyEntry(), path);
  EXPECT_EQ(ReadFile(path), "old");
}

TEST_F(OutputFileTest, LeavesNothingWhenItsPlaceIsTaken) {
  const auto path = In("place");
  auto file = OutputFile::Open(path);
  ASSERT_THAT(file, IsOk());
  fs::create_directory(path);
  const absl::Status status = (*file)->Commit();
  EXPECT_THAT(std::string(status.message()), StartsWith(path + ": renaming"));
  file->reset();
  EXPECT_EQ(OnlyEntry(), path);
}

}  // namespace
}  // namespace tekmatch
