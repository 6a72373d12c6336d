// The match engine: joins blocks of published keys against a device's
// sightings. For benchmarks and research; an app calls CheckExposure
// (matcher/check/exposure_check.h).
//
// It finds candidates, which mean nothing yet. What is still missing: the
// verdict on the file, which is known at its end only; what all publications of
// a key make of it (key_publications.h: its time, revocations); own keys
// (own_keys.h); replays and transmit powers (match_resolver.h); revoked and
// recursive keys (DropUnreported); the transmission window.
//
// Where a block's keys are heard very often, it is first freed of keys that
// repeat each other (distinct_keys.h): what a hostile file can make of one key
// costs what honest keys cost, and memory is bounded by the sightings.
//
// A block is worked on by time slices (key_plan.h), so that blocks of many keys
// cost less a key: MatchEngine::block_keys says how many are enough.
//
// The join rule. A key broadcasts one RPI in each interval i of
// [rolling_start, rolling_start + rolling_period). A sighting of that RPI at
// time t, hence in interval s = floor(t / 600), is a candidate if
//   i - tolerance <= s <= i + tolerance
// in exact arithmetic. s may lie outside the key's own period by the tolerance.
// Where the index was made for a greater tolerance than the policy has, what it
// holds between the two is told apart: the RPI was heard, but at another time,
// by a device whose clock is off or from somebody who replays it.
// Source: Exposure Notification Cryptography Specification v1.2 (RPIs);
// google/exposure-notifications-internals aaada6c,
// RollingProximityIdValidator.java (tolerance).
#ifndef TEKMATCH_MATCHER_JOIN_MATCH_ENGINE_H_
#define TEKMATCH_MATCHER_JOIN_MATCH_ENGINE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "keyformat/diagnosis_key.h"
#include "keyformat/hash_tables.h"
#include "keyformat/key_block.h"
#include "matcher/join/en_crypto.h"
#include "matcher/join/key_plan.h"
#include "matcher/join/key_publication.h"
#include "matcher/join/match.h"
#include "matcher/join/match_policy.h"
#include "matcher/join/sighting_index.h"
#include "matcher/kernels/kernels.h"

namespace tekmatch {

// What matching some blocks gave. Batches of several threads are joined by
// appending the vectors and adding the counts, in any order.
struct MatchBatch {
  // The same key's match with a sighting is here as often as the key was in
  // what was matched, or else counted in num_duplicates.
  std::vector<Match> candidates;
  // Positions in SightingIndex::sightings() of sightings of a key's RPI outside
  // the policy's tolerance, but within the index's; in no order, repeated where
  // a key is.
  std::vector<uint32_t> outside_tolerance;
  // Of each key with a candidate, as often as the blocks have it. What other
  // files say of the key is not among them (key_publications.h).
  std::vector<KeyPublication> publications;
  uint64_t num_own_keys = 0;  // keys left out because they are the device's own
  // Candidates that are left out since they repeat one that is here: of keys
  // that stand in a block many times.
  uint64_t num_duplicates = 0;
  // Keys that were in use within the index's tolerance of a sighting; no other
  // key can match, and none is derived.
  uint64_t num_compared = 0;
};

// What a thread's calls of MatchBlock work in. Keeping it from call to call
// spares the system's zeroing of fresh memory, which costs as much as a tenth
// of the matching. It grows to 1 MB and 40 bytes for each key that is planned
// at once: 16,384 keys, or with large filters those of a whole block.
struct MatchScratch {
  KeyPlan plan;
  std::vector<Rpik> rpiks;
  // Room for many more than there ever are: not zeroed, so that a process that
  // finds few never has all of it in memory.
  std::unique_ptr<RpiCandidate[]> candidates;
  size_t room_for_candidates = 0;
};

// The most that block_keys says. The filters of a large index are loaded into a
// core's cache once for each block, which this many keys pay for.
inline constexpr size_t kMostBlockKeys = size_t{1} << 18;

class MatchEngine {
 public:
  // own_keys: TEKs of the device itself, which its owner may have published;
  // they never match. kernels outlives the engine (those of dispatch.h live
  // for ever).
  // INVALID_ARGUMENT: the index is null, Validate(policy) fails, or the policy
  // has a greater tolerance than the index was made for.
  static absl::StatusOr<MatchEngine> Create(
      std::shared_ptr<const SightingIndex> index, const MatchPolicy& policy,
      HashSet<Tek> own_keys, const Kernels& kernels);

  // Appends the candidates of the block's keys to out->candidates, and their
  // publications, and adds to its counts. `source` goes into each Match. Any
  // number of threads may call this on one engine, each with an `out` of its
  // own (not null). INVALID_ARGUMENT: a key breaks KeyBlock's promise
  // (period 1..144, no overflow of start + period). RESOURCE_EXHAUSTED: no
  // memory.
  // After an error *out is as it was before. `scratch`: what the calling
  // thread's last call left, or a new one; not null.
  absl::Status MatchBlock(const KeyBlock& block, uint32_t source,
                          MatchScratch* scratch, MatchBatch* out) const;
  // The same, for few blocks.
  absl::Status MatchBlock(const KeyBlock& block, uint32_t source,
                          MatchBatch* out) const {
    MatchScratch scratch;
    return MatchBlock(block, source, &scratch, out);
  }

  // How many keys a block should have, at most kMostBlockKeys. Where the
  // filters are small, more gain nothing, and would leave the core's cache
  // between the decoder and the engine.
  size_t block_keys() const;

 private:
  MatchEngine(std::shared_ptr<const SightingIndex> index,
              const MatchPolicy& policy, HashSet<Tek> own_keys,
              const Kernels& kernels);

  std::shared_ptr<const SightingIndex> index_;
  MatchPolicy policy_;
  HashSet<Tek> own_keys_;
  const Kernels* kernels_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_JOIN_MATCH_ENGINE_H_
