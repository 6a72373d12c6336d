// The check with eight threads: within one call, by eight callers over one
// index, and by eight callers of one store. The answer is that of one thread.
//
// Plan: a world; one call with eight threads; eight callers.
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/byte_source.h"
#include "matcher/check/exposure_check.h"
#include "matcher/check/stored_check.h"
#include "matcher/store/database.h"
#include "matcher/store/sighting_store.h"
#include "tests/status_matchers.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::testing::SizeIs;

constexpr int kNumThreads = 8;

// Twelve exports, of 60 keys each, of which the phone heard three each.
class EightThreadsTest : public ::testing::Test {
 protected:
  EightThreadsTest() {
    for (uint64_t i = 0; i < 12; ++i) {
      const std::vector<DiagnosisKey> keys = TestKeys(60, i);
      const std::string name = absl::StrCat(i, ".zip");
      names_.push_back(name);
      options_.files.sources[name] = MemorySource(name, WriteTestExport(keys));
      for (const size_t k : {0, 31, 59}) {
        sightings_.push_back(HearKey(keys[k], kTestDaySeconds + 3600));
      }
    }
    options_.files.trusted = TrustTestSigner();
    options_.now = absl::FromUnixSeconds(kTestDaySeconds + int64_t{5} * 86400);
    options_.block_keys = 8;
  }

  const std::vector<Match>& Expected(
      const std::shared_ptr<const SightingIndex>& index) {
    options_.num_threads = 1;
    auto checked = CheckExposure(names_, index, options_);
    EXPECT_THAT(checked, IsOk());
    expected_ = *std::move(checked);
    EXPECT_THAT(expected_.result.matches, SizeIs(36));
    return expected_.result.matches;
  }

  std::vector<std::string> names_;
  std::vector<Sighting> sightings_;
  ExposureCheckOptions options_;
  ExposureCheckResult expected_;
};

TEST_F(EightThreadsTest, OneCallAndEightCallersOfOneIndex) {
  const auto index = IndexSightings(sightings_);
  ASSERT_THAT(index, IsOk());
  const std::vector<Match>& expected = Expected(*index);
  options_.num_threads = kNumThreads;
  for (int round = 0; round < 3; ++round) {
    const auto checked = CheckExposure(names_, *index, options_);
    ASSERT_THAT(checked, IsOk());
    ASSERT_EQ(checked->result.matches, expected);
  }
  options_.num_threads = 2;
  std::atomic<int> num_right = 0;
  std::vector<std::thread> callers;
  callers.reserve(kNumThreads);
  for (int t = 0; t < kNumThreads; ++t) {
    callers.emplace_back([&] {
      const auto checked = CheckExposure(names_, *index, options_);
      if (checked.ok() && checked->result.matches == expected) ++num_right;
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(num_right, kNumThreads);
}

// One of them checks, or several one after another; the others are told so.
TEST_F(EightThreadsTest, EightCallersOfOneStore) {
  const auto index = IndexSightings(sightings_);
  ASSERT_THAT(index, IsOk());
  const size_t num_expected = Expected(*index).size();
  const std::string folder = TempPath("store");
  {
    auto database = Database::Open(folder, OpenMode::kCreate);
    ASSERT_THAT(database, IsOk());
    auto store = SightingStore::Create(**database);
    ASSERT_THAT(store, IsOk());
    ASSERT_THAT(store->Add(sightings_, options_.now), IsOk());
  }
  StoredCheckOptions options;
  options.check = options_;
  options.check.num_threads = kNumThreads;
  std::atomic<int> num_checked = 0;
  std::atomic<int> num_refused = 0;
  std::vector<std::thread> callers;
  callers.reserve(kNumThreads);
  for (int t = 0; t < kNumThreads; ++t) {
    callers.emplace_back([&] {
      auto database = Database::Open(folder, OpenMode::kCreate);
      if (!database.ok()) {
        ADD_FAILURE() << database.status();
        return;
      }
      const auto checked = CheckStored(**database, names_, options);
      if (checked.ok()) {
        EXPECT_THAT(checked->checked.result.matches, SizeIs(num_expected));
        ++num_checked;
      } else if (absl::IsUnavailable(checked.status())) {
        ++num_refused;
      } else {
        ADD_FAILURE() << checked.status();
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_GE(num_checked, 1);
  EXPECT_EQ(num_checked + num_refused, kNumThreads);
}

}  // namespace
}  // namespace tekmatch
