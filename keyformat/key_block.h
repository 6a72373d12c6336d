// A block of diagnosis keys as a structure of arrays: what a decoder fills and
// what the match engine eats. Element i of every array belongs to key i.
//
// Each array is contiguous: teks() is 16 * size() bytes, in key order, with no
// alignment beyond that of bytes. All keys are valid: rolling_period is
// 1..144, and rolling_start + rolling_period does not overflow.
#ifndef TEKMATCH_KEYFORMAT_KEY_BLOCK_H_
#define TEKMATCH_KEYFORMAT_KEY_BLOCK_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "keyformat/diagnosis_key.h"

namespace tekmatch {

class KeyBlock {
 public:
  // Keys in a full block. Large enough to amortise a hand-over between
  // threads, small enough for the block (about 128 KiB) to stay in cache.
  static constexpr size_t kDefaultCapacity = 4096;

  size_t size() const { return teks_.size(); }
  bool empty() const { return teks_.empty(); }

  absl::Span<const Tek> teks() const { return teks_; }
  absl::Span<const EnIntervalNumber> rolling_starts() const {
    return rolling_starts_;
  }
  absl::Span<const uint8_t> rolling_periods() const { return rolling_periods_; }
  absl::Span<const KeyMetadata> metadata() const { return metadata_; }

  DiagnosisKey key(size_t i) const {
    return {teks_[i], rolling_starts_[i], rolling_periods_[i], metadata_[i]};
  }

  void Append(const DiagnosisKey& key) {
    teks_.push_back(key.tek);
    rolling_starts_.push_back(key.rolling_start);
    rolling_periods_.push_back(key.rolling_period);
    metadata_.push_back(key.metadata);
  }

  void Reserve(size_t num_keys) {
    teks_.reserve(num_keys);
    rolling_starts_.reserve(num_keys);
    rolling_periods_.reserve(num_keys);
    metadata_.reserve(num_keys);
  }

  // Keeps the memory for the next block.
  void Clear() {
    teks_.clear();
    rolling_starts_.clear();
    rolling_periods_.clear();
    metadata_.clear();
  }

 private:
  std::vector<Tek> teks_;
  std::vector<EnIntervalNumber> rolling_starts_;
  std::vector<uint8_t> rolling_periods_;
  std::vector<KeyMetadata> metadata_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_KEY_BLOCK_H_
