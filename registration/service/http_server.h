// Serves a Router over HTTP/1.1, on this machine (listen_address.h).
//
// One thread has all sockets (epoll), and does no work but theirs; a request
// that is there whole goes to one of some worker threads, which call handlers.
// So an idle or slow client costs a socket, and delays nobody.
//
// Limits, and who passes one:
//   a body without Content-Length            411
//   a larger body                            413, before it is read
//   a header over several lines, with a name that is no token, or with a zero
//                                            400, and is closed
//   more or longer headers                   431 or 414, libmicrohttpd's own
//   more requests waiting for a worker       503 with Retry-After
//   a request that is not there whole in time, an idle connection
//                                            is closed
//   more connections                         wait in the kernel's queue
// Every answer has the headers that keep a browser from running, framing,
// guessing or keeping it; "Cache-Control: no-store" unless the handler says
// otherwise.
//
// It stands over libmicrohttpd, which http_server.cc alone knows.
#ifndef TEKMATCH_REGISTRATION_SERVICE_HTTP_SERVER_H_
#define TEKMATCH_REGISTRATION_SERVICE_HTTP_SERVER_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "registration/service/clock.h"
#include "registration/service/listen_address.h"
#include "registration/service/request_log.h"
#include "registration/service/router.h"

namespace tekmatch {

struct HttpServerOptions {
  ListenAddress address;
  int num_workers = 4;
  size_t max_body_bytes = 64 << 10;
  // Request line and headers, with what is read ahead.
  size_t max_header_bytes = 16 << 10;
  unsigned max_connections = 1000;
  size_t max_waiting = 256;
  absl::Duration idle_timeout = absl::Seconds(10);
  // From a connection's first byte, or the answer before, to the request's
  // last byte.
  absl::Duration request_timeout = absl::Seconds(20);
  // The header in which the reverse proxy names the client, such as X-Real-IP;
  // empty: the socket's address. Whoever can connect can set it.
  std::string client_header;
};

class HttpServer {
 public:
  // `router`, `clock` and `log` outlive it; `log` may be null. Errors are
  // ListenAt's; INTERNAL: libmicrohttpd does not start.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(
      const HttpServerOptions& options, const Router& router,
      const Clock& clock, RequestLog* log);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  // As Stop(5 s).
  ~HttpServer();

  // With the port that it got.
  const ListenAddress& address() const;

  // Takes no more connections, waits up to `grace` for the answers to requests
  // that were there whole, and closes. false: not all of them were sent.
  // Answers that are held back go out at once. May be called again.
  bool Stop(absl::Duration grace);

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_SERVICE_HTTP_SERVER_H_
