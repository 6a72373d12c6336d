// The management system: answers the notification server, takes delivery
// reports, sends what is queued, deletes what is due, and serves operators'
// pages (hersys_pages.h) at an address of their own, if it is given one.
//
//   POST /internal/reserve, /internal/confirm   internal_messages.h
//   POST /internal/sms/<id>  {"status":"delivered"|"undeliverable"}
//     by the SMS gateway; X-Signature as it gets it itself (message_gateway.h)
//     204, also for an id that is unknown or whose state is another by now
//     400 no such report, 403 another signature
//
// The log has a line for each request, for each round of the courier that sent
// or failed something, and ALARM while the oldest issue waits for ten minutes
// (R1). One process has a folder.
//
// Source: REGISTRATION sections 4, 5, 6.
#ifndef TEKMATCH_REGISTRATION_HERSYS_HERSYS_SERVICE_H_
#define TEKMATCH_REGISTRATION_HERSYS_HERSYS_SERVICE_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "registration/hersys/courier.h"
#include "registration/hersys/message_gateway.h"
#include "registration/service/clock.h"
#include "registration/service/http_server.h"
#include "registration/service/request_log.h"

namespace tekmatch {

struct HersysOptions {
  std::string data;      // folder of the database
  std::string key_file;  // of number_keys.h
  std::string secret;    // shared with the notification server
  HttpServerOptions http;
  CourierOptions courier;
  GatewayOptions gateway;
  std::optional<HttpServerOptions> pages;  // none: no pages
  std::string pages_origin;                // HersysPagesOptions::origin
};

class HersysService {
 public:
  // `clock` and `log` outlive it; `log` may be null. UNAVAILABLE: another
  // process has the folder. INVALID_ARGUMENT: the options. Others are those of
  // the store, the key file and HttpServer.
  static absl::StatusOr<std::unique_ptr<HersysService>> Start(
      const HersysOptions& options, const Clock& clock, RequestLog* log);
  HersysService(const HersysService&) = delete;
  HersysService& operator=(const HersysService&) = delete;
  ~HersysService();

  const ListenAddress& address() const;
  // Of the pages; null where there are none.
  const ListenAddress* pages_address() const;
  // As HttpServer::Stop; a message that is being sent is waited for.
  bool Stop(absl::Duration grace);

 private:
  class Impl;
  explicit HersysService(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_HERSYS_HERSYS_SERVICE_H_
