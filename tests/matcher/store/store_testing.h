// Sightings whose RPIs can be told apart, and found again in any bytes.
#ifndef TEKMATCH_TESTS_MATCHER_STORE_STORE_TESTING_H_
#define TEKMATCH_TESTS_MATCHER_STORE_STORE_TESTING_H_

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "matcher/join/sighting.h"
#include "matcher/store/database.h"
#include "matcher/store/sighting_store.h"

namespace tekmatch {

// 5 December 2020, 00:00 UTC.
inline constexpr int64_t kStart = 1607126400;
inline constexpr int64_t kDay = int64_t{24} * 3600;

inline absl::Time At(int64_t unix_seconds) {
  return absl::FromUnixSeconds(unix_seconds);
}

// A sighting whose RPI holds `number` behind a mark of eight bytes.
Sighting Planted(uint32_t number, int64_t unix_seconds);

// The numbers of the planted RPIs in `bytes`.
std::set<uint32_t> PlantedIn(absl::string_view bytes);

// Of all files in a folder.
std::set<uint32_t> PlantedInFolder(const std::string& folder);

// Ascending.
std::vector<Sighting> Sorted(std::vector<Sighting> sightings);

// A database with its store; a failed test where they do not open.
struct OpenStore {
  // Where several connections write at once on a slow disk, one may wait for
  // long: SQLite's turns are not in order.
  explicit OpenStore(const std::string& folder,
                     OpenMode mode = OpenMode::kCreate,
                     absl::Duration busy_timeout = absl::Seconds(5));

  std::unique_ptr<Database> database;
  std::unique_ptr<SightingStore> store;
};

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_MATCHER_STORE_STORE_TESTING_H_
