// When a stored check ends before its work is done: its caller wants an end, or
// its time is over. The two differ in what becomes of the run. A cancelled run
// is an error, and answers nothing. A run whose time is over leaves its work
// where it is, and answers with what it has.
//
// For one thread at a time.
#ifndef TEKMATCH_MATCHER_CHECK_RUN_LIMITS_H_
#define TEKMATCH_MATCHER_CHECK_RUN_LIMITS_H_

#include <chrono>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "matcher/check/check_options.h"

namespace tekmatch {

class RunLimits {
 public:
  // The time begins now, by a clock that only runs forward. `check` outlives
  // it; of it only `cancelled` is asked.
  RunLimits(const ExposureCheckOptions& check, absl::Duration max_time);

  // Asked where work can be left. CANCELLED: the caller wants an end, or the
  // time is over, which `stopped` then says.
  absl::Status GoesOn();
  // Asked where work has to be brought to its end, since without it there is no
  // answer. CANCELLED: the caller wants an end. What the caller said once
  // stands: `cancelled` need not say it again.
  absl::Status UnlessCancelled();
  // OK for the CANCELLED of a time that is over, which is no error of the run;
  // otherwise `status`.
  absl::Status UnlessStopped(const absl::Status& status) const;

  // Work was left because the time was over.
  bool stopped() const { return stopped_; }

 private:
  using Clock = std::chrono::steady_clock;
  static Clock::time_point DeadlineAfter(absl::Duration max_time);

  const ExposureCheckOptions& check_;
  const Clock::time_point deadline_;
  bool stopped_ = false;
  bool is_cancelled_ = false;
};

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_RUN_LIMITS_H_
