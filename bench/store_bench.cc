// Sightings at rest, by their number: from a closed store to an index, and what
// it costs to add a scan's batch to what is there.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "bench/measure.h"
#include "bench/rates.h"
#include "bench/world.h"
#include "benchmark/benchmark.h"
#include "keyformat/status_macros.h"
#include "matcher/join/sighting.h"
#include "matcher/join/sighting_index.h"
#include "matcher/store/database.h"
#include "matcher/store/sighting_store.h"
#include "tools/files/scratch_folder.h"

namespace tekmatch {
namespace {

constexpr uint64_t kMet = 32;
constexpr size_t kBatch = 50;

// A store with the sightings of a world, in a folder of its own.
struct FilledStore {
  std::vector<Sighting> sightings;  // by time
  absl::Time now;
  std::unique_ptr<ScratchFolder> folder;
};

// Adds them as a phone does, a batch at a time; a million in larger ones, which
// take less time to prepare and end in the same intervals.
absl::StatusOr<FilledStore> Fill(int64_t num_sightings) {
  TEKMATCH_ASSIGN_OR_RETURN(
      BenchWorld world,
      MakeBenchWorld({.num_key_sets = 1,
                      .num_keys = kMet,
                      .num_met = kMet,
                      .num_sightings = static_cast<uint64_t>(num_sightings)}));
  FilledStore filled;
  filled.sightings = std::move(world.sightings);
  std::sort(filled.sightings.begin(), filled.sightings.end());
  filled.now = absl::FromUnixSeconds(filled.sightings.back().unix_seconds);
  TEKMATCH_ASSIGN_OR_RETURN(filled.folder, ScratchFolder::Make());
  TEKMATCH_ASSIGN_OR_RETURN(
      const auto database,
      Database::Open(filled.folder->path(), OpenMode::kCreate));
  TEKMATCH_ASSIGN_OR_RETURN(
      SightingStore store,
      SightingStore::Create(*database, SightingStore::kMaxRetention));
  const absl::Span<const Sighting> all = filled.sightings;
  const size_t size = all.size() > 100'000 ? 60 * kBatch : kBatch;
  for (size_t i = 0; i < all.size(); i += size) {
    TEKMATCH_RETURN_IF_ERROR(
        store.Add(all.subspan(i, size), filled.now).status());
  }
  return filled;
}

void IndexFromStore(benchmark::State& state) {
  const absl::StatusOr<FilledStore> filled = Fill(state.range(0));
  if (!filled.ok()) return state.SkipWithError("no store");
  MeasureWork(state, {}, [&]() -> absl::StatusOr<double> {
    absl::StatusOr<SightingIndex> index = absl::InternalError("not built");
    const double seconds = SecondsOf([&] {
      index = [&]() -> absl::StatusOr<SightingIndex> {
        TEKMATCH_ASSIGN_OR_RETURN(
            const auto database,
            Database::Open(filled->folder->path(), OpenMode::kExisting));
        TEKMATCH_ASSIGN_OR_RETURN(SightingStore store,
                                  SightingStore::Create(*database));
        TEKMATCH_ASSIGN_OR_RETURN(StoredSightings stored, store.Read());
        return SightingIndex::Create(std::move(stored.sightings));
      }();
    });
    if (!index.ok()) return index.status();
    if (index->sightings().size() != filled->sightings.size() ||
        index->Find(filled->sightings[0].rpi).empty()) {
      return absl::InternalError("wrong answer");
    }
    return seconds;
  });
  state.counters["sightings/s"] =
      benchmark::Counter(static_cast<double>(filled->sightings.size()),
                         benchmark::Counter::kIsIterationInvariantRate);
}

void AddBatch(benchmark::State& state) {
  absl::StatusOr<FilledStore> filled = Fill(state.range(0));
  if (!filled.ok()) return state.SkipWithError("no store");
  const auto database =
      Database::Open(filled->folder->path(), OpenMode::kExisting);
  if (!database.ok()) return state.SkipWithError("no database");
  absl::StatusOr<SightingStore> store =
      SightingStore::Create(**database, SightingStore::kMaxRetention);
  if (!store.ok()) return state.SkipWithError("no store");
  // Scans a second apart, of the same RPIs.
  std::vector<Sighting> batch(
      filled->sightings.end() - static_cast<std::ptrdiff_t>(
                                    std::min(kBatch, filled->sightings.size())),
      filled->sightings.end());
  int64_t second = filled->sightings.back().unix_seconds;
  MeasureWork(state, {}, [&]() -> absl::StatusOr<double> {
    ++second;
    for (Sighting& sighting : batch) sighting.unix_seconds = second;
    absl::StatusOr<AddedSightings> added = absl::InternalError("not added");
    const double seconds = SecondsOf(
        [&] { added = store->Add(batch, absl::FromUnixSeconds(second)); });
    if (!added.ok()) return added.status();
    if (added->num_added != batch.size()) {
      return absl::InternalError("wrong answer");
    }
    return seconds;
  });
}

[[maybe_unused]] const bool registered = [] {
  struct {
    const char* name;
    void (*run)(benchmark::State&);
  } const kAll[] = {{"IndexFromStore", IndexFromStore}, {"AddBatch", AddBatch}};
  for (const auto& [name, run] : kAll) {
    benchmark::RegisterBenchmark(name, run)
        ->UseManualTime()
        ->ArgName("sightings")
        ->Unit(benchmark::kMillisecond)
        ->Arg(1000)
        ->Arg(20'000)
        ->Arg(1'000'000);
  }
  return true;
}();

}  // namespace
}  // namespace tekmatch
