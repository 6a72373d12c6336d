// Inflates a raw deflate stream block by block, in bounded memory, and says
// what its blocks cost. An attacker's stream has as many of them as fit, empty
// or of a few bytes: since tables are made for each, it takes 60 times as long
// as an honest one of its size. Whoever knows the cost can stop.
//
//   class BlockInflater {
//     // Nothing is left of the input that was given.
//     bool needs_input() const;
//     // The stream's next bytes, when it needs input. They stay in their place
//     // until it needs input again, and are overwritten.
//     void SetInput(absl::Span<uint8_t> input);
//     // Inflates into `out`, which is not empty, up to its end or a block's
//     // end, as far as the input reaches. Returns how many bytes it filled;
//     // nullopt if the stream is damaged.
//     std::optional<size_t> Inflate(absl::Span<uint8_t> out);
//     // The last call did nothing: all input is used up.
//     bool stalled() const;
//     // The last block was inflated, and all of it handed out.
//     bool ended() const;
//     // There is input behind the end. When it has ended.
//     bool has_rest() const;
//     // Of the blocks begun, not counting what they hold: 1 for each, and
//     // kTablesCost for one that brings tables of its own.
//     uint64_t blocks_cost() const;
//   };
//
// There are two of them, which do the same (tests/keyformat/
// block_inflater_test.cc): ISA-L's, or zlib's with --define=inflate=zlib. Both
// throw std::bad_alloc where there is no memory.
//
// Source: RFC 1951.
#ifndef TEKMATCH_KEYFORMAT_BLOCK_INFLATER_H_
#define TEKMATCH_KEYFORMAT_BLOCK_INFLATER_H_

#include <cstdint>

#include "absl/types/span.h"

#ifdef TEKMATCH_INFLATE_BY_ZLIB
#include "keyformat/zlib_inflater.h"
#else
#include "keyformat/isal_inflater.h"
#endif

namespace tekmatch {

#ifdef TEKMATCH_INFLATE_BY_ZLIB
using BlockInflater = ZlibInflater;
#else
using BlockInflater = IsalInflater;
#endif

// The CRC-32 of zip files, of what came before and these bytes; begins with 0.
inline uint32_t Crc32(uint32_t crc, absl::Span<const uint8_t> bytes) {
#ifdef TEKMATCH_INFLATE_BY_ZLIB
  return ZlibCrc32(crc, bytes);
#else
  return IsalCrc32(crc, bytes);
#endif
}

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_BLOCK_INFLATER_H_
