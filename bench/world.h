// Work for the benchmarks, out of made worlds: several sets of keys, so that no
// run sees keys of the run before, and one set of sightings.
#ifndef TEKMATCH_BENCH_WORLD_H_
#define TEKMATCH_BENCH_WORLD_H_

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "keyformat/key_block.h"
#include "matcher/join/match.h"
#include "matcher/join/sighting.h"
#include "tools/world/sighting_times.h"

namespace tekmatch {

struct BenchWorldOptions {
  uint64_t seed = 1;
  SightingProfile profile = SightingProfile::kDense;
  int num_key_sets = 1;
  uint64_t num_keys = 0;  // of a set; valid for one whole day of 14 each
  uint64_t num_met = 0;   // of a set: heard once each
  uint64_t num_sightings = 0;
};

// (TEK, time of the sighting).
using Contacts = std::set<std::pair<Tek, int64_t>>;

struct BenchWorld {
  std::vector<KeyBlock> key_sets;
  std::vector<Sighting> sightings;
  std::vector<Contacts> contacts;  // of each set: what is to be found
};

// By tools/world/world_generator.h, plain. INVALID_ARGUMENT: fewer sightings
// than met keys of all sets, or what it refuses. RESOURCE_EXHAUSTED: no memory.
absl::StatusOr<BenchWorld> MakeBenchWorld(const BenchWorldOptions& options);

Contacts ContactsOf(const std::vector<Match>& matches);

// The keys in blocks of at most `capacity`.
std::vector<KeyBlock> SplitKeys(const KeyBlock& keys, size_t capacity);

}  // namespace tekmatch

#endif  // TEKMATCH_BENCH_WORLD_H_
