// What the decoder makes of the fields that a valid message has.
#include "keyformat/key_decoder.h"

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/export.pb.h"
#include "tests/keyformat/decode_stream.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::Each;

// In how many keys each optional field was present.
std::array<uint64_t, 5> Present(const DecodeCounts& counts) {
  return {counts.with_transmission_risk, counts.with_rolling_period,
          counts.with_report_type, counts.with_days_since_onset,
          counts.with_variant_of_concern};
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
  EXPECT_THAT(Present(decoded.counts), Each(2));
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
  EXPECT_THAT(Present(decoded.counts), Each(0));
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

// The longest length there is, by protobuf: what is longer is none.
TEST(KeyDecoderTest, ALengthIsUpToSixteenLessThanTwoGiB) {
  const auto region_of = [](uint32_t length) {
    std::string bytes = std::string(kExportHeader) + "\x1a";
    for (; length >= 0x80; length >>= 7) {
      bytes.push_back(static_cast<char>(length % 0x80 + 0x80));
    }
    bytes.push_back(static_cast<char>(length));
    return std::string(Decode(bytes).status.message());
  };
  const uint32_t most = 0x7fffffff - 16;
  EXPECT_THAT(region_of(most), ::testing::HasSubstr("the region is longer"));
  EXPECT_THAT(region_of(most + 1),
              ::testing::Not(::testing::HasSubstr("the region is longer")));
}

}  // namespace
}  // namespace tekmatch
