// Bytes of .tksight that tests write, change and read.
#ifndef TEKMATCH_TESTS_TOOLS_SIGHTINGS_TKSIGHT_BYTES_H_
#define TEKMATCH_TESTS_TOOLS_SIGHTINGS_TKSIGHT_BYTES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "matcher/check/thread_tasks.h"
#include "matcher/join/sighting.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"
#include "tools/sightings/crc32c.h"
#include "tools/sightings/sightings_reader.h"
#include "tools/sightings/sightings_tksight.h"
#include "tools/sightings/tksight_layout.h"

namespace tekmatch {

inline std::string TksightOf(const std::vector<Sighting>& sightings) {
  std::string bytes;
  EXPECT_THAT(WriteTksight(sightings,
                           [&bytes](absl::string_view some) {
                             absl::StrAppend(&bytes, some);
                             return absl::OkStatus();
                           }),
              IsOk());
  return bytes;
}

// Where a file of these tests is.
inline std::string TksightPath() { return TempPath("a"); }

// By one thread; by several, and piece by piece, it is the same.
inline absl::StatusOr<SightingsFile> ReadTksightBytes(const std::string& bytes,
                                                      bool skip_bad = false) {
  WriteFile(TksightPath(), bytes);
  auto alone = ReadSightings(TksightPath(), {.skip_bad = skip_bad});
  for (const size_t num_threads : {2, 5}) {
    const ThreadTasks tasks(num_threads);
    const auto file =
        ReadSightings(TksightPath(), {.skip_bad = skip_bad, .tasks = &tasks});
    EXPECT_EQ(file.status(), alone.status());
    if (!file.ok() || !alone.ok()) continue;
    EXPECT_TRUE(file->sightings == alone->sightings);
    EXPECT_EQ(file->num_bad, alone->num_bad);
    EXPECT_EQ(file->messages, alone->messages);
    EXPECT_EQ(file->bad_reasons, alone->bad_reasons);
    EXPECT_EQ(file->dropped, alone->dropped);
    EXPECT_EQ(file->losses, alone->losses);
  }
  for (const size_t num_threads : {1, 2, 5}) {
    const ThreadTasks tasks(num_threads);
    std::vector<Sighting> taken;
    SightingsReaderOptions options = {.skip_bad = skip_bad, .tasks = &tasks};
    options.sink = [&taken](absl::Span<Sighting> some) {
      EXPECT_LE(some.size(), kTksightBlockRecords);
      taken.insert(taken.end(), some.begin(), some.end());
      return absl::OkStatus();
    };
    const auto file = ReadSightings(TksightPath(), options);
    EXPECT_EQ(file.status(), alone.status());
    if (!file.ok() || !alone.ok()) continue;
    EXPECT_TRUE(taken == alone->sightings);
    EXPECT_TRUE(file->sightings.empty());
    EXPECT_EQ(file->num_bad, alone->num_bad);
    EXPECT_EQ(file->losses, alone->losses);
  }
  return alone;
}

inline void ExpectRefused(const std::string& bytes,
                          const std::string& after_path) {
  const auto file = ReadTksightBytes(bytes);
  ASSERT_FALSE(file.ok()) << after_path;
  EXPECT_EQ(file.status(), absl::DataLossError(TksightPath() + after_path));
}

inline void ExpectRefusedAnyhow(const std::string& bytes) {
  EXPECT_THAT(ReadTksightBytes(bytes), StatusIs(absl::StatusCode::kDataLoss));
}

// The checks that belong to the bytes of a file with records of so many bytes,
// as who writes a file by hand has to make them.
inline std::string Sealed(std::string bytes, size_t record_bytes) {
  const auto seal = [&bytes](size_t at, uint32_t check) {
    if (at + kTksightCheckBytes <= bytes.size()) {
      StoreTksightNumber(check, &bytes[at]);
    }
  };
  size_t at = kTksightHeaderBytes - kTksightCheckBytes;
  uint32_t check = Crc32c(absl::string_view(bytes).substr(0, at));
  seal(at, check);
  at += kTksightCheckBytes;
  while (at + kTksightCheckBytes < bytes.size()) {
    const size_t block = std::min(kTksightBlockRecords * record_bytes,
                                  bytes.size() - at - kTksightCheckBytes);
    check = ExtendCrc32c(check, absl::string_view(bytes).substr(at, block));
    at += block;
    seal(at, check);
    at += kTksightCheckBytes;
  }
  return bytes;
}

// In TksightOrder; every RPI another one, times of any order.
inline std::vector<Sighting> Many(size_t num) {
  std::vector<Sighting> sightings(num);
  for (size_t i = 0; i < num; ++i) {
    sightings[i].rpi.bytes[0] = static_cast<uint8_t>(i >> 8);
    sightings[i].rpi.bytes[15] = static_cast<uint8_t>(i);
    sightings[i].unix_seconds = 1600000000 + static_cast<int64_t>(i * 7 % 997);
    sightings[i].rssi = static_cast<int16_t>(-30 - static_cast<int>(i % 70));
    sightings[i].aem.bytes = {1, 2, 3, static_cast<uint8_t>(i)};
  }
  return sightings;
}

inline Sighting TheSighting() {
  Sighting sighting;
  sighting.unix_seconds = 1589974662;
  for (uint8_t i = 0; i < 16; ++i) sighting.rpi.bytes[i] = i;
  sighting.aem.bytes = {0xA1, 0x8E, 0xD7, 0xDE};
  sighting.rssi = -77;
  sighting.seconds_since_previous_scan = 240;
  sighting.device = 7;
  return sighting;
}

// Made by a program in another language.
inline std::string TheFile() {
  return absl::HexStringToBytes(
      "89544b530d0a1a0a"  // magic
      "01000000"          // version
      "03000000"          // previous_scan and device
      "0100000000000000"  // one sighting
      "ce3b3d4a"          // check
      "000102030405060708090a0b0c0d0e0f"
      "8616c55e"    // time
      "a18ed7de"    // AEM
      "b3"          // RSSI
      "f0000000"    // previous_scan
      "07000000"    // device
      "3812dd9e");  // check
}

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_TOOLS_SIGHTINGS_TKSIGHT_BYTES_H_
