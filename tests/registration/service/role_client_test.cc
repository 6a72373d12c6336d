#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "registration/service/clock.h"
#include "registration/service/http_client.h"
#include "registration/service/http_server.h"
#include "registration/service/router.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::UnorderedElementsAre;

// "name=value" of each header that the server saw.
std::vector<std::string> SeenHeaders(const HttpResult& result) {
  return absl::StrSplit(FindHeader(result.headers, "x-seen"), ';',
                        absl::SkipEmpty());
}

class RoleClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    router_.Add({.method = "PUT",
                 .path = "/echo",
                 .handler = [](const HttpRequest& request) {
                   HttpResponse response = PlainResponse(201, request.body);
                   std::string names;
                   for (const auto& [name, value] : request.headers) {
                     absl::StrAppend(&names, name, "=", value, ";");
                   }
                   response.headers.emplace_back("X-Seen", names);
                   return response;
                 }});
    router_.Add(
        {.method = "GET", .path = "/large", .handler = [](const HttpRequest&) {
           return PlainResponse(200, std::string(5000, 'x'));
         }});
    router_.Add(
        {.method = "GET", .path = "/away", .handler = [](const HttpRequest&) {
           HttpResponse response = PlainResponse(302, "");
           response.headers.emplace_back("Location", "/large");
           return response;
         }});
    router_.Add({.method = "GET",
                 .path = "/slow",
                 .handler = [this](const HttpRequest&) {
                   if (!slow_began_.HasBeenNotified()) slow_began_.Notify();
                   HttpResponse response = PlainResponse(200, "late");
                   response.not_before = absl::Hours(1);
                   return response;
                 }});
    HttpServerOptions options;
    options.address = *ParseListenAddress("127.0.0.1:0");
    auto server = HttpServer::Start(options, router_, *clock_, nullptr);
    ASSERT_THAT(server, IsOk());
    server_ = *std::move(server);
    url_ = "http://" + server_->address().ToString();
    auto client = NewHttpClient();
    ASSERT_THAT(client, IsOk());
    client_ = *std::move(client);
  }

  HttpCall CallOf(const std::string& path) const {
    HttpCall call;
    call.url = url_ + path;
    return call;
  }

  const std::unique_ptr<Clock> clock_ = RealClock();
  Router router_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<HttpClient> client_;
  std::string url_;
  absl::Notification slow_began_;
};

TEST_F(RoleClientTest, SendsWhatIsAskedForAndNothingElse) {
  HttpCall call = CallOf("/echo");
  call.method = "PUT";
  const std::string body = std::string("a\0b", 3) + std::string(4000, 'y');
  call.body = body;
  call.headers.emplace_back("X-One", "1");
  const auto result = client_->Send(call);
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->status, 201);
  EXPECT_EQ(result->body, body);
  EXPECT_THAT(
      SeenHeaders(*result),
      UnorderedElementsAre("Host=" + server_->address().ToString(),
                           "Accept=*/*", "X-One=1", "Content-Length=4003"));
  call.headers.emplace_back("Content-Type", "application/json");
  const auto with_type = client_->Send(call);
  ASSERT_THAT(with_type, IsOk());
  EXPECT_THAT(SeenHeaders(*with_type),
              UnorderedElementsAre("Host=" + server_->address().ToString(),
                                   "Accept=*/*", "X-One=1",
                                   "Content-Type=application/json",
                                   "Content-Length=4003"));
}

TEST_F(RoleClientTest, StopEndsWhatIsUnderWay) {
  absl::StatusOr<HttpResult> result = absl::InternalError("not yet");
  HttpCall call = CallOf("/slow");
  call.timeout = absl::Hours(1);
  std::thread caller([&] { result = client_->Send(call); });
  slow_began_.WaitForNotification();
  client_->Stop();
  caller.join();  // within the hour
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(client_->Send(CallOf("/large")),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(RoleClientTest, LargerAnswersAreRefused) {
  HttpCall call = CallOf("/large");
  call.max_answer_bytes = 5000;
  EXPECT_THAT(client_->Send(call), IsOk());
  call.max_answer_bytes = 4999;
  EXPECT_THAT(client_->Send(call), StatusIs(absl::StatusCode::kOutOfRange));
}

TEST_F(RoleClientTest, FollowsNobody) {
  const auto result = client_->Send(CallOf("/away"));
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->status, 302);
  HttpCall call = CallOf("/x");
  call.url = "file:///etc/passwd";
  EXPECT_THAT(client_->Send(call), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(RoleClientTest, NoAnswerIsUnavailable) {
  HttpCall call = CallOf("/slow");
  call.timeout = absl::Milliseconds(50);
  EXPECT_THAT(client_->Send(call), StatusIs(absl::StatusCode::kUnavailable));
  server_->Stop(absl::ZeroDuration());
  EXPECT_THAT(client_->Send(CallOf("/large")),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST(CheckRoleUrlTest, HttpsOrThisMachine) {
  for (const char* url : {"https://example.jp", "https://example.jp:8443/a/",
                          "http://127.0.0.1", "http://127.0.0.1:8081",
                          "http://localhost:1/", "http://[::1]:8081/x"}) {
    EXPECT_THAT(CheckRoleUrl(url), IsOk()) << url;
  }
  for (const char* url :
       {"", "example.jp", "ftp://127.0.0.1", "file:///etc/passwd", "https://",
        "http:///a", "http://example.jp", "http://127.0.0.1.example.jp",
        "http://localhostx:1", "http://127.0.0.1@example.jp",
        "https://a@example.jp", "https://example.jp/?a",
        "https://example.jp/#a", "https://example.jp/ a",
        "https://example.jp/\n", "https://a\\b", "http://[::1].example.jp"}) {
    EXPECT_THAT(CheckRoleUrl(url), StatusIs(absl::StatusCode::kInvalidArgument))
        << url;
  }
}

}  // namespace
}  // namespace tekmatch
