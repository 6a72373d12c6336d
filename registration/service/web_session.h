// Who uses a page: sessions by a cookie, and what keeps other sites from using
// them.
//
// A session is a cookie with 128 random bits and, apart from it, a token that
// is in every form. A new one begins at each log-in (session fixation). It ends
// 20 minutes after its last request, or 12 hours after its begin. Sessions are
// in memory: a restart ends them.
//
// The cookie is HttpOnly and SameSite=Strict, without Domain. It is Secure
// where the pages are behind TLS; on the loopback, where a browser speaks plain
// HTTP, it cannot be.
//
// IsFromOurPages is for every request that changes something, before its
// session is looked at: a browser says in Origin and Sec-Fetch-Site where a
// request comes from. HasExpectedHost is for pages on the loopback: a name that
// somebody else's DNS points to 127.0.0.1 is none of ours (DNS rebinding).
//
// Source: OWASP Session Management and CSRF Prevention Cheat Sheets; RFC 6265;
// Fetch Metadata Request Headers; REGISTRATION section 6, rule 9.
#ifndef TEKMATCH_REGISTRATION_SERVICE_WEB_SESSION_H_
#define TEKMATCH_REGISTRATION_SERVICE_WEB_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "registration/service/http_message.h"

namespace tekmatch {

struct WebSession {
  std::string id;     // of the cookie: 32 hexadecimal digits
  std::string token;  // of the forms: the same, another one
  int64_t user = 0;   // the role's number of who logged in
};

struct WebSessionOptions {
  std::string cookie = "session";
  bool secure = false;  // the pages are behind TLS
  absl::Duration idle = absl::Minutes(20);
  absl::Duration longest = absl::Hours(12);
  // Beyond, the one that was idle for longest ends.
  size_t most = 10'000;
};

// For any number of threads.
class WebSessions {
 public:
  explicit WebSessions(WebSessionOptions options)
      : options_(std::move(options)) {}

  WebSession Begin(int64_t user, absl::Time now);
  // The request's session, which then counts as used; nullopt where it has
  // none, or it is over.
  std::optional<WebSession> Find(const HttpRequest& request, absl::Time now);
  void End(const WebSession& session);
  // All sessions of a user: locked out, or another password.
  void EndAllOf(int64_t user);

  // The header Set-Cookie that gives the browser a session, or takes it.
  std::string SetCookie(const WebSession& session) const;
  std::string ClearCookie() const;

 private:
  struct State {
    WebSession session;
    absl::Time begun;
    absl::Time used;
  };
  bool IsOver(const State& state, absl::Time now) const;

  const WebSessionOptions options_;
  std::mutex mutex_;
  std::map<std::string, State> states_;  // by the cookie's digest
};

// Whether the form's token is the session's, in constant time.
bool HasToken(const WebSession& session, absl::string_view token);

// Whether the browser says that a page of ours sent the request: Sec-Fetch-Site
// is "same-origin" or "none", or, where a browser does not send that, Origin is
// missing or names the Host.
bool IsFromOurPages(const HttpRequest& request);

// Whether Host is `address` ("127.0.0.1:8084", in any case) or "localhost" with
// its port.
bool HasExpectedHost(const HttpRequest& request, absl::string_view address);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_SERVICE_WEB_SESSION_H_
