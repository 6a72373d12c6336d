// The two cookies of the log-in page, which nothing is stored of here: each is
// a random value that a key of this process makes checkable.
//
//   visitor   before there is a session: the form's token is HMAC(key, cookie).
//             A visitor's second tab has the same, and any number of visitors
//             take no memory.
//   device    after a good log-in: "VALUE.HMAC(key, login, VALUE)", by which
//             login_gate.h knows where this login succeeded before. It lets
//             nobody in.
//
// A restart makes another key: a form that was open has to be opened again, and
// devices are unknown until their next log-in.
//
// Source: OWASP CSRF Prevention Cheat Sheet (signed double submit); OWASP "Slow
// Down Online Guessing Attacks with Device Cookies".
#ifndef TEKMATCH_REGISTRATION_HERSYS_LOGIN_COOKIES_H_
#define TEKMATCH_REGISTRATION_HERSYS_LOGIN_COOKIES_H_

#include <string>

#include "absl/strings/string_view.h"
#include "registration/service/http_message.h"

namespace tekmatch {

class LoginCookies {
 public:
  // `secure`: the pages are behind TLS.
  explicit LoginCookies(bool secure);

  struct Visitor {
    std::string token;       // of the form; empty: no memory
    std::string set_cookie;  // the header Set-Cookie
  };
  // Who asks: the same as before, or a new one.
  Visitor VisitorOf(const HttpRequest& request) const;
  // Whether the form's token is of the request's cookie, in constant time.
  bool HasToken(const HttpRequest& request, absl::string_view token) const;
  std::string ClearVisitor() const;

  // The device's value where its cookie is of that login; else empty.
  std::string DeviceOf(const HttpRequest& request,
                       absl::string_view login) const;
  // The header Set-Cookie of a device on which the login succeeded.
  std::string NewDevice(absl::string_view login) const;

 private:
  std::string Sign(absl::string_view kind, absl::string_view text,
                   absl::string_view value) const;
  std::string Attributes(absl::string_view path) const;

  const bool secure_;
  const std::string key_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_HERSYS_LOGIN_COOKIES_H_
