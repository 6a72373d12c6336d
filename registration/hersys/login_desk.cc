// Plan: the form; a try, from what may be judged to a session; whose session a
// request has.
//
// A password is hashed under a mutex of its own: some 30 ms and 19 MiB each,
// which nobody should have many of at once. login_gate.h bounds who waits for
// it.
#include "registration/hersys/login_desk.h"

#include <chrono>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "registration/hersys/page_frame.h"
#include "registration/hersys/passwords.h"
#include "registration/service/form_data.h"
#include "registration/service/uuid.h"
#include "registration/service/web_form.h"

namespace tekmatch {
namespace {

// Longer is no login (IsLogin), and need not be remembered whole.
constexpr size_t kMostOfLogin = 100;

// The machine's own, which goes on evenly: a rehearsal's clock may stand still,
// and the time of day may be set back.
absl::Time SteadyNow() {
  return absl::UnixEpoch() +
         absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace

LoginDesk::LoginDesk(std::unique_ptr<HersysStore> store,
                     std::string no_password, bool secure, const Clock& clock,
                     RequestLog* log)
    : no_password_(std::move(no_password)),
      clock_(clock),
      log_(log),
      sessions_({.cookie = "session", .secure = secure}),
      cookies_(secure),
      store_(std::move(store)) {}

absl::StatusOr<std::unique_ptr<LoginDesk>> LoginDesk::Open(
    const std::string& folder, bool secure, const Clock& clock,
    RequestLog* log) {
  TEKMATCH_ASSIGN_OR_RETURN(std::unique_ptr<HersysStore> store,
                            HersysStore::Open(folder, OpenMode::kExisting));
  TEKMATCH_ASSIGN_OR_RETURN(std::string no_password, HashPassword(NewUuid()));
  return absl::WrapUnique(new LoginDesk(
      std::move(store), std::move(no_password), secure, clock, log));
}

void LoginDesk::Note(absl::string_view words) {
  if (log_ != nullptr) log_->Note(clock_.Now(), words);
}

HttpResponse LoginDesk::Failed(const absl::Status& status) {
  Note(status.message());
  return FailurePage();
}

// ----------------------------------------------------------------- the form

HttpResponse LoginDesk::LoginAgain(int status, const HttpRequest& request,
                                   absl::string_view login,
                                   absl::string_view fault) {
  const LoginCookies::Visitor visitor = cookies_.VisitorOf(request);
  HttpResponse response = LoginPage(status, visitor.token, login, fault);
  response.headers.emplace_back("Set-Cookie", visitor.set_cookie);
  return response;
}

HttpResponse LoginDesk::ShowLogin(const HttpRequest& request) {
  return LoginAgain(200, request, "", "");
}

// -------------------------------------------------------------------- a try

HttpResponse LoginDesk::LogIn(const HttpRequest& request) {
  const absl::StatusOr<FormData> form = FormData::OfBody(request);
  if (!IsFromOurPages(request) || !form.ok() ||
      !cookies_.HasToken(request, form->Get(kTokenField))) {
    return OutsidePage(403, "ログインできません",
                       "ログイン画面を開き直してください。");
  }
  LoginTry attempt{.login = absl::AsciiStrToLower(
                       absl::StripAsciiWhitespace(form->Get("login"))
                           .substr(0, kMostOfLogin)),
                   .client = request.client,
                   .device = ""};
  attempt.device = cookies_.DeviceOf(request, attempt.login);
  const LoginGate::Verdict verdict = gate_.Begin(attempt, SteadyNow());
  if (!verdict.may_try()) {
    const int64_t seconds =
        verdict.is_busy
            ? 1
            : absl::ToInt64Seconds(absl::Ceil(verdict.wait, absl::Seconds(1)));
    HttpResponse response = LoginAgain(
        verdict.is_busy ? 503 : 429, request, attempt.login,
        absl::StrCat(verdict.is_busy ? "ただいま混み合っているため、あと"
                                     : "続けて失敗したため、あと",
                     seconds,
                     "秒お待ちください。入力された内容は確認していません。"));
    response.headers.emplace_back("Retry-After", absl::StrCat(seconds));
    return response;
  }
  const absl::StatusOr<std::optional<Operator>> who =
      WhoHas(attempt.login, form->Get("password"));
  gate_.End(attempt, who.ok() && who->has_value());
  if (!who.ok()) return Failed(who.status());
  if (who->has_value()) return BeginSession(request, **who);
  Note("a log-in failed");
  const absl::Time now = SteadyNow();
  if (gate_.Alarms(now)) {
    Note(absl::StrCat("ALARM: ", gate_.NumFailures(now),
                      " log-ins failed within an hour"));
  }
  return LoginAgain(422, request, attempt.login,
                    "ログインID又はパスワードが違います。");
}

// nullopt: nobody who may log in.
absl::StatusOr<std::optional<Operator>> LoginDesk::WhoHas(
    const std::string& login, absl::string_view password) {
  absl::StatusOr<Operator> who = absl::NotFoundError("");
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    who = store_->operators().FindByLogin(login);
  }
  if (!who.ok() && !absl::IsNotFound(who.status())) return who.status();
  const bool may = who.ok() && !who->disabled;
  bool is_right = false;
  {
    const std::lock_guard<std::mutex> lock(hash_mutex_);
    TEKMATCH_ASSIGN_OR_RETURN(
        is_right,
        VerifyPassword(password, may ? who->password_hash : no_password_));
  }
  if (may && is_right) return std::optional<Operator>(*std::move(who));
  if (who.ok()) {
    // In memory: written at once, it would say by its time that the login is
    // somebody's, and let strangers fill the disk.
    const std::lock_guard<std::mutex> lock(mutex_);
    ++known_[who->id].num_failures;
  }
  return std::optional<Operator>();
}

HttpResponse LoginDesk::BeginSession(const HttpRequest& request,
                                     const Operator& who) {
  const absl::Time now = clock_.Now();
  // Nothing that a browser had before counts from here on: whoever planted a
  // cookie has none of this session's.
  if (const std::optional<WebSession> before = sessions_.Find(request, now)) {
    sessions_.End(*before);
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    // First, in the audit: a log-in that cannot be written there is none.
    Known& known = known_[who.id];
    const absl::Status noted =
        store_->operators().NoteLogin(who.id, known.num_failures, now);
    if (!noted.ok()) return Failed(noted);
    known.num_failures = 0;
    // Sessions of a password before this one are over, though they asked for
    // nothing since it was changed.
    if (known.hash_at_login != who.password_hash) sessions_.EndAllOf(who.id);
    known.hash_at_login = who.password_hash;
  }
  const WebSession session = sessions_.Begin(who.id, now);
  HttpResponse response = SeeOther("/patients");
  response.headers.emplace_back("Set-Cookie", sessions_.SetCookie(session));
  response.headers.emplace_back("Set-Cookie", cookies_.ClearVisitor());
  response.headers.emplace_back("Set-Cookie", cookies_.NewDevice(who.login));
  return response;
}

// ------------------------------------------------------------------ sessions

HttpResponse LoginDesk::LogOut(const WebSession& session) {
  sessions_.End(session);
  HttpResponse response = SeeOther("/login");
  response.headers.emplace_back("Set-Cookie", sessions_.ClearCookie());
  return response;
}

absl::StatusOr<std::optional<LoginDesk::LoggedIn>> LoginDesk::Find(
    const HttpRequest& request) {
  const std::optional<WebSession> session =
      sessions_.Find(request, clock_.Now());
  if (!session.has_value()) return std::optional<LoggedIn>();
  const std::lock_guard<std::mutex> lock(mutex_);
  const absl::StatusOr<Operator> who = store_->operators().Find(session->user);
  if (!who.ok() && !absl::IsNotFound(who.status())) return who.status();
  // At each request: `operator` disables and changes passwords from another
  // process, and the sessions of before end with that.
  const auto known = known_.find(session->user);
  if (!who.ok() || who->disabled || known == known_.end() ||
      known->second.hash_at_login != who->password_hash) {
    sessions_.EndAllOf(session->user);
    return std::optional<LoggedIn>();
  }
  return std::optional<LoggedIn>(LoggedIn{.who = *who, .session = *session});
}

}  // namespace tekmatch
