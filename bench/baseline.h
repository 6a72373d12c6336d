// What the engine is measured against: a matcher as an app would write it. One
// key at a time through BoringSSL: HKDF, AES-128-ECB over all of the key's
// blocks in one call, and a table of 65,536 buckets by the first two bytes of
// the sighted RPIs, compared one by one.
//
// Written as well as that design allows: no allocation by key, a bucket's RPIs
// contiguous and apart from the rest of the sightings, eight bytes compared at
// once.
#ifndef TEKMATCH_BENCH_BASELINE_H_
#define TEKMATCH_BENCH_BASELINE_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "keyformat/key_block.h"
#include "matcher/join/sighting.h"

namespace tekmatch {

class Baseline {
 public:
  explicit Baseline(absl::Span<const Sighting> sightings);

  // Pairs (key of the block, position in the constructor's sightings) within
  // the tolerance of twelve intervals. Empty also if BoringSSL failed.
  std::vector<std::pair<uint32_t, uint32_t>> Match(const KeyBlock& keys,
                                                   size_t first,
                                                   size_t num) const;

 private:
  struct HeardRpi {
    uint64_t low;
    uint64_t high;
  };
  std::vector<uint32_t> begins_;  // 65,537
  std::vector<HeardRpi> rpis_;
  std::vector<uint32_t> positions_;
  std::vector<uint32_t> intervals_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_BENCH_BASELINE_H_
