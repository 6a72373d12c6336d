// Keys from files: what is the file's fault, and what is a lack of memory.
#include "tools/files/key_file.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/keyformat/failing_boringssl.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

constexpr std::array<uint8_t, 32> kDigest{1, 2, 3};

class KeyFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto key = SigningKey::Generate();
    ASSERT_THAT(key, IsOk());
    const auto public_pem = key->PublicPem();
    ASSERT_THAT(public_pem, IsOk());
    const auto private_pem = key->PrivatePem();
    ASSERT_THAT(private_pem, IsOk());
    WriteFile(public_path_, *public_pem);
    WriteFile(private_path_, *private_pem);
  }

  const std::string public_path_ = TempPath("public.pem");
  const std::string private_path_ = TempPath("private.pem");
};

class KeyFileMemoryTest : public KeyFileTest,
                          public ::testing::WithParamInterface<bool> {};

TEST_P(KeyFileMemoryTest, ALackOfMemoryIsNotTheFilesFault) {
  EXPECT_GT(
      FailEachAllocation(
          [this] { return ReadVerificationKey(public_path_).status(); },
          GetParam(), {absl::StrCat(public_path_, ": ", kNoMemoryForKey)}),
      2);
  EXPECT_GT(
      FailEachAllocation(
          [this] { return ReadSigningKey(private_path_).status(); }, GetParam(),
          {absl::StrCat(private_path_, ": ", kNoMemoryForKey)}),
      2);
}

INSTANTIATE_TEST_SUITE_P(OnceAndForEver, KeyFileMemoryTest, testing::Bool());

TEST_F(KeyFileTest, TheKeysOfTheFiles) {
  const auto verification = ReadVerificationKey(public_path_);
  ASSERT_THAT(verification, IsOk());
  const auto signing = ReadSigningKey(private_path_);
  ASSERT_THAT(signing, IsOk());
  const auto signature = signing->Sign(kDigest);
  ASSERT_THAT(signature, IsOk());
  EXPECT_TRUE(verification->Verify(kDigest, *signature));
}

TEST_F(KeyFileTest, WhatAFileHoldsIsTheFilesFault) {
  const std::string path = TempPath("bad.pem");
  for (const std::string& content : {std::string(), std::string("nonsense"),
                                     ReadFile(public_path_).substr(0, 60)}) {
    WriteFile(path, content);
    EXPECT_EQ(ReadVerificationKey(path).status(),
              absl::DataLossError(absl::StrCat(
                  path,
                  ": no public key: neither PEM nor DER nor base64 of "
                  "one, or of an X.509 certificate")));
    EXPECT_EQ(
        ReadSigningKey(path).status(),
        absl::DataLossError(absl::StrCat(
            path, ": not a PEM private key on P-256 (without passphrase)")));
  }
  const std::string private_pem = ReadFile(private_path_);
  WriteFile(path, private_pem.substr(0, private_pem.size() / 2));
  EXPECT_EQ(
      ReadSigningKey(path).status(),
      absl::DataLossError(absl::StrCat(
          path, ": not a PEM private key on P-256 (without passphrase)")));
  WriteFile(path, ReadFile(public_path_) + std::string(64 << 10, '\n'));
  for (const absl::Status& status :
       {ReadVerificationKey(path).status(), ReadSigningKey(path).status()}) {
    EXPECT_EQ(status,
              absl::DataLossError(absl::StrCat(path, ": too large for a key")));
  }
}

TEST_F(KeyFileTest, WhatCannotBeReadIsTheSystems) {
  const std::string none = TempPath("none.pem");
  const std::string folder = TempPath("folder.pem");
  std::filesystem::create_directories(folder);
  for (const auto& [path, code] :
       {std::pair(none, absl::StatusCode::kNotFound),
        std::pair(folder, absl::StatusCode::kFailedPrecondition)}) {
    for (const absl::Status& status :
         {ReadVerificationKey(path).status(), ReadSigningKey(path).status()}) {
      EXPECT_EQ(status.code(), code) << status;
      EXPECT_TRUE(absl::StartsWith(status.message(), path + ": ")) << status;
    }
  }
}

}  // namespace
}  // namespace tekmatch
