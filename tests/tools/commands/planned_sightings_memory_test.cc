// A plan holds no more memory for many sightings than for few, of each form of
// text and of .tksight.
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "matcher/join/sighting.h"
#include "tests/held_memory.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"
#include "tools/commands/planned_sightings.h"
#include "tools/sightings/sightings_text.h"
#include "tools/sightings/sightings_tksight.h"

namespace tekmatch {
namespace {

constexpr size_t kMemory = size_t{1} << 20;

std::vector<Sighting> Make(uint32_t num) {
  std::vector<Sighting> sightings(num);
  for (uint32_t i = 0; i < num; ++i) {
    Sighting& sighting = sightings[i];
    sighting.unix_seconds = 1'592'179'200 + i;
    sighting.rpi.bytes[0] = static_cast<uint8_t>(i);
    sighting.rssi = -60;
    sighting.device = i % 4;
  }
  return sightings;
}

struct Stores {
  std::string csv;
  std::string json;
  std::string scanner;
  std::string tksight;
};

Stores Write(uint32_t num) {
  const std::vector<Sighting> sightings = Make(num);
  std::string csv = "time,rpi,aem,rssi,device\n";
  std::string json;
  std::string scanner = "Time;RPI;AEM;RSSI;BDADDR\n";
  for (const Sighting& sighting : sightings) {
    csv += CsvRow(sighting, {.previous_scan = false, .device = true});
    json += JsonRow(sighting);
    absl::StrAppend(&scanner, int64_t{sighting.unix_seconds},
                    ";00112233445566778899aabbccddeeff;01020304;-60;"
                    "00:00:5E:00:53:00\n");
  }
  std::string tksight;
  EXPECT_THAT(WriteTksight(sightings,
                           [&tksight](absl::string_view some) {
                             absl::StrAppend(&tksight, some);
                             return absl::OkStatus();
                           }),
              IsOk());
  return {.csv = WriteTemp(absl::StrCat(num, ".csv"), csv),
          .json = WriteTemp(absl::StrCat(num, ".jsonl"), json),
          .scanner = WriteTemp(absl::StrCat(num, ".scanner"), scanner),
          .tksight = WriteTemp(absl::StrCat(num, ".tksight"), tksight)};
}

// The most that a plan held.
int64_t MostHeld(const std::vector<std::string>& arguments, uint64_t num) {
  return MostHeldBy([&] {
    const auto planned = PlanSightings(
        arguments, {}, {.bytes = kMemory, .folder = TempPath("")});
    EXPECT_THAT(planned, IsOk());
    if (planned.ok()) {
      EXPECT_EQ(planned->counts.num_read + planned->counts.num_repeated, num);
    }
  });
}

TEST(PlannedSightingsMemoryTest, ItDoesNotGrowWithTheirNumber) {
  constexpr uint32_t kFew = 15'000;
  constexpr uint32_t kMany = 150'000;
  const Stores few = Write(kFew);
  const Stores many = Write(kMany);
  // What a piece, a block of text or the merge of runs takes more or less.
  constexpr int64_t kSlack = int64_t{1} << 20;
  constexpr int64_t kOfAll = int64_t{kMany} * sizeof(Sighting);
  static_assert(kOfAll > 5 * kSlack);
  for (const auto form :
       {&Stores::csv, &Stores::json, &Stores::scanner, &Stores::tksight}) {
    const int64_t with_few = MostHeld({few.*form}, kFew);
    const int64_t with_many = MostHeld({many.*form}, kMany);
    EXPECT_GT(with_few, 0);
    EXPECT_LT(with_many, with_few + kSlack) << many.*form;
    EXPECT_LT(with_many, kOfAll / 2) << many.*form;
  }
  // And where repeated ones are counted.
  const int64_t with_few = MostHeld({few.csv, few.tksight}, uint64_t{2} * kFew);
  const int64_t with_many =
      MostHeld({many.csv, many.tksight}, uint64_t{2} * kMany);
  EXPECT_LT(with_many, with_few + kSlack);
}

}  // namespace
}  // namespace tekmatch
