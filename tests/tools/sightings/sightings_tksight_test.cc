// .tksight, byte by byte: what is written, what is read, and what is refused.
//
// Plan: a file that is written out here, by hand; then files of several blocks,
// whole and damaged; then sightings that no file has.
#include "tools/sightings/sightings_tksight.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "matcher/check/thread_tasks.h"
#include "matcher/join/sighting.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"
#include "tools/files/output_file.h"
#include "tools/sightings/crc32c.h"
#include "tools/sightings/sightings_reader.h"
#include "tools/sightings/sightings_writer.h"
#include "tools/sightings/tksight_layout.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

std::string Write(const std::vector<Sighting>& sightings) {
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
std::string Path() { return TempPath("a"); }

// By one thread; by several it is the same.
absl::StatusOr<SightingsFile> Read(const std::string& bytes,
                                   bool skip_bad = false) {
  WriteFile(Path(), bytes);
  auto alone = ReadSightings(Path(), {.skip_bad = skip_bad});
  for (const size_t num_threads : {2, 5}) {
    const ThreadTasks tasks(num_threads);
    const auto file =
        ReadSightings(Path(), {.skip_bad = skip_bad, .tasks = &tasks});
    EXPECT_EQ(file.status(), alone.status());
    if (!file.ok() || !alone.ok()) continue;
    EXPECT_TRUE(file->sightings == alone->sightings);
    EXPECT_EQ(file->num_bad, alone->num_bad);
    EXPECT_EQ(file->messages, alone->messages);
    EXPECT_EQ(file->bad_reasons, alone->bad_reasons);
    EXPECT_EQ(file->dropped, alone->dropped);
    EXPECT_EQ(file->losses, alone->losses);
  }
  return alone;
}

void ExpectRefused(const std::string& bytes, const std::string& after_path) {
  const auto file = Read(bytes);
  ASSERT_FALSE(file.ok()) << after_path;
  EXPECT_EQ(file.status(), absl::DataLossError(Path() + after_path));
}

void ExpectRefusedAnyhow(const std::string& bytes) {
  EXPECT_THAT(Read(bytes), StatusIs(absl::StatusCode::kDataLoss));
}

// The checks that belong to the bytes of a file with records of so many bytes,
// as who writes a file by hand has to make them.
std::string Sealed(std::string bytes, size_t record_bytes) {
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
std::vector<Sighting> Many(size_t num) {
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

Sighting TheSighting() {
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
std::string TheFile() {
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

TEST(SightingsTksightTest, TheLayoutIsAsDocumented) {
  EXPECT_EQ(Write({TheSighting()}), TheFile());
  const auto file = Read(TheFile());
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
  EXPECT_EQ(Write({}), bytes);
  const auto file = Read(bytes);
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(file->sightings, IsEmpty());
}

TEST(SightingsTksightTest, OptionalFieldsAreThereWhereOneNeedsThem) {
  Sighting with;
  Sighting without;
  without.rssi = 1;
  EXPECT_EQ(Write({with, without}).size(), 28U + 2 * 25 + 4);
  with.seconds_since_previous_scan = 0;
  EXPECT_EQ(Write({with, without}).size(), 28U + 2 * 29 + 4);
  with.device = 1;
  EXPECT_EQ(Write({with, without}).size(), 28U + 2 * 33 + 4);
  with.seconds_since_previous_scan = kNoPreviousScan;
  const std::string bytes = Write({with, without});
  EXPECT_EQ(bytes.size(), 28U + 2 * 29 + 4);
  const auto file = Read(bytes);
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(file->sightings, ElementsAre(with, without));
}

// Around the ends of blocks.
TEST(SightingsTksightTest, AnyNumberOfSightings) {
  for (const size_t num : {1, 4095, 4096, 4097, 8192, 8193}) {
    const std::vector<Sighting> sightings = Many(num);
    std::vector<Sighting> mixed(sightings.rbegin(), sightings.rend());
    const std::string bytes = Write(mixed);
    const TksightHeader header = {.num_sightings = num};
    EXPECT_EQ(bytes.size(), header.file_bytes());
    const auto file = Read(bytes);
    ASSERT_THAT(file, IsOk()) << num;
    EXPECT_TRUE(file->sightings == sightings) << num;
    // Memory for as many as there are.
    EXPECT_EQ(file->sightings.capacity(), num);
  }
}

TEST(SightingsTksightTest, TheStoreIsNotWritten) {
  Sighting sighting = TheSighting();
  sighting.store = 3;
  EXPECT_EQ(Write({sighting}), TheFile());
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
    const std::string bytes = Write({low, high});
    EXPECT_EQ(Write({high, low}), bytes);
    const auto file = Read(bytes);
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

TEST(SightingsTksightTest, APipeIsReadAsAFileIs) {
  const std::vector<Sighting> sightings = Many(8193);
  const std::string bytes = Write(sightings);
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

TEST(SightingsTksightTest, ProgressIsInBytes) {
  const std::string bytes = Write(Many(4097));
  WriteFile(Path(), bytes);
  std::vector<std::pair<uint64_t, uint64_t>> seen;
  const auto file =
      ReadSightings(Path(), {.progress = [&seen](const SightingsProgress& p) {
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
  const auto file = Read(Write({sighting}));
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(file->sightings, ElementsAre(sighting));
}

// ------------------------------------------------------------------- damage

TEST(SightingsTksightTest, NoBitMayBeAnother) {
  const std::string bytes = TheFile();
  for (size_t i = 0; i < bytes.size() * 8; ++i) {
    std::string damaged = bytes;
    damaged[i / 8] = static_cast<char>(damaged[i / 8] ^ 1 << i % 8);
    const auto file = Read(damaged);
    EXPECT_THAT(file, StatusIs(absl::StatusCode::kDataLoss)) << i;
    EXPECT_THAT(file.status().message(), HasSubstr(Path() + ":")) << i;
  }
}

TEST(SightingsTksightTest, NoByteMayBeMissingOrTooMany) {
  const std::string bytes = TheFile();
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_THAT(Read(bytes.substr(0, n)), StatusIs(absl::StatusCode::kDataLoss))
        << n;
  }
  ExpectRefused(bytes.substr(0, 27), ": is cut within its header");
  ExpectRefused(bytes.substr(0, 28), ": is cut: it has 28 bytes of 65");
  ExpectRefused(bytes.substr(0, 64), ": is cut: it has 64 bytes of 65");
  ExpectRefused(bytes + '\0', ": goes on after its last sighting");
}

TEST(SightingsTksightTest, HeadersThatAreNone) {
  std::string bytes = TheFile();
  bytes[8] = 2;
  ExpectRefused(bytes,
                ": is of a newer version of .tksight, 2; this tekmatch reads "
                "version 1");
  bytes[8] = 0;
  ExpectRefused(bytes,
                ": is of no version of .tksight, 0; this tekmatch reads "
                "version 1");
  bytes = TheFile();
  bytes[24] ^= 1;
  ExpectRefused(bytes, ": is damaged: the checksum of its header is wrong");
  bytes = TheFile();
  bytes[12] = 4;
  ExpectRefused(Sealed(bytes, 33),
                ": has fields that version 1 of .tksight does not know");
  // As Windows' and old Macs' text.
  bytes = TheFile();
  bytes.erase(4, 1);
  ExpectRefused(bytes, ": is damaged: it went through a transfer as text");
  bytes.insert(5, "\r");
  ExpectRefused(bytes, ": is damaged: it went through a transfer as text");
}

// They are refused before memory is asked for: 2^32 sightings take 160 GiB.
TEST(SightingsTksightTest, NumbersThatDoNotFitTheFile) {
  std::string bytes = TheFile();
  StoreTksightNumber(0xFFFFFFFF, &bytes[16]);
  bytes = Sealed(bytes, 33);
  ExpectRefused(bytes, ": is cut: it has 65 bytes of 141738115067");
  auto file = Read(bytes, /*skip_bad=*/true);
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(file->sightings, IsEmpty());
  EXPECT_LE(file->sightings.capacity(), 3U);
  EXPECT_THAT(file->losses,
              ElementsAre(SightingsLoss{
                  Path(), "is cut: 0 of 4294967295 sightings are read"}));
  StoreTksightNumber(1, &bytes[20]);
  ExpectRefused(Sealed(bytes, 33),
                ": is said to have more than 4294967295 sightings");
  bytes = TheFile();
  StoreTksightNumber(0, &bytes[16]);
  ExpectRefused(Sealed(bytes, 33), ": goes on after its last sighting");
}

// As a transfer leaves it that was cut after it asked for the file's room: 100
// GiB, of which a disk holds the header. No memory is asked for its sightings.
TEST(SightingsTksightTest, AHeaderBeforeAHoleIsADamage) {
  const TksightHeader header = {.num_sightings = kMaxTksightSightings};
  WriteFile(Path(), EncodeTksightHeader(header));
  std::filesystem::resize_file(Path(), header.file_bytes());
  const std::string reason =
      "is damaged: the checksum of sightings 1 to 4096 is wrong";
  EXPECT_EQ(ReadSightings(Path(), {}).status(),
            absl::DataLossError(absl::StrCat(Path(), ": ", reason)));
  const auto file = ReadSightings(Path(), {.skip_bad = true, .progress = {}});
  ASSERT_THAT(file, IsOk());
  EXPECT_EQ(file->sightings.capacity(), 0U);
  EXPECT_THAT(file->losses,
              ElementsAre(SightingsLoss{
                  Path(), reason + ": 0 of 4294967295 sightings are read"}));
  std::filesystem::remove(Path());
}

TEST(SightingsTksightTest, BlocksThatAreNotInTheirPlace) {
  constexpr size_t kBlock = 4096 * 25 + 4;
  const std::vector<Sighting> sightings = Many(size_t{3} * 4096);
  const std::string bytes = Write(sightings);
  const std::string header = bytes.substr(0, 28);
  const std::string a = bytes.substr(28, kBlock);
  const std::string b = bytes.substr(28 + kBlock, kBlock);
  const std::string c = bytes.substr(28 + 2 * kBlock);
  const std::string second =
      ": is damaged: the checksum of sightings 4097 to 8192 is wrong";
  ExpectRefused(header + a + c + b, second);
  ExpectRefused(header + a + a + c, second);
  ExpectRefused(header + a + b + b,
                ": is damaged: the checksum of sightings 8193 to 12288 is "
                "wrong");
  ExpectRefused(header + b + a + c,
                ": is damaged: the checksum of sightings 1 to 4096 is wrong");
  // Of a file that says the same, but for one sighting.
  std::vector<Sighting> others = sightings;
  others[0].rssi = -1;
  ExpectRefused(header + a + Write(others).substr(28 + kBlock), second);
}

TEST(SightingsTksightTest, WhatIsBeforeADamageCanBeUsed) {
  constexpr size_t kBlock = 4096 * 25 + 4;
  const std::vector<Sighting> sightings = Many(size_t{2} * 4096 + 5);
  const std::vector<Sighting> first(sightings.begin(),
                                    sightings.begin() + 4096);
  const std::string bytes = Write(sightings);
  std::string damaged = bytes;
  damaged[28 + kBlock + 100] ^= 1;
  auto file = Read(damaged, /*skip_bad=*/true);
  ASSERT_THAT(file, IsOk());
  EXPECT_TRUE(file->sightings == first);
  EXPECT_EQ(file->num_bad, 0U);
  EXPECT_THAT(file->losses,
              ElementsAre(SightingsLoss{
                  Path(),
                  "is damaged: the checksum of sightings 4097 to 8192 is "
                  "wrong: 4096 of 8197 sightings are read"}));
  file = Read(bytes.substr(0, 28 + 2 * kBlock - 1), /*skip_bad=*/true);
  ASSERT_THAT(file, IsOk());
  EXPECT_TRUE(file->sightings == first);
  EXPECT_THAT(file->losses,
              ElementsAre(SightingsLoss{
                  Path(), "is cut: 4096 of 8197 sightings are read"}));
  file = Read(bytes + "x", /*skip_bad=*/true);
  ASSERT_THAT(file, IsOk());
  EXPECT_TRUE(file->sightings == sightings);
  EXPECT_THAT(file->losses, ElementsAre(SightingsLoss{
                                Path(), "goes on after its last sighting"}));
  // Without a header nothing is known.
  damaged = bytes;
  damaged[17] ^= 1;
  EXPECT_THAT(Read(damaged, /*skip_bad=*/true),
              StatusIs(absl::StatusCode::kDataLoss));
}

// Of many blocks some at a time are read ahead of the one that is wrong; what
// is there of them does not count. Several faults: the first is said.
TEST(SightingsTksightTest, TheFirstDamageEndsWhatSeveralThreadsRead) {
  constexpr size_t kBlock = 4096 * 25 + 4;
  constexpr size_t kBlocks = 12;
  const std::vector<Sighting> sightings = Many(kBlocks * 4096);
  const std::string bytes = Write(sightings);
  const auto used = [](const std::string& damaged) {
    ExpectRefusedAnyhow(damaged);
    const auto file = Read(damaged, /*skip_bad=*/true);
    EXPECT_THAT(file, IsOk());
    return file.ok() ? file->sightings.size() : 0;
  };
  EXPECT_EQ(Read(bytes)->sightings.size(), sightings.size());
  for (const size_t block : {0, 1, 6, 11}) {
    SCOPED_TRACE(block);
    const size_t at = 28 + block * kBlock;
    // The content or the check of this one, and all after it.
    std::string damaged = bytes;
    for (size_t b = block; b < kBlocks; ++b) damaged[28 + b * kBlock + 9] ^= 1;
    EXPECT_EQ(used(damaged), block * 4096);
    damaged = bytes;
    for (size_t b = block; b < kBlocks; ++b) {
      damaged[28 + (b + 1) * kBlock - 1] ^= 1;
    }
    EXPECT_EQ(used(damaged), block * 4096);
    EXPECT_EQ(used(bytes.substr(0, at + 4711)), block * 4096);
    // Not in order: within the block, and against the one before.
    damaged = bytes;
    damaged.replace(at + size_t{25} * 7, 25, std::string(25, '\0'));
    EXPECT_EQ(used(Sealed(damaged, 25)), block * 4096 + 7);
    if (block == 0) continue;
    damaged = bytes;
    damaged.replace(at, 25, std::string(25, '\0'));
    EXPECT_EQ(used(Sealed(damaged, 25)), block * 4096);
  }
  // Bad records cost themselves alone, whichever thread meets them.
  std::string bad = bytes;
  for (size_t b = 0; b < kBlocks; b += 2) bad[28 + b * kBlock + 24] = 21;
  EXPECT_EQ(used(Sealed(bad, 25)), sightings.size() - kBlocks / 2);
}

TEST(SightingsTksightTest, HandsOnWhatAThreadThrows) {
  WriteFile(Path(), Write(Many(size_t{12} * 4096)));
  for (const size_t num_threads : {1, 3}) {
    const ThreadTasks tasks(num_threads);
    int num_calls = 0;
    SightingsReaderOptions options = {.tasks = &tasks};
    options.progress = [&](const SightingsProgress&) {
      if (++num_calls == 2) throw std::bad_alloc();
    };
    EXPECT_THROW(ReadSightings(Path(), options).status().IgnoreError(),
                 std::bad_alloc);
    EXPECT_EQ(num_calls, 2);
  }
}

// No SIGBUS, which a mapped file would give.
TEST(SightingsTksightTest, AFileThatBecomesShorterMeanwhileIsCut) {
  WriteFile(Path(), Write(Many(size_t{5} * 4096)));
  bool is_first = true;
  const auto file =
      ReadSightings(Path(), {.progress = [&](const SightingsProgress&) {
                      if (!std::exchange(is_first, false)) return;
                      std::filesystem::resize_file(Path(), 200'000);
                    }});
  EXPECT_EQ(file.status(), absl::DataLossError(Path() + ": is cut"));
}

// ------------------------------------------------------ records that are none

TEST(SightingsTksightTest, RecordsThatNoPhoneHasHeardAreBadRows) {
  std::string bytes = Write(Many(3));
  constexpr size_t kSecond = 28 + 25;
  StoreTksightNumber(4102444801, &bytes[kSecond + 16]);
  ExpectRefused(Sealed(bytes, 25),
                ": sighting 2: time: not between 1970 and 2100");
  bytes = Write(Many(3));
  bytes[kSecond + 24] = 21;
  ExpectRefused(Sealed(bytes, 25), ": sighting 2: rssi: not in -128..20");
  bytes[kSecond + 24] = 127;
  bytes = Sealed(bytes, 25);
  ExpectRefused(bytes, ": sighting 2: rssi: 127 means not available");
  const auto file = Read(bytes, /*skip_bad=*/true);
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(file->sightings, ElementsAre(Many(3)[0], Many(3)[2]));
  EXPECT_EQ(file->num_bad, 1U);
  EXPECT_THAT(
      file->messages,
      ElementsAre(Path() + ": sighting 2: rssi: 127 means not available"));
  EXPECT_THAT(file->bad_reasons,
              ElementsAre(Pair("rssi: 127 means not available", 1)));
  EXPECT_THAT(file->losses, IsEmpty());
}

TEST(SightingsTksightTest, AScanBefore1970IsDropped) {
  Sighting sighting = TheSighting();
  sighting.unix_seconds = 100;
  sighting.seconds_since_previous_scan = 100;
  std::string bytes = Write({sighting});
  auto file = Read(bytes);
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(file->sightings, ElementsAre(sighting));
  EXPECT_EQ(file->dropped.previous_scan, 0U);
  StoreTksightNumber(101, &bytes[28 + 25]);
  file = Read(Sealed(bytes, 33));
  ASSERT_THAT(file, IsOk());
  sighting.seconds_since_previous_scan = kNoPreviousScan;
  EXPECT_THAT(file->sightings, ElementsAre(sighting));
  EXPECT_EQ(file->dropped.previous_scan, 1U);
  EXPECT_EQ(file->num_bad, 0U);
}

TEST(SightingsTksightTest, RecordsAreInOrder) {
  std::string bytes = Write(Many(3));
  // Twice the same is legal.
  bytes.replace(28 + 25, 25, bytes.substr(28, 25));
  const auto twice = Read(Sealed(bytes, 25));
  ASSERT_THAT(twice, IsOk());
  EXPECT_EQ(twice->sightings[1], twice->sightings[0]);
  // The time alone is earlier.
  StoreTksightNumber(1599999999, &bytes[28 + 25 + 16]);
  bytes = Sealed(bytes, 25);
  ExpectRefused(bytes, ": is damaged: sighting 2 is not in order");
  const auto file = Read(bytes, /*skip_bad=*/true);
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(file->sightings, ElementsAre(Many(3)[0]));
  EXPECT_THAT(file->losses,
              ElementsAre(SightingsLoss{Path(),
                                        "is damaged: sighting 2 is not in "
                                        "order: 1 of 3 sightings are read"}));
  // Also from block to block.
  constexpr size_t kBlock = 4096 * 25 + 4;
  bytes = Write(Many(4097));
  bytes[28 + kBlock] = 0;
  ExpectRefused(Sealed(bytes, 25),
                ": is damaged: sighting 4097 is not in "
                "order");
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
  auto out = OutputFile::Open(Path());
  ASSERT_THAT(out, IsOk());
  ASSERT_THAT(WriteSightings({TheSighting()}, SightingsFormat::kTksight, **out),
              IsOk());
  ASSERT_THAT((*out)->Commit(), IsOk());
  EXPECT_EQ(ReadFile(Path()), TheFile());
  EXPECT_EQ(
      std::filesystem::status(Path()).permissions(),
      std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

}  // namespace
}  // namespace tekmatch
