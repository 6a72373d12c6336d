// What the system says of a file, as a status.
#ifndef TEKMATCH_KEYFORMAT_SYSTEM_ERROR_H_
#define TEKMATCH_KEYFORMAT_SYSTEM_ERROR_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace tekmatch {

// An error of errno.h (not 0) with this message before the system's own words:
// NOT_FOUND, PERMISSION_DENIED and so on, as Abseil maps them, but never
// INVALID_ARGUMENT, which is the caller's: a path that is too long names no
// file (NOT_FOUND), and whatever else the system calls invalid is a file that
// is not what it has to be (FAILED_PRECONDITION).
absl::Status SystemError(int error, absl::string_view message);

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_SYSTEM_ERROR_H_
