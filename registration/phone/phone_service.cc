// Plan: phones by number; what comes before every page (host, session, token);
// the pages; the two threads; start and stop.
#include "registration/phone/phone_service.h"

#include <dirent.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "keyformat/random_source.h"
#include "keyformat/status_macros.h"
#include "registration/service/form_data.h"
#include "registration/service/router.h"
#include "registration/service/web_form.h"
#include "registration/service/web_page.h"
#include "registration/service/web_session.h"

namespace tekmatch {
namespace {

// How soon a time is noticed that the clock has reached.
constexpr std::chrono::milliseconds kTick(200);
constexpr int64_t kMostPhones = 1'000'000;
// The browser's part of the day: nobody logs in, so an end protects nobody.
constexpr absl::Duration kSessionLife = absl::Hours(24 * 30);

// "0", "17": as folders are called, without leading zeros. -1: none.
int64_t NumberOfPhone(absl::string_view text) {
  int64_t number = -1;
  if (text.empty() || text.size() > 6 ||
      !absl::ascii_isdigit(static_cast<unsigned char>(text[0])) ||
      (text.size() > 1 && text[0] == '0') || !absl::SimpleAtoi(text, &number) ||
      number >= kMostPhones) {
    return -1;
  }
  return number;
}

bool IsFolder(const std::string& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

// Whether a browser opens a page, and does not load an image, say, for one.
bool IsNavigation(const HttpRequest& request) {
  const absl::string_view mode = request.Header("Sec-Fetch-Mode");
  return mode.empty() || mode == "navigate";
}

// A request that passed everything before its page.
struct Visit {
  Phone& phone;
  const PhonePages& pages;
  const HttpRequest& request;
  const FormData& form;  // of a POST; of a GET its query
};

}  // namespace

class PhoneService::Impl {
 public:
  Impl(const PhoneServiceOptions& options, HttpClient& client,
       const Clock& clock, RequestLog* log)
      : options_(options),
        client_(client),
        clock_(clock),
        log_(log),
        sessions_({.cookie = "phone",
                   .secure = false,
                   .idle = kSessionLife,
                   .longest = kSessionLife}) {}
  ~Impl() { Stop(absl::Seconds(5)); }

  absl::Status Start();
  bool Stop(absl::Duration grace);
  const ListenAddress& address() const { return http_->address(); }

 private:
  using Page = std::function<absl::StatusOr<HttpResponse>(const Visit&)>;

  void AddPages();
  void Add(const std::string& method, const std::string& path, Page page);
  HttpResponse Serve(const std::string& route, const HttpRequest& request,
                     const Page& page);
  // Null: there is no such phone.
  std::shared_ptr<Phone> FindPhone(int64_t number);
  std::vector<int64_t> Numbers() const;

  void FetchAtTimes();
  void SendChaffAtTimes();
  bool Pause(std::chrono::milliseconds time);
  bool Stops();
  void Note(absl::string_view words) {
    if (log_ != nullptr) log_->Note(clock_.Now(), words);
  }

  const PhoneServiceOptions options_;
  HttpClient& client_;
  const Clock& clock_;
  RequestLog* const log_;
  WebSessions sessions_;
  Router router_;
  std::unique_ptr<HttpServer> http_;
  std::string host_;                   // written before `has_host_`
  std::atomic<bool> has_host_{false};  // requests wait for it with 503
  std::thread fetching_;
  std::thread chaff_;

  std::mutex mutex_;  // of all below
  std::map<int64_t, std::shared_ptr<Phone>> phones_;
  std::condition_variable changed_;
  bool stops_ = false;
};

// ------------------------------------------------------------------ phones

std::shared_ptr<Phone> PhoneService::Impl::FindPhone(int64_t number) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = phones_.find(number);
  if (found != phones_.end()) return found->second;
  const std::string folder = options_.has_several
                                 ? absl::StrCat(options_.folder, "/", number)
                                 : options_.folder;
  if (options_.has_several && (number < 0 || !IsFolder(folder))) return nullptr;
  return phones_
      .try_emplace(number, std::make_shared<Phone>(folder, options_.phone,
                                                   client_, clock_))
      .first->second;
}

std::vector<int64_t> PhoneService::Impl::Numbers() const {
  if (!options_.has_several) return {0};
  std::vector<int64_t> numbers;
  DIR* const folder = opendir(options_.folder.c_str());
  if (folder == nullptr) return numbers;
  while (const dirent* entry = readdir(folder)) {
    const int64_t number = NumberOfPhone(entry->d_name);
    if (number >= 0) numbers.push_back(number);
  }
  closedir(folder);
  return numbers;
}

// ------------------------------------------------ what comes before a page

HttpResponse PhoneService::Impl::Serve(const std::string& route,
                                       const HttpRequest& request,
                                       const Page& page) {
  if (!has_host_.load(std::memory_order_acquire)) return PlainRefusal(503);
  if (!HasExpectedHost(request, host_)) {
    return PlainResponse(403, "another host was asked for\n");
  }
  const absl::string_view name = PathPart(route, request.path, "n");
  const std::shared_ptr<Phone> phone =
      FindPhone(options_.has_several ? NumberOfPhone(name) : 0);
  if (phone == nullptr) return PlainRefusal(404);
  const std::string prefix =
      options_.has_several ? absl::StrCat("/phone/", name) : "";
  const absl::Time now = clock_.Now();
  const bool changes = request.method == "POST";
  std::optional<WebSession> session = sessions_.Find(request, now);
  // A session begins with a page that is opened. Were it to begin with any
  // request, another site's, which come without the cookie, would replace it,
  // and the person's open page would be none of it any more.
  const bool begins = !session.has_value() && !changes && IsNavigation(request);
  if (begins) session = sessions_.Begin(0, now);
  const std::string token = session.has_value() ? session->token : "";
  const PhonePages pages(options_.pages, prefix, token);
  const absl::StatusOr<FormData> form =
      changes ? FormData::OfBody(request) : FormData::Parse(request.query);
  HttpResponse response;
  if (!form.ok()) {
    response = pages.Message(400, "送信できません",
                             "送信された内容を読み取れません。");
  } else if (changes && (!session.has_value() || !IsFromOurPages(request) ||
                         !HasToken(*session, form->Get(kTokenField)))) {
    response = pages.Message(403, "もう一度お試しください",
                             "画面が古くなっています。ホームからもう一度お"
                             "進みください。");
  } else {
    absl::StatusOr<HttpResponse> served = page(
        {.phone = *phone, .pages = pages, .request = request, .form = *form});
    if (served.ok()) {
      response = *std::move(served);
    } else {
      Note(served.status().message());
      response = pages.Message(
          500, "記録を読み書きできません",
          "この端末の空き容量などを確かめて、もう一度お試しください。");
    }
  }
  if (begins) {
    response.headers.emplace_back("Set-Cookie", sessions_.SetCookie(*session));
  }
  return response;
}

void PhoneService::Impl::Add(const std::string& method, const std::string& path,
                             Page page) {
  const std::string route =
      options_.has_several ? absl::StrCat("/phone/{n}", path) : path;
  router_.Add(
      {.method = method,
       .path = route,
       .handler =
           [this, route, page = std::move(page)](const HttpRequest& request) {
             return Serve(route, request, page);
           },
       .refusal = nullptr});
}

// ------------------------------------------------------------------- pages

namespace {

// The page that says why there is no form; nullopt where there is one.
std::optional<HttpResponse> Closed(const Visit& visit, Gate gate) {
  switch (gate) {
    case Gate::kOpen:
      return std::nullopt;
    case Gate::kRegistered:
      return SeeOther(visit.pages.Path("/done"));
    case Gate::kNotificationOff:
      return visit.pages.NotificationOff();
    case Gate::kNoConsent:
      return SeeOther(visit.pages.Path("/consent"));
    case Gate::kNoKeyOfEarlierDay:
      return visit.pages.NoKeyOfEarlierDay();
  }
  return std::nullopt;
}

absl::StatusOr<HttpResponse> GetHome(const Visit& visit) {
  TEKMATCH_ASSIGN_OR_RETURN(const PhoneView view, visit.phone.View());
  return visit.pages.Home(view, visit.form.Get("m"));
}

absl::StatusOr<HttpResponse> PostNotification(const Visit& visit) {
  const absl::string_view on = visit.form.Get("on");
  if (on == "yes" || on == "no") {
    TEKMATCH_RETURN_IF_ERROR(visit.phone.SetNotification(on == "yes"));
  }
  return SeeOther(
      visit.pages.Path(visit.form.Get("next") == "consent" ? "/consent" : "/"));
}

absl::StatusOr<HttpResponse> GetConsent(const Visit& visit) {
  TEKMATCH_ASSIGN_OR_RETURN(const PhoneView view, visit.phone.View());
  switch (view.gate) {
    case Gate::kRegistered:
      return SeeOther(visit.pages.Path("/done"));
    case Gate::kNotificationOff:
      return visit.pages.NotificationOff();
    default:
      return visit.pages.Consent(view);
  }
}

absl::StatusOr<HttpResponse> Cancel(const Visit& visit) {
  TEKMATCH_ASSIGN_OR_RETURN(const CancelResult result, visit.phone.Cancel());
  switch (result) {
    case CancelResult::kCancelled:
      return SeeOther(visit.pages.Path("/?m=cancelled"));
    case CancelResult::kUnclear:
      return SeeOther(visit.pages.Path("/?m=unclear"));
    case CancelResult::kRegistered:
      break;
  }
  return SeeOther(visit.pages.Path("/done"));
}

absl::StatusOr<HttpResponse> PostConsent(const Visit& visit) {
  if (visit.form.Get("agree") == "no") return Cancel(visit);
  TEKMATCH_ASSIGN_OR_RETURN(const PhoneView view, visit.phone.View());
  if (view.gate == Gate::kRegistered) {
    return SeeOther(visit.pages.Path("/done"));
  }
  if (view.gate == Gate::kNotificationOff) {
    return visit.pages.NotificationOff(422);
  }
  if (visit.form.Get("agree") != "yes") return visit.pages.Consent(view, 422);
  TEKMATCH_RETURN_IF_ERROR(visit.phone.Consent());
  return SeeOther(visit.pages.Path("/register"));
}

absl::StatusOr<HttpResponse> GetForm(const Visit& visit) {
  TEKMATCH_ASSIGN_OR_RETURN(const PhoneView view, visit.phone.View());
  if (auto closed = Closed(visit, view.gate)) return *std::move(closed);
  return visit.pages.Form(view, nullptr);
}

absl::StatusOr<HttpResponse> PostForm(const Visit& visit) {
  TEKMATCH_ASSIGN_OR_RETURN(
      const SubmittedForm submitted,
      visit.phone.Submit({.symptoms = std::string(visit.form.Get("symptoms")),
                          .date = std::string(visit.form.Get("date")),
                          .number = std::string(visit.form.Get("number"))}));
  switch (submitted.result) {
    case FormResult::kReady:
      return SeeOther(visit.pages.Path("/confirm"));
    case FormResult::kNothingToSend:
      return SeeOther(visit.pages.Path("/refused"));
    case FormResult::kFaults:
    case FormResult::kWait:
    case FormResult::kGate:
      break;
  }
  TEKMATCH_ASSIGN_OR_RETURN(const PhoneView view, visit.phone.View());
  if (auto closed = Closed(visit, view.gate)) return *std::move(closed);
  return visit.pages.Form(view, &submitted);
}

absl::StatusOr<HttpResponse> GetConfirm(const Visit& visit) {
  TEKMATCH_ASSIGN_OR_RETURN(const PhoneView view, visit.phone.View());
  if (auto closed = Closed(visit, view.gate)) return *std::move(closed);
  if (!view.preview.has_value()) {
    return SeeOther(visit.pages.Path("/register"));
  }
  return visit.pages.Confirm(view);
}

absl::StatusOr<HttpResponse> PostConfirm(const Visit& visit) {
  const absl::string_view action = visit.form.Get("action");
  if (action == "cancel") return Cancel(visit);
  if (action != "send") return SeeOther(visit.pages.Path("/confirm"));
  TEKMATCH_ASSIGN_OR_RETURN(const SendResult result, visit.phone.Send());
  switch (result) {
    case SendResult::kDone:
      return SeeOther(visit.pages.Path("/done"));
    case SendResult::kRefused:
      return SeeOther(visit.pages.Path("/refused"));
    case SendResult::kWait:
    case SendResult::kNotReady:
    case SendResult::kGate:
      // It says what holds the person up.
      return SeeOther(visit.pages.Path("/confirm"));
  }
  return PlainRefusal(500);
}

absl::StatusOr<HttpResponse> GetDone(const Visit& visit) {
  TEKMATCH_ASSIGN_OR_RETURN(const PhoneView view, visit.phone.View());
  if (!view.settings.registered_on.has_value()) {
    return SeeOther(visit.pages.Path("/"));
  }
  return visit.pages.Done(view);
}

absl::StatusOr<HttpResponse> GetRefused(const Visit& visit) {
  TEKMATCH_ASSIGN_OR_RETURN(const PhoneView view, visit.phone.View());
  if (view.refusal.kind == RefusalKind::kNone) {
    return SeeOther(visit.pages.Path("/"));
  }
  return visit.pages.Refused(view);
}

absl::StatusOr<HttpResponse> GetContacts(const Visit& visit) {
  TEKMATCH_ASSIGN_OR_RETURN(const PhoneView view, visit.phone.View());
  TEKMATCH_ASSIGN_OR_RETURN(const StoredFindings findings,
                            visit.phone.Findings());
  return visit.pages.Contacts(findings, view.settings.notification_on);
}

absl::StatusOr<HttpResponse> PostFetch(const Visit& visit) {
  TEKMATCH_RETURN_IF_ERROR(visit.phone.Fetch());
  return SeeOther(visit.pages.Path("/contacts"));
}

// The number leaves the address bar at once, and is in no history.
absl::StatusOr<HttpResponse> GetLink(const Visit& visit) {
  TEKMATCH_ASSIGN_OR_RETURN(const PhoneView view, visit.phone.View());
  if (view.gate == Gate::kRegistered) {
    return SeeOther(visit.pages.Path("/done"));
  }
  visit.phone.KeepNumber(visit.form.Get("pn"));
  return SeeOther(
      visit.pages.Path(view.settings.consented ? "/register" : "/consent"));
}

}  // namespace

void PhoneService::Impl::AddPages() {
  AddStyleRoute(router_);
  Add("GET", "/", &GetHome);
  Add("POST", "/notification", &PostNotification);
  Add("GET", "/consent", &GetConsent);
  Add("POST", "/consent", &PostConsent);
  Add("GET", "/register", &GetForm);
  Add("POST", "/register", &PostForm);
  Add("GET", "/confirm", &GetConfirm);
  Add("POST", "/confirm", &PostConfirm);
  Add("GET", "/done", &GetDone);
  Add("GET", "/refused", &GetRefused);
  Add("GET", "/contacts", &GetContacts);
  Add("POST", "/fetch", &PostFetch);
  Add("GET", "/a/", &GetLink);
  Add("GET", "/menu", [](const Visit& visit) -> absl::StatusOr<HttpResponse> {
    return visit.pages.Menu();
  });
  if (options_.has_several) {
    Add("GET", "", [](const Visit& visit) -> absl::StatusOr<HttpResponse> {
      return SeeOther(visit.pages.Path("/"));
    });
  }
}

// ----------------------------------------------------------------- threads

bool PhoneService::Impl::Pause(std::chrono::milliseconds time) {
  std::unique_lock<std::mutex> lock(mutex_);
  return !changed_.wait_for(lock, time, [this] { return stops_; });
}

bool PhoneService::Impl::Stops() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return stops_;
}

void PhoneService::Impl::FetchAtTimes() {
  absl::Time last = clock_.Now();
  while (Pause(kTick)) {
    const absl::Time now = clock_.Now();
    if (now < last) last = now;  // the clock was set back
    if (now - last < options_.fetch_every) continue;
    last = now;
    for (const int64_t number : Numbers()) {
      if (Stops()) return;
      const std::shared_ptr<Phone> phone = FindPhone(number);
      if (phone == nullptr) continue;
      const absl::Status status = phone->Fetch();
      if (!status.ok()) Note(status.message());
    }
  }
}

void PhoneService::Impl::SendChaffAtTimes() {
  RandomSource random = RandomSource::FromSystem();
  const auto next = [&](absl::Time now) {
    // Exponential: whether one was just sent says nothing about the next.
    const double uniform =
        (static_cast<double>(random.Below(uint64_t{1} << 53)) + 0.5) /
        static_cast<double>(uint64_t{1} << 53);
    return now - std::log(uniform) / options_.chaff_per_day * absl::Hours(24);
  };
  std::map<int64_t, absl::Time> times;
  while (Pause(kTick)) {
    const absl::Time now = clock_.Now();
    for (const int64_t number : Numbers()) {
      if (Stops()) return;
      const auto [time, is_new] = times.try_emplace(number, next(now));
      // A clock that was set back makes no pause of years.
      if (time->second - now > absl::Hours(24 * 30)) time->second = next(now);
      if (is_new || now < time->second) continue;
      time->second = next(now);
      const std::shared_ptr<Phone> phone = FindPhone(number);
      if (phone == nullptr) continue;
      phone->SendChaff().IgnoreError();
    }
  }
}

// ---------------------------------------------------------- start and stop

absl::Status PhoneService::Impl::Start() {
  if (!options_.http.address.unix_path.empty()) {
    return absl::InvalidArgumentError(
        "a browser needs 127.0.0.1:PORT or [::1]:PORT");
  }
  AddPages();
  TEKMATCH_ASSIGN_OR_RETURN(
      http_, HttpServer::Start(options_.http, router_, clock_, log_));
  host_ = http_->address().ToString();
  has_host_.store(true, std::memory_order_release);
  if (options_.fetch_every < absl::InfiniteDuration()) {
    fetching_ = std::thread([this] { FetchAtTimes(); });
  }
  if (options_.chaff_per_day > 0) {
    chaff_ = std::thread([this] { SendChaffAtTimes(); });
  }
  return absl::OkStatus();
}

bool PhoneService::Impl::Stop(absl::Duration grace) {
  if (http_ == nullptr) return true;
  const bool all_sent = http_->Stop(grace);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stops_ = true;
    changed_.notify_all();
  }
  if (fetching_.joinable()) fetching_.join();
  if (chaff_.joinable()) chaff_.join();
  return all_sent;
}

PhoneService::PhoneService(std::unique_ptr<Impl> impl)
    : impl_(std::move(impl)) {}
PhoneService::~PhoneService() = default;

const ListenAddress& PhoneService::address() const { return impl_->address(); }
bool PhoneService::Stop(absl::Duration grace) { return impl_->Stop(grace); }

absl::StatusOr<std::unique_ptr<PhoneService>> PhoneService::Start(
    const PhoneServiceOptions& options, HttpClient& client, const Clock& clock,
    RequestLog* log) {
  auto impl = std::make_unique<Impl>(options, client, clock, log);
  TEKMATCH_RETURN_IF_ERROR(impl->Start());
  return std::unique_ptr<PhoneService>(new PhoneService(std::move(impl)));
}

}  // namespace tekmatch
