#include "keyformat/key_decoder.h"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/byte_source.h"
#include "keyformat/export.pb.h"
#include "tests/keyformat/decode_stream.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

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
  EXPECT_THAT(decoded.status,
              StatusIs(absl::StatusCode::kDataLoss,
                       AllOf(HasSubstr("f: export.bin: "), HasSubstr(reason))));
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
  ASSERT_THAT(decoded.status, IsOk());
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
  EXPECT_EQ(decoded.counts.with_transmission_risk, 2);
  EXPECT_EQ(decoded.counts.with_rolling_period, 2);
  EXPECT_EQ(decoded.counts.with_report_type, 2);
  EXPECT_EQ(decoded.counts.with_days_since_onset, 2);
  EXPECT_EQ(decoded.counts.with_variant_of_concern, 2);
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
  EXPECT_EQ(decoded.counts.with_transmission_risk, 0);
  EXPECT_EQ(decoded.counts.with_rolling_period, 0);
  EXPECT_EQ(decoded.counts.with_report_type, 0);
  EXPECT_EQ(decoded.counts.with_days_since_onset, 0);
  EXPECT_EQ(decoded.counts.with_variant_of_concern, 0);
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
  AddKey(message)->clear_rolling_start_interval_number();
  AddKey(message)->set_rolling_start_interval_number(0);
  AddKey(message)->set_rolling_start_interval_number(-1);
  AddKey(message)->set_rolling_start_interval_number(2650001);
  AddKey(message, 'b')->set_rolling_period(1);
  const Decoded decoded =
      DecodeMessage(message, {.latest_rolling_start = 2650000});
  ASSERT_THAT(decoded.status, IsOk());
  ASSERT_EQ(decoded.keys.size(), 2);
  EXPECT_EQ(decoded.keys[0].tek.bytes[0], 'a');
  EXPECT_EQ(decoded.keys[1].tek.bytes[0], 'b');
  EXPECT_EQ(decoded.counts.keys, 13);
  EXPECT_EQ(decoded.counts.num_rejected(), 11);
  EXPECT_EQ(decoded.rejected(KeyRejection::kWrongKeyLength), 4);
  EXPECT_EQ(decoded.rejected(KeyRejection::kBadRollingPeriod), 3);
  EXPECT_EQ(decoded.rejected(KeyRejection::kMissingRollingStart), 2);
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
}

// The bounds of every optional field, and the values beside them.
TEST(KeyDecoderTest, OptionalFieldsAreKeptUpToTheirBounds) {
  const std::string start = std::string("\x0a\x10") + std::string(16, 'k') +
                            std::string("\x18\x01", 2);
  // The value of a field as its bytes on the wire: -1 takes ten.
  const std::string minus_one = std::string(9, '\xff') + '\x01';
  const struct {
    std::string field;
    std::optional<KeyMetadata> want;  // none: dropped
    DroppedField dropped{};
  } kCases[] = {
      {std::string("\x10\0", 2), KeyMetadata{.transmission_risk = 0}},
      {"\x10\x08", KeyMetadata{.transmission_risk = 8}},
      {"\x10\x09", std::nullopt, DroppedField::kTransmissionRisk},
      {'\x10' + minus_one, std::nullopt, DroppedField::kTransmissionRisk},
      {std::string("\x28\0", 2),
       KeyMetadata{.report_type = ReportType::kUnknown}},
      {"\x28\x05", KeyMetadata{.report_type = ReportType::kRevoked}},
      {"\x28\x06", std::nullopt, DroppedField::kReportType},
      // Of several the last, but for one that is no type.
      {"\x28\x01\x28\x03", KeyMetadata{.report_type = ReportType::kSelfReport}},
      {"\x28\x01\x28\x06",
       KeyMetadata{.report_type = ReportType::kConfirmedTest}},
      {"\x28\x01\x28" + minus_one,
       KeyMetadata{.report_type = ReportType::kConfirmedTest}},
      {"\x28\x06\x28\x01",
       KeyMetadata{.report_type = ReportType::kConfirmedTest}},
      {"\x28\x06\x28\x07", std::nullopt, DroppedField::kReportType},
      {'\x28' + minus_one, std::nullopt, DroppedField::kReportType},
      {"\x30\x1c", KeyMetadata{.days_since_onset = 14}},
      {"\x30\x1b", KeyMetadata{.days_since_onset = -14}},
      {"\x30\x1e", std::nullopt, DroppedField::kDaysSinceOnset},
      {"\x30\x1d", std::nullopt, DroppedField::kDaysSinceOnset},
      {std::string("\x40\0", 2), KeyMetadata{.variant_of_concern = 0}},
      {"\x40\xff\x01", KeyMetadata{.variant_of_concern = 255}},
      {"\x40\x80\x02", std::nullopt, DroppedField::kVariantOfConcern},
      {'\x40' + minus_one, std::nullopt, DroppedField::kVariantOfConcern},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.field);
    const std::string key = start + c.field;
    const Decoded decoded =
        DecodeRaw(std::string("\x3a") + static_cast<char>(key.size()) + key);
    ASSERT_EQ(decoded.keys.size(), 1);
    EXPECT_EQ(decoded.keys[0].metadata, c.want.value_or(KeyMetadata()));
    std::array<uint64_t, kNumDroppedFields> dropped{};
    if (!c.want.has_value()) ++dropped[static_cast<size_t>(c.dropped)];
    EXPECT_EQ(decoded.counts.dropped, dropped);
  }
}

TEST(KeyDecoderTest, NamesAreStableAndDistinct) {
  EXPECT_EQ(KeyRejectionName(KeyRejection::kWrongKeyLength),
            "wrong_key_length");
  EXPECT_EQ(KeyRejectionName(KeyRejection::kBadRollingPeriod),
            "bad_rolling_period");
  EXPECT_EQ(KeyRejectionName(KeyRejection::kMissingRollingStart),
            "missing_rolling_start");
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

TEST(KeyDecoderTest, AnEmptyMessageIsAnExportWithoutKeys) {
  const Decoded decoded = DecodeRaw("");
  EXPECT_THAT(decoded.status, IsOk());
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

TEST(KeyDecoderTest, AcceptsStringsAndInfosUpToTheirLimits) {
  wire::TemporaryExposureKeyExport message;
  message.set_region(std::string(1024, 'r'));
  // Tag, two bytes of length, and the rest of the 4,096.
  message.add_signature_infos()->set_verification_key_id(
      std::string(4096 - 3, 'i'));
  while (message.signature_infos_size() < 64) message.add_signature_infos();
  const Decoded largest = DecodeMessage(message);
  ASSERT_THAT(largest.status, IsOk());
  EXPECT_EQ(largest.metadata.region.size(), 1024);
  ASSERT_EQ(largest.metadata.signature_infos.size(), 64);
  EXPECT_EQ(largest.metadata.signature_infos[0].key_id.size(), 4093);

  // These limits are ours, not protobuf's, and the message says so.
  wire::TemporaryExposureKeyExport beyond = message;
  beyond.mutable_region()->push_back('r');
  ExpectRefused(DecodeMessage(beyond), "the region is longer than 1024 bytes");
  beyond = message;
  beyond.mutable_signature_infos(0)->mutable_verification_key_id()->push_back(
      'i');
  ExpectRefused(DecodeMessage(beyond),
                "a signature info is longer than 4096 bytes");
  beyond = message;
  beyond.add_signature_infos();
  ExpectRefused(DecodeMessage(beyond), "more than 64 signature infos");
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
  // A tag of zero where the key's message ends, or goes on.
  ExpectRefused(DecodeRaw(std::string("\x3a\x01\0", 3)), kReason);
  ExpectRefused(DecodeRaw(std::string("\x3a\x03\0\x18\x01", 5)), kReason);
  // An info that is none.
  ExpectRefused(DecodeRaw("\x32\x01i"), kReason);
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
  EXPECT_THAT(decoded.status, IsOk());
  EXPECT_EQ(decoded.keys.size(), 1);
  // Cut short they are none, wherever.
  for (size_t size = 1; size < unknown.size(); size += size < 30 ? 1 : 9973) {
    const bool between_fields = size == 2 || size == 11;
    EXPECT_EQ(DecodeRaw(unknown.substr(0, size)).status.ok(), between_fields)
        << size;
  }
}

TEST(KeyDecoderTest, AcceptsTheLargestBatch) {
  for (const int num : {1, 999'999, 1'000'000}) {
    wire::TemporaryExposureKeyExport message;
    message.set_batch_num(num);
    message.set_batch_size(1'000'000);
    const Decoded decoded = DecodeMessage(message);
    EXPECT_THAT(decoded.status, IsOk());
    EXPECT_EQ(decoded.metadata.batch_num, num);
  }
}

TEST(KeyDecoderTest, RefusesImpossibleBatchNumbers) {
  const std::vector<std::pair<int, int>> kBad = {{0, 1},
                                                 {2, 1},
                                                 {1, 0},
                                                 {-1, 3},
                                                 {1, -1},
                                                 {1, 1'000'001},
                                                 {1'000'001, 1'000'000}};
  for (const auto& [num, size] : kBad) {
    wire::TemporaryExposureKeyExport message;
    message.set_batch_num(num);
    message.set_batch_size(size);
    ExpectRefused(DecodeMessage(message), "cannot be");
  }
}

// A stream that breaks after the header and `message`.
class BreakingStream : public ByteStream {
 public:
  explicit BreakingStream(const std::string& message)
      : start_(std::string(kExportHeader) + message) {}

  absl::StatusOr<size_t> Read(absl::Span<uint8_t> out) override {
    if (start_.empty()) {
      return absl::DataLossError("f: entry export.bin: wrong CRC");
    }
    std::copy(start_.begin(), start_.end(), out.begin());
    return std::exchange(start_, "").size();
  }

 private:
  std::string start_;
};

// The stream's reason wins over the decoder's: in the middle of a key, and also
// between two fields, where what was read is a whole message.
TEST(KeyDecoderTest, PassesTheReasonOfTheStreamOn) {
  wire::TemporaryExposureKeyExport message;
  AddKey(message);
  const std::string one_key = message.SerializeAsString();
  for (const std::string& start :
       {std::string(), std::string("\x3a\x20"), one_key, one_key + one_key}) {
    BreakingStream stream(start);
    KeyDecoder decoder("f", stream, {});
    KeyBlock block;
    EXPECT_EQ(decoder.Next(&block).status(),
              absl::DataLossError("f: entry export.bin: wrong CRC"));
  }
}

TEST(LatestRollingStartTest, IsADayLater) {
  const absl::Time midnight = absl::FromUnixSeconds(1606780800);
  EXPECT_EQ(LatestRollingStart(midnight), 2677968 + 144);
  EXPECT_EQ(LatestRollingStart(midnight + absl::Seconds(599)), 2677968 + 144);
  EXPECT_EQ(LatestRollingStart(midnight + absl::Seconds(600)), 2677968 + 145);
}

TEST(LatestRollingStartTest, StaysWithinTheFormat) {
  const auto kMax =
      static_cast<EnIntervalNumber>(std::numeric_limits<int32_t>::max());
  EXPECT_EQ(LatestRollingStart(absl::UnixEpoch() - absl::Hours(48)), 0);
  EXPECT_EQ(LatestRollingStart(absl::InfinitePast()), 0);
  EXPECT_EQ(LatestRollingStart(absl::InfiniteFuture()), kMax);
  EXPECT_EQ(LatestRollingStart(
                absl::FromUnixSeconds(std::numeric_limits<int64_t>::max())),
            kMax);
}

}  // namespace
}  // namespace tekmatch
