#include "tools/files/hex.h"

#include <array>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

TEST(HexTest, DecodesEitherCaseAndEncodesLowerCase) {
  std::array<uint8_t, 4> bytes{};
  ASSERT_THAT(DecodeHex("00aBCdfF", absl::MakeSpan(bytes)), IsOk());
  EXPECT_EQ(bytes, (std::array<uint8_t, 4>{0x00, 0xab, 0xcd, 0xff}));
  EXPECT_EQ(EncodeHex(bytes), "00abcdff");
}

TEST(HexTest, EveryByteRoundTrips) {
  for (int i = 0; i < 256; ++i) {
    const std::array<uint8_t, 1> bytes{static_cast<uint8_t>(i)};
    std::array<uint8_t, 1> again{};
    ASSERT_THAT(DecodeHex(EncodeHex(bytes), absl::MakeSpan(again)), IsOk())
        << i;
    EXPECT_EQ(again, bytes);
  }
}

TEST(HexTest, NothingIsZeroBytes) {
  std::array<uint8_t, 0> none{};
  EXPECT_THAT(DecodeHex("", absl::MakeSpan(none)), IsOk());
  EXPECT_EQ(EncodeHex(none), "");
}

TEST(HexTest, RefusesOtherLengths) {
  std::array<uint8_t, 2> bytes{};
  for (const std::string hex : {"", "0", "012", "01234", "012345"}) {
    EXPECT_EQ(DecodeHex(hex, absl::MakeSpan(bytes)),
              absl::InvalidArgumentError(std::to_string(hex.size()) +
                                         " characters, 4 wanted"));
  }
}

TEST(HexTest, RefusesOtherCharactersInEitherHalfOfAByte) {
  std::array<uint8_t, 2> bytes{};
  // Among them the neighbours of 0, 9, A, F, a and f.
  for (const char c :
       {'/', ':', '@', 'G', '`', 'g', ' ', '-', 'x', '\xff', '\0'}) {
    for (size_t at = 0; at < 4; ++at) {
      std::string hex = "0123";
      hex[at] = c;
      EXPECT_EQ(DecodeHex(hex, absl::MakeSpan(bytes)),
                absl::InvalidArgumentError("not hexadecimal"))
          << "character " << int{c} << " at " << at;
    }
  }
}

}  // namespace
}  // namespace tekmatch
