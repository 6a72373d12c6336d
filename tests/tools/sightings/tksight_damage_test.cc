// A .tksight that is cut or damaged: it is refused, with the reason, and what
// is before the damage can be used.
//
// Plan: any bit or byte; headers; blocks; order; a file that changes meanwhile.
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "matcher/join/sighting.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"
#include "tests/tools/sightings/tksight_bytes.h"
#include "tools/sightings/sightings_reader.h"
#include "tools/sightings/sightings_tksight.h"
#include "tools/sightings/tksight_layout.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(SightingsTksightTest, NoBitMayBeAnother) {
  const std::string bytes = TheFile();
  for (size_t i = 0; i < bytes.size() * 8; ++i) {
    std::string damaged = bytes;
    damaged[i / 8] = static_cast<char>(damaged[i / 8] ^ 1 << i % 8);
    const auto file = ReadTksightBytes(damaged);
    EXPECT_THAT(file, StatusIs(absl::StatusCode::kDataLoss)) << i;
    EXPECT_THAT(file.status().message(), HasSubstr(TksightPath() + ":")) << i;
  }
}

TEST(SightingsTksightTest, NoByteMayBeMissingOrTooMany) {
  const std::string bytes = TheFile();
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_THAT(ReadTksightBytes(bytes.substr(0, n)),
                StatusIs(absl::StatusCode::kDataLoss))
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

// They are refused before memory is asked for: 2^32 sightings take 144 GiB.
TEST(SightingsTksightTest, NumbersThatDoNotFitTheFile) {
  std::string bytes = TheFile();
  StoreTksightNumber(0xFFFFFFFF, &bytes[16]);
  bytes = Sealed(bytes, 33);
  ExpectRefused(bytes, ": is cut: it has 65 bytes of 141738115067");
  auto file = ReadTksightBytes(bytes, /*skip_bad=*/true);
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(file->sightings, IsEmpty());
  EXPECT_LE(file->sightings.capacity(), 3U);
  EXPECT_THAT(file->losses, ElementsAre(SightingsLoss{
                                TksightPath(),
                                "is cut: 0 of 4294967295 sightings are read"}));
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
  WriteFile(TksightPath(), EncodeTksightHeader(header));
  std::filesystem::resize_file(TksightPath(), header.file_bytes());
  const std::string reason =
      "is damaged: the checksum of sightings 1 to 4096 is wrong";
  EXPECT_EQ(ReadSightings(TksightPath(), {}).status(),
            absl::DataLossError(absl::StrCat(TksightPath(), ": ", reason)));
  const auto file =
      ReadSightings(TksightPath(), {.skip_bad = true, .progress = {}});
  ASSERT_THAT(file, IsOk());
  EXPECT_EQ(file->sightings.capacity(), 0U);
  EXPECT_THAT(
      file->losses,
      ElementsAre(SightingsLoss{
          TksightPath(), reason + ": 0 of 4294967295 sightings are read"}));
  std::filesystem::remove(TksightPath());
}

TEST(SightingsTksightTest, BlocksThatAreNotInTheirPlace) {
  constexpr size_t kBlock = 4096 * 25 + 4;
  const std::vector<Sighting> sightings = Many(size_t{3} * 4096);
  const std::string bytes = TksightOf(sightings);
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
  ExpectRefused(header + a + TksightOf(others).substr(28 + kBlock), second);
}

TEST(SightingsTksightTest, WhatIsBeforeADamageCanBeUsed) {
  constexpr size_t kBlock = 4096 * 25 + 4;
  const std::vector<Sighting> sightings = Many(size_t{2} * 4096 + 5);
  const std::vector<Sighting> first(sightings.begin(),
                                    sightings.begin() + 4096);
  const std::string bytes = TksightOf(sightings);
  std::string damaged = bytes;
  damaged[28 + kBlock + 100] ^= 1;
  auto file = ReadTksightBytes(damaged, /*skip_bad=*/true);
  ASSERT_THAT(file, IsOk());
  EXPECT_TRUE(file->sightings == first);
  EXPECT_EQ(file->num_bad, 0U);
  EXPECT_THAT(file->losses,
              ElementsAre(SightingsLoss{
                  TksightPath(),
                  "is damaged: the checksum of sightings 4097 to 8192 is "
                  "wrong: 4096 of 8197 sightings are read"}));
  file =
      ReadTksightBytes(bytes.substr(0, 28 + 2 * kBlock - 1), /*skip_bad=*/true);
  ASSERT_THAT(file, IsOk());
  EXPECT_TRUE(file->sightings == first);
  EXPECT_THAT(file->losses,
              ElementsAre(SightingsLoss{
                  TksightPath(), "is cut: 4096 of 8197 sightings are read"}));
  file = ReadTksightBytes(bytes + "x", /*skip_bad=*/true);
  ASSERT_THAT(file, IsOk());
  EXPECT_TRUE(file->sightings == sightings);
  EXPECT_THAT(file->losses,
              ElementsAre(SightingsLoss{TksightPath(),
                                        "goes on after its last sighting"}));
  // Without a header nothing is known.
  damaged = bytes;
  damaged[17] ^= 1;
  EXPECT_THAT(ReadTksightBytes(damaged, /*skip_bad=*/true),
              StatusIs(absl::StatusCode::kDataLoss));
}

// Of many blocks some at a time are read ahead of the one that is wrong; what
// is there of them does not count. Several faults: the first is said.
TEST(SightingsTksightTest, TheFirstDamageEndsWhatSeveralThreadsRead) {
  constexpr size_t kBlock = 4096 * 25 + 4;
  constexpr size_t kBlocks = 12;
  const std::vector<Sighting> sightings = Many(kBlocks * 4096);
  const std::string bytes = TksightOf(sightings);
  const auto used = [](const std::string& damaged) {
    ExpectRefusedAnyhow(damaged);
    const auto file = ReadTksightBytes(damaged, /*skip_bad=*/true);
    EXPECT_THAT(file, IsOk());
    return file.ok() ? file->sightings.size() : 0;
  };
  EXPECT_EQ(ReadTksightBytes(bytes)->sightings.size(), sightings.size());
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

TEST(SightingsTksightTest, RecordsAreInOrder) {
  std::string bytes = TksightOf(Many(3));
  // Twice the same is legal.
  bytes.replace(28 + 25, 25, bytes.substr(28, 25));
  const auto twice = ReadTksightBytes(Sealed(bytes, 25));
  ASSERT_THAT(twice, IsOk());
  EXPECT_EQ(twice->sightings[1], twice->sightings[0]);
  // The time alone is earlier.
  StoreTksightNumber(1599999999, &bytes[28 + 25 + 16]);
  bytes = Sealed(bytes, 25);
  ExpectRefused(bytes, ": is damaged: sighting 2 is not in order");
  const auto file = ReadTksightBytes(bytes, /*skip_bad=*/true);
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(file->sightings, ElementsAre(Many(3)[0]));
  EXPECT_THAT(file->losses,
              ElementsAre(SightingsLoss{TksightPath(),
                                        "is damaged: sighting 2 is not in "
                                        "order: 1 of 3 sightings are read"}));
  // Also from block to block.
  constexpr size_t kBlock = 4096 * 25 + 4;
  bytes = TksightOf(Many(4097));
  bytes[28 + kBlock] = 0;
  ExpectRefused(Sealed(bytes, 25),
                ": is damaged: sighting 4097 is not in "
                "order");
}

// No SIGBUS, which a mapped file would give.
TEST(SightingsTksightTest, AFileThatBecomesShorterMeanwhileIsCut) {
  WriteFile(TksightPath(), TksightOf(Many(size_t{5} * 4096)));
  bool is_first = true;
  const auto file =
      ReadSightings(TksightPath(), {.progress = [&](const SightingsProgress&) {
                      if (!std::exchange(is_first, false)) return;
                      std::filesystem::resize_file(TksightPath(), 200'000);
                    }});
  EXPECT_EQ(file.status(), absl::DataLossError(TksightPath() + ": is cut"));
}

}  // namespace
}  // namespace tekmatch
