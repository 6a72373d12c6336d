// Values and numbers come back as they should, whether they fit in memory or
// not, as often as is wanted; and nothing is left of the file.
#include "matcher/check/external_sort.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "gtest/gtest.h"
#include "matcher/check/spill_file.h"
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
