#include "tools/files/cleanup_on_signal.h"

#include <dlfcn.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"
#include "tools/files/output_file.h"
#include "tools/files/scratch_folder.h"

namespace {

// What happens when a folder is made, before the caller of mkdtemp() knows.
std::function<void()> after_mkdtemp;

}  // namespace

extern "C" char* mkdtemp(char* path) noexcept {
  static const auto system =
      reinterpret_cast<char* (*)(char*)>(dlsym(RTLD_NEXT, "mkdtemp"));
  char* const made = system(path);
  if (after_mkdtemp) after_mkdtemp();
  return made;
}

namespace tekmatch {
namespace {

namespace fs = std::filesystem;
using ::testing::StartsWith;

// What can end a process from outside, or a fault in it.
std::vector<int> EndingSignals() {
  std::vector<int> signals = {SIGINT,  SIGTERM,   SIGHUP,  SIGQUIT,  SIGPIPE,
                              SIGALRM, SIGVTALRM, SIGPROF, SIGUSR1,  SIGUSR2,
                              SIGIO,   SIGPWR,    SIGXCPU, SIGXFSZ,  SIGSYS,
                              SIGTRAP, SIGABRT,   SIGILL,  SIGSTKFLT};
  for (int number = SIGRTMIN; number <= SIGRTMAX; ++number) {
    signals.push_back(number);
  }
  return signals;
}

// How a child process ends that runs `body`, with the signals' usual actions
// in force before. A body that returns ends it with exit code 77.
int StatusOfChild(absl::FunctionRef<void()> body) {
  const pid_t child = fork();
  if (child == 0) {
    for (const int number : EndingSignals()) signal(number, SIG_DFL);
    body();
    _exit(77);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return status;
}

bool DiedOf(int status, int signal_number) {
  return WIFSIGNALED(status) && WTERMSIG(status) == signal_number;
}

// GoogleTest runs suites of this name before others. These have to be first,
// since handlers are installed once in a process: they would be the parent's.
class CleanupOnSignalDeathTest : public ::testing::Test {
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

  std::string folder_;
};

TEST_F(CleanupOnSignalDeathTest, RemovesFilesAndFolders) {
  for (const int signal_number : EndingSignals()) {
    SCOPED_TRACE(signal_number);
    WriteFile(In("file"), "contacts");
    fs::create_directory(In("scratch"));
    // More names than the handler reads at once, 48 bytes each of 4,096.
    for (int i = 0; i < 100; ++i) {
      WriteFile(In("scratch/a rather long name " + std::to_string(i)), "");
    }
    fs::create_directory(In("empty"));
    WriteFile(In("bystander"), "");
    const int status = StatusOfChild([&] {
      const CleanupOnSignal file(In("file"));
      const CleanupOnSignal scratch(In("scratch"));
      const CleanupOnSignal empty(In("empty"));
      const CleanupOnSignal missing(In("missing"));
      raise(signal_number);
    });
    EXPECT_TRUE(DiedOf(status, signal_number)) << status;
    EXPECT_EQ(NumEntries(), 1);
    EXPECT_TRUE(fs::exists(In("bystander")));
  }
}

TEST_F(CleanupOnSignalDeathTest, DoesNotFollowALinkIntoAFolder) {
  fs::create_directory(In("precious"));
  WriteFile(In("precious/file"), "");
  fs::create_symlink(In("precious"), In("link"));
  const int status = StatusOfChild([&] {
    const CleanupOnSignal link(In("link"));
    raise(SIGINT);
  });
  EXPECT_TRUE(DiedOf(status, SIGINT)) << status;
  EXPECT_FALSE(fs::is_symlink(In("link")));
  EXPECT_TRUE(fs::exists(In("precious/file")));
}

TEST_F(CleanupOnSignalDeathTest, ForgetsWhatIsGoneOutOfScope) {
  WriteFile(In("done"), "");
  const int status = StatusOfChild([&] {
    { const CleanupOnSignal done(In("done")); }
    raise(SIGTERM);
  });
  EXPECT_TRUE(DiedOf(status, SIGTERM)) << status;
  EXPECT_TRUE(fs::exists(In("done")));
}

TEST_F(CleanupOnSignalDeathTest, AnIgnoredSignalStaysIgnored) {
  WriteFile(In("file"), "");
  const int status = StatusOfChild([&] {
    signal(SIGHUP, SIG_IGN);  // as nohup does
    const CleanupOnSignal file(In("file"));
    raise(SIGHUP);
    if (!fs::exists(In("file"))) _exit(1);
    raise(SIGTERM);
  });
  EXPECT_TRUE(DiedOf(status, SIGTERM)) << status;
  EXPECT_EQ(NumEntries(), 0);
}

TEST_F(CleanupOnSignalDeathTest, SixtyFourPlaces) {
  constexpr int kNumFiles = 70;
  const auto Name = [this](int i) { return In(std::to_string(i)); };
  for (int i = 0; i < kNumFiles; ++i) WriteFile(Name(i), "");
  const int status = StatusOfChild([&] {
    std::vector<std::unique_ptr<CleanupOnSignal>> all;
    all.reserve(kNumFiles);
    for (int i = 0; i < kNumFiles; ++i) {
      all.push_back(std::make_unique<CleanupOnSignal>(Name(i)));
    }
    // Those that got no place take none away; a place that is given back can
    // be had.
    for (int i = 64; i < kNumFiles; ++i) all[i].reset();
    all[10].reset();
    all[69] = std::make_unique<CleanupOnSignal>(Name(69));
    raise(SIGINT);
  });
  EXPECT_TRUE(DiedOf(status, SIGINT)) << status;
  for (int i = 0; i < kNumFiles; ++i) {
    const bool registered = i == 69 || (i < 64 && i != 10);
    EXPECT_EQ(fs::exists(Name(i)), !registered) << i;
  }
}

TEST_F(CleanupOnSignalDeathTest, APathBeyondTheSystemsLimit) {
  WriteFile(In("file"), "");
  const int status = StatusOfChild([&] {
    const CleanupOnSignal too_long(std::string(PATH_MAX, 'x'));
    const CleanupOnSignal file(In("file"));
    raise(SIGINT);
  });
  EXPECT_TRUE(DiedOf(status, SIGINT)) << status;
  EXPECT_EQ(NumEntries(), 0);
}

TEST_F(CleanupOnSignalDeathTest, AHalfWrittenFileVanishes) {
  WriteFile(In("file"), "old");
  const int status = StatusOfChild([&] {
    const auto file = OutputFile::Open(In("file"));
    const auto other = OutputFile::Open(In("new"));
    if (!file.ok() || !other.ok() ||
        !(*file)->Append(std::string(1 << 20, 'x')).ok() || NumEntries() != 3) {
      _exit(1);
    }
    raise(SIGINT);
  });
  EXPECT_TRUE(DiedOf(status, SIGINT)) << status;
  EXPECT_EQ(NumEntries(), 1);
  EXPECT_EQ(ReadFile(In("file")), "old");
}

TEST_F(CleanupOnSignalDeathTest, AFinishedFileStays) {
  const int status = StatusOfChild([&] {
    const auto file = OutputFile::Open(In("file"));
    if (!file.ok() || !(*file)->Append("x").ok() || !(*file)->Commit().ok()) {
      _exit(1);
    }
    raise(SIGINT);
  });
  EXPECT_TRUE(DiedOf(status, SIGINT)) << status;
  EXPECT_EQ(ReadFile(In("file")), "x");
}

TEST_F(CleanupOnSignalDeathTest, AScratchFolderVanishes) {
  const int status = StatusOfChild([&] {
    setenv("TMPDIR", folder_.c_str(), 1);
    const auto scratch = ScratchFolder::Make();
    if (!scratch.ok() || NumEntries() != 1) _exit(1);
    WriteFile((*scratch)->path() + "/copy", "contacts");
    raise(SIGHUP);
  });
  EXPECT_TRUE(DiedOf(status, SIGHUP)) << status;
  EXPECT_EQ(NumEntries(), 0);
}

TEST_F(CleanupOnSignalDeathTest, AScratchFolderVanishesAsItIsMade) {
  const int status = StatusOfChild([&] {
    setenv("TMPDIR", folder_.c_str(), 1);
    after_mkdtemp = [this] {
      if (NumEntries() != 1) _exit(1);
      raise(SIGTERM);
    };
    const auto scratch = ScratchFolder::Make();
  });
  EXPECT_TRUE(DiedOf(status, SIGTERM)) << status;
  EXPECT_EQ(NumEntries(), 0);
}

TEST_F(CleanupOnSignalDeathTest, HeldSignalsComeWhenTheyMay) {
  WriteFile(In("before"), "");
  for (const int signal_number : EndingSignals()) {
    SCOPED_TRACE(signal_number);
    const int status = StatusOfChild([&] {
      const CleanupOnSignal file(In("after"));
      {
        const HeldSignals outer;
        { const HeldSignals inner; }
        raise(signal_number);
        fs::rename(In("before"), In("after"));
      }
      _exit(1);
    });
    EXPECT_TRUE(DiedOf(status, signal_number)) << status;
    EXPECT_EQ(NumEntries(), 0);
    WriteFile(In("before"), "");
  }
}

// The folder that was made goes when what is in it has gone, whatever was
// registered first.
TEST_F(CleanupOnSignalDeathTest, AMadeFolderVanishesWithWhatIsInIt) {
  for (const bool is_new : {true, false}) {
    const std::string path = In("made");
    if (!is_new) fs::create_directory(path);
    const int status = StatusOfChild([&] {
      const auto made = MadeFolder::Make(path);
      const auto side = ScratchFolder::MakeIn(path);
      const auto file = OutputFile::Open(path + "/file");
      if (!made.ok() || !side.ok() || !file.ok()) _exit(1);
      // More than a handler has places for, and than it lists at once.
      for (int i = 0; i < 100; ++i) {
        WriteFile(
            (*side)->path() + "/" + std::to_string(i) + std::string(100, 'x'),
            "contacts");
      }
      raise(SIGINT);
    });
    EXPECT_TRUE(DiedOf(status, SIGINT)) << status;
    EXPECT_EQ(NumEntries(), is_new ? 0 : 1);
    if (!is_new) {
      EXPECT_TRUE(fs::is_empty(path));
    }
  }
}

TEST_F(CleanupOnSignalDeathTest, AMadeFolderWithAFileStays) {
  const int status = StatusOfChild([&] {
    const auto made = MadeFolder::Make(In("made"));
    if (!made.ok()) _exit(1);
    WriteFile(In("made/file"), "somebody's");
    raise(SIGINT);
  });
  EXPECT_TRUE(DiedOf(status, SIGINT)) << status;
  EXPECT_EQ(ReadFile(In("made/file")), "somebody's");
}

class ScratchFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* old = std::getenv("TMPDIR");
    if (old != nullptr) old_ = old;
    folder_ = TempPath("folder");
    fs::remove_all(folder_);
    fs::create_directory(folder_);
    setenv("TMPDIR", folder_.c_str(), 1);
  }
  void TearDown() override {
    if (old_.empty()) {
      unsetenv("TMPDIR");
    } else {
      setenv("TMPDIR", old_.c_str(), 1);
    }
  }

  std::string folder_;
  std::string old_;
};

TEST_F(ScratchFolderTest, IsPrivateAndGoneAfterwards) {
  const mode_t old_mask = umask(0);
  auto scratch = ScratchFolder::Make();
  umask(old_mask);
  ASSERT_THAT(scratch, IsOk());
  const std::string path = (*scratch)->path();
  EXPECT_EQ(fs::path(path).parent_path(), folder_);
  EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_all);
  const auto other = ScratchFolder::Make();
  ASSERT_THAT(other, IsOk());
  EXPECT_NE((*other)->path(), path);
  fs::create_directory(path + "/deeper");
  WriteFile(path + "/deeper/file", "contacts");
  scratch->reset();
  EXPECT_FALSE(fs::exists(path));
  EXPECT_TRUE(fs::exists((*other)->path()));
}

TEST_F(ScratchFolderTest, DefaultsToTmp) {
  for (const bool empty : {true, false}) {
    if (empty) {
      setenv("TMPDIR", "", 1);
    } else {
      unsetenv("TMPDIR");
    }
    const auto scratch = ScratchFolder::Make();
    ASSERT_THAT(scratch, IsOk());
    EXPECT_THAT((*scratch)->path(), StartsWith("/tmp/tekmatch-"));
  }
}

TEST_F(ScratchFolderTest, ErrorNamesTheParent) {
  const std::string parent = folder_ + "/missing";
  setenv("TMPDIR", parent.c_str(), 1);
  const auto scratch = ScratchFolder::Make();
  EXPECT_THAT(scratch,
              StatusIs(absl::StatusCode::kNotFound,
                       StartsWith(parent + ": no scratch folder can be made")));
}

TEST_F(ScratchFolderTest, AMadeFolderGoesUnlessSomethingIsInIt) {
  const std::string path = folder_ + "/new";
  {
    const auto made = MadeFolder::Make(path);
    ASSERT_THAT(made, IsOk());
    EXPECT_TRUE(fs::is_directory(path));
  }
  EXPECT_FALSE(fs::exists(path));
  {
    const auto made = MadeFolder::Make(path);
    ASSERT_THAT(made, IsOk());
    WriteFile(path + "/file", "x");
  }
  EXPECT_EQ(ReadFile(path + "/file"), "x");
  fs::remove(path + "/file");
  // It is there, and stays.
  EXPECT_THAT(MadeFolder::Make(path), IsOk());
  EXPECT_TRUE(fs::is_directory(path));
  const absl::Status deep = MadeFolder::Make(path + "/a/b").status();
  EXPECT_THAT(
      deep, StatusIs(absl::StatusCode::kNotFound, StartsWith(path + "/a/b: ")));
  WriteFile(path + "/file", "");
  const absl::Status file = MadeFolder::Make(path + "/file").status();
  EXPECT_THAT(file, StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_TRUE(fs::exists(path + "/file"));
}

}  // namespace
}  // namespace tekmatch
