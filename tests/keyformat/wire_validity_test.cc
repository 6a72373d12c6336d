// The decoder takes for protobuf what protobuf takes for it: every verdict is
// held against ParseFromString of the generated class, over a table of what a
// parser may get wrong and over random messages with bytes changed.
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "keyformat/export.pb.h"
#include "keyformat/key_decoder.h"
#include "tests/keyformat/decode_stream.h"
#include "tests/sanitized.h"

namespace tekmatch {
namespace {

Decoded Decode(const std::string& message, size_t piece) {
  PieceStream stream(std::string(kExportHeader) + message, piece);
  return DecodeStream(stream, {});
}

enum class Verdict { kValid, kNotProtobuf, kBeyondOurLimits };

Verdict VerdictOf(const Decoded& decoded) {
  if (decoded.status.ok()) return Verdict::kValid;
  const absl::string_view message = decoded.status.message();
  if (absl::StrContains(message, "not valid protobuf")) {
    return Verdict::kNotProtobuf;
  }
  // Judged at the end of a message that is valid.
  if (absl::StrContains(message, "cannot be")) return Verdict::kValid;
  return Verdict::kBeyondOurLimits;
}

// What protobuf and the decoder have to agree on, to which the message comes in
// pieces of each of these sizes. Returns whether it is valid.
bool ExpectAgreementInPieces(const std::string& message,
                             const std::vector<size_t>& pieces) {
  wire::TemporaryExposureKeyExport parsed;
  const bool valid = parsed.ParseFromString(message);
  for (const size_t piece : pieces) {
    const Decoded decoded = Decode(message, piece);
    const Verdict verdict = VerdictOf(decoded);
    if (verdict == Verdict::kBeyondOurLimits) continue;
    EXPECT_EQ(verdict == Verdict::kValid, valid)
        << decoded.status << " in pieces of " << piece
        << " bytes: " << ::testing::PrintToString(message);
    if (!decoded.status.ok() || !valid) continue;
    EXPECT_EQ(decoded.counts.keys, parsed.keys_size());
    EXPECT_EQ(decoded.counts.revised_keys, parsed.revised_keys_size());
    EXPECT_EQ(decoded.metadata.region, parsed.region());
    EXPECT_EQ(decoded.metadata.start_timestamp, parsed.start_timestamp());
    EXPECT_EQ(decoded.metadata.end_timestamp, parsed.end_timestamp());
    EXPECT_EQ(decoded.metadata.signature_infos.size(),
              parsed.signature_infos_size());
    for (int i = 0; i < parsed.signature_infos_size(); ++i) {
      const SignatureInfo& info =
          decoded.metadata.signature_infos[static_cast<size_t>(i)];
      const wire::SignatureInfo& want = parsed.signature_infos(i);
      EXPECT_EQ(info.key_id, want.verification_key_id());
      EXPECT_EQ(info.key_version, want.verification_key_version());
      EXPECT_EQ(info.algorithm, want.signature_algorithm());
      EXPECT_EQ(info.app_bundle_id, want.app_bundle_id());
      EXPECT_EQ(info.android_package, want.android_package());
    }
    uint64_t dropped = 0;
    for (const uint64_t n : decoded.counts.dropped) dropped += n;
    if (dropped > 0 || decoded.counts.num_rejected() > 0) continue;
    for (int i = 0; i < parsed.keys_size() && parsed.revised_keys_size() == 0;
         ++i) {
      const DiagnosisKey& key = decoded.keys[static_cast<size_t>(i)];
      const wire::TemporaryExposureKey& want = parsed.keys(i);
      EXPECT_EQ(std::string(key.tek.bytes.begin(), key.tek.bytes.end()),
                want.key_data());
      EXPECT_EQ(key.rolling_start, want.rolling_start_interval_number());
      EXPECT_EQ(key.rolling_period, want.rolling_period());
      EXPECT_EQ(key.metadata.days_since_onset.value_or(0),
                want.days_since_onset_of_symptoms());
      EXPECT_EQ(key.metadata.transmission_risk.value_or(0),
                want.transmission_risk_level());
    }
  }
  return valid;
}

// The size of a piece that holds the message and the header before it.
size_t Whole(const std::string& message) {
  return message.size() + kExportHeader.size();
}

bool ExpectAgreement(const std::string& message) {
  return ExpectAgreementInPieces(message, {1, 17, Whole(message)});
}

// A varint of `size` bytes, or of as many as it needs.
std::string Varint(uint64_t value, size_t size = 0) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) {
    bytes += static_cast<char>((value & 0x7f) | 0x80);
  }
  bytes += static_cast<char>(value);
  while (bytes.size() < size) {
    bytes.back() = static_cast<char>(bytes.back() | '\x80');
    bytes += '\0';
  }
  return bytes;
}

std::string Field(const std::string& tag, const std::string& content) {
  return tag + Varint(content.size()) + content;
}

// So many groups of field 9, each within the one before.
std::string Groups(size_t depth) {
  return std::string(depth, '\x4b') + std::string(depth, '\x4c');
}

struct Case {
  const char* what;
  std::string message;
  bool valid;
};

// In a message: the outermost one, a key, and a signature info.
std::vector<Case> Cases(size_t max_groups) {
  const std::string key_start = "\x7a";  // a field of bytes that is unknown
  std::vector<Case> cases = {
      {"a field of bytes", Field(key_start, "x"), true},
      {"a tag of two bytes", Varint(0x7a, 2) + "\1x", true},
      {"a tag of five bytes", Varint(0x7a, 5) + "\1x", true},
      {"a tag of six bytes", Varint(0x7a, 6) + "\1x", false},
      {"a tag of ten bytes", Varint(0x7a, 10) + "\1x", false},
      {"the largest field number", "\xf8\xff\xff\xff\x0f\x01", true},
      {"a tag beyond 32 bits", "\xf8\xff\xff\xff\x1f\x01", true},
      {"a tag beyond 35 bits", Varint((uint64_t{1} << 35) | 0x78) + "\1",
       false},
      {"a tag of which 32 bits are zero",
       std::string("\x80\x80\x80\x80\x10\x01"), false},
      {"field number 0", std::string("\x00\x01", 2), false},
      {"field number 0, bytes", std::string("\x02\x00", 2), false},
      {"wire type 6", "\x7e\x01", false},
      {"wire type 7", "\x7f\x01", false},
      {"a length of two bytes", key_start + Varint(1, 2) + "x", true},
      {"a length of five bytes", key_start + Varint(1, 5) + "x", true},
      {"a length of six bytes", key_start + Varint(1, 6) + "x", false},
      {"a length of ten bytes", key_start + Varint(1, 10) + "x", false},
      {"a length of eleven bytes", key_start + Varint(1, 11) + "x", false},
      {"a length of 2 GiB", key_start + Varint(uint64_t{1} << 31) + "x", false},
      {"a length of 2 GiB less one",
       key_start + Varint((uint64_t{1} << 31) - 1) + "x", false},
      {"a length of 4 GiB and one",
       key_start + Varint((uint64_t{1} << 32) + 1) + "x", false},
      {"a length of 2^63 and one",
       key_start + Varint((uint64_t{1} << 63) + 1) + "x", false},
      {"a length beyond the end", key_start + "\2x", false},
      {"a varint of ten bytes", "\x78" + Varint(1, 10), true},
      {"a varint of ten bytes, beyond 64 bits",
       "\x78" + std::string(9, '\xff') + "\x7f", true},
      {"a varint of eleven bytes", "\x78" + Varint(1, 11), false},
      {"a varint cut short", "\x78\xff", false},
      {"64 bits", "\x79" + std::string(8, 'x'), true},
      {"64 bits cut short", "\x79" + std::string(7, 'x'), false},
      {"32 bits", "\x7d" + std::string(4, 'x'), true},
      {"32 bits cut short", "\x7d" + std::string(3, 'x'), false},
      {"a group", Groups(1), true},
      {"a group without end", "\x4b", false},
      {"an end without a group", "\x4c", false},
      {"another group's end", "\x4b\x54", false},
      {"groups that cross", "\x4b\x53\x4c\x54", false},
      {"groups side by side", "\x4b\x4c\x4b\x4c\x53\x54", true},
      {"a group of all types",
       "\x4b\x78\x01\x79" + std::string(8, 'x') + "\x7a\x01x\x7d" +
           std::string(4, 'x') + "\x53\x54\x4c",
       true},
      {"field number 0 in a group", std::string("\x4b\x00\x4c", 3), false},
      {"a tag of six bytes in a group", "\x4b" + Varint(0x78, 6) + "\1\x4c",
       false},
      {"a length of six bytes in a group", "\x4b\x7a" + Varint(1, 6) + "x\x4c",
       false},
      {"groups as deep as allowed", Groups(max_groups), true},
      {"groups too deep", Groups(max_groups + 1), false},
      {"groups much too deep", std::string(100'000, '\x4b'), false},
      {"groups as deep as allowed, twice",
       Groups(max_groups) + Groups(max_groups), true},
  };
  return cases;
}

TEST(WireValidityTest, TheOutermostMessageIsJudgedAsByProtobuf) {
  for (const Case& c : Cases(100)) {
    SCOPED_TRACE(c.what);
    EXPECT_EQ(ExpectAgreement(c.message), c.valid);
  }
}

TEST(WireValidityTest, MessagesWithinAreJudgedAsByProtobuf) {
  for (const char* tag : {"\x32", "\x3a", "\x42"}) {
    for (const Case& c : Cases(99)) {
      SCOPED_TRACE(c.what);
      EXPECT_EQ(ExpectAgreement(Field(tag, c.message)), c.valid);
      // What follows is no part of it.
      EXPECT_EQ(ExpectAgreement(Field(tag, c.message) + std::string("\x7a\1x")),
                c.valid);
    }
  }
}

// The fields that the decoder reads, in forms that servers do not write.
TEST(WireValidityTest, KnownFieldsInOtherFormsAreJudgedAsByProtobuf) {
  const std::string ten_bytes = std::string(9, '\xff') + '\x7f';
  const std::string eleven_bytes = std::string(10, '\xff') + '\x01';
  for (const std::string& tag :
       {std::string("\x20"), std::string("\x28"), std::string("\x40")}) {
    EXPECT_TRUE(ExpectAgreement(tag + ten_bytes));
    EXPECT_FALSE(ExpectAgreement(tag + eleven_bytes));
  }
  for (char tag = '\x08'; tag <= '\x45'; ++tag) {
    for (const std::string& value :
         {std::string("\1"), std::string("\0", 1), Varint(1, 5), Varint(1, 6),
          ten_bytes, eleven_bytes, std::string("\1x"), std::string(8, '\1'),
          std::string("\x08\x01\x01\x01\x01\x01\x01\x01\x01"), std::string()}) {
      ExpectAgreement(tag + value);
      ExpectAgreement(Varint(static_cast<uint8_t>(tag), 5) + value);
      ExpectAgreement(Varint(static_cast<uint8_t>(tag), 6) + value);
      for (const char* outer : {"\x32", "\x3a", "\x42"}) {
        ExpectAgreement(Field(outer, tag + value));
      }
    }
  }
  const std::string tek(16, 'k');
  for (const size_t size : {1, 2, 5, 6, 10}) {
    const bool valid = size <= 5;
    const std::string data = "\x0a" + Varint(16, size) + tek;
    EXPECT_EQ(ExpectAgreement(Field("\x3a", data)), valid);
    EXPECT_EQ(ExpectAgreement("\x3a" + Varint(data.size(), size) + data),
              valid);
    EXPECT_EQ(ExpectAgreement("\x1a" + Varint(3, size) + "440"), valid);
  }
}

// Messages with fields of all kinds, most of them known.
class RandomMessages {
 public:
  explicit RandomMessages(uint64_t seed) : random_(seed) {}

  std::string Message() {
    std::string message;
    for (uint64_t i = Below(6); i > 0; --i) message += AnyField(2);
    return message;
  }

  std::string Damaged(std::string message) {
    for (uint64_t i = 1 + Below(3); i > 0 && !message.empty(); --i) {
      const size_t at = Below(message.size());
      switch (Below(4)) {
        case 0:
          message[at] = static_cast<char>(Below(256));
          break;
        case 1:
          message[at] = static_cast<char>(message[at] ^ (1 << Below(8)));
          break;
        case 2:
          message.erase(at, 1 + Below(2));
          break;
        default:
          message.insert(at, std::string(1 + Below(6), '\x80'));
      }
    }
    return message;
  }

 private:
  uint64_t Below(uint64_t bound) {
    return std::uniform_int_distribution<uint64_t>(0, bound - 1)(random_);
  }

  std::string Number(uint64_t value) {
    return Varint(value, Below(8) == 0 ? 1 + Below(10) : 0);
  }

  std::string AnyField(int depth) {
    const uint64_t field = Below(8) == 0 ? Below(uint64_t{1} << 29) : Below(10);
    const bool message = field >= 6 && field <= 8 && depth == 2;
    const uint64_t type = message && Below(8) != 0 ? 2 : Below(Below(8) + 1);
    std::string tag = Number(field << 3 | type);
    std::string content;
    switch (type) {
      case 0:
        return tag + Number(Below(2) == 0 ? Below(200) : random_());
      case 1:
        return tag + std::string(8, 'x');
      case 2:
        if (depth > 0 && message) {
          for (uint64_t i = Below(8); i > 0; --i)
            content += AnyField(depth - 1);
        } else {
          content = std::string(Below(2) == 0 ? 16 : Below(40), 'b');
        }
        return tag + Number(content.size()) + content;
      case 3:
        for (uint64_t i = Below(3); depth > 0 && i > 0; --i) {
          content += AnyField(depth - 1);
        }
        return tag + content + Varint(field << 3 | 4);
      case 5:
        return tag + std::string(4, 'x');
      default:
        return tag;
    }
  }

  std::mt19937_64 random_;
};

TEST(WireValidityTest, RandomMessagesAreJudgedAsByProtobuf) {
  int num_valid = 0;
  constexpr int kNumMessages = ShareOf(60'000);
  RandomMessages random(1);
  for (int i = 0; i < kNumMessages && !HasFailure(); ++i) {
    std::string message = random.Message();
    if (i % 2 == 1) message = random.Damaged(std::move(message));
    // Each in pieces of one size only: the decoder's buffers are what costs.
    const size_t piece = i % 3 == 0 ? 1 : i % 3 == 1 ? 17 : Whole(message);
    num_valid += ExpectAgreementInPieces(message, {piece});
  }
  EXPECT_GT(num_valid, kNumMessages / 10);
  EXPECT_LT(num_valid, kNumMessages * 9 / 10);
}

}  // namespace
}  // namespace tekmatch
