#include "tools/sightings/crc32c.h"

#include <string>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace tekmatch {
namespace {

// RFC 3720, B.4.
TEST(Crc32cTest, IsThatOfTheSpecification) {
  std::string up;
  for (char c = 0; c < 32; ++c) up.push_back(c);
  const std::string down(up.rbegin(), up.rend());
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(Crc32c(std::string(32, '\xFF')), 0x62A8AB43U);
  EXPECT_EQ(Crc32c(up), 0x46DD794EU);
  EXPECT_EQ(Crc32c(down), 0x113FDB5CU);
  EXPECT_EQ(Crc32c(""), 0U);
  EXPECT_EQ(Crc32c("123456789"), 0xE3069283U);
}

TEST(Crc32cTest, GoesOnWherePartsMeet) {
  const std::string all = "what is said in two parts is said";
  for (size_t n = 0; n <= all.size(); ++n) {
    const absl::string_view text = all;
    EXPECT_EQ(ExtendCrc32c(Crc32c(text.substr(0, n)), text.substr(n)),
              Crc32c(all))
        << n;
  }
}

}  // namespace
}  // namespace tekmatch
