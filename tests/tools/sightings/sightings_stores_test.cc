#include "tools/sightings/sightings_stores.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "matcher/check/thread_tasks.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr char kRpi[] = "00112233445566778899aabbccddeeff";

// A row at a time, with a previous scan if it is not empty.
std::string Row(int time, const std::string& previous = "", int rssi = -60) {
  return absl::StrCat(time, ",", kRpi, ",01020304,", rssi, ",", previous, "\n");
}

std::string Write(
    const std::string& name, const std::string& rows,
    const std::string& header = "time,rpi,aem,rssi,previous_scan\n") {
  std::string path = TempPath(name);
  WriteFile(path, header + rows);
  return path;
}

RunSightings Read(const std::vector<std::string>& arguments) {
  auto run = ReadStores(arguments, {});
  EXPECT_THAT(run, IsOk());
  return run.ok() ? *std::move(run) : RunSightings();
}

std::vector<Sighting> Sorted(std::vector<Sighting> sightings) {
  std::sort(sightings.begin(), sightings.end());
  return sightings;
}

TEST(SightingsStoresTest, OneStoreIsAsItStands) {
  // Twice the same row: it was heard twice.
  const std::string a = Write("a.csv", Row(2000) + Row(1000) + Row(1000));
  const RunSightings run = Read({a});
  ASSERT_EQ(run.sightings.size(), 3U);
  EXPECT_EQ(run.sightings[0].unix_seconds, 2000);
  EXPECT_EQ(run.counts.num_read, 3U);
  EXPECT_EQ(run.counts.num_repeated, 0U);
  EXPECT_THAT(run.counts.by_device, IsEmpty());
}

// The larger one is number 0, whatever its name and place.
TEST(SightingsStoresTest, StoresAreNumberedByWhatIsInThem) {
  const std::string a = Write("a.csv", Row(1000));
  const std::string b = Write("b.csv", Row(3000) + Row(2000));
  const std::string c = Write("c.csv", Row(900));
  const std::vector<Sighting> once = Sorted(Read({a, b, c}).sightings);
  ASSERT_EQ(once.size(), 4U);
  EXPECT_EQ(once[0].store, 1);  // 900
  EXPECT_EQ(once[1].store, 2);  // 1000
  EXPECT_EQ(once[2].store, 0);
  EXPECT_EQ(once[3].store, 0);
  EXPECT_EQ(Sorted(Read({c, b, a}).sightings), once);
  EXPECT_EQ(Sorted(Read({b, a, c}).sightings), once);
}

TEST(SightingsStoresTest, AStoreGivenAgainAndAPartOfItChangeNothing) {
  const std::string whole =
      Write("whole.csv", Row(1000) + Row(1000) + Row(1000, "900") +
                             Row(2000, "1900") + Row(3000));
  const std::string part = Write("part.csv", Row(1000) + Row(3000));
  const std::vector<Sighting> alone = Sorted(Read({whole}).sightings);
  const RunSightings twice = Read({whole, whole});
  EXPECT_EQ(Sorted(twice.sightings), alone);
  EXPECT_EQ(twice.counts.num_read, 5U);
  EXPECT_EQ(twice.counts.num_repeated, 5U);
  const RunSightings with_part = Read({part, whole});
  EXPECT_EQ(Sorted(with_part.sightings), alone);
  EXPECT_EQ(with_part.counts.num_repeated, 2U);
}

// Equal in time, RPI, AEM and RSSI, and no less.
TEST(SightingsStoresTest, WhatDiffersIsNotTheSame) {
  const std::string a = Write("a.csv", Row(1000));
  const std::string b = Write("b.csv", Row(1000, "", -61) + Row(1001));
  const RunSightings run = Read({a, b});
  EXPECT_EQ(run.sightings.size(), 3U);
  EXPECT_EQ(run.counts.num_repeated, 0U);
}

TEST(SightingsStoresTest, TheShorterTimeSinceThePreviousScanIsKept) {
  const std::string none = Write("none.csv", Row(1000));
  const std::string far = Write("far.csv", Row(1000, "700"));
  const std::string near = Write("near.csv", Row(1000, "880"));
  for (const std::vector<std::string>& stores :
       {std::vector<std::string>{none, far, near}, {near, far, none}}) {
    const RunSightings run = Read(stores);
    ASSERT_EQ(run.sightings.size(), 1U);
    EXPECT_EQ(run.sightings[0].seconds_since_previous_scan, 120U);
    EXPECT_EQ(run.counts.num_repeated, 2U);
  }
}

TEST(SightingsStoresTest, AnArgumentMayNameTheDevice) {
  const std::string a = Write("a.csv", Row(1000));
  const std::string b = Write("b.csv", Row(1000));
  const std::string empty = Write("empty.csv", "");
  const RunSightings run = Read({"4294967295=" + a, "3=" + b, b, "7=" + empty});
  EXPECT_THAT(
      run.counts.by_device,
      ElementsAre(Pair(0, 1), Pair(3, 1), Pair(7, 0), Pair(4294967295, 1)));
  // Different devices are different people.
  EXPECT_EQ(run.counts.num_repeated, 0U);
  for (const Sighting& sighting : run.sightings) EXPECT_EQ(sighting.store, 0);
  // Of one device they are one person's.
  EXPECT_EQ(Read({"3=" + a, "3=" + b}).counts.num_repeated, 1U);
  EXPECT_THAT(Read({"0=" + a}).counts.by_device, ElementsAre(Pair(0, 1)));
}

TEST(SightingsStoresTest, RowsMayNameTheDeviceToo) {
  const std::string rows = absl::StrCat("1000,", kRpi, ",01020304,-60,3\n");
  const std::string a = Write("a.csv", rows, "time,rpi,aem,rssi,device\n");
  EXPECT_THAT(Read({a}).counts.by_device, ElementsAre(Pair(3, 1)));
  EXPECT_THAT(Read({"3=" + a}).counts.by_device, ElementsAre(Pair(3, 1)));
  const absl::Status status = ReadStores({"4=" + a}, {}).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr("names device 3")));
}

// Wherever in the file the other device is, and whichever thread meets it.
TEST(SightingsStoresTest, OneRowOfAnotherDeviceIsFoundByAnyThread) {
  // Enough for threads.
  constexpr int kRows = 33'000;
  for (const int other : {-1, 0, 1, kRows / 2, kRows - 1}) {
    std::string rows;
    for (int i = 0; i < kRows; ++i) {
      absl::StrAppend(&rows, 1000 + i, ",", kRpi, ",01020304,-60,",
                      i == other ? 5 : 3, "\n");
    }
    const std::string a = Write("a.csv", rows, "time,rpi,aem,rssi,device\n");
    for (const size_t num_threads : {1, 3, 16}) {
      const ThreadTasks tasks(num_threads);
      const auto run = ReadStores({a}, {.tasks = &tasks});
      ASSERT_THAT(run, IsOk());
      EXPECT_EQ(run->sightings.size(), size_t{kRows});
      if (other < 0) {
        EXPECT_THAT(run->counts.by_device, ElementsAre(Pair(3, kRows)));
      } else {
        EXPECT_THAT(run->counts.by_device,
                    ElementsAre(Pair(3, kRows - 1), Pair(5, 1)));
        EXPECT_EQ(run->sightings[static_cast<size_t>(other)].device, 5U);
      }
    }
  }
}

std::string RowOf(int64_t seconds, uint32_t device) {
  return absl::StrCat(seconds, ",", kRpi, ",01020304,-60,", device, "\n");
}

// What each (device, time, store) is, in the order that they are given.
std::vector<std::tuple<uint32_t, int64_t, int>> Told(const RunSightings& run) {
  std::vector<std::tuple<uint32_t, int64_t, int>> told;
  for (const Sighting& s : run.sightings) {
    told.emplace_back(s.device, s.unix_seconds, s.store);
  }
  return told;
}

TEST(SightingsStoresTest, StoresWithoutADeviceInCommonStayAsTheyStand) {
  const std::string header = "time,rpi,aem,rssi,device\n";
  const std::string a =
      Write("a.csv", RowOf(3000, 7) + RowOf(2000, 5) + RowOf(2500, 7), header);
  const std::string b = Write("b.csv", RowOf(1000, 6) + RowOf(1000, 0), header);
  const RunSightings run = Read({b, a});
  using Row = std::tuple<uint32_t, int64_t, int>;
  EXPECT_THAT(Told(run),
              ElementsAre(Row(7, 3000, 0), Row(5, 2000, 0), Row(7, 2500, 0),
                          Row(6, 1000, 0), Row(0, 1000, 0)));
  EXPECT_THAT(run.counts.by_device,
              ElementsAre(Pair(0, 1), Pair(5, 1), Pair(6, 1), Pair(7, 2)));
  EXPECT_EQ(run.counts.num_read, 5U);
}

TEST(SightingsStoresTest, OneDeviceInCommonIsJoined) {
  const std::string header = "time,rpi,aem,rssi,device\n";
  const std::string a =
      Write("a.csv", RowOf(3000, 7) + RowOf(2000, 5) + RowOf(2500, 7), header);
  const std::string b = Write("b.csv", RowOf(1000, 6) + RowOf(2500, 7), header);
  const RunSightings run = Read({a, b});
  using Row = std::tuple<uint32_t, int64_t, int>;
  EXPECT_THAT(Told(run), ElementsAre(Row(5, 2000, 0), Row(6, 1000, 0),
                                     Row(7, 2500, 0), Row(7, 3000, 0)));
  EXPECT_EQ(run.counts.num_repeated, 1U);
  EXPECT_THAT(run.counts.by_device,
              ElementsAre(Pair(5, 1), Pair(6, 1), Pair(7, 2)));
  EXPECT_EQ(run.counts.num_read, 4U);
}

TEST(SightingsStoresTest, PathsWithAnEqualsSign) {
  const std::string a = Write("x=a.csv", Row(1000));
  EXPECT_EQ(Read({a}).counts.num_read, 1U);  // begins with "/"
  EXPECT_EQ(Read({"3=" + a}).counts.num_read, 1U);
  const absl::Status status = ReadStores({"4294967296=" + a}, {}).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr("not in 0..4294967295")));
  // No number, hence a path.
  for (const char* path : {"-1=nothing", "=nothing", "3.5=nothing", "3"}) {
    const absl::Status missing = ReadStores({path}, {}).status();
    EXPECT_THAT(missing,
                StatusIs(absl::StatusCode::kNotFound, HasSubstr(path)));
  }
}

}  // namespace
}  // namespace tekmatch
