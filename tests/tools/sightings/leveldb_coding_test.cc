#include "tools/sightings/leveldb_coding.h"

#include <cstdint>
#include <limits>
#include <string>

#include "gtest/gtest.h"
#include "tests/tools/sightings/test_leveldb.h"

namespace tekmatch {
namespace {

TEST(LevelDbCodingTest, NumbersOfFixedSize) {
  LevelDbInput in(
      "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\xff");
  uint64_t eight = 0;
  uint32_t four = 0;
  uint16_t two = 0;
  uint8_t one = 0;
  ASSERT_TRUE(in.Fixed64(&eight));
  EXPECT_EQ(eight, 0x0807060504030201U);
  ASSERT_TRUE(in.Fixed32(&four));
  EXPECT_EQ(four, 0x0c0b0a09U);
  ASSERT_TRUE(in.Fixed16(&two));
  EXPECT_EQ(two, 0x0e0dU);
  EXPECT_FALSE(LevelDbInput(in.rest()).Fixed16(&two));
  EXPECT_FALSE(LevelDbInput(in.rest()).Fixed32(&four));
  EXPECT_FALSE(LevelDbInput(in.rest()).Fixed64(&eight));
  ASSERT_TRUE(in.Byte(&one));
  EXPECT_EQ(one, 0xff);
  EXPECT_TRUE(in.empty());
  EXPECT_FALSE(in.Byte(&one));
}

TEST(LevelDbCodingTest, Varints) {
  for (const uint64_t value :
       {uint64_t{0}, uint64_t{127}, uint64_t{128}, uint64_t{300},
        uint64_t{std::numeric_limits<uint32_t>::max()},
        std::numeric_limits<uint64_t>::max()}) {
    const std::string bytes = Varint(value);
    uint64_t wide = 1;
    ASSERT_TRUE(LevelDbInput(bytes).Varint64(&wide)) << value;
    EXPECT_EQ(wide, value);
    uint32_t narrow = 1;
    EXPECT_EQ(LevelDbInput(bytes).Varint32(&narrow),
              value <= std::numeric_limits<uint32_t>::max());
    EXPECT_FALSE(
        LevelDbInput(absl::string_view(bytes).substr(0, bytes.size() - 1))
            .Varint64(&wide));
  }
  uint64_t wide = 0;
  // 2^64, in bits and in bytes.
  EXPECT_FALSE(
      LevelDbInput("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02").Varint64(&wide));
  EXPECT_FALSE(LevelDbInput("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01")
                   .Varint64(&wide));
}

TEST(LevelDbCodingTest, Strings) {
  LevelDbInput in("\3abc\1");
  absl::string_view bytes;
  ASSERT_TRUE(in.String(&bytes));
  EXPECT_EQ(bytes, "abc");
  EXPECT_FALSE(LevelDbInput(in.rest()).String(&bytes));
  EXPECT_FALSE(LevelDbInput(in.rest()).Bytes(2, &bytes));
  ASSERT_TRUE(in.Bytes(1, &bytes));
  EXPECT_EQ(bytes, "\1");
  ASSERT_TRUE(in.Bytes(0, &bytes));
  EXPECT_EQ(bytes, "");
  EXPECT_FALSE(LevelDbInput("\xff\xff\xff\xff\x0f").String(&bytes));
}

TEST(LevelDbCodingTest, Checksums) {
  // The check value of CRC-32C is 0xe3069283; rotated right by 15 bits it is
  // 0x2507c60d.
  EXPECT_TRUE(LevelDbChecksumIs(0x2507c60dU + 0xa282ead8U, "123456789"));
  EXPECT_FALSE(LevelDbChecksumIs(0xe3069283U, "123456789"));
  EXPECT_FALSE(LevelDbChecksumIs(0x2507c60dU + 0xa282ead8U, "123456780"));
  EXPECT_TRUE(LevelDbChecksumIs(0xa282ead8U, ""));
  EXPECT_EQ(MaskedCrc("123456789"), 0x2507c60dU + 0xa282ead8U);
}

}  // namespace
}  // namespace tekmatch
