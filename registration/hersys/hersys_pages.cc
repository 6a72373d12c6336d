// Plan: routes, each wrapped in what holds for all of its kind (host, origin,
// session, token); what all pages answer alike; the origin; opening. Who logs
// in is login_desk.cc, what surrounds a page page_frame.cc.
//
// The pages have a connection of their own, under a mutex, as the routes of
// hersys_service.cc.
#include "registration/hersys/hersys_pages.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "keyformat/status_macros.h"
#include "registration/hersys/hersys_pages_impl.h"
#include "registration/service/web_form.h"
#include "registration/service/web_page.h"
#include "registration/service/web_session.h"

namespace tekmatch {

std::optional<int64_t> NumberOf(absl::string_view text) {
  int64_t number = 0;
  if (text.empty() || text.size() > 18 || !absl::ascii_isdigit(text[0]) ||
      !absl::SimpleAtoi(text, &number)) {
    return std::nullopt;
  }
  return number;
}

HersysPages::Impl::Impl(HersysPagesOptions options, Stores stores,
                        std::unique_ptr<LoginDesk> desk, const Clock& clock,
                        RequestLog* log)
    : options_(std::move(options)),
      clock_(clock),
      log_(log),
      desk_(std::move(desk)),
      store_(std::move(stores.all)),
      list_store_(std::move(stores.list)) {
  AddRoutes();
}

// ------------------------------------------------------ what holds for all

void HersysPages::Impl::AddRoutes() {
  AddStyleRoute(router_);
  router_.SetRefusal(&PageRefusal);
  const auto plain =
      [this](const char* method,
             HttpResponse (LoginDesk::*handler)(const HttpRequest&)) {
        router_.Add({.method = method,
                     .path = "/login",
                     .handler =
                         [this, handler](const HttpRequest& request) {
                           return IsOurs(request)
                                      ? (desk_.get()->*handler)(request)
                                      : PageRefusal(421);
                         },
                     .refusal = &PageRefusal});
      };
  plain("GET", &LoginDesk::ShowLogin);
  plain("POST", &LoginDesk::LogIn);
  Add("POST", "/logout", &Impl::LogOut);
  Add("GET", "/", &Impl::Home);
  Add("GET", "/patients", &Impl::ListPatients);
  Add("GET", "/new", &Impl::ShowNew);
  Add("POST", "/new", &Impl::AddNew);
  Add("GET", "/patient/{id}", &Impl::ShowPatient);
  Add("POST", "/report/{id}", &Impl::SaveReport);
  Add("POST", "/contact/{id}", &Impl::SaveContact);
  Add("POST", "/issue/{id}", &Impl::IssueNumber);
  Add("GET", "/close/{id}", &Impl::ShowClose);
  Add("POST", "/close/{id}", &Impl::Close);
  Add("POST", "/reopen/{id}", &Impl::Reopen);
  Add("GET", "/import", &Impl::ShowImport);
  Add("POST", "/import", &Impl::TakeImport);
  Add("GET", "/audit", &Impl::ShowAudit);
}

void HersysPages::Impl::Add(absl::string_view method, const std::string& path,
                            Page page) {
  Route route{.method = std::string(method),
              .path = path,
              .handler = nullptr,
              .refusal = &PageRefusal};
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
  if (!IsOurs(request)) return PageRefusal(421);
  const bool changes = route.method == "POST";
  const auto no_session = [changes] {
    return changes ? OutsidePage(403, "操作できません",
                                 "ログインの有効期限が切れました。"
                                 "もう一度ログインしてください。")
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
  TEKMATCH_ASSIGN_OR_RETURN(std::optional<LoginDesk::LoggedIn> found,
                            desk_->Find(request));
  if (!found.has_value()) return std::optional<PageVisit>();
  const absl::Time now = clock_.Now();
  const std::lock_guard<std::mutex> lock(store_mutex_);
  TEKMATCH_ASSIGN_OR_RETURN(const QueueAge queue, store_->AgeOfQueue(now));
  return std::optional<PageVisit>(
      PageVisit{.who = std::move(found->who),
                .session = std::move(found->session),
                .queue = queue,
                .now = now});
}

HttpResponse HersysPages::Impl::Fail(const absl::Status& status) {
  if (log_ != nullptr) log_->Note(clock_.Now(), status.message());
  return FailurePage();
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

HttpResponse HersysPages::Impl::LogOut(Request& request) {
  return desk_->LogOut(request.visit.session);
}

HttpResponse HersysPages::Impl::Home(Request&) { return SeeOther("/patients"); }

// ------------------------------------------------------------------ opening

namespace {

// What browsers send as Host where this is before the path: names in lower
// case, and no port where it is the usual one.
absl::StatusOr<std::string> HostOfOrigin(absl::string_view origin) {
  std::string text = absl::AsciiStrToLower(origin);
  absl::string_view host = text;
  const bool is_https = absl::ConsumePrefix(&host, "https://");
  absl::ConsumeSuffix(&host, "/");
  absl::ConsumeSuffix(&host, ":443");
  if (!is_https || host.empty() ||
      host.find_first_of("/?#@\\ \t") != absl::string_view::npos) {
    return absl::InvalidArgumentError(
        "the pages' origin is none such as https://hersys.example.jp");
  }
  return std::string(host);
}

}  // namespace

HersysPages::HersysPages(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HersysPages::~HersysPages() = default;

const Router& HersysPages::router() const { return impl_->router(); }

void HersysPages::SetAddress(absl::string_view address) {
  impl_->SetHost(address);
}

absl::StatusOr<std::unique_ptr<HersysPages>> HersysPages::Open(
    const HersysPagesOptions& options, const Clock& clock, RequestLog* log) {
  std::string host;
  if (!options.origin.empty()) {
    TEKMATCH_ASSIGN_OR_RETURN(host, HostOfOrigin(options.origin));
  }
  Impl::Stores stores;
  TEKMATCH_ASSIGN_OR_RETURN(
      stores.all, HersysStore::Open(options.data, OpenMode::kExisting));
  TEKMATCH_ASSIGN_OR_RETURN(
      stores.list, HersysStore::Open(options.data, OpenMode::kExisting));
  TEKMATCH_ASSIGN_OR_RETURN(
      std::unique_ptr<LoginDesk> desk,
      LoginDesk::Open(options.data, !host.empty(), clock, log));
  auto impl = std::make_unique<Impl>(options, std::move(stores),
                                     std::move(desk), clock, log);
  impl->SetHost(host);
  return std::unique_ptr<HersysPages>(new HersysPages(std::move(impl)));
}

}  // namespace tekmatch
