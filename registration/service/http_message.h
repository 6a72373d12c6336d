// Requests and answers as values: a handler takes one and returns the other,
// and knows no socket.
#ifndef TEKMATCH_REGISTRATION_SERVICE_HTTP_MESSAGE_H_
#define TEKMATCH_REGISTRATION_SERVICE_HTTP_MESSAGE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace tekmatch {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

// The first value of a header, by its name in any case; empty where there is
// none.
inline absl::string_view FindHeader(const HttpHeaders& headers,
                                    absl::string_view name) {
  for (const auto& [key, value] : headers) {
    if (absl::EqualsIgnoreCase(key, name)) return value;
  }
  return {};
}

struct HttpRequest {
  std::string method;  // as sent: "PUT"
  std::string path;    // as sent, before '?'; nothing in it is decoded
  std::string query;   // as sent, after '?'
  HttpHeaders headers;
  std::string body;
  // Who asks, for budgets and never for logs: the value of the header that the
  // reverse proxy sets, or the socket's address.
  std::string client;

  absl::string_view Header(absl::string_view name) const {
    return FindHeader(headers, name);
  }
};

struct HttpResponse {
  int status = 200;
  HttpHeaders headers;  // beside those that every answer has
  std::string body;
  // A file that is sent in place of `body`; 404 where it cannot be opened.
  std::string file;
  // The answer is held back until so long after the request was there. It costs
  // no thread.
  absl::Duration not_before = absl::ZeroDuration();
};

inline HttpResponse PlainResponse(int status, absl::string_view text) {
  HttpResponse response;
  response.status = status;
  response.headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
  response.body = std::string(text);
  return response;
}

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_SERVICE_HTTP_MESSAGE_H_
