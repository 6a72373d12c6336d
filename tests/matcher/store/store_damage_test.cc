// Files that are not what the store wrote: never a crash, never sightings that
// were not added, and never fewer without saying so.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <random>
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
#include "tests/matcher/store/store_testing.h"
#include "tests/memory_folder.h"
#include "tests/sanitized.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

constexpr int64_t kNow = kStart + 14 * kDay;

// What the store says of a folder's files. With `all`, everything else that it
// can be asked is asked too, and must not crash.
absl::StatusOr<std::vector<Sighting>> Ask(const std::string& folder, bool all) {
  TEKMATCH_ASSIGN_OR_RETURN(const auto database,
                            Database::Open(folder, OpenMode::kExisting));
  TEKMATCH_ASSIGN_OR_RETURN(SightingStore store,
                            SightingStore::Create(*database));
  absl::StatusOr<StoredSightings> stored = store.Read();
  if (!all) {
    if (!stored.ok()) return stored.status();
    return Sorted(std::move(stored->sightings));
  }
  store.Status().status().IgnoreError();
  store.Read(1).status().IgnoreError();
  database->CheckIntegrity().IgnoreError();
  store.Add({Planted(1, kNow)}, At(kNow)).status().IgnoreError();
  store.Retain(At(kNow + 7 * kDay), absl::ZeroDuration())
      .status()
      .IgnoreError();
  if (!stored.ok()) return stored.status();
  return Sorted(std::move(stored->sightings));
}

class StoreDamageTest : public ::testing::Test {
 protected:
  StoreDamageTest() {
    OpenStore open(folder_);
    for (uint32_t day = 0; day < 14; ++day) {
      std::vector<Sighting> batch;
      for (uint32_t i = 0; i < 150; ++i) {
        batch.push_back(
            Planted(day * 1000 + i, kStart + day * kDay + int64_t{i} * 300));
      }
      EXPECT_THAT(open.store->Add(batch, At(kNow)), IsOk());
      if (day == 6) {
        // What was added afterwards is in the -wal alone.
        EXPECT_THAT(open.database->Checkpoint(absl::ZeroDuration()),
                    IsOkAndHolds(true));
      }
    }
    auto stored = open.store->Read();
    EXPECT_THAT(stored, IsOk());
    all_ = Sorted(std::move(stored->sightings));
    database_with_wal_ = ReadFile(path_);
    wal_ = ReadFile(path_ + "-wal");
    EXPECT_THAT(open.database->Checkpoint(absl::ZeroDuration()),
                IsOkAndHolds(true));
    whole_ = ReadFile(path_);
  }

  // Puts these bytes where the database is.
  void Put(const std::string& database, const std::string& wal = "") {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
    WriteFile(path_, database);
    if (!wal.empty()) WriteFile(path_ + "-wal", wal);
  }

  // All or an error that says so; counts which.
  void ExpectAllOrError(const std::string& what) {
    const auto answer = Ask(folder_, ++num_asked_ % 4 == 0);
    if (answer.ok()) {
      ++outcomes_["all there"];
      EXPECT_TRUE(*answer == all_) << what << ": " << answer->size();
      return;
    }
    ++outcomes_[absl::StatusCodeToString(answer.status().code())];
    EXPECT_THAT(answer.status().code(),
                ::testing::AnyOf(absl::StatusCode::kDataLoss,
                                 absl::StatusCode::kFailedPrecondition))
        << what << ": " << answer.status();
  }

  void PrintOutcomes(const char* what) {
    for (const auto& [outcome, count] : outcomes_) {
      std::printf("%s: %d times %s\n", what, count, outcome.c_str());
    }
  }

  const MemoryFolder memory_;
  const std::string folder_ = memory_.At("store");
  const std::string path_ = folder_ + "/tekmatch.sqlite";
  std::vector<Sighting> all_;
  std::string whole_;              // all in the database
  std::string database_with_wal_;  // a half in the database
  std::string wal_;                // and a half here
  std::map<std::string, int> outcomes_;
  int num_asked_ = 0;
};

TEST_F(StoreDamageTest, FilesAreAsTheyShouldBe) {
  EXPECT_EQ(all_.size(), 14u * 150u);
  Put(whole_);
  ExpectAllOrError("whole");
  Put(database_with_wal_, wal_);
  ExpectAllOrError("with -wal");
  EXPECT_EQ(outcomes_["all there"], 2);
}

TEST_F(StoreDamageTest, FlippedBytes) {
  std::mt19937_64 random(1);
  const uint64_t step = std::max<uint64_t>(1, whole_.size() / ShareOf(400));
  for (size_t at = 0; at < whole_.size();
       at += at < 100 ? 1 : 1 + random() % (2 * step)) {
    std::string bytes = whole_;
    const int flip = random() % 2 == 0 ? 0xFF : 1 << random() % 8;
    bytes[at] = static_cast<char>(bytes[at] ^ flip);
    Put(bytes);
    ExpectAllOrError(absl::StrCat("byte ", at, " flipped by ", flip));
  }
  PrintOutcomes("a flipped byte");
  EXPECT_GT(outcomes_["DATA_LOSS"], 0);
}

TEST_F(StoreDamageTest, FilesThatWereCutOff) {
  const size_t step = whole_.size() / ShareOf(60) + 1;
  for (size_t size = 0; size < whole_.size(); size += step) {
    Put(whole_.substr(0, size));
    ExpectAllOrError(absl::StrCat("the first ", size, " bytes"));
  }
  PrintOutcomes("a file that was cut off");
  EXPECT_EQ(outcomes_["all there"], 0);
}

TEST_F(StoreDamageTest, RunsOfOtherBytes) {
  std::mt19937_64 random(2);
  for (uint64_t i = 0; i < ShareOf(80); ++i) {
    std::string bytes = whole_;
    const size_t at = random() % bytes.size();
    const size_t size = std::min<size_t>(bytes.size() - at, random() % 6000);
    const bool zeroes = random() % 2 == 0;
    for (size_t j = at; j < at + size; ++j) {
      bytes[j] = zeroes ? '\0' : static_cast<char>(random());
    }
    Put(bytes);
    ExpectAllOrError(absl::StrCat(size, " bytes at ", at));
  }
  PrintOutcomes("a run of other bytes");
}

// SQLite takes the first frame that is not whole for the end of the -wal, as a
// loss of power leaves it: what was added last is undone then, batch by batch.
TEST_F(StoreDamageTest, WalThatIsDamagedEndsThere) {
  std::mt19937_64 random(3);
  for (uint64_t i = 0; i < ShareOf(80); ++i) {
    std::string wal = wal_;
    const size_t at = random() % wal.size();
    if (random() % 2 == 0) {
      wal.resize(at);
    } else {
      wal[at] = static_cast<char>(wal[at] ^ (1 << random() % 8));
    }
    Put(database_with_wal_, wal);
    const auto answer = Ask(folder_, ++num_asked_ % 4 == 0);
    if (!answer.ok()) {
      ++outcomes_[absl::StatusCodeToString(answer.status().code())];
      EXPECT_THAT(answer, StatusIs(absl::StatusCode::kDataLoss));
      continue;
    }
    ++outcomes_["the first batches there"];
    EXPECT_EQ(answer->size() % 150, 0u);
    EXPECT_GE(answer->size(), 7u * 150u);
    EXPECT_TRUE(std::equal(answer->begin(), answer->end(), all_.begin()));
  }
  PrintOutcomes("a damaged -wal");
  EXPECT_GT(outcomes_["the first batches there"], 0);
}

}  // namespace
}  // namespace tekmatch
