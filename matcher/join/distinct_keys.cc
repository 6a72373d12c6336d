#include "matcher/join/distinct_keys.h"

#include <algorithm>

namespace tekmatch {
namespace {

uint32_t EndOf(const DiagnosisKey& key) {
  return key.rolling_start + key.rolling_period;
}

}  // namespace

DistinctKeys::DistinctKeys(const KeyBlock& block, size_t first, size_t num) {
  keys_.reserve(num);
  for (size_t k = 0; k < num; ++k) keys_.push_back(block.key(first + k));
  std::sort(keys_.begin(), keys_.end());
  ends_.reserve(num);
  for (const DiagnosisKey& key : keys_) ends_.push_back(EndOf(key));
  for (uint32_t begin = 0; begin < keys_.size();) {
    uint32_t end = begin + 1;
    while (end < keys_.size() && keys_[end].tek == keys_[begin].tek) ++end;
    AddKeysOfTek(begin, end);
    begin = end;
  }
}

void DistinctKeys::AddKeysOfTek(uint32_t begin, uint32_t end) {
  std::sort(ends_.begin() + begin, ends_.begin() + end);
  // Starts ascend, so what lesser keys have reaches from the left up to here.
  uint32_t covered = 0;
  for (uint32_t k = begin; k < end; ++k) {
    DiagnosisKey part = keys_[k];
    if (EndOf(part) <= covered) continue;
    part.rolling_start = std::max(part.rolling_start, covered);
    covered = EndOf(keys_[k]);
    part.rolling_period = static_cast<uint8_t>(covered - part.rolling_start);
    block_.Append(part);
    parts_.push_back({.key = k, .begin = begin, .end = end});
  }
}

uint64_t DistinctKeys::NumRepeats(size_t position,
                                  EnIntervalNumber interval) const {
  const Part& part = parts_[position];
  const auto started = std::upper_bound(
      keys_.begin() + part.begin, keys_.begin() + part.end, interval,
      [](EnIntervalNumber i, const DiagnosisKey& key) {
        return i < key.rolling_start;
      });
  const auto ended = std::upper_bound(ends_.begin() + part.begin,
                                      ends_.begin() + part.end, interval);
  const auto num_started = started - (keys_.begin() + part.begin);
  const auto num_ended = ended - (ends_.begin() + part.begin);
  return static_cast<uint64_t>(num_started - num_ended - 1);
}

absl::Span<const DiagnosisKey> DistinctKeys::Repeated(size_t position) const {
  const Part& part = parts_[position];
  return absl::MakeConstSpan(keys_).subspan(part.begin, part.end - part.begin);
}

}  // namespace tekmatch
