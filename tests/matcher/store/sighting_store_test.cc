#include "matcher/store/sighting_store.h"

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "matcher/join/sighting.h"
#include "matcher/store/database.h"
#include "matcher/store/meta.h"
#include "tests/matcher/store/store_testing.h"
#include "tests/memory_folder.h"
#include "tests/sanitized.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class SightingStoreTest : public ::testing::Test {
 protected:
  AddedSightings Add(const std::vector<Sighting>& sightings, int64_t now) {
    const auto added = open_.store->Add(sightings, At(now));
    EXPECT_THAT(added, IsOk());
    return added.value_or(AddedSightings());
  }

  std::vector<Sighting> ReadAll(int64_t after = 0) {
    auto stored = open_.store->Read(after);
    EXPECT_THAT(stored, IsOk());
    if (!stored.ok()) return {};
    EXPECT_THAT(open_.store->generation(), IsOkAndHolds(stored->generation));
    return Sorted(std::move(stored->sightings));
  }

  RetentionResult Retain(int64_t now) {
    const auto result = open_.store->Retain(At(now), absl::ZeroDuration());
    EXPECT_THAT(result, IsOk());
    return result.value_or(RetentionResult());
  }

  const MemoryFolder memory_;  // for what is synced thousands of times
  const std::string folder_ = TempPath("store");
  OpenStore open_{folder_};
};

TEST_F(SightingStoreTest, KeepsEveryField) {
  Sighting least;
  least.rssi = kMinRssi;
  least.seconds_since_previous_scan = 0;
  Sighting most = Planted(0xFFFFFFFF, 4102444800);
  most.rpi.bytes.fill(0xFF);
  most.aem.bytes.fill(0xFF);
  most.rssi = kMaxRssi;
  most.seconds_since_previous_scan = kMaxPreviousScanSeconds;
  Sighting none = Planted(3, kStart + 599);
  none.seconds_since_previous_scan = kNoPreviousScan;
  const std::vector<Sighting> all =
      Sorted({most, none, least, Planted(4, kStart + 600)});
  Add({most, none}, kDay);
  EXPECT_EQ(Add({least, Planted(4, kStart + 600)}, kDay).num_added, 2u);
  EXPECT_EQ(ReadAll(), all);
  open_ = OpenStore(TempPath("another"));
  open_ = OpenStore(folder_, OpenMode::kReadOnly);
  EXPECT_EQ(ReadAll(), all);
}

TEST_F(SightingStoreTest, AddsOnceHoweverOftenItIsGiven) {
  const Sighting a = Planted(1, kStart);
  const Sighting b = Planted(2, kStart + 1);
  Sighting louder = a;
  ++louder.rssi;
  const int64_t now = kStart + kDay;
  AddedSightings added = Add({a, b, a}, now);
  EXPECT_EQ(added.num_added, 3u);
  EXPECT_EQ(added.num_known, 0u);
  const auto first = open_.store->generation();
  added = Add({b, a, a}, now);
  EXPECT_EQ(added.num_added, 0u);
  EXPECT_EQ(added.num_known, 3u);
  EXPECT_EQ(open_.store->generation(), first);
  // A third of what is there twice, in another call: one more.
  added = Add({a, a, a, louder}, now);
  EXPECT_EQ(added.num_added, 2u);
  EXPECT_EQ(added.num_known, 2u);
  EXPECT_EQ(Add({a}, now).num_known, 1u);
  EXPECT_EQ(Add({}, now).num_added, 0u);
  EXPECT_EQ(ReadAll(), Sorted({a, a, a, louder, b}));
}

TEST_F(SightingStoreTest, ReadsWhatIsNew) {
  EXPECT_THAT(open_.store->generation(), IsOkAndHolds(0));
  EXPECT_THAT(ReadAll(), IsEmpty());
  std::vector<int64_t> generations = {0};
  std::vector<Sighting> given;
  for (uint32_t i = 0; i < 20; ++i) {
    // To and fro in time, some at the same.
    given.push_back(Planted(i, kStart + int64_t{i} % 7 * 1000));
    given.push_back(Planted(i, kStart + int64_t{i} % 3 * 100000));
    Add({given.rbegin()[1], given.back()}, kStart + 3 * kDay);
    const auto generation = open_.store->generation();
    ASSERT_THAT(generation, IsOk());
    EXPECT_GT(*generation, generations.back());
    generations.push_back(*generation);
  }
  for (size_t i = 0; i < generations.size(); ++i) {
    const auto from = static_cast<std::ptrdiff_t>(2 * i);
    EXPECT_EQ(ReadAll(generations[i]),
              Sorted({given.begin() + from, given.end()}));
  }
}

TEST_F(SightingStoreTest, RefusesWhatIsNoSightingOfOnePhone) {
  const Sighting good = Planted(1, kStart);
  std::vector<std::pair<Sighting, std::string>> bad(6, {good, ""});
  bad[0].first.unix_seconds = -1;
  bad[0].second = "sighting 1: its time is before 1970";
  bad[1].first.unix_seconds = 4102444801;
  bad[1].second = "sighting 1: its time is after 2099";
  bad[2].first.rssi = 127;
  bad[2].second = "sighting 1: its RSSI is not in -128..20";
  bad[3].first.rssi = -129;
  bad[3].second = bad[2].second;
  bad[4].first.store = 1;
  bad[4].second = "sighting 1: a store holds those of one device";
  bad[5].first.device = 1;
  bad[5].second = bad[4].second;
  for (const auto& [sighting, reason] : bad) {
    EXPECT_THAT(
        open_.store->Add({good, sighting, good}, At(kStart)),
        StatusIs(StatusCode::kInvalidArgument, ::testing::StartsWith(reason)));
  }
  for (const absl::Time now :
       {absl::InfiniteFuture(), absl::InfinitePast(), At(-1), At(4102444801)}) {
    EXPECT_THAT(open_.store->Add({good}, now),
                StatusIs(StatusCode::kInvalidArgument));
    EXPECT_THAT(open_.store->Retain(now),
                StatusIs(StatusCode::kInvalidArgument));
  }
  EXPECT_THAT(SightingStore::Create(*open_.database, absl::Seconds(-1)),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(SightingStore::Create(*open_.database, absl::InfiniteDuration()),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(ReadAll(), IsEmpty());
}

TEST_F(SightingStoreTest, WritesInNoTransactionOfTheCallers) {
  auto transaction = Transaction::Begin(*open_.database, Durability::kFull);
  ASSERT_THAT(transaction, IsOk());
  EXPECT_THAT(open_.store->Add({Planted(1, kStart)}, At(kStart)),
              StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(open_.store->Retain(At(kStart)),
              StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(open_.store->Read(), IsOk());
  EXPECT_THAT(open_.store->Status(), IsOk());
}

TEST_F(SightingStoreTest, CountsWhatIsTooOldAndWhatIsInTheFuture) {
  const int64_t now = kStart + 14 * kDay;
  const std::vector<Sighting> given = {
      Planted(1, kStart - 1), Planted(2, kStart), Planted(3, now),
      Planted(4, now + kDay), Planted(5, now + kDay + 1)};
  const AddedSightings added = Add(given, now);
  EXPECT_EQ(added.num_too_old, 1u);
  EXPECT_EQ(added.num_added, 4u);
  EXPECT_EQ(added.num_in_future, 1u);
  EXPECT_EQ(ReadAll(), std::vector<Sighting>(given.begin() + 1, given.end()));
  // A clock that is weeks ahead makes nothing too old that was not before.
  EXPECT_EQ(Add({Planted(6, now - 11 * kDay)}, now + 30 * kDay).num_added, 1u);
  EXPECT_EQ(Add({Planted(7, now - 13 * kDay)}, now + 30 * kDay).num_too_old,
            1u);
  EXPECT_EQ(Retain(now).num_in_future, 1u);
}

TEST_F(SightingStoreTest, RemovesToTheSecond) {
  const int64_t now = kStart + 14 * kDay;
  std::vector<Sighting> given;
  for (uint32_t i = 0; i < 1500; ++i) given.push_back(Planted(i, kStart + i));
  Add(given, now);
  for (const uint32_t later : {0, 1, 2, 599, 600, 601, 1200, 1499, 1500}) {
    Retain(now + later);
    EXPECT_EQ(ReadAll(),
              std::vector<Sighting>(given.begin() + later, given.end()));
  }
  EXPECT_EQ(Retain(now + kDay).num_removed, 0u);
}

// A store whose device was started `g_since_boot` ago.
absl::Duration g_since_boot;

class ClockTest : public SightingStoreTest {
 protected:
  ClockTest() {
    g_since_boot = absl::Hours(5);
    auto store =
        SightingStore::Create(*open_.database, SightingStore::kDefaultRetention,
                              [] { return g_since_boot; });
    EXPECT_THAT(store, IsOk());
    if (store.ok()) *open_.store = *std::move(store);
  }
};

TEST_F(ClockTest, OneThatJumpsAheadIsBelievedAnHourLater) {
  Add({Planted(1, kStart)}, kStart);
  const int64_t ahead = kStart + 30 * kDay;
  EXPECT_EQ(Retain(kStart + 2 * kDay).clock, ClockJump::kNone);
  // There and back: nothing is lost, and the next jump is one again.
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Retain(ahead).clock, ClockJump::kForward);
    EXPECT_EQ(Retain(kStart + 3 * kDay).clock, ClockJump::kNone);
    g_since_boot += SightingStore::kConfirmAfter;
  }
  EXPECT_EQ(Retain(ahead).clock, ClockJump::kForward);
  // Another time than the one that was pending: earlier, and too much later.
  g_since_boot += SightingStore::kConfirmAfter;
  EXPECT_EQ(Retain(ahead - 1).clock, ClockJump::kForward);
  g_since_boot += SightingStore::kConfirmAfter;
  EXPECT_EQ(Retain(ahead + 2 * kDay + 3600).clock, ClockJump::kForward);
  // Too soon, however often, and whatever the wrong clock says meanwhile.
  for (int64_t i = 0; i < 5; ++i) {
    EXPECT_EQ(Retain(ahead + (2 * kDay) + (i * 3600)).clock,
              ClockJump::kForward);
  }
  g_since_boot += SightingStore::kConfirmAfter - absl::Seconds(1);
  EXPECT_EQ(Retain(ahead + 3 * kDay).clock, ClockJump::kForward);
  EXPECT_EQ(ReadAll().size(), 1u);
  // A batch that is added then changes nothing of this.
  Add({Planted(2, ahead + 4 * kDay)}, ahead + 4 * kDay);
  g_since_boot += absl::Seconds(1);
  const RetentionResult result = Retain(ahead + 4 * kDay);
  EXPECT_EQ(result.clock, ClockJump::kNone);
  EXPECT_EQ(result.num_removed, 1u);
  EXPECT_TRUE(result.erased);
  EXPECT_EQ(ReadAll(), std::vector<Sighting>({Planted(2, ahead + 4 * kDay)}));
}

// A phone that was off for weeks starts with a clock that jumped.
TEST_F(ClockTest, AfterARestartTheTimeSinceItCounts) {
  Add({Planted(1, kStart)}, kStart);
  const int64_t ahead = kStart + 30 * kDay;
  EXPECT_EQ(Retain(ahead).clock, ClockJump::kForward);
  g_since_boot = SightingStore::kConfirmAfter - absl::Seconds(1);
  EXPECT_EQ(Retain(ahead + 60).clock, ClockJump::kForward);
  g_since_boot += absl::Seconds(1);
  EXPECT_EQ(Retain(ahead + 60).clock, ClockJump::kNone);
}

// Somebody opens the store once a week, on a device that runs on: every other
// time is believed, so that nothing is kept for long.
TEST_F(ClockTest, StoreThatIsSeldomOpenedForgets) {
  Add({Planted(1, kStart)}, kStart);
  int64_t now = kStart;
  for (const ClockJump clock :
       {ClockJump::kForward, ClockJump::kNone, ClockJump::kForward,
        ClockJump::kNone, ClockJump::kForward, ClockJump::kNone}) {
    now += 7 * kDay;
    g_since_boot += absl::Hours(7 * 24);
    EXPECT_EQ(Retain(now).clock, clock);
  }
  EXPECT_EQ(ReadAll().size(), 0U);
}

// The same, of a device that is started before each of them.
TEST_F(ClockTest, StoreThatIsSeldomOpenedForgetsAfterRestarts) {
  Add({Planted(1, kStart)}, kStart);
  EXPECT_EQ(Retain(kStart + 20 * kDay).clock, ClockJump::kForward);
  g_since_boot = SightingStore::kConfirmAfter;
  EXPECT_EQ(Retain(kStart + 40 * kDay).clock, ClockJump::kNone);
  EXPECT_EQ(ReadAll().size(), 0U);
}

TEST_F(ClockTest, OneThatJumpsBackRemovesNothing) {
  const int64_t now = kStart + 20 * kDay;
  Add({Planted(1, now)}, now);
  EXPECT_EQ(Retain(now - 2 * kDay).clock, ClockJump::kNone);
  EXPECT_EQ(Retain(kStart).clock, ClockJump::kBack);
  // The remembered clock followed.
  EXPECT_EQ(Retain(kStart).clock, ClockJump::kNone);
  EXPECT_EQ(Retain(now + 14 * kDay).clock, ClockJump::kForward);
  g_since_boot += SightingStore::kConfirmAfter;
  EXPECT_EQ(Retain(now + 14 * kDay + 1).num_removed, 1u);
}

TEST_F(ClockTest, SinceBootRunsForward) {
  const absl::Duration before = SinceBoot();
  EXPECT_GT(before, absl::ZeroDuration());
  EXPECT_GE(SinceBoot(), before);
}

TEST_F(SightingStoreTest, ReadersDelayErasureButNotDeletion) {
  const int64_t now = kStart + 14 * kDay;
  Add({Planted(1, kStart), Planted(2, kStart + 1)}, now);
  OpenStore reader(folder_, OpenMode::kReadOnly);
  {
    auto reading = Transaction::BeginRead(*reader.database);
    ASSERT_THAT(reading, IsOk());
    const RetentionResult result = Retain(now + 1);
    EXPECT_EQ(result.num_removed, 1u);
    EXPECT_FALSE(result.erased);
    EXPECT_THAT(PlantedInFolder(folder_), ElementsAre(1, 2));
    const auto seen = reader.store->Read();
    ASSERT_THAT(seen, IsOk());
    EXPECT_EQ(seen->sightings.size(), 2u);
  }
  const RetentionResult result = Retain(now + 1);
  EXPECT_EQ(result.num_removed, 0u);
  EXPECT_TRUE(result.erased);
  EXPECT_THAT(PlantedInFolder(folder_), ElementsAre(2));
}

// Random histories beside a model: what is read is what is there, and after
// Retain there is no trace of anything else in the folder.
TEST_F(SightingStoreTest, NothingButWhatIsThereIsInTheFiles) {
  uint64_t num_removed = 0;
  for (uint64_t seed = 0; seed < ShareOf(5); ++seed) {
    const std::string folder = memory_.At(absl::StrCat("seed", seed));
    open_ = OpenStore(folder);
    std::mt19937_64 random(seed);
    const auto below = [&random](uint64_t n) { return random() % n; };
    std::map<uint32_t, Sighting> model;
    uint32_t next = 1;
    int64_t now = kStart;
    for (int step = 0; step < 40; ++step) {
      now += static_cast<int64_t>(below(kDay));
      std::vector<Sighting> batch;
      const uint64_t size = below(2) == 0 ? below(3000) : below(20);
      for (uint64_t i = 0; i < size; ++i, ++next) {
        // Mostly of now, partly late by up to two weeks.
        const int64_t age = static_cast<int64_t>(
            below(4) == 0 ? below(14 * kDay) : below(3600));
        const Sighting sighting = Planted(next, now - age);
        batch.push_back(sighting);
        model[next] = sighting;
      }
      Add(batch, now);
      if (below(3) == 0) {
        const RetentionResult result = Retain(now);
        EXPECT_EQ(result.clock, ClockJump::kNone);
        EXPECT_TRUE(result.erased);
        num_removed += result.num_removed;
        for (auto at = model.begin(); at != model.end();) {
          at = at->second.unix_seconds < now - 14 * kDay ? model.erase(at)
                                                         : std::next(at);
        }
        const std::set<uint32_t> found = PlantedInFolder(folder);
        // Those that lie across two pages are not found.
        EXPECT_GE(found.size(), model.size() * 9 / 10);
        for (const uint32_t number : found) {
          ASSERT_TRUE(model.contains(number))
              << "seed " << seed << ", step " << step;
        }
      }
      if (below(5) == 0) open_ = OpenStore(folder, OpenMode::kExisting);
    }
    std::vector<Sighting> left;
    left.reserve(model.size());
    for (const auto& [number, sighting] : model) left.push_back(sighting);
    ASSERT_TRUE(ReadAll() == Sorted(left)) << "seed " << seed;
    EXPECT_THAT(open_.database->CheckIntegrity(), IsOk());
  }
  std::printf("%llu sightings removed without a trace\n",
              static_cast<unsigned long long>(num_removed));
  EXPECT_GT(num_removed, 1000u);
}

TEST_F(SightingStoreTest, SaysHowItIs) {
  auto status = open_.store->Status();
  ASSERT_THAT(status, IsOk());
  EXPECT_EQ(status->num_sightings, 0u);
  EXPECT_EQ(status->oldest_day, std::nullopt);
  EXPECT_EQ(status->clock, std::nullopt);
  EXPECT_EQ(status->schema_version, 1);
  EXPECT_GT(status->bytes_on_disk, 0u);
  EXPECT_THAT(status->set_aside, IsEmpty());
  Add({Planted(1, kStart + 86399), Planted(2, kStart + 86400),
       Planted(3, kStart + 3 * kDay)},
      kStart + 4 * kDay);
  WriteFile(folder_ + "/tekmatch.sqlite.damaged-1", "");
  WriteFile(folder_ + "/tekmatch.sqlite-wal.damaged-1", "");
  WriteFile(folder_ + "/other.damaged-1", "");
  status = open_.store->Status();
  ASSERT_THAT(status, IsOk());
  EXPECT_EQ(status->num_sightings, 3u);
  EXPECT_EQ(status->oldest_day, absl::CivilDay(2020, 12, 5));
  EXPECT_EQ(status->newest_day, absl::CivilDay(2020, 12, 8));
  EXPECT_THAT(open_.store->generation(), IsOkAndHolds(status->generation));
  EXPECT_EQ(status->clock, At(kStart + 4 * kDay));
  EXPECT_THAT(status->set_aside, ElementsAre(EndsWith("-wal.damaged-1"),
                                             EndsWith("sqlite.damaged-1")));
}

TEST_F(SightingStoreTest, ForgetsEverything) {
  std::vector<Sighting> given;
  for (uint32_t i = 0; i < 20000; ++i) {
    given.push_back(Planted(i, kStart + int64_t{i} * 60));
  }
  Add(given, kStart + 14 * kDay);
  ASSERT_THAT(SetNumber(*open_.database, "another", 7), IsOk());
  ASSERT_THAT(open_.database->Checkpoint(absl::ZeroDuration()), IsOk());
  std::filesystem::copy_file(folder_ + "/tekmatch.sqlite",
                             folder_ + "/tekmatch.sqlite.damaged-3");
  const auto generation = open_.store->generation();
  {
    // A reader delays it.
    OpenStore reader(folder_, OpenMode::kReadOnly);
    auto reading = Transaction::BeginRead(*reader.database);
    ASSERT_THAT(reading, IsOk());
    EXPECT_THAT(ForgetEverything(*open_.database, absl::ZeroDuration()),
                IsOkAndHolds(false));
    EXPECT_THAT(PlantedInFolder(folder_), Not(IsEmpty()));
  }
  EXPECT_THAT(ForgetEverything(*open_.database), IsOkAndHolds(true));
  EXPECT_THAT(PlantedInFolder(folder_), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/tekmatch.sqlite.damaged-3"));
  EXPECT_THAT(ReadAll(), IsEmpty());
  EXPECT_THAT(GetNumber(*open_.database, "another"),
              IsOkAndHolds(std::nullopt));
  EXPECT_EQ(open_.store->generation(), generation);
  const auto status = open_.store->Status();
  ASSERT_THAT(status, IsOk());
  EXPECT_EQ(status->clock, std::nullopt);
  // And it can be used again.
  Add({given[0]}, kStart);
  EXPECT_THAT(ReadAll(*generation), ElementsAre(given[0]));
  open_ = OpenStore(TempPath("another"));
  open_ = OpenStore(folder_, OpenMode::kExisting);
  EXPECT_THAT(ReadAll(), ElementsAre(given[0]));
}

// What SQLite takes for sound, and is not what was added.
TEST_F(SightingStoreTest, TellsValuesThatChanged) {
  const std::vector<std::string> changes = {
      // NOLINTNEXTLINE(bugprone-suspicious-missing-comma)
      "UPDATE sightings SET records = zeroblob(27) WHERE id IN "
      "(SELECT min(id) FROM sightings)",
      "UPDATE sightings SET id = id + 1 WHERE id IN "
      "(SELECT max(id) FROM sightings)",
      "UPDATE sightings SET num = num + 1",
      "UPDATE sightings SET records = x''",
      "DELETE FROM sightings WHERE id IN (SELECT min(id) FROM sightings)",
      "UPDATE meta SET value = value + 1 WHERE name = 'sightings'",
      "UPDATE meta SET value = 1 << 62 WHERE name = 'sightings'",
      "UPDATE meta SET value = -1 WHERE name = 'sightings'",
      "DELETE FROM meta WHERE name = 'sightings'",
  };
  for (const std::string& change : changes) {
    open_ = OpenStore(TempPath(absl::StrCat("s", &change - changes.data())));
    Add({Planted(1, kStart), Planted(2, kStart + 6000)}, kStart + kDay);
    ASSERT_THAT(open_.database->Run(change), IsOk());
    EXPECT_THAT(
        open_.store->Read(),
        StatusIs(StatusCode::kDataLoss, HasSubstr(open_.database->path())))
        << change;
    EXPECT_FALSE(open_.database->in_transaction());
  }
}

}  // namespace
}  // namespace tekmatch
