// Random bytes, either BoringSSL's own or a stream that a seed determines.
//
// A server pads with BoringSSL's randomness: padding that can be computed again
// could be told from real keys. Seeds are for tests, demonstrations and
// benchmarks. A seeded stream is ChaCha20 (BoringSSL) under the SHA-256 of the
// seed as key, hence the same on every machine.
#ifndef TEKMATCH_KEYFORMAT_RANDOM_SOURCE_H_
#define TEKMATCH_KEYFORMAT_RANDOM_SOURCE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/types/span.h"

namespace tekmatch {

class RandomSource {
 public:
  static RandomSource FromSystem() { return RandomSource(std::nullopt); }
  static RandomSource Seeded(uint64_t seed) { return RandomSource(seed); }

  void Fill(absl::Span<uint8_t> out);

  // Uniform in [0, bound), without modulo bias; bound > 0.
  uint64_t Below(uint64_t bound);

  // Uniform permutation (Fisher-Yates; std::shuffle differs by library).
  template <typename T>
  void Shuffle(std::vector<T>& items) {
    for (size_t i = items.size(); i > 1; --i) {
      std::swap(items[i - 1], items[static_cast<size_t>(Below(i))]);
    }
  }

 private:
  explicit RandomSource(std::optional<uint64_t> seed);
  void Refill();

  bool seeded_ = false;
  std::array<uint8_t, 32> key_{};
  uint64_t block_ = 0;                  // number of the next buffer
  std::array<uint8_t, 4096> buffer_{};  // of random bytes; used_ are gone
  size_t used_ = 4096;
};

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_RANDOM_SOURCE_H_
