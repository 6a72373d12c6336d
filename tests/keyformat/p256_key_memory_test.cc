// A signature that is verified, and a key that is read, where BoringSSL has no
// memory: each allocation fails once, and all from it on. A right one is not
// called wrong. Each call is a process's first: BoringSSL keeps what it makes
// of a curve then.
#include <openssl/sha.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/p256_key.h"
#include "keyformat/public_key_forms.h"
#include "keyformat/status_macros.h"
#include "tests/keyformat/failing_boringssl.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::SizeIs;

class P256KeyMemoryTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    const std::string said = InChild([] {
      const auto key = SigningKey::Generate();
      return key.ok() ? absl::StrCat(key->PublicPem().value_or(""), kBetween,
                                     key->PrivatePem().value_or(""), kBetween,
                                     key->Sign(Digest()).value_or(""))
                      : key.status().ToString();
    });
    const std::vector<std::string> parts =
        absl::StrSplit(said, absl::MaxSplits(kBetween, 2));
    ASSERT_THAT(parts, SizeIs(3)) << said;
    public_pem_ = parts[0];
    private_pem_ = parts[1];
    signature_ = parts[2];
  }

  static constexpr absl::string_view kBetween = "|";

  // Of nothing.
  static std::array<uint8_t, SHA256_DIGEST_LENGTH> Digest() {
    std::array<uint8_t, SHA256_DIGEST_LENGTH> digest;
    SHA256(nullptr, 0, digest.data());
    return digest;
  }

  std::string public_pem_;
  std::string private_pem_;
  std::string signature_;
};

TEST_P(P256KeyMemoryTest, ARightSignatureIsNotCalledWrong) {
  const auto said = [](bool verdict) {
    return verdict ? absl::OkStatus() : absl::DataLossError("wrong");
  };
  EXPECT_GT(FailEachAllocation(
                [&]() -> absl::Status {
                  TEKMATCH_ASSIGN_OR_RETURN(
                      const VerificationKey key,
                      VerificationKey::Parse(public_pem_));
                  return said(key.Verify(Digest(), signature_));
                },
                GetParam()),
            4);
  EXPECT_EQ(FailEachAllocation([&] { return said(IsDerSignature(signature_)); },
                               GetParam()),
            0);
}

TEST_P(P256KeyMemoryTest, ARightPublicKeyIsNotCalledDamaged) {
  const std::string info =
      InChild([&] { return FindPublicKeyInfo(public_pem_).value_or(""); });
  ASSERT_NE(info, "");
  // Text and a second block, the same key; DER; base64 of that.
  for (const std::string& file :
       {public_pem_, absl::StrCat("key:\n", public_pem_, "\n", public_pem_),
        info, absl::Base64Escape(info)}) {
    EXPECT_GT(
        FailEachAllocation(
            [&] { return VerificationKey::Parse(file).status(); }, GetParam()),
        2);
  }
}

// Of two keys that differ the second one is not overlooked.
TEST_P(P256KeyMemoryTest, TwoKeysAreNotTakenForOne) {
  const std::string other = InChild([] {
    const auto key = SigningKey::Generate();
    return key.ok() ? key->PublicPem().value_or("") : "";
  });
  const std::string both = public_pem_ + other;
  FailEachAllocation(
      [&]() -> absl::Status {
        const absl::Status status = VerificationKey::Parse(both).status();
        if (status.ok()) return absl::DataLossError("taken for one");
        return status.message() == "several keys; give each a file of its own"
                   ? absl::OkStatus()
                   : status;
      },
      GetParam());
}

TEST_P(P256KeyMemoryTest, ARightSigningKeyIsNotCalledDamaged) {
  EXPECT_GT(FailEachAllocation(
                [&] { return SigningKey::FromPem(private_pem_).status(); },
                GetParam()),
            2);
}

TEST_P(P256KeyMemoryTest, WhatIsDoneWithAKeyFailsForThatReason) {
  EXPECT_GT(FailEachAllocation(
                [] { return SigningKey::Generate().status(); }, GetParam(),
                {"not enough memory: a P-256 key could not be generated"}),
            2);
  const auto with_key =
      [&](const std::function<absl::Status(const SigningKey&)>& call,
          const std::string& what) {
        return FailEachAllocation(
            [&]() -> absl::Status {
              TEKMATCH_ASSIGN_OR_RETURN(const SigningKey key,
                                        SigningKey::FromPem(private_pem_));
              return call(key);
            },
            GetParam(), {kNoMemoryForKey, "not enough memory: " + what});
      };
  const int to_read =
      with_key([](const SigningKey&) { return absl::OkStatus(); }, "");
  EXPECT_GT(
      with_key([](const SigningKey& key) { return key.PublicPem().status(); },
               "PEM could not be written"),
      to_read);
  EXPECT_GT(
      with_key([](const SigningKey& key) { return key.PrivatePem().status(); },
               "PEM could not be written"),
      to_read);
  EXPECT_GT(
      with_key(
          [](const SigningKey& key) { return key.Sign(Digest()).status(); },
          "signing failed"),
      to_read);
}

void ExpectThatWrongIsWrong() {
  const auto key = SigningKey::Generate();
  ASSERT_THAT(key, IsOk());
  const auto pem = key->PublicPem();
  ASSERT_THAT(pem, IsOk());
  const auto verification = VerificationKey::Parse(*pem);
  ASSERT_THAT(verification, IsOk());
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest{};
  auto signature = key->Sign(digest);
  ASSERT_THAT(signature, IsOk());
  EXPECT_TRUE(verification->Verify(digest, *signature));
  digest[0] = 1;
  EXPECT_FALSE(verification->Verify(digest, *signature));
  EXPECT_FALSE(verification->Verify(digest, ""));
  EXPECT_FALSE(verification->Verify(digest, "no signature"));
  EXPECT_THAT(VerificationKey::Parse("-----BEGIN PUBLIC KEY-----\nAAAA\n"),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(SigningKey::FromPem("-----BEGIN PRIVATE KEY-----\nAAAA\n"),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(SigningKey::FromPem(*pem),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(SigningKey::FromPem(""),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_FALSE(IsDerSignature(""));
  EXPECT_FALSE(IsDerSignature("no signature"));
  // One byte more, one less, a number below 0, and one of three bytes for one.
  EXPECT_FALSE(IsDerSignature(*signature + "\1"));
  EXPECT_FALSE(IsDerSignature(signature->substr(0, signature->size() - 1)));
  EXPECT_TRUE(IsDerSignature("\x30\x06\x02\x01\x01\x02\x01\x7f"));
  EXPECT_FALSE(IsDerSignature("\x30\x06\x02\x01\x01\x02\x01\xff"));
  EXPECT_FALSE(IsDerSignature(
      absl::string_view("\x30\x07\x02\x02\x00\x01\x02\x01\x01", 9)));
  EXPECT_FALSE(IsDerSignature("\x30\x09\x02\x01\x01\x02\x01\x01\x02\x01\x01"));
}

// And where there is memory, what is wrong is still called so.
TEST(P256KeyWithMemoryTest, WrongIsWrong) {
  EXPECT_EQ(InChild([] {
              ExpectThatWrongIsWrong();
              std::fflush(nullptr);
              return testing::Test::HasFailure() ? "failed" : "";
            }),
            "");
}

INSTANTIATE_TEST_SUITE_P(OnceAndForEver, P256KeyMemoryTest, testing::Bool());

}  // namespace
}  // namespace tekmatch
