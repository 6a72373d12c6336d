// Keys of a block without what they repeat. A hostile file repeats one key that
// was heard a million times, with the same time or with others, and each copy
// would be found anew: deriving it, looking it up and keeping its matches costs
// a hundred times what an honest key costs. Here each interval of a TEK stands
// once, and how often it stood is known.
//
// Each interval belongs to the least key (by rolling start, rolling period and
// metadata) that has it, as in match_resolver.h: what keys have beyond their
// lesser ones is cut off and stands as a key of its own.
#ifndef TEKMATCH_MATCHER_JOIN_DISTINCT_KEYS_H_
#define TEKMATCH_MATCHER_JOIN_DISTINCT_KEYS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "keyformat/diagnosis_key.h"
#include "keyformat/key_block.h"

namespace tekmatch {

class DistinctKeys {
 public:
  // Of the keys [first, first + num) of the block, which keep KeyBlock's
  // promise (period 1..144, no overflow of start + period).
  DistinctKeys(const KeyBlock& block, size_t first, size_t num);

  // No two of its keys have an interval of one TEK in common.
  const KeyBlock& block() const { return block_; }

  // The key that the one at this position of block() is of.
  const DiagnosisKey& Whole(size_t position) const {
    return keys_[parts_[position].key];
  }
  // How many keys beside that one have its TEK and this interval.
  uint64_t NumRepeats(size_t position, EnIntervalNumber interval) const;
  // All keys of its TEK, ascending.
  absl::Span<const DiagnosisKey> Repeated(size_t position) const;

 private:
  struct Part {
    uint32_t key = 0;    // its position in keys_
    uint32_t begin = 0;  // of the keys of its TEK there
    uint32_t end = 0;
  };

  void AddKeysOfTek(uint32_t begin, uint32_t end);

  KeyBlock block_;
  std::vector<Part> parts_;         // of each key of block_
  std::vector<DiagnosisKey> keys_;  // ascending
  // Where the keys of each TEK end (start + period), ascending in their range.
  std::vector<uint32_t> ends_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_JOIN_DISTINCT_KEYS_H_
