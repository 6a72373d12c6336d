// What a .tksight that is written holds, byte by byte, and what is not written.
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "matcher/join/sighting.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"
#include "tests/tools/sightings/tksight_bytes.h"
#include "tools/files/output_file.h"
#include "tools/sightings/sightings_file.h"
#include "tools/sightings/sightings_tksight.h"
#include "tools/sightings/sightings_writer.h"
#include "tools/sightings/tksight_layout.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(SightingsTksightTest, TheLayoutIsAsDocumented) {
  EXPECT_EQ(TksightOf({TheSighting()}), TheFile());
  const auto file = ReadTksightBytes(TheFile());
  ASSERT_THAT(file, IsOk());
  EXPECT_EQ(file->format, SightingsFormat::kTksight);
  EXPECT_THAT(file->sightings, ElementsAre(TheSighting()));
  EXPECT_EQ(file->num_bad, 0U);
  EXPECT_EQ(file->dropped, DroppedSightingFields());
  EXPECT_THAT(file->losses, IsEmpty());
}

TEST(SightingsTksightTest, AFileOfNoSightingsIsAHeader) {
  const std::string bytes = absl::HexStringToBytes(
      "89544b530d0a1a0a0100000000000000"
      "0000000000000000b93a9350");
  EXPECT_EQ(TksightOf({}), bytes);
  const auto file = ReadTksightBytes(bytes);
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(file->sightings, IsEmpty());
}

TEST(SightingsTksightTest, OptionalFieldsAreThereWhereOneNeedsThem) {
  Sighting with;
  Sighting without;
  without.rssi = 1;
  EXPECT_EQ(TksightOf({with, without}).size(), 28U + 2 * 25 + 4);
  with.seconds_since_previous_scan = 0;
  EXPECT_EQ(TksightOf({with, without}).size(), 28U + 2 * 29 + 4);
  with.device = 1;
  EXPECT_EQ(TksightOf({with, without}).size(), 28U + 2 * 33 + 4);
  with.seconds_since_previous_scan = kNoPreviousScan;
  const std::string bytes = TksightOf({with, without});
  EXPECT_EQ(bytes.size(), 28U + 2 * 29 + 4);
  const auto file = ReadTksightBytes(bytes);
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(file->sightings, ElementsAre(with, without));
}

// Around the ends of blocks.
TEST(SightingsTksightTest, AnyNumberOfSightings) {
  for (const size_t num : {1, 4095, 4096, 4097, 8192, 8193}) {
    const std::vector<Sighting> sightings = Many(num);
    std::vector<Sighting> mixed(sightings.rbegin(), sightings.rend());
    const std::string bytes = TksightOf(mixed);
    const TksightHeader header = {.num_sightings = num};
    EXPECT_EQ(bytes.size(), header.file_bytes());
    const auto file = ReadTksightBytes(bytes);
    ASSERT_THAT(file, IsOk()) << num;
    EXPECT_TRUE(file->sightings == sightings) << num;
    // Memory for as many as there are.
    EXPECT_EQ(file->sightings.capacity(), num);
  }
}

TEST(SightingsTksightTest, TheStoreIsNotWritten) {
  Sighting sighting = TheSighting();
  sighting.store = 3;
  EXPECT_EQ(TksightOf({sighting}), TheFile());
}

// In the order of what is written, also where that of the stores is another.
TEST(SightingsTksightTest, TheStoreIsNotSortedBy) {
  Sighting low = TheSighting();
  low.store = 1;
  low.device = 1;
  Sighting high = TheSighting();
  high.device = 5;
  const auto without_store = [](Sighting sighting) {
    sighting.store = 0;
    return sighting;
  };
  for (const bool by_scan : {false, true}) {
    if (by_scan) {
      low.seconds_since_previous_scan = 1;
      high.device = low.device;
    }
    const std::string bytes = TksightOf({low, high});
    EXPECT_EQ(TksightOf({high, low}), bytes);
    const auto file = ReadTksightBytes(bytes);
    ASSERT_THAT(file, IsOk());
    EXPECT_THAT(file->sightings,
                ElementsAre(without_store(low), without_store(high)));
    EXPECT_TRUE(TksightOrder(low, high));
    EXPECT_FALSE(TksightOrder(high, low));
  }
  // Neither is before the other.
  EXPECT_FALSE(TksightOrder(without_store(low), low));
  EXPECT_FALSE(TksightOrder(low, without_store(low)));
}

TEST(SightingsTksightTest, WhatNoFileHasIsNotWritten) {
  const auto status_of = [](const Sighting& sighting) {
    return WriteTksight({Sighting(), sighting}, [](absl::string_view) {
      ADD_FAILURE() << "something is written";
      return absl::OkStatus();
    });
  };
  const auto refuses = [](const std::string& reason) {
    return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(reason));
  };
  Sighting sighting = TheSighting();
  sighting.unix_seconds = -1;
  EXPECT_THAT(status_of(sighting),
              refuses("sighting 1: its time is before 1970"));
  sighting.unix_seconds = std::numeric_limits<uint32_t>::max();
  EXPECT_THAT(status_of(sighting),
              refuses("sighting 1: its time is after 2099"));
  sighting = TheSighting();
  sighting.rssi = kRssiNotAvailable;
  EXPECT_THAT(status_of(sighting), refuses("sighting 1: its RSSI is not in"));
  sighting.rssi = kMinRssi - 1;
  EXPECT_THAT(status_of(sighting), refuses("sighting 1: its RSSI is not in"));
  sighting = TheSighting();
  sighting.unix_seconds = 239;
  EXPECT_EQ(
      status_of(sighting),
      absl::InvalidArgumentError("sighting 1: its scan before is before 1970"));
}

TEST(SightingsTksightTest, AWriterThatFailsIsHeard) {
  for (const int num_good : {0, 1, 2}) {
    int num = 0;
    const absl::Status status =
        WriteTksight(Many(4097), [&](absl::string_view) {
          return num++ < num_good ? absl::OkStatus()
                                  : absl::ResourceExhaustedError("no room");
        });
    EXPECT_EQ(status, absl::ResourceExhaustedError("no room"));
    EXPECT_EQ(num, num_good + 1);
  }
}

// The owner's alone, as every file of sightings.
TEST(SightingsTksightTest, WriteSightingsWritesIt) {
  auto out = OutputFile::Open(TksightPath());
  ASSERT_THAT(out, IsOk());
  ASSERT_THAT(WriteSightings({TheSighting()}, SightingsFormat::kTksight, **out),
              IsOk());
  ASSERT_THAT((*out)->Commit(), IsOk());
  EXPECT_EQ(ReadFile(TksightPath()), TheFile());
  EXPECT_EQ(
      std::filesystem::status(TksightPath()).permissions(),
      std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

}  // namespace
}  // namespace tekmatch
