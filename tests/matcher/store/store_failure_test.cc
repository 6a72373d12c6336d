// An allocation of SQLite fails, and the disk is full: each is told for what it
// is, and what was there stays. All 2063 allocations take half a minute; every
// fifth of them is the first to fail here.
#include <sqlite3.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/status_macros.h"
#include "matcher/join/sighting.h"
#include "matcher/store/database.h"
#include "matcher/store/sighting_store.h"
#include "matcher/store/sqlite_memory.h"
#include "tests/matcher/store/store_testing.h"
#include "tests/memory_folder.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

// The allocation that fails, counted down; 0: none.
int64_t countdown = 0;
int64_t num_failed = 0;
sqlite3_mem_methods real_methods;

void* FailingMalloc(int size) {
  if (countdown > 0 && --countdown == 0) {
    ++num_failed;
    return nullptr;
  }
  return real_methods.xMalloc(size);
}

constexpr int64_t kStep = 5;

constexpr int64_t kNow = kStart + 14 * kDay;

std::vector<Sighting> Some(uint32_t first, uint32_t num) {
  std::vector<Sighting> sightings;
  for (uint32_t i = first; i < first + num; ++i) {
    sightings.push_back(Planted(i, kStart + int64_t{i} * 60));
  }
  return sightings;
}

// All that an app asks of a store.
absl::Status UseStore(const std::string& folder) {
  TEKMATCH_ASSIGN_OR_RETURN(const auto database,
                            Database::Open(folder, OpenMode::kCreate));
  TEKMATCH_ASSIGN_OR_RETURN(SightingStore store,
                            SightingStore::Create(*database));
  TEKMATCH_RETURN_IF_ERROR(store.Add(Some(500, 500), At(kNow)).status());
  TEKMATCH_RETURN_IF_ERROR(store.Read().status());
  TEKMATCH_RETURN_IF_ERROR(store.Read(1).status());
  TEKMATCH_RETURN_IF_ERROR(store.Status().status());
  TEKMATCH_RETURN_IF_ERROR(store.Retain(At(kNow + 3600)).status());
  return database->CheckIntegrity();
}

// The store of `folder` is sound, and has the first 500 sightings but for those
// that Retain removes, and of the others all or none.
void ExpectWhole(const std::string& folder, const std::string& what) {
  const OpenStore open(folder, OpenMode::kExisting);
  ASSERT_NE(open.store, nullptr) << what;
  EXPECT_THAT(open.database->CheckIntegrity(), IsOk()) << what;
  const auto stored = open.store->Read();
  ASSERT_THAT(stored, IsOk()) << what;
  const size_t size = stored->sightings.size();
  EXPECT_TRUE(size == 500 || size == 1000 || size == 940)
      << what << ": " << size;
}

class StoreFailureTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_EQ(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_methods),
              SQLITE_OK);
    sqlite3_mem_methods failing = real_methods;
    failing.xMalloc = FailingMalloc;
    ASSERT_EQ(sqlite3_config(SQLITE_CONFIG_MALLOC, &failing), SQLITE_OK);
    // Which calls those.
    ASSERT_TRUE(MakeSqliteWipeMemory());
  }

  StoreFailureTest() {
    const OpenStore open(made_);
    EXPECT_THAT(open.store->Add(Some(0, 500), At(kNow)), IsOk());
  }

  std::string Copy(const std::string& name) {
    std::string folder = memory_.At(name);
    std::filesystem::remove_all(folder);
    std::filesystem::copy(made_, folder);
    return folder;
  }

  const MemoryFolder memory_;
  const std::string made_ = memory_.At("made");
};

TEST_F(StoreFailureTest, AllocationsFail) {
  std::map<std::string, int> outcomes;
  for (int64_t n = 1;; n += kStep) {
    const std::string folder = Copy("copy");
    num_failed = 0;
    countdown = n;
    const absl::Status status = UseStore(folder);
    countdown = 0;
    if (num_failed == 0) {
      EXPECT_THAT(status, IsOk());
      break;
    }
    ++outcomes[absl::StatusCodeToString(status.code())];
    // SQLite does without some memory.
    if (!status.ok()) {
      EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted))
          << "allocation " << n;
    }
    ExpectWhole(folder, absl::StrCat("allocation ", n));
  }
  for (const auto& [outcome, count] : outcomes) {
    std::printf("an allocation that fails: %d times %s\n", count,
                outcome.c_str());
  }
  EXPECT_GT(outcomes["RESOURCE_EXHAUSTED"], 100);
}

TEST_F(StoreFailureTest, CreationThatRunsOutOfMemoryLeavesNothingHalf) {
  for (int64_t n = 1;; n += kStep) {
    const std::string folder = memory_.At(absl::StrCat("new", n));
    num_failed = 0;
    countdown = n;
    const absl::Status status =
        Database::Open(folder, OpenMode::kCreate).status();
    countdown = 0;
    if (num_failed == 0) {
      EXPECT_THAT(status, IsOk());
      break;
    }
    if (!status.ok()) {
      EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted))
          << "allocation " << n;
    }
    EXPECT_THAT(Database::Open(folder, OpenMode::kCreate), IsOk());
  }
}

// No file may be longer than so many bytes: as on a disk that is full.
TEST_F(StoreFailureTest, FullDiskIsToldAndLosesNothing) {
  ASSERT_NE(std::signal(SIGXFSZ, SIG_IGN), SIG_ERR);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  int num_refused = 0;
  for (rlim_t size = 0; size < 200'000; size += 7000) {
    const std::string folder = Copy("copy");
    rlimit limit = before;
    limit.rlim_cur = size;
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
    const absl::Status status = UseStore(folder);
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
    num_refused += status.ok() ? 0 : 1;
    EXPECT_FALSE(absl::IsDataLoss(status) || absl::IsInternal(status) ||
                 absl::IsInvalidArgument(status))
        << status;
    ExpectWhole(folder, absl::StrCat(size, " bytes"));
  }
  std::printf("%d times too little room\n", num_refused);
  EXPECT_GT(num_refused, 5);
}

}  // namespace
}  // namespace tekmatch
