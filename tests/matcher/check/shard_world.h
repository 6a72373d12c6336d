// What is checked in shards by tests: exports in memory, sightings, and what a
// shard of a plan over them writes.
#ifndef TEKMATCH_TESTS_MATCHER_CHECK_SHARD_WORLD_H_
#define TEKMATCH_TESTS_MATCHER_CHECK_SHARD_WORLD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "matcher/check/check_options.h"
#include "matcher/check/shards.h"
#include "matcher/join/match.h"
#include "matcher/join/sighting.h"
#include "matcher/join/sighting_index.h"

namespace tekmatch {

struct ShardWorld {
  ExposureCheckOptions options;    // with the exports, by their names
  std::vector<std::string> names;  // of the exports
  std::vector<Sighting> sightings;
};

// What cannot be indexed, matched or written is a failed RC_ASSERT, in both.
std::shared_ptr<const SightingIndex> IndexOf(std::vector<Sighting> sightings);

// What the shard of that number writes. `plan.paths` are the world's names.
std::string PartialOf(const ShardWorld& world, const ShardPlan& plan,
                      uint32_t number);

// Two files, a shard each, of a key each that is heard once.
struct TwoShards {
  TwoShards();

  ShardWorld world;
  ShardPlan plan;
  std::vector<std::string> partials;
};

// For a merge that is refused before it has any.
absl::Status NobodyTakesMatches(absl::Span<const Match> matches);

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_MATCHER_CHECK_SHARD_WORLD_H_
