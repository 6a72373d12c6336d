// Plan: wire_reader.h reads fields, wire_key.h keys as servers write them, and
// faster. Here each field gets its meaning, and each key its judgement. A key
// is counted, judged and appended to the block as soon as it is read; nothing
// is kept of it.
#include "keyformat/key_decoder.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "keyformat/wire_key.h"
#include "keyformat/wire_reader.h"

namespace tekmatch {
namespace {

// A region or a signature info is tens of bytes, and an export has few infos.
constexpr uint32_t kMaxRegionBytes = 1024;
constexpr uint32_t kMaxSignatureInfoBytes = 4096;
constexpr size_t kMaxSignatureInfos = 64;

constexpr uint32_t Varint(uint32_t field) {
  return WireTag(field, kWireVarint);
}
constexpr uint32_t Bytes(uint32_t field) { return WireTag(field, kWireBytes); }
constexpr uint32_t Fixed64(uint32_t field) {
  return WireTag(field, kWireFixed64);
}

bool ReadInt32(WireReader& in, int32_t* value) {
  uint64_t raw = 0;  // a negative int32 takes ten bytes
  if (!in.ReadVarint(&raw)) return false;
  *value = static_cast<int32_t>(raw);
  return true;
}

bool ReadInt32(WireReader& in, std::optional<int32_t>* value) {
  return ReadInt32(in, &value->emplace());
}

// An enumeration's value that is not known leaves one that is, as in protobuf.
bool ReadReportType(WireReader& in, std::optional<int32_t>* type) {
  const auto is_known = [](int32_t value) {
    return value >= 0 && value < kNumReportTypes;
  };
  int32_t value = 0;
  if (!ReadInt32(in, &value)) return false;
  if (!type->has_value() || !is_known(**type) || is_known(value)) *type = value;
  return true;
}

bool ReadKeyField(WireReader& in, uint32_t tag, WireKey* key) {
  switch (tag) {
    case Bytes(1):
      if (!in.ReadLength(&key->key_bytes)) return false;
      if (key->key_bytes == kTekBytes) {
        return in.ReadRaw(absl::MakeSpan(key->tek.bytes));
      }
      return in.SkipRaw(key->key_bytes);
    case Varint(2):
      return ReadInt32(in, &key->transmission_risk);
    case Varint(3):
      return ReadInt32(in, &key->rolling_start);
    case Varint(4):
      key->has_rolling_period = true;
      return ReadInt32(in, &key->rolling_period);
    case Varint(5):
      return ReadReportType(in, &key->report_type);
    case Varint(6): {
      uint64_t raw = 0;
      if (!in.ReadVarint(&raw)) return false;
      // Zigzag: the sign is the lowest bit.
      const auto zigzag = static_cast<uint32_t>(raw);
      key->days_since_onset =
          static_cast<int32_t>(zigzag >> 1 ^ (~(zigzag & 1) + 1));
      return true;
    }
    case Varint(8):
      return ReadInt32(in, &key->variant_of_concern);
    default:
      return in.SkipValue(tag);
  }
}

bool ReadString(WireReader& in, std::string* value) {
  uint32_t length = 0;
  if (!in.ReadLength(&length)) return false;
  value->resize(length);
  return in.ReadRaw(
      absl::MakeSpan(reinterpret_cast<uint8_t*>(value->data()), value->size()));
}

bool ReadSignatureInfoField(WireReader& in, uint32_t tag, SignatureInfo* info) {
  switch (tag) {
    case Bytes(1):
      return ReadString(in, &info->app_bundle_id);
    case Bytes(2):
      return ReadString(in, &info->android_package);
    case Bytes(3):
      return ReadString(in, &info->key_version);
    case Bytes(4):
      return ReadString(in, &info->key_id);
    case Bytes(5):
      return ReadString(in, &info->algorithm);
    default:
      return in.SkipValue(tag);
  }
}

// Reads a message of `length` bytes within the outermost one: calls
// read_field(tag) for each field. False unless every field is valid and the
// last one ends where the message does.
template <typename ReadField>
bool ReadSubmessage(WireReader& in, uint32_t length, ReadField read_field) {
  in.BeginMessage(length);
  while (true) {
    uint32_t tag = 0;
    if (!in.ReadTag(&tag)) return false;
    if (tag == 0) break;
    if (!read_field(tag)) return false;
  }
  in.EndMessage();
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

EnIntervalNumber LatestRollingStart(absl::Time now) {
  const int64_t latest =
      absl::ToUnixSeconds(now + absl::Hours(24)) / kIntervalSeconds;
  return static_cast<EnIntervalNumber>(
      std::clamp<int64_t>(latest, 0, std::numeric_limits<int32_t>::max()));
}

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
      : name_(std::move(name)), options_(options), in_(stream) {}

  absl::StatusOr<bool> Next(KeyBlock* block) {
    block->Clear();
    if (!header_read_) {
      if (absl::Status s = ReadHeader(); !s.ok()) return s;
      header_read_ = true;
    }
    while (!finished_ && block->size() < options_.block_capacity) {
      uint32_t tag = 0;
      if (!in_.ReadTag(&tag)) return NotProtobuf();
      if (tag == 0) {
        if (absl::Status s = CheckBatch(); !s.ok()) return s;
        finished_ = true;
      } else if (absl::Status s = ReadField(tag, block); !s.ok()) {
        return s;
      }
    }
    return !block->empty();
  }

  const ExportMetadata& metadata() const { return metadata_; }
  const DecodeCounts& counts() const { return counts_; }

 private:
  // The stream's own reason goes before the decoder's.
  absl::Status Error(absl::string_view reason) const {
    if (!in_.status().ok()) return in_.status();
    return absl::DataLossError(absl::StrCat(name_, ": export.bin: ", reason));
  }

  absl::Status NotProtobuf() const {
    return Error("the message is truncated or not valid protobuf");
  }

  absl::Status OkIf(bool valid) const {
    return valid ? absl::OkStatus() : NotProtobuf();
  }

  absl::Status ReadHeader() {
    std::array<uint8_t, kExportHeader.size()> header{};
    if (!in_.ReadRaw(absl::MakeSpan(header)) ||
        !std::equal(header.begin(), header.end(), kExportHeader.begin())) {
      return Error("does not begin with the header \"EK Export v1    \"");
    }
    return absl::OkStatus();
  }

  absl::Status CheckBatch() const {
    if (metadata_.batch_size < 1 || metadata_.batch_size > kMaxBatchSize ||
        metadata_.batch_num < 1 || metadata_.batch_num > metadata_.batch_size) {
      return Error(absl::StrCat("batch ", metadata_.batch_num, " of ",
                                metadata_.batch_size, " cannot be"));
    }
    return absl::OkStatus();
  }

  absl::Status ReadField(uint32_t tag, KeyBlock* block) {
    switch (tag) {
      case Fixed64(1):
        return OkIf(in_.ReadFixed64(&metadata_.start_timestamp));
      case Fixed64(2):
        return OkIf(in_.ReadFixed64(&metadata_.end_timestamp));
      case Bytes(3):
        return ReadRegion();
      case Varint(4):
        return OkIf(ReadInt32(in_, &metadata_.batch_num));
      case Varint(5):
        return OkIf(ReadInt32(in_, &metadata_.batch_size));
      case Bytes(6):
        return ReadSignatureInfo();
      case Bytes(7):
      case Bytes(8):
        return OkIf(ReadKeys(tag, block));
      default:
        return OkIf(in_.SkipValue(tag));
    }
  }

  absl::Status ReadRegion() {
    uint32_t length = 0;
    if (!in_.ReadLength(&length)) return NotProtobuf();
    if (length > kMaxRegionBytes) {
      return Error(absl::StrCat("the region is longer than ", kMaxRegionBytes,
                                " bytes"));
    }
    metadata_.region.resize(length);
    return OkIf(in_.ReadRaw(
        absl::MakeSpan(reinterpret_cast<uint8_t*>(metadata_.region.data()),
                       metadata_.region.size())));
  }

  absl::Status ReadSignatureInfo() {
    if (metadata_.signature_infos.size() == kMaxSignatureInfos) {
      return Error(
          absl::StrCat("more than ", kMaxSignatureInfos, " signature infos"));
    }
    uint32_t length = 0;
    if (!in_.ReadLength(&length)) return NotProtobuf();
    if (length > kMaxSignatureInfoBytes) {
      return Error(absl::StrCat("a signature info is longer than ",
                                kMaxSignatureInfoBytes, " bytes"));
    }
    SignatureInfo& info = metadata_.signature_infos.emplace_back();
    return OkIf(ReadSubmessage(in_, length, [this, &info](uint32_t field) {
      return ReadSignatureInfoField(in_, field, &info);
    }));
  }

  // Keys of one field, of which the first one's tag is read, as long as the
  // next one follows at once and the block has room.
  bool ReadKeys(uint32_t tag, KeyBlock* block) {
    const bool revised = tag == Bytes(8);
    const absl::Span<const uint8_t> bytes = in_.Available();
    size_t num_read = 0;
    while (bytes.size() - num_read >= kPlainKeyRoom) {
      // Apart from `key` below, whose address goes to other functions: this
      // one stays in registers.
      WireKey plain;
      const size_t num_bytes = ReadPlainKey(&bytes[num_read], &plain);
      if (num_bytes == 0) break;
      num_read += num_bytes;
      Take(plain, revised, block);
      if (block->size() == options_.block_capacity || bytes[num_read] != tag) {
        return in_.Take(num_read);
      }
      ++num_read;
    }
    uint32_t length = 0;
    if (!in_.Take(num_read) || !in_.ReadLength(&length)) return false;
    WireKey key;
    if (!ReadSubmessage(in_, length, [this, &key](uint32_t field) {
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
  WireReader in_;
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
