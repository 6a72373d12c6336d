#include "keyformat/key_decoder.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "keyformat/export.pb.h"
#include "keyformat/wire_key.h"

namespace tekmatch {
namespace {

using ::google::protobuf::internal::WireFormatLite;
using ::google::protobuf::io::CodedInputStream;
using ::google::protobuf::io::ZeroCopyInputStream;

constexpr size_t kBufferBytes = 256 << 10;
// A region or a signature info is tens of bytes; ten infos are allowed.
constexpr uint32_t kMaxRegionBytes = 1024;
constexpr uint32_t kMaxSignatureInfoBytes = 4096;
constexpr size_t kMaxSignatureInfos = 64;

// Tags of the wire format: field number and wire type.
constexpr uint32_t Varint(int field) {
  return static_cast<uint32_t>(field) << 3 | WireFormatLite::WIRETYPE_VARINT;
}
constexpr uint32_t Bytes(int field) {
  return static_cast<uint32_t>(field) << 3 |
         WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
}
constexpr uint32_t Fixed64(int field) {
  return static_cast<uint32_t>(field) << 3 | WireFormatLite::WIRETYPE_FIXED64;
}

// Hands a ByteStream to protobuf, which knows end or failure but no reasons:
// the reason stays in status().
class StreamAdaptor : public ZeroCopyInputStream {
 public:
  explicit StreamAdaptor(ByteStream& stream)
      : stream_(stream), buffer_(kBufferBytes) {}

  bool Next(const void** data, int* size) override {
    if (backed_up_ > 0) {
      *data = buffer_.data() + (filled_ - backed_up_);
      *size = static_cast<int>(std::exchange(backed_up_, 0));
      return true;
    }
    if (!status_.ok()) return false;
    absl::StatusOr<size_t> n = stream_.Read(absl::MakeSpan(buffer_));
    if (!n.ok()) {
      status_ = n.status();
      return false;
    }
    filled_ = *n;
    total_ += *n;
    *data = buffer_.data();
    *size = static_cast<int>(*n);
    return *n > 0;
  }

  void BackUp(int count) override { backed_up_ = static_cast<size_t>(count); }

  bool Skip(int count) override {
    const void* data = nullptr;
    int size = 0;
    while (count > 0 && Next(&data, &size)) {
      if (size > count) BackUp(size - count);
      count -= std::min(size, count);
    }
    return count == 0;
  }

  int64_t ByteCount() const override {
    return static_cast<int64_t>(total_ - backed_up_);
  }

  const absl::Status& status() const { return status_; }

 private:
  ByteStream& stream_;
  std::vector<uint8_t> buffer_;
  size_t filled_ = 0;
  size_t backed_up_ = 0;
  uint64_t total_ = 0;
  absl::Status status_;
};

bool ReadInt32(CodedInputStream& in, int32_t* value) {
  uint64_t raw = 0;  // a negative int32 takes ten bytes
  if (!in.ReadVarint64(&raw)) return false;
  *value = static_cast<int32_t>(raw);
  return true;
}

bool ReadInt32(CodedInputStream& in, std::optional<int32_t>* value) {
  int32_t raw = 0;
  if (!ReadInt32(in, &raw)) return false;
  *value = raw;
  return true;
}

bool ReadKeyField(CodedInputStream& in, uint32_t tag, WireKey* key) {
  switch (tag) {
    case Bytes(1):
      if (!in.ReadVarint32(&key->key_bytes)) return false;
      if (key->key_bytes == kTekBytes) {
        return in.ReadRaw(key->tek.bytes.data(), kTekBytes);
      }
      return key->key_bytes <= static_cast<uint32_t>(in.BytesUntilLimit()) &&
             in.Skip(static_cast<int>(key->key_bytes));
    case Varint(2):
      return ReadInt32(in, &key->transmission_risk);
    case Varint(3):
      return ReadInt32(in, &key->rolling_start);
    case Varint(4):
      key->has_rolling_period = true;
      return ReadInt32(in, &key->rolling_period);
    case Varint(5):
      return ReadInt32(in, &key->report_type);
    case Varint(6): {
      uint32_t zigzag = 0;
      if (!in.ReadVarint32(&zigzag)) return false;
      key->days_since_onset = WireFormatLite::ZigZagDecode32(zigzag);
      return true;
    }
    case Varint(8):
      return ReadInt32(in, &key->variant_of_concern);
    default:
      return WireFormatLite::SkipField(&in, tag);
  }
}

// Reads a length-delimited message: calls read_field(tag) for each field. False
// unless every field is valid and the last one ends where the message does.
template <typename ReadField>
bool ReadSubmessage(CodedInputStream& in, ReadField read_field) {
  uint32_t length = 0;
  if (!in.ReadVarint32(&length) ||
      length > static_cast<uint32_t>(std::numeric_limits<int32_t>::max())) {
    return false;
  }
  const CodedInputStream::Limit outer = in.PushLimit(static_cast<int>(length));
  while (const uint32_t tag = in.ReadTag()) {
    if (!read_field(tag)) return false;
  }
  // To protobuf the end of the stream is a good end for any message, so that
  // a truncated one has to be told by the bytes that it lacks.
  if (!in.ConsumedEntireMessage() || in.BytesUntilLimit() != 0) return false;
  in.PopLimit(outer);
  return true;
}

bool ReadBytes(CodedInputStream& in, uint32_t max_bytes, std::string* value) {
  uint32_t length = 0;
  return in.ReadVarint32(&length) && length <= max_bytes &&
         in.ReadString(value, static_cast<int>(length));
}

bool ReadSignatureInfo(CodedInputStream& in, SignatureInfo* info) {
  std::string raw;
  wire::SignatureInfo message;
  if (!ReadBytes(in, kMaxSignatureInfoBytes, &raw) ||
      !message.ParseFromString(raw)) {
    return false;
  }
  *info = SignatureInfoFromWire(message);
  return true;
}

ABSL_ATTRIBUTE_ALWAYS_INLINE inline std::optional<KeyRejection> Judge(
    const WireKey& key, const DecodeOptions& options) {
  if (key.key_bytes != kTekBytes) return KeyRejection::kWrongKeyLength;
  if (key.rolling_period < 1 || key.rolling_period > kMaxRollingPeriod) {
    return KeyRejection::kBadRollingPeriod;
  }
  if (key.rolling_start <= 0) {
    return key.rolling_start == 0 ? KeyRejection::kMissingRollingStart
                                  : KeyRejection::kNegativeRollingStart;
  }
  if (static_cast<EnIntervalNumber>(key.rolling_start) >
      options.latest_rolling_start) {
    return KeyRejection::kFarFutureRollingStart;
  }
  return std::nullopt;
}

// The field's value where it lies within the bounds; otherwise it is dropped,
// and counted if it was there at all.
template <typename T>
std::optional<T> Bounded(const std::optional<int32_t>& value, int32_t low,
                         int32_t high, DroppedField field,
                         DecodeCounts& counts) {
  if (!value.has_value()) return std::nullopt;
  if (*value < low || *value > high) {
    ++counts.dropped[static_cast<size_t>(field)];
    return std::nullopt;
  }
  return static_cast<T>(*value);
}

ABSL_ATTRIBUTE_ALWAYS_INLINE inline KeyMetadata JudgeMetadata(
    const WireKey& key, DecodeCounts& counts) {
  KeyMetadata metadata;
  metadata.transmission_risk =
      Bounded<uint8_t>(key.transmission_risk, 0, kMaxTransmissionRisk,
                       DroppedField::kTransmissionRisk, counts);
  metadata.report_type =
      Bounded<ReportType>(key.report_type, 0, kNumReportTypes - 1,
                          DroppedField::kReportType, counts);
  metadata.days_since_onset = Bounded<int8_t>(
      key.days_since_onset, -kMaxDaysSinceOnset, kMaxDaysSinceOnset,
      DroppedField::kDaysSinceOnset, counts);
  metadata.variant_of_concern = Bounded<uint8_t>(
      key.variant_of_concern, 0, 255, DroppedField::kVariantOfConcern, counts);
  return metadata;
}

}  // namespace

absl::string_view KeyRejectionName(KeyRejection reason) {
  switch (reason) {
    case KeyRejection::kWrongKeyLength:
      return "wrong_key_length";
    case KeyRejection::kBadRollingPeriod:
      return "bad_rolling_period";
    case KeyRejection::kMissingRollingStart:
      return "missing_rolling_start";
    case KeyRejection::kNegativeRollingStart:
      return "negative_rolling_start";
    case KeyRejection::kFarFutureRollingStart:
      return "far_future_rolling_start";
  }
  return "";
}

absl::string_view DroppedFieldName(DroppedField field) {
  switch (field) {
    case DroppedField::kDaysSinceOnset:
      return "days_since_onset";
    case DroppedField::kTransmissionRisk:
      return "transmission_risk";
    case DroppedField::kReportType:
      return "report_type";
    case DroppedField::kVariantOfConcern:
      return "variant_of_concern";
  }
  return "";
}

uint64_t DecodeCounts::num_rejected() const {
  return std::accumulate(rejected.begin(), rejected.end(), uint64_t{0});
}

class KeyDecoder::Impl {
 public:
  Impl(std::string name, ByteStream& stream, DecodeOptions options)
      : name_(std::move(name)),
        options_(options),
        stream_(stream),
        in_(&stream_) {}

  absl::StatusOr<bool> Next(KeyBlock* block) {
    block->Clear();
    if (!header_read_) {
      if (absl::Status s = ReadHeader(); !s.ok()) return s;
      header_read_ = true;
    }
    while (!finished_ && block->size() < options_.block_capacity) {
      const uint32_t tag = in_.ReadTag();
      if (tag == 0) {
        if (absl::Status s = Finish(); !s.ok()) return s;
        finished_ = true;
      } else if (!ReadField(tag, block)) {
        return Error("the message is truncated or not valid protobuf");
      }
    }
    return !block->empty();
  }

  const ExportMetadata& metadata() const { return metadata_; }
  const DecodeCounts& counts() const { return counts_; }

 private:
  // The stream's own reason goes before the decoder's.
  absl::Status Error(absl::string_view reason) const {
    if (!stream_.status().ok()) return stream_.status();
    return absl::DataLossError(absl::StrCat(name_, ": export.bin: ", reason));
  }

  absl::Status ReadHeader() {
    std::string header(kExportHeader.size(), '\0');
    if (!in_.ReadRaw(header.data(), static_cast<int>(header.size())) ||
        header != kExportHeader) {
      return Error("does not begin with the header \"EK Export v1    \"");
    }
    return absl::OkStatus();
  }

  absl::Status Finish() {
    // A tag of zero is the end of the stream only where the stream ends.
    if (!in_.ConsumedEntireMessage() || !stream_.status().ok()) {
      return Error("the message is truncated or not valid protobuf");
    }
    if (metadata_.batch_size < 1 || metadata_.batch_size > kMaxBatchSize ||
        metadata_.batch_num < 1 || metadata_.batch_num > metadata_.batch_size) {
      return Error(absl::StrCat("batch ", metadata_.batch_num, " of ",
                                metadata_.batch_size, " cannot be"));
    }
    return absl::OkStatus();
  }

  bool ReadField(uint32_t tag, KeyBlock* block) {
    switch (tag) {
      case Fixed64(1):
        return in_.ReadLittleEndian64(&metadata_.start_timestamp);
      case Fixed64(2):
        return in_.ReadLittleEndian64(&metadata_.end_timestamp);
      case Bytes(3):
        return ReadBytes(in_, kMaxRegionBytes, &metadata_.region);
      case Varint(4):
        return ReadInt32(in_, &metadata_.batch_num);
      case Varint(5):
        return ReadInt32(in_, &metadata_.batch_size);
      case Bytes(6):
        return metadata_.signature_infos.size() < kMaxSignatureInfos &&
               ReadSignatureInfo(in_,
                                 &metadata_.signature_infos.emplace_back());
      case Bytes(7):
      case Bytes(8):
        return ReadKeys(tag, block);
      default:
        return WireFormatLite::SkipField(&in_, tag);
    }
  }

  // Keys of one field, of which the first one's tag is read, as long as the
  // next one follows at once and the block has room.
  bool ReadKeys(uint32_t tag, KeyBlock* block) {
    const bool revised = tag == Bytes(8);
    const void* data = nullptr;
    int size = 0;
    if (in_.GetDirectBufferPointer(&data, &size)) {
      const auto* const begin = static_cast<const uint8_t*>(data);
      const uint8_t* at = begin;
      const auto num_read = [&] { return static_cast<int>(at - begin); };
      while (size - num_read() >= static_cast<int>(kPlainKeyRoom)) {
        // Apart from `key` below, whose address goes to other functions: this
        // one stays in registers.
        WireKey plain;
        const size_t num_bytes = ReadPlainKey(at, &plain);
        if (num_bytes == 0) break;
        at += num_bytes;
        Take(plain, revised, block);
        if (block->size() == options_.block_capacity || *at != tag) {
          return in_.Skip(num_read());
        }
        ++at;
      }
      if (!in_.Skip(num_read())) return false;
    }
    WireKey key;
    if (!ReadSubmessage(in_, [this, &key](uint32_t field) {
          return ReadKeyField(in_, field, &key);
        })) {
      return false;
    }
    Take(key, revised, block);
    return true;
  }

  // Counts and judges a key, and appends it unless it is rejected. Inline, as
  // is what it calls: with the key in memory, where it is written and read by
  // pieces of different sizes, it takes half as long again.
  ABSL_ATTRIBUTE_ALWAYS_INLINE void Take(const WireKey& key, bool revised,
                                         KeyBlock* block) {
    ++(revised ? counts_.revised_keys : counts_.keys);
    counts_.with_transmission_risk += key.transmission_risk.has_value();
    counts_.with_rolling_period += key.has_rolling_period;
    counts_.with_report_type += key.report_type.has_value();
    counts_.with_days_since_onset += key.days_since_onset.has_value();
    counts_.with_variant_of_concern += key.variant_of_concern.has_value();
    if (const auto reason = Judge(key, options_); reason.has_value()) {
      ++counts_.rejected[static_cast<size_t>(*reason)];
      return;
    }
    KeyMetadata metadata = JudgeMetadata(key, counts_);
    metadata.revised = revised;
    block->Append({key.tek, static_cast<EnIntervalNumber>(key.rolling_start),
                   static_cast<uint8_t>(key.rolling_period), metadata});
  }

  const std::string name_;
  const DecodeOptions options_;
  StreamAdaptor stream_;
  CodedInputStream in_;
  ExportMetadata metadata_;
  DecodeCounts counts_;
  bool header_read_ = false;
  bool finished_ = false;
};

KeyDecoder::KeyDecoder(std::string name, ByteStream& stream,
                       DecodeOptions options)
    : impl_(std::make_unique<Impl>(std::move(name), stream, options)) {}
KeyDecoder::~KeyDecoder() = default;

absl::StatusOr<bool> KeyDecoder::Next(KeyBlock* block) {
  return impl_->Next(block);
}
const ExportMetadata& KeyDecoder::metadata() const { return impl_->metadata(); }
const DecodeCounts& KeyDecoder::counts() const { return impl_->counts(); }

}  // namespace tekmatch
