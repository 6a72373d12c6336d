// Plan: a buffer is refilled from the stream. What is read of it by one byte is
// in the header; here are values of several bytes, and what is skipped, groups
// with all they hold.
#include "keyformat/wire_reader.h"

#include <algorithm>
#include <array>

namespace tekmatch {
namespace {

constexpr size_t kBufferBytes = 256 << 10;

}  // namespace

WireReader::WireReader(ByteStream& stream)
    : stream_(stream),
      bytes_(std::make_unique_for_overwrite<uint8_t[]>(kBufferBytes + kRoom)) {}

bool WireReader::Refill() {
  const int64_t moved = at_;
  std::copy(bytes_.get() + at_, bytes_.get() + end_, bytes_.get());
  at_ = 0;
  end_ -= moved;
  if (!in_outermost()) message_end_ -= moved;
  // Streams may give less than they are asked for.
  while (!stream_ended_ && end_ < kRoom) {
    const absl::StatusOr<size_t> n = stream_.Read(
        {bytes_.get() + end_, kBufferBytes - static_cast<size_t>(end_)});
    if (!n.ok()) {
      status_ = n.status();
      return false;
    }
    end_ += static_cast<int64_t>(*n);
    stream_ended_ = *n == 0;
  }
  std::fill_n(bytes_.get() + end_, kRoom, uint8_t{0});
  refill_from_ = stream_ended_ ? end_ : end_ - kRoom;
  return true;
}

bool WireReader::ReadMore(int max_bytes, uint64_t* value) {
  *value &= 0x7f;
  for (int i = 1; i < max_bytes; ++i) {
    const uint64_t byte = bytes_[at_++];
    *value |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) return true;
  }
  return false;
}

bool WireReader::ReadRaw(absl::Span<uint8_t> out) {
  if (static_cast<int64_t>(out.size()) > message_end_ - at_) return false;
  while (!out.empty()) {
    const auto n = std::min(out.size(), static_cast<size_t>(end_ - at_));
    std::copy_n(bytes_.get() + at_, n, out.begin());
    at_ += static_cast<int64_t>(n);
    out.remove_prefix(n);
    if (!out.empty() && (!Refill() || at_ == end_)) return false;
  }
  return true;
}

bool WireReader::SkipRaw(uint32_t size) {
  int64_t rest = size;
  if (rest > message_end_ - at_) return false;
  while (rest > end_ - at_) {
    rest -= end_ - at_;
    at_ = end_;
    if (!Refill() || at_ == end_) return false;
  }
  at_ += rest;
  return true;
}

bool WireReader::ReadFixed64(uint64_t* value) {
  std::array<uint8_t, 8> bytes{};
  if (!ReadRaw(absl::MakeSpan(bytes))) return false;
  *value = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    *value |= uint64_t{bytes[i]} << (8 * i);
  }
  return true;
}

bool WireReader::SkipValue(uint32_t tag) {
  switch (tag & 7) {
    case kWireVarint: {
      uint64_t value = 0;
      return ReadVarint(&value);
    }
    case kWireFixed64:
      return SkipRaw(8);
    case kWireBytes: {
      uint32_t length = 0;
      return ReadLength(&length) && SkipRaw(length);
    }
    case kWireStartGroup:
      return SkipGroup(tag);
    case kWireFixed32:
      return SkipRaw(4);
    default:  // an end of a group that was not begun, types that are none
      return false;
  }
}

bool WireReader::SkipGroup(uint32_t tag) {
  const int max_depth = in_outermost() ? kMaxDepth : kMaxDepth - 1;
  int depth = 0;
  group_tags_[0] = tag;
  while (depth >= 0) {
    // Not the message's end either.
    if (!ReadTag(&tag) || tag == 0) return false;
    if ((tag & 7) == kWireEndGroup) {
      if (tag != group_tags_[static_cast<size_t>(depth)] + 1) return false;
      --depth;
    } else if ((tag & 7) == kWireStartGroup) {
      if (++depth == max_depth) return false;
      group_tags_[static_cast<size_t>(depth)] = tag;
    } else if (!SkipValue(tag)) {
      return false;
    }
  }
  return true;
}

}  // namespace tekmatch
