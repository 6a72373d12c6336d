// A check that is killed at any moment, and goes on. An app's day is a script:
// sightings, a check of some exports, more sightings, checks whose time is over
// before they are done, a check of all exports. A child process runs it, is
// killed, and the script is run again from its beginning, killed or not, until
// it comes to its end. Always the answer is that of a run that nobody killed,
// and after every kill each export that is marked is whole.
//
// Moments are chosen in two ways: by time, over as long as a run takes; and by
// counting the calls by which anything comes to be in a file, of which any one
// may be the last, be done by half, or not be done at all. Those are stood in
// for here, so that a kill can be at exactly that place. A third of those kills
// are between the first call of the checks that stop and their last. The ways
// take turns, each until it has killed, however fast the machine is by then.
#include <signal.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/byte_source.h"
#include "keyformat/random_source.h"
#include "keyformat/status_macros.h"
#include "matcher/check/exposure_check.h"
#include "matcher/check/ledger.h"
#include "matcher/check/stored_check.h"
#include "matcher/store/database.h"
#include "matcher/store/sighting_store.h"
#include "tests/matcher/check/check_lines.h"
#include "tests/matcher/check/moved_clock.h"
#include "tests/matcher/check/stored_check_world.h"
#include "tests/memory_folder.h"
#include "tests/sanitized.h"
#include "tests/status_matchers.h"
#include "tests/test_exports.h"

namespace {

// Of the calls below, in this process.
uint64_t g_num_calls = 0;
uint64_t g_last_call = 0;  // the one at which the process is killed; 0: none

enum class Cut { kBefore, kHalf, kAfter };
Cut g_cut = Cut::kBefore;

void Die() { kill(getpid(), SIGKILL); }

// What the call returns, unless the process ends.
template <typename Call, typename Half>
auto Counted(const Call& call, const Half& half) -> decltype(call()) {
  const bool is_last = ++g_num_calls == g_last_call;
  if (is_last && g_cut == Cut::kBefore) Die();
  if (is_last && g_cut == Cut::kHalf) {
    half();
    Die();
  }
  const auto result = call();
  if (is_last) Die();
  return result;
}

template <typename Call>
auto Counted(const Call& call) -> decltype(call()) {
  return Counted(call, [] {});
}

}  // namespace

extern "C" ssize_t pwrite64(int fd, const void* bytes, size_t size,
                            off64_t at) {
  const auto write = [fd, bytes, at](size_t n) {
    return static_cast<ssize_t>(syscall(SYS_pwrite64, fd, bytes, n, at));
  };
  return Counted([&] { return write(size); }, [&] { write(size / 2); });
}
extern "C" int ftruncate64(int fd, off64_t size) noexcept {
  return Counted(
      [&] { return static_cast<int>(syscall(SYS_ftruncate, fd, size)); });
}
extern "C" int fdatasync(int fd) {
  return Counted([fd] { return static_cast<int>(syscall(SYS_fdatasync, fd)); });
}
extern "C" int fsync(int fd) {
  return Counted([fd] { return static_cast<int>(syscall(SYS_fsync, fd)); });
}
extern "C" int rename(const char* from, const char* to) noexcept {
  return Counted(
      [&] { return static_cast<int>(syscall(SYS_rename, from, to)); });
}
extern "C" int unlink(const char* path) noexcept {
  return Counted(
      [path] { return static_cast<int>(syscall(SYS_unlink, path)); });
}

namespace tekmatch {
namespace {

constexpr uint64_t kNumKills = ShareOf(200);
constexpr int kNumExports = 6;
constexpr size_t kKeysOfExport = 4000;
constexpr int kNumDays = 13;

int64_t MillisecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now() - start)
      .count();
}

// Six exports of thousands of keys, some of which later ones revise, revoke or
// publish at another time; and what was heard, half of it early.
class CrashTest : public ::testing::Test {
 protected:
  CrashTest() {
    RandomSource random = RandomSource::Seeded(1);
    std::vector<DiagnosisKey> earlier;
    for (int i = 1; i <= kNumExports; ++i) {
      PlainExport plain;
      plain.end_timestamp =
          kTestDaySeconds + static_cast<uint64_t>(86400 * (kNumDays - 6 + i));
      plain.start_timestamp = plain.end_timestamp - 86400;
      plain.keys = TestKeys(kKeysOfExport, static_cast<uint64_t>(i));
      for (DiagnosisKey& key : plain.keys) {
        key.rolling_start += static_cast<EnIntervalNumber>(
            144 * random.Below(static_cast<uint64_t>(kNumDays)));
        key.metadata.report_type = ReportType::kSelfReport;
      }
      const std::vector<DiagnosisKey> own = plain.keys;
      for (const DiagnosisKey& key : earlier) {
        DiagnosisKey again = key;
        switch (random.Below(6)) {
          case 0:
            again.metadata.report_type = ReportType::kRevoked;
            again.metadata.revised = true;
            break;
          case 1:
            again.metadata.report_type = ReportType::kConfirmedTest;
            again.metadata.revised = true;
            break;
          case 2:
            again.rolling_start += 72;
            break;
          default:
            continue;
        }
        plain.keys.push_back(again);
      }
      // Ten of its keys were heard, before and after a first check.
      for (size_t k = 0; k < 10; ++k) {
        const DiagnosisKey& key = own[k];
        const int64_t time = int64_t{key.rolling_start} * kIntervalSeconds;
        for (int64_t minutes = 0; minutes < 20; minutes += 5) {
          sightings_[k % 2].push_back(HearKey(key, time + 60 * minutes));
        }
        earlier.push_back(key);
      }
      const std::string name = absl::StrCat(i, ".zip");
      num_keys_[name] = plain.keys.size();
      names_.push_back(name);
      options_.check.files.sources[name] =
          MemorySource(name, SignedZip(plain, WorldSigners().subspan(0, 1)));
    }
    options_.check.files.trusted = TrustWorldSigners(1);
    options_.check.config = *NamedExposureConfig("cocoa");
    options_.check.zone = absl::UTCTimeZone();
    options_.check.now = absl::FromUnixSeconds(kTestDaySeconds +
                                               int64_t{86400} * (kNumDays + 1));
  }

  // Of the checks that stop.
  struct Steps {
    uint64_t num_calls_before = 0;
    uint64_t num_calls_after = 0;
    // A stop was within an export's comparison, and between two exports of the
    // look-up.
    bool is_compared_partly = false;
    bool is_looked_up_partly = false;
  };

  // Each does some of the late comparison or of the look-up, saves how far it
  // came, and the next one goes on there.
  absl::StatusOr<Steps> CheckInSteps(Database& database) const {
    // Three exports are known then. To compare one, or to look up in it, takes
    // a question for each of its days.
    constexpr int kNumSteps = 4;
    constexpr uint64_t kStopAt = 30;
    Steps steps;
    steps.num_calls_before = g_num_calls;
    for (int i = 0; i < kNumSteps; ++i) {
      StoredCheckOptions options = options_;
      options.max_time = kMoreThanATest;
      uint64_t num_asked = 0;
      options.check.cancelled = [&] {
        if (++num_asked == kStopAt) MoveSteadyClock(kMoreThanATest);
        return false;
      };
      TEKMATCH_RETURN_IF_ERROR(CheckStored(database, {}, options).status());
      Ledger ledger(database);
      TEKMATCH_ASSIGN_OR_RETURN(const auto progress, ledger.Progress());
      TEKMATCH_ASSIGN_OR_RETURN(const auto pending, ledger.Pending());
      TEKMATCH_ASSIGN_OR_RETURN(const auto until,
                                ledger.LookedUpUntil(pending));
      steps.is_compared_partly |= progress.has_value();
      steps.is_looked_up_partly |= until.value_or(0) > 0;
    }
    steps.num_calls_after = g_num_calls;
    return steps;
  }

  // The script. Nothing of it asks what there is already.
  absl::StatusOr<StoredCheckResult> Run(Steps* steps = nullptr) const {
    TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<Database> database,
                              Database::Open(Folder(), OpenMode::kCreate));
    TEKMATCH_ASSIGN_OR_RETURN(SightingStore store,
                              SightingStore::Create(*database));
    TEKMATCH_RETURN_IF_ERROR(
        store.Add(sightings_[0], options_.check.now).status());
    TEKMATCH_RETURN_IF_ERROR(
        CheckStored(*database, {names_[4], names_[0], names_[2]}, options_)
            .status());
    TEKMATCH_RETURN_IF_ERROR(
        store.Add(sightings_[1], options_.check.now).status());
    TEKMATCH_ASSIGN_OR_RETURN(const Steps done, CheckInSteps(*database));
    if (steps != nullptr) *steps = done;
    return CheckStored(*database, names_, options_);
  }

  // In memory: who is killed leaves to the system what was written.
  std::string Folder() const { return memory_.At("store"); }

  // Runs it in a process that is killed after so long, if that is not negative,
  // or at its g_last_call. Returns whether it was.
  bool RunAndKill(int64_t after_microseconds) {
    const pid_t child = fork();
    if (child == 0) {
      g_num_calls = 0;
      _exit(Run().ok() ? 0 : 1);
    }
    if (after_microseconds >= 0) {
      usleep(static_cast<useconds_t>(after_microseconds));
      kill(child, SIGKILL);
    }
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
      EXPECT_EQ(WTERMSIG(status), SIGKILL);
      return true;
    }
    EXPECT_EQ(WEXITSTATUS(status), 0);
    return false;
  }

  // What is marked is whole: all its keys are there, and the answer of what is
  // there is that of one check of it. Returns how many exports are marked.
  size_t LookAtWhatIsMarked(bool with_answer) {
    auto opened = Database::Open(Folder(), OpenMode::kExisting);
    if (absl::IsNotFound(opened.status())) return 0;
    EXPECT_THAT(opened, IsOk());
    if (!opened.ok()) return 0;
    Database& database = **opened;
    EXPECT_THAT(database.CheckIntegrity(), IsOk());
    Ledger ledger(database);
    const auto entries = ledger.Entries(options_.check.files.trusted,
                                        [] { return absl::OkStatus(); });
    EXPECT_THAT(entries, IsOk());
    if (!entries.ok()) return 0;
    std::vector<std::string> marked;
    for (const LedgerEntry& entry : *entries) {
      const std::string& name = entry.stored.file.path;
      marked.push_back(name);
      size_t num_kept = 0;
      EXPECT_THAT(ledger.ReadKept(entry, {},
                                  [&](const KeyBlock& block) {
                                    num_kept += block.size();
                                    return absl::OkStatus();
                                  }),
                  IsOk());
      EXPECT_EQ(num_kept, num_keys_.at(name)) << name;
      uint64_t num_valid = 0;
      for (const auto& [validity, n] : entry.stored.validities) num_valid += n;
      EXPECT_EQ(num_valid, num_keys_.at(name)) << name;
    }
    if (!with_answer) return marked.size();
    const auto checked = CheckStored(database, {}, options_);
    EXPECT_THAT(checked, IsOk());
    if (checked.ok()) {
      EXPECT_EQ(Lines(checked->checked), AtOnce(marked));
    }
    return marked.size();
  }

  std::vector<std::string> Lines(const ExposureCheckResult& result) const {
    return CheckLines(result, options_.check, /*with_duplicates=*/true);
  }

  // Of one check over those exports and the sightings of the store.
  std::vector<std::string> AtOnce(const std::vector<std::string>& names) {
    auto database = Database::Open(Folder(), OpenMode::kExisting);
    EXPECT_THAT(database, IsOk());
    auto store = SightingStore::Create(**database);
    auto read = store->Read();
    EXPECT_THAT(read, IsOk());
    const auto index = IndexSightings(std::move(read->sightings));
    EXPECT_THAT(index, IsOk());
    const auto result = CheckExposure(names, *index, options_.check);
    EXPECT_THAT(result, IsOk());
    return result.ok() ? Lines(*result) : std::vector<std::string>();
  }

  const MemoryFolder memory_;
  StoredCheckOptions options_;
  std::vector<std::string> names_;
  std::map<std::string, size_t> num_keys_;
  std::vector<Sighting> sightings_[2];
};

TEST_F(CrashTest, KilledAtAnyMomentItGoesOn) {
  // How many calls it takes undisturbed, and its answer.
  Steps steps;
  const absl::StatusOr<StoredCheckResult> undisturbed = Run(&steps);
  ASSERT_THAT(undisturbed, IsOk());
  ASSERT_TRUE(steps.is_compared_partly);
  ASSERT_TRUE(steps.is_looked_up_partly);
  const uint64_t calls_of_steps =
      steps.num_calls_after - steps.num_calls_before;
  ASSERT_GT(calls_of_steps, 20U);
  const uint64_t usual_calls = g_num_calls;
  const std::vector<std::string> want = Lines(undisturbed->checked);
  ASSERT_EQ(want, AtOnce(names_));
  ASSERT_GT(undisturbed->checked.result.matches.size(), 100U);
  ASSERT_GT(undisturbed->checked.report_types.num_revoked, 0U);
  ASSERT_GT(usual_calls, 100U);

  // And how long by the clock.
  const auto start = std::chrono::steady_clock::now();
  int64_t usual_microseconds = std::numeric_limits<int64_t>::max();
  for (int i = 0; i < 4; ++i) {
    std::filesystem::remove_all(Folder());
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_FALSE(RunAndKill(-1));
    usual_microseconds =
        std::min<int64_t>(usual_microseconds,
                          std::chrono::duration_cast<std::chrono::microseconds>(
                              std::chrono::steady_clock::now() - begin)
                              .count());
  }

  RandomSource random = RandomSource::Seeded(7);
  uint64_t num_kills = 0;
  uint64_t num_by_time = 0;
  uint64_t num_in_steps = 0;
  uint64_t num_lives = 0;
  uint64_t num_too_late = 0;  // the run was over
  std::map<size_t, int> kills_by_marked;
  // More than so many exports were marked, in turn, when it was killed.
  constexpr size_t kFewMarked = 4;
  while (num_kills < kNumKills ||
         (kills_by_marked.size() <= kFewMarked && num_kills < 10 * kNumKills)) {
    // One store, killed once or several times on its way.
    std::filesystem::remove_all(Folder());
    ++num_lives;
    for (uint64_t n = 1 + random.Below(3); n > 0; --n) {
      const uint64_t turn = num_kills % 6;
      const bool by_time = turn == 0 || turn == 1 || turn == 4;
      const bool in_steps = turn == 2;
      g_cut = static_cast<Cut>(random.Below(3));
      g_last_call =
          by_time    ? 0
          : in_steps ? 1 + steps.num_calls_before + random.Below(calls_of_steps)
                     : 1 + random.Below(usual_calls);
      const bool was_killed =
          RunAndKill(by_time ? static_cast<int64_t>(random.Below(
                                   static_cast<uint64_t>(usual_microseconds)))
                             : -1);
      g_last_call = 0;
      if (!was_killed) {
        ++num_too_late;
        break;
      }
      ++num_kills;
      num_by_time += by_time ? 1 : 0;
      num_in_steps += in_steps ? 1 : 0;
      ++kills_by_marked[LookAtWhatIsMarked(random.Below(3) == 0)];
      if (HasFailure()) return;
    }
    const auto resumed = Run();
    ASSERT_THAT(resumed, IsOk());
    ASSERT_EQ(Lines(resumed->checked), want);
    for (const GivenExport& given : resumed->given) {
      ASSERT_TRUE(given.state == GivenState::kProcessed ||
                  given.state == GivenState::kKnown);
    }
    ASSERT_EQ(LookAtWhatIsMarked(false), names_.size());
  }
  std::vector<std::string> by_marked;
  by_marked.reserve(kills_by_marked.size());
  for (const auto& [num_marked, n] : kills_by_marked) {
    by_marked.push_back(absl::StrCat(n, " with ", num_marked));
  }
  std::cout << num_kills << " kills of " << num_lives << " stores in "
            << MillisecondsSince(start) / 1000.0 << " s: " << num_by_time
            << " at a random moment of a run of " << usual_microseconds / 1000
            << " ms, the others at a random one of its " << usual_calls
            << " writes, syncs and the like, " << num_in_steps
            << " of them at one of the " << calls_of_steps
            << " of checks that stop; " << num_too_late
            << " came too late. Exports marked when it was killed: "
            << absl::StrJoin(by_marked, ", ") << ".\n";
  // None of it is of one kind alone.
  EXPECT_GE(num_by_time, kNumKills / 2);
  EXPECT_GE(num_in_steps, kNumKills / 6);
  EXPECT_GT(kills_by_marked.size(), kFewMarked);
}

}  // namespace
}  // namespace tekmatch
