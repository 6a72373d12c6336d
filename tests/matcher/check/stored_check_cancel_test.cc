// How soon a check ends when its caller wants it to, in each of the works that
// it does: while a large export is read and kept, while kept keys are compared
// with late sightings, while known exports are recognised, while own keys are
// counted. What is asserted is counted: how many keys are read between two
// questions. Times are printed: they are the machine's.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/byte_source.h"
#include "keyformat/random_source.h"
#include "matcher/check/stored_check.h"
#include "matcher/store/database.h"
#include "matcher/store/meta.h"
#include "matcher/store/sighting_store.h"
#include "tests/matcher/check/check_lines.h"
#include "tests/matcher/check/stored_check_world.h"
#include "tests/sanitized.h"
#include "tests/status_matchers.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using Clock = std::chrono::steady_clock;

// Of the largest export; four others have a tenth.
constexpr size_t kManyKeys = ShareOf(300'000);
constexpr int kNumDays = 13;

double MillisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start)
      .count();
}

class CancelTest : public ::testing::Test {
 protected:
  CancelTest() {
    options_.check.files.trusted = TrustWorldSigners(1);
    options_.check.now = absl::FromUnixSeconds(kTestDaySeconds +
                                               int64_t{86400} * (kNumDays + 1));
    RandomSource random = RandomSource::Seeded(1);
    for (int i = 1; i <= 5; ++i) {
      PlainExport plain;
      plain.start_timestamp = kTestDaySeconds;
      plain.end_timestamp =
          kTestDaySeconds + static_cast<uint64_t>(86400 * (kNumDays - 5 + i));
      plain.keys = TestKeys(i == 1 ? kManyKeys : kManyKeys / 10,
                            static_cast<uint64_t>(i));
      for (DiagnosisKey& key : plain.keys) {
        key.rolling_start += static_cast<EnIntervalNumber>(
            144 * random.Below(static_cast<uint64_t>(kNumDays)));
      }
      for (size_t k = 0; k < 100; ++k) {
        const DiagnosisKey& key = plain.keys[k];
        (k % 2 == 0 ? early_ : late_)
            .push_back(HearKey(
                key, int64_t{key.rolling_start} * kIntervalSeconds + 600));
      }
      own_key_ = plain.keys[500].tek;
      num_keys_ += plain.keys.size();
      names_.push_back(absl::StrCat(i, ".zip"));
      options_.check.files.sources[names_.back()] = MemorySource(
          names_.back(), SignedZip(plain, WorldSigners().subspan(0, 1)));
    }
  }

  std::unique_ptr<Database> Open(const std::string& name) {
    auto opened = Database::Open(TempPath(name), OpenMode::kCreate);
    EXPECT_THAT(opened, IsOk());
    return opened.ok() ? *std::move(opened) : nullptr;
  }

  void Add(Database& database, const std::vector<Sighting>& sightings) {
    auto store = SightingStore::Create(database);
    ASSERT_THAT(store, IsOk());
    ASSERT_THAT(store->Add(sightings, options_.check.now), IsOk());
  }

  // A copy of the store `name`, to be worked on.
  std::unique_ptr<Database> Copy(const std::string& name) {
    const std::string copy = TempPath("copy");
    std::filesystem::remove_all(copy);
    std::filesystem::copy(TempPath(name), copy,
                          std::filesystem::copy_options::recursive);
    return Open("copy");
  }

  struct Asked {
    uint64_t times = 0;
    double usual_ms = 0;        // of the whole check
    double longest_ms = 0;      // from one question to the next, or to the end
    double ended_after_ms = 0;  // from cancelled to the end, at most
  };

  // Checks copies of the store `name`: once to its end, then cancelled at
  // times spread over that.
  Asked Measure(const std::string& name,
                const std::vector<std::string>& exports) {
    Asked asked;
    {
      const std::unique_ptr<Database> database = Copy(name);
      const Clock::time_point start = Clock::now();
      Clock::time_point last = start;
      const auto look = [&] {
        asked.longest_ms = std::max(asked.longest_ms, MillisecondsSince(last));
        last = Clock::now();
      };
      options_.check.cancelled = [&] {
        ++asked.times;
        look();
        return false;
      };
      EXPECT_THAT(CheckStored(*database, exports, options_), IsOk());
      look();
      asked.usual_ms = MillisecondsSince(start);
    }
    constexpr int kTimes = 15;
    for (int i = 1; i <= kTimes; ++i) {
      const std::unique_ptr<Database> database = Copy(name);
      const auto at =
          Clock::now() + std::chrono::duration_cast<Clock::duration>(
                             std::chrono::duration<double, std::milli>(
                                 asked.usual_ms * i / (kTimes + 1)));
      options_.check.cancelled = [at] { return Clock::now() >= at; };
      const auto checked = CheckStored(*database, exports, options_);
      if (checked.ok()) continue;  // quicker than usual
      EXPECT_THAT(checked, StatusIs(absl::StatusCode::kCancelled));
      asked.ended_after_ms =
          std::max(asked.ended_after_ms, MillisecondsSince(at));
    }
    options_.check.cancelled = {};
    return asked;
  }

  static void Print(const char* what, const Asked& asked) {
    std::cout << what << ": asked " << asked.times << " times in "
              << asked.usual_ms << " ms, at most " << asked.longest_ms
              << " ms apart; cancelled, it ended within "
              << asked.ended_after_ms << " ms\n";
  }

  StoredCheckOptions options_;
  std::vector<std::string> names_;
  uint64_t num_keys_ = 0;
  Tek own_key_;
  std::vector<Sighting> early_;
  std::vector<Sighting> late_;
};

// The most keys between two questions: a block.
constexpr uint64_t kBlockKeys = uint64_t{1} << 14;

TEST_F(CancelTest, IsSoonInEveryWork) {
  Add(*Open("empty"), early_);
  const Asked reading = Measure("empty", names_);
  Print("reading new exports", reading);
  EXPECT_GE(reading.times, num_keys_ / kBlockKeys);
  {
    const auto database = Open("full");
    Add(*database, early_);
    ASSERT_THAT(CheckStored(*database, names_, options_), IsOk());
  }
  const Asked known = Measure("full", names_);
  Print("recognising known exports", known);
  // 64 KiB at a time; a key takes at least 20 bytes.
  EXPECT_GE(known.times, num_keys_ * 20 / 65536);

  options_.check.own_keys.of_all = {own_key_};
  const Asked own = Measure("full", {});
  options_.check.own_keys.of_all.clear();
  Print("counting own keys", own);
  EXPECT_GE(own.times, num_keys_ / kBlockKeys);

  Add(*Open("full"), late_);
  const Asked late = Measure("full", {});
  Print("comparing late sightings", late);
  EXPECT_GE(late.times, 2 * num_keys_ / kBlockKeys);
}

// By progress: never more keys than a block without a question.
TEST_F(CancelTest, AQuestionAtEachBlock) {
  const auto database = Open("store");
  Add(*database, early_);
  uint64_t num_at_question = 0;
  uint64_t num_read = 0;
  uint64_t most = 0;
  options_.check.progress = [&](size_t, uint64_t n) {
    num_read = n;
    most = std::max(most, num_read - num_at_question);
  };
  options_.check.cancelled = [&] {
    num_at_question = num_read;
    return false;
  };
  ASSERT_THAT(CheckStored(*database, names_, options_), IsOk());
  EXPECT_EQ(num_read, num_keys_);
  EXPECT_LE(most, kBlockKeys);
}

// Each check has some milliseconds more than the last: in the end all is done,
// and the answer is that of a check that had time.
TEST_F(CancelTest, StopsCleanlyAndGoesOn) {
  const auto whole_store = Open("whole");
  Add(*whole_store, early_);
  ASSERT_THAT(CheckStored(*whole_store, {}, options_), IsOk());
  Add(*whole_store, late_);
  const auto start = Clock::now();
  const auto whole = CheckStored(*whole_store, names_, options_);
  ASSERT_THAT(whole, IsOk());
  const double usual_ms = MillisecondsSince(start);

  const auto database = Open("store");
  Add(*database, early_);
  int num_stopped = 0;
  double most_over_ms = 0;
  StoredCheckResult last;
  for (int i = 1;; ++i) {
    ASSERT_LT(i, 1000);
    options_.max_time = absl::Milliseconds(usual_ms / 40 * i);
    const auto begin = Clock::now();
    auto checked = CheckStored(*database, names_, options_);
    ASSERT_THAT(checked, IsOk());
    // Nothing is said before all is done.
    EXPECT_EQ(checked->checked.complete, !checked->stopped);
    EXPECT_EQ(checked->checked.result.matches.empty(), checked->stopped);
    last = *std::move(checked);
    if (!last.stopped && i > 1) break;
    ++num_stopped;
    most_over_ms = std::max(most_over_ms,
                            MillisecondsSince(begin) -
                                absl::ToDoubleMilliseconds(options_.max_time));
    if (num_stopped == 3) Add(*database, late_);
  }
  std::cout << "stopped " << num_stopped << " times, at most " << most_over_ms
            << " ms after max_time; the whole takes " << usual_ms << " ms\n";
  EXPECT_GE(num_stopped, 3);
  EXPECT_EQ(CheckLines(last.checked, options_.check, true),
            CheckLines(whole->checked, options_.check, true));
}

// The time is over after so many questions, in the middle of an export's
// comparison and of the look-up of what was heard: the next check goes on
// there.
TEST_F(CancelTest, StopsWithinOneExportAndGoesOn) {
  const auto fill = [this](Database& database) {
    Add(database, early_);
    ASSERT_THAT(CheckStored(database, names_, options_), IsOk());
    Add(database, late_);
  };
  const auto whole_store = Open("whole");
  fill(*whole_store);
  uint64_t num_all = 0;
  options_.check.cancelled = [&num_all] {
    ++num_all;
    return false;
  };
  const auto whole = CheckStored(*whole_store, {}, options_);
  ASSERT_THAT(whole, IsOk());

  options_.check.cancelled = {};
  const auto database = Open("store");
  fill(*database);
  bool any_day_done = false;
  bool any_looked_up = false;
  StoredCheckResult last;
  int num_stopped = 0;
  for (uint64_t i = 1;; ++i) {
    ASSERT_LT(i, 100U);
    // Each has some more than the last, so that all of it is done some day.
    const uint64_t stop_at = std::max<uint64_t>(num_all * i / 16, 8);
    uint64_t num_asked = 0;
    options_.max_time = absl::Milliseconds(300);
    options_.check.cancelled = [&] {
      if (++num_asked == stop_at) absl::SleepFor(options_.max_time);
      return false;
    };
    auto checked = CheckStored(*database, {}, options_);
    ASSERT_THAT(checked, IsOk());
    EXPECT_EQ(checked->checked.complete, !checked->stopped);
    last = *std::move(checked);
    if (!last.stopped) break;
    ++num_stopped;
    any_day_done |= GetNumber(*database, "late_day")->has_value();
    any_looked_up |= GetNumber(*database, "looked_up_until")->has_value();
  }
  EXPECT_GE(num_stopped, 2);
  EXPECT_TRUE(any_day_done);
  EXPECT_TRUE(any_looked_up);
  EXPECT_EQ(CheckLines(last.checked, options_.check, true),
            CheckLines(whole->checked, options_.check, true));
}

}  // namespace
}  // namespace tekmatch
