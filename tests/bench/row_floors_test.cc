// How long the steps take is the machine's; which RPIs count is not.
#include "bench/row_floors.h"

#include <cstdint>
#include <string>
#include <vector>

#include "bench/signed_export.h"
#include "bench/world.h"
#include "gtest/gtest.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/join/match_policy.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"
#include "tools/files/output_file.h"

namespace tekmatch {
namespace {

KeyBlock OneKey(EnIntervalNumber start, uint8_t period) {
  KeyBlock keys;
  keys.Append({.rolling_start = start, .rolling_period = period});
  return keys;
}

std::vector<Sighting> HeardAt(const std::vector<int64_t>& intervals) {
  std::vector<Sighting> sightings;
  sightings.reserve(intervals.size());
  for (const int64_t interval : intervals) {
    sightings.push_back({.unix_seconds = interval * kIntervalSeconds + 599});
  }
  return sightings;
}

TEST(ShareInTimeTest, IsThatOfTheIntervalsBesideASighting) {
  ASSERT_EQ(MatchPolicy().tolerance_intervals, 12);
  const KeyBlock key = OneKey(1000, 100);
  EXPECT_EQ(ShareInTime(key, HeardAt({1050})), 0.25);
  // The first and the last that reach into the key.
  EXPECT_EQ(ShareInTime(key, HeardAt({988})), 0.01);
  EXPECT_EQ(ShareInTime(key, HeardAt({1111})), 0.01);
  EXPECT_EQ(ShareInTime(key, HeardAt({987})), 0);
  EXPECT_EQ(ShareInTime(key, HeardAt({1112})), 0);
  // None counts twice, and the order is all the same.
  EXPECT_EQ(ShareInTime(key, HeardAt({1060, 1050, 1050})), 0.35);
  EXPECT_EQ(ShareInTime(key, HeardAt({1012, 1012 + 25, 1087})), 0.75);
  EXPECT_EQ(ShareInTime(key, {}), 0);
  EXPECT_EQ(ShareInTime(KeyBlock(), HeardAt({1050})), 0);
}

TEST(ShareInTimeTest, WeighsKeysByTheirRpis) {
  KeyBlock keys = OneKey(1000, 144);
  keys.Append({.rolling_start = 5000, .rolling_period = 6});
  EXPECT_EQ(ShareInTime(keys, HeardAt({5003})), 6 / 150.0);
}

TEST(RowFloorsTest, FilesAreReadWhole) {
  const auto signer = MakeSigner();
  ASSERT_THAT(signer, IsOk());
  const auto zip = SignedExport(OneKey(2'660'000, 144), *signer);
  ASSERT_THAT(zip, IsOk());
  const std::string path = TempPath("export.zip");
  ASSERT_THAT(WriteWholeFile(path, *zip, OutputFile::Readers::kOwner), IsOk());
  const auto seconds = ZipFloor(path);
  ASSERT_THAT(seconds, IsOk());
  EXPECT_GT(*seconds, 0);
  const auto reading = SightingsFloor(path, 1000);
  ASSERT_THAT(reading, IsOk());
  EXPECT_GT(*reading, 0);

  // No floor of what is not there.
  std::string damaged = *zip;
  damaged[damaged.size() / 4] ^= 1;
  ASSERT_THAT(WriteWholeFile(path, damaged, OutputFile::Readers::kOwner),
              IsOk());
  EXPECT_THAT(ZipFloor(path), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(ZipFloor(TempPath("none")),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(SightingsFloor(TempPath("none"), 1),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST(RowFloorsTest, AKernelThatNobodyCountedHasNone) {
  EXPECT_THAT(KernelsFloor("portable", 1),
              StatusIs(absl::StatusCode::kUnimplemented));
}

}  // namespace
}  // namespace tekmatch
