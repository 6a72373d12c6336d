// What is left of sightings in a process's memory when its store is gone.
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "matcher/join/sighting.h"
#include "matcher/store/database.h"
#include "matcher/store/sighting_store.h"
#include "matcher/store/sqlite_memory.h"
#include "matcher/store/wipe.h"
#include "tests/matcher/store/store_testing.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;

// The planted numbers in this process's heap and other private memory; the
// stack and the memory of libraries apart.
std::set<uint32_t> PlantedInMemory() {
  std::set<uint32_t> found;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    unsigned long long begin = 0;
    unsigned long long end = 0;
    char mode[5] = "";
    unsigned long long inode = 0;
    char name[64] = "";
    if (std::sscanf(line.c_str(), "%llx-%llx %4s %*x %*s %llu %63s", &begin,
                    &end, mode, &inode, name) < 4) {
      continue;
    }
    const bool is_heap = name[0] == '\0' || absl::StrContains(name, "heap");
    if (!is_heap || mode[0] != 'r' || mode[1] != 'w' || inode != 0) continue;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): an address is all there is.
    found.merge(PlantedIn({reinterpret_cast<const char*>(begin),
                           static_cast<size_t>(end - begin)}));
  }
  return found;
}

TEST(StoreMemoryTest, NothingIsLeftWhenTheStoreIsGone) {
  ASSERT_TRUE(MakeSqliteWipeMemory());
  constexpr uint32_t kNumSightings = 5000;
  std::vector<Sighting> given(kNumSightings);
  for (uint32_t i = 0; i < kNumSightings; ++i) {
    given[i] = Planted(i, kStart + int64_t{i} * 200);
  }
  const int64_t now = kStart + 14 * kDay;
  {
    OpenStore open(TempPath("store"));
    ASSERT_THAT(open.store->Add(given, At(now)), IsOk());
    ASSERT_THAT(open.store->Add(given, At(now)), IsOk());
    ASSERT_THAT(open.store->Retain(At(now + 3600)), IsOk());
    auto stored = open.store->Read();
    ASSERT_THAT(stored, IsOk());
    EXPECT_GT(stored->sightings.size(), kNumSightings / 2);
    Wipe(stored->sightings.data(), stored->sightings.size() * sizeof(Sighting));
    EXPECT_THAT(PlantedInMemory(), Not(IsEmpty()));  // the search finds some
    Wipe(given.data(), given.size() * sizeof(Sighting));
  }
  EXPECT_THAT(PlantedInMemory(), IsEmpty());
}

}  // namespace
}  // namespace tekmatch
