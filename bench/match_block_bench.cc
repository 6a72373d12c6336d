// Keys in memory against a sighting index, one thread: what an engine and its
// kernels take for a key. By kernel and by number of sightings, which lie
// evenly over 14 days.
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "benchmark/benchmark.h"
#include "keyformat/diagnosis_key.h"
#include "keyformat/key_block.h"
#include "keyformat/random_source.h"
#include "matcher/en_crypto.h"
#include "matcher/kernels/dispatch.h"
#include "matcher/match_engine.h"
#include "matcher/sighting_index.h"

namespace tekmatch {
namespace {

constexpr EnIntervalNumber kFirstInterval = 2653344;  // a midnight in 2020
constexpr uint64_t kDays = 14;
constexpr int kNumKeys = 2048;
constexpr int kNumMet = 32;  // one sighting each

struct World {
  KeyBlock keys;
  std::vector<Sighting> sightings;
};

// Each met key is heard once, in an interval that the world's seed decides; the
// specification's functions say what is heard.
absl::StatusOr<World> MakeWorld(uint64_t num_sightings) {
  RandomSource random = RandomSource::Seeded(1);
  World world;
  for (int k = 0; k < kNumKeys; ++k) {
    DiagnosisKey key;
    random.Fill(absl::MakeSpan(key.tek.bytes));
    key.rolling_start =
        kFirstInterval +
        kMaxRollingPeriod * static_cast<EnIntervalNumber>(random.Below(kDays));
    world.keys.Append(key);
    if (k >= kNumMet) continue;
    const EnIntervalNumber interval =
        key.rolling_start +
        static_cast<EnIntervalNumber>(random.Below(kMaxRollingPeriod));
    const absl::StatusOr<Rpik> rpik = DeriveRpik(key.tek);
    if (!rpik.ok()) return rpik.status();
    const absl::StatusOr<Rpi> rpi = GenerateRpi(*rpik, interval);
    if (!rpi.ok()) return rpi.status();
    world.sightings.push_back(
        {.unix_seconds = int64_t{interval} * kIntervalSeconds, .rpi = *rpi});
  }
  while (world.sightings.size() < num_sightings) {
    Sighting stranger;
    random.Fill(absl::MakeSpan(stranger.rpi.bytes));
    stranger.unix_seconds =
        int64_t{kFirstInterval} * kIntervalSeconds +
        static_cast<int64_t>(random.Below(kDays * 24 * 60 * 60));
    world.sightings.push_back(stranger);
  }
  return world;
}

void MatchBlock(benchmark::State& state, const Kernels& kernels) {
  absl::StatusOr<World> world =
      MakeWorld(static_cast<uint64_t>(state.range(0)));
  if (!world.ok()) return state.SkipWithError("no world");
  absl::StatusOr<SightingIndex> index =
      SightingIndex::Create(std::move(world->sightings));
  if (!index.ok()) return state.SkipWithError("no index");
  const absl::StatusOr<MatchEngine> engine = MatchEngine::Create(
      std::make_shared<const SightingIndex>(*std::move(index)), {}, {},
      kernels);
  if (!engine.ok()) return state.SkipWithError("no engine");

  MatchBatch batch;
  while (state.KeepRunning()) {
    batch = {};
    if (!engine->MatchBlock(world->keys, 0, &batch).ok()) {
      return state.SkipWithError("matching failed");
    }
    benchmark::DoNotOptimize(batch.candidates.data());
  }
  if (batch.candidates.size() != kNumMet) {
    return state.SkipWithError("wrong answer: not the sightings of met keys");
  }
  state.counters["keys/s"] =
      benchmark::Counter(static_cast<double>(kNumKeys),
                         benchmark::Counter::kIsIterationInvariantRate);
}

// One benchmark for each kernel that this machine can run.
[[maybe_unused]] const bool registered = [] {
  for (const KernelChoice& choice : AllKernels()) {
    if (!choice.available) continue;
    benchmark::RegisterBenchmark(
        (std::string("MatchBlock/") + choice.kernels->name).c_str(),
        [kernels = choice.kernels](benchmark::State& state) {
          MatchBlock(state, *kernels);
        })
        ->ArgName("sightings")
        ->Arg(1000)
        ->Arg(20000)
        ->Unit(benchmark::kMillisecond);
  }
  return true;
}();

}  // namespace
}  // namespace tekmatch
