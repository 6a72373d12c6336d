#include "keyformat/release.h"

namespace tekmatch {
namespace {

// In Unix seconds.
int64_t ReleaseTime(const DiagnosisKey& key, ReleaseRule rule) {
  const int64_t start = int64_t{key.rolling_start} * kIntervalSeconds;
  if (rule == ReleaseRule::kSameDay) return start;
  return start + int64_t{key.rolling_period} * kIntervalSeconds +
         kEmbargoSeconds;
}

}  // namespace

uint64_t HoldBack(int64_t now, ReleaseRule rule,
                  std::vector<DiagnosisKey>& keys) {
  return std::erase_if(keys, [now, rule](const DiagnosisKey& key) {
    return now < ReleaseTime(key, rule);
  });
}

}  // namespace tekmatch
