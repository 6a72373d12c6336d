// What a plan says of sightings that it does not hold is what is said of those
// that are held, whatever the stores; and what is refused is refused alike.
#include "tools/commands/planned_sightings.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "matcher/join/sighting.h"
#include "rapidcheck/gtest.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"
#include "tools/sightings/sightings_stores.h"
#include "tools/sightings/sightings_text.h"
#include "tools/sightings/sightings_tksight.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;

constexpr char kDeviceHeader[] = "time,rpi,aem,rssi,device\n";

// Few values, so that stores repeat each other.
Sighting MakeSighting(uint32_t device) {
  Sighting sighting;
  sighting.unix_seconds = *rc::gen::element<int64_t>(0, 1000, 1600, 900'000,
                                                     901'000, 4'102'444'800);
  sighting.rpi.bytes[0] = *rc::gen::inRange<uint8_t>(0, 2);
  sighting.aem.bytes[3] = *rc::gen::inRange<uint8_t>(0, 2);
  sighting.rssi = *rc::gen::element<int16_t>(-60, -61);
  sighting.device = device;
  return sighting;
}

// A store in one of the forms; 0: its rows name no device.
std::string WriteStore(const std::string& name, bool has_devices) {
  std::vector<Sighting> sightings;
  for (auto num = *rc::gen::inRange(0, 12); num > 0; --num) {
    sightings.push_back(
        MakeSighting(has_devices ? *rc::gen::inRange<uint32_t>(0, 3) : 0));
  }
  std::string bytes;
  switch (*rc::gen::inRange(0, sightings.empty() ? 1 : 3)) {
    case 0:
      bytes = kDeviceHeader;
      for (const Sighting& s : sightings) {
        bytes += CsvRow(s, {.previous_scan = false, .device = true});
      }
      // Now and then a row that is none.
      if (*rc::gen::inRange(0, 3) == 0) bytes += "now,,,\n";
      break;
    case 1:
      for (const Sighting& s : sightings) bytes += JsonRow(s);
      break;
    default:
      RC_ASSERT(WriteTksight(sightings, [&bytes](absl::string_view some) {
                  absl::StrAppend(&bytes, some);
                  return absl::OkStatus();
                }).ok());
  }
  std::string path = TempPath(name);
  WriteFile(path, bytes);
  return path;
}

std::vector<std::string> MakeArguments() {
  std::vector<std::string> arguments;
  for (auto num = *rc::gen::inRange(1, 5); num > 0; --num) {
    const bool is_named = *rc::gen::arbitrary<bool>();
    const std::string path = WriteStore(absl::StrCat("store.", num), !is_named);
    arguments.push_back(
        is_named ? absl::StrCat(*rc::gen::inRange(0, 3), "=", path) : path);
    if (*rc::gen::inRange(0, 4) == 0) arguments.push_back(arguments.back());
  }
  return arguments;
}

RC_GTEST_PROP(PlannedSightingsTest, SayWhatHeldOnesSay, ()) {
  const std::vector<std::string> arguments = MakeArguments();
  const SightingsReaderOptions options = {.skip_bad = true};
  const auto held = ReadStores(arguments, options);
  RC_ASSERT(held.ok());
  const auto planned =
      PlanSightings(arguments, options,
                    {.bytes = *rc::gen::element<size_t>(0, 200, 1 << 20),
                     .folder = ::testing::TempDir()});
  RC_ASSERT(planned.ok());
  const SightingsCounts& is = planned->counts;
  const SightingsCounts& expected = held->counts;
  RC_ASSERT(is.num_read == expected.num_read);
  RC_ASSERT(is.num_repeated == expected.num_repeated);
  RC_ASSERT(is.by_device == expected.by_device);
  RC_ASSERT(is.num_bad == expected.num_bad);
  RC_ASSERT(is.bad_reasons == expected.bad_reasons);
  RC_ASSERT(is.dropped == expected.dropped);
  RC_ASSERT(is.conversion == expected.conversion);
  RC_ASSERT(is.losses == expected.losses);
  RC_ASSERT(planned->messages == held->messages);
  RC_ASSERT(planned->heard.runs == HeardIntervals::Of(held->sightings).runs);
  std::optional<int64_t> newest;
  for (const Sighting& sighting : held->sightings) {
    newest = std::max<int64_t>(newest.value_or(0), sighting.unix_seconds);
  }
  RC_ASSERT(planned->newest == newest);
}

std::string Row(int time, int device, const char* rssi = "-60") {
  return absl::StrCat(time, ",00112233445566778899aabbccddeeff,01020304,", rssi,
                      ",", device, "\n");
}

absl::Status StatusOf(const std::vector<std::string>& arguments) {
  return PlanSightings(arguments, {}, {.folder = ::testing::TempDir()})
      .status();
}

// A malformed row is what is said first, wherever another device stands; and
// so is the first store that is wrong.
TEST(PlannedSightingsTest, WhatIsWrongIsSaidAsOfHeldOnes) {
  std::string rows = kDeviceHeader;
  for (int i = 0; i < 20'000; ++i) rows += Row(1000 + i, i == 3 ? 8 : 7);
  const std::string other = WriteTemp("other.csv", rows);
  const std::string both = WriteTemp("both.csv", rows + Row(1, 7, "loud"));
  const std::string late =
      WriteTemp("late.csv", rows + Row(1, 7, "21") + Row(2, 9));
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"7=" + other},
        {"7=" + both},
        {both},
        {late},
        {"7=" + other, "7=" + both},
        {"7=" + both, "6=" + other},
        {"4294967296=" + other, TempPath("missing")},
        {TempPath("missing")}}) {
    const absl::Status held = ReadStores(arguments, {}).status();
    EXPECT_FALSE(held.ok());
    EXPECT_EQ(StatusOf(arguments), held);
  }
  EXPECT_THAT(StatusOf({"7=" + other}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("names device 8")));
  EXPECT_THAT(StatusOf({other}), IsOk());
}

// Sightings that no other store can have need no file, and no folder.
TEST(PlannedSightingsTest, OnlyWhatMayBeRepeatedIsSorted) {
  std::string rows = kDeviceHeader;
  for (int i = 0; i < 100; ++i) rows += Row(1000 + i, 7);
  const std::string path = WriteTemp("rows.csv", rows);
  const PlanMemory none = {.bytes = 0, .folder = "/nowhere"};
  const std::string empty = WriteTemp("empty.csv", kDeviceHeader);
  const std::string others = WriteTemp("others.csv", kDeviceHeader + Row(1, 0));
  EXPECT_THAT(PlanSightings({path}, {}, none), IsOk());
  EXPECT_THAT(PlanSightings({"7=" + path, "8=" + others}, {}, none), IsOk());
  EXPECT_THAT(PlanSightings({path, "8=" + others}, {}, none), IsOk());
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{path, path},
        {"7=" + path, path},
        {"7=" + path, "7=" + path},
        {path, "7=" + empty}}) {
    EXPECT_THAT(PlanSightings(arguments, {}, none),
                StatusIs(absl::StatusCode::kNotFound, HasSubstr("/nowhere: ")));
  }
}

}  // namespace
}  // namespace tekmatch
