// Runs what people do at its time of the day, on some threads: a task that
// waits for an answer holds up its own thread only.
#ifndef TEKMATCH_REGISTRATION_REHEARSAL_TASK_SCHEDULER_H_
#define TEKMATCH_REGISTRATION_REHEARSAL_TASK_SCHEDULER_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "registration/rehearsal/run_clock.h"

namespace tekmatch {

class TaskScheduler {
 public:
  // `clock` outlives it.
  TaskScheduler(const RunClock& clock, int num_threads);
  TaskScheduler(const TaskScheduler&) = delete;
  TaskScheduler& operator=(const TaskScheduler&) = delete;
  ~TaskScheduler() { Stop(); }

  // By the time of the day (RunClock::DayTime). After Stop nothing is taken.
  void At(absl::Duration day_time, std::function<void()> task);
  // So long from now, on the machine's clock.
  void AfterReal(absl::Duration real, std::function<void()> task);
  // Tasks that have begun are finished, others dropped.
  void Stop();

  // The longest that a task began after its time, on the machine's clock: where
  // it is long, the machine was too slow for the plan.
  absl::Duration longest_lag() const;

 private:
  void Work();

  const RunClock& clock_;
  mutable std::mutex mutex_;  // of all below
  std::condition_variable changed_;
  std::multimap<absl::Duration, std::function<void()>> tasks_;
  absl::Duration longest_lag_;
  bool stops_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_REHEARSAL_TASK_SCHEDULER_H_
