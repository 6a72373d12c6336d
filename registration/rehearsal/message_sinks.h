// The gateways of a rehearsal: an SMS webhook and a mail server, which give
// every message to the rehearsal, and fail as it says.
//
// A gateway that hangs takes the connection and answers nothing until the other
// side gives up (a mail client that says QUIT has, too). Every other message
// that it was given meanwhile arrives all the same, as with a real one whose
// answer is lost.
//
// The mail server knows what libcurl says: EHLO, MAIL, RCPT, DATA, QUIT. One
// connection at a time; a line has at most 1,000 bytes, a mail 64 KiB, and a
// client that says nothing for 30 seconds is closed.
//
// Source: registration/hersys/message_gateway.h; RFC 5321.
#ifndef TEKMATCH_REGISTRATION_REHEARSAL_MESSAGE_SINKS_H_
#define TEKMATCH_REGISTRATION_REHEARSAL_MESSAGE_SINKS_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "registration/service/clock.h"
#include "registration/service/http_server.h"
#include "registration/service/router.h"

namespace tekmatch {

enum class SinkMode : uint8_t { kTakes, kFails, kHangs };

struct SunkMessage {
  std::string id;      // of the delivery report; of a mail empty
  std::string to;      // "09012345678" or a mail address
  std::string number;  // 8 digits; empty: the message had none
  bool by_mail = false;
};

// Called by threads of the sinks, one at a time of each.
using MessageHandler = std::function<void(const SunkMessage&)>;

// The number behind "pn=", empty where there is none.
std::string NumberInText(absl::string_view text);

// What signs requests to and from the SMS gateway: hexadecimal HMAC-SHA-512.
std::string GatewaySignature(absl::string_view secret, absl::string_view body);

class SmsSink {
 public:
  // `clock` outlives it. Errors are HttpServer's.
  static absl::StatusOr<std::unique_ptr<SmsSink>> Start(std::string secret,
                                                        const Clock& clock,
                                                        MessageHandler handler);

  std::string Url() const;
  void SetMode(SinkMode mode) { mode_ = mode; }
  // How long the gateway takes for each message. Messages that come at once
  // wait for one another.
  void SetPace(absl::Duration pace) {
    pace_us_ = absl::ToInt64Microseconds(pace);
  }
  // Requests whose signature or form was another's.
  int64_t num_wrong() const { return num_wrong_; }

 private:
  SmsSink(std::string secret, MessageHandler handler);
  HttpResponse Take(const HttpRequest& request);

  const std::string secret_;
  const MessageHandler handler_;
  std::atomic<SinkMode> mode_ = SinkMode::kTakes;
  std::atomic<int64_t> pace_us_ = 0;
  absl::Time free_from_ = absl::InfinitePast();  // of the one worker
  int64_t num_hung_ = 0;                         // alike
  std::atomic<int64_t> num_wrong_ = 0;
  Router router_;
  std::unique_ptr<HttpServer> server_;
};

class MailSink {
 public:
  // Errors are the system's.
  static absl::StatusOr<std::unique_ptr<MailSink>> Start(
      MessageHandler handler);
  MailSink(const MailSink&) = delete;
  MailSink& operator=(const MailSink&) = delete;
  ~MailSink();

  std::string Url() const;
  void SetMode(SinkMode mode) { mode_ = mode; }

 private:
  MailSink(int fd, int port, MessageHandler handler);
  void Serve();
  void Talk(int fd);

  const int fd_;
  const int port_;
  const MessageHandler handler_;
  std::atomic<SinkMode> mode_ = SinkMode::kTakes;
  std::atomic<bool> stops_ = false;
  int64_t num_hung_ = 0;  // of the thread
  std::thread thread_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_REHEARSAL_MESSAGE_SINKS_H_
