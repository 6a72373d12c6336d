// The log-in of the operators' pages: GET and POST /login, and whose session a
// request has.
//
//   303 /patients   logged in: a session, and the cookie of the device
//   422             wrong; one text for a wrong password, an unknown login and
//                   a disabled one, which take as long
//   429             before its time, and 503 while others are judged
//                   (login_gate.h): the password was not looked at
//   403             not from our page
//
// A session is over once its operator is disabled or has another password. The
// audit has each log-in, with how many tries with wrong passwords came before.
//
// It has a connection of its own to the database, and no other waits for it.
//
// Source: REGISTRATION section 6, rule 9; section 8.
#ifndef TEKMATCH_REGISTRATION_HERSYS_LOGIN_DESK_H_
#define TEKMATCH_REGISTRATION_HERSYS_LOGIN_DESK_H_

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "registration/hersys/hersys_store.h"
#include "registration/hersys/login_cookies.h"
#include "registration/hersys/login_gate.h"
#include "registration/service/clock.h"
#include "registration/service/http_message.h"
#include "registration/service/request_log.h"
#include "registration/service/web_session.h"

namespace tekmatch {

// For any number of threads.
class LoginDesk {
 public:
  // `folder` of the database, which is there; `secure`: the pages are behind
  // TLS. `clock` and `log` outlive it; `log` may be null. Errors are the
  // store's.
  static absl::StatusOr<std::unique_ptr<LoginDesk>> Open(
      const std::string& folder, bool secure, const Clock& clock,
      RequestLog* log);

  HttpResponse ShowLogin(const HttpRequest& request);
  HttpResponse LogIn(const HttpRequest& request);
  HttpResponse LogOut(const WebSession& session);

  struct LoggedIn {
    Operator who;
    WebSession session;
  };
  // nullopt: nobody. Errors are the store's.
  absl::StatusOr<std::optional<LoggedIn>> Find(const HttpRequest& request);

 private:
  LoginDesk(std::unique_ptr<HersysStore> store, std::string no_password,
            bool secure, const Clock& clock, RequestLog* log);

  void Note(absl::string_view words);
  HttpResponse LoginAgain(int status, const HttpRequest& request,
                          absl::string_view login, absl::string_view fault);
  HttpResponse Failed(const absl::Status& status);
  absl::StatusOr<std::optional<Operator>> WhoHas(const std::string& login,
                                                 absl::string_view password);
  HttpResponse BeginSession(const HttpRequest& request, const Operator& who);

  // Of nobody: what a password for an unknown login is compared with, so that
  // it costs the same.
  const std::string no_password_;
  const Clock& clock_;
  RequestLog* const log_;
  WebSessions sessions_;
  const LoginCookies cookies_;
  LoginGate gate_;
  std::mutex hash_mutex_;

  std::mutex mutex_;
  const std::unique_ptr<HersysStore> store_;
  struct Known {
    std::string hash_at_login;
    int64_t num_failures = 0;  // since the last good log-in
  };
  std::map<int64_t, Known> known_;  // by operator
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_HERSYS_LOGIN_DESK_H_
