// A line for each request: time, route, status, classes of size and of time.
//
//   2020-12-10T09:00:00Z PUT /v1/diagnosis 200 in<16K out<4K <10ms
//
// It holds nothing that a client sent, but its method and path where they name
// a route of ours: no body, number, key, contact, address or header.
#ifndef TEKMATCH_REGISTRATION_SERVICE_REQUEST_LOG_H_
#define TEKMATCH_REGISTRATION_SERVICE_REQUEST_LOG_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace tekmatch {

struct LoggedRequest {
  absl::Time time;
  std::string route;  // Route::Name(); "-": none
  int status = 0;
  size_t num_bytes_in = 0;   // of the body
  size_t num_bytes_out = 0;  // of the body
  absl::Duration duration;
};

// The least of 1K, 4K, 16K, 64K, 256K that is larger, as "<4K", or ">=256K".
std::string SizeClass(size_t num_bytes);
// The least of 10ms, 100ms, 1s, 10s that is longer, as "<100ms", or ">=10s".
std::string DurationClass(absl::Duration duration);
// Without the line's end.
std::string LogLine(const LoggedRequest& request);

// Any number of threads may write at once.
class RequestLog {
 public:
  // Appends to a file, which is made with mode 0600; "" writes to stderr.
  // Errors are the system's.
  static absl::StatusOr<std::unique_ptr<RequestLog>> Open(
      const std::string& path);
  RequestLog(const RequestLog&) = delete;
  RequestLog& operator=(const RequestLog&) = delete;
  ~RequestLog();

  // A line that cannot be written is lost: a full disk stops no answer.
  void Write(const LoggedRequest& request);
  // A line of words of ours, after the time.
  void Note(absl::Time time, absl::string_view words);

 private:
  explicit RequestLog(int fd, bool owns) : fd_(fd), owns_(owns) {}
  void WriteLine(std::string line);

  const int fd_;
  const bool owns_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_SERVICE_REQUEST_LOG_H_
