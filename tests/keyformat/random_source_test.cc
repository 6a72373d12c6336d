#include "keyformat/random_source.h"

#include <openssl/chacha.h>
#include <openssl/sha.h>

#include <array>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "gtest/gtest.h"

namespace tekmatch {
namespace {

TEST(RandomSourceTest, SeedsDecideAndSystemDiffers) {
  const auto Draw = [](RandomSource random) {
    std::vector<uint8_t> bytes(10000);
    random.Fill(absl::MakeSpan(bytes));
    return bytes;
  };
  EXPECT_EQ(Draw(RandomSource::Seeded(1)), Draw(RandomSource::Seeded(1)));
  EXPECT_NE(Draw(RandomSource::Seeded(1)), Draw(RandomSource::Seeded(2)));
  EXPECT_NE(Draw(RandomSource::FromSystem()), Draw(RandomSource::FromSystem()));
  // No buffer repeats the last.
  const std::vector<uint8_t> bytes = Draw(RandomSource::Seeded(3));
  EXPECT_NE(std::vector<uint8_t>(bytes.begin(), bytes.begin() + 4096),
            std::vector<uint8_t>(bytes.begin() + 4096, bytes.begin() + 8192));
}

// The same on every machine, and in every year: made by OpenSSL's chacha20 with
// the SHA-256 of the seed as key and the buffer's number as nonce.
TEST(RandomSourceTest, ASeedsBytesAreKnown) {
  RandomSource random = RandomSource::Seeded(7);
  std::vector<uint8_t> bytes(4096 + 8);
  random.Fill(absl::MakeSpan(bytes));
  EXPECT_EQ(
      std::vector<uint8_t>(bytes.begin(), bytes.begin() + 8),
      (std::vector<uint8_t>{0xb6, 0x4c, 0x36, 0xcd, 0x41, 0x6d, 0xd5, 0xeb}));
  EXPECT_EQ(
      std::vector<uint8_t>(bytes.begin() + 4096, bytes.end()),
      (std::vector<uint8_t>{0x90, 0x10, 0xde, 0x73, 0x0c, 0x9a, 0x0b, 0x61}));
}

TEST(RandomSourceTest, BelowCoversItsRangeEvenly) {
  RandomSource random = RandomSource::Seeded(5);
  std::vector<int> counts(7);
  for (int i = 0; i < 70000; ++i) ++counts[random.Below(7)];
  for (const int count : counts) {
    EXPECT_GT(count, 9500);
    EXPECT_LT(count, 10500);
  }
  EXPECT_EQ(random.Below(1), 0);
}

// By BoringSSL's own function, up to a number of two bytes: after 256 buffers
// the first one does not come again.
TEST(RandomSourceTest, TheBuffersNumberIsTheNonce) {
  const std::vector<uint8_t> seed = {9, 0, 0, 0, 0, 0, 0, 0};
  std::array<uint8_t, 32> key{};
  SHA256(seed.data(), seed.size(), key.data());
  RandomSource random = RandomSource::Seeded(9);
  std::vector<uint8_t> bytes(4096);
  for (uint32_t number = 0; number <= 0x101; ++number) {
    random.Fill(absl::MakeSpan(bytes));
    std::vector<uint8_t> expected(bytes.size());
    const std::array<uint8_t, 12> nonce = {static_cast<uint8_t>(number),
                                           static_cast<uint8_t>(number >> 8)};
    CRYPTO_chacha_20(expected.data(), expected.data(), expected.size(),
                     key.data(), nonce.data(), /*counter=*/0);
    EXPECT_EQ(bytes, expected) << number;
  }
}

}  // namespace
}  // namespace tekmatch
