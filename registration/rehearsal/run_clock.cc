// Plan: The roles read the time from a file. A thread writes it as the day
// goes on; whoever stops or steps the clock writes it under the same lock.
#include "registration/rehearsal/run_clock.h"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "keyformat/status_macros.h"
#include "keyformat/system_error.h"

namespace tekmatch {
namespace {

constexpr std::chrono::milliseconds kTick(20);

}  // namespace

RunClock::RunClock(std::string path, absl::Time begin, int speed)
    : path_(std::move(path)),
      begin_(begin),
      speed_(speed),
      real_begin_(absl::Now()),
      written_(begin),
      stopped_at_(begin) {}

absl::StatusOr<std::unique_ptr<RunClock>> RunClock::Create(std::string path,
                                                           absl::Time begin,
                                                           int speed) {
  std::unique_ptr<RunClock> clock(new RunClock(std::move(path), begin, speed));
  {
    const std::lock_guard<std::mutex> lock(clock->mutex_);
    TEKMATCH_RETURN_IF_ERROR(clock->WriteLocked());
  }
  clock->thread_ = std::thread([raw = clock.get()] { raw->Run(); });
  return clock;
}

RunClock::~RunClock() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ends_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

absl::Time RunClock::Now() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return written_;
}

void RunClock::Go() {
  const std::lock_guard<std::mutex> lock(mutex_);
  real_begin_ = absl::Now();
  stopped_at_.reset();
}

absl::Duration RunClock::DayTime() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return DayTimeLocked();
}

absl::Duration RunClock::DayTimeLocked() const {
  return (absl::Now() - real_begin_) * speed_;
}

void RunClock::Step(absl::Duration step) {
  const std::lock_guard<std::mutex> lock(mutex_);
  step_ += step;
}

absl::Status RunClock::StopAt(absl::Time time) {
  const std::lock_guard<std::mutex> lock(mutex_);
  stopped_at_ = time;
  return WriteLocked();
}

absl::Status RunClock::WriteLocked() {
  const absl::Time now =
      stopped_at_.has_value() ? *stopped_at_ : begin_ + DayTimeLocked() + step_;
  // By rename, so that no role reads half of it. It need not outlive a loss of
  // power.
  const std::string unfinished = absl::StrCat(path_, ".new");
  FILE* const file = std::fopen(unfinished.c_str(), "we");
  if (file == nullptr) return SystemError(errno, unfinished);
  const std::string text = absl::StrCat(
      absl::FormatTime(absl::RFC3339_full, now, absl::UTCTimeZone()), "\n");
  const bool written =
      std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (std::fclose(file) != 0 || !written ||
      std::rename(unfinished.c_str(), path_.c_str()) != 0) {
    return SystemError(errno, path_);
  }
  written_ = now;
  return absl::OkStatus();
}

void RunClock::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!changed_.wait_for(lock, kTick, [this] { return ends_; })) {
    // Where the disk is full, time stands still; the next tick tries again.
    if (!stopped_at_.has_value()) WriteLocked().IgnoreError();
  }
}

}  // namespace tekmatch
