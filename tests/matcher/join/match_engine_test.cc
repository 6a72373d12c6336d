#include "matcher/join/match_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "matcher/join/match_resolver.h"
#include "matcher/kernels/dispatch.h"
#include "tests/matcher/join/test_util.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;

constexpr EnIntervalNumber kStart = 2642976;
constexpr EnIntervalNumber kMaxInterval =
    std::numeric_limits<EnIntervalNumber>::max();

Tek TestTek(uint64_t seed = 1) {
  std::mt19937_64 rng(seed);
  return RandomBytes<Tek>(rng);
}

MatchEngine MakeEngine(std::vector<Sighting> sightings,
                       const MatchPolicy& policy = {},
                       HashSet<Tek> own_keys = {}) {
  auto engine = MatchEngine::Create(MakeIndex(std::move(sightings)), policy,
                                    std::move(own_keys), DefaultKernels());
  EXPECT_THAT(engine, IsOk());
  return *std::move(engine);
}

MatchBatch MatchKeys(const MatchEngine& engine,
                     const std::vector<DiagnosisKey>& keys,
                     uint32_t source = 0) {
  KeyBlock block;
  for (const DiagnosisKey& key : keys) block.Append(key);
  MatchBatch batch;
  const absl::Status status = engine.MatchBlock(block, source, &batch);
  EXPECT_THAT(status, IsOk());
  return batch;
}

TEST(MatchEngineTest, TellsAllAboutAMatch) {
  KeyMetadata metadata;
  metadata.transmission_risk = 4;
  metadata.report_type = ReportType::kConfirmedTest;
  metadata.days_since_onset = -2;
  const DiagnosisKey key = {TestTek(), kStart, 144, metadata};
  const Sighting noise = Hear(TestTek(2), kStart, 1);
  const Sighting heard =
      Hear(key.tek, kStart + 70, StartOf(kStart + 71) + 5, -83, -17);
  const MatchEngine engine = MakeEngine({heard, noise});
  const MatchBatch batch = MatchKeys(engine, {key}, /*source=*/9);

  EXPECT_EQ(batch.num_own_keys, 0);
  ASSERT_EQ(batch.candidates.size(), 1);
  const Match& match = batch.candidates[0];
  EXPECT_EQ(match.tek, key.tek);
  EXPECT_EQ(match.rolling_start, kStart);
  EXPECT_EQ(match.rolling_period, 144);
  EXPECT_EQ(match.metadata, metadata);
  EXPECT_EQ(match.source, 9);
  EXPECT_EQ(match.interval, kStart + 70);
  EXPECT_EQ(match.sighting, heard);
  EXPECT_EQ(match.sighting_position, heard.rpi < noise.rpi ? 0 : 1);
  EXPECT_EQ(match.bluetooth_metadata, MetadataWithTxPower(-17));
  EXPECT_EQ(match.bluetooth_metadata.calibration_confidence(), 2);
  EXPECT_EQ(match.tx_power, -17);
  EXPECT_EQ(match.attenuation, 66);
}

TEST(MatchEngineTest, AttenuationIsNeverNegative) {
  const DiagnosisKey key = {TestTek(), kStart, 144, {}};
  const int64_t time = StartOf(kStart);
  const auto attenuation = [&](int rssi, int tx_power) {
    const MatchEngine engine =
        MakeEngine({Hear(key.tek, kStart, time, rssi, tx_power)});
    return MatchKeys(engine, {key}).candidates.at(0).attenuation;
  };
  EXPECT_EQ(attenuation(-21, -20), 1);
  EXPECT_EQ(attenuation(-20, -20), 0);
  EXPECT_EQ(attenuation(-19, -20), 0);
  EXPECT_EQ(attenuation(-127, 127), 254);
  EXPECT_EQ(attenuation(20, -128), 0);
}

// A key of one interval, sighted at every edge of the tolerance.
TEST(MatchEngineTest, ToleranceIsTwelveIntervalsEitherSide) {
  const EnIntervalNumber i = kStart;
  const DiagnosisKey key = {TestTek(), i, 1, {}};
  const auto matches = [&key](int64_t time) {
    const MatchEngine engine =
        MakeEngine({Hear(key.tek, key.rolling_start, time)});
    return MatchKeys(engine, {key}).candidates.size() == 1;
  };
  EXPECT_FALSE(matches(StartOf(i - 13)));
  EXPECT_FALSE(matches(StartOf(i - 12) - 1));
  EXPECT_TRUE(matches(StartOf(i - 12)));
  EXPECT_TRUE(matches(StartOf(i - 11) - 1));
  EXPECT_TRUE(matches(StartOf(i)));
  EXPECT_TRUE(matches(StartOf(i + 12)));
  EXPECT_TRUE(matches(StartOf(i + 13) - 1));
  EXPECT_FALSE(matches(StartOf(i + 13)));
  EXPECT_FALSE(matches(StartOf(i + 14) - 1));
  // Days away.
  EXPECT_FALSE(matches(StartOf(i - 144)));
  EXPECT_FALSE(matches(StartOf(i + 144)));
}

TEST(MatchEngineTest, ToleranceIsThatOfThePolicy) {
  const DiagnosisKey key = {TestTek(), kStart, 1, {}};
  MatchPolicy policy;
  policy.tolerance_intervals = 0;
  const auto matches = [&key, &policy](int64_t time) {
    const MatchEngine engine =
        MakeEngine({Hear(key.tek, kStart, time)}, policy);
    return MatchKeys(engine, {key}).candidates.size() == 1;
  };
  EXPECT_FALSE(matches(StartOf(kStart) - 1));
  EXPECT_TRUE(matches(StartOf(kStart)));
  EXPECT_TRUE(matches(StartOf(kStart + 1) - 1));
  EXPECT_FALSE(matches(StartOf(kStart + 1)));
}

// A greater tolerance than the platform's needs an index that is made for it.
TEST(MatchEngineTest, AGreaterTolerance) {
  const DiagnosisKey key = {TestTek(), kStart, 1, {}};
  MatchPolicy policy;
  policy.tolerance_intervals = kMaxToleranceIntervals;
  const auto matches = [&key, &policy](int64_t time) {
    auto index = SightingIndex::Create({Hear(key.tek, kStart, time)},
                                       policy.tolerance_intervals);
    EXPECT_THAT(index, IsOk());
    const auto engine = MatchEngine::Create(
        std::make_shared<const SightingIndex>(*std::move(index)), policy, {},
        DefaultKernels());
    EXPECT_THAT(engine, IsOk());
    return MatchKeys(*engine, {key}).candidates.size() == 1;
  };
  EXPECT_TRUE(matches(StartOf(kStart - 1008)));
  EXPECT_FALSE(matches(StartOf(kStart - 1008) - 1));
  EXPECT_TRUE(matches(StartOf(kStart + 1009) - 1));
  EXPECT_FALSE(matches(StartOf(kStart + 1009)));
  const auto refused =
      MatchEngine::Create(MakeIndex({}), policy, {}, DefaultKernels());
  EXPECT_EQ(refused.status(),
            absl::InvalidArgumentError(
                "MatchPolicy.tolerance_intervals is 1008, and the sighting "
                "index was made for at most 12"));
}

// What was heard at another time than a match allows, by at most what the index
// was made for, is told apart: either side, at both limits.
TEST(MatchEngineTest, TellsWhatIsOutsideTheTolerance) {
  const DiagnosisKey key = {TestTek(), kStart, 1, {}};
  struct Found {
    size_t matches;
    size_t outside;
    uint64_t compared;
    bool operator==(const Found&) const = default;
  };
  const auto find = [&key](int64_t time) {
    auto index = SightingIndex::Create(
        {Hear(TestTek(2), kStart, time), Hear(key.tek, kStart, time)},
        /*max_tolerance_intervals=*/144);
    EXPECT_THAT(index, IsOk());
    const auto shared =
        std::make_shared<const SightingIndex>(*std::move(index));
    const auto engine = MatchEngine::Create(shared, {}, {}, DefaultKernels());
    EXPECT_THAT(engine, IsOk());
    const MatchBatch batch = MatchKeys(*engine, {key, key});
    for (const uint32_t position : batch.outside_tolerance) {
      EXPECT_EQ(shared->sightings()[position], Hear(key.tek, kStart, time));
    }
    return Found{batch.candidates.size(), batch.outside_tolerance.size(),
                 batch.num_compared};
  };
  const Found kNothing = {0, 0, 0};
  const Found kMatches = {2, 0, 2};
  const Found kOutside = {0, 2, 2};
  EXPECT_EQ(find(StartOf(kStart - 144) - 1), kNothing);
  EXPECT_EQ(find(StartOf(kStart - 144)), kOutside);
  EXPECT_EQ(find(StartOf(kStart - 12) - 1), kOutside);
  EXPECT_EQ(find(StartOf(kStart - 12)), kMatches);
  EXPECT_EQ(find(StartOf(kStart + 13) - 1), kMatches);
  EXPECT_EQ(find(StartOf(kStart + 13)), kOutside);
  EXPECT_EQ(find(StartOf(kStart + 145) - 1), kOutside);
  EXPECT_EQ(find(StartOf(kStart + 145)), kNothing);
}

// Every RPI around the key's period is in the air; those of the period match.
TEST(MatchEngineTest, AKeyHasExactlyThePeriodsRpis) {
  const Tek tek = TestTek();
  std::vector<Sighting> sightings;
  for (EnIntervalNumber i = kStart - 20; i < kStart + 180; ++i) {
    sightings.push_back(Hear(tek, i, StartOf(i)));
  }
  const MatchEngine engine = MakeEngine(sightings);
  for (const uint8_t period : {1, 89, 144}) {
    SCOPED_TRACE(int{period});
    std::set<EnIntervalNumber> intervals;
    const MatchBatch batch =
        MatchKeys(engine, {DiagnosisKey{tek, kStart, period, {}}});
    for (const Match& match : batch.candidates) {
      intervals.insert(match.interval);
    }
    EXPECT_EQ(batch.candidates.size(), period);
    EXPECT_EQ(intervals.size(), period);
    EXPECT_EQ(*intervals.begin(), kStart);
    EXPECT_EQ(*intervals.rbegin(), kStart + period - 1);
  }
}

TEST(MatchEngineTest, NothingWrapsNearIntervalZero) {
  const DiagnosisKey key = {TestTek(), 0, 144, {}};
  const MatchEngine engine =
      MakeEngine({Hear(key.tek, 0, 0), Hear(key.tek, 0, StartOf(12)),
                  Hear(key.tek, 0, StartOf(13)), Hear(key.tek, 5, 0),
                  Hear(key.tek, 0, kMaxHeardSeconds)});
  EXPECT_EQ(MatchKeys(engine, {key}).candidates.size(), 3);
}

// The last second in which a phone hears is the first of an interval.
TEST(MatchEngineTest, NothingWrapsNearTheLastTime) {
  const auto last =
      static_cast<EnIntervalNumber>(kMaxHeardSeconds / kIntervalSeconds);
  const EnIntervalNumber start = last - 100;
  const DiagnosisKey key = {TestTek(), start, 144, {}};
  const MatchEngine engine = MakeEngine(
      {Hear(key.tek, last, kMaxHeardSeconds),
       Hear(key.tek, last, StartOf(int64_t{last} - 12)),
       Hear(key.tek, last, StartOf(int64_t{last} - 13)),
       Hear(key.tek, start, StartOf(start)),
       Hear(key.tek, last + 12, kMaxHeardSeconds),
       Hear(key.tek, last + 13, kMaxHeardSeconds), Hear(key.tek, last, 0)});
  EXPECT_EQ(MatchKeys(engine, {key}).candidates.size(), 4);
}

// Keys may be of any interval, where nobody hears any more.
TEST(MatchEngineTest, NothingWrapsNearTheLastInterval) {
  const EnIntervalNumber start = kMaxInterval - 144;
  const EnIntervalNumber last = kMaxInterval - 1;
  const DiagnosisKey key = {TestTek(), start, 144, {}};
  const MatchEngine engine =
      MakeEngine({Hear(key.tek, last, kMaxHeardSeconds),
                  // Near only for arithmetic modulo 2^32.
                  Hear(key.tek, last, 0), Hear(key.tek, last, StartOf(12))});
  EXPECT_EQ(MatchKeys(engine, {key}).candidates.size(), 0);
}

TEST(MatchEngineTest, ExcludesAndCountsOwnKeys) {
  const Tek own = TestTek(1);
  const Tek other = TestTek(2);
  const MatchEngine engine = MakeEngine({Hear(own, kStart, StartOf(kStart)),
                                         Hear(other, kStart, StartOf(kStart))},
                                        {}, {own, TestTek(3)});
  const MatchBatch batch =
      MatchKeys(engine, {{own, kStart, 144, {}}, {other, kStart, 144, {}}});
  EXPECT_EQ(batch.num_own_keys, 1);
  ASSERT_EQ(batch.candidates.size(), 1);
  EXPECT_EQ(batch.candidates[0].tek, other);
}

TEST(MatchEngineTest, AddsToABatch) {
  const DiagnosisKey key = {TestTek(), kStart, 144, {}};
  const MatchEngine engine =
      MakeEngine({Hear(key.tek, kStart, StartOf(kStart))});
  MatchBatch batch = MatchKeys(engine, {key}, 1);
  KeyBlock block;
  ASSERT_THAT(engine.MatchBlock(block, 2, &batch), IsOk());
  EXPECT_EQ(batch.candidates.size(), 1);
  block.Append(key);
  ASSERT_THAT(engine.MatchBlock(block, 3, &batch), IsOk());
  ASSERT_EQ(batch.candidates.size(), 2);
  EXPECT_EQ(batch.candidates[0].source, 1);
  EXPECT_EQ(batch.candidates[1].source, 3);
}

// A block of which parts are planned one after another, with keys of several
// days; each of those that were met lies at the edge of a part.
TEST(MatchEngineTest, FindsKeysInEveryPartOfALargeBlock) {
  constexpr size_t kPart = size_t{1} << 14;
  const std::set<size_t> met = {0, kPart - 1, kPart, 2 * kPart - 1, 2 * kPart};
  std::vector<DiagnosisKey> keys;
  std::vector<Sighting> sightings;
  std::set<Tek> expected;
  for (size_t k = 0; k < 2 * kPart + 1; ++k) {
    const auto start = static_cast<EnIntervalNumber>(kStart + k % 3 * 144);
    keys.push_back({TestTek(k), start, 144, {}});
    if (!met.contains(k)) continue;
    sightings.push_back(Hear(keys[k].tek, start + 7, StartOf(start + 7)));
    expected.insert(keys[k].tek);
  }
  const MatchEngine engine = MakeEngine(std::move(sightings));
  const MatchBatch batch = MatchKeys(engine, keys);
  std::set<Tek> found;
  for (const Match& match : batch.candidates) found.insert(match.tek);
  EXPECT_EQ(found, expected);
  EXPECT_EQ(batch.candidates.size(), met.size());
}

// More keys than are derived and probed at once, in a few tasks, and all met;
// on other days, too, when they were not valid.
TEST(MatchEngineTest, FindsEveryKeyOfSeveralCallsOfAKernel) {
  std::vector<DiagnosisKey> keys;
  std::vector<Sighting> sightings;
  for (size_t k = 0; k < 900; ++k) {
    const auto start = static_cast<EnIntervalNumber>(kStart + k % 3 * 144);
    keys.push_back({TestTek(k), start, 144, {}});
    for (const EnIntervalNumber day : {kStart, kStart + 144, kStart + 288}) {
      sightings.push_back(Hear(keys[k].tek, day + 7, StartOf(day + 7)));
    }
  }
  const MatchEngine engine = MakeEngine(std::move(sightings));
  const MatchBatch batch = MatchKeys(engine, keys);
  std::set<Tek> found;
  for (const Match& match : batch.candidates) found.insert(match.tek);
  EXPECT_EQ(found.size(), keys.size());
  EXPECT_EQ(batch.candidates.size(), keys.size());
}

TEST(MatchEngineTest, RefusesAKeyThatBreaksTheBlocksPromise) {
  const DiagnosisKey good = {TestTek(), kStart, 144, {}};
  const MatchEngine engine =
      MakeEngine({Hear(good.tek, kStart, StartOf(kStart))});
  const std::pair<DiagnosisKey, const char*> kCases[] = {
      {{good.tek, kStart, 0, {}}, "rolling period 0 is not in 1..144"},
      {{good.tek, kStart, 145, {}}, "rolling period 145 is not in 1..144"},
      {{good.tek, kMaxInterval - 143, 144, {}}, "overflows"}};
  for (const auto& [bad, reason] : kCases) {
    MatchBatch batch = MatchKeys(engine, {good});
    KeyBlock block;
    block.Append(good);
    block.Append(bad);
    const absl::Status status = engine.MatchBlock(block, 0, &batch);
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                                 HasSubstr("key 1 of the block")));
    EXPECT_THAT(std::string(status.message()), HasSubstr(reason));
    EXPECT_EQ(batch.candidates.size(), 1);
  }
}

TEST(MatchEngineTest, ReportsAKernelThatFails) {
  const auto fail_derive = [](const uint8_t*, size_t, uint8_t*) {
    return false;
  };
  const auto derive = [](const uint8_t*, size_t, uint8_t*) { return true; };
  const auto fail_find = [](const uint8_t*, size_t, uint32_t, size_t,
                            const RpiFilter*, RpiCandidate*,
                            size_t*) { return false; };
  for (const Kernels& kernels :
       {Kernels{"broken", fail_derive, nullptr, fail_find},
        Kernels{"broken", derive, nullptr, fail_find}}) {
    const auto engine = MatchEngine::Create(
        MakeIndex({Hear(TestTek(), kStart, StartOf(kStart))}), {}, {}, kernels);
    ASSERT_THAT(engine, IsOk());
    KeyBlock block;
    block.Append({TestTek(), kStart, 144, {}});
    MatchBatch batch;
    const absl::Status status = engine->MatchBlock(block, 0, &batch);
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInternal,
                                 "kernel broken: BoringSSL failed"));
  }
}

TEST(MatchEngineTest, RefusesNoIndexAndABadPolicy) {
  const auto no_index = MatchEngine::Create(nullptr, {}, {}, DefaultKernels());
  EXPECT_THAT(no_index,
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("index")));
  MatchPolicy policy;
  policy.tolerance_intervals = -1;
  const auto bad_policy =
      MatchEngine::Create(MakeIndex({}), policy, {}, DefaultKernels());
  EXPECT_THAT(bad_policy, StatusIs(absl::StatusCode::kInvalidArgument,
                                   HasSubstr("tolerance_intervals")));
}

// Some threads match the same keys at once, in different orders, on one engine.
TEST(MatchEngineTest, ServesSeveralThreadsAtOnce) {
  std::mt19937_64 rng(11);
  std::vector<DiagnosisKey> keys;
  std::vector<Sighting> sightings;
  for (int k = 0; k < 40; ++k) {
    keys.push_back({RandomBytes<Tek>(rng), kStart, 144, {}});
    const EnIntervalNumber i = kStart + rng() % 144;
    sightings.push_back(Hear(keys.back().tek, i, StartOf(i)));
  }
  const MatchEngine engine = MakeEngine(sightings);
  const MatchResult expected =
      ResolveMatches(MatchKeys(engine, keys).candidates, {});
  ASSERT_EQ(expected.matches.size(), 40);

  constexpr int kNumThreads = 8;
  std::vector<MatchBatch> batches(kNumThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kNumThreads; ++t) {
    std::shuffle(keys.begin(), keys.end(), rng);
    threads.emplace_back([&engine, keys, batch = &batches[t]] {
      for (int round = 0; round < 5; ++round) *batch = MatchKeys(engine, keys);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const MatchBatch& batch : batches) {
    EXPECT_EQ(ResolveMatches(batch.candidates, {}).matches, expected.matches);
  }
}

// Two calls of a kernel, each of whose keys was met in each of its intervals:
// as many candidates as there can be between two lookups.
TEST(MatchEngineTest, FindsKeysThatWereMetAllDay) {
  std::vector<DiagnosisKey> keys;
  std::vector<Sighting> sightings;
  for (size_t k = 0; k < 300; ++k) {
    keys.push_back({TestTek(k), kStart, 144, {}});
    for (EnIntervalNumber i = kStart; i < kStart + 144; ++i) {
      sightings.push_back(Hear(keys[k].tek, i, StartOf(i)));
    }
  }
  const size_t num_sightings = sightings.size();
  const MatchEngine engine = MakeEngine(std::move(sightings));
  const MatchBatch batch = MatchKeys(engine, keys);
  std::set<uint32_t> found;
  for (const Match& match : batch.candidates) {
    found.insert(match.sighting_position);
  }
  EXPECT_EQ(batch.candidates.size(), num_sightings);
  EXPECT_EQ(found.size(), num_sightings);
  EXPECT_EQ(batch.num_duplicates, 0);
}

}  // namespace
}  // namespace tekmatch
