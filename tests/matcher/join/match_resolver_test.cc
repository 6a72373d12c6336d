#include "matcher/join/match_resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/matcher/join/test_util.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

// A candidate of an RPI that the first byte of its TEK names.
Match Candidate(uint8_t tek, uint32_t position, int64_t unix_seconds,
                int tx_power = -20, uint32_t source = 0) {
  Match match;
  match.tek.bytes[0] = tek;
  match.rolling_start = 2642976;
  match.rolling_period = 144;
  match.source = source;
  match.interval = 2643000;
  match.sighting.rpi.bytes[0] = tek;
  match.sighting.unix_seconds = unix_seconds;
  match.sighting_position = position;
  match.bluetooth_metadata = MetadataWithTxPower(tx_power);
  match.tx_power = tx_power;
  return match;
}

std::vector<uint32_t> Positions(const MatchResult& result) {
  std::vector<uint32_t> positions;
  for (const Match& match : result.matches) {
    positions.push_back(match.sighting_position);
  }
  return positions;
}

constexpr int64_t kTime = 1585800000;

TEST(MatchResolverTest, NothingGivesNothing) {
  const MatchResult result = ResolveMatches({}, {});
  EXPECT_THAT(result.matches, IsEmpty());
  EXPECT_EQ(result.num_duplicates, 0);
  EXPECT_EQ(result.num_replayed, 0);
  EXPECT_EQ(result.num_tx_power_out_of_bounds, 0);
}

TEST(MatchResolverTest, DropDuplicatesKeepsOneOfEachSighting) {
  std::vector<Match> candidates = {Candidate(1, 0, kTime, -20, /*source=*/3),
                                   Candidate(2, 1, kTime, -20, /*source=*/3),
                                   Candidate(1, 0, kTime, -20, /*source=*/1),
                                   Candidate(1, 0, kTime, -20, /*source=*/2)};
  EXPECT_EQ(DropDuplicates(candidates), 2);
  ASSERT_EQ(candidates.size(), 2);
  EXPECT_EQ(candidates[0].source, 1);
  EXPECT_EQ(candidates[1].source, 3);
  EXPECT_EQ(DropDuplicates(candidates), 0);
}

TEST(MatchResolverTest, ReplayCutKeeps1200SecondsAndDrops1201) {
  const MatchResult result = ResolveMatches(
      {Candidate(1, 0, kTime), Candidate(1, 1, kTime + 1200),
       Candidate(1, 2, kTime + 1201), Candidate(1, 3, kTime + 7000)},
      {});
  EXPECT_THAT(Positions(result), ElementsAre(0, 1));
  EXPECT_EQ(result.num_replayed, 2);
}

TEST(MatchResolverTest, ReplayCutIsThatOfThePolicy) {
  MatchPolicy policy;
  policy.replay_cut_seconds = 0;
  const MatchResult result =
      ResolveMatches({Candidate(1, 0, kTime), Candidate(1, 1, kTime),
                      Candidate(1, 2, kTime + 1)},
                     policy);
  EXPECT_THAT(Positions(result), ElementsAre(0, 1));
  EXPECT_EQ(result.num_replayed, 1);
}

TEST(MatchResolverTest, EachRpiHasAReplayClockOfItsOwn) {
  Match other_interval = Candidate(1, 1, kTime + 5000);
  other_interval.interval += 8;
  const MatchResult result = ResolveMatches(
      {Candidate(1, 0, kTime), other_interval, Candidate(2, 2, kTime + 6000)},
      {});
  EXPECT_THAT(Positions(result), ElementsAre(0, 1, 2));
  EXPECT_EQ(result.num_replayed, 0);
}

TEST(MatchResolverTest, TransmitPowerBoundsAreInclusive) {
  const MatchResult result = ResolveMatches(
      {Candidate(1, 0, kTime, -51), Candidate(1, 1, kTime + 1, -50),
       Candidate(1, 2, kTime + 2, 20), Candidate(1, 3, kTime + 3, 21)},
      {});
  EXPECT_THAT(Positions(result), ElementsAre(1, 2));
  EXPECT_EQ(result.num_tx_power_out_of_bounds, 2);
}

TEST(MatchResolverTest, ABadTransmitPowerStillStartsTheReplayClock) {
  const MatchResult result = ResolveMatches(
      {Candidate(1, 0, kTime, 127), Candidate(1, 1, kTime + 1200),
       Candidate(1, 2, kTime + 1201), Candidate(1, 3, kTime + 1201, 127)},
      {});
  EXPECT_THAT(Positions(result), ElementsAre(1));
  EXPECT_EQ(result.num_tx_power_out_of_bounds, 1);
  EXPECT_EQ(result.num_replayed, 2);
}

TEST(MatchResolverTest, TheSameTekInSeveralFilesCountsOnce) {
  std::vector<Match> candidates;
  for (const uint32_t source : {7, 3, 5, 3}) {
    candidates.push_back(Candidate(1, 0, kTime, -20, source));
  }
  const MatchResult result = ResolveMatches(candidates, {});
  ASSERT_EQ(result.matches.size(), 1);
  EXPECT_EQ(result.matches[0].source, 3);
  EXPECT_EQ(result.num_duplicates, 3);
}

TEST(MatchResolverTest, EqualSightingsAreNoDuplicates) {
  const MatchResult result =
      ResolveMatches({Candidate(1, 0, kTime), Candidate(1, 1, kTime)}, {});
  EXPECT_THAT(Positions(result), ElementsAre(0, 1));
  EXPECT_EQ(result.num_duplicates, 0);
}

// The candidates in the order of preference: each differs from the one before
// it in a less important field, which it has greater.
TEST(MatchResolverTest, PrefersSourceThenStartThenPeriodThenMetadata) {
  std::vector<Match> candidates(5, Candidate(1, 0, kTime));
  candidates[0].metadata.transmission_risk = 1;
  candidates[0].rolling_period = 100;
  candidates[1].metadata.transmission_risk = 2;
  candidates[1].rolling_period = 100;
  candidates[2].rolling_period = 101;
  candidates[3].rolling_start += 1;
  candidates[3].rolling_period = 1;
  candidates[4].source = 1;
  candidates[4].rolling_start = 0;
  while (!candidates.empty()) {
    std::vector<Match> reversed(candidates.rbegin(), candidates.rend());
    for (const std::vector<Match>& order : {candidates, reversed}) {
      const MatchResult result = ResolveMatches(order, {});
      ASSERT_EQ(result.matches.size(), 1);
      EXPECT_EQ(result.matches[0], candidates.front());
      EXPECT_EQ(result.num_duplicates, candidates.size() - 1);
    }
    candidates.erase(candidates.begin());
  }
}

TEST(MatchResolverTest, SortsByTimeThenRpiThenTekThenIntervalThenPosition) {
  std::vector<Match> sorted(6, Candidate(5, 9, kTime));
  sorted[0].sighting.unix_seconds = kTime - 1;
  sorted[0].sighting.rpi.bytes[0] = 9;
  sorted[1].sighting.rpi.bytes[0] = 4;
  sorted[1].tek.bytes[0] = 9;
  sorted[2].tek.bytes[0] = 4;
  sorted[2].interval += 9;
  sorted[3].interval -= 1;
  sorted[4].sighting_position = 8;
  std::vector<Match> shuffled = sorted;
  std::mt19937_64 rng(1);
  for (int i = 0; i < 50; ++i) {
    std::shuffle(shuffled.begin(), shuffled.end(), rng);
    EXPECT_EQ(ResolveMatches(shuffled, {}).matches, sorted);
  }
}

TEST(MatchResolverTest, SaysOfEveryMatchThatItDropsWhy) {
  std::vector<std::pair<uint32_t, std::string>> dropped;
  const MatchResult result = ResolveMatches(
      {Candidate(1, 0, kTime), Candidate(1, 1, kTime + 1201),
       Candidate(1, 2, kTime + 1, 21), Candidate(1, 3, kTime + 1202, 21)},
      {}, [&dropped](const Match& match, absl::string_view reason) {
        dropped.emplace_back(match.sighting_position, reason);
      });
  EXPECT_THAT(Positions(result), ElementsAre(0));
  EXPECT_THAT(dropped, UnorderedElementsAre(Pair(1, "replayed"),
                                            Pair(2, "tx_power_out_of_bounds"),
                                            Pair(3, "replayed")));
}

TEST(MatchResolverTest, DoesNotDependOnTheOrderOfCandidates) {
  std::mt19937_64 rng(2);
  std::vector<Match> candidates;
  for (uint32_t position = 0; position < 60; ++position) {
    const auto tek = static_cast<uint8_t>(rng() % 4);
    const int64_t time = kTime + static_cast<int64_t>(rng() % 1800);
    const int tx_power = static_cast<int>(rng() % 100) - 60;
    for (uint64_t copies = rng() % 4; copies > 0; --copies) {
      candidates.push_back(Candidate(tek, position, time, tx_power,
                                     static_cast<uint32_t>(rng() % 3)));
      candidates.back().metadata.revised = rng() % 2 == 0;
    }
  }
  const MatchResult expected = ResolveMatches(candidates, {});
  EXPECT_FALSE(expected.matches.empty());
  EXPECT_GT(expected.num_duplicates, 0);
  EXPECT_GT(expected.num_replayed, 0);
  EXPECT_GT(expected.num_tx_power_out_of_bounds, 0);
  EXPECT_EQ(expected.matches.size() + expected.num_duplicates +
                expected.num_replayed + expected.num_tx_power_out_of_bounds,
            candidates.size());
  for (int i = 0; i < 50; ++i) {
    std::shuffle(candidates.begin(), candidates.end(), rng);
    const MatchResult result = ResolveMatches(candidates, {});
    EXPECT_EQ(result.matches, expected.matches);
    EXPECT_EQ(result.num_duplicates, expected.num_duplicates);
    EXPECT_EQ(result.num_replayed, expected.num_replayed);
    EXPECT_EQ(result.num_tx_power_out_of_bounds,
              expected.num_tx_power_out_of_bounds);
  }
}

}  // namespace
}  // namespace tekmatch
