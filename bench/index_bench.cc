// By number of sightings, which lie evenly over 14 days: building the index,
// and what a key costs the engine, by kernel, and the baseline.
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "bench/baseline.h"
#include "bench/measure.h"
#include "bench/rates.h"
#include "bench/world.h"
#include "benchmark/benchmark.h"
#include "matcher/join/match_engine.h"
#include "matcher/kernels/dispatch.h"

namespace tekmatch {
namespace {

constexpr int kKeySets = 8;  // in turn
constexpr uint64_t kMet = 32;

absl::StatusOr<BenchWorld> MakeSightings(int64_t num_sightings,
                                         uint64_t num_keys) {
  return MakeBenchWorld(
      {.num_key_sets = kKeySets,
       .num_keys = num_keys,
       .num_met = kMet,
       .num_sightings = static_cast<uint64_t>(num_sightings)});
}

void BuildIndex(benchmark::State& state) {
  const absl::StatusOr<BenchWorld> world = MakeSightings(state.range(0), kMet);
  if (!world.ok()) return state.SkipWithError("no world");
  double bytes = 0;
  MeasureWork(state, {}, [&]() -> absl::StatusOr<double> {
    std::vector<Sighting> sightings = world->sightings;
    absl::StatusOr<SightingIndex> index = absl::InternalError("not built");
    const double seconds =
        SecondsOf([&] { index = SightingIndex::Create(std::move(sightings)); });
    if (!index.ok()) return index.status();
    bytes = static_cast<double>(index->memory_bytes());
    for (size_t i = 0; i < kMet; ++i) {
      if (index->Find(world->sightings[i].rpi).size() != 1) {
        return absl::InternalError("wrong answer");
      }
    }
    return seconds;
  });
  const auto num_sightings = static_cast<double>(world->sightings.size());
  state.counters["sightings/s"] = benchmark::Counter(
      num_sightings, benchmark::Counter::kIsIterationInvariantRate);
  state.counters["bytes/sighting"] = bytes / num_sightings;
}

void MatchKeys(benchmark::State& state, const Kernels& kernels) {
  absl::StatusOr<BenchWorld> world =
      MakeSightings(state.range(0), kMostBlockKeys);
  if (!world.ok()) return state.SkipWithError("no world");
  absl::StatusOr<SightingIndex> index =
      SightingIndex::Create(std::move(world->sightings));
  if (!index.ok()) return state.SkipWithError("no index");
  const absl::StatusOr<MatchEngine> engine = MatchEngine::Create(
      std::make_shared<const SightingIndex>(*std::move(index)), {}, {},
      kernels);
  if (!engine.ok()) return state.SkipWithError("no engine");
  size_t set = 0;
  MatchScratch scratch;
  MeasureWork(
      state,
      {.keys = kMostBlockKeys, .rpis = kMostBlockKeys * kMaxRollingPeriod},
      [&]() -> absl::StatusOr<double> {
        set = (set + 1) % kKeySets;
        MatchBatch batch;
        absl::Status status;
        const double seconds = SecondsOf([&] {
          status =
              engine->MatchBlock(world->key_sets[set], 0, &scratch, &batch);
        });
        if (!status.ok()) return status;
        if (ContactsOf(batch.candidates) != world->contacts[set]) {
          return absl::InternalError("wrong answer");
        }
        return seconds;
      });
}

void MatchByBaseline(benchmark::State& state) {
  constexpr uint64_t kKeys = 8192;
  const absl::StatusOr<BenchWorld> world = MakeSightings(state.range(0), kKeys);
  if (!world.ok()) return state.SkipWithError("no world");
  const Baseline baseline(world->sightings);
  size_t set = 0;
  MeasureWork(state, {.keys = kKeys, .rpis = kKeys * kMaxRollingPeriod},
              [&]() -> absl::StatusOr<double> {
                set = (set + 1) % kKeySets;
                std::vector<std::pair<uint32_t, uint32_t>> found;
                const double seconds = SecondsOf([&] {
                  found = baseline.Match(world->key_sets[set], 0, kKeys);
                });
                Contacts contacts;
                for (const auto& [key, position] : found) {
                  contacts.emplace(world->key_sets[set].teks()[key],
                                   world->sightings[position].unix_seconds);
                }
                if (contacts != world->contacts[set]) {
                  return absl::InternalError("wrong answer");
                }
                return seconds;
              });
}

void ByNumber(benchmark::internal::Benchmark* bench, int64_t most) {
  bench->UseManualTime()->ArgName("sightings")->Unit(benchmark::kMillisecond);
  for (int64_t n = 1000; n <= most; n *= 10) bench->Arg(n);
}

[[maybe_unused]] const bool registered = [] {
  constexpr int64_t kMost = 100'000'000;
  ByNumber(benchmark::RegisterBenchmark("BuildIndex", BuildIndex), kMost);
  for (const KernelChoice& choice : AllKernels()) {
    if (!choice.available) continue;
    // Many sightings say much of the index and little of the kernel.
    const bool best = choice.kernels == &DefaultKernels();
    ByNumber(benchmark::RegisterBenchmark(
                 absl::StrCat("MatchKeys/", choice.kernels->name).c_str(),
                 [kernels = choice.kernels](benchmark::State& state) {
                   MatchKeys(state, *kernels);
                 }),
             best ? kMost : 1'000'000);
  }
  ByNumber(benchmark::RegisterBenchmark("MatchKeys/baseline", MatchByBaseline),
           1'000'000);
  return true;
}();

}  // namespace
}  // namespace tekmatch
