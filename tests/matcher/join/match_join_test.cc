// Engine and resolver together, against a join that is written to be obviously
// right and for nothing else, and against a join of real data by somebody else.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "matcher/join/en_crypto.h"
#include "matcher/join/match_engine.h"
#include "matcher/join/match_resolver.h"
#include "matcher/kernels/dispatch.h"
#include "tests/matcher/join/test_util.h"
#include "tests/shared_data.h"
#include "tests/shared_json.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

constexpr EnIntervalNumber kDay = 2642976;

struct PublishedKey {
  DiagnosisKey key;
  uint32_t source;
};

struct World {
  std::vector<PublishedKey> published;
  std::vector<Sighting> sightings;
  HashSet<Tek> own_keys;
};

// A few keys over three days, some of them published twice, and sightings of
// their RPIs: near the right time, near an edge of the tolerance or the key, at
// any time, several minutes running, and equal to one another.
World RandomWorld(uint64_t seed) {
  std::mt19937_64 rng(seed);
  const auto roll = [&rng](int64_t sides) {
    return static_cast<int64_t>(rng() % sides);
  };
  World world;
  for (int k = 0; k < 12; ++k) {
    DiagnosisKey key = {
        RandomBytes<Tek>(rng),
        static_cast<EnIntervalNumber>(kDay + roll(3) * 144 + roll(2) * roll(9)),
        static_cast<uint8_t>(roll(2) == 0 ? 144 : 1 + roll(144)),
        {}};
    key.metadata.transmission_risk = static_cast<uint8_t>(roll(9));
    for (int64_t copies = 1 + roll(2) * roll(3); copies > 0; --copies) {
      PublishedKey copy = {key, static_cast<uint32_t>(roll(4))};
      if (roll(3) == 0) copy.key.rolling_period = 1 + roll(144);
      if (roll(3) == 0) copy.key.metadata.revised = true;
      world.published.push_back(copy);
    }
    if (roll(8) == 0) world.own_keys.insert(key.tek);
    for (int heard = 0; heard < 6; ++heard) {
      const int64_t i = key.rolling_start - 2 + roll(key.rolling_period + 4);
      constexpr int64_t kDrifts[] = {0, 0, 1, -11, -12, -13, 11, 12, 13};
      int64_t time = StartOf(i + kDrifts[roll(std::size(kDrifts))]);
      constexpr int64_t kSeconds[] = {0, 1, 300, 599};
      time += kSeconds[roll(std::size(kSeconds))];
      if (roll(10) == 0) time = StartOf(kDay + roll(500));
      for (int64_t repeats = 1 + roll(4); repeats > 0; --repeats) {
        const Sighting sighting =
            Hear(key.tek, static_cast<EnIntervalNumber>(i), time,
                 static_cast<int>(-100 + roll(100)),
                 static_cast<int>(-60 + roll(90)));
        world.sightings.push_back(sighting);
        if (roll(5) == 0) world.sightings.push_back(sighting);
        constexpr int64_t kGaps[] = {1, 299, 600, 601, 1200, 1201};
        time += kGaps[roll(std::size(kGaps))];
      }
    }
  }
  for (int noise = 0; noise < 50; ++noise) {
    world.sightings.push_back({StartOf(kDay + roll(432)), RandomBytes<Rpi>(rng),
                               RandomBytes<Aem>(rng), -70});
  }
  std::shuffle(world.published.begin(), world.published.end(), rng);
  std::shuffle(world.sightings.begin(), world.sightings.end(), rng);
  return world;
}

std::vector<Match> NaiveCandidates(const World& world,
                                   const MatchPolicy& policy) {
  std::vector<Sighting> sightings = world.sightings;
  std::sort(sightings.begin(), sightings.end(),
            [](const Sighting& a, const Sighting& b) {
              return std::tie(a.rpi, a.unix_seconds, a.aem, a.rssi) <
                     std::tie(b.rpi, b.unix_seconds, b.aem, b.rssi);
            });
  std::vector<Match> candidates;
  for (const auto& [key, source] : world.published) {
    if (world.own_keys.contains(key.tek)) continue;
    const Rpik rpik = *DeriveRpik(key.tek);
    const Aemk aemk = *DeriveAemk(key.tek);
    for (int64_t i = key.rolling_start;
         i < int64_t{key.rolling_start} + key.rolling_period; ++i) {
      const Rpi rpi = *GenerateRpi(rpik, static_cast<EnIntervalNumber>(i));
      for (size_t position = 0; position < sightings.size(); ++position) {
        const Sighting& sighting = sightings[position];
        if (sighting.rpi != rpi) continue;
        const int64_t s = sighting.unix_seconds / 600;
        if (s - i > policy.tolerance_intervals) continue;
        if (i - s > policy.tolerance_intervals) continue;
        Match match;
        match.tek = key.tek;
        match.rolling_start = key.rolling_start;
        match.rolling_period = key.rolling_period;
        match.metadata = key.metadata;
        match.source = source;
        match.interval = static_cast<EnIntervalNumber>(i);
        match.sighting = sighting;
        match.sighting_position = static_cast<uint32_t>(position);
        match.bluetooth_metadata = *DecryptAem(aemk, rpi, sighting.aem);
        match.tx_power = match.bluetooth_metadata.tx_power();
        match.attenuation = std::max(0, match.tx_power - sighting.rssi);
        candidates.push_back(match);
      }
    }
  }
  return candidates;
}

MatchResult NaiveResolve(const std::vector<Match>& candidates,
                         const MatchPolicy& policy) {
  const auto preference = [](const Match& m) {
    return std::tie(m.source, m.rolling_start, m.rolling_period, m.metadata);
  };
  MatchResult result;
  // In the order of the result.
  std::map<std::tuple<int64_t, Rpi, Tek, EnIntervalNumber, uint32_t>, Match>
      kept;
  std::map<Rpi, int64_t> first_heard;
  for (const Match& match : candidates) {
    const int64_t time = match.sighting.unix_seconds;
    const Rpi& rpi = match.sighting.rpi;
    const auto [it, inserted] = kept.try_emplace(
        {time, rpi, match.tek, match.interval, match.sighting_position}, match);
    if (!inserted) {
      ++result.num_duplicates;
      if (preference(match) < preference(it->second)) it->second = match;
    }
    const auto [first, is_first] = first_heard.try_emplace(rpi, time);
    first->second = std::min(first->second, time);
  }
  for (const auto& [order, match] : kept) {
    if (match.sighting.unix_seconds >
        first_heard[match.sighting.rpi] + policy.replay_cut_seconds) {
      ++result.num_replayed;
    } else if (match.tx_power < policy.min_tx_power ||
               match.tx_power > policy.max_tx_power) {
      ++result.num_tx_power_out_of_bounds;
    } else {
      result.matches.push_back(match);
    }
  }
  return result;
}

// Feeds the published keys in random order, in blocks of random size.
MatchBatch MatchInBlocks(const MatchEngine& engine, World world,
                         size_t max_block, std::mt19937_64& rng) {
  std::shuffle(world.published.begin(), world.published.end(), rng);
  MatchBatch batch;
  std::map<uint32_t, KeyBlock> blocks;  // one of each source
  const auto flush = [&](uint32_t source) {
    const absl::Status status =
        engine.MatchBlock(blocks[source], source, &batch);
    EXPECT_THAT(status, IsOk());
    blocks[source].Clear();
  };
  for (const auto& [key, source] : world.published) {
    blocks[source].Append(key);
    if (blocks[source].size() >= 1 + rng() % max_block) flush(source);
  }
  for (const uint32_t source : {3, 1, 2, 0}) flush(source);
  return batch;
}

void ExpectSameResult(const MatchResult& actual, const MatchResult& expected) {
  EXPECT_EQ(actual.matches, expected.matches);
  EXPECT_EQ(actual.num_duplicates, expected.num_duplicates);
  EXPECT_EQ(actual.num_replayed, expected.num_replayed);
  EXPECT_EQ(actual.num_tx_power_out_of_bounds,
            expected.num_tx_power_out_of_bounds);
}

// Keys that are not own ones and that were in use within the index's tolerance
// of any sighting.
uint64_t NaiveNumCompared(const World& world, const SightingIndex& index) {
  const int64_t tolerance = index.max_tolerance_intervals();
  uint64_t num_compared = 0;
  for (const auto& [key, source] : world.published) {
    if (world.own_keys.contains(key.tek)) continue;
    const int64_t first = key.rolling_start;
    const int64_t end = first + key.rolling_period;
    num_compared += std::any_of(
        world.sightings.begin(), world.sightings.end(),
        [&](const Sighting& sighting) {
          const int64_t interval = sighting.unix_seconds / kIntervalSeconds;
          return interval >= first - tolerance && interval < end + tolerance;
        });
  }
  return num_compared;
}

TEST(MatchJoinTest, AgreesWithANaiveJoinHoweverTheKeysAreCutIntoBlocks) {
  MatchResult total;
  uint64_t num_own_keys = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    const World world = RandomWorld(seed);
    MatchPolicy policy;
    if (seed % 4 == 3) policy.tolerance_intervals = 6;
    const std::vector<Match> candidates = NaiveCandidates(world, policy);
    const MatchResult expected = NaiveResolve(candidates, policy);

    const auto index = MakeIndex(world.sightings);
    const uint64_t num_compared = NaiveNumCompared(world, *index);
    for (const KernelChoice& choice : AllKernels()) {
      if (!choice.available) continue;
      SCOPED_TRACE(choice.kernels->name);
      const auto engine =
          MatchEngine::Create(index, policy, world.own_keys, *choice.kernels);
      ASSERT_THAT(engine, IsOk());
      std::mt19937_64 rng(seed);
      for (const size_t max_block : {1, 3, 100}) {
        const MatchBatch batch = MatchInBlocks(*engine, world, max_block, rng);
        EXPECT_EQ(batch.num_compared, num_compared);
        EXPECT_EQ(batch.candidates.size(), candidates.size());
        num_own_keys += batch.num_own_keys;
        ExpectSameResult(ResolveMatches(batch.candidates, policy), expected);
      }
    }
    total.matches.insert(total.matches.end(), expected.matches.begin(),
                         expected.matches.end());
    total.num_duplicates += expected.num_duplicates;
    total.num_replayed += expected.num_replayed;
    total.num_tx_power_out_of_bounds += expected.num_tx_power_out_of_bounds;
  }
  // The worlds have something of everything.
  EXPECT_GT(total.matches.size(), 100);
  EXPECT_GT(total.num_duplicates, 100);
  EXPECT_GT(total.num_replayed, 100);
  EXPECT_GT(total.num_tx_power_out_of_bounds, 100);
  EXPECT_GT(num_own_keys, 10);
}

// A row of the join, in the order of its fields: what the other program and
// this one both know.
using Row = std::tuple<std::string, int64_t, EnIntervalNumber, std::string,
                       int64_t, std::string, std::string, int, int, int>;

template <typename T>
std::string ToHex(const T& value) {
  return absl::BytesToHexString(
      std::string(value.bytes.begin(), value.bytes.end()));
}

TEST(MatchJoinTest, AgreesWithAnotherProgramOnTheDemoData) {
  TEKMATCH_NEEDS_SHARED_DATA();
  std::vector<Sighting> sightings;
  for (const nlohmann::json& record :
       ReadSharedJson("sightings/demo_sightings.json")) {
    for (const nlohmann::json& heard : record.at("sightings")) {
      sightings.push_back({heard.at("epoch_seconds").get<int64_t>(),
                           FromHex<Rpi>(record.at("rpi").get<std::string>()),
                           FromHex<Aem>(heard.at("aem").get<std::string>()),
                           heard.at("rssi").get<int16_t>()});
    }
  }
  EXPECT_EQ(sightings.size(), 5145);

  const nlohmann::json expected_file =
      ReadSharedJson("sightings/demo_expected_matches.json");
  std::vector<Row> expected;
  std::set<DiagnosisKey> keys;
  for (const nlohmann::json& row : expected_file.at("matches")) {
    const auto text = [&row](const char* name) {
      return row.at(name).get<std::string>();
    };
    const auto number = [&row](const char* name) {
      return row.at(name).get<int>();
    };
    expected.emplace_back(text("tek"), number("start"), number("interval"),
                          text("rpi"), number("epoch_seconds"), text("aem"),
                          text("metadata"), number("rssi"), number("tx_power"),
                          number("attenuation"));
    keys.insert({FromHex<Tek>(text("tek")),
                 static_cast<EnIntervalNumber>(number("start")),
                 static_cast<uint8_t>(number("period")),
                 {}});
  }
  EXPECT_EQ(keys.size(), 4);

  const auto engine = MatchEngine::Create(MakeIndex(std::move(sightings)), {},
                                          {}, DefaultKernels());
  ASSERT_THAT(engine, IsOk());
  KeyBlock block;
  for (const DiagnosisKey& key : keys) block.Append(key);
  MatchBatch batch;
  const absl::Status status = engine->MatchBlock(block, 0, &batch);
  ASSERT_THAT(status, IsOk());
  std::vector<Row> actual;
  std::set<Rpi> rpis;
  for (const Match& match : batch.candidates) {
    actual.emplace_back(ToHex(match.tek), match.rolling_start, match.interval,
                        ToHex(match.sighting.rpi), match.sighting.unix_seconds,
                        ToHex(match.sighting.aem),
                        ToHex(match.bluetooth_metadata), match.sighting.rssi,
                        match.tx_power, match.attenuation);
    rpis.insert(match.sighting.rpi);
  }
  EXPECT_EQ(actual.size(), 534);
  EXPECT_EQ(rpis.size(), 23);
  std::sort(actual.begin(), actual.end());
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(actual, expected);
}

}  // namespace
}  // namespace tekmatch
