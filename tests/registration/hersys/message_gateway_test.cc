// The real gateway for SMS against a webhook.
#include "registration/hersys/message_gateway.h"

#include <atomic>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "registration/rules/contact_address.h"
#include "registration/rules/notice_text.h"
#include "registration/service/clock.h"
#include "registration/service/http_server.h"
#include "registration/service/listen_address.h"
#include "registration/service/router.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::SizeIs;

TEST(MessageGatewayTest, SmsGoesSignedToTheWebhook) {
  std::mutex mutex;
  int status = 200;
  HttpRequest seen;
  Router router;
  router.Add({.method = "POST",
              .path = "/sms",
              .handler =
                  [&](const HttpRequest& request) {
                    const std::lock_guard<std::mutex> lock(mutex);
                    seen = request;
                    return PlainResponse(status, "");
                  },
              .refusal = {}});
  const auto clock = RealClock();
  HttpServerOptions http;
  http.address = *ParseListenAddress("127.0.0.1:0");
  auto server = *HttpServer::Start(http, router, *clock, nullptr);
  const std::string url =
      absl::StrCat("http://", server->address().ToString(), "/sms");
  const auto gateway = *OpenGateway({.sms_url = url,
                                     .sms_secret = "secret-of-the-gateway",
                                     .smtp_url = "",
                                     .mail_from = "",
                                     .timeout = absl::Minutes(4)});
  const ContactAddress to = *ContactAddress::Parse("090-1234-5678").contact;
  const SecretText text("番号 12345678");
  EXPECT_EQ(gateway->SendSms("id-1", to, text), SendResult::kTaken);
  const nlohmann::json body = nlohmann::json::parse(seen.body);
  EXPECT_EQ(body, nlohmann::json({{"id", "id-1"},
                                  {"to", "+819012345678"},
                                  {"text", "番号 12345678"}}));
  EXPECT_EQ(seen.Header("X-Signature"),
            *SignatureOf("secret-of-the-gateway", seen.body));
  EXPECT_THAT(seen.Header("X-Signature"), SizeIs(128));

  for (const auto& [code, result] :
       std::vector<std::pair<int, SendResult>>{{204, SendResult::kTaken},
                                               {302, SendResult::kNotTaken},
                                               {400, SendResult::kRefused},
                                               {404, SendResult::kRefused},
                                               {401, SendResult::kNotTaken},
                                               {429, SendResult::kNotTaken},
                                               {500, SendResult::kNotTaken},
                                               {503, SendResult::kNotTaken},
                                               {502, SendResult::kUnclear},
                                               {504, SendResult::kUnclear}}) {
    status = code;
    EXPECT_EQ(gateway->SendSms("id-2", to, text), result) << code;
  }
  server->Stop(absl::Seconds(1));
  server.reset();
  EXPECT_EQ(gateway->SendSms("id-3", to, text), SendResult::kNotTaken);
}

TEST(MessageGatewayTest, AnAnswerThatDoesNotComeIsUnclear) {
  std::atomic<bool> came = false;
  Router router;
  router.Add({.method = "POST",
              .path = "/sms",
              .handler =
                  [&came](const HttpRequest&) {
                    came = true;
                    HttpResponse response = PlainResponse(200, "");
                    response.not_before = absl::Hours(1);
                    return response;
                  },
              .refusal = {}});
  const auto clock = RealClock();
  HttpServerOptions http;
  http.address = *ParseListenAddress("127.0.0.1:0");
  const auto server = *HttpServer::Start(http, router, *clock, nullptr);
  // Until it was on its way in time: what the machine did not send is not
  // taken.
  SendResult result = SendResult::kTaken;
  for (const int milliseconds : {300, 3000, 30'000}) {
    const auto gateway =
        *OpenGateway({.sms_url = absl::StrCat(
                          "http://", server->address().ToString(), "/sms"),
                      .sms_secret = "secret",
                      .smtp_url = "",
                      .mail_from = "",
                      .timeout = absl::Milliseconds(milliseconds)});
    result =
        gateway->SendSms("id", *ContactAddress::Parse("09012345678").contact,
                         SecretText("text"));
    if (came || result != SendResult::kNotTaken) break;
  }
  EXPECT_EQ(result, SendResult::kUnclear);
}

TEST(MessageGatewayTest, OptionsThatAreNone) {
  for (const char* url : {"file:///etc/passwd", "ftp://x", "127.0.0.1"}) {
    EXPECT_THAT(OpenGateway({.sms_url = url}).status(),
                StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(
        OpenGateway({.smtp_url = url, .mail_from = "a@example.jp"}).status(),
        StatusIs(absl::StatusCode::kInvalidArgument));
  }
  EXPECT_THAT(OpenGateway({.smtp_url = "smtp://127.0.0.1",
                           .mail_from = "a@example.jp\r\nBcc: b@example.jp"})
                  .status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

// RFC 4231, test case 2.
TEST(MessageGatewayTest, SignatureIsHmacSha512) {
  EXPECT_THAT(
      SignatureOf("Jefe", "what do ya want for nothing?"),
      IsOkAndHolds("164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea"
                   "2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e"
                   "070a38bce737"));
}

}  // namespace
}  // namespace tekmatch
