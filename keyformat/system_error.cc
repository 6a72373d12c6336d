#include "keyformat/system_error.h"

#include <cerrno>

namespace tekmatch {

absl::Status SystemError(int error, absl::string_view message) {
  absl::Status status = absl::ErrnoToStatus(error, message);
  if (!absl::IsInvalidArgument(status)) return status;
  return error == ENAMETOOLONG
             ? absl::NotFoundError(status.message())
             : absl::FailedPreconditionError(status.message());
}

}  // namespace tekmatch
