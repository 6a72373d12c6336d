// What the blocks of a deflate stream cost (block_inflater.h), whoever inflates
// it.
//
// Source: RFC 1951, 3.2.3: a block begins with a bit that is set in the last
// one, and two that are its type.
#ifndef TEKMATCH_KEYFORMAT_INFLATER_COSTS_H_
#define TEKMATCH_KEYFORMAT_INFLATER_COSTS_H_

#include <cstdint>

namespace tekmatch {

// Of a block with tables of its own, where one without costs 1: they take 20 us
// and 0.5 to 1 us, with tables that are as bad as they can be.
inline constexpr uint64_t kTablesCost = 16;
inline constexpr uint64_t kBlockHeadBits = 3;

// Of a block that begins with these bits, the first one lowest.
constexpr bool IsLastBlock(uint64_t head) { return (head & 1) != 0; }
constexpr uint64_t BlockCost(uint64_t head) {
  return (head >> 1 & 3) == 2 ? kTablesCost : 1;
}

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_INFLATER_COSTS_H_
