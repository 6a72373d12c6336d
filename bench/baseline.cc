#include "bench/baseline.h"

#include <openssl/cipher.h>
#include <openssl/digest.h>
#include <openssl/hkdf.h>

#include <array>
#include <cstring>

namespace tekmatch {
namespace {

constexpr size_t kNumBuckets = 65536;
constexpr int64_t kTolerance = 12;
constexpr uint8_t kInfo[] = {'E', 'N', '-', 'R', 'P', 'I', 'K'};
constexpr uint8_t kPadded[12] = {'E', 'N', '-', 'R', 'P', 'I'};

size_t BucketOf(const uint8_t* rpi) {
  return static_cast<size_t>(rpi[0]) << 8 | rpi[1];
}

}  // namespace

Baseline::Baseline(absl::Span<const Sighting> sightings)
    : begins_(kNumBuckets + 1),
      rpis_(sightings.size()),
      positions_(sightings.size()),
      intervals_(sightings.size()) {
  for (const Sighting& s : sightings) ++begins_[BucketOf(&s.rpi.bytes[0]) + 1];
  for (size_t b = 0; b < kNumBuckets; ++b) begins_[b + 1] += begins_[b];
  std::vector<uint32_t> next(begins_.begin(), begins_.end() - 1);
  for (size_t i = 0; i < sightings.size(); ++i) {
    const uint32_t at = next[BucketOf(&sightings[i].rpi.bytes[0])]++;
    std::memcpy(&rpis_[at], sightings[i].rpi.bytes.data(), kRpiBytes);
    positions_[at] = static_cast<uint32_t>(i);
    intervals_[at] =
        static_cast<uint32_t>(sightings[i].unix_seconds / kIntervalSeconds);
  }
}

std::vector<std::pair<uint32_t, uint32_t>> Baseline::Match(const KeyBlock& keys,
                                                           size_t first,
                                                           size_t num) const {
  std::vector<std::pair<uint32_t, uint32_t>> found;
  const EVP_MD* sha256 = EVP_sha256();
  const EVP_CIPHER* aes = EVP_aes_128_ecb();
  bssl::ScopedEVP_CIPHER_CTX context;
  std::array<uint8_t, kMaxRollingPeriod * kRpiBytes> blocks;
  std::array<uint8_t, kMaxRollingPeriod * kRpiBytes> rpis;
  for (int j = 0; j < kMaxRollingPeriod; ++j) {
    std::memcpy(&blocks[static_cast<size_t>(j) * kRpiBytes], kPadded,
                sizeof(kPadded));
  }
  for (size_t k = first; k < first + num; ++k) {
    uint8_t rpik[16];
    const uint32_t start = keys.rolling_starts()[k];
    const size_t period = keys.rolling_periods()[k];
    for (uint32_t j = 0; j < period; ++j) {
      const uint32_t interval = start + j;
      std::memcpy(&blocks[j * kRpiBytes + 12], &interval, sizeof(interval));
    }
    int num_bytes = 0;
    if (HKDF(rpik, sizeof(rpik), sha256, keys.teks()[k].bytes.data(),
             keys.teks()[k].bytes.size(), nullptr, 0, kInfo,
             sizeof(kInfo)) != 1 ||
        EVP_EncryptInit_ex(context.get(), aes, nullptr, rpik, nullptr) != 1 ||
        EVP_CIPHER_CTX_set_padding(context.get(), 0) != 1 ||
        EVP_EncryptUpdate(context.get(), rpis.data(), &num_bytes, blocks.data(),
                          static_cast<int>(period * kRpiBytes)) != 1) {
      return {};
    }
    for (size_t j = 0; j < period; ++j) {
      const uint8_t* rpi = &rpis[j * kRpiBytes];
      const size_t bucket = BucketOf(rpi);
      HeardRpi wanted;
      std::memcpy(&wanted, rpi, sizeof(wanted));
      for (uint32_t i = begins_[bucket]; i < begins_[bucket + 1]; ++i) {
        if (rpis_[i].low != wanted.low || rpis_[i].high != wanted.high) {
          continue;
        }
        const int64_t apart =
            int64_t{intervals_[i]} - static_cast<int64_t>(start + j);
        if (apart < -kTolerance || apart > kTolerance) continue;
        found.emplace_back(static_cast<uint32_t>(k), positions_[i]);
      }
    }
  }
  return found;
}

}  // namespace tekmatch
