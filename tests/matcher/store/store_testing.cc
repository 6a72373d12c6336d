#include "tests/matcher/store/store_testing.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <utility>

#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

// The mark, but for a bit in each byte, so that it is not in this program.
constexpr char kInverted[] = {~'p', ~'L', ~'a', ~'N', ~'t', ~'E', ~'d', ~'!'};
constexpr size_t kMarkBytes = sizeof(kInverted);

std::string Mark() {
  std::string mark(kInverted, kMarkBytes);
  for (char& c : mark) c = static_cast<char>(~c);
  return mark;
}

}  // namespace

Sighting Planted(uint32_t number, int64_t unix_seconds) {
  Sighting sighting;
  sighting.unix_seconds = unix_seconds;
  std::memcpy(sighting.rpi.bytes.data(), Mark().data(), kMarkBytes);
  std::memcpy(sighting.rpi.bytes.data() + kMarkBytes, &number, sizeof(number));
  std::memset(sighting.rpi.bytes.data() + 12, 0x5A, 4);
  std::memset(sighting.aem.bytes.data(), 0x33, kAemBytes);
  sighting.rssi = static_cast<int16_t>(-30 - number % 60);
  sighting.seconds_since_previous_scan = 200 + number % 100;
  return sighting;
}

std::set<uint32_t> PlantedIn(absl::string_view bytes) {
  std::set<uint32_t> found;
  const std::string mark = Mark();
  size_t at = bytes.find(mark);
  while (at != absl::string_view::npos) {
    uint32_t number = 0;
    const absl::string_view behind =
        bytes.substr(at + kMarkBytes, sizeof(number));
    if (behind.size() < sizeof(number)) break;
    std::memcpy(&number, behind.data(), sizeof(number));
    found.insert(number);
    at = bytes.find(mark, at + 1);
  }
  return found;
}

std::set<uint32_t> PlantedInFolder(const std::string& folder) {
  std::set<uint32_t> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string bytes = ReadFile(entry.path());
    constexpr size_t kPageBytes = 4096;
    if (entry.path().filename() != "tekmatch.sqlite") {
      found.merge(PlantedIn(bytes));
      continue;
    }
    // A number that goes on in another page is none.
    for (size_t at = 0; at < bytes.size(); at += kPageBytes) {
      found.merge(PlantedIn(absl::string_view(bytes).substr(at, kPageBytes)));
    }
  }
  return found;
}

std::vector<Sighting> Sorted(std::vector<Sighting> sightings) {
  std::sort(sightings.begin(), sightings.end());
  return sightings;
}

OpenStore::OpenStore(const std::string& folder, OpenMode mode,
                     absl::Duration busy_timeout) {
  auto opened = Database::Open(folder, mode, busy_timeout);
  EXPECT_THAT(opened, IsOk());
  if (!opened.ok()) return;
  database = *std::move(opened);
  auto made = SightingStore::Create(*database);
  EXPECT_THAT(made, IsOk());
  if (made.ok()) store = std::make_unique<SightingStore>(*std::move(made));
}

}  // namespace tekmatch
