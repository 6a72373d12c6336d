// What MatchBlock adds to a batch beside the matches themselves: publications
// and counts, over keys, parts of a block and blocks.
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/hash_tables.h"
#include "matcher/join/match_engine.h"
#include "matcher/kernels/dispatch.h"
#include "tests/matcher/join/test_util.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr EnIntervalNumber kStart = 2642976;

Tek TestTek(uint64_t seed) {
  std::mt19937_64 rng(seed);
  return RandomBytes<Tek>(rng);
}

Sighting HearAtStart(const Tek& tek) {
  return Hear(tek, kStart, StartOf(kStart));
}

MatchEngine MakeEngine(std::vector<Sighting> sightings,
                       HashSet<Tek> own_keys = {}) {
  auto engine = MatchEngine::Create(MakeIndex(std::move(sightings)), {},
                                    std::move(own_keys), DefaultKernels());
  EXPECT_THAT(engine, IsOk());
  return *std::move(engine);
}

KeyBlock BlockOf(const std::vector<DiagnosisKey>& keys) {
  KeyBlock block;
  for (const DiagnosisKey& key : keys) block.Append(key);
  return block;
}

TEST(MatchBatchTest, PublicationsOfKeysThatMatched) {
  KeyMetadata first;
  first.report_type = ReportType::kSelfReport;
  KeyMetadata revised;
  revised.report_type = ReportType::kRevoked;
  revised.revised = true;
  const Tek matched = TestTek(1);
  const Tek own = TestTek(2);
  const Tek other = TestTek(3);
  const Tek without_type = TestTek(4);
  const MatchEngine engine = MakeEngine(
      {HearAtStart(matched), HearAtStart(own), HearAtStart(without_type),
       // A second sighting makes no second publication.
       Hear(matched, kStart + 1, StartOf(kStart + 1))},
      {own});
  MatchBatch batch;
  ASSERT_THAT(engine.MatchBlock(BlockOf({{matched, kStart, 144, first},
                                         {own, kStart, 144, first},
                                         {other, kStart, 144, first},
                                         {without_type, kStart, 144, {}},
                                         {matched, kStart, 144, revised}}),
                                6, &batch),
              IsOk());
  const KeyPublication as_first = {.key = {matched, kStart, 144, first},
                                   .source = 6};
  const KeyPublication as_revised = {.key = {matched, kStart, 144, revised},
                                     .source = 6};
  const KeyPublication as_nothing = {.key = {without_type, kStart, 144, {}},
                                     .source = 6};
  EXPECT_THAT(batch.publications,
              UnorderedElementsAre(as_first, as_revised, as_nothing));

  // Another block adds its own.
  MatchBatch next;
  const KeyBlock alone = BlockOf({{matched, kStart, 144, first}});
  ASSERT_THAT(engine.MatchBlock(alone, 6, &next), IsOk());
  ASSERT_THAT(engine.MatchBlock(alone, 7, &next), IsOk());
  KeyPublication of_seven = as_first;
  of_seven.source = 7;
  EXPECT_THAT(next.publications, ElementsAre(as_first, of_seven));
}

TEST(MatchBatchTest, NothingOfKeysThatDidNotMatch) {
  const MatchEngine engine = MakeEngine({HearAtStart(TestTek(1))});
  MatchBatch batch;
  ASSERT_THAT(
      engine.MatchBlock(BlockOf({{TestTek(2), kStart, 144, {}}}), 0, &batch),
      IsOk());
  EXPECT_THAT(batch.publications, IsEmpty());
  EXPECT_THAT(batch.candidates, IsEmpty());
}

// Own keys in the first, the second and no part of a block of three parts, and
// in the block after it.
TEST(MatchBatchTest, OwnKeysAreCountedInEveryPartAndBlock) {
  constexpr size_t kPart = size_t{1} << 14;
  std::vector<DiagnosisKey> keys;
  HashSet<Tek> own;
  std::mt19937_64 rng(5);
  for (size_t k = 0; k < 2 * kPart + 1; ++k) {
    keys.push_back({RandomBytes<Tek>(rng), kStart, 144, {}});
    if (k == 3 || k == kPart || k == kPart + 1) own.insert(keys[k].tek);
  }
  // The own keys were heard, and do not match for that.
  const MatchEngine engine =
      MakeEngine({HearAtStart(keys[3].tek), HearAtStart(keys[kPart].tek)}, own);
  MatchBatch batch;
  ASSERT_THAT(engine.MatchBlock(BlockOf(keys), 0, &batch), IsOk());
  EXPECT_EQ(batch.num_own_keys, 3U);
  ASSERT_THAT(engine.MatchBlock(BlockOf({keys[3], keys[4]}), 0, &batch),
              IsOk());
  EXPECT_EQ(batch.num_own_keys, 4U);
  EXPECT_THAT(batch.candidates, IsEmpty());
}

// Each candidate's metadata are decrypted with its own key's AEMK, whatever
// came before: keys that take turns, and a key of zeros.
TEST(MatchBatchTest, EveryMatchHasItsOwnKeysMetadata) {
  const Tek one = TestTek(1);
  const Tek two = TestTek(2);
  const Tek zeros;
  std::vector<Sighting> sightings;
  for (EnIntervalNumber i = kStart; i < kStart + 6; ++i) {
    sightings.push_back(Hear(one, i, StartOf(i), -60, -11));
    sightings.push_back(Hear(two, i, StartOf(i), -60, -12));
    sightings.push_back(Hear(zeros, i, StartOf(i), -60, -13));
  }
  const MatchEngine engine = MakeEngine(std::move(sightings));
  for (const std::vector<Tek>& order : {std::vector<Tek>{one, two, zeros},
                                        {two, zeros, one},
                                        {zeros, one, two},
                                        {one, zeros, one}}) {
    std::vector<DiagnosisKey> keys;
    keys.reserve(order.size());
    for (const Tek& tek : order) keys.push_back({tek, kStart, 6, {}});
    MatchBatch batch;
    ASSERT_THAT(engine.MatchBlock(BlockOf(keys), 0, &batch), IsOk());
    EXPECT_EQ(batch.candidates.size(), 18U);
    for (const Match& match : batch.candidates) {
      const int tx_power = match.tek == one   ? -11
                           : match.tek == two ? -12
                                              : -13;
      EXPECT_EQ(match.tx_power, tx_power);
      EXPECT_EQ(match.attenuation, 60 + tx_power);
    }
  }
}

}  // namespace
}  // namespace tekmatch
