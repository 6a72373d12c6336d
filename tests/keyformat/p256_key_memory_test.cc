// Plan: BoringSSL's allocation, which can fail; a call with each of its
// allocations failing; signatures, right ones and wrong ones.
//
// A signature that is verified where BoringSSL has no memory: each allocation
// fails once, and all from it on. A right one is not called wrong.
#include <openssl/sha.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <new>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "keyformat/p256_key.h"
#include "tests/status_matchers.h"

namespace {

constexpr int kNever = 1 << 30;
int allocations_left = kNever;
bool fails_for_ever = false;
int num_failed = 0;

// The size stands before what BoringSSL gets.
constexpr size_t kHeaderBytes = alignof(std::max_align_t);

}  // namespace

// BoringSSL calls these where a program has them (openssl/mem.h).
extern "C" {

void* OPENSSL_memory_alloc(size_t size) {
  if (allocations_left <= 0) {
    if (!fails_for_ever) allocations_left = kNever;
    ++num_failed;
    return nullptr;
  }
  --allocations_left;
  auto* const block = static_cast<uint8_t*>(std::malloc(size + kHeaderBytes));
  if (block == nullptr) return nullptr;
  std::memcpy(block, &size, sizeof(size));
  return block + kHeaderBytes;
}

size_t OPENSSL_memory_get_size(void* memory) {
  size_t size = 0;
  std::memcpy(&size, static_cast<uint8_t*>(memory) - kHeaderBytes,
              sizeof(size));
  return size;
}

void OPENSSL_memory_free(void* memory) {
  std::free(static_cast<uint8_t*>(memory) - kHeaderBytes);
}

}  // extern "C"

namespace tekmatch {
namespace {

// What came of a call: OK, or its status; bad_alloc counts as no memory.
using Call = std::function<absl::Status()>;

// Until the call needs no more allocations. How many there were.
int FailEachOf(const Call& call, bool for_ever) {
  for (int n = 0;; ++n) {
    allocations_left = n;
    fails_for_ever = for_ever;
    num_failed = 0;
    absl::Status status;
    try {
      status = call();
    } catch (const std::bad_alloc&) {
      status = absl::ResourceExhaustedError("thrown");
    }
    allocations_left = kNever;
    if (num_failed == 0) {
      EXPECT_THAT(status, IsOk());
      return n;
    }
    // BoringSSL can do without some.
    if (!status.ok()) {
      EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted))
          << "allocation " << n;
    }
  }
}

class P256KeyMemoryTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    auto key = SigningKey::Generate();
    ASSERT_THAT(key, IsOk());
    auto public_pem = key->PublicPem();
    ASSERT_THAT(public_pem, IsOk());
    public_pem_ = *public_pem;
    SHA256(nullptr, 0, digest_.data());
    auto signature = key->Sign(digest_);
    ASSERT_THAT(signature, IsOk());
    signature_ = *signature;
  }

  std::string public_pem_;
  std::string signature_;
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest_;
};

TEST_P(P256KeyMemoryTest, ARightSignatureIsNotCalledWrong) {
  const auto key = VerificationKey::Parse(public_pem_);
  ASSERT_THAT(key, IsOk());
  const auto said = [](bool verdict) {
    return verdict ? absl::OkStatus() : absl::DataLossError("wrong");
  };
  EXPECT_GT(FailEachOf([&] { return said(key->Verify(digest_, signature_)); },
                       GetParam()),
            2);
  EXPECT_EQ(
      FailEachOf([&] { return said(IsDerSignature(signature_)); }, GetParam()),
      0);
}

// And where there is memory, what is wrong is still called so.
TEST(P256KeyWithMemoryTest, WrongIsWrong) {
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

INSTANTIATE_TEST_SUITE_P(OnceAndForEver, P256KeyMemoryTest, testing::Bool());

}  // namespace
}  // namespace tekmatch
