#include "registration/service/web_session.h"

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tekmatch {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1607590800);

HttpRequest With(const std::string& cookie) {
  HttpRequest request;
  request.headers = {{"Cookie", cookie}};
  return request;
}

HttpRequest Of(const WebSession& session) {
  return With("session=" + session.id);
}

TEST(WebSessionTest, EachIsAnother) {
  WebSessions sessions({});
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const WebSession session = sessions.Begin(7, kNow);
    EXPECT_EQ(session.user, 7);
    for (const std::string& digits : {session.id, session.token}) {
      EXPECT_EQ(digits.size(), 32u);
      for (const char c : digits) {
        EXPECT_TRUE(absl::ascii_isxdigit(static_cast<unsigned char>(c)));
      }
      EXPECT_TRUE(seen.insert(digits).second);
    }
  }
}

TEST(WebSessionTest, IsFoundByItsCookieAlone) {
  WebSessions sessions({});
  const WebSession session = sessions.Begin(7, kNow);
  const auto found = sessions.Find(Of(session), kNow);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->id, session.id);
  EXPECT_EQ(found->token, session.token);
  EXPECT_EQ(found->user, 7);
  for (const std::string& cookie :
       {std::string(), std::string("session="), "session=" + session.token,
        "other=" + session.id, "session=" + session.id + "0",
        // The first of two is taken: one that somebody else planted hides ours,
        // and is nobody's.
        "session=0; session=" + session.id}) {
    EXPECT_FALSE(sessions.Find(With(cookie), kNow).has_value()) << cookie;
  }
}

// Session fixation: what a browser brings is never taken over.
TEST(WebSessionTest, APlantedCookieIsNobodys) {
  WebSessions sessions({});
  const std::string planted(32, 'a');
  EXPECT_FALSE(sessions.Find(With("session=" + planted), kNow).has_value());
  const WebSession session = sessions.Begin(1, kNow);
  EXPECT_NE(session.id, planted);
  EXPECT_FALSE(sessions.Find(With("session=" + planted), kNow).has_value());
}

TEST(WebSessionTest, EndsAfterTwentyIdleMinutes) {
  WebSessions sessions({});
  const absl::Duration idle = absl::Minutes(20);
  const WebSession one = sessions.Begin(1, kNow);
  const WebSession two = sessions.Begin(2, kNow);
  EXPECT_TRUE(sessions.Find(Of(one), kNow + idle - absl::Seconds(1)));
  EXPECT_FALSE(sessions.Find(Of(two), kNow + idle));
  // It is gone, whatever the clock says later.
  EXPECT_FALSE(sessions.Find(Of(two), kNow));
  // Each request counts anew.
  const absl::Time used = kNow + idle - absl::Seconds(1);
  EXPECT_TRUE(sessions.Find(Of(one), used + idle - absl::Seconds(1)));
  EXPECT_FALSE(sessions.Find(Of(one), used + idle - absl::Seconds(1) + idle));
}

TEST(WebSessionTest, EndsAfterTwelveHours) {
  WebSessions sessions({});
  const WebSession one = sessions.Begin(1, kNow);
  const WebSession two = sessions.Begin(2, kNow);
  absl::Time now = kNow;
  for (; now < kNow + absl::Hours(12) - absl::Minutes(10);
       now += absl::Minutes(10)) {
    ASSERT_TRUE(sessions.Find(Of(one), now));
    ASSERT_TRUE(sessions.Find(Of(two), now));
  }
  EXPECT_TRUE(
      sessions.Find(Of(one), kNow + absl::Hours(12) - absl::Seconds(1)));
  EXPECT_FALSE(sessions.Find(Of(one), kNow + absl::Hours(12)));
  EXPECT_FALSE(sessions.Find(Of(two), kNow + absl::Hours(12)));
}

TEST(WebSessionTest, BeyondTheMostTheOneIdleForLongestEnds) {
  WebSessions sessions({.most = 3});
  std::vector<WebSession> begun;
  begun.reserve(4);
  for (int i = 0; i < 3; ++i) {
    begun.push_back(sessions.Begin(i, kNow + absl::Seconds(i)));
  }
  // The first was used last.
  EXPECT_TRUE(sessions.Find(Of(begun[0]), kNow + absl::Seconds(5)));
  begun.push_back(sessions.Begin(3, kNow + absl::Seconds(6)));
  const absl::Time now = kNow + absl::Seconds(7);
  EXPECT_TRUE(sessions.Find(Of(begun[0]), now));
  EXPECT_FALSE(sessions.Find(Of(begun[1]), now));
  EXPECT_TRUE(sessions.Find(Of(begun[2]), now));
  EXPECT_TRUE(sessions.Find(Of(begun[3]), now));
  // Those that are over make room before one that is not.
  const absl::Time later = now + absl::Minutes(20) - absl::Seconds(1);
  EXPECT_TRUE(sessions.Find(Of(begun[2]), later));
  const WebSession last = sessions.Begin(4, later + absl::Seconds(1));
  EXPECT_TRUE(sessions.Find(Of(begun[2]), later + absl::Seconds(2)));
  EXPECT_TRUE(sessions.Find(Of(last), later + absl::Seconds(2)));
}

TEST(WebSessionTest, TenThousandByDefault) {
  WebSessions sessions({});
  const WebSession first = sessions.Begin(0, kNow);
  const WebSession second = sessions.Begin(0, kNow + absl::Seconds(1));
  for (int i = 2; i < 10'000; ++i) {
    sessions.Begin(i, kNow + absl::Seconds(2));
  }
  const WebSession one_more = sessions.Begin(0, kNow + absl::Seconds(3));
  EXPECT_FALSE(sessions.Find(Of(first), kNow + absl::Seconds(4)));
  EXPECT_TRUE(sessions.Find(Of(second), kNow + absl::Seconds(4)));
  EXPECT_TRUE(sessions.Find(Of(one_more), kNow + absl::Seconds(4)));
}

TEST(WebSessionTest, EndsByLogOutAndByUser) {
  WebSessions sessions({});
  const WebSession one = sessions.Begin(1, kNow);
  const WebSession also_one = sessions.Begin(1, kNow);
  const WebSession third = sessions.Begin(1, kNow);
  const WebSession two = sessions.Begin(2, kNow);
  sessions.End(one);
  sessions.End(one);
  EXPECT_FALSE(sessions.Find(Of(one), kNow));
  EXPECT_TRUE(sessions.Find(Of(also_one), kNow));
  sessions.EndAllOf(1);
  EXPECT_FALSE(sessions.Find(Of(also_one), kNow));
  EXPECT_FALSE(sessions.Find(Of(third), kNow));
  EXPECT_TRUE(sessions.Find(Of(two), kNow));
}

TEST(WebSessionTest, CookieIsForThisHostAndNoScript) {
  WebSessions plain({});
  const WebSession session = plain.Begin(1, kNow);
  EXPECT_EQ(plain.SetCookie(session),
            absl::StrCat("session=", session.id,
                         "; Path=/; HttpOnly; SameSite=Strict"));
  EXPECT_EQ(plain.ClearCookie(),
            "session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
  WebSessions secure({.cookie = "s", .secure = true});
  const WebSession other = secure.Begin(1, kNow);
  EXPECT_EQ(secure.SetCookie(other),
            absl::StrCat("s=", other.id,
                         "; Path=/; HttpOnly; SameSite=Strict; Secure"));
  EXPECT_TRUE(secure.Find(With("s=" + other.id), kNow));
}

TEST(WebSessionTest, TokenIsItsOwn) {
  WebSessions sessions({});
  const WebSession one = sessions.Begin(1, kNow);
  const WebSession two = sessions.Begin(1, kNow);
  EXPECT_TRUE(HasToken(one, one.token));
  EXPECT_FALSE(HasToken(one, two.token));
  EXPECT_FALSE(HasToken(one, one.id));
  EXPECT_FALSE(HasToken(one, ""));
  EXPECT_FALSE(HasToken(one, one.token.substr(0, 31)));
  EXPECT_FALSE(HasToken(one, one.token + "0"));
}

TEST(WebSessionTest, ManyThreads) {
  WebSessions sessions({.most = 50});
  std::atomic<int> num_found = 0;
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        const WebSession session = sessions.Begin(t, kNow);
        if (sessions.Find(Of(session), kNow)) ++num_found;
        if (i % 3 == 0) sessions.End(session);
        if (i % 50 == 0) sessions.EndAllOf(t);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(num_found, 800);
}

// --------------------------------------------------- where a request is from

HttpRequest From(const HttpHeaders& headers) {
  HttpRequest request;
  request.headers = headers;
  request.headers.emplace_back("Host", "127.0.0.1:8083");
  return request;
}

TEST(WebSessionTest, OnlyOurPagesChangeAnything) {
  for (const HttpHeaders& ours : std::vector<HttpHeaders>{
           {},  // an old browser, or a tool; the token decides
           {{"Sec-Fetch-Site", "same-origin"}},
           {{"Sec-Fetch-Site", "none"}},
           {{"Origin", "http://127.0.0.1:8083"}},
           // Behind a proxy with TLS, which hands the Host on.
           {{"Origin", "https://127.0.0.1:8083"}}}) {
    EXPECT_TRUE(IsFromOurPages(From(ours)));
  }
  for (const HttpHeaders& others : std::vector<HttpHeaders>{
           {{"Sec-Fetch-Site", "cross-site"}},
           {{"Sec-Fetch-Site", "same-site"}},
           {{"Sec-Fetch-Site", "Same-Origin"}},  // no browser says that
           {{"Sec-Fetch-Site", "cross-site"},
            {"Origin", "http://127.0.0.1:8083"}},
           {{"Origin", "null"}},
           {{"Origin", "http://127.0.0.1"}},
           {{"Origin", "http://127.0.0.1:8084"}},
           {{"Origin", "http://127.0.0.1:8083.evil.example"}},
           {{"Origin", "http://evil.example/127.0.0.1:8083"}},
           {{"Origin", "ftp://127.0.0.1:8083"}},
           {{"Origin", "127.0.0.1:8083"}},
           {{"Origin", "http://"}}}) {
    EXPECT_FALSE(IsFromOurPages(From(others)));
  }
  HttpRequest no_host;
  no_host.headers = {{"Origin", "http://"}};
  EXPECT_FALSE(IsFromOurPages(no_host));
}

TEST(WebSessionTest, HostIsTheAddressOrLocalhost) {
  const auto has = [](const char* host, const char* address) {
    HttpRequest request;
    if (host != nullptr) request.headers = {{"Host", host}};
    return HasExpectedHost(request, address);
  };
  EXPECT_TRUE(has("127.0.0.1:8083", "127.0.0.1:8083"));
  EXPECT_TRUE(has("localhost:8083", "127.0.0.1:8083"));
  EXPECT_TRUE(has("LocalHost:8083", "127.0.0.1:8083"));
  EXPECT_TRUE(has("[::1]:8083", "[::1]:8083"));
  EXPECT_TRUE(has("localhost:8083", "[::1]:8083"));
  EXPECT_TRUE(has("hersys.example.jp", "hersys.example.jp"));
  for (const char* other :
       {"", "127.0.0.1", "127.0.0.1:8084", "localhost", "localhost:80",
        "evil.example:8083", "127.0.0.1:8083.evil.example",
        "localhost.evil.example:8083", "127.0.0.1:8083 "}) {
    EXPECT_FALSE(has(other, "127.0.0.1:8083")) << other;
  }
  EXPECT_FALSE(has(nullptr, "127.0.0.1:8083"));
  EXPECT_FALSE(has("localhost:", "hersys.example.jp"));
}

}  // namespace
}  // namespace tekmatch
