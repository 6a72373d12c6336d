// BlockInflater (block_inflater.h) by zlib, which every platform has: what the
// self-contained library takes in place of ISA-L.
//
// zlib can be asked to stop before each block (Z_BLOCK). It refuses what ISA-L
// refuses.
#ifndef TEKMATCH_KEYFORMAT_ZLIB_INFLATER_H_
#define TEKMATCH_KEYFORMAT_ZLIB_INFLATER_H_

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/types/span.h"
#include "keyformat/inflater_costs.h"

namespace tekmatch {

class ZlibInflater {
 public:
  ZlibInflater();
  ~ZlibInflater();
  ZlibInflater(const ZlibInflater&) = delete;  // zlib's state points to itself
  ZlibInflater& operator=(const ZlibInflater&) = delete;

  bool needs_input() const { return stream_.avail_in == 0; }
  void SetInput(absl::Span<uint8_t> input);
  std::optional<size_t> Inflate(absl::Span<uint8_t> out);
  bool stalled() const { return stalled_; }
  bool ended() const { return at_block_end_ && in_last_block_; }
  bool has_rest() const { return stream_.avail_in > 0; }
  uint64_t blocks_cost() const { return blocks_cost_; }

 private:
  // False without a block's first three bits.
  bool BeginBlock();

  z_stream stream_{};
  // The last byte that it took, of which it holds `num_held_` upper bits.
  uint8_t last_byte_ = 0;
  int num_held_ = 0;
  uint64_t blocks_cost_ = 0;
  bool at_block_end_ = true;
  bool in_last_block_ = false;
  bool stalled_ = false;
};

// The CRC-32 of zip files, of what came before and these bytes; begins with 0.
uint32_t ZlibCrc32(uint32_t crc, absl::Span<const uint8_t> bytes);

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_ZLIB_INFLATER_H_
