#include "matcher/join/distinct_keys.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "matcher/exposure/key_publications.h"
#include "matcher/join/match_engine.h"
#include "matcher/join/match_resolver.h"
#include "matcher/kernels/dispatch.h"
#include "tests/matcher/join/test_util.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

constexpr EnIntervalNumber kStart = 2642976;

// Keys of few TEKs whose times overlap, and some that are exactly alike.
KeyBlock RandomBlock(std::mt19937_64& rng, const std::vector<Tek>& teks,
                     size_t num) {
  KeyBlock block;
  for (size_t i = 0; i < num; ++i) {
    DiagnosisKey key;
    key.tek = teks[rng() % teks.size()];
    key.rolling_start = kStart + static_cast<EnIntervalNumber>(rng() % 300);
    key.rolling_period =
        static_cast<uint8_t>(rng() % 3 == 0 ? 144 : 1 + rng() % 144);
    key.metadata.transmission_risk = static_cast<uint8_t>(rng() % 3);
    key.metadata.revised = rng() % 2 == 0;
    for (uint64_t copies = 1 + rng() % 3; copies > 0; --copies) {
      block.Append(key);
    }
  }
  return block;
}

std::vector<Tek> RandomTeks(std::mt19937_64& rng, size_t num) {
  std::vector<Tek> teks;
  for (size_t i = 0; i < num; ++i) teks.push_back(RandomBytes<Tek>(rng));
  return teks;
}

TEST(DistinctKeysTest, EachIntervalOnceOfTheLeastKeyThatHasIt) {
  std::mt19937_64 rng(1);
  for (int world = 0; world < 50; ++world) {
    const KeyBlock block =
        RandomBlock(rng, RandomTeks(rng, 1 + rng() % 4), 1 + rng() % 30);
    const size_t first = rng() % block.size();
    const size_t num = 1 + rng() % (block.size() - first);
    std::map<std::pair<Tek, EnIntervalNumber>, std::vector<DiagnosisKey>> had;
    std::map<Tek, std::vector<DiagnosisKey>> by_tek;
    for (size_t k = first; k < first + num; ++k) {
      const DiagnosisKey key = block.key(k);
      by_tek[key.tek].push_back(key);
      for (EnIntervalNumber i = 0; i < key.rolling_period; ++i) {
        had[{key.tek, key.rolling_start + i}].push_back(key);
      }
    }
    const DistinctKeys distinct(block, first, num);
    size_t num_intervals = 0;
    for (size_t k = 0; k < distinct.block().size(); ++k) {
      const DiagnosisKey part = distinct.block().key(k);
      ASSERT_GE(part.rolling_period, 1);
      ASSERT_LE(part.rolling_period, kMaxRollingPeriod);
      for (EnIntervalNumber i = 0; i < part.rolling_period; ++i) {
        const EnIntervalNumber interval = part.rolling_start + i;
        const auto& keys = had.at({part.tek, interval});
        ASSERT_EQ(distinct.Whole(k),
                  *std::min_element(keys.begin(), keys.end()));
        ASSERT_EQ(distinct.NumRepeats(k, interval), keys.size() - 1);
        ++num_intervals;
      }
      std::vector<DiagnosisKey>& all = by_tek.at(part.tek);
      std::sort(all.begin(), all.end());
      ASSERT_TRUE(std::equal(all.begin(), all.end(),
                             distinct.Repeated(k).begin(),
                             distinct.Repeated(k).end()));
    }
    ASSERT_EQ(num_intervals, had.size());
  }
}

MatchEngine MakeEngine(std::vector<Sighting> sightings) {
  auto engine = MatchEngine::Create(MakeIndex(std::move(sightings)), {}, {},
                                    DefaultKernels());
  EXPECT_THAT(engine, IsOk());
  return *std::move(engine);
}

// The engine finds the same of a block that repeats few keys a thousand times
// as of its keys one by one, counts the same, and keeps little.
TEST(DistinctKeysTest, ABlockOfRepeatedKeysGivesWhatItsKeysGive) {
  std::mt19937_64 rng(2);
  const std::vector<Tek> teks = RandomTeks(rng, 3);
  std::vector<Sighting> sightings;
  for (const Tek& tek : teks) {
    for (EnIntervalNumber i = kStart; i < kStart + 450; i += 3) {
      sightings.push_back(Hear(tek, i, StartOf(i)));
      sightings.push_back(Hear(tek, i, StartOf(i) + 7));
    }
  }
  const MatchEngine engine = MakeEngine(sightings);
  const KeyBlock block = RandomBlock(rng, teks, 500);
  MatchBatch whole;
  ASSERT_THAT(engine.MatchBlock(block, 5, &whole), IsOk());
  EXPECT_LE(whole.candidates.size(), sightings.size());

  MatchBatch single;
  std::vector<KeyPublication> publications;
  for (size_t k = 0; k < block.size(); ++k) {
    KeyBlock one;
    one.Append(block.key(k));
    ASSERT_THAT(engine.MatchBlock(one, 5, &single), IsOk());
    publications.push_back({.key = block.key(k), .source = 5});
  }
  EXPECT_EQ(single.num_duplicates, 0U);
  EXPECT_EQ(whole.candidates.size() + whole.num_duplicates,
            single.candidates.size());
  EXPECT_EQ(whole.num_compared, single.num_compared);
  EXPECT_EQ(DropDuplicates(whole.candidates), 0U);
  EXPECT_GT(DropDuplicates(single.candidates), 25'000U);
  EXPECT_EQ(whole.candidates, single.candidates);
  const KeyHistories histories =
      ResolvePublications(whole.publications, ReportType::kConfirmedTest);
  const KeyHistories expected =
      ResolvePublications(publications, ReportType::kConfirmedTest);
  EXPECT_EQ(histories.num_conflicts, expected.num_conflicts);
  for (const Tek& tek : teks) {
    EXPECT_EQ(histories.by_key.at(tek).publications,
              expected.by_key.at(tek).publications);
  }
}

// The first interval there is belongs to a key like any other.
TEST(DistinctKeysTest, AKeyThatStartsAtZeroStaysWhole) {
  std::mt19937_64 rng(3);
  KeyBlock block;
  DiagnosisKey key;
  key.tek = RandomBytes<Tek>(rng);
  key.rolling_start = 0;
  for (const int period : {1, 3, 3}) {
    key.rolling_period = static_cast<uint8_t>(period);
    block.Append(key);
  }
  const DistinctKeys distinct(block, 0, block.size());
  ASSERT_EQ(distinct.block().size(), 2);
  EXPECT_EQ(distinct.block().key(0).rolling_start, 0);
  EXPECT_EQ(distinct.block().key(0).rolling_period, 1);
  EXPECT_EQ(distinct.block().key(1).rolling_start, 1);
  EXPECT_EQ(distinct.block().key(1).rolling_period, 2);
  EXPECT_EQ(distinct.NumRepeats(0, 0), 2);
  EXPECT_EQ(distinct.NumRepeats(1, 1), 1);
}

}  // namespace
}  // namespace tekmatch
