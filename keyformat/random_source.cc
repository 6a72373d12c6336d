#include "keyformat/random_source.h"

#include <openssl/chacha.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <limits>

namespace tekmatch {

RandomSource::RandomSource(std::optional<uint64_t> seed)
    : seeded_(seed.has_value()) {
  if (!seed.has_value()) return;
  std::array<uint8_t, 8> bytes{};
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<uint8_t>(*seed >> (8 * i));
  }
  SHA256(bytes.data(), bytes.size(), key_.data());
}

void RandomSource::Fill(absl::Span<uint8_t> out) {
  while (!out.empty()) {
    if (used_ == buffer_.size()) Refill();
    const size_t n = std::min(out.size(), buffer_.size() - used_);
    std::copy_n(buffer_.begin() + used_, n, out.begin());
    used_ += n;
    out.remove_prefix(n);
  }
}

void RandomSource::Refill() {
  if (seeded_) {
    // The buffer's number is the nonce: the counter inside starts at zero.
    std::array<uint8_t, 12> nonce{};
    for (size_t i = 0; i < 8; ++i) {
      nonce[i] = static_cast<uint8_t>(block_ >> (8 * i));
    }
    buffer_.fill(0);
    CRYPTO_chacha_20(buffer_.data(), buffer_.data(), buffer_.size(),
                     key_.data(), nonce.data(), /*counter=*/0);
    ++block_;
  } else {
    RAND_bytes(buffer_.data(), buffer_.size());  // cannot fail in BoringSSL
  }
  used_ = 0;
}

uint64_t RandomSource::Below(uint64_t bound) {
  // The largest multiple of bound; values at or above it would be biased.
  const uint64_t limit = std::numeric_limits<uint64_t>::max() -
                         std::numeric_limits<uint64_t>::max() % bound;
  while (true) {
    std::array<uint8_t, 8> bytes{};
    Fill(absl::MakeSpan(bytes));
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.size(); ++i) {
      value |= uint64_t{bytes[i]} << (8 * i);
    }
    if (value < limit) return value % bound;
  }
}

}  // namespace tekmatch
