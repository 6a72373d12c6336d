#include "tools/hex.h"

#include <array>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"

namespace tekmatch {
namespace {

TEST(HexTest, DecodesEitherCaseAndEncodesLowerCase) {
  std::array<uint8_t, 4> bytes{};
  ASSERT_TRUE(DecodeHex("00aBCdfF", absl::MakeSpan(bytes)).ok());
  EXPECT_EQ(bytes, (std::array<uint8_t, 4>{0x00, 0xab, 0xcd, 0xff}));
  EXPECT_EQ(EncodeHex(bytes), "00abcdff");
}

TEST(HexTest, RefusesOtherLengthsAndOtherCharacters) {
  std::array<uint8_t, 2> bytes{};
  for (const char* hex : {"", "0", "012", "01234", "012345"}) {
    const absl::Status status = DecodeHex(hex, absl::MakeSpan(bytes));
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(), std::to_string(std::string(hex).size()) +
                                    " characters, 4 wanted");
  }
  for (const char* hex : {"01g3", "01 3", "-123", "0x12", "\xff\xff\xff\xff"}) {
    const absl::Status status = DecodeHex(hex, absl::MakeSpan(bytes));
    EXPECT_EQ(status, absl::InvalidArgumentError("not hexadecimal")) << hex;
  }
}

}  // namespace
}  // namespace tekmatch
