// Values and numbers come back as they should, whether they fit in memory or
// not, as often as is wanted; and nothing is left of the file.
#include "matcher/check/external_sort.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <new>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/check/spill_file.h"
#include "matcher/join/match.h"
#include "matcher/join/sighting.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

bool ByPosition(const PositionInFile& a, const PositionInFile& b) {
  return a.position < b.position;
}

// All of 0..num-1, in an order that is far from theirs.
std::vector<PositionInFile> Shuffled(uint32_t num) {
  std::vector<PositionInFile> values;
  values.reserve(num);
  for (uint32_t i = 0; i < num; ++i) {
    const auto value =
        static_cast<uint32_t>(uint64_t{i} * 7919 % num);  // a prime
    values.push_back({.position = value, .file = value + 1});
  }
  return values;
}

std::vector<PositionInFile> VisitAll(const ExternalSort<PositionInFile>& sort) {
  std::vector<PositionInFile> seen;
  EXPECT_THAT(sort.Visit([&seen](const PositionInFile& value) {
    seen.push_back(value);
    return absl::OkStatus();
  }),
              IsOk());
  return seen;
}

TEST(ExternalSortTest, SortsWithAnyMemory) {
  for (const uint32_t num : {0U, 1U, 64U, 65U, 10'000U}) {
    std::vector<PositionInFile> expected = Shuffled(num);
    std::sort(expected.begin(), expected.end(), ByPosition);
    // From a run a value over several to none at all.
    for (const size_t held : {1U, 7U, 1000U, 20'000U}) {
      SpillFile file(TempPath(""));
      ExternalSort<PositionInFile> sort(ByPosition,
                                        held * sizeof(PositionInFile), &file);
      for (const PositionInFile& value : Shuffled(num)) {
        ASSERT_THAT(sort.Add(value), IsOk());
      }
      ASSERT_THAT(sort.Finish(), IsOk());
      EXPECT_EQ(sort.num_runs(), num > held ? (num + held - 1) / held : 0);
      EXPECT_EQ(file.size(), num > held ? num * sizeof(PositionInFile) : 0);
      EXPECT_EQ(VisitAll(sort), expected);
      EXPECT_EQ(VisitAll(sort), expected);
    }
  }
}

// A match in memory that held something else before: members are set, and what
// is between them is not.
Match* MatchIn(std::array<uint8_t, sizeof(Match)>& memory, uint8_t before) {
  static_assert(alignof(Match) <= alignof(std::max_align_t));
  memory.fill(before);
  return new (memory.data()) Match;
}

bool ByTek(const Match& a, const Match& b) { return a.tek.bytes < b.tek.bytes; }

// All of a file, after a match that lay in such memory was written to it.
std::vector<uint8_t> Spilled(uint8_t before) {
  alignas(std::max_align_t) std::array<uint8_t, sizeof(Match)> memory;
  const Match* const match = MatchIn(memory, before);
  SpillFile file(TempPath(""));
  ExternalSort<Match> sort(ByTek, 0, &file);
  for (int i = 0; i < 3; ++i) EXPECT_THAT(sort.Add(*match), IsOk());
  EXPECT_THAT(sort.Finish(), IsOk());
  std::vector<uint8_t> bytes(file.size());
  EXPECT_THAT(file.ReadAt(0, absl::MakeSpan(bytes)), IsOk());
  return bytes;
}

TEST(ExternalSortTest, WhatWasInMemoryBeforeIsNotWritten) {
  const std::vector<uint8_t> bytes = Spilled(0);
  EXPECT_GE(bytes.size(), 3 * (sizeof(Tek) + sizeof(Sighting)));
  EXPECT_EQ(bytes, Spilled(0xA5));
}

// All members of a match differ, so that one that is read in place of another
// shows.
std::vector<Match> MatchesWithEveryMember() {
  std::vector<Match> matches;
  for (int i = 0; i < 40; ++i) {
    const auto byte = static_cast<uint8_t>(200 - i);
    Match& match = matches.emplace_back();
    match.tek.bytes.fill(byte);
    match.rolling_start = 0x01020304U + byte;
    match.rolling_period = byte;
    if (i % 2 == 0) match.metadata.transmission_risk = byte;
    if (i % 3 == 0) match.metadata.report_type = ReportType::kRevoked;
    if (i % 5 == 0) match.metadata.days_since_onset = -14;
    if (i % 7 == 0) match.metadata.variant_of_concern = 0;
    match.metadata.revised = i % 4 < 2;
    match.source = 0x11121314U + byte;
    match.interval = 0x21222324U + byte;
    match.sighting.unix_seconds = 0x3132333435363738 + byte;
    match.sighting.rpi.bytes.fill(byte + 1);
    match.sighting.aem.bytes.fill(byte + 2);
    match.sighting.rssi = static_cast<int16_t>(-byte);
    match.sighting.store = byte + 3;
    match.sighting.seconds_since_previous_scan = byte + 4;
    match.sighting.device = 0x41424344U + byte;
    match.sighting_position = 0x51525354U + byte;
    match.bluetooth_metadata.bytes.fill(byte + 5);
    match.tx_power = -1000 - byte;
    match.attenuation = 2000 + byte;
  }
  return matches;
}

TEST(ExternalSortTest, EveryMemberOfAMatchComesBack) {
  std::vector<Match> expected = MatchesWithEveryMember();
  for (const size_t memory : {0, 1000, 100'000}) {
    SpillFile file(TempPath(""));
    ExternalSort<Match> sort(ByTek, memory, &file);
    for (const Match& match : expected) ASSERT_THAT(sort.Add(match), IsOk());
    ASSERT_THAT(sort.Finish(), IsOk());
    std::vector<Match> seen;
    ASSERT_THAT(sort.Visit([&seen](const Match& match) {
      seen.push_back(match);
      return absl::OkStatus();
    }),
                IsOk());
    EXPECT_EQ(file.size() > 0, memory < 100'000);
    EXPECT_TRUE(std::equal(seen.rbegin(), seen.rend(), expected.begin(),
                           expected.end()));
  }
}

TEST(ExternalSortTest, WhatTheSinkSaysEndsTheVisit) {
  for (const size_t held : {1U, 1000U}) {
    SpillFile file(TempPath(""));
    ExternalSort<PositionInFile> sort(ByPosition, held * sizeof(PositionInFile),
                                      &file);
    for (const PositionInFile& value : Shuffled(10)) {
      ASSERT_THAT(sort.Add(value), IsOk());
    }
    ASSERT_THAT(sort.Finish(), IsOk());
    int num = 0;
    EXPECT_EQ(sort.Visit([&num](const PositionInFile&) {
                    return ++num == 3 ? absl::AbortedError("enough")
                                      : absl::OkStatus();
                  })
                  .message(),
              "enough");
    EXPECT_EQ(num, 3);
  }
}

TEST(ExternalSortTest, NumbersComeBackFromAnyPlace) {
  for (const size_t held : {1U, 7U, 100U, 100'000U}) {
    SpillFile file(TempPath(""));
    SpilledNumbers numbers(held * sizeof(uint32_t), &file);
    std::vector<uint32_t> all(40'000);
    for (uint32_t i = 0; i < all.size(); ++i) all[i] = i * 3;
    // In pieces of several sizes.
    absl::Span<const uint32_t> rest = all;
    for (size_t size = 0; !rest.empty(); size = (size + 1) % 300) {
      const size_t num = std::min(size, rest.size());
      ASSERT_THAT(numbers.Add(rest.subspan(0, num)), IsOk());
      rest.remove_prefix(num);
    }
    ASSERT_EQ(numbers.size(), all.size());
    struct Range {
      size_t begin;
      size_t num;
    };
    for (const Range range : {Range{0, 40'000}, Range{0, 0}, Range{39'999, 1},
                              Range{6, 2}, Range{20'001, 19'999}}) {
      std::vector<uint32_t> seen;
      ASSERT_THAT(numbers.Visit(range.begin, range.num,
                                [&seen](absl::Span<const uint32_t> some) {
                                  seen.insert(seen.end(), some.begin(),
                                              some.end());
                                  return absl::OkStatus();
                                }),
                  IsOk());
      const auto first = all.begin() + static_cast<ptrdiff_t>(range.begin);
      EXPECT_EQ(seen, std::vector<uint32_t>(
                          first, first + static_cast<ptrdiff_t>(range.num)));
    }
  }
}

TEST(ExternalSortTest, TheFileHasNoName) {
  const std::string folder = TempPath("spill");
  std::filesystem::create_directory(folder);
  SpillFile file(folder);
  const std::vector<uint8_t> bytes(100'000, 7);
  const auto first = file.Append(bytes);
  ASSERT_THAT(first.status(), IsOk());
  EXPECT_TRUE(std::filesystem::is_empty(folder));
  const auto second = file.Append({bytes.data(), 3});
  ASSERT_THAT(second.status(), IsOk());
  EXPECT_EQ(*second, bytes.size());
  std::vector<uint8_t> read(4);
  EXPECT_EQ(file.ReadAt(*second, absl::MakeSpan(read)).code(),
            absl::StatusCode::kDataLoss);
  read.resize(3);
  EXPECT_THAT(file.ReadAt(*second, absl::MakeSpan(read)), IsOk());
  EXPECT_EQ(read, std::vector<uint8_t>(3, 7));
}

TEST(ExternalSortTest, AFolderThatIsNotThereIsNamed) {
  SpillFile file(TempPath("missing"));
  const std::vector<uint8_t> bytes(1);
  const auto added = file.Append(bytes);
  EXPECT_EQ(added.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(std::string(added.status().message()).find(TempPath("missing")), 0);
}

}  // namespace
}  // namespace tekmatch
