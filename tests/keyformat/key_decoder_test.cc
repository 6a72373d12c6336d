#include "keyformat/key_decoder.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/byte_source.h"
#include "keyformat/export.pb.h"
#include "keyformat/wire_key.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;

struct Decoded {
  absl::Status status;
  std::vector<DiagnosisKey> keys;
  std::vector<size_t> block_sizes;
  ExportMetadata metadata;
  DecodeCounts counts;

  uint64_t rejected(KeyRejection reason) const {
    return counts.rejected[static_cast<size_t>(reason)];
  }
  uint64_t dropped(DroppedField field) const {
    return counts.dropped[static_cast<size_t>(field)];
  }
};

Decoded DecodeStream(ByteStream& stream, DecodeOptions options) {
  KeyDecoder decoder("f", stream, options);
  Decoded decoded;
  KeyBlock block;
  while (true) {
    const absl::StatusOr<bool> more = decoder.Next(&block);
    decoded.status = more.status();
    if (!more.ok() || !*more) break;
    decoded.block_sizes.push_back(block.size());
    for (size_t i = 0; i < block.size(); ++i) {
      decoded.keys.push_back(block.key(i));
    }
  }
  decoded.metadata = decoder.metadata();
  decoded.counts = decoder.counts();
  return decoded;
}

Decoded Decode(std::string bytes, DecodeOptions options = {}) {
  const std::unique_ptr<ByteSource> source =
      MemorySource("f", std::move(bytes));
  return DecodeStream(*StreamWholeSource(*source), options);
}

Decoded DecodeMessage(const wire::TemporaryExposureKeyExport& message,
                      DecodeOptions options = {}) {
  return Decode(std::string(kExportHeader) + message.SerializeAsString(),
                options);
}

// The message's raw bytes after the header.
Decoded DecodeRaw(const std::string& message) {
  return Decode(std::string(kExportHeader) + message);
}

wire::TemporaryExposureKey* AddKey(wire::TemporaryExposureKeyExport& message,
                                   char byte = 'k') {
  wire::TemporaryExposureKey* key = message.add_keys();
  key->set_key_data(std::string(16, byte));
  key->set_rolling_start_interval_number(2650000);
  return key;
}

void ExpectRefused(const Decoded& decoded, const std::string& reason) {
  EXPECT_EQ(decoded.status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(decoded.status.message()),
              HasSubstr("f: export.bin: "));
  EXPECT_THAT(std::string(decoded.status.message()), HasSubstr(reason));
}

TEST(KeyDecoderTest, ReadsEveryField) {
  wire::TemporaryExposureKeyExport message;
  message.set_start_timestamp(1600000000);
  message.set_end_timestamp(1600086400);
  message.set_region("440");
  message.set_batch_num(2);
  message.set_batch_size(3);
  wire::SignatureInfo* info = message.add_signature_infos();
  info->set_app_bundle_id("jp.app");
  info->set_android_package("jp.android");
  info->set_verification_key_id("440");
  info->set_verification_key_version("v1");
  info->set_signature_algorithm("1.2.840.10045.4.3.2");
  wire::TemporaryExposureKey* key = AddKey(message);
  key->set_rolling_period(89);
  key->set_transmission_risk_level(8);
  key->set_report_type(wire::TemporaryExposureKey::SELF_REPORT);
  key->set_days_since_onset_of_symptoms(-14);
  key->set_variant_of_concern(3);
  *message.add_revised_keys() = message.keys(0);
  message.mutable_revised_keys(0)->set_report_type(
      wire::TemporaryExposureKey::REVOKED);

  const Decoded decoded = DecodeMessage(message);
  ASSERT_TRUE(decoded.status.ok()) << decoded.status;
  EXPECT_EQ(decoded.metadata.start_timestamp, 1600000000);
  EXPECT_EQ(decoded.metadata.end_timestamp, 1600086400);
  EXPECT_EQ(decoded.metadata.region, "440");
  EXPECT_EQ(decoded.metadata.batch_num, 2);
  EXPECT_EQ(decoded.metadata.batch_size, 3);
  ASSERT_EQ(decoded.metadata.signature_infos.size(), 1);
  EXPECT_EQ(decoded.metadata.signature_infos[0].app_bundle_id, "jp.app");
  EXPECT_EQ(decoded.metadata.signature_infos[0].android_package, "jp.android");
  EXPECT_EQ(decoded.metadata.signature_infos[0].key_id, "440");
  EXPECT_EQ(decoded.metadata.signature_infos[0].key_version, "v1");
  ASSERT_EQ(decoded.keys.size(), 2);
  DiagnosisKey want;
  want.tek.bytes.fill('k');
  want.rolling_start = 2650000;
  want.rolling_period = 89;
  want.metadata = {.transmission_risk = 8,
                   .report_type = ReportType::kSelfReport,
                   .days_since_onset = -14,
                   .variant_of_concern = 3,
                   .revised = false};
  EXPECT_EQ(decoded.keys[0], want);
  want.metadata.report_type = ReportType::kRevoked;
  want.metadata.revised = true;
  EXPECT_EQ(decoded.keys[1], want);
  EXPECT_EQ(decoded.counts.keys, 1);
  EXPECT_EQ(decoded.counts.revised_keys, 1);
  EXPECT_EQ(decoded.counts.with_days_since_onset, 2);
}

TEST(KeyDecoderTest, AbsentFieldsHaveTheirDefaults) {
  wire::TemporaryExposureKeyExport message;
  AddKey(message);
  const Decoded decoded = DecodeMessage(message);
  ASSERT_EQ(decoded.keys.size(), 1);
  EXPECT_EQ(decoded.keys[0].rolling_period, 144);
  EXPECT_EQ(decoded.keys[0].metadata, KeyMetadata());
  EXPECT_EQ(decoded.metadata.batch_num, 1);
  EXPECT_EQ(decoded.metadata.batch_size, 1);
  EXPECT_EQ(decoded.counts.with_rolling_period, 0);
}

TEST(KeyDecoderTest, RiskZeroAndOnsetZeroAreNotAbsent) {
  wire::TemporaryExposureKeyExport message;
  AddKey(message)->set_transmission_risk_level(0);
  message.mutable_keys(0)->set_days_since_onset_of_symptoms(0);
  const Decoded decoded = DecodeMessage(message);
  ASSERT_EQ(decoded.keys.size(), 1);
  EXPECT_EQ(decoded.keys[0].metadata.transmission_risk, 0);
  EXPECT_EQ(decoded.keys[0].metadata.days_since_onset, 0);
}

TEST(KeyDecoderTest, ABadKeyIsCountedAndTheOthersSurvive) {
  wire::TemporaryExposureKeyExport message;
  AddKey(message, 'a');
  AddKey(message)->set_key_data(std::string(15, 'x'));
  AddKey(message)->set_key_data(std::string(17, 'x'));
  AddKey(message)->set_key_data(std::string(32, 'x'));
  AddKey(message)->clear_key_data();
  AddKey(message)->set_rolling_period(0);
  AddKey(message)->set_rolling_period(145);
  AddKey(message)->set_rolling_period(-1);
  AddKey(message)->set_rolling_start_interval_number(-1);
  AddKey(message)->set_rolling_start_interval_number(2650001);
  AddKey(message, 'b')->set_rolling_period(1);
  const Decoded decoded =
      DecodeMessage(message, {.latest_rolling_start = 2650000});
  ASSERT_TRUE(decoded.status.ok()) << decoded.status;
  ASSERT_EQ(decoded.keys.size(), 2);
  EXPECT_EQ(decoded.keys[0].tek.bytes[0], 'a');
  EXPECT_EQ(decoded.keys[1].tek.bytes[0], 'b');
  EXPECT_EQ(decoded.counts.keys, 11);
  EXPECT_EQ(decoded.counts.num_rejected(), 9);
  EXPECT_EQ(decoded.rejected(KeyRejection::kWrongKeyLength), 4);
  EXPECT_EQ(decoded.rejected(KeyRejection::kBadRollingPeriod), 3);
  EXPECT_EQ(decoded.rejected(KeyRejection::kNegativeRollingStart), 1);
  EXPECT_EQ(decoded.rejected(KeyRejection::kFarFutureRollingStart), 1);
}

TEST(KeyDecoderTest, BadOptionalFieldsAreDroppedAndTheKeyKept) {
  wire::TemporaryExposureKeyExport message;
  for (const int days : {-15, -14, 14, 15, 4000}) {
    AddKey(message)->set_days_since_onset_of_symptoms(days);
  }
  for (const int risk : {-1, 8, 9, 0x7fffffff}) {
    AddKey(message)->set_transmission_risk_level(risk);
  }
  AddKey(message)->set_variant_of_concern(256);
  const Decoded decoded = DecodeMessage(message);
  ASSERT_EQ(decoded.keys.size(), 10);
  EXPECT_EQ(decoded.dropped(DroppedField::kDaysSinceOnset), 3);
  EXPECT_EQ(decoded.dropped(DroppedField::kTransmissionRisk), 3);
  EXPECT_EQ(decoded.dropped(DroppedField::kVariantOfConcern), 1);
  EXPECT_EQ(decoded.keys[0].metadata.days_since_onset, std::nullopt);
  EXPECT_EQ(decoded.keys[1].metadata.days_since_onset, -14);
  EXPECT_EQ(decoded.keys[2].metadata.days_since_onset, 14);
  EXPECT_EQ(decoded.keys[6].metadata.transmission_risk, 8);
  EXPECT_EQ(decoded.counts.with_days_since_onset, 5);

  // A report type that the enumeration lacks; the generated code cannot say it.
  const std::string key = std::string("\x0a\x10") + std::string(16, 'k') +
                          std::string("\x28\x09", 2);
  const Decoded unknown =
      DecodeRaw(std::string("\x3a") + static_cast<char>(key.size()) + key);
  ASSERT_EQ(unknown.keys.size(), 1);
  EXPECT_EQ(unknown.keys[0].metadata.report_type, std::nullopt);
  EXPECT_EQ(unknown.dropped(DroppedField::kReportType), 1);
}

TEST(KeyDecoderTest, NamesAreStableAndDistinct) {
  EXPECT_EQ(KeyRejectionName(KeyRejection::kWrongKeyLength),
            "wrong_key_length");
  EXPECT_EQ(KeyRejectionName(KeyRejection::kBadRollingPeriod),
            "bad_rolling_period");
  EXPECT_EQ(KeyRejectionName(KeyRejection::kNegativeRollingStart),
            "negative_rolling_start");
  EXPECT_EQ(KeyRejectionName(KeyRejection::kFarFutureRollingStart),
            "far_future_rolling_start");
  EXPECT_EQ(DroppedFieldName(DroppedField::kDaysSinceOnset),
            "days_since_onset");
  EXPECT_EQ(DroppedFieldName(DroppedField::kTransmissionRisk),
            "transmission_risk");
  EXPECT_EQ(DroppedFieldName(DroppedField::kReportType), "report_type");
  EXPECT_EQ(DroppedFieldName(DroppedField::kVariantOfConcern),
            "variant_of_concern");
}

TEST(KeyDecoderTest, BlocksHaveTheAskedCapacityAndKeepTheOrder) {
  wire::TemporaryExposureKeyExport message;
  for (int i = 0; i < 10; ++i) AddKey(message, static_cast<char>(i));
  const Decoded decoded = DecodeMessage(message, {.block_capacity = 4});
  EXPECT_EQ(decoded.block_sizes, (std::vector<size_t>{4, 4, 2}));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(decoded.keys[i].tek.bytes[0], i);
}

// A stream that gives so many bytes at a time.
class PieceStream : public ByteStream {
 public:
  PieceStream(std::string bytes, size_t piece)
      : bytes_(std::move(bytes)), piece_(piece) {}

  absl::StatusOr<size_t> Read(absl::Span<uint8_t> out) override {
    const size_t n = std::min({piece_, out.size(), bytes_.size() - at_});
    std::copy_n(bytes_.begin() + at_, n, out.begin());
    at_ += n;
    return n;
  }

 private:
  const std::string bytes_;
  const size_t piece_;
  size_t at_ = 0;
};

// Key messages of all kinds, most of them as servers write them.
class RandomKeys {
 public:
  explicit RandomKeys(uint64_t seed) : random_(seed) {}

  std::string Message(int num_keys) {
    std::string message;
    for (int i = 0; i < num_keys; ++i) {
      const std::string key = Key();
      message += Below(10) == 0 ? '\x42' : '\x3a';
      message += VarintOf(key.size());
      message += key;
    }
    return message;
  }

  // The message with a few bytes changed.
  std::string Damaged(std::string message) {
    for (int i = 0; i < 3; ++i) {
      message[Below(message.size())] = static_cast<char>(Below(256));
    }
    return message;
  }

  uint64_t Below(uint64_t bound) {
    return std::uniform_int_distribution<uint64_t>(0, bound - 1)(random_);
  }

 private:
  static std::string VarintOf(uint64_t value) {
    std::string bytes;
    for (; value >= 0x80; value >>= 7) {
      bytes += static_cast<char>((value & 0x7f) | 0x80);
    }
    return bytes + static_cast<char>(value);
  }

  std::string Key() {
    // Tags of fields 1 to 6, 8 and of one that is unknown.
    std::vector<uint8_t> tags;
    for (const uint8_t tag : {0x0a, 0x10, 0x18, 0x20, 0x28, 0x30, 0x40}) {
      if (Below(8) != 0) tags.push_back(tag);
    }
    const uint64_t oddity = Below(20);
    if (oddity == 0) std::shuffle(tags.begin(), tags.end(), random_);
    if (oddity == 1 && !tags.empty()) tags.push_back(tags[0]);
    if (oddity == 2) tags.push_back(0x50);
    std::string key;
    for (const uint8_t tag : tags) {
      key += static_cast<char>(tag);
      if (tag == 0x0a) {
        const size_t size = Below(20) == 0 ? Below(40) : 16;
        key += static_cast<char>(size);
        for (size_t i = 0; i < size; ++i) key += static_cast<char>(Below(256));
      } else {
        key += VarintOf(Value(tag));
      }
    }
    return key;
  }

  uint64_t Value(uint8_t tag) {
    constexpr uint64_t kOdd[] = {
        0,          127,        128,        16383,
        16384,      2097151,    2097152,    268435455,
        268435456,  UINT32_MAX, 1ull << 31, 1ull << 32,
        1ull << 35, UINT64_MAX, 8,          static_cast<uint64_t>(-3)};
    if (Below(10) == 0) return kOdd[Below(std::size(kOdd))];
    if (tag == 0x18) return 2600000 + Below(100000);
    if (tag == 0x20) return Below(150);
    return Below(10);
  }

  std::mt19937_64 random_;
};

bool operator==(const Decoded& a, const Decoded& b) {
  const auto counts = [](const DecodeCounts& c) {
    return std::tie(c.keys, c.revised_keys, c.rejected, c.dropped,
                    c.with_transmission_risk, c.with_rolling_period,
                    c.with_report_type, c.with_days_since_onset,
                    c.with_variant_of_concern);
  };
  return a.status == b.status && a.keys == b.keys &&
         a.block_sizes == b.block_sizes && counts(a.counts) == counts(b.counts);
}

// Keys are read in one way where the stream gives enough bytes at once and a
// key is plain, and in another, by protobuf's own calls, elsewhere.
TEST(KeyDecoderTest, PiecesOfAnySizeGiveTheSame) {
  uint64_t num_keys = 0;
  uint64_t num_damaged = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    RandomKeys random(seed);
    std::string message = random.Message(100);
    if (seed % 2 == 1) message = random.Damaged(std::move(message));
    const std::string bytes = std::string(kExportHeader) + message;
    const DecodeOptions options = {.block_capacity = 1 + random.Below(60)};
    PieceStream by_field(bytes, kPlainKeyRoom - 1);
    const Decoded expected = DecodeStream(by_field, options);
    if (seed % 2 == 0) {
      EXPECT_TRUE(expected.status.ok()) << expected.status;
    }
    num_keys += expected.keys.size();
    num_damaged += !expected.status.ok();
    for (const size_t piece :
         {size_t{1}, kPlainKeyRoom, size_t{100}, bytes.size()}) {
      PieceStream stream(bytes, piece);
      EXPECT_TRUE(DecodeStream(stream, options) == expected) << piece;
    }
  }
  EXPECT_GT(num_keys, 5000);
  EXPECT_GT(num_damaged, 20);
}

// Of the two readers above the one for plain keys reads what servers write, and
// no more than it may.
TEST(KeyDecoderTest, WhatServersWriteIsPlain) {
  wire::TemporaryExposureKey message;
  message.set_key_data("0123456789abcdef");
  message.set_transmission_risk_level(3);
  message.set_rolling_start_interval_number(2650000);
  message.set_rolling_period(144);
  const auto read = [&message](WireKey* key) {
    const std::string bytes = message.SerializeAsString();
    const std::string room = static_cast<char>(bytes.size()) + bytes +
                             std::string(kPlainKeyRoom, '\x18');
    *key = {};
    return ReadPlainKey(reinterpret_cast<const uint8_t*>(room.data()), key) ==
           1 + bytes.size();
  };
  WireKey key;
  ASSERT_TRUE(read(&key));
  EXPECT_EQ(key.tek.bytes[15], 'f');
  EXPECT_EQ(key.transmission_risk, 3);
  EXPECT_EQ(key.rolling_start, 2650000);
  EXPECT_TRUE(key.has_rolling_period);
  EXPECT_EQ(key.rolling_period, 144);
  EXPECT_FALSE(key.report_type.has_value());
  message.set_report_type(wire::TemporaryExposureKey::SELF_REPORT);
  message.set_days_since_onset_of_symptoms(-2);
  ASSERT_TRUE(read(&key));
  EXPECT_EQ(key.report_type, 3);
  EXPECT_EQ(key.days_since_onset, -2);
  EXPECT_FALSE(key.variant_of_concern.has_value());
  message.clear_rolling_period();
  message.clear_transmission_risk_level();
  ASSERT_TRUE(read(&key));
  EXPECT_FALSE(key.has_rolling_period);
  EXPECT_EQ(key.rolling_period, 144);
  message.set_key_data("too short");
  EXPECT_FALSE(read(&key));
}

TEST(KeyDecoderTest, APlainKeyStaysWithinItsRoom) {
  // The sanitizers see what is read beyond.
  const auto read = [](const std::string& begin, char rest) {
    std::vector<uint8_t> room(kPlainKeyRoom, static_cast<uint8_t>(rest));
    std::copy(begin.begin(), begin.end(), room.begin());
    WireKey key;
    return ReadPlainKey(room.data(), &key);
  };
  const std::string key = std::string("\x0a\x10") + std::string(16, 'k');
  const std::string fields =
      "\x10\x7f\x18\xff\xff\xff\x7f\x20\xff\xff\xff\x7f\x28\x7f\x30\x7f\x40"
      "\x7f";
  const auto size = static_cast<char>(key.size() + fields.size());
  EXPECT_EQ(read(size + key + fields, '\0'), 1U + static_cast<size_t>(size));
  EXPECT_EQ(read(std::string(1, static_cast<char>(key.size())) + key, '\xff'),
            1 + key.size());
  // Another length, values without end, tags without end.
  EXPECT_EQ(read(static_cast<char>(size + 1) + key + fields, '\0'), 0U);
  for (const char rest :
       {'\xff', '\x10', '\x18', '\x20', '\x28', '\x30', '\x40'}) {
    EXPECT_EQ(read(std::string(1, '\x7f') + key, rest), 0U);
    EXPECT_EQ(read("", rest), 0U);
  }
}

TEST(KeyDecoderTest, AnEmptyMessageIsAnExportWithoutKeys) {
  const Decoded decoded = DecodeRaw("");
  EXPECT_TRUE(decoded.status.ok());
  EXPECT_TRUE(decoded.keys.empty());
}

TEST(KeyDecoderTest, RefusesAWrongHeader) {
  ExpectRefused(Decode(""), "header");
  ExpectRefused(Decode("EK Export v1"), "header");
  ExpectRefused(Decode("EK Export v2    "), "header");
  ExpectRefused(Decode("EK Export v1   x"), "header");
}

TEST(KeyDecoderTest, RefusesEveryTruncation) {
  wire::TemporaryExposureKeyExport message;
  message.set_region("440");
  AddKey(message)->set_rolling_period(7);
  const std::string whole =
      std::string(kExportHeader) + message.SerializeAsString();
  const size_t after_region = kExportHeader.size() + 5;
  for (size_t size = 0; size < whole.size(); ++size) {
    const Decoded decoded = Decode(whole.substr(0, size));
    // Between fields the shorter message is a valid one.
    const bool between_fields =
        size == kExportHeader.size() || size == after_region;
    EXPECT_EQ(decoded.status.ok(), between_fields) << size;
  }
}

TEST(KeyDecoderTest, RefusesWireTricks) {
  const std::string kReason = "not valid protobuf";
  // A key that claims to be longer than the file, than 2 GiB, than a varint.
  ExpectRefused(DecodeRaw("\x3a\x7f\x0a\x10"), kReason);
  ExpectRefused(DecodeRaw("\x3a\xff\xff\xff\xff\x0f"), kReason);
  ExpectRefused(DecodeRaw("\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
                kReason);
  // key_data that is longer than its key; a field that crosses the key's end.
  ExpectRefused(
      DecodeRaw(std::string("\x3a\x04\x0a\x10", 4) + std::string(100, 'x')),
      kReason);
  ExpectRefused(DecodeRaw(std::string("\x3a\x02\x18\xff", 4) + "\x01\x01"),
                kReason);
  // Field number zero, an end group without a start, wire type 7.
  ExpectRefused(DecodeRaw(std::string("\0", 1)), kReason);
  ExpectRefused(DecodeRaw("\x0c"), kReason);
  ExpectRefused(DecodeRaw("\x0f"), kReason);
  // Groups within groups, without end.
  ExpectRefused(DecodeRaw(std::string(100000, '\x4b')), kReason);
  // Strings and infos without measure.
  ExpectRefused(DecodeRaw("\x1a\x81\x08" + std::string(1025, 'r')), kReason);
  ExpectRefused(DecodeRaw("\x32\x81\x20" + std::string(4097, 'i')), kReason);
  std::string infos;
  for (int i = 0; i < 65; ++i) infos += std::string("\x32\x00", 2);
  ExpectRefused(DecodeRaw(infos), kReason);
}

TEST(KeyDecoderTest, SkipsUnknownFields) {
  wire::TemporaryExposureKeyExport message;
  AddKey(message);
  // Field 15: varint, 64 bit, bytes (longer than any buffer), 32 bit.
  const std::string unknown =
      std::string("\x78\x05\x79") + std::string(8, 'x') + "\x7a\xc0\x84\x3d" +
      std::string(1000000, 'y') + "\x7d" + std::string(4, 'z');
  const Decoded decoded =
      DecodeRaw(unknown + message.SerializeAsString() + unknown);
  EXPECT_TRUE(decoded.status.ok()) << decoded.status;
  EXPECT_EQ(decoded.keys.size(), 1);
}

TEST(KeyDecoderTest, RefusesImpossibleBatchNumbers) {
  const std::vector<std::pair<int, int>> kBad = {
      {0, 1}, {2, 1}, {1, 0}, {-1, 3}, {1, -1}, {1, kMaxBatchSize + 1}};
  for (const auto& [num, size] : kBad) {
    wire::TemporaryExposureKeyExport message;
    message.set_batch_num(num);
    message.set_batch_size(size);
    ExpectRefused(DecodeMessage(message), "cannot be");
  }
}

// A stream that breaks: its reason wins over the decoder's.
class BreakingStream : public ByteStream {
 public:
  absl::StatusOr<size_t> Read(absl::Span<uint8_t> out) override {
    if (!first_) return absl::DataLossError("f: entry export.bin: wrong CRC");
    first_ = false;
    const std::string start = std::string(kExportHeader) + "\x3a\x20";
    std::copy(start.begin(), start.end(), out.begin());
    return start.size();
  }

 private:
  bool first_ = true;
};

TEST(KeyDecoderTest, PassesTheReasonOfTheStreamOn) {
  BreakingStream stream;
  KeyDecoder decoder("f", stream, {});
  KeyBlock block;
  EXPECT_EQ(decoder.Next(&block).status().message(),
            "f: entry export.bin: wrong CRC");
}

}  // namespace
}  // namespace tekmatch
