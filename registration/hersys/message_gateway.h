// Hands messages to those who deliver them: an SMS to a gateway's webhook, a
// mail to an SMTP server.
//
//   POST <sms url>  {"id":"...","to":"+819012345678","text":"..."}
//     X-Signature: <hex HMAC-SHA-512 of the body, by the gateway's secret>
//   2xx                 taken
//   400, 404, 410, 422  refused: this telephone gets nothing
//   502, 504            unclear: whoever is in front lost the answer
//   all else            not taken; redirections are not followed
//
//   SMTP: one plain text in UTF-8, base64, with an encoded subject; 550 to 553
//   is a refusal of the address, all else that is no success is not taken.
//
// An answer that is missing after something was sent is unclear: the message
// may have gone out. Each call takes 10 seconds at most.
//
// It stands over libcurl with GnuTLS, as management_system.cc and
// http_client.cc do. Protocols are http, https, smtp and smtps. Texts are wiped
// here afterwards, but not in the buffers of libcurl.
//
// Source: REGISTRATION section 5; UPSTREAM 2 (X-Signature, 10 s), 7.
#ifndef TEKMATCH_REGISTRATION_HERSYS_MESSAGE_GATEWAY_H_
#define TEKMATCH_REGISTRATION_HERSYS_MESSAGE_GATEWAY_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "registration/rules/contact_address.h"
#include "registration/rules/notice_text.h"

namespace tekmatch {

enum class SendResult : uint8_t {
  kTaken,
  kRefused,   // and will be
  kNotTaken,  // this time
  kUnclear,
};

class MessageGateway {
 public:
  virtual ~MessageGateway() = default;
  // `id` names this message in delivery reports: 0x21..0x7e.
  virtual SendResult SendSms(absl::string_view id, const ContactAddress& to,
                             const SecretText& text) = 0;
  virtual SendResult SendMail(absl::string_view id, const ContactAddress& to,
                              const MailText& mail, absl::Time now) = 0;
};

struct GatewayOptions {
  std::string sms_url;     // empty: no SMS is taken
  std::string sms_secret;  // of X-Signature
  std::string smtp_url;    // "smtp://127.0.0.1:25"; empty: no mail is taken
  std::string mail_from;
  absl::Duration timeout = absl::Seconds(10);
};

// INVALID_ARGUMENT: a url is of no such protocol, or mail_from is no address.
// INTERNAL: libcurl does not start.
absl::StatusOr<std::unique_ptr<MessageGateway>> OpenGateway(
    const GatewayOptions& options);

// What X-Signature has to be. RESOURCE_EXHAUSTED: no memory.
absl::StatusOr<std::string> SignatureOf(absl::string_view secret,
                                        absl::string_view body);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_HERSYS_MESSAGE_GATEWAY_H_
