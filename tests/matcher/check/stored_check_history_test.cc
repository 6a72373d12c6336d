// Checking in any order is checking at once. Random histories of an app's life:
// exports and sightings come in random portions and orders, some of them twice
// or under other names, to checks some of which are cancelled at a random
// moment or run out of time, under options that change from check to check.
// After each check that has an answer, the answer is that of one CheckExposure
// over all exports and sightings that are in the store, in everything that it
// says but the names of files; and at the end everything is in the store.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/random_source.h"
#include "matcher/check/export_files.h"
#include "matcher/check/exposure_check.h"
#include "matcher/check/stored_check.h"
#include "matcher/store/database.h"
#include "matcher/store/sighting_store.h"
#include "tests/matcher/check/check_lines.h"
#include "tests/matcher/check/stored_check_world.h"
#include "tests/sanitized.h"
#include "tests/status_matchers.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"

// In place of the system's: nothing here ends the process, and waiting for the
// disk is nine tenths of the time.
extern "C" int fsync(int /*fd*/) { return 0; }
extern "C" int fdatasync(int /*fd*/) { return 0; }

namespace tekmatch {
namespace {

using ::testing::IsEmpty;

constexpr uint64_t kNumHistories = ShareOf(350);

// What all histories together met, so that none of it is missing unnoticed.
struct Totals {
  uint64_t checks = 0;
  uint64_t cancelled = 0;
  uint64_t stopped = 0;
  uint64_t answers = 0;  // compared with CheckExposure's
  uint64_t needed_again = 0;
  uint64_t untrusted = 0;
  uint64_t matches = 0;
  uint64_t days = 0;
  uint64_t revisions = 0;
  uint64_t conflicts = 0;
  uint64_t revoked = 0;
  uint64_t own_keys = 0;
  uint64_t rejected = 0;
  uint64_t outside_first_publication = 0;
};

absl::TimeZone Tokyo() {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone("Asia/Tokyo", &zone));
  return zone;
}

enum class Keeping : uint8_t { kAlways, kNever, kNowAndThen };

class History {
 public:
  History(uint64_t seed, Totals* totals)
      : random_(RandomSource::Seeded(seed)),
        world_(RandomStoredCheckWorld(random_)),
        keeping_(static_cast<Keeping>(random_.Below(3))),
        has_own_keys_(random_.Below(2) == 0),
        folder_(TempPath(absl::StrCat(seed))),
        totals_(totals) {
    for (const std::string& name : world_.exports) {
      const auto print = FingerprintOf(name, {.sources = world_.sources},
                                       [] { return absl::OkStatus(); });
      EXPECT_THAT(print, IsOk());
      if (print.ok()) exports_[print->digests.sha256] = name;
    }
  }

  History(const History&) = delete;
  History& operator=(const History&) = delete;
  ~History() {
    database_.reset();
    std::filesystem::remove_all(folder_);
  }

  void Run() {
    for (uint64_t n = random_.Below(8); n > 0; --n) {
      std::vector<Sighting> sightings = SomeOf(world_.sightings);
      // One alone: the next check looks at no more keys than it has to.
      if (!sightings.empty() && random_.Below(2) == 0) {
        sightings.erase(sightings.begin() + 1, sightings.end());
      }
      AddSightings(sightings);
      std::vector<std::string> names = SomeOf(world_.exports);
      for (const auto& [copy, original] : world_.copies) {
        if (random_.Below(4) == 0) names.push_back(copy);
      }
      for (const std::string& bad : world_.bad) {
        if (random_.Below(4) == 0) names.push_back(bad);
      }
      random_.Shuffle(names);
      const bool is_cancelled = random_.Below(3) == 0;
      const bool is_short = random_.Below(4) == 0;
      Check(names, RandomOptions(), is_cancelled ? Ending() : 0,
            is_short ? absl::Microseconds(random_.Below(4000))
                     : absl::InfiniteDuration());
      if (::testing::Test::HasFatalFailure()) return;
    }
    GiveTheRest();
  }

 private:
  template <typename T>
  std::vector<T> SomeOf(std::vector<T> items) {
    random_.Shuffle(items);
    items.resize(static_cast<size_t>(random_.Below(items.size() + 1)));
    return items;
  }

  // At which call `cancelled` says true: often early, where most happens.
  uint64_t Ending() { return 1 + random_.Below(1 + random_.Below(200)); }

  Database& Store() {
    if (database_ == nullptr || random_.Below(4) == 0) {
      database_.reset();
      auto opened = Database::Open(folder_, OpenMode::kCreate);
      EXPECT_THAT(opened, IsOk());
      database_ = *std::move(opened);
    }
    return *database_;
  }

  void AddSightings(const std::vector<Sighting>& sightings) {
    auto store = SightingStore::Create(Store());
    ASSERT_THAT(store, IsOk());
    ASSERT_THAT(store->Add(sightings, now_), IsOk());
  }

  ExposureCheckOptions RandomOptions() {
    ExposureCheckOptions options;
    options.files.trusted = TrustWorldSigners(
        random_.Below(4) == 0 ? 1 + random_.Below(2) : WorldSigners().size());
    options.files.sources = world_.sources;
    options.skip_bad_files = random_.Below(4) != 0;
    options.policy.tolerance_intervals =
        std::vector<int>{0, 6, 12, 12, 12, 144}[random_.Below(6)];
    options.policy.replay_cut_seconds = random_.Below(3) == 0 ? 100'000 : 1200;
    static const char* const kPolicies[] = {"none", "civil", "cocoa-1.2.1",
                                            "cocoa-3"};
    options.window_policy =
        *NamedTransmissionWindowPolicy(kPolicies[random_.Below(4)]);
    options.window_zone = random_.Below(2) == 0 ? Tokyo() : absl::UTCTimeZone();
    options.zone = random_.Below(2) == 0 ? Tokyo() : absl::UTCTimeZone();
    const uint64_t config = random_.Below(3);
    if (config > 0) {
      options.config =
          *NamedExposureConfig(config == 1 ? "cocoa" : "platform-default");
    }
    now_ = absl::FromUnixSeconds(
        kTestDaySeconds + int64_t{86400} * kLastWorldDay -
        static_cast<int64_t>(random_.Below(uint64_t{2} * 86400)));
    options.now = now_;
    options.report_type_when_missing = random_.Below(2) == 0
                                           ? ReportType::kConfirmedTest
                                           : ReportType::kSelfReport;
    // Of an export without its keys it is known which ones were own then.
    if (keeping_ == Keeping::kAlways ? random_.Below(2) == 0 : has_own_keys_) {
      options.own_keys.of_all = world_.own_keys;
    }
    options.num_threads = static_cast<int>(1 + random_.Below(2));
    options.block_keys = std::vector<size_t>{0, 1, 7}[random_.Below(3)];
    options.keep_dropped = random_.Below(2) == 0;
    return options;
  }

  bool KeepsKeys() {
    switch (keeping_) {
      case Keeping::kAlways:
        return true;
      case Keeping::kNever:
        return false;
      case Keeping::kNowAndThen:
        return random_.Below(2) == 0;
    }
    return true;
  }

  // One check; `cancel_at` as Ending(), 0 for never. Returns what it says, or
  // nothing of a check that was cancelled.
  std::optional<StoredCheckResult> Check(const std::vector<std::string>& names,
                                         const ExposureCheckOptions& options,
                                         uint64_t cancel_at,
                                         absl::Duration max_time) {
    StoredCheckOptions stored;
    stored.check = options;
    stored.keep_keys = KeepsKeys();
    stored.max_time = max_time;
    uint64_t num_asked = 0;
    stored.check.cancelled = [&num_asked, cancel_at] {
      return ++num_asked == cancel_at;
    };
    ++totals_->checks;
    absl::StatusOr<StoredCheckResult> checked =
        CheckStored(Store(), names, stored);
    if (cancel_at > 0 && num_asked >= cancel_at) {
      ++totals_->cancelled;
      EXPECT_THAT(checked, StatusIs(absl::StatusCode::kCancelled));
      return std::nullopt;
    }
    EXPECT_THAT(checked, IsOk());
    if (!checked.ok()) return std::nullopt;
    EXPECT_TRUE(max_time != absl::InfiniteDuration() || !checked->stopped);
    LookAtGiven(names, *checked);
    LookAtAnswer(options, *checked);
    return *std::move(checked);
  }

  void LookAtGiven(const std::vector<std::string>& names,
                   const StoredCheckResult& checked) {
    totals_->stopped += checked.stopped ? 1 : 0;
    totals_->needed_again += checked.needed_again.size();
    totals_->untrusted += checked.num_untrusted;
    EXPECT_EQ(checked.num_expired_exports, 0U);
    EXPECT_EQ(checked.retained.num_removed, 0U);
    ASSERT_EQ(checked.given.size(), names.size());
    for (size_t i = 0; i < names.size(); ++i) {
      const GivenExport& given = checked.given[i];
      EXPECT_EQ(given.path, names[i]);
      const auto is_bad =
          std::count(world_.bad.begin(), world_.bad.end(), names[i]) > 0;
      if (is_bad) {
        EXPECT_TRUE(given.state == GivenState::kRefused ||
                    given.state == GivenState::kNotReached);
      }
      EXPECT_TRUE(given.state != GivenState::kNotReached || checked.stopped);
    }
  }

  // The exports that are in the store and count, by their names in the world.
  std::vector<std::string> InStore(const StoredCheckResult& checked) {
    std::vector<std::string> names;
    for (const ExportFileResult& file : checked.checked.files) {
      const auto found = exports_.find(file.report.digests.sha256);
      if (!IsOfStore(file)) continue;
      EXPECT_TRUE(found != exports_.end());
      if (found != exports_.end()) names.push_back(found->second);
    }
    return names;
  }

  std::vector<std::string> Missing(const StoredCheckResult& checked) {
    const std::vector<std::string> there = InStore(checked);
    std::vector<std::string> missing;
    for (const std::string& name : world_.exports) {
      if (std::count(there.begin(), there.end(), name) == 0) {
        missing.push_back(name);
      }
    }
    return missing;
  }

  void LookAtAnswer(const ExposureCheckOptions& options,
                    const StoredCheckResult& checked) {
    const ExposureCheckResult& result = checked.checked;
    if (!result.complete) {
      EXPECT_THAT(result.result.matches, IsEmpty());
      EXPECT_EQ(result.num_keys, 0U);
    }
    const bool lacks_something =
        checked.stopped || !checked.needed_again.empty() ||
        std::any_of(checked.given.begin(), checked.given.end(),
                    [](const GivenExport& given) {
                      return given.state == GivenState::kRefused;
                    });
    if (lacks_something && !result.complete) return;
    if (!checked.needed_again.empty()) return;  // the rest is an answer in part

    auto store = SightingStore::Create(*database_);
    ASSERT_THAT(store, IsOk());
    auto sightings = store->Read();
    ASSERT_THAT(sightings, IsOk());
    const auto index = IndexSightings(std::move(sightings->sightings));
    ASSERT_THAT(index, IsOk());
    const auto at_once = CheckExposure(InStore(checked), *index, options);
    ASSERT_THAT(at_once, IsOk());
    const bool with_duplicates = !world_.repeats_keys;
    ASSERT_EQ(CheckLines(result, options, with_duplicates),
              CheckLines(*at_once, options, with_duplicates));
    ++totals_->answers;
    totals_->matches += result.result.matches.size();
    totals_->revisions += result.num_revisions;
    for (const uint64_t n : result.num_conflicts) totals_->conflicts += n;
    totals_->revoked += result.report_types.num_revoked;
    totals_->own_keys += result.num_own_keys;
    totals_->rejected += result.num_rejected;
    totals_->outside_first_publication += result.num_outside_first_publication;
    for (const auto& [device, findings] : result.findings) {
      totals_->days += findings.days.size();
    }
  }

  void GiveTheRest() {
    AddSightings(world_.sightings);
    ExposureCheckOptions options = RandomOptions();
    options.files.trusted = TrustWorldSigners(WorldSigners().size());
    options.skip_bad_files = world_.lacks_a_file;
    std::optional<StoredCheckResult> last;
    if (random_.Below(2) == 0) {
      // All at once, known ones among them: then nothing is needed again.
      std::vector<std::string> names = world_.exports;
      random_.Shuffle(names);
      last = Check(names, options, 0, absl::InfiniteDuration());
      ASSERT_TRUE(last.has_value());
      EXPECT_THAT(last->needed_again, IsEmpty());
    } else {
      // What was never given, and then what the answer names.
      last = Check({}, options, 0, absl::InfiniteDuration());
      for (int round = 0; last.has_value(); ++round) {
        ASSERT_LT(round, 8);
        std::vector<std::string> names = last->needed_again;
        for (const std::string& name : Missing(*last)) names.push_back(name);
        if (names.empty()) break;
        last = Check(names, options, 0, absl::InfiniteDuration());
      }
      ASSERT_TRUE(last.has_value());
    }
    EXPECT_TRUE(last->checked.complete);
    EXPECT_EQ(InStore(*last).size(), exports_.size());
    EXPECT_EQ(last->num_untrusted, 0U);
    // Nothing is new any more, under any name.
    std::vector<std::string> names;
    for (const auto& [name, source] : world_.sources) {
      if (std::count(world_.bad.begin(), world_.bad.end(), name) == 0) {
        names.push_back(name);
      }
    }
    last = Check(names, options, 0, absl::InfiniteDuration());
    ASSERT_TRUE(last.has_value());
    for (const GivenExport& given : last->given) {
      EXPECT_EQ(given.state, GivenState::kKnown) << given.path;
    }
    // All sightings are there: equal ones as often as they were given at once.
    auto store = SightingStore::Create(*database_);
    ASSERT_THAT(store, IsOk());
    auto stored = store->Read();
    ASSERT_THAT(stored, IsOk());
    std::multiset<Sighting> want(world_.sightings.begin(),
                                 world_.sightings.end());
    EXPECT_EQ(std::multiset<Sighting>(stored->sightings.begin(),
                                      stored->sightings.end()),
              want);
  }

  RandomSource random_;
  const StoredCheckWorld world_;
  Keeping keeping_;
  bool has_own_keys_;
  std::string folder_;
  Totals* totals_;
  std::map<Sha256Digest, std::string> exports_;
  std::unique_ptr<Database> database_;
  absl::Time now_ = absl::FromUnixSeconds(kTestDaySeconds +
                                          int64_t{86400} * (kLastWorldDay - 2));
};

TEST(StoredCheckHistoryTest, AnyOrderIsAllAtOnce) {
  Totals totals;
  const auto start = std::chrono::steady_clock::now();
  for (uint64_t seed = 1; seed <= kNumHistories; ++seed) {
    SCOPED_TRACE(absl::StrCat("history of seed ", seed));
    History(seed, &totals).Run();
    if (HasFailure()) return;
  }
  const auto seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start);
  std::cout << kNumHistories << " histories in " << seconds.count()
            << " s: " << totals.checks << " checks, " << totals.cancelled
            << " of them cancelled and " << totals.stopped
            << " stopped by time; " << totals.answers
            << " answers equal to that of one check, with " << totals.matches
            << " matches on " << totals.days << " days; exports needed again "
            << totals.needed_again << ", untrusted " << totals.untrusted
            << "; revisions " << totals.revisions << ", conflicts "
            << totals.conflicts << ", revoked matches " << totals.revoked
            << ", own keys " << totals.own_keys << ", rejected keys "
            << totals.rejected << ", matches outside a first publication "
            << totals.outside_first_publication << "\n";
  EXPECT_GT(totals.cancelled, ShareOf(100));
  EXPECT_GT(totals.stopped, ShareOf(10));
  EXPECT_GT(totals.answers, ShareOf(1000));
  EXPECT_GT(totals.matches, ShareOf(10'000));
  EXPECT_GT(totals.days, ShareOf(500));
  EXPECT_GT(totals.needed_again, ShareOf(200));
  EXPECT_GT(totals.untrusted, ShareOf(100));
  EXPECT_GT(totals.revisions, ShareOf(200));
  EXPECT_GT(totals.conflicts, ShareOf(500));
  EXPECT_GT(totals.revoked, ShareOf(200));
  EXPECT_GT(totals.own_keys, ShareOf(50));
  EXPECT_GT(totals.rejected, ShareOf(200));
  EXPECT_GT(totals.outside_first_publication, ShareOf(20));
}

}  // namespace
}  // namespace tekmatch
