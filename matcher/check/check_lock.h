// Held by whoever works on a store's exports: a check, and what empties the
// store or puts it aside. One at a time, over all processes. Adding and reading
// sightings needs no lock but the database's own.
#ifndef TEKMATCH_MATCHER_CHECK_CHECK_LOCK_H_
#define TEKMATCH_MATCHER_CHECK_CHECK_LOCK_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace tekmatch {

class CheckLock {
 public:
  // UNAVAILABLE: somebody else holds it. Other codes: the system's, of the file
  // FOLDER/check.lock, which is made where there is none and stays.
  static absl::StatusOr<CheckLock> Take(const std::string& folder);

  CheckLock(CheckLock&& other) noexcept
      : file_(std::exchange(other.file_, -1)) {}
  CheckLock& operator=(CheckLock&&) = delete;
  // Lets go. So does the system where the process ends, however it does.
  ~CheckLock();

 private:
  explicit CheckLock(int file) : file_(file) {}

  int file_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_CHECK_LOCK_H_
