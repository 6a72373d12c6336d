// How soon a check ends when its caller wants it to, in each of the works that
// it does: while a large export is read and kept, while kept keys are compared
// with late sightings, while known exports are recognised, while own keys are
// counted. And that checks that stop come to their end. What is asserted is
// counted: how many keys are read between two questions, and at which of them
// the time is over (moved_clock.h). Times are printed: they are the machine's.
#include <algorithm>
#include <chrono>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
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
#include "tests/matcher/check/moved_clock.h"
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
        const int64_t time =
            int64_t{key.rolling_start} * kIntervalSeconds + 600;
        (k % 2 == 0 ? early_ : late_).push_back(HearKey(key, time));
        if (k % 2 == 0) again_.push_back(HearKey(key, time + 300));
      }
      if (i == 1) TakeUnheard(plain.keys);
      own_key_ = plain.keys[500].tek;
      num_keys_ += plain.keys.size();
      names_.push_back(absl::StrCat(i, ".zip"));
      options_.check.files.sources[names_.back()] = MemorySource(
          names_.back(), SignedZip(plain, WorldSigners().subspan(0, 1)));
    }
  }

  // One that is none of the first 1000, and of an early day.
  void TakeUnheard(const std::vector<DiagnosisKey>& keys) {
    const auto found =
        std::find_if(keys.begin() + 1000, keys.end(), [](const auto& key) {
          const int64_t day =
              (kTestDaySeconds + int64_t{2} * 86400) / kIntervalSeconds;
          return key.rolling_start >= day && key.rolling_start < day + 144;
        });
    ASSERT_NE(found, keys.end());
    unheard_key_ = *found;
    unheard_ =
        HearKey(*found, int64_t{found->rolling_start} * kIntervalSeconds + 600);
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

  // A store that knows all exports, and then hears `later`.
  void Fill(Database& database, const std::vector<Sighting>& later) {
    Add(database, early_);
    ASSERT_THAT(CheckStored(database, names_, options_), IsOk());
    Add(database, later);
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
    constexpr int kTimes = 8;
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

  // A check that nothing stops.
  struct Whole {
    StoredCheckResult result;
    uint64_t num_asked = 0;
  };

  Whole CheckWhole(Database& database,
                   const std::vector<std::string>& exports = {}) {
    Whole whole;
    options_.check.cancelled = [&whole] {
      ++whole.num_asked;
      return false;
    };
    auto checked = CheckStored(database, exports, options_);
    options_.check.cancelled = {};
    EXPECT_THAT(checked, IsOk());
    if (checked.ok()) whole.result = *std::move(checked);
    EXPECT_FALSE(whole.result.stopped);
    return whole;
  }

  // A check whose time is over at one of its questions.
  StoredCheckResult CheckUntil(Database& database, uint64_t stop_at,
                               const std::vector<std::string>& exports = {}) {
    uint64_t num_asked = 0;
    options_.max_time = kMoreThanATest;
    options_.check.cancelled = [&] {
      if (++num_asked == stop_at) MoveSteadyClock(kMoreThanATest);
      return false;
    };
    auto checked = CheckStored(database, exports, options_);
    options_.max_time = absl::InfiniteDuration();
    options_.check.cancelled = {};
    EXPECT_THAT(checked, IsOk());
    if (!checked.ok()) return {};
    // Nothing is said before all is done.
    EXPECT_EQ(checked->checked.complete, !checked->stopped);
    EXPECT_EQ(checked->checked.result.matches.empty(), checked->stopped);
    return *std::move(checked);
  }

  static std::optional<int64_t> NumberOf(Database& database,
                                         const std::string& name) {
    const auto number = GetNumber(database, name);
    EXPECT_THAT(number, IsOk());
    return number.ok() ? *number : std::nullopt;
  }

  // What a comparison that stopped goes on from. Exports that were compared
  // before less late sightings came come first, then the lesser ids.
  struct Compared {
    std::optional<int64_t> from;
    std::optional<int64_t> entry;
    std::optional<int64_t> day;
    auto operator<=>(const Compared&) const = default;
    friend void PrintTo(const Compared& compared, std::ostream* out) {
      *out << "export " << compared.entry.value_or(-1) << " from day "
           << compared.day.value_or(-1);
    }
  };

  static Compared ComparedOf(Database& database) {
    return {.from = NumberOf(database, "late_from"),
            .entry = NumberOf(database, "late_entry"),
            .day = NumberOf(database, "late_day")};
  }

  // And a look-up: of which keys, and the last export that was asked.
  struct LookedUp {
    std::optional<int64_t> of;
    std::optional<int64_t> until;
    auto operator<=>(const LookedUp&) const = default;
  };

  static LookedUp LookedUpOf(Database& database) {
    return {.of = NumberOf(database, "look_up_of"),
            .until = NumberOf(database, "looked_up_until")};
  }

  static int64_t EndDayOf(const DiagnosisKey& key) {
    return (key.rolling_start + key.rolling_period) / kMaxRollingPeriod;
  }

  static bool HasMatchOf(const StoredCheckResult& result,
                         const DiagnosisKey& key) {
    const auto& matches = result.checked.result.matches;
    return std::any_of(matches.begin(), matches.end(),
                       [&](const auto& match) { return match.tek == key.tek; });
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
  std::vector<Sighting> again_;  // of the keys of early_, later
  DiagnosisKey unheard_key_;     // in none of them, of the largest export
  Sighting unheard_;             // of it
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

// Each check has time for some questions more than the last: in the end all is
// done, and the answer is that of a check that had time.
TEST_F(CancelTest, StopsCleanlyAndGoesOn) {
  const auto whole_store = Open("whole");
  Add(*whole_store, early_);
  ASSERT_THAT(CheckStored(*whole_store, {}, options_), IsOk());
  Add(*whole_store, late_);
  const Whole whole = CheckWhole(*whole_store, names_);

  const auto database = Open("store");
  Add(*database, early_);
  uint64_t num_stopped = 0;
  StoredCheckResult last;
  while (true) {
    ASSERT_LT(num_stopped, 50U);
    last =
        CheckUntil(*database, whole.num_asked * (num_stopped + 1) / 40, names_);
    if (!last.stopped) break;
    if (++num_stopped == 3) Add(*database, late_);
  }
  std::cout << "stopped " << num_stopped << " times\n";
  EXPECT_GE(num_stopped, 3U);
  EXPECT_EQ(CheckLines(last.checked, options_.check, true),
            CheckLines(whole.result.checked, options_.check, true));
}

// Many stops, each after the same number of questions: the end is reached since
// each check goes on where the last one stopped, not since one has the time for
// all of it. Between two stops, a sighting of a day comes that was compared
// before the stop.
//
// Here the largest export takes several checks to be compared. What was heard
// late are keys that were heard before, so that the next check begins with no
// look-up, but with the rest of the export. The sighting that comes in between
// is of another key, in whose look-up the last checks stop.
TEST_F(CancelTest, ComparesOneExportFromStopToStop) {
  const auto whole_store = Open("whole");
  Fill(*whole_store, again_);
  Add(*whole_store, {unheard_});
  const Whole whole = CheckWhole(*whole_store);
  ASSERT_TRUE(HasMatchOf(whole.result, unheard_key_));

  const auto database = Open("store");
  Fill(*database, again_);
  bool is_added = false;
  int num_stops = 0;
  int num_within = 0;  // from one day of an export to a later one
  int num_same = 0;    // stops in a row after which the numbers are the same
  StoredCheckResult last;
  while (true) {
    const Compared compared = ComparedOf(*database);
    const LookedUp looked_up = LookedUpOf(*database);
    // A look-up stops only between two exports. As soon as all that is left is
    // one, each check has what the largest export takes, and not what all do.
    const bool is_look_up = looked_up.until.has_value();
    last = CheckUntil(
        *database, is_look_up ? whole.num_asked * 2 / 5 : whole.num_asked / 8);
    if (!last.stopped) break;
    const Compared compared_now = ComparedOf(*database);
    const LookedUp looked_up_now = LookedUpOf(*database);
    if (compared_now.entry == compared.entry &&
        compared_now.day > compared.day) {
      ++num_within;
    }
    ASSERT_LE(++num_stops, 12);
    const bool is_look_up_now = looked_up_now.until.has_value();
    if (is_look_up && is_look_up_now) {
      ASSERT_GT(looked_up_now.until, looked_up.until);
    }
    // Where it stops before the first day of an export, nothing is saved: the
    // exports before it are done.
    const bool is_same =
        !is_look_up && !is_look_up_now && compared_now == compared;
    num_same = is_same ? num_same + 1 : 0;
    ASSERT_LE(num_same, 1) << testing::PrintToString(compared);
    if (!is_look_up && !is_look_up_now) {
      ASSERT_GE(compared_now, compared);
    }
    if (!is_added && num_within > 0 &&
        compared_now.day > EndDayOf(unheard_key_)) {
      Add(*database, {unheard_});
      is_added = true;
    }
  }
  std::cout << "stopped " << num_stops << " times, " << num_within
            << " times in the same export as before\n";
  EXPECT_TRUE(is_added);
  EXPECT_GE(num_within, 1);
  EXPECT_EQ(CheckLines(last.checked, options_.check, true),
            CheckLines(whole.result.checked, options_.check, true));
}

// The same where late sightings are of keys that nobody heard before: a stop of
// the comparison leaves keys to be looked up, and so does a stop of that. No
// two stops in a row leave the store where earlier ones left it.
TEST_F(CancelTest, LooksUpFromStopToStop) {
  const auto whole_store = Open("whole");
  Fill(*whole_store, late_);
  Add(*whole_store, {unheard_});
  const Whole whole = CheckWhole(*whole_store);
  ASSERT_TRUE(HasMatchOf(whole.result, unheard_key_));

  const auto database = Open("store");
  Fill(*database, late_);
  // What all exports take is more, of the look-up and of the comparison.
  const uint64_t stop_at = whole.num_asked * 2 / 5;
  bool is_added = false;
  int num_stops = 0;
  int num_look_ups = 0;
  int num_old = 0;  // in a row
  std::set<std::pair<Compared, LookedUp>> seen;
  StoredCheckResult last;
  while (true) {
    last = CheckUntil(*database, stop_at);
    if (!last.stopped) break;
    const LookedUp looked_up = LookedUpOf(*database);
    const bool is_new = seen.insert({ComparedOf(*database), looked_up}).second;
    if (!is_added && looked_up.until > 0) {
      Add(*database, {unheard_});
      is_added = true;
    }
    ASSERT_LE(++num_stops, 12);
    num_old = is_new ? 0 : num_old + 1;
    ASSERT_LE(num_old, 1);  // see above
    num_look_ups += looked_up.until > 0 ? 1 : 0;
  }
  std::cout << "stopped " << num_stops << " times, " << num_look_ups
            << " times with some exports looked up\n";
  EXPECT_TRUE(is_added);
  EXPECT_GE(num_look_ups, 1);
  EXPECT_EQ(CheckLines(last.checked, options_.check, true),
            CheckLines(whole.result.checked, options_.check, true));
}

}  // namespace
}  // namespace tekmatch
