#include "keyformat/isal_inflater.h"

#include <isa-l/crc.h>

#include <algorithm>

namespace tekmatch {
namespace {

// How far back a match may reach.
constexpr size_t kHistoryBytes = ISAL_DEF_HIST_SIZE;

}  // namespace

IsalInflater::IsalInflater() {
  isal_inflate_init(&state_);
  state_.crc_flag = ISAL_DEFLATE;  // raw, as zip has it
  history_.reserve(2 * kHistoryBytes);
}

void IsalInflater::SetInput(absl::Span<uint8_t> input) {
  state_.next_in = input.data();
  state_.avail_in = static_cast<uint32_t>(input.size());
}

bool IsalInflater::has_rest() const {
  // It reads ahead into a register.
  return state_.avail_in > 0 || state_.read_in_length >= 8;
}

bool IsalInflater::BeginBlock() {
  const uint64_t read_in = state_.read_in;
  const int32_t read_in_length = state_.read_in_length;
  // The first bits stand in the register, or else in the input.
  uint64_t head = read_in & ((uint64_t{1} << std::min(read_in_length, 3)) - 1);
  if (read_in_length < 3) {
    if (state_.avail_in == 0) return false;
    head |= uint64_t{*state_.next_in} << read_in_length;
    if (read_in_length == 0) *state_.next_in |= 1;
  }
  in_last_block_ = IsLastBlock(head);
  blocks_cost_ += BlockCost(head);
  isal_inflate_reset(&state_);
  isal_inflate_set_dict(&state_, history_.data(),
                        static_cast<uint32_t>(history_.size()));
  // Beyond its length the register may hold what follows in the input.
  state_.read_in = read_in | 1;  // "the last block"
  state_.read_in_length = read_in_length;
  at_block_end_ = false;
  return true;
}

std::optional<size_t> IsalInflater::Inflate(absl::Span<uint8_t> out) {
  stalled_ = false;
  if (at_block_end_ && !BeginBlock()) {
    stalled_ = true;
    return 0;
  }
  state_.next_out = out.data();
  state_.avail_out = static_cast<uint32_t>(out.size());
  const uint32_t in_before = state_.avail_in;
  if (isal_inflate(&state_) < 0) return std::nullopt;
  const size_t n = out.size() - state_.avail_out;
  Remember(out.first(n));
  // It only finishes when it holds nothing back.
  at_block_end_ = state_.block_state == ISAL_BLOCK_FINISH;
  stalled_ = n == 0 && !at_block_end_ && state_.avail_in == in_before;
  return n;
}

void IsalInflater::Remember(absl::Span<const uint8_t> bytes) {
  if (bytes.size() > kHistoryBytes) {
    bytes.remove_prefix(bytes.size() - kHistoryBytes);
  }
  // Moved when the room is used up, which has place for two.
  if (history_.size() + bytes.size() > 2 * kHistoryBytes) {
    history_.erase(history_.begin(), history_.end() - kHistoryBytes);
  }
  history_.insert(history_.end(), bytes.begin(), bytes.end());
}

uint32_t IsalCrc32(uint32_t crc, absl::Span<const uint8_t> bytes) {
  return crc32_gzip_refl(crc, bytes.data(), bytes.size());
}

}  // namespace tekmatch
