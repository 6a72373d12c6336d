// What is read of a .tksight that is whole: from a file or a pipe, by several
// threads, and what of its records is dropped or refused.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "matcher/check/thread_tasks.h"
#include "matcher/join/sighting.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"
#include "tests/tools/sightings/tksight_bytes.h"
#include "tools/sightings/sightings_reader.h"
#include "tools/sightings/tksight_layout.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(SightingsTksightTest, APipeIsReadAsAFileIs) {
  const std::vector<Sighting> sightings = Many(8193);
  const std::string bytes = TksightOf(sightings);
  for (const bool is_cut : {false, true}) {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    ASSERT_GE(fcntl(ends[1], F_SETPIPE_SZ, 1 << 20), 1 << 20);
    const auto num = static_cast<ssize_t>(bytes.size() - (is_cut ? 1 : 0));
    ASSERT_EQ(write(ends[1], bytes.data(), static_cast<size_t>(num)), num);
    close(ends[1]);
    const std::string path = absl::StrCat("/dev/fd/", ends[0]);
    const auto file = ReadSightings(path, {});
    close(ends[0]);
    if (is_cut) {
      EXPECT_EQ(file.status(), absl::DataLossError(path + ": is cut"));
    } else {
      ASSERT_THAT(file, IsOk());
      EXPECT_TRUE(file->sightings == sightings);
    }
  }
}

TEST(SightingsTksightTest, SaysWhetherItMayNameDevices) {
  Sighting sighting = Many(1)[0];
  for (const uint32_t device : {0, 7}) {
    sighting.device = device;
    WriteFile(TksightPath(), TksightOf({sighting}));
    const auto file = ReadSightings(TksightPath(), {});
    ASSERT_THAT(file, IsOk());
    EXPECT_EQ(file->may_name_devices, device != 0);
    EXPECT_EQ(file->sightings[0].device, device);
  }
}

TEST(SightingsTksightTest, ProgressIsInBytes) {
  const std::string bytes = TksightOf(Many(4097));
  WriteFile(TksightPath(), bytes);
  std::vector<std::pair<uint64_t, uint64_t>> seen;
  const auto file = ReadSightings(
      TksightPath(), {.progress = [&seen](const SightingsProgress& p) {
        seen.emplace_back(p.done, p.total);
      }});
  ASSERT_THAT(file, IsOk());
  const uint64_t total = bytes.size();
  EXPECT_THAT(seen,
              ElementsAre(Pair(28 + 4096 * 25 + 4, total), Pair(total, total)));
}

// RPIs are random, or a stranger's.
TEST(SightingsTksightTest, BytesOfOtherFormatsInItAreNoMatter) {
  Sighting sighting = TheSighting();
  const absl::string_view others = "\"ExposureChecks\"";
  std::copy_n(others.begin(), kRpiBytes, sighting.rpi.bytes.begin());
  const auto file = ReadTksightBytes(TksightOf({sighting}));
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(file->sightings, ElementsAre(sighting));
}

TEST(SightingsTksightTest, HandsOnWhatAThreadThrows) {
  WriteFile(TksightPath(), TksightOf(Many(size_t{12} * 4096)));
  for (const size_t num_threads : {1, 3}) {
    const ThreadTasks tasks(num_threads);
    int num_calls = 0;
    SightingsReaderOptions options = {.tasks = &tasks};
    options.progress = [&](const SightingsProgress&) {
      if (++num_calls == 2) throw std::bad_alloc();
    };
    EXPECT_THROW(ReadSightings(TksightPath(), options).status().IgnoreError(),
                 std::bad_alloc);
    EXPECT_EQ(num_calls, 2);
  }
}

TEST(SightingsTksightTest, RecordsThatNoPhoneHasHeardAreBadRows) {
  std::string bytes = TksightOf(Many(3));
  constexpr size_t kSecond = 28 + 25;
  StoreTksightNumber(4102444801, &bytes[kSecond + 16]);
  ExpectRefused(Sealed(bytes, 25),
                ": sighting 2: time: not between 1970 and 2100");
  bytes = TksightOf(Many(3));
  bytes[kSecond + 24] = 21;
  ExpectRefused(Sealed(bytes, 25), ": sighting 2: rssi: not in -128..20");
  bytes[kSecond + 24] = 127;
  bytes = Sealed(bytes, 25);
  ExpectRefused(bytes, ": sighting 2: rssi: 127 means not available");
  const auto file = ReadTksightBytes(bytes, /*skip_bad=*/true);
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(file->sightings, ElementsAre(Many(3)[0], Many(3)[2]));
  EXPECT_EQ(file->num_bad, 1U);
  EXPECT_THAT(file->messages,
              ElementsAre(TksightPath() +
                          ": sighting 2: rssi: 127 means not available"));
  EXPECT_THAT(file->bad_reasons,
              ElementsAre(Pair("rssi: 127 means not available", 1)));
  EXPECT_THAT(file->losses, IsEmpty());
}

TEST(SightingsTksightTest, AScanBefore1970IsDropped) {
  Sighting sighting = TheSighting();
  sighting.unix_seconds = 100;
  sighting.seconds_since_previous_scan = 100;
  std::string bytes = TksightOf({sighting});
  auto file = ReadTksightBytes(bytes);
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(file->sightings, ElementsAre(sighting));
  EXPECT_EQ(file->dropped.previous_scan, 0U);
  StoreTksightNumber(101, &bytes[28 + 25]);
  file = ReadTksightBytes(Sealed(bytes, 33));
  ASSERT_THAT(file, IsOk());
  sighting.seconds_since_previous_scan = kNoPreviousScan;
  EXPECT_THAT(file->sightings, ElementsAre(sighting));
  EXPECT_EQ(file->dropped.previous_scan, 1U);
  EXPECT_EQ(file->num_bad, 0U);
}

}  // namespace
}  // namespace tekmatch
