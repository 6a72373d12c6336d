// Plan: routes, each wrapped in what holds for all of its kind (host, origin,
// session, token); log-in and log-out; the list; a patient's tabs and what
// changes them; the audit. Fields are patient_forms.cc, the tab ID管理
// number_tab.cc, what surrounds a page page_frame.cc, the import
// import_page.cc.
//
// The pages have a connection of their own, under a mutex, as the routes of
// hersys_service.cc. A password is hashed under another one: some 30 ms and 19
// MiB each, which nobody should have many of at once.
#include "registration/hersys/hersys_pages.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "keyformat/random_source.h"
#include "keyformat/status_macros.h"
#include "registration/hersys/hersys_store.h"
#include "registration/hersys/import_page.h"
#include "registration/hersys/login_gate.h"
#include "registration/hersys/number_tab.h"
#include "registration/hersys/page_frame.h"
#include "registration/hersys/passwords.h"
#include "registration/hersys/patient_forms.h"
#include "registration/service/form_data.h"
#include "registration/service/web_form.h"
#include "registration/service/web_page.h"
#include "registration/service/web_session.h"

namespace tekmatch {
namespace {

constexpr size_t kPatientsAPage = 100;
constexpr int kMostOfAudit = 500;
// Who entered a contact: HersysStore's `origin`.
constexpr char kByCentre[] = "center";

// Names of the states of PatientSummary, with what the list says.
constexpr std::array<std::pair<const char*, const char*>, 11> kStates = {{
    {"", "すべて"},
    {"incomplete", "入力中"},
    {"ready", "未発行"},
    {"queued", "送信待ち"},
    {"handed", "送信中"},
    {"delivered", "送信済"},
    {"failed", "失敗"},
    {"expired", "期限切れ"},
    {"redeemed", "使用済"},
    {"registered", "登録済"},
    {"closed", "対象外"},
}};

constexpr std::array<std::pair<const char*, const char*>, 9> kDeeds = {{
    {"add", "患者の追加"},
    {"edit", "入力内容の変更"},
    {"edit_contact", "連絡先の変更"},
    {"report", "報告"},
    {"issue", "処理番号発行"},
    {"close", "対象外"},
    {"registered", "陽性登録の完了"},
    {"login", "ログイン"},
    {"operator_set", "利用者の設定"},
}};

std::string DeedLabel(const std::string& what) {
  for (const auto& [name, label] : kDeeds) {
    if (what == name) return label;
  }
  return what;
}

std::string NewUuid() {
  std::array<uint8_t, 16> bytes;
  RandomSource::FromSystem().Fill(absl::MakeSpan(bytes));
  // RFC 4122, 4.4: version 4 and the variant; all other bits are random.
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3f) | 0x80);
  const std::string hex = absl::BytesToHexString(absl::string_view(
      reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  return absl::StrCat(hex.substr(0, 8), "-", hex.substr(8, 4), "-",
                      hex.substr(12, 4), "-", hex.substr(16, 4), "-",
                      hex.substr(20));
}

// Digits alone, no sign, as the pages' own links have them.
std::optional<int64_t> NumberOf(absl::string_view text) {
  int64_t number = 0;
  if (text.empty() || text.size() > 18 || !absl::ascii_isdigit(text[0]) ||
      !absl::SimpleAtoi(text, &number)) {
    return std::nullopt;
  }
  return number;
}

// Of a request that no handler sees.
HttpResponse Refusal(int status) {
  HttpResponse response = OutsidePage(
      status, "操作できません",
      status == 413 ? "送信内容が大きすぎます（1MBまで）。"
                    : "しばらくしてから、もう一度操作してください。");
  if (status == 503) response.headers.emplace_back("Retry-After", "5");
  return response;
}

std::string PatientPath(int64_t patient, absl::string_view tab) {
  return absl::StrCat("/patient/", patient, "?tab=", tab);
}

}  // namespace

class HersysPages::Impl {
 public:
  Impl(HersysPagesOptions options, std::unique_ptr<HersysStore> store,
       std::string no_password, bool secure, const Clock& clock,
       RequestLog* log)
      : options_(std::move(options)),
        no_password_(std::move(no_password)),
        clock_(clock),
        log_(log),
        sessions_({.cookie = "session", .secure = secure}),
        visitors_(
            {.cookie = "visitor", .secure = secure, .idle = absl::Hours(12)}),
        store_(std::move(store)) {
    AddRoutes();
  }

  const Router& router() const { return router_; }
  void SetHost(absl::string_view host) {
    const std::lock_guard<std::mutex> lock(host_mutex_);
    host_ = std::string(host);
  }

 private:
  // A request of somebody who is logged in.
  struct Request {
    PageVisit visit;
    FormData fields;      // of the query (GET) or of the form (POST)
    int64_t patient = 0;  // in the path; 0: none, or no number
  };
  using Page = HttpResponse (Impl::*)(Request&);

  void AddRoutes();
  void Add(absl::string_view method, const std::string& path, Page page);
  HttpResponse Serve(const Route& route, Page page, const HttpRequest& request);
  bool IsOurs(const HttpRequest& request);
  absl::StatusOr<std::optional<PageVisit>> VisitOf(const HttpRequest& request);
  HttpResponse Fail(const absl::Status& status);
  HttpResponse NotThere(const PageVisit& visit);
  // The page, or the error's.
  HttpResponse Answer(const PageVisit& visit,
                      absl::StatusOr<HttpResponse> page);
  void Note(absl::string_view words) {
    if (log_ != nullptr) log_->Note(clock_.Now(), words);
  }

  HttpResponse ShowLogin(const HttpRequest& request);
  HttpResponse LogIn(const HttpRequest& request);
  absl::StatusOr<std::optional<Operator>> WhoHas(const std::string& login,
                                                 absl::string_view password);
  HttpResponse LogInAgain(int status, const WebSession& visitor,
                          absl::string_view login, absl::string_view fault);
  HttpResponse LogOut(Request& request);

  HttpResponse Home(Request&) { return SeeOther("/patients"); }
  HttpResponse ListPatients(Request& request);
  HttpResponse ShowNew(Request& request);
  HttpResponse AddNew(Request& request);
  HttpResponse ShowPatient(Request& request);
  HttpResponse SaveReport(Request& request);
  HttpResponse SaveContact(Request& request);
  HttpResponse IssueNumber(Request& request);
  HttpResponse Close(Request& request);
  HttpResponse ShowImport(Request& request);
  HttpResponse TakeImport(Request& request);
  HttpResponse ShowAudit(Request& request);

  HttpResponse NewPage(const PageVisit& visit, const PatientInput& input,
                       int status);
  absl::StatusOr<Patient> FindPatient(const Request& request);
  // `words`: why the page comes back; empty: it is asked for.
  HttpResponse ReportTab(const Request& request, const Patient& patient,
                         const PatientInput& input, absl::string_view words,
                         int status);
  HttpResponse ContactTab(const Request& request, const Patient& patient,
                          const PatientInput& input, absl::string_view words,
                          int status);
  absl::StatusOr<HttpResponse> NumberPage(const Request& request,
                                          absl::string_view words, int status);

  const HersysPagesOptions options_;
  // Of nobody: what a password for an unknown login is compared with, so that
  // it costs the same.
  const std::string no_password_;
  const Clock& clock_;
  RequestLog* const log_;
  Router router_;
  WebSessions sessions_;
  WebSessions visitors_;  // of the log-in form: a token before there is a user
  LoginGate gate_;
  std::mutex hash_mutex_;
  std::mutex host_mutex_;
  std::string host_;

  std::mutex store_mutex_;
  const std::unique_ptr<HersysStore> store_;
  std::map<int64_t, std::string> hash_at_login_;  // by operator
};

// ------------------------------------------------------ what holds for all

void HersysPages::Impl::AddRoutes() {
  AddStyleRoute(router_);
  const auto plain = [this](const char* method,
                            HttpResponse (Impl::*handler)(const HttpRequest&)) {
    router_.Add({.method = method,
                 .path = "/login",
                 .handler =
                     [this, handler](const HttpRequest& request) {
                       return (this->*handler)(request);
                     },
                 .refusal = &Refusal});
  };
  plain("GET", &Impl::ShowLogin);
  plain("POST", &Impl::LogIn);
  Add("POST", "/logout", &Impl::LogOut);
  Add("GET", "/", &Impl::Home);
  Add("GET", "/patients", &Impl::ListPatients);
  Add("GET", "/new", &Impl::ShowNew);
  Add("POST", "/new", &Impl::AddNew);
  Add("GET", "/patient/{id}", &Impl::ShowPatient);
  Add("POST", "/report/{id}", &Impl::SaveReport);
  Add("POST", "/contact/{id}", &Impl::SaveContact);
  Add("POST", "/issue/{id}", &Impl::IssueNumber);
  Add("POST", "/close/{id}", &Impl::Close);
  Add("GET", "/import", &Impl::ShowImport);
  Add("POST", "/import", &Impl::TakeImport);
  Add("GET", "/audit", &Impl::ShowAudit);
}

void HersysPages::Impl::Add(absl::string_view method, const std::string& path,
                            Page page) {
  Route route{.method = std::string(method),
              .path = path,
              .handler = nullptr,
              .refusal = &Refusal};
  const Route here = route;
  route.handler = [this, here, page](const HttpRequest& request) {
    return Serve(here, page, request);
  };
  router_.Add(std::move(route));
}

bool HersysPages::Impl::IsOurs(const HttpRequest& request) {
  const std::lock_guard<std::mutex> lock(host_mutex_);
  return !host_.empty() && HasExpectedHost(request, host_);
}

HttpResponse HersysPages::Impl::Serve(const Route& route, Page page,
                                      const HttpRequest& request) {
  if (!IsOurs(request)) return PlainResponse(421, "no such host\n");
  const bool changes = route.method == "POST";
  const auto no_session = [changes] {
    return changes
               ? OutsidePage(403, "操作できません",
                             "ログインの有効期限が切れました。もう一度ログイ"
                             "ンしてください。")
               : SeeOther("/login");
  };
  const auto other_site = [] {
    return OutsidePage(403, "操作できません",
                       "この画面から送信されたものではありません。");
  };
  if (changes && !IsFromOurPages(request)) return other_site();
  absl::StatusOr<std::optional<PageVisit>> visit = VisitOf(request);
  if (!visit.ok()) return Fail(visit.status());
  if (!visit->has_value()) return no_session();
  absl::StatusOr<FormData> fields =
      changes ? FormData::OfBody(request) : FormData::Parse(request.query);
  if (!fields.ok()) {
    return OutsidePage(400, "操作できません", "送信内容を読み取れません。");
  }
  if (changes && !HasToken((*visit)->session, fields->Get(kTokenField))) {
    return other_site();
  }
  Request asked{.visit = **std::move(visit), .fields = *std::move(fields)};
  if (absl::EndsWith(route.path, "}")) {
    asked.patient = NumberOf(LastPart(route.path, request.path)).value_or(0);
  }
  return (this->*page)(asked);
}

absl::StatusOr<std::optional<PageVisit>> HersysPages::Impl::VisitOf(
    const HttpRequest& request) {
  const absl::Time now = clock_.Now();
  const std::optional<WebSession> session = sessions_.Find(request, now);
  if (!session.has_value()) return std::optional<PageVisit>();
  const std::lock_guard<std::mutex> lock(store_mutex_);
  const absl::StatusOr<Operator> who = store_->operators().Find(session->user);
  if (!who.ok() && !absl::IsNotFound(who.status())) return who.status();
  const auto hash = hash_at_login_.find(session->user);
  if (!who.ok() || who->disabled || hash == hash_at_login_.end() ||
      hash->second != who->password_hash) {
    sessions_.EndAllOf(session->user);
    return std::optional<PageVisit>();
  }
  TEKMATCH_ASSIGN_OR_RETURN(const QueueAge queue, store_->AgeOfQueue(now));
  return std::optional<PageVisit>(
      PageVisit{.who = *who, .session = *session, .queue = queue, .now = now});
}

HttpResponse HersysPages::Impl::Fail(const absl::Status& status) {
  Note(status.message());
  HttpResponse response = OutsidePage(
      503, "一時的に利用できません",
      "記録を読み書きできません。変更は保存されていません。しばらくしてから、も"
      "う一度操作してください。");
  response.headers.emplace_back("Retry-After", "5");
  return response;
}

HttpResponse HersysPages::Impl::NotThere(const PageVisit& visit) {
  WebPage page = BeginPage(visit, "患者が見つかりません", "");
  page.Paragraph("この番号の患者は、担当保健所の患者の中にいません。");
  page.Link("/patients", "患者一覧へ");
  return EndPage(std::move(page), visit, 404);
}

HttpResponse HersysPages::Impl::Answer(const PageVisit& visit,
                                       absl::StatusOr<HttpResponse> page) {
  if (page.ok()) return *std::move(page);
  if (absl::IsNotFound(page.status())) return NotThere(visit);
  return Fail(page.status());
}

// ------------------------------------------------------- log-in and log-out

HttpResponse HersysPages::Impl::ShowLogin(const HttpRequest& request) {
  if (!IsOurs(request)) return PlainResponse(421, "no such host\n");
  return LogInAgain(200, visitors_.Begin(0, clock_.Now()), "", "");
}

HttpResponse HersysPages::Impl::LogInAgain(int status,
                                           const WebSession& visitor,
                                           absl::string_view login,
                                           absl::string_view fault) {
  HttpResponse response = LoginPage(status, visitor.token, login, fault);
  response.headers.emplace_back("Set-Cookie", visitors_.SetCookie(visitor));
  return response;
}

HttpResponse HersysPages::Impl::LogIn(const HttpRequest& request) {
  if (!IsOurs(request)) return PlainResponse(421, "no such host\n");
  const absl::StatusOr<FormData> form = FormData::OfBody(request);
  const std::optional<WebSession> visitor =
      visitors_.Find(request, clock_.Now());
  if (!IsFromOurPages(request) || !form.ok() || !visitor.has_value() ||
      !HasToken(*visitor, form->Get(kTokenField))) {
    return OutsidePage(403, "ログインできません",
                       "ログイン画面を開き直してください。");
  }
  const std::string login = absl::AsciiStrToLower(
      absl::StripAsciiWhitespace(form->Get("login")).substr(0, 100));
  // By the machine's clock: a rehearsal's may stand still.
  const LoginGate::Verdict verdict = gate_.Try(login, absl::Now());
  if (verdict.wait > absl::ZeroDuration()) {
    const int64_t seconds =
        absl::ToInt64Seconds(absl::Ceil(verdict.wait, absl::Seconds(1)));
    HttpResponse response = LogInAgain(
        429, *visitor, login,
        absl::StrCat("続けて失敗したため、あと", seconds,
                     "秒お待ちください。入力された内容は確認していません。"));
    response.headers.emplace_back("Retry-After", absl::StrCat(seconds));
    return response;
  }
  const absl::StatusOr<std::optional<Operator>> who =
      WhoHas(login, form->Get("password"));
  if (!who.ok()) return Fail(who.status());
  if (!who->has_value()) {
    // One text for a wrong password, an unknown login and a disabled one.
    Note("a log-in failed");
    const size_t num_failures = gate_.NumFailures(absl::Now());
    if (num_failures > LoginGate::kFreeOfAll && num_failures % 100 == 1) {
      Note(absl::StrCat("ALARM: ", num_failures,
                        " log-ins failed within an hour"));
    }
    HttpResponse response = LogInAgain(422, *visitor, login,
                                       "ログインID又はパスワードが違います。");
    response.not_before = verdict.hold;
    return response;
  }
  gate_.Succeeded(login);
  // Nothing that a browser had before counts from here on: whoever planted a
  // cookie has none of this session's.
  visitors_.End(*visitor);
  const absl::Time now = clock_.Now();
  if (const std::optional<WebSession> before = sessions_.Find(request, now)) {
    sessions_.End(*before);
  }
  {
    const std::lock_guard<std::mutex> lock(store_mutex_);
    const absl::Status noted =
        store_->operators().Note((*who)->id, "login", now);
    if (!noted.ok()) return Fail(noted);
    // Sessions of a password before this one are over, though they asked for
    // nothing since it was changed.
    std::string& hash = hash_at_login_[(*who)->id];
    if (hash != (*who)->password_hash) sessions_.EndAllOf((*who)->id);
    hash = (*who)->password_hash;
  }
  const WebSession session = sessions_.Begin((*who)->id, now);
  HttpResponse response = SeeOther("/patients");
  response.headers.emplace_back("Set-Cookie", sessions_.SetCookie(session));
  response.headers.emplace_back("Set-Cookie", visitors_.ClearCookie());
  response.not_before = verdict.hold;
  return response;
}

// nullopt: nobody who may log in.
absl::StatusOr<std::optional<Operator>> HersysPages::Impl::WhoHas(
    const std::string& login, absl::string_view password) {
  absl::StatusOr<Operator> who = absl::NotFoundError("");
  {
    const std::lock_guard<std::mutex> lock(store_mutex_);
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
  if (!may || !is_right) return std::optional<Operator>();
  return std::optional<Operator>(*std::move(who));
}

HttpResponse HersysPages::Impl::LogOut(Request& request) {
  sessions_.End(request.visit.session);
  HttpResponse response = SeeOther("/login");
  response.headers.emplace_back("Set-Cookie", sessions_.ClearCookie());
  return response;
}

// ---------------------------------------------------------------- the list

HttpResponse HersysPages::Impl::ListPatients(Request& request) {
  const PageVisit& visit = request.visit;
  const std::string wanted(request.fields.Get("state"));
  const int64_t number =
      std::max<int64_t>(1, NumberOf(request.fields.Get("page")).value_or(1));
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> links;
  int64_t to_skip = 0;
  bool more = false;
  absl::Status status;
  {
    const std::lock_guard<std::mutex> lock(store_mutex_);
    to_skip = std::min<int64_t>(number - 1, 1'000'000) *
              static_cast<int64_t>(kPatientsAPage);
    status = store_->VisitPatients(
        visit.who.centre, [&](const PatientSummary& patient) {
          if (!wanted.empty() && PatientStateName(patient) != wanted) {
            return true;
          }
          if (to_skip > 0) {
            --to_skip;
            return true;
          }
          if (rows.size() == kPatientsAPage) {
            more = true;
            return false;
          }
          rows.push_back(
              {patient.name.empty() ? "（氏名未入力）" : patient.name,
               std::string(PatientStateLabel(patient)),
               absl::StrCat(patient.id)});
          links.push_back(absl::StrCat("/patient/", patient.id));
          return true;
        });
  }
  if (!status.ok()) return Fail(status);

  WebPage page = BeginPage(visit, "患者一覧", "/patients");
  std::vector<WebLink> states;
  states.reserve(kStates.size());
  for (const auto& [name, label] : kStates) {
    states.push_back({*name == '\0' ? std::string("/patients")
                                    : absl::StrCat("/patients?state=", name),
                      label, wanted == name});
  }
  page.Links("状態による絞り込み", states);
  if (rows.empty()) {
    page.Paragraph("該当する患者はいません。");
  } else {
    const std::vector<std::string> header = {"氏名", "状態", "番号"};
    page.Table("担当保健所の患者（新しい順）", header, rows, links);
  }
  const auto path_of = [&wanted](int64_t n) {
    return absl::StrCat("/patients?page=", n,
                        wanted.empty() ? "" : "&state=", QueryValue(wanted));
  };
  if (number > 1) page.Link(path_of(number - 1), "前の100件");
  if (more) page.Link(path_of(number + 1), "次の100件");
  return EndPage(std::move(page), visit);
}

// -------------------------------------------------------------- a new one

HttpResponse HersysPages::Impl::NewPage(const PageVisit& visit,
                                        const PatientInput& input, int status) {
  WebPage page = BeginPage(visit, "新規登録", "/new");
  WebForm form("/new", visit.session.token);
  form.Legend("発生届");
  AddReportFields(form, input, JapanDay(visit.now));
  form.Legend("連絡先・アプリ");
  AddContactFields(form, input, "");
  form.Paragraph("すべて後から入力できます。");
  form.Button("追加", "action", "save");
  page.Append(std::move(form).Finish());
  return EndPage(std::move(page), visit, status);
}

HttpResponse HersysPages::Impl::ShowNew(Request& request) {
  return NewPage(request.visit, PatientInput(), 200);
}

HttpResponse HersysPages::Impl::AddNew(Request& request) {
  const PageVisit& visit = request.visit;
  PatientInput input = InputOf(request.fields);
  PatientRecord record;
  // Both, so that all faults are told at once.
  const bool report = TakeReport(input, false, JapanDay(visit.now), record);
  if (!TakeContact(input, record) || !report) {
    return NewPage(visit, input, 422);
  }
  absl::StatusOr<int64_t> id = 0;
  {
    const std::lock_guard<std::mutex> lock(store_mutex_);
    id = store_->AddPatient(visit.who.centre, record, kByCentre, visit.now,
                            visit.who.id);
  }
  if (!id.ok()) return Fail(id.status());
  return SeeOther(absl::StrCat("/patient/", *id));
}

// ---------------------------------------------------------- a patient's tabs

namespace {

WebPage PatientPage(const PageVisit& visit, const Patient& patient,
                    absl::string_view tab) {
  WebPage page = BeginPage(visit,
                           patient.record.name.empty()
                               ? "患者（氏名未入力）"
                               : absl::StrCat("患者 ", patient.record.name),
                           "");
  const std::vector<WebLink> tabs = {
      {PatientPath(patient.id, "report"), "発生届", tab == "report"},
      {PatientPath(patient.id, "contact"), "連絡先・アプリ", tab == "contact"},
      {PatientPath(patient.id, "number"), "ID管理", tab == "number"}};
  page.Links("患者の情報", tabs);
  return page;
}

constexpr char kChangedMeanwhile[] =
    "他の利用者が先に変更したため、保存していません。現在の内容を確認して、もう"
    "一度入力してください。";

}  // namespace

absl::StatusOr<Patient> HersysPages::Impl::FindPatient(const Request& request) {
  const std::lock_guard<std::mutex> lock(store_mutex_);
  return store_->FindPatient(request.visit.who.centre, request.patient);
}

HttpResponse HersysPages::Impl::ShowPatient(Request& request) {
  const absl::string_view tab = request.fields.Get("tab");
  if (tab == "number") {
    return Answer(request.visit, NumberPage(request, "", 200));
  }
  const absl::StatusOr<Patient> patient = FindPatient(request);
  if (!patient.ok()) return Answer(request.visit, patient.status());
  const PatientInput input = InputOf(patient->record);
  return tab == "contact" ? ContactTab(request, *patient, input, "", 200)
                          : ReportTab(request, *patient, input, "", 200);
}

HttpResponse HersysPages::Impl::ReportTab(const Request& request,
                                          const Patient& patient,
                                          const PatientInput& input,
                                          absl::string_view words, int status) {
  const PageVisit& visit = request.visit;
  WebPage page = PatientPage(visit, patient, "report");
  if (!words.empty()) page.Alert(words);
  page.Notice(patient.record.reported ? "報告済" : "未報告");
  WebForm form(absl::StrCat("/report/", patient.id), visit.session.token);
  form.Hidden("seen", ReportMark(patient.record));
  AddReportFields(form, input, JapanDay(visit.now));
  form.Button("保存", "action", "save");
  if (!patient.record.reported) form.Button("報告", "action", "report");
  page.Append(std::move(form).Finish());
  return EndPage(std::move(page), visit, status);
}

HttpResponse HersysPages::Impl::ContactTab(const Request& request,
                                           const Patient& patient,
                                           const PatientInput& input,
                                           absl::string_view words,
                                           int status) {
  const PageVisit& visit = request.visit;
  WebPage page = PatientPage(visit, patient, "contact");
  if (!words.empty()) page.Alert(words);
  WebForm form(absl::StrCat("/contact/", patient.id), visit.session.token);
  form.Hidden("seen", ContactMark(patient.record));
  AddContactFields(form, input, patient.contact_origin);
  form.Paragraph(
      "連絡先を変更すると、前の連絡先へ送った処理番号は使えなくなります。");
  form.Button("保存", "action", "save");
  page.Append(std::move(form).Finish());
  return EndPage(std::move(page), visit, status);
}

HttpResponse HersysPages::Impl::SaveReport(Request& request) {
  const PageVisit& visit = request.visit;
  absl::StatusOr<Patient> patient = FindPatient(request);
  if (!patient.ok()) return Answer(visit, patient.status());
  PatientInput input = InputOf(request.fields);
  PatientRecord record = patient->record;
  if (!TakeReport(input, request.fields.Get("action") == "report",
                  JapanDay(visit.now), record)) {
    return ReportTab(request, *patient, input, "", 422);
  }
  absl::Status status;
  {
    const std::lock_guard<std::mutex> lock(store_mutex_);
    status =
        store_->UpdateReport({.centre = visit.who.centre,
                              .patient = request.patient,
                              .by_operator = visit.who.id,
                              .seen = std::string(request.fields.Get("seen"))},
                             record, visit.now);
  }
  if (absl::IsAborted(status)) {
    patient = FindPatient(request);
    if (!patient.ok()) return Answer(visit, patient.status());
    return ReportTab(request, *patient, InputOf(patient->record),
                     kChangedMeanwhile, 409);
  }
  if (!status.ok()) return Answer(visit, status);
  return SeeOther(PatientPath(request.patient, "report"));
}

HttpResponse HersysPages::Impl::SaveContact(Request& request) {
  const PageVisit& visit = request.visit;
  absl::StatusOr<Patient> patient = FindPatient(request);
  if (!patient.ok()) return Answer(visit, patient.status());
  PatientInput input = InputOf(request.fields);
  PatientRecord record = patient->record;
  if (!TakeContact(input, record)) {
    return ContactTab(request, *patient, input, "", 422);
  }
  absl::Status status;
  {
    const std::lock_guard<std::mutex> lock(store_mutex_);
    status =
        store_->UpdateContact({.centre = visit.who.centre,
                               .patient = request.patient,
                               .by_operator = visit.who.id,
                               .seen = std::string(request.fields.Get("seen"))},
                              record, kByCentre, visit.now);
  }
  if (absl::IsAborted(status)) {
    patient = FindPatient(request);
    if (!patient.ok()) return Answer(visit, patient.status());
    return ContactTab(request, *patient, InputOf(patient->record),
                      kChangedMeanwhile, 409);
  }
  if (!status.ok()) return Answer(visit, status);
  return SeeOther(PatientPath(request.patient, "contact"));
}

// -------------------------------------------------------------- the number

absl::StatusOr<HttpResponse> HersysPages::Impl::NumberPage(
    const Request& request, absl::string_view words, int status) {
  const PageVisit& visit = request.visit;
  NumberTab tab;
  {
    const std::lock_guard<std::mutex> lock(store_mutex_);
    TEKMATCH_ASSIGN_OR_RETURN(
        tab.patient, store_->FindPatient(visit.who.centre, request.patient));
    TEKMATCH_ASSIGN_OR_RETURN(
        tab.issues, store_->IssuesOf(visit.who.centre, request.patient));
    TEKMATCH_ASSIGN_OR_RETURN(
        tab.decision,
        store_->Judge(visit.who.centre, request.patient, visit.now));
  }
  tab.life = options_.life;
  tab.uuid = NewUuid();
  WebPage page = PatientPage(visit, tab.patient, "number");
  if (!words.empty()) page.Alert(words);
  AddNumberTab(page, visit, tab);
  return EndPage(std::move(page), visit, status);
}

HttpResponse HersysPages::Impl::IssueNumber(Request& request) {
  const PageVisit& visit = request.visit;
  absl::StatusOr<IssueDecision> decision = IssueDecision();
  {
    const std::lock_guard<std::mutex> lock(store_mutex_);
    decision =
        store_->QueueIssue({.uuid = std::string(request.fields.Get("uuid")),
                            .centre = visit.who.centre,
                            .patient = request.patient,
                            .by_operator = visit.who.id},
                           visit.now);
  }
  if (absl::IsInvalidArgument(decision.status())) {
    return OutsidePage(400, "操作できません", "送信内容を読み取れません。");
  }
  // The second half of a double click ends where the first one does.
  if (!decision.ok() && !absl::IsAlreadyExists(decision.status())) {
    return Answer(visit, decision.status());
  }
  if (decision.ok() && decision->verdict != IssueVerdict::kMayIssue) {
    std::string words = "発行していません。";
    for (const std::string& reason : ReasonsAgainst(*decision)) {
      absl::StrAppend(&words, "\n", reason);
    }
    return Answer(visit, NumberPage(request, words, 422));
  }
  return SeeOther(PatientPath(request.patient, "number"));
}

HttpResponse HersysPages::Impl::Close(Request& request) {
  const PageVisit& visit = request.visit;
  absl::Status status;
  {
    const std::lock_guard<std::mutex> lock(store_mutex_);
    status = store_->ClosePatient(visit.who.centre, request.patient,
                                  visit.who.id, visit.now);
  }
  if (!status.ok()) return Answer(visit, status);
  return SeeOther(PatientPath(request.patient, "number"));
}

// --------------------------------------------------- the import, the audit

HttpResponse HersysPages::Impl::ShowImport(Request& request) {
  return ImportPage(request.visit, "", {},
                    NumberOf(request.fields.Get("taken")).value_or(0));
}

HttpResponse HersysPages::Impl::TakeImport(Request& request) {
  int64_t num_taken = 0;
  absl::StatusOr<std::vector<PatientFileFault>> faults;
  {
    const std::lock_guard<std::mutex> lock(store_mutex_);
    faults = TakePatients(*store_, request.visit, request.fields, num_taken);
  }
  if (!faults.ok()) return Fail(faults.status());
  if (!faults->empty()) {
    return ImportPage(request.visit, request.fields.Get("rows"), *faults, 0);
  }
  return SeeOther(absl::StrCat("/import?taken=", num_taken));
}

HttpResponse HersysPages::Impl::ShowAudit(Request& request) {
  const PageVisit& visit = request.visit;
  if (visit.who.role != OperatorRole::kAdmin) {
    WebPage page = BeginPage(visit, "権限がありません", "");
    page.Paragraph("監査の記録は管理者だけが見られます。");
    return EndPage(std::move(page), visit, 403);
  }
  absl::StatusOr<std::vector<AuditEntry>> entries;
  {
    const std::lock_guard<std::mutex> lock(store_mutex_);
    entries = store_->ListAudit(visit.who.centre, kMostOfAudit);
  }
  if (!entries.ok()) return Fail(entries.status());
  std::vector<std::vector<std::string>> rows;
  rows.reserve(entries->size());
  for (const AuditEntry& entry : *entries) {
    rows.push_back({JapanTime(entry.at),
                    entry.login.empty() ? "－" : entry.login,
                    DeedLabel(entry.what),
                    entry.patient == 0 ? "－" : absl::StrCat(entry.patient)});
  }
  WebPage page = BeginPage(visit, "監査", "/audit");
  const std::vector<std::string> header = {"時刻", "利用者", "操作",
                                           "患者の番号"};
  page.Table("担当保健所の記録（日本時間、新しい順、500件まで）", header, rows);
  return EndPage(std::move(page), visit);
}

// ------------------------------------------------------------------ opening

HersysPages::HersysPages(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HersysPages::~HersysPages() = default;

const Router& HersysPages::router() const { return impl_->router(); }

void HersysPages::SetAddress(absl::string_view address) {
  impl_->SetHost(address);
}

absl::StatusOr<std::unique_ptr<HersysPages>> HersysPages::Open(
    const HersysPagesOptions& options, const Clock& clock, RequestLog* log) {
  absl::string_view host = options.origin;
  const bool secure = absl::ConsumePrefix(&host, "https://");
  if (!options.origin.empty() &&
      (!secure || host.empty() ||
       host.find_first_of("/?#@ ") != absl::string_view::npos)) {
    return absl::InvalidArgumentError(
        "the pages' origin is none such as https://hersys.example.jp");
  }
  TEKMATCH_ASSIGN_OR_RETURN(
      std::unique_ptr<HersysStore> store,
      HersysStore::Open(options.data, OpenMode::kExisting));
  TEKMATCH_ASSIGN_OR_RETURN(std::string no_password, HashPassword(NewUuid()));
  auto impl = std::make_unique<Impl>(
      options, std::move(store), std::move(no_password), secure, clock, log);
  if (secure) impl->SetHost(host);
  return std::unique_ptr<HersysPages>(new HersysPages(std::move(impl)));
}

}  // namespace tekmatch
