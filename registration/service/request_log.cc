#include "registration/service/request_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "keyformat/printable.h"
#include "keyformat/system_error.h"

namespace tekmatch {
namespace {

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

}  // namespace

std::string SizeClass(size_t num_bytes) {
  for (const size_t kib : {1, 4, 16, 64, 256}) {
    if (num_bytes < kib << 10) return absl::StrCat("<", kib, "K");
  }
  return ">=256K";
}

std::string DurationClass(absl::Duration duration) {
  if (duration < absl::Milliseconds(10)) return "<10ms";
  if (duration < absl::Milliseconds(100)) return "<100ms";
  if (duration < absl::Seconds(1)) return "<1s";
  return duration < absl::Seconds(10) ? "<10s" : ">=10s";
}

std::string LogLine(const LoggedRequest& request) {
  return absl::StrCat(TimeText(request.time), " ", request.route, " ",
                      request.status, " in", SizeClass(request.num_bytes_in),
                      " out", SizeClass(request.num_bytes_out), " ",
                      DurationClass(request.duration));
}

absl::StatusOr<std::unique_ptr<RequestLog>> RequestLog::Open(
    const std::string& path) {
  if (path.empty()) {
    return absl::WrapUnique(new RequestLog(STDERR_FILENO, /*owns=*/false));
  }
  const int fd =
      open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return SystemError(errno, path);
  return absl::WrapUnique(new RequestLog(fd, /*owns=*/true));
}

RequestLog::~RequestLog() {
  if (owns_) close(fd_);
}

void RequestLog::Write(const LoggedRequest& request) {
  WriteLine(LogLine(request));
}

void RequestLog::Note(absl::Time time, absl::string_view words) {
  WriteLine(absl::StrCat(TimeText(time), " ", Printable(words)));
}

// One write a line, so that lines of threads and processes do not mix.
void RequestLog::WriteLine(std::string line) {
  line += '\n';
  while (write(fd_, line.data(), line.size()) < 0 && errno == EINTR) {
  }
}

}  // namespace tekmatch
