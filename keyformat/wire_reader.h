// Reads protobuf's wire format from a stream, field by field, in bounded memory
// (some 256 KiB): a message, and within it one message at a time.
//
// It refuses exactly what the generated parsers of protobuf 3.21 refuse, which
// CodedInputStream does not: tags of more than five bytes, lengths of more than
// five bytes or of 2 GiB and more, varints of more than ten bytes, field number
// 0, wire types 6 and 7, groups that do not end or are nested deeper than 100
// messages and groups, fields that reach beyond their message. Unlike that, its
// cost is that of a few instructions a field, whatever the fields are: an
// export of unknown fields, empty keys or groups takes no longer than one of
// keys.
//
// Errors: false. Then either status() says what is wrong with the stream, or
// what was read is not valid protobuf, or truncated; the reader is useless.
//
// Source: protobuf's "Encoding"; google/protobuf/parse_context.{h,cc} 3.21.
#ifndef TEKMATCH_KEYFORMAT_WIRE_READER_H_
#define TEKMATCH_KEYFORMAT_WIRE_READER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "absl/base/optimization.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "keyformat/byte_source.h"

namespace tekmatch {

enum WireType : uint32_t {
  kWireVarint = 0,
  kWireFixed64 = 1,
  kWireBytes = 2,
  kWireStartGroup = 3,
  kWireEndGroup = 4,
  kWireFixed32 = 5,
};

constexpr uint32_t WireTag(uint32_t field, WireType type) {
  return field << 3 | type;
}

class WireReader {
 public:
  // `stream` must outlive the reader.
  explicit WireReader(ByteStream& stream);

  // Fills `out`. For what stands before the outermost message, and for the
  // content of a field of which the length is read.
  bool ReadRaw(absl::Span<uint8_t> out);

  // The next field's tag, or 0 at the end of the message that is being read:
  // the innermost that was begun, or the stream.
  bool ReadTag(uint32_t* tag) {
    if (ABSL_PREDICT_FALSE(at_ > refill_from_) && !Refill()) return false;
    if (at_ == message_end_ || (at_ == end_ && in_outermost())) {
      *tag = 0;
      return true;
    }
    uint64_t value = bytes_[at_++];
    if (value >= 0x80 && !ReadMore(kMaxTagBytes, &value)) return false;
    // Bits beyond the 32nd are lost, as in protobuf.
    *tag = static_cast<uint32_t>(value);
    return *tag >> 3 != 0 && within_message();
  }

  // The value of a field, after its tag.
  bool ReadVarint(uint64_t* value) {
    *value = bytes_[at_++];
    if (*value >= 0x80 && !ReadMore(kMaxVarintBytes, value)) return false;
    return within_message();
  }
  bool ReadFixed64(uint64_t* value);

  // The length of a field's content. The content lies within the message, but
  // may reach beyond the outermost one's end, which is not known yet.
  bool ReadLength(uint32_t* length) {
    uint64_t value = bytes_[at_++];
    if (value >= 0x80 && !ReadMore(kMaxLengthBytes, &value)) return false;
    // 16 less than 2 GiB, as in protobuf.
    if (value > uint64_t{std::numeric_limits<int32_t>::max()} - 16) {
      return false;
    }
    *length = static_cast<uint32_t>(value);
    return at_ <= end_ && static_cast<int64_t>(value) <= message_end_ - at_;
  }

  // Passes over the content of a field of which the length is read.
  bool SkipRaw(uint32_t size);

  // Passes over the value of a field of any type, after its tag.
  bool SkipValue(uint32_t tag);

  // Begins a message within the outermost one, after its tag and length; ended
  // by EndMessage after ReadTag gave 0.
  void BeginMessage(uint32_t length) { message_end_ = at_ + length; }
  void EndMessage() { message_end_ = kNoEnd; }

  // What was read of the stream and not yet taken, for a reader that is faster
  // with some fields. It takes by Take what it has read, up to where a tag, or
  // what may follow one, comes next. Not within a message.
  absl::Span<const uint8_t> Available() const {
    return {&bytes_[at_], static_cast<size_t>(end_ - at_)};
  }
  bool Take(size_t size) {
    at_ += static_cast<int64_t>(size);
    return at_ <= refill_from_ || Refill();
  }

  const absl::Status& status() const { return status_; }

 private:
  static constexpr int64_t kNoEnd = std::numeric_limits<int64_t>::max() / 2;
  static constexpr int kMaxTagBytes = 5;
  static constexpr int kMaxLengthBytes = 5;
  static constexpr int kMaxVarintBytes = 10;
  // A tag and a value that follows it are read without a look at the buffer's
  // end: there are zeros behind it.
  static constexpr int64_t kRoom = kMaxTagBytes + kMaxVarintBytes;
  static constexpr int kMaxDepth = 100;

  bool in_outermost() const { return message_end_ == kNoEnd; }

  // False after a value that began before the end and stops behind it.
  bool within_message() const { return at_ <= message_end_ && at_ <= end_; }

  // The bytes of a varint after its first, which *value holds.
  bool ReadMore(int max_bytes, uint64_t* value);

  // Moves what is not yet taken to the front and reads more behind it. False
  // when the stream fails.
  bool Refill();

  bool SkipGroup(uint32_t tag);

  ByteStream& stream_;
  absl::Status status_;
  // Not zeroed: most messages are smaller than the buffer.
  const std::unique_ptr<uint8_t[]> bytes_;
  // Offsets in bytes_.
  int64_t at_ = 0;
  int64_t end_ = 0;               // of what was read
  int64_t refill_from_ = -1;      // there is less than kRoom, and more to come
  int64_t message_end_ = kNoEnd;  // may lie beyond `end_`
  bool stream_ended_ = false;
  // The groups that SkipGroup is within. Not its own: to clear them for every
  // group took longer than to pass over it.
  std::array<uint32_t, kMaxDepth> group_tags_{};
};

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_WIRE_READER_H_
