// Which messages are exports, and what is said of those that are none.
#include <algorithm>
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
#include "keyformat/key_block.h"
#include "keyformat/key_decoder.h"
#include "tests/keyformat/decode_stream.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

void ExpectRefused(const Decoded& decoded, const std::string& reason) {
  EXPECT_THAT(decoded.status,
              StatusIs(absl::StatusCode::kDataLoss,
                       AllOf(HasSubstr("f: export.bin: "), HasSubstr(reason))));
}

TEST(ExportValidityTest, AnEmptyMessageIsAnExportWithoutKeys) {
  const Decoded decoded = DecodeRaw("");
  EXPECT_THAT(decoded.status, IsOk());
  EXPECT_TRUE(decoded.keys.empty());
}

TEST(ExportValidityTest, RefusesAWrongHeader) {
  ExpectRefused(Decode(""), "header");
  ExpectRefused(Decode("EK Export v1"), "header");
  ExpectRefused(Decode("EK Export v2    "), "header");
  ExpectRefused(Decode("EK Export v1   x"), "header");
}

TEST(ExportValidityTest, RefusesEveryTruncation) {
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

TEST(ExportValidityTest, AcceptsStringsAndInfosUpToTheirLimits) {
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

TEST(ExportValidityTest, RefusesWireTricks) {
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

TEST(ExportValidityTest, SkipsUnknownFields) {
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

TEST(ExportValidityTest, AcceptsTheLargestBatch) {
  for (const int num : {1, 999'999, 1'000'000}) {
    wire::TemporaryExposureKeyExport message;
    message.set_batch_num(num);
    message.set_batch_size(1'000'000);
    const Decoded decoded = DecodeMessage(message);
    EXPECT_THAT(decoded.status, IsOk());
    EXPECT_EQ(decoded.metadata.batch_num, num);
  }
}

TEST(ExportValidityTest, RefusesImpossibleBatchNumbers) {
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
TEST(ExportValidityTest, PassesTheReasonOfTheStreamOn) {
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

}  // namespace
}  // namespace tekmatch
