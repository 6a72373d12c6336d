// Inflates a raw deflate stream block by block, in bounded memory, and says
// what its blocks cost. An attacker's stream has as many of them as fit, empty
// or of a few bytes: since tables are made for each, it takes 60 times as long
// as an honest one of its size. Whoever knows the cost can stop.
//
// ISA-L does the work. It returns at the end of the stream only, so that each
// block is shown to it as a stream's last one, and the next as a new stream
// over the same history.
//
// Source: RFC 1951, 3.2.3.
#ifndef TEKMATCH_KEYFORMAT_BLOCK_INFLATER_H_
#define TEKMATCH_KEYFORMAT_BLOCK_INFLATER_H_

#include <isa-l/igzip_lib.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"

namespace tekmatch {

class BlockInflater {
 public:
  BlockInflater();

  // Nothing is left of the input that was given.
  bool needs_input() const { return state_.avail_in == 0; }
  // The stream's next bytes, when it needs input. They stay in their place
  // until it needs input again, and are overwritten.
  void SetInput(absl::Span<uint8_t> input);

  // Inflates into `out`, which is not empty, up to its end or a block's end, as
  // far as the input reaches. Returns how many bytes it filled; nullopt if the
  // stream is damaged.
  std::optional<size_t> Inflate(absl::Span<uint8_t> out);

  // The last call did nothing: all input is used up.
  bool stalled() const { return stalled_; }
  // The last block was inflated, and all of it handed out.
  bool ended() const { return at_block_end_ && in_last_block_; }
  // There is input behind the end. When it has ended.
  bool has_rest() const;
  // Of the blocks begun, not counting what they hold: 1 for each, and
  // kTablesCost for one that brings tables of its own.
  uint64_t blocks_cost() const { return blocks_cost_; }
  // 0.5 to 1 us and 20 us, with tables that are as bad as they can be.
  static constexpr uint64_t kTablesCost = 16;

 private:
  // False without a block's first three bits.
  bool BeginBlock();
  void Remember(absl::Span<const uint8_t> bytes);

  inflate_state state_;
  std::vector<uint8_t> history_;  // the end of what was inflated
  uint64_t blocks_cost_ = 0;
  bool at_block_end_ = true;
  bool in_last_block_ = false;
  bool stalled_ = false;
};

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_BLOCK_INFLATER_H_
