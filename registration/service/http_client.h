// One HTTP request to another role or to a server of files, and its answer.
//
// Over libcurl with GnuTLS. Redirections are not followed, proxies of the
// environment are not used, and nothing but http and https is spoken. What is
// sent is what is asked for: beside Host, Accept and Content-Length there is no
// header of libcurl's own, no Content-Type either.
//
// libcurl keeps copies of what it sends in buffers that nobody wipes.
#ifndef TEKMATCH_REGISTRATION_SERVICE_HTTP_CLIENT_H_
#define TEKMATCH_REGISTRATION_SERVICE_HTTP_CLIENT_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "registration/service/http_message.h"

namespace tekmatch {

struct HttpCall {
  std::string method = "GET";  // "GET", "PUT" or "POST"
  std::string url;
  HttpHeaders headers;     // without control characters
  absl::string_view body;  // of a PUT or POST; outlives the call
  absl::Duration timeout = absl::Seconds(20);  // of all of it
  size_t max_answer_bytes = 64 << 10;
};

struct HttpResult {
  int status = 0;
  HttpHeaders headers;  // names as they came
  std::string body;
};

// Any number of threads may call at once.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  // UNAVAILABLE: no whole answer came; whether the request arrived is not
  // known. OUT_OF_RANGE: the answer is larger. The message has the reason, and
  // nothing of the request.
  virtual absl::StatusOr<HttpResult> Send(const HttpCall& call) = 0;
  // From now on all calls, those under way as well, end with UNAVAILABLE,
  // within about a second. For the end of a process.
  virtual void Stop() {}
};

// A connection for each call. INTERNAL: libcurl does not start.
absl::StatusOr<std::unique_ptr<HttpClient>> NewHttpClient();

// Whether a role may be called at this url: https, or http on this machine
// (127.0.0.1, [::1], localhost); without user, query and fragment, and with
// neither white space nor control characters. INVALID_ARGUMENT says what is
// wrong.
absl::Status CheckRoleUrl(absl::string_view url);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_SERVICE_HTTP_CLIENT_H_
