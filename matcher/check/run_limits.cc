#include "matcher/check/run_limits.h"

#include <algorithm>

#include "keyformat/status_macros.h"
#include "matcher/check/conclusion.h"

namespace tekmatch {

RunLimits::RunLimits(const ExposureCheckOptions& check, absl::Duration max_time)
    : check_(check), deadline_(DeadlineAfter(max_time)) {}

RunLimits::Clock::time_point RunLimits::DeadlineAfter(absl::Duration max_time) {
  // More than anybody waits, and less than overflows.
  constexpr absl::Duration kLongest = absl::Hours(24 * 366);
  if (max_time > kLongest) return Clock::time_point::max();
  return Clock::now() +
         absl::ToChronoNanoseconds(std::max(max_time, absl::ZeroDuration()));
}

absl::Status RunLimits::GoesOn() {
  TEKMATCH_RETURN_IF_ERROR(UnlessCancelled());
  if (Clock::now() < deadline_) return absl::OkStatus();
  stopped_ = true;
  return absl::CancelledError("the time for the check is over");
}

absl::Status RunLimits::UnlessCancelled() {
  if (!is_cancelled_) is_cancelled_ = !CheckGoesOn(check_).ok();
  return is_cancelled_ ? absl::CancelledError("the check was cancelled")
                       : absl::OkStatus();
}

absl::Status RunLimits::UnlessStopped(const absl::Status& status) const {
  const bool is_stopped = stopped_ && !is_cancelled_;
  return absl::IsCancelled(status) && is_stopped ? absl::OkStatus() : status;
}

}  // namespace tekmatch
