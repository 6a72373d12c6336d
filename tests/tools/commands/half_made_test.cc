// Runs that write into a folder and end in the middle, by a signal or by a full
// disk, over the real binary: nothing half made stays.
#include <signal.h>
#include <sys/resource.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/run_tekmatch.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

using Arguments = std::vector<std::string>;

// No file that this process or a child writes gets larger.
class FileSizeLimit {
 public:
  // What a write beyond it does: SIG_DFL, a signal; SIG_IGN, an error.
  FileSizeLimit(rlim_t bytes, sighandler_t handler)
      : handler_(signal(SIGXFSZ, handler)) {
    EXPECT_EQ(getrlimit(RLIMIT_FSIZE, &old_), 0);
    const rlimit limit = {.rlim_cur = bytes, .rlim_max = old_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &old_);
    signal(SIGXFSZ, handler_);
  }

 private:
  const sighandler_t handler_;
  rlimit old_{};
};

class HalfMadeTest : public ::testing::Test {
 protected:
  void SetUp() override { fs::remove_all(out_); }

  Arguments Generate(const std::string& num_keys,
                     const std::string& num_sightings) const {
    return {"generate", "--keys", num_keys, "--sightings", num_sightings,
            "--met",    "10",     "--out",  out_};
  }

  // Of so many keys, in files of ten.
  Arguments Export(int num_keys) const {
    const std::string world = TempPath("signer");
    fs::remove_all(world);
    EXPECT_EQ(RunTekmatch({"generate", "--keys", "1", "--sightings", "1",
                           "--met", "1", "--out", world})
                  .exit_code,
              0);
    std::string keys;
    for (int i = 0; i < num_keys; ++i) {
      keys +=
          absl::StrFormat("{\"tek\":\"%032x\",\"rolling_start\":2678688}\n", i);
    }
    WriteFile(TempPath("keys.jsonl"), keys);
    return {"export",
            "--keys",
            TempPath("keys.jsonl"),
            "--signing-key",
            world + "/signing.pem",
            "--key-id",
            "440",
            "--region",
            "440",
            "--max-keys",
            "10",
            "--start",
            "1608076800",
            "--end",
            "1608163200",
            "--min-keys",
            "0",
            "--padding-range",
            "0",
            "--out",
            out_};
  }

  // The folder as it was before: not there, or empty.
  void ExpectNothing(bool was_there) const {
    EXPECT_EQ(fs::exists(out_), was_there);
    if (was_there) {
      EXPECT_TRUE(fs::is_empty(out_));
    }
  }

  // Whether so many files of that beginning are written in a folder within it.
  bool HasBegun(const std::string& name, int num_files) const {
    std::error_code ignored;
    for (const auto& entry : fs::recursive_directory_iterator(
             out_, fs::directory_options::skip_permission_denied, ignored)) {
      if (entry.path().filename().string().starts_with(name) &&
          entry.path().parent_path() != out_ && --num_files == 0) {
        return true;
      }
    }
    return false;
  }

  // Ctrl-C once so many files of that name have begun, with many to come.
  void Interrupt(const Arguments& arguments, const std::string& name,
                 int num_files) const {
    for (const bool is_there : {false, true}) {
      for (const int signal_number : {SIGINT, SIGTERM}) {
        SCOPED_TRACE(absl::StrCat(is_there, " ", signal_number));
        fs::remove_all(out_);
        if (is_there) fs::create_directory(out_);
        RunningTekmatch running(arguments);
        const auto deadline =
            std::chrono::steady_clock::now() + std::chrono::minutes(4);
        while (!HasBegun(name, num_files) &&
               std::chrono::steady_clock::now() < deadline) {
          std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        EXPECT_TRUE(HasBegun(name, num_files));
        ASSERT_EQ(kill(running.pid(), signal_number), 0);
        const TekmatchRun run = running.Wait();
        EXPECT_EQ(run.signal, signal_number);
        EXPECT_EQ(run.out, "");
        ExpectNothing(is_there);
      }
    }
  }

  const std::string out_ = TempPath("out");
};

// Hundreds of seconds' work, if nobody ended it. The keys to sign with are
// whole then, and sightings are written; the first export, of half a million
// keys, would be a second's work more each time, and goes into the same folder.
TEST_F(HalfMadeTest, CtrlCWhileAWorldIsGenerated) {
  Interrupt(Generate("100000000", "1000"), "sightings.csv", 1);
}

TEST_F(HalfMadeTest, CtrlCWhileExportsAreWritten) {
  // More than a handler has places for, of 3,000.
  Interrupt(Export(30'000), "1608076800-", 65);
}

// Files are written before the one that does not fit: the sightings of a world,
// whose export fits, the index of the exports, the sightings of the demo.
TEST_F(HalfMadeTest, AFullDisk) {
  const struct {
    Arguments arguments;
    rlim_t bytes;
  } kCases[] = {{Generate("100", "2000"), 6'000},
                // More than a handler has places for.
                {Export(1'000), 2'000},
                {{"demo", "--out", out_}, 50'000}};
  for (const auto& [arguments, bytes] : kCases) {
    for (const bool is_there : {false, true}) {
      SCOPED_TRACE(absl::StrCat(arguments[0], " ", is_there));
      fs::remove_all(out_);
      if (is_there) fs::create_directory(out_);
      {
        const FileSizeLimit limit(bytes, SIG_IGN);
        const TekmatchRun run = RunTekmatch(arguments);
        EXPECT_EQ(run.exit_code, 1);
        EXPECT_EQ(run.out, "");
        EXPECT_THAT(run.err, HasSubstr("File too large"));
      }
      ExpectNothing(is_there);
      {
        const FileSizeLimit limit(bytes, SIG_DFL);
        EXPECT_EQ(RunTekmatch(arguments).signal, SIGXFSZ);
      }
      ExpectNothing(is_there);
    }
  }
}

// What stood there stays, where the run does not get to its end.
TEST_F(HalfMadeTest, ADemoThatFailsReplacesNothing) {
  ASSERT_EQ(RunTekmatch({"demo", "--out", out_}).exit_code, 0);
  const std::string exported = ReadFile(out_ + "/export.zip");
  const std::string key = ReadFile(out_ + "/public.pem");
  const FileSizeLimit limit(50'000, SIG_IGN);
  EXPECT_EQ(RunTekmatch({"demo", "--seed", "2", "--out", out_}).exit_code, 1);
  EXPECT_EQ(ReadFile(out_ + "/export.zip"), exported);
  EXPECT_EQ(ReadFile(out_ + "/public.pem"), key);
}

}  // namespace
}  // namespace tekmatch
