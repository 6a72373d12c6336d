#include "registration/service/digests.h"

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tekmatch {
namespace {

std::string Hex(const Digest& digest) {
  return absl::BytesToHexString(
      {reinterpret_cast<const char*>(digest.data()), digest.size()});
}

// FIPS 180-4's example.
TEST(DigestsTest, Sha256) {
  EXPECT_EQ(Hex(Sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

// RFC 4231, test case 2.
TEST(DigestsTest, HmacSha256) {
  const auto digest = HmacSha256("Jefe", "what do ya want for nothing?");
  ASSERT_TRUE(digest.ok());
  EXPECT_EQ(Hex(*digest),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(DigestsTest, Comparison) {
  EXPECT_TRUE(IsEqualInConstantTime("", ""));
  EXPECT_TRUE(IsEqualInConstantTime("secret", "secret"));
  EXPECT_FALSE(IsEqualInConstantTime("secret", "secreT"));
  EXPECT_FALSE(IsEqualInConstantTime("secret", "secret "));
}

}  // namespace
}  // namespace tekmatch
