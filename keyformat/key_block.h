// A block of diagnosis keys as a structure of arrays: what a decoder fills and
// what the match engine eats. Element i of every array belongs to key i.
//
// Each array is contiguous: teks() is 16 * size() bytes, in key order, with no
// alignment beyond that of bytes. All keys are valid: rolling_period is
// 1..144, and rolling_start + rolling_period does not overflow. A moved-from
// block may only be destroyed or assigned to.
#ifndef TEKMATCH_KEYFORMAT_KEY_BLOCK_H_
#define TEKMATCH_KEYFORMAT_KEY_BLOCK_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/types/span.h"
#include "keyformat/diagnosis_key.h"

namespace tekmatch {

class KeyBlock {
 public:
  // Keys in a full block where nobody says how many. Large enough to amortise a
  // hand-over between threads, small enough for the block (about 128 KiB) to
  // stay in cache.
  static constexpr size_t kDefaultCapacity = 4096;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  absl::Span<const Tek> teks() const { return Span(teks_); }
  absl::Span<const EnIntervalNumber> rolling_starts() const {
    return Span(rolling_starts_);
  }
  absl::Span<const uint8_t> rolling_periods() const {
    return Span(rolling_periods_);
  }
  absl::Span<const KeyMetadata> metadata() const { return Span(metadata_); }

  DiagnosisKey key(size_t i) const {
    return {teks_[i], rolling_starts_[i], rolling_periods_[i], metadata_[i]};
  }

  // Inline, so that what a decoder has read goes there from registers.
  ABSL_ATTRIBUTE_ALWAYS_INLINE void Append(const DiagnosisKey& key) {
    if (size_ == teks_.size()) Grow();
    teks_[size_] = key.tek;
    rolling_starts_[size_] = key.rolling_start;
    rolling_periods_[size_] = key.rolling_period;
    metadata_[size_] = key.metadata;
    ++size_;
  }

  // Keeps the memory for the next block.
  void Clear() { size_ = 0; }

 private:
  // To a power of two.
  void Grow() {
    const size_t room = std::max(size_t{64}, 2 * size_);
    teks_.resize(room);
    rolling_starts_.resize(room);
    rolling_periods_.resize(room);
    metadata_.resize(room);
  }

  template <typename T>
  absl::Span<const T> Span(const std::vector<T>& room) const {
    return {room.data(), size_};
  }

  // The first size_ elements of each: one test for room instead of four.
  size_t size_ = 0;
  std::vector<Tek> teks_;
  std::vector<EnIntervalNumber> rolling_starts_;
  std::vector<uint8_t> rolling_periods_;
  std::vector<KeyMetadata> metadata_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_KEY_BLOCK_H_
