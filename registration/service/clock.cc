#include "registration/service/clock.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "keyformat/status_macros.h"
#include "keyformat/system_error.h"

namespace tekmatch {
namespace {

class MachineClock : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
};

std::optional<absl::Time> ParseInstant(absl::string_view text) {
  text = absl::StripAsciiWhitespace(text);
  int64_t seconds = 0;
  if (absl::SimpleAtoi(text, &seconds)) return absl::FromUnixSeconds(seconds);
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, &error)) {
    return std::nullopt;
  }
  return time;
}

absl::StatusOr<absl::Time> ReadInstant(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return SystemError(errno, path);
  const absl::Cleanup close_file = [fd] { close(fd); };
  // An instant is shorter.
  std::array<char, 64> text;
  ssize_t n = 0;
  do {
    n = read(fd, text.data(), text.size());
  } while (n < 0 && errno == EINTR);
  if (n < 0) return SystemError(errno, path);
  const std::optional<absl::Time> time =
      ParseInstant(absl::string_view(text.data(), static_cast<size_t>(n)));
  if (!time.has_value()) {
    return absl::DataLossError(absl::StrCat(
        path, ": no instant such as 2020-12-10T09:00:00Z or 1607590800"));
  }
  return *time;
}

class TimeInFile : public Clock {
 public:
  TimeInFile(std::string path, absl::Time last)
      : path_(std::move(path)), last_(last) {}

  absl::Time Now() const override {
    const absl::StatusOr<absl::Time> time = ReadInstant(path_);
    const std::lock_guard<std::mutex> lock(mutex_);
    if (time.ok()) last_ = *time;
    return last_;
  }

 private:
  const std::string path_;
  mutable std::mutex mutex_;
  mutable absl::Time last_;
};

}  // namespace

std::unique_ptr<Clock> RealClock() { return std::make_unique<MachineClock>(); }

absl::StatusOr<std::unique_ptr<Clock>> FileClock(const std::string& path) {
  TEKMATCH_ASSIGN_OR_RETURN(const absl::Time now, ReadInstant(path));
  return std::make_unique<TimeInFile>(path, now);
}

absl::StatusOr<std::unique_ptr<Clock>> ClockFrom(const std::string& path) {
  if (path.empty()) return RealClock();
  return FileClock(path);
}

}  // namespace tekmatch
