// The time of a rehearsal, in the file that all roles read (--clock-file).
//
// It stands at the begin until Go, then runs `speed` times as fast as the
// machine's clock, in steps of 20 milliseconds of that. The time of the day
// counts on from there and is never set; the clock may be set forwards and
// back, and stopped.
#ifndef TEKMATCH_REGISTRATION_REHEARSAL_RUN_CLOCK_H_
#define TEKMATCH_REGISTRATION_REHEARSAL_RUN_CLOCK_H_

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "registration/service/clock.h"

namespace tekmatch {

// For any number of threads.
class RunClock : public Clock {
 public:
  // Errors are the system's, of the file.
  static absl::StatusOr<std::unique_ptr<RunClock>> Create(std::string path,
                                                          absl::Time begin,
                                                          int speed);
  ~RunClock() override;
  // Once.
  void Go();

  // What the file says.
  absl::Time Now() const override;
  // Since Go.
  absl::Duration DayTime() const;
  int speed() const { return speed_; }

  void Step(absl::Duration step);
  // Stops at this time, from when this returns on.
  absl::Status StopAt(absl::Time time);

 private:
  RunClock(std::string path, absl::Time begin, int speed);
  absl::Duration DayTimeLocked() const;
  absl::Status WriteLocked();
  void Run();

  const std::string path_;
  const absl::Time begin_;
  const int speed_;

  mutable std::mutex mutex_;  // of all below
  std::condition_variable changed_;
  absl::Time real_begin_;
  absl::Time written_;
  absl::Duration step_;
  std::optional<absl::Time> stopped_at_;
  bool ends_ = false;
  std::thread thread_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_REHEARSAL_RUN_CLOCK_H_
