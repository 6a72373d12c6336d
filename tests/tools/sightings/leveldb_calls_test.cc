// A database of which the system does not give a file, seen by standing in for
// open(): that is said as the system's fault, and the file is not called
// damaged.
//
// <fcntl.h> is left out on purpose: it declares open() in a way that forbids to
// define it.
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <filesystem>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"
#include "tests/tools/sightings/put_in_leveldb.h"
#include "tools/sightings/sightings_leveldb.h"

namespace {

// The file that is not given; empty: all are. With what opening it fails; 0: it
// is opened for writing alone, so that reading fails.
std::string failing_path;
int failure = 0;

}  // namespace

extern "C" int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const unsigned mode = va_arg(rest, unsigned);  // unused without O_CREAT
  va_end(rest);
  if (!failing_path.empty() && failing_path == path) {
    if (failure != 0) {
      errno = failure;
      return -1;
    }
    flags |= 1;  // O_WRONLY
  }
  constexpr int kAtCurrentFolder = -100;  // AT_FDCWD
  return static_cast<int>(
      syscall(SYS_openat, kAtCurrentFolder, path, flags, mode));
}

namespace tekmatch {
namespace {

namespace fs = std::filesystem;

class LevelDbCallsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = TempPath("db");
    fs::remove_all(path_);
    PutInLevelDb(path_, {{"a", "1"}}, /*flush=*/true);
    PutInLevelDb(path_, {{"b", "2"}});
    for (const fs::directory_entry& file : fs::directory_iterator(path_)) {
      const std::string name = file.path().filename();
      for (const char* kind : {"CURRENT", "MANIFEST", ".ldb", ".log"}) {
        if (absl::StrContains(name, kind)) files_[kind] = file.path();
      }
    }
    ASSERT_EQ(files_.size(), 4U);
  }
  void TearDown() override { failing_path.clear(); }

  absl::StatusOr<SightingsFile> Read(bool skip_bad) const {
    return ReadLevelDbSightings(path_, {.skip_bad = skip_bad});
  }

  std::string path_;
  std::map<std::string, std::string> files_;  // by their kind
};

TEST_F(LevelDbCallsTest, WhatTheSystemDoesNotGiveIsNotDamaged) {
  const struct {
    int error;
    absl::StatusCode code;
  } errors[] = {{EMFILE, absl::StatusCode::kResourceExhausted},
                {ENOMEM, absl::StatusCode::kResourceExhausted},
                {EACCES, absl::StatusCode::kPermissionDenied},
                {EIO, absl::StatusCode::kUnknown},
                {0, absl::StatusCode::kFailedPrecondition}};
  for (const auto& [kind, path] : files_) {
    for (const auto& [error, code] : errors) {
      SCOPED_TRACE(absl::StrCat(path, " ", error));
      failing_path = path;
      failure = error;
      const absl::Status status = Read(/*skip_bad=*/false).status();
      EXPECT_EQ(status.code(), code) << status;
      // The path once.
      EXPECT_THAT(
          std::string(status.message()),
          ::testing::StartsWith(absl::StrCat(
              path, error == 0 ? ": reading: " : ": cannot be opened: ")));
      // Whoever wants the rest has it where it is known what the rest is.
      const auto rest = Read(/*skip_bad=*/true);
      if (kind == "CURRENT" || kind == "MANIFEST") {
        EXPECT_EQ(rest.status(), status);
        continue;
      }
      ASSERT_THAT(rest, IsOk());
      ASSERT_EQ(rest->losses.size(), 1U);
      EXPECT_EQ(rest->losses[0].file, path);
      EXPECT_EQ(
          absl::StrCat(rest->losses[0].file, ": ", rest->losses[0].reason),
          status.message());
    }
  }
}

TEST_F(LevelDbCallsTest, WhatIsMissingIsTheDatabasesFault) {
  for (const auto& [kind, path] : files_) {
    SetUp();
    fs::remove(path);
    EXPECT_EQ(Read(/*skip_bad=*/false).status().code(),
              absl::StatusCode::kDataLoss)
        << path;
  }
}

}  // namespace
}  // namespace tekmatch
