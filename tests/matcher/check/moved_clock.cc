#include "tests/matcher/check/moved_clock.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <ctime>

namespace {

std::atomic<int64_t> g_seconds_ahead = 0;

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const auto result = static_cast<int>(syscall(SYS_clock_gettime, clock, time));
  if (clock == CLOCK_MONOTONIC) time->tv_sec += g_seconds_ahead;
  return result;
}

namespace tekmatch {

void MoveSteadyClock(absl::Duration by) {
  g_seconds_ahead += absl::ToInt64Seconds(by);
}

}  // namespace tekmatch
