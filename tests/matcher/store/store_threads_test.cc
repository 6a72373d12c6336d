// Eight threads over one store, each with a connection of its own, as a scan
// callback, a check and a settings page are: what each adds is there, once, and
// what each reads meanwhile is a state that the store had. Under
// ThreadSanitizer this is over SQLite's own locks, too.
#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "matcher/store/database.h"
#include "matcher/store/sighting_store.h"
#include "tests/matcher/store/store_testing.h"
#include "tests/memory_folder.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

constexpr uint32_t kNumThreads = 8;
constexpr uint32_t kRounds = 6;
constexpr uint32_t kInARound = 5;
// Whoever waits may be passed by the seven others time and again.
constexpr absl::Duration kBusyTimeout = absl::Minutes(10);

TEST(StoreThreadsTest, WhatEightThreadsAddIsThereOnce) {
  const MemoryFolder memory;
  const std::string folder = memory.At("store");
  // The tables are made by the first one that comes.
  { const OpenStore first(folder); }
  std::atomic<uint32_t> num_torn = 0;
  std::vector<std::thread> threads;
  threads.reserve(kNumThreads);
  for (uint32_t t = 0; t < kNumThreads; ++t) {
    threads.emplace_back([t, &folder, &num_torn] {
      const OpenStore own(folder, OpenMode::kExisting, kBusyTimeout);
      for (uint32_t round = 0; round < kRounds; ++round) {
        // Half of them are everybody's, which are added by whoever is first.
        std::vector<Sighting> heard;
        heard.reserve(size_t{2} * kInARound);
        for (uint32_t i = 0; i < kInARound; ++i) {
          const uint32_t number = round * kInARound + i;
          heard.push_back(Planted(number, kStart + number));
          heard.push_back(Planted(1000 * (t + 1) + number, kStart + number));
        }
        EXPECT_THAT(own.store->Add(heard, At(kStart + kDay)), IsOk());
        const auto read = own.store->Read();
        EXPECT_THAT(read, IsOk());
        // Each call adds all of its own or none.
        if (!read.ok() || read->sightings.size() % kInARound != 0) ++num_torn;
        EXPECT_THAT(own.store->Retain(At(kStart + kDay)), IsOk());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(num_torn, 0);

  std::vector<Sighting> expected;
  expected.reserve(size_t{kRounds} * kInARound * (kNumThreads + 1));
  for (uint32_t number = 0; number < kRounds * kInARound; ++number) {
    for (uint32_t t = 0; t <= kNumThreads; ++t) {
      expected.push_back(Planted(1000 * t + number, kStart + number));
    }
  }
  const OpenStore after(folder);
  const auto read = after.store->Read();
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(Sorted(read->sightings), Sorted(expected));
}

}  // namespace
}  // namespace tekmatch
