// The notification server's role: it takes keys, publishes them, and serves
// what is published.
//
//   PUT  /v1/diagnosis             diagnosis_service.h
//   GET  /c19r/<region>/list.json  publisher.h; "[]" before the first run
//   GET  /c19r/<region>/<n>.zip
//
// Files have an ETag, the SHA-256 of their content, answer If-None-Match with
// 304, and may be kept for 300 seconds.
//
// Beside the HTTP server's threads there are two: one tells the management
// system of used numbers, at once and again each second until it knows; one
// publishes when a slot is due, takes up a run that was killed, deletes what is
// too old, and writes the line of the day.
#ifndef TEKMATCH_REGISTRATION_SERVER_NOTIFICATION_SERVER_H_
#define TEKMATCH_REGISTRATION_SERVER_NOTIFICATION_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "registration/server/diagnosis_service.h"
#include "registration/server/management_system.h"
#include "registration/server/publisher.h"
#include "registration/service/clock.h"
#include "registration/service/http_server.h"
#include "registration/service/request_log.h"

namespace tekmatch {

struct NotificationServerOptions {
  std::string data;  // the folder of server.sqlite
  HttpServerOptions http;
  DiagnosisServiceOptions diagnosis;
  PublisherOptions publisher;
  // false: `publish` does, as another process. Then no signer is needed.
  bool publishes = true;
};

class NotificationServer {
 public:
  // All outlive it; `log` may be null. Errors are the store's and HttpServer's.
  static absl::StatusOr<std::unique_ptr<NotificationServer>> Start(
      const NotificationServerOptions& options, ManagementSystem& management,
      const Clock& clock, RequestLog* log);
  NotificationServer(const NotificationServer&) = delete;
  NotificationServer& operator=(const NotificationServer&) = delete;
  ~NotificationServer();

  const ListenAddress& address() const;

  // As HttpServer::Stop; then ends the other threads. A batch that is being
  // published is finished.
  bool Stop(absl::Duration grace);

 private:
  class Impl;
  explicit NotificationServer(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_SERVER_NOTIFICATION_SERVER_H_
