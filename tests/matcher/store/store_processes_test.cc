// Several processes at one store, and processes that are killed.
#include <signal.h>  // kill, SIGKILL
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
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

namespace tekmatch {
namespace {

constexpr absl::Duration kLong = absl::Minutes(2);

// Runs `work` in a process of its own, which ends with 0 when it returns OK.
pid_t Start(const std::function<absl::Status()>& work) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child != 0) return child;
  const absl::Status status = work();
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", status.ToString().c_str());
  }
  _exit(status.ok() ? 0 : 1);
}

void ExpectEndsWell(pid_t child) {
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

// Of how many sightings batch `batch` is; not all of one interval.
uint32_t BatchSize(uint32_t batch) { return 1 + batch % 97; }
constexpr uint32_t kNumbersOfBatch = 1000;

std::vector<Sighting> Batch(uint32_t batch, int64_t unix_seconds) {
  std::vector<Sighting> sightings;
  for (uint32_t i = 0; i < BatchSize(batch); ++i) {
    sightings.push_back(Planted(batch * kNumbersOfBatch + i,
                                unix_seconds + int64_t{i} % 2 * 600));
  }
  return sightings;
}

// Which batches are there; an error where one is there in part.
absl::StatusOr<std::set<uint32_t>> WholeBatches(
    const std::vector<Sighting>& sightings) {
  std::map<uint32_t, uint32_t> sizes;
  for (const Sighting& sighting : sightings) {
    const std::set<uint32_t> number = PlantedIn(
        {reinterpret_cast<const char*>(sighting.rpi.bytes.data()), kRpiBytes});
    if (number.size() != 1) return absl::InternalError("an odd sighting");
    ++sizes[*number.begin() / kNumbersOfBatch];
  }
  std::set<uint32_t> batches;
  for (const auto& [batch, size] : sizes) {
    if (size != BatchSize(batch)) {
      return absl::InternalError(absl::StrCat("of batch ", batch, ", with ",
                                              BatchSize(batch),
                                              " sightings, there are ", size));
    }
    batches.insert(batch);
  }
  return batches;
}

// Reads until all `num_batches` of each of `num_writers` are there: every state
// that it sees has whole batches, of each writer the first ones, and nothing
// disappears.
absl::Status ReadUntilComplete(const std::string& folder, uint32_t num_writers,
                               uint32_t num_batches) {
  TEKMATCH_ASSIGN_OR_RETURN(const auto database,
                            Database::Open(folder, OpenMode::kReadOnly, kLong));
  TEKMATCH_ASSIGN_OR_RETURN(SightingStore store,
                            SightingStore::Create(*database));
  int64_t generation = 0;
  size_t num_seen = 0;
  int num_states = 0;
  while (num_seen < size_t{num_writers} * num_batches) {
    TEKMATCH_ASSIGN_OR_RETURN(const StoredSightings stored, store.Read());
    TEKMATCH_ASSIGN_OR_RETURN(const std::set<uint32_t> batches,
                              WholeBatches(stored.sightings));
    if (stored.generation < generation || batches.size() < num_seen) {
      return absl::InternalError("an older state");
    }
    if (batches.size() > num_seen) ++num_states;
    generation = stored.generation;
    num_seen = batches.size();
    std::vector<uint32_t> next(num_writers);
    for (const uint32_t batch : batches) {
      if (batch / num_writers != next[batch % num_writers]++) {
        return absl::InternalError("a batch before an earlier one");
      }
    }
  }
  std::printf("a reader saw %d states\n", num_states);
  std::fflush(stdout);
  return absl::OkStatus();
}

absl::Status Write(const std::string& folder, uint32_t writer,
                   uint32_t num_writers, uint32_t num_batches) {
  TEKMATCH_ASSIGN_OR_RETURN(const auto database,
                            Database::Open(folder, OpenMode::kCreate, kLong));
  TEKMATCH_ASSIGN_OR_RETURN(SightingStore store,
                            SightingStore::Create(*database));
  for (uint32_t i = 0; i < num_batches; ++i) {
    const uint32_t batch = i * num_writers + writer;
    TEKMATCH_ASSIGN_OR_RETURN(
        const AddedSightings added,
        store.Add(Batch(batch, kStart + int64_t{batch} * 7),
                  At(kStart + kDay)));
    if (added.num_added != BatchSize(batch)) {
      return absl::InternalError("a batch was there already");
    }
  }
  return absl::OkStatus();
}

TEST(StoreProcessesTest, ReadersSeeWholeStatesAndWritersWait) {
  constexpr uint32_t kNumWriters = 2;
  constexpr uint32_t kNumReaders = 3;
  constexpr uint32_t kNumBatches = ShareOf(300);
  const MemoryFolder memory;
  const std::string folder = memory.At("store");
  std::vector<pid_t> children;
  // Writers first: whoever comes first makes the database.
  for (uint32_t writer = 0; writer < kNumWriters; ++writer) {
    children.push_back(
        Start([&] { return Write(folder, writer, kNumWriters, kNumBatches); }));
  }
  { OpenStore made(folder); }
  for (uint32_t reader = 0; reader < kNumReaders; ++reader) {
    children.push_back(Start(
        [&] { return ReadUntilComplete(folder, kNumWriters, kNumBatches); }));
  }
  for (const pid_t child : children) ExpectEndsWell(child);
  const OpenStore open(folder, OpenMode::kExisting);
  EXPECT_THAT(open.database->CheckIntegrity(), IsOk());
  const auto stored = open.store->Read();
  ASSERT_THAT(stored, IsOk());
  const auto batches = WholeBatches(stored->sightings);
  ASSERT_THAT(batches, IsOk());
  EXPECT_EQ(batches->size(), kNumWriters * kNumBatches);
}

TEST(StoreProcessesTest, ManyMakeOneDatabase) {
  const MemoryFolder memory;
  for (int round = 0; round < 5; ++round) {
    const std::string folder = memory.At(absl::StrCat("store", round));
    std::vector<pid_t> children;
    constexpr uint32_t kNumWriters = 6;
    for (uint32_t writer = 0; writer < kNumWriters; ++writer) {
      children.push_back(
          Start([&] { return Write(folder, writer, kNumWriters, 1); }));
    }
    for (const pid_t child : children) ExpectEndsWell(child);
    const OpenStore open(folder, OpenMode::kExisting);
    const auto stored = open.store->Read();
    ASSERT_THAT(stored, IsOk());
    EXPECT_THAT(WholeBatches(stored->sightings),
                IsOkAndHolds(::testing::SizeIs(kNumWriters)));
  }
}

constexpr int64_t kBatchStep = int64_t{6} * 3600;
int64_t TimeOf(uint32_t batch) { return kStart + batch * kBatchStep; }

// Adds batches from `batch` on for ever, with deletion now and then, and says
// each on `pipe` once it is told that it was added.
absl::Status AddUntilKilled(const std::string& folder, uint32_t batch,
                            int pipe) {
  TEKMATCH_ASSIGN_OR_RETURN(const auto database,
                            Database::Open(folder, OpenMode::kCreate, kLong));
  TEKMATCH_ASSIGN_OR_RETURN(SightingStore store,
                            SightingStore::Create(*database));
  for (;; ++batch) {
    const int64_t now = TimeOf(batch);
    TEKMATCH_RETURN_IF_ERROR(store.Add(Batch(batch, now), At(now)).status());
    if (write(pipe, &batch, sizeof(batch)) != sizeof(batch)) {
      return absl::InternalError("no pipe");
    }
    if (batch % 5 == 4) {
      TEKMATCH_RETURN_IF_ERROR(store.Retain(At(now)).status());
    }
  }
}

TEST(StoreProcessesTest, KilledAtAnyMomentLeavesWholeBatches) {
  const MemoryFolder memory;
  constexpr uint64_t kNumKills = ShareOf(100);
  std::mt19937_64 random(20201205);
  uint32_t next = 0;
  uint64_t num_said = 0;
  uint64_t num_unsaid = 0;
  uint64_t num_before_first = 0;
  std::string folder;
  std::set<uint32_t> said;
  for (uint64_t kill_number = 0; kill_number < kNumKills; ++kill_number) {
    // Now and then a new one, so that creation is killed too.
    if (kill_number % 5 == 0) {
      folder = memory.At(absl::StrCat("store", kill_number));
      said.clear();
      next = 0;
    }
    int pipes[2];
    ASSERT_EQ(pipe(pipes), 0);
    const pid_t child =
        Start([&] { return AddUntilKilled(folder, next, pipes[1]); });
    ASSERT_GT(child, 0);
    close(pipes[1]);
    const size_t num_said_before = said.size();
    const auto hear = [&] {
      uint32_t batch = 0;
      if (read(pipes[0], &batch, sizeof(batch)) != sizeof(batch)) return false;
      said.insert(batch);
      next = batch + 1;
      return true;
    };
    // A moment after some batches; of a store that is new, mostly before the
    // first one. How much is done then is not the clock's.
    for (uint64_t n = random() % (kill_number % 5 == 0 ? 2 : 8); n > 0; --n) {
      ASSERT_TRUE(hear());
    }
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 8000));
    ASSERT_EQ(kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
    while (hear()) {
    }
    close(pipes[0]);
    num_said += said.size() - num_said_before;
    if (said.size() == num_said_before) ++num_before_first;

    const OpenStore open(folder);
    ASSERT_NE(open.store, nullptr);
    ASSERT_THAT(open.database->CheckIntegrity(), IsOk());
    const auto stored = open.store->Read();
    ASSERT_THAT(stored, IsOk());
    const auto batches = WholeBatches(stored->sightings);
    ASSERT_THAT(batches, IsOk()) << "kill " << kill_number;
    // What was said is there, unless it is old enough to have been removed; and
    // at most one more, whose saying was too late.
    const int64_t oldest = TimeOf(next) - 14 * kDay;
    for (const uint32_t batch : said) {
      if (TimeOf(batch) >= oldest) {
        EXPECT_TRUE(batches->contains(batch)) << batch;
      }
    }
    for (const uint32_t batch : *batches) {
      if (said.contains(batch)) continue;
      EXPECT_EQ(batch, next);
      ++num_unsaid;
      said.insert(batch);
    }
    next = said.empty() ? 0 : *said.rbegin() + 1;
    // Deletion that was cut short is completed.
    if (said.empty()) continue;
    const auto retained = open.store->Retain(At(TimeOf(next - 1)));
    ASSERT_THAT(retained, IsOk());
    EXPECT_TRUE(retained->erased);
    const auto left = open.store->Read();
    ASSERT_THAT(left, IsOk());
    std::set<uint32_t> live;
    for (const Sighting& sighting : left->sightings) {
      live.merge(
          PlantedIn({reinterpret_cast<const char*>(sighting.rpi.bytes.data()),
                     kRpiBytes}));
    }
    for (const uint32_t number : PlantedInFolder(folder)) {
      ASSERT_TRUE(live.contains(number)) << "kill " << kill_number;
    }
  }
  std::printf(
      "%llu kills, %llu of them before the first batch: %llu batches that were "
      "said are there, and %llu whose saying came too late; none in part\n",
      static_cast<unsigned long long>(kNumKills),
      static_cast<unsigned long long>(num_before_first),
      static_cast<unsigned long long>(num_said),
      static_cast<unsigned long long>(num_unsaid));
  EXPECT_GT(num_said, kNumKills);
}

}  // namespace
}  // namespace tekmatch
