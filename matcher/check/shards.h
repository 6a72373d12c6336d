// A check in shards: each matches a part of the files against all sightings, or
// all files against the sightings of some devices; then all of them are merged.
// What comes out is CheckExposure's result over everything, whatever the split
// and the order.
//
// By files that is so since nothing is resolved before the merge, which sees
// every publication of each key that was heard: a revocation in one shard's
// file acts on what another shard found. By devices since no rule looks at two
// devices at once, but for the numbers of keys: those are told by the first
// shard alone. The merge is in shard_merger.h.
#ifndef TEKMATCH_MATCHER_CHECK_SHARDS_H_
#define TEKMATCH_MATCHER_CHECK_SHARDS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "keyformat/diagnosis_key.h"
#include "keyformat/signature.h"
#include "matcher/check/check_options.h"
#include "matcher/check/partial.h"
#include "matcher/join/sighting.h"
#include "matcher/join/sighting_index.h"

namespace tekmatch {

// The intervals that an index over some sightings covers: those near enough to
// one of them that keys in use then are compared.
struct HeardIntervals {
  // From the first to the last one of each run; ascending, apart.
  std::vector<std::pair<EnIntervalNumber, EnIntervalNumber>> runs;

  static HeardIntervals Of(absl::Span<const Sighting> sightings);
  // Afterwards they are those of all sightings that either is of.
  void Add(const HeardIntervals& other);
  // Whether a key of that validity is compared.
  bool Meet(EnIntervalNumber start, uint8_t period) const;
};

struct ShardTask {
  std::vector<std::string> paths;
  std::vector<uint32_t> numbers;  // of each of them, among the plan's files
  // Whether it tells of keys that nobody heard. By devices, the first shard
  // does for all of them.
  bool tells_keys = true;
  // What all shards' sightings are near; null where this shard's are all.
  const HeardIntervals* all_heard = nullptr;
};

// What the shard finds, in the order of task.paths. `options` are those of the
// whole check, but for options.devices, which the index need not have. Errors
// are CheckExposure's.
absl::StatusOr<std::vector<PartialFile>> MatchShard(
    const ShardTask& task, const std::shared_ptr<const SightingIndex>& index,
    const ExposureCheckOptions& options);

// What a merge expects of a shard.
struct ExpectedShard {
  // Where the shards are by files: their numbers, in the order of the partial.
  std::vector<uint32_t> files;
  // Whose sightings it has, where the shards are by devices.
  std::set<uint32_t> devices;
  uint64_t num_sightings = 0;
};

struct ShardPlan {
  Sha256Digest digest{};
  std::vector<std::string> paths;  // of all files
  bool by_devices = false;
  std::vector<ExpectedShard> shards;
  // What every shard has is held once: the numbers of all files, by devices;
  // the devices that are named, if any, by files.
  std::vector<uint32_t> common_files;
  std::set<uint32_t> common_devices;

  const std::vector<uint32_t>& FilesOf(size_t shard) const {
    return by_devices ? common_files : shards[shard].files;
  }
  const std::set<uint32_t>& DevicesOf(size_t shard) const {
    return by_devices ? shards[shard].devices : common_devices;
  }
};

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_SHARDS_H_
