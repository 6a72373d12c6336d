// BlockInflater (block_inflater.h) by ISA-L, which is the fastest that inflates
// as a stream.
//
// It returns at the end of the stream only, so that each block is shown to it
// as a stream's last one, and the next as a new stream over the same history.
#ifndef TEKMATCH_KEYFORMAT_ISAL_INFLATER_H_
#define TEKMATCH_KEYFORMAT_ISAL_INFLATER_H_

#include <isa-l/igzip_lib.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "keyformat/inflater_costs.h"

namespace tekmatch {

class IsalInflater {
 public:
  IsalInflater();

  bool needs_input() const { return state_.avail_in == 0; }
  void SetInput(absl::Span<uint8_t> input);
  std::optional<size_t> Inflate(absl::Span<uint8_t> out);
  bool stalled() const { return stalled_; }
  bool ended() const { return at_block_end_ && in_last_block_; }
  bool has_rest() const;
  uint64_t blocks_cost() const { return blocks_cost_; }

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

// The CRC-32 of zip files, of what came before and these bytes; begins with 0.
uint32_t IsalCrc32(uint32_t crc, absl::Span<const uint8_t> bytes);

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_ISAL_INFLATER_H_
