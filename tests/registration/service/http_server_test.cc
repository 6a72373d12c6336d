// The server against real sockets: limits, hostile clients, and what others
// notice of them.
#include "registration/service/http_server.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/memory_folder.h"
#include "tests/registration/service/http_client.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class HttpServerTest : public ::testing::Test {
 protected:
  HttpServerTest() {
    router_.Add({.method = "PUT",
                 .path = "/echo",
                 .handler = [](const HttpRequest& request) {
                   return PlainResponse(200, request.body);
                 }});
    router_.Add({.method = "GET",
                 .path = "/who",
                 .handler = [](const HttpRequest& request) {
                   return PlainResponse(
                       200, absl::StrCat(request.client, "|", request.query));
                 }});
    router_.Add({.method = "GET",
                 .path = "/files/{name}",
                 .handler = [this](const HttpRequest&) {
                   HttpResponse response;
                   response.file = file_;
                   response.headers.emplace_back("Cache-Control",
                                                 "max-age=300");
                   return response;
                 }});
    router_.Add({.method = "PUT",
                 .path = "/slow",
                 .handler = [this](const HttpRequest&) {
                   ++num_slow_;
                   goes_on_.WaitForNotification();
                   return PlainResponse(200, "done");
                 }});
    router_.Add({.method = "PUT",
                 .path = "/later",
                 .handler = [this](const HttpRequest&) {
                   ++num_later_;
                   HttpResponse response = PlainResponse(406, "no");
                   response.not_before = held_back_;
                   return response;
                 }});
    router_.Add({.method = "PUT",
                 .path = "/throws",
                 .handler = [](const HttpRequest&) -> HttpResponse {
                   throw std::runtime_error("secret");
                 }});
  }

  void Start() {
    auto log = RequestLog::Open(TempPath("log"));
    ASSERT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
    auto server = HttpServer::Start(options_, router_, *clock_, log_.get());
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  const ListenAddress& address() const { return server_->address(); }

  // What was sent before is read then: one thread reads, and takes sockets in
  // the order in which they have something to say.
  void LetItRead() {
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(Ask(address(), "GET", "/nowhere").status, 404);
    }
  }

  static void WaitFor(const std::atomic<int>& number, int least) {
    while (number < least) absl::SleepFor(absl::Milliseconds(1));
  }

  std::string Log() const { return ReadFile(TempPath("log")); }

  HttpServerOptions options_;
  Router router_;
  std::unique_ptr<Clock> clock_ = RealClock();
  std::unique_ptr<RequestLog> log_;
  std::unique_ptr<HttpServer> server_;
  std::string file_;
  std::atomic<int> num_slow_ = 0;
  std::atomic<int> num_later_ = 0;
  absl::Notification goes_on_;                          // /slow waits for it
  absl::Duration held_back_ = absl::Milliseconds(400);  // /later
};

TEST_F(HttpServerTest, AnswersOnTcp) {
  Start();
  const HttpAnswer answer = Ask(address(), "PUT", "/echo", "hello");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "hello");
  EXPECT_EQ(Ask(address(), "GET", "/who?a=%41&b").body, "127.0.0.1|a=%41&b");
}

TEST_F(HttpServerTest, AnswersOnAUnixSocketAndRemovesIt) {
  // Paths of sockets are short, and those of tests are long.
  const MemoryFolder folder;
  options_.address.unix_path = folder.At("http");
  Start();
  EXPECT_EQ(Ask(address(), "PUT", "/echo", "hello").body, "hello");
  EXPECT_EQ(Ask(address(), "GET", "/who").body, "unix|");
  server_.reset();
  EXPECT_NE(access(options_.address.unix_path.c_str(), F_OK), 0);
}

TEST_F(HttpServerTest, ReverseProxyNamesTheClient) {
  options_.client_header = "X-Real-IP";
  Start();
  EXPECT_EQ(
      Ask(address(), "GET", "/who", "", {{"x-real-ip", "192.0.2.7"}}).body,
      "192.0.2.7|");
}

// RFC 9112, 2.2. Whoever writes a header into a log or another message begins
// no line of the client's.
TEST_F(HttpServerTest, CrWithoutLfInAHeaderIsASpace) {
  options_.client_header = "X-Real-IP";
  Start();
  EXPECT_EQ(Ask(address(), "GET", "/who", "",
                {{"X-Real-IP", "192.0.2.7\rCookie: a=b\r"}})
                .body,
            "192.0.2.7 Cookie: a=b |");
}

// RFC 9112, 5.1 and 5.2; RFC 9110, 5.5. Whoever guards X-Real-IP in front may
// read such headers otherwise. What follows on the connection is no request.
TEST_F(HttpServerTest, HeadersThatAreNotALineEachAreRefused) {
  options_.client_header = "X-Real-IP";
  Start();
  const std::string zero(1, '\0');
  for (const std::string& headers : {
           std::string("Host: a\r\nX-Real-: 192.0.2.7\r\n IP\r\n"),
           std::string("X-Real-: 192.0.2.7\r\n IP\r\nHost: a\r\n"),
           std::string("Host: a\r\nX-Real-: 192.0.2.7\n\tIP\n"),
           std::string("Host: a\r\nX-Real-IP: 192.0.2.7\r\n \r\n"),
           std::string("Host: a\r\nX-Real-IP: 192.0.2.7\r\n ,\r\n"),
           std::string("X: a\r\n b\r\n c\r\nHost: a\r\n"),
           std::string("Host: a\r\nX: a\r\n X-Real-IP: 192.0.2.7\r\n"),
           std::string(" X-Real-IP: 192.0.2.7\r\nHost: a\r\n"),
           std::string("Host: a\r\nX-Real-IP : 192.0.2.7\r\n"),
           std::string("Host: a\r\nX-Real-IP\t: 192.0.2.7\r\n"),
           std::string("Host: a\r\nX\rY: z\r\n"),
           std::string("Host: a\r\nX\x7f: z\r\n"),
           std::string("Host: a\r\nX\xe3\x81\x82: z\r\n"),
           std::string("Host: a\r\n: 192.0.2.7\r\n"),
           "Host: a\r\nX: a" + zero + "b\r\nX-Real-IP: 192.0.2.7\r\n",
           "Host: a\r\nX-Real-IP: 192.0.2.7" + zero + "b\r\n",
           std::string("Host: a\r\nContent-Length : 9\r\n"),
       }) {
    TestConnection connection(address());
    connection.Send(absl::StrCat("GET /who HTTP/1.1\r\n", headers, "\r\n",
                                 RequestText("GET", "/who", "")));
    const HttpAnswer answer = connection.Receive();
    EXPECT_EQ(answer.status, 400) << headers;
    EXPECT_EQ(answer.body, "not understood\n") << headers;
    EXPECT_EQ(connection.Receive().status, 0) << headers;
  }
  EXPECT_THAT(Log(), Not(HasSubstr("GET /who")));
  EXPECT_THAT(Log(), HasSubstr(" 400 "));
}

TEST_F(HttpServerTest, HeadersMayLookOtherwise) {
  options_.client_header = "X-Real-IP";
  Start();
  for (const absl::string_view headers :
       {"Host: a\r\n", "Host:a\nX:b\n", "X:\r\nY: \t \r\nHost: a \t \r\n",
        "X: a\rb\r\nHost: a\r\n",
        "Host: a\r\na!#$%&'*+-.^_`|~9Z: :, \"\x80\xff\"\r\n"}) {
    // At once, and byte by byte.
    for (const bool in_parts : {false, true}) {
      TestConnection connection(address());
      const std::string text = absl::StrCat(
          "PUT /echo HTTP/1.1\r\n", headers,
          "Content-Length: 3\r\nX-Real-IP:  192.0.2.7\r\n\r\n c\n");
      if (in_parts) {
        for (const char c : text) connection.Send(absl::string_view(&c, 1));
      } else {
        connection.Send(text);
      }
      EXPECT_EQ(connection.Receive().body, " c\n") << headers;
      connection.Send(RequestText("GET", "/who", ""));
      EXPECT_EQ(connection.Receive().body, "127.0.0.1|") << headers;
    }
  }
}

// libmicrohttpd reads into a half of the memory of a connection, and then into
// more of it; a name at the end of that it puts together in its place.
TEST_F(HttpServerTest, FoldedHeadersAreRefusedWhereverTheyLie) {
  options_.client_header = "X-Real-IP";
  Start();
  constexpr absl::string_view kLine = "GET /who HTTP/1.1\r\nHost: a\r\n";
  constexpr absl::string_view kFolded = "X-Real-:   1.1.1.1\n IP\n\n";
  constexpr absl::string_view kPlain = "X-Real-IP:  1.1.1.1\n\n\n\n\n";
  static_assert(kFolded.size() == kPlain.size());
  for (const size_t end :
       {options_.max_header_bytes / 2, options_.max_header_bytes * 9 / 16}) {
    for (size_t size = end - 48; size <= end + 16; ++size) {
      const std::string before = absl::StrCat(
          kLine,
          "X: ", std::string(size - kLine.size() - 4 - kFolded.size(), 'x'),
          "\n");
      TestConnection folded(address());
      folded.Send(absl::StrCat(before, kFolded));
      EXPECT_EQ(folded.Receive().body, "not understood\n") << size;
      TestConnection plain(address());
      plain.Send(absl::StrCat(before, kPlain));
      EXPECT_EQ(plain.Receive().body, "1.1.1.1|") << size;
    }
  }
}

TEST_F(HttpServerTest, ConnectionServesMoreThanOneRequest) {
  Start();
  TestConnection connection(address());
  // Two at once, as pipelining clients send them.
  connection.Send(RequestText("PUT", "/echo", "a") +
                  RequestText("PUT", "/echo", "b"));
  EXPECT_EQ(connection.Receive().body, "a");
  EXPECT_EQ(connection.Receive().body, "b");
  connection.Send(RequestText("PUT", "/echo", "c"));
  EXPECT_EQ(connection.Receive().body, "c");
}

TEST_F(HttpServerTest, EveryAnswerHasTheHeadersOfAll) {
  Start();
  for (const char* target : {"/who", "/nowhere", "/echo"}) {
    const HttpAnswer answer = Ask(address(), "GET", target);
    EXPECT_THAT(answer.Header("Content-Security-Policy"),
                HasSubstr("default-src 'self'"))
        << target;
    EXPECT_EQ(answer.Header("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(answer.Header("Referrer-Policy"), "no-referrer");
    EXPECT_EQ(answer.Header("X-Frame-Options"), "DENY");
    EXPECT_EQ(answer.Header("Cache-Control"), "no-store");
    EXPECT_EQ(answer.Header("Server"), "");
  }
}

TEST_F(HttpServerTest, WrongMethodsAndPaths) {
  Start();
  EXPECT_EQ(Ask(address(), "GET", "/nowhere").status, 404);
  const HttpAnswer answer = Ask(address(), "DELETE", "/echo");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.Header("Allow"), "PUT");
  EXPECT_EQ(Ask(address(), "BREW", "/echo").status, 405);
  for (const char* target :
       {"/files/../echo", "/files/..%2f..%2fetc%2fpasswd/x", "/files//etc",
        "/../../etc/passwd", "/files/%2e%2e/a"}) {
    EXPECT_EQ(Ask(address(), "GET", target).status, 404) << target;
  }
  EXPECT_THAT(Log(), Not(HasSubstr("passwd")));
}

TEST_F(HttpServerTest, SendsFilesAndTheirHeads) {
  Start();
  file_ = WriteTemp("file", std::string(300'000, 'x'));
  const HttpAnswer get = Ask(address(), "GET", "/files/a");
  EXPECT_EQ(get.status, 200);
  EXPECT_EQ(get.body.size(), 300'000u);
  EXPECT_EQ(get.Header("Cache-Control"), "max-age=300");
  const HttpAnswer head = Ask(address(), "HEAD", "/files/a");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.Header("Content-Length"), "300000");
  file_ = TempPath("none");
  EXPECT_EQ(Ask(address(), "GET", "/files/a").status, 404);
  file_ = ::testing::TempDir();  // a folder is no file
  EXPECT_EQ(Ask(address(), "GET", "/files/a").status, 404);
}

TEST_F(HttpServerTest, LargeBodyIsRefusedBeforeItIsSent) {
  Start();
  TestConnection connection(address());
  connection.Send(
      "PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n");
  EXPECT_EQ(connection.Receive().status, 413);
  for (const char* length :
       {"18446744073709551616", "99999999999999999999999", "-1", "1x"}) {
    TestConnection hostile(address());
    hostile.Send(absl::StrCat("PUT /echo HTTP/1.1\r\nHost: a\r\n",
                              "Content-Length: ", length, "\r\n\r\n"));
    const int status = hostile.Receive().status;
    EXPECT_TRUE(status == 413 || status == 400 || status == 0)
        << length << " " << status;
  }
  const std::string largest(65536, 'x');
  EXPECT_EQ(Ask(address(), "PUT", "/echo", largest).body, largest);
}

TEST_F(HttpServerTest, BodyWithoutLengthIsRefused) {
  Start();
  TestConnection connection(address());
  connection.Send(
      "PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n0\r\n\r\n");
  EXPECT_EQ(connection.Receive().status, 411);
  TestConnection both(address());
  both.Send(
      "PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
      "Content-Length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
  const int status = both.Receive().status;
  EXPECT_TRUE(status == 411 || status == 400) << status;
}

TEST_F(HttpServerTest, LargeHeadersAreRefused) {
  Start();
  const HttpAnswer answer = Ask(address(), "PUT", "/echo", "",
                                {{"X-Long", std::string(40'000, 'x')}});
  EXPECT_TRUE(answer.status == 431 || answer.status == 0) << answer.status;
  const HttpAnswer uri = Ask(address(), "GET", "/" + std::string(40'000, 'x'));
  EXPECT_TRUE(uri.status == 414 || uri.status == 431 || uri.status == 0)
      << uri.status;
  EXPECT_EQ(Ask(address(), "PUT", "/echo", "a").status, 200);
}

TEST_F(HttpServerTest, GarbageIsRefused) {
  Start();
  for (const std::string& bytes :
       {std::string("\r\n\r\n\r\n"), std::string("GET\r\n\r\n"),
        std::string(1000, '\0'), std::string("\x16\x03\x01\x02\x00\x01", 6),
        std::string("PUT /echo HTTP/9.9\r\n\r\n"),
        std::string("GET /who HTTP/1.1\r\n no: colon\r\n\r\n")}) {
    TestConnection connection(address());
    connection.Send(bytes);
    // Of some it waits for more.
    EXPECT_NE(connection.Receive(absl::Milliseconds(200)).status, 200);
  }
  EXPECT_EQ(Ask(address(), "PUT", "/echo", "a").status, 200);
}

TEST_F(HttpServerTest, ExceptionIsA500AndTheServerGoesOn) {
  Start();
  const HttpAnswer answer = Ask(address(), "PUT", "/throws", "x");
  EXPECT_EQ(answer.status, 500);
  EXPECT_THAT(answer.body, Not(HasSubstr("secret")));
  EXPECT_EQ(Ask(address(), "PUT", "/echo", "a").status, 200);
}

// Another's answer does not wait for 300 sockets that are idle, or stopped
// inside a request: it comes while all of them are there.
TEST_F(HttpServerTest, IdleClientsDelayNobody) {
  options_.idle_timeout = absl::Hours(1);
  options_.request_timeout = absl::Hours(1);
  Start();
  std::vector<std::unique_ptr<TestConnection>> idle;
  for (int i = 0; i < 300; ++i) {
    idle.push_back(std::make_unique<TestConnection>(address()));
    ASSERT_TRUE(idle.back()->connected());
    if (i % 3 == 1) idle.back()->Send("PUT /echo HT");
    if (i % 3 == 2) {
      idle.back()->Send(
          "PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
    }
  }
  const absl::Time start = absl::Now();
  EXPECT_EQ(Ask(address(), "PUT", "/echo", "a").status, 200);
  std::printf("with 300 idle sockets: an answer in %s\n",
              absl::FormatDuration(absl::Now() - start).c_str());
  for (const auto& client : idle) {
    EXPECT_FALSE(client->IsClosed(absl::ZeroDuration()));
  }
}

TEST_F(HttpServerTest, SlowClientIsCutOff) {
  options_.request_timeout = absl::Seconds(1);
  options_.idle_timeout = absl::Seconds(60);
  Start();
  TestConnection slow(address());
  constexpr int kBytes = 10'000;
  slow.Send(absl::StrCat(
      "PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ", kBytes, "\r\n\r\n"));
  // A byte now and then keeps libmicrohttpd's own timeout away.
  bool closed = false;
  for (int i = 1; i < kBytes && !closed; ++i) {
    slow.Send("x");
    closed = slow.IsClosed(absl::Milliseconds(100));
  }
  EXPECT_TRUE(closed);
  EXPECT_EQ(Ask(address(), "PUT", "/echo", "a").status, 200);
}

TEST_F(HttpServerTest, IdleConnectionIsClosed) {
  options_.idle_timeout = absl::Seconds(1);
  Start();
  TestConnection idle(address());
  EXPECT_TRUE(idle.IsClosed(kPatience));
}

TEST_F(HttpServerTest, WorkersAreBusyOthersAreToldSo) {
  options_.num_workers = 1;
  options_.max_waiting = 1;
  Start();
  std::atomic<int> num_done = 0;
  std::atomic<int> num_refused = 0;
  std::vector<std::thread> clients;
  clients.reserve(4);
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([this, &num_done, &num_refused] {
      const HttpAnswer answer = Ask(address(), "PUT", "/slow");
      if (answer.status == 200) ++num_done;
      if (answer.status == 503 && answer.Header("Retry-After") == "5") {
        ++num_refused;
      }
    });
    // The first one has the worker before others come.
    if (i == 0) WaitFor(num_slow_, 1);
  }
  WaitFor(num_refused, 2);
  goes_on_.Notify();
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(num_done, 2);
  EXPECT_EQ(num_refused, 2);
}

TEST_F(HttpServerTest, AnswersAreHeldBack) {
  Start();
  const absl::Time start = absl::Now();
  EXPECT_EQ(Ask(address(), "PUT", "/later").status, 406);
  EXPECT_GE(absl::Now() - start, held_back_);
}

TEST_F(HttpServerTest, AnswersHeldBackCostNoThread) {
  options_.num_workers = 1;
  held_back_ = absl::Hours(1);
  Start();
  std::vector<std::unique_ptr<TestConnection>> held;
  for (int i = 0; i < 20; ++i) {
    held.push_back(std::make_unique<TestConnection>(address()));
    held.back()->Send(RequestText("PUT", "/later", ""));
  }
  // The one worker has seen them all, and has time for another.
  WaitFor(num_later_, 20);
  EXPECT_EQ(Ask(address(), "PUT", "/echo", "a").status, 200);
  for (auto& client : held) {
    EXPECT_FALSE(client->IsClosed(absl::ZeroDuration()));
  }
  std::thread stopping([this] { EXPECT_TRUE(server_->Stop(kPatience)); });
  for (auto& client : held) EXPECT_EQ(client->Receive().status, 406);
  stopping.join();
}

TEST_F(HttpServerTest, StopFinishesAnswersInFlight) {
  options_.num_workers = 2;
  options_.idle_timeout = absl::Hours(1);
  options_.request_timeout = absl::Hours(1);
  held_back_ = absl::Hours(1);
  Start();
  const ListenAddress address = server_->address();
  std::vector<std::unique_ptr<TestConnection>> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(std::make_unique<TestConnection>(address));
    clients.back()->Send(RequestText("PUT", i < 4 ? "/slow" : "/later", ""));
  }
  // Two are with the workers, the others wait for one.
  WaitFor(num_slow_, 2);
  LetItRead();
  std::thread stopping([this] { EXPECT_TRUE(server_->Stop(kPatience)); });
  // Where it has not begun to stop by then, the same holds.
  absl::SleepFor(absl::Milliseconds(50));
  goes_on_.Notify();
  for (size_t i = 0; i < clients.size(); ++i) {
    EXPECT_EQ(clients[i]->Receive().status, i < 4 ? 200 : 406);
  }
  stopping.join();
  EXPECT_EQ(num_slow_, 4);
  EXPECT_EQ(Ask(address, "PUT", "/echo", "a").status, 0);
}

TEST_F(HttpServerTest, ClientsThatLeaveHarmNobody) {
  options_.num_workers = 2;
  Start();
  for (int i = 0; i < 50; ++i) {
    TestConnection connection(address());
    connection.Send(RequestText("PUT", i % 2 == 0 ? "/later" : "/echo",
                                std::string(5000, 'x')));
  }
  EXPECT_EQ(Ask(address(), "PUT", "/echo", "a").status, 200);
}

TEST_F(HttpServerTest, ManyClientsGetTheirOwnAnswers) {
  Start();
  std::vector<std::thread> clients;
  std::atomic<int> num_right = 0;
  clients.reserve(8);
  for (int c = 0; c < 8; ++c) {
    clients.emplace_back([this, c, &num_right] {
      TestConnection connection(address());
      for (int i = 0; i < 50; ++i) {
        const std::string body = absl::StrCat(c, "/", i);
        connection.Send(RequestText("PUT", "/echo", body));
        if (connection.Receive().body == body) ++num_right;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(num_right, 400);
}

// REGISTRATION 6.8: nothing that a client sent is in the log.
TEST_F(HttpServerTest, LogHoldsNoSecret) {
  options_.client_header = "X-Real-IP";
  file_ = TempPath("none");
  Start();
  const HttpHeaders headers = {{"X-Real-IP", "SECRET"},
                               {"User-Agent", "SECRET"},
                               {"Cookie", "SECRET"},
                               {"Authorization", "SECRET"}};
  Ask(address(), "PUT", "/echo?pn=SECRET", "SECRET", headers);
  Ask(address(), "PUT", "/throws", "SECRET", headers);
  Ask(address(), "GET", "/SECRET", "", headers);
  Ask(address(), "SECRET", "/echo", "", headers);
  Ask(address(), "GET", "/files/SECRET", "", headers);
  server_.reset();
  const std::string log = Log();
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 5) << log;
  EXPECT_THAT(log, Not(HasSubstr("SECRET")));
  EXPECT_THAT(log, HasSubstr(" PUT /echo 200 in<1K out<1K "));
  EXPECT_THAT(log, HasSubstr(" GET /files/{name} 404 "));
  EXPECT_THAT(log, HasSubstr(" - 404 "));
}

}  // namespace
}  // namespace tekmatch
