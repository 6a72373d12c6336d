// The time, from the machine or from a file.
//
// All roles of registration ask a Clock, never the system: a rehearsal and a
// test move time by writing a file, and every process that reads it moves with
// them.
#ifndef TEKMATCH_REGISTRATION_SERVICE_CLOCK_H_
#define TEKMATCH_REGISTRATION_SERVICE_CLOCK_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tekmatch {

// Any number of threads may ask at once.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

// The machine's.
std::unique_ptr<Clock> RealClock();

// The instant that stands in a file, as RFC 3339 ("2020-12-10T09:00:00Z") or as
// Unix seconds, read anew each time. Where the file cannot be read later on, or
// holds no instant (it is being written), time stands still: the last one that
// was read.
//
// NOT_FOUND and so on: the system's, for a file that cannot be read now.
// DATA_LOSS: it holds no instant.
absl::StatusOr<std::unique_ptr<Clock>> FileClock(const std::string& path);

// The file's where `path` is not empty, else the machine's.
absl::StatusOr<std::unique_ptr<Clock>> ClockFrom(const std::string& path);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_SERVICE_CLOCK_H_
