#include "registration/rehearsal/task_scheduler.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace tekmatch {

TaskScheduler::TaskScheduler(const RunClock& clock, int num_threads)
    : clock_(clock) {
  threads_.reserve(static_cast<size_t>(num_threads));
  for (int i = 0; i < num_threads; ++i) {
    threads_.emplace_back([this] { Work(); });
  }
}

void TaskScheduler::At(absl::Duration day_time, std::function<void()> task) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (stops_) return;
  tasks_.emplace(day_time, std::move(task));
  changed_.notify_one();
}

void TaskScheduler::AfterReal(absl::Duration real, std::function<void()> task) {
  At(clock_.DayTime() + real * clock_.speed(), std::move(task));
}

void TaskScheduler::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stops_ = true;
    tasks_.clear();
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

absl::Duration TaskScheduler::longest_lag() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return longest_lag_;
}

void TaskScheduler::Work() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stops_) {
    if (tasks_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const absl::Duration wait =
        (tasks_.begin()->first - clock_.DayTime()) / clock_.speed();
    if (wait > absl::ZeroDuration()) {
      changed_.wait_for(lock, absl::ToChronoMicroseconds(wait) +
                                  std::chrono::microseconds(100));
      continue;
    }
    longest_lag_ = std::max(longest_lag_, -wait);
    const std::function<void()> task = std::move(tasks_.begin()->second);
    tasks_.erase(tasks_.begin());
    lock.unlock();
    task();
    lock.lock();
  }
}

}  // namespace tekmatch
