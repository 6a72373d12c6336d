// Keys as servers write them, which the decoder reads in a way of their own.
#include <algorithm>
#include <cstdint>
#include <iterator>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/export.pb.h"
#include "keyformat/key_decoder.h"
#include "keyformat/wire_key.h"
#include "tests/keyformat/decode_stream.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

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
TEST(PlainKeyTest, PiecesOfAnySizeGiveTheSame) {
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
      EXPECT_THAT(expected.status, IsOk());
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

// A key without a start is judged alike in either way: it is no key of 1970.
TEST(PlainKeyTest, AKeyWithoutAStartIsRejectedInBothWays) {
  const std::string tek = std::string("\x0a\x10") + std::string(16, 'k');
  const std::string zero = tek + std::string("\x18\0", 2);
  const std::string first = tek + "\x18\x01";
  std::string bytes(kExportHeader);
  for (const char field : {'\x3a', '\x42'}) {
    for (const std::string& key : {tek, zero, first}) {
      bytes += field;
      bytes += static_cast<char>(key.size());
      bytes += key;
    }
  }
  // Room for a plain key behind the last one, in a field that is passed over.
  bytes += "\x7a\x7f" + std::string(127, 'x');
  for (const size_t piece : {kPlainKeyRoom - 1, bytes.size()}) {
    PieceStream stream(bytes, piece);
    const Decoded decoded = DecodeStream(stream, {});
    ASSERT_THAT(decoded.status, IsOk());
    EXPECT_EQ(decoded.counts.keys, 3);
    EXPECT_EQ(decoded.counts.revised_keys, 3);
    EXPECT_EQ(decoded.rejected(KeyRejection::kMissingRollingStart), 4);
    EXPECT_EQ(decoded.counts.num_rejected(), 4);
    ASSERT_EQ(decoded.keys.size(), 2);
    EXPECT_EQ(decoded.keys[0].rolling_start, 1);
    EXPECT_TRUE(decoded.keys[1].metadata.revised);
  }
}

// Of the two readers above the one for plain keys reads what servers write, and
// no more than it may.
TEST(PlainKeyTest, WhatServersWriteIsPlain) {
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

TEST(PlainKeyTest, APlainKeyStaysWithinItsRoom) {
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

}  // namespace
}  // namespace tekmatch
