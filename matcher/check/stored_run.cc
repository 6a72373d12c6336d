#include "matcher/check/stored_run.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "matcher/check/exposure_check.h"
#include "matcher/kernels/dispatch.h"

namespace tekmatch {
namespace {

constexpr DayNumber kDaysAhead = 16;
// Far beyond all times that are legal.
constexpr DayNumber kLastDay = 1 << 20;

// At least 2, as no time before 1970 is legal.
DayNumber DayOf(absl::Time time) {
  constexpr int64_t kDaySeconds = kMaxRollingPeriod * kIntervalSeconds;
  return static_cast<DayNumber>(std::clamp<int64_t>(
      absl::ToUnixSeconds(time) / kDaySeconds, 2, kLastDay));
}

}  // namespace

Horizon Horizon::Of(absl::Time believed_now, absl::Duration retention) {
  // A sighting can be of a key that ended up to kSearchedIntervals before it.
  return {.believed_now = believed_now,
          .first_day = DayOf(believed_now - retention) - 2,
          .last_day = DayOf(believed_now) + kDaysAhead};
}

const Kernels& StoredRun::kernels() const {
  return check.kernels != nullptr ? *check.kernels : DefaultKernels();
}

absl::StatusOr<MatchEngine> StoredRun::SearchEngine(
    std::shared_ptr<const SightingIndex> index) const {
  MatchPolicy widest = check.policy;
  widest.tolerance_intervals = kSearchedIntervals;
  return MatchEngine::Create(std::move(index), widest, {}, kernels());
}

}  // namespace tekmatch
