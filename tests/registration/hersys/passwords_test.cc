#include "registration/hersys/passwords.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

constexpr char kPassword[] = "とても長い合言葉です。そう";

TEST(PasswordsTest, OnlyTheSamePasswordIsRight) {
  const std::string hash = *HashPassword(kPassword);
  EXPECT_THAT(VerifyPassword(kPassword, hash), IsOkAndHolds(true));
  for (const std::string& other :
       {std::string(), std::string(kPassword) + " ",
        std::string(kPassword).substr(3), std::string("x"),
        std::string(100'000, 'x'), std::string("\xff\xfe")}) {
    EXPECT_THAT(VerifyPassword(other, hash), IsOkAndHolds(false));
  }
}

TEST(PasswordsTest, HashSaysItsParameters) {
  const std::string hash = *HashPassword(kPassword);
  EXPECT_TRUE(absl::StartsWith(hash, "$argon2id$v=19$m=19456,t=2,p=1$"));
  // 16 bytes of salt and 32 of tag, in base64 without padding.
  const std::vector<std::string> parts = absl::StrSplit(hash, '$');
  ASSERT_EQ(parts.size(), 6u);
  EXPECT_EQ(parts[4].size(), 22u);
  EXPECT_EQ(parts[5].size(), 43u);
  // Another salt each time.
  EXPECT_NE(*HashPassword(kPassword), hash);
}

// A test vector of the reference implementation (phc-winner-argon2, test.c):
// "password", "somesalt", 2 passes, 256 KiB, 1 lane.
TEST(PasswordsTest, IsArgon2id) {
  EXPECT_THAT(VerifyPassword("passwore",
                             "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$"
                             "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"),
              IsOkAndHolds(false));
  EXPECT_THAT(VerifyPassword("password",
                             "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$"
                             "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"),
              IsOkAndHolds(true));
}

TEST(PasswordsTest, Lengths) {
  const std::string twelve = "あいうえおかきくけこさし";
  EXPECT_THAT(CheckPassword(twelve), IsOk());
  EXPECT_THAT(CheckPassword(twelve.substr(3)),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(CheckPassword(std::string(128, 'x')), IsOk());
  EXPECT_THAT(CheckPassword(std::string(129, 'x')),
              StatusIs(absl::StatusCode::kInvalidArgument));
  for (const std::string& other :
       {std::string("\xff") + twelve, twelve + "\n", twelve + "\x7f",
        twelve + std::string(1, '\0')}) {
    EXPECT_THAT(CheckPassword(other),
                StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(HashPassword(other).status(),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
  // Of the longest one all counts.
  const std::string hash = *HashPassword(std::string(128, 'x'));
  EXPECT_THAT(VerifyPassword(std::string(128, 'x'), hash), IsOkAndHolds(true));
  EXPECT_THAT(VerifyPassword(std::string(127, 'x'), hash), IsOkAndHolds(false));
  EXPECT_THAT(VerifyPassword(std::string(129, 'x'), hash), IsOkAndHolds(false));
}

TEST(PasswordsTest, WhatIsNoHash) {
  for (const char* hash :
       {"", "x", "$argon2id$", "$argon2i$v=19$m=256,t=2,p=1$c29t$nf65",
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ", "$2b$10$abcdefghij"}) {
    EXPECT_THAT(VerifyPassword(kPassword, hash).status(),
                StatusIs(absl::StatusCode::kDataLoss))
        << hash;
  }
}

}  // namespace
}  // namespace tekmatch
