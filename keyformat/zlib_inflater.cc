#include "keyformat/zlib_inflater.h"

#include <new>

namespace tekmatch {
namespace {

// As the rest of the program does, which may overwrite what it gives back: the
// end of what was inflated is keys.
void* Allocate(void*, uInt num, uInt size) {
  return ::operator new (size_t{num} * size, std::nothrow);
}
void Free(void*, void* memory) { ::operator delete(memory); }

}  // namespace

ZlibInflater::ZlibInflater() {
  stream_.zalloc = Allocate;
  stream_.zfree = Free;
  // Raw, as zip has it.
  if (inflateInit2(&stream_, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
}

ZlibInflater::~ZlibInflater() { inflateEnd(&stream_); }

void ZlibInflater::SetInput(absl::Span<uint8_t> input) {
  stream_.next_in = input.data();
  stream_.avail_in = static_cast<uInt>(input.size());
}

bool ZlibInflater::BeginBlock() {
  // The first bits are held back, or else stand in the input.
  uint64_t head = uint64_t{last_byte_} >> (8 - num_held_);
  if (num_held_ < static_cast<int>(kBlockHeadBits)) {
    if (stream_.avail_in == 0) return false;
    head |= uint64_t{*stream_.next_in} << num_held_;
  }
  in_last_block_ = IsLastBlock(head);
  blocks_cost_ += BlockCost(head);
  at_block_end_ = false;
  return true;
}

std::optional<size_t> ZlibInflater::Inflate(absl::Span<uint8_t> out) {
  stalled_ = false;
  if (at_block_end_ && !BeginBlock()) {
    stalled_ = true;
    return 0;
  }
  stream_.next_out = out.data();
  stream_.avail_out = static_cast<uInt>(out.size());
  const uInt in_before = stream_.avail_in;
  const int code = inflate(&stream_, Z_BLOCK);
  // It keeps what was inflated in memory that it asks for at its first end.
  if (code == Z_MEM_ERROR) throw std::bad_alloc();
  // Z_BUF_ERROR: it could do nothing.
  if (code != Z_OK && code != Z_BUF_ERROR) return std::nullopt;
  if (stream_.avail_in != in_before) last_byte_ = stream_.next_in[-1];
  num_held_ = stream_.data_type & 7;
  at_block_end_ = (stream_.data_type & 128) != 0;
  const size_t n = out.size() - stream_.avail_out;
  stalled_ = n == 0 && !at_block_end_ && stream_.avail_in == in_before;
  return n;
}

uint32_t ZlibCrc32(uint32_t crc, absl::Span<const uint8_t> bytes) {
  return static_cast<uint32_t>(
      crc32_z(crc, bytes.data(), static_cast<z_size_t>(bytes.size())));
}

}  // namespace tekmatch
