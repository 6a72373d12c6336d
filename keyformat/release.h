// Which keys may go out yet.
//
// Whoever has a key computes what it broadcasts, and can send the same while
// phones still take it: up to 2 hours after the key's end (the tolerance of
// matching). So a key goes out from 2 hours after its end on,
//
//   (rolling_start + rolling_period) * 600 s + 2 h <= now,
//
// and in no case before it begins. Some servers publish keys of the current
// day; ReleaseRule::kSameDay is theirs.
//
// Source: Apple, "Setting up a key server";
// google/exposure-notifications-server #252 and #543;
// corona-warn-app/cwa-server #367.
#ifndef TEKMATCH_KEYFORMAT_RELEASE_H_
#define TEKMATCH_KEYFORMAT_RELEASE_H_

#include <cstdint>
#include <vector>

#include "keyformat/diagnosis_key.h"

namespace tekmatch {

inline constexpr int64_t kEmbargoSeconds = int64_t{2} * 3600;

enum class ReleaseRule : uint8_t {
  kAfterEnd,  // from 2 hours after the key's end on
  kSameDay,   // from the key's beginning on
};

// Takes the keys that may not go out at `now`, in Unix seconds, out of `keys`;
// the order of others stays. Returns the number of keys taken out.
uint64_t HoldBack(int64_t now, ReleaseRule rule,
                  std::vector<DiagnosisKey>& keys);

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_RELEASE_H_
