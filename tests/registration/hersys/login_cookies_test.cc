#include "registration/hersys/login_cookies.h"

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tekmatch {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

// What a browser sends after these headers Set-Cookie.
HttpRequest After(const std::vector<std::string>& headers) {
  std::string cookies;
  for (const std::string& header : headers) {
    absl::StrAppend(&cookies, cookies.empty() ? "" : "; ",
                    header.substr(0, header.find(';')));
  }
  HttpRequest request;
  request.headers.emplace_back("Cookie", cookies);
  return request;
}

// The form of the first tab is good after a second one was opened.
TEST(LoginCookiesTest, AVisitorStaysTheSame) {
  const LoginCookies cookies(false);
  const LoginCookies::Visitor first = cookies.VisitorOf(HttpRequest());
  const HttpRequest request = After({first.set_cookie});
  const LoginCookies::Visitor second = cookies.VisitorOf(request);
  EXPECT_EQ(second.token, first.token);
  EXPECT_EQ(second.set_cookie, first.set_cookie);
  EXPECT_TRUE(cookies.HasToken(request, first.token));
}

// Nothing is kept of them, so no number of them ends another.
TEST(LoginCookiesTest, ManyVisitorsEndNone) {
  const LoginCookies cookies(false);
  const LoginCookies::Visitor first = cookies.VisitorOf(HttpRequest());
  std::set<std::string> tokens;
  for (int i = 0; i < 11'000; ++i) {
    tokens.insert(cookies.VisitorOf(HttpRequest()).token);
  }
  EXPECT_EQ(tokens.size(), 11'000u);
  EXPECT_TRUE(cookies.HasToken(After({first.set_cookie}), first.token));
}

TEST(LoginCookiesTest, ATokenIsOfItsCookieAndItsProcess) {
  const LoginCookies cookies(false);
  const LoginCookies::Visitor a = cookies.VisitorOf(HttpRequest());
  const LoginCookies::Visitor b = cookies.VisitorOf(HttpRequest());
  EXPECT_FALSE(cookies.HasToken(After({a.set_cookie}), b.token));
  EXPECT_FALSE(cookies.HasToken(After({a.set_cookie}), ""));
  EXPECT_FALSE(cookies.HasToken(HttpRequest(), a.token));
  EXPECT_FALSE(LoginCookies(false).HasToken(After({a.set_cookie}), a.token));
  // What is no value of ours gets another one.
  for (const char* planted :
       {"visitor=", "visitor=x", "visitor=0123456789abcdef0123456789abcdeg"}) {
    EXPECT_FALSE(cookies.HasToken(After({planted}), a.token));
    EXPECT_THAT(cookies.VisitorOf(After({planted})).set_cookie,
                Not(HasSubstr(absl::StrCat(planted, ";"))));
  }
}

TEST(LoginCookiesTest, ADeviceIsOfOneLogin) {
  const LoginCookies cookies(false);
  const std::string cookie = cookies.NewDevice("hanako");
  const std::string device = cookies.DeviceOf(After({cookie}), "hanako");
  EXPECT_EQ(device.size(), 32u);
  EXPECT_EQ(cookies.DeviceOf(After({cookie}), "taro"), "");
  EXPECT_EQ(cookies.DeviceOf(HttpRequest(), "hanako"), "");
  EXPECT_EQ(LoginCookies(false).DeviceOf(After({cookie}), "hanako"), "");
  EXPECT_NE(cookies.DeviceOf(After({cookies.NewDevice("hanako")}), "hanako"),
            device);
  // A visitor's token makes no device.
  const LoginCookies::Visitor visitor = cookies.VisitorOf(HttpRequest());
  const std::string value = visitor.set_cookie.substr(8, 32);
  for (const std::string& forged :
       {absl::StrCat("device=", device), absl::StrCat("device=", device, "."),
        absl::StrCat("device=", value, ".", visitor.token),
        std::string("device=.")}) {
    EXPECT_EQ(cookies.DeviceOf(After({forged}), ""), "") << forged;
    EXPECT_EQ(cookies.DeviceOf(After({forged}), "hanako"), "") << forged;
  }
}

TEST(LoginCookiesTest, ScriptsAndOtherSitesGetNone) {
  for (const bool secure : {false, true}) {
    const LoginCookies cookies(secure);
    for (const std::string& header :
         {cookies.VisitorOf(HttpRequest()).set_cookie, cookies.ClearVisitor(),
          cookies.NewDevice("hanako")}) {
      EXPECT_THAT(header, HasSubstr("; HttpOnly; SameSite=Strict"));
      EXPECT_EQ(header.find("; Secure") != std::string::npos, secure);
    }
    EXPECT_THAT(cookies.ClearVisitor(), EndsWith("; Max-Age=0"));
  }
}

}  // namespace
}  // namespace tekmatch
