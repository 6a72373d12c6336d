#include "keyformat/padding.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "gtest/gtest.h"

namespace tekmatch {
namespace {

// What a key says but for its bytes.
DiagnosisKey KindOf(DiagnosisKey key) {
  key.tek = Tek{};
  return key;
}

std::map<DiagnosisKey, size_t> CountKinds(const std::vector<DiagnosisKey>& keys,
                                          size_t first) {
  std::map<DiagnosisKey, size_t> counts;
  for (size_t i = first; i < keys.size(); ++i) ++counts[KindOf(keys[i])];
  return counts;
}

// Seven kinds, each of which differs from the first one in one member.
std::vector<DiagnosisKey> OneOfEachKind() {
  std::vector<DiagnosisKey> keys(7);
  for (size_t i = 0; i < keys.size(); ++i) {
    keys[i].tek.bytes[0] = static_cast<uint8_t>(i + 1);
    keys[i].rolling_start = 2659680;
  }
  keys[1].rolling_start = 2659536;
  keys[2].rolling_period = 143;
  keys[3].metadata.transmission_risk = 0;
  keys[4].metadata.report_type = ReportType::kUnknown;
  keys[5].metadata.days_since_onset = 0;
  keys[6].metadata.variant_of_concern = 0;
  return keys;
}

TEST(PaddingTest, EveryKindHasAPaddingKeyWhereThereIsRoom) {
  for (const uint64_t num_padding : {7, 8, 13, 14, 15, 1000}) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
      RandomSource random = RandomSource::Seeded(seed);
      std::vector<DiagnosisKey> keys = OneOfEachKind();
      EXPECT_EQ(AddPadding(num_padding, random, keys), 0);
      ASSERT_EQ(keys.size(), 7 + num_padding);
      EXPECT_EQ(CountKinds(keys, 7).size(), 7) << num_padding;
    }
  }
}

TEST(PaddingTest, EveryKeyIsClonedOnceBeforeAnyIsTwice) {
  std::vector<DiagnosisKey> real = OneOfEachKind();
  for (size_t i = 0; i < 3; ++i) {
    real.push_back(real[0]);
    real.back().tek.bytes[1] = static_cast<uint8_t>(i + 1);
  }
  RandomSource random = RandomSource::Seeded(1);
  std::vector<DiagnosisKey> keys = real;
  EXPECT_EQ(AddPadding(10, random, keys), 0);
  EXPECT_EQ(CountKinds(keys, 10), CountKinds(real, 0));
  keys = real;
  EXPECT_EQ(AddPadding(11, random, keys), 0);
  for (const auto& [kind, count] : CountKinds(real, 0)) {
    EXPECT_GE(CountKinds(keys, 10)[kind], count);
  }
}

TEST(PaddingTest, WithLittleRoomTheRarestKindsComeFirst) {
  // Of seven kinds, the first has three keys, the second two, others one.
  std::vector<DiagnosisKey> real = OneOfEachKind();
  for (const size_t copied : {0, 0, 1}) real.push_back(real[copied]);
  const struct {
    uint64_t num_padding;
    uint64_t num_kinds_left;
  } kCases[] = {{0, 7}, {1, 6}, {4, 3}, {5, 2}, {6, 1}, {7, 0}, {9, 0}};
  for (const auto& [num_padding, num_kinds_left] : kCases) {
    RandomSource random = RandomSource::Seeded(num_padding);
    std::vector<DiagnosisKey> keys = real;
    EXPECT_EQ(AddPadding(num_padding, random, keys), num_kinds_left);
    auto kinds = CountKinds(keys, real.size());
    EXPECT_EQ(kinds.size(), 7 - num_kinds_left);
    EXPECT_EQ(kinds.count(KindOf(real[0])), num_padding >= 7 ? 1 : 0);
    EXPECT_EQ(kinds.count(KindOf(real[1])), num_padding >= 6 ? 1 : 0);
  }
}

TEST(PaddingTest, WhichOfTheRarestKindsComesFirstIsRandom) {
  std::set<DiagnosisKey> first;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    RandomSource random = RandomSource::Seeded(seed);
    std::vector<DiagnosisKey> keys = OneOfEachKind();
    AddPadding(1, random, keys);
    first.insert(KindOf(keys.back()));
  }
  EXPECT_EQ(first.size(), 7);
}

TEST(PaddingTest, BytesAreRandomAndRealKeysStay) {
  const std::vector<DiagnosisKey> real = OneOfEachKind();
  RandomSource random = RandomSource::Seeded(1);
  std::vector<DiagnosisKey> keys = real;
  AddPadding(500, random, keys);
  std::set<Tek> teks;
  for (const DiagnosisKey& key : keys) teks.insert(key.tek);
  EXPECT_EQ(teks.size(), 507);
  EXPECT_TRUE(std::equal(real.begin(), real.end(), keys.begin()));
  std::vector<DiagnosisKey> none;
  EXPECT_EQ(AddPadding(500, random, none), 0);
  EXPECT_TRUE(none.empty());
}

TEST(PaddingTest, AKeyIsAloneWithoutANeighbourOfItsKindOnEitherSide) {
  const std::vector<DiagnosisKey> kinds = OneOfEachKind();
  EXPECT_EQ(NumAlone({}), 0);
  EXPECT_EQ(NumAlone({kinds[0]}), 1);
  EXPECT_EQ(NumAlone(kinds), 7);
  // Two of each kind, wherever they stand once sorted; then all but one.
  std::vector<DiagnosisKey> keys = kinds;
  keys.insert(keys.end(), kinds.begin(), kinds.end());
  EXPECT_EQ(NumAlone(keys), 0);
  for (size_t i = 0; i < kinds.size(); ++i) {
    EXPECT_EQ(NumAlone({kinds[i], kinds[i]}), 0) << i;
    std::vector<DiagnosisKey> without = keys;
    without.erase(without.begin() + static_cast<ptrdiff_t>(i));
    EXPECT_EQ(NumAlone(without), 1) << i;
  }
}

}  // namespace
}  // namespace tekmatch
