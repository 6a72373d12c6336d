// Plan: phones by number; what comes before every page (host, token); the two
// threads; start and stop. The pages themselves are in phone_routes.cc.
#include "registration/phone/phone_service.h"

#include <dirent.h>
#include <sys/stat.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "keyformat/random_source.h"
#include "keyformat/status_macros.h"
#include "registration/phone/phone_routes.h"
#include "registration/service/digests.h"
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
// By the clock: how often what was typed is looked at, and what is at rest.
constexpr absl::Duration kDraftsEvery = absl::Minutes(1);
constexpr absl::Duration kFilesEvery = absl::Hours(24);

// "0", "17": as folders are called. -1: none. Without leading zeros: a phone of
// two names would be two objects, each with a lock of its own.
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

std::string NewToken() {
  std::array<uint8_t, 16> bytes;
  RandomSource::FromSystem().Fill(absl::MakeSpan(bytes));
  return absl::BytesToHexString(absl::string_view(
      reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

}  // namespace

class PhoneService::Impl {
 public:
  Impl(const PhoneServiceOptions& options, HttpClient& client,
       const Clock& clock, RequestLog* log)
      : options_(options),
        client_(client),
        clock_(clock),
        log_(log),
        token_(NewToken()) {}
  ~Impl() { Stop(absl::Seconds(5)); }

  absl::Status Start();
  bool Stop(absl::Duration grace);
  const ListenAddress& address() const { return http_->address(); }

 private:
  void AddPages();
  HttpResponse Serve(const std::string& route, const HttpRequest& request,
                     const PhoneHandler& page);
  // Null: there is no such phone.
  std::shared_ptr<Phone> FindPhone(int64_t number);
  std::vector<int64_t> Numbers() const;

  void WorkAtTimes(absl::Time started);
  void FetchAll();
  void ForgetAll(bool files);
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
  // Of all forms. Nobody logs in, so there is nobody to tell apart; other sites
  // cannot read it, and a page that is open stays good until the process ends.
  const std::string token_;
  Router router_;
  std::unique_ptr<HttpServer> http_;
  std::string host_;                   // written before `has_host_`
  std::atomic<bool> has_host_{false};  // requests wait for it with 503
  std::thread working_;
  std::thread chaff_;

  std::mutex mutex_;  // of all below
  std::map<int64_t, std::shared_ptr<Phone>> phones_;
  std::condition_variable changed_;
  bool stops_ = false;
  bool has_answered_ = false;  // the server has stopped
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
  // Until the process ends: what was typed is there and nowhere else.
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
                                       const PhoneHandler& page) {
  if (!has_host_.load(std::memory_order_acquire)) return PhoneRefusal(503);
  if (!HasExpectedHost(request, host_)) return PhoneRefusal(403);
  const absl::string_view name = PathPart(route, request.path, "n");
  const std::shared_ptr<Phone> phone =
      FindPhone(options_.has_several ? NumberOfPhone(name) : 0);
  if (phone == nullptr) return PhoneRefusal(404);
  const std::string prefix =
      options_.has_several ? absl::StrCat("/phone/", name) : "";
  const bool changes = request.method == "POST";
  const PhonePages pages(options_.pages, prefix, token_);
  const absl::StatusOr<FormData> form =
      changes ? FormData::OfBody(request) : FormData::Parse(request.query);
  if (!form.ok()) {
    return pages.Message(400, "送信できません",
                         "送信された内容を読み取れません。");
  }
  if (changes && (!IsFromOurPages(request) ||
                  !IsEqualInConstantTime(token_, form->Get(kTokenField)))) {
    return pages.Message(403, "もう一度お試しください",
                         "画面が古くなっています。ホームからもう一度お"
                         "進みください。");
  }
  absl::StatusOr<HttpResponse> served = page(
      {.phone = *phone, .pages = pages, .request = request, .form = *form});
  if (served.ok()) return *std::move(served);
  Note(served.status().message());
  return pages.Message(
      500, "記録を読み書きできません",
      "この端末の空き容量などを確かめて、もう一度お試しください。");
}

void PhoneService::Impl::AddPages() {
  AddStyleRoute(router_);
  router_.SetRefusal(&PhoneRefusal);
  std::vector<PhoneRoute> routes = PhoneRoutes();
  if (options_.has_several) {
    routes.push_back({.method = "GET",
                      .path = "",
                      .handler = [](const PhoneVisit& visit)
                          -> absl::StatusOr<HttpResponse> {
                        return SeeOther(visit.pages.Path("/"));
                      }});
  }
  for (PhoneRoute& route : routes) {
    const std::string path = options_.has_several
                                 ? absl::StrCat("/phone/{n}", route.path)
                                 : route.path;
    router_.Add({.method = route.method,
                 .path = path,
                 .handler =
                     [this, path, handler = std::move(route.handler)](
                         const HttpRequest& request) {
                       return Serve(path, request, handler);
                     },
                 .refusal = &PhoneRefusal});
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

void PhoneService::Impl::FetchAll() {
  for (const int64_t number : Numbers()) {
    if (Stops()) return;
    const std::shared_ptr<Phone> phone = FindPhone(number);
    if (phone == nullptr) continue;
    // Where the person's own fetch is under way, that one will do.
    const absl::Status status = phone->Fetch().status();
    if (!status.ok()) Note(status.message());
  }
}

void PhoneService::Impl::ForgetAll(bool files) {
  if (files) {
    for (const int64_t number : Numbers()) FindPhone(number);
  }
  std::vector<std::shared_ptr<Phone>> phones;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    phones.reserve(phones_.size());
    for (const auto& [number, phone] : phones_) phones.push_back(phone);
  }
  for (const std::shared_ptr<Phone>& phone : phones) {
    if (Stops()) return;
    const absl::Status status = phone->ForgetOld(files);
    if (!status.ok()) Note(status.message());
  }
}

void PhoneService::Impl::WorkAtTimes(absl::Time started) {
  absl::Time fetched = started;
  // What is over is forgotten at the start, too: a phone that runs for less
  // than a day at a time keeps nothing longer.
  absl::Time forgot_drafts = absl::InfinitePast();
  absl::Time forgot_files = absl::InfinitePast();
  // A clock that was set back is a reason, too, to look.
  const auto is_due = [](absl::Time now, absl::Time& last,
                         absl::Duration every) {
    if (absl::AbsDuration(now - last) < every) return false;
    last = now;
    return true;
  };
  while (Pause(kTick)) {
    const absl::Time now = clock_.Now();
    if (is_due(now, forgot_files, kFilesEvery)) {
      forgot_drafts = now;
      ForgetAll(true);
    } else if (is_due(now, forgot_drafts, kDraftsEvery)) {
      ForgetAll(false);
    }
    if (now < fetched) fetched = now;  // the clock was set back
    if (is_due(now, fetched, options_.fetch_every)) FetchAll();
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
  // The time of the start, not of when the thread comes to run: a clock may
  // move as soon as this returns.
  working_ =
      std::thread([this, started = clock_.Now()] { WorkAtTimes(started); });
  if (options_.chaff_per_day > 0) {
    chaff_ = std::thread([this] { SendChaffAtTimes(); });
  }
  return absl::OkStatus();
}

bool PhoneService::Impl::Stop(absl::Duration grace) {
  if (http_ == nullptr) return true;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stops_ = true;
    changed_.notify_all();
  }
  // Answers of other servers are waited for, but not to the end: where one does
  // not come, the person is still told so.
  std::thread hurry([this, grace] {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait_for(lock, absl::ToChronoNanoseconds(grace / 2),
                      [this] { return has_answered_; });
    lock.unlock();
    client_.Stop();
  });
  const bool all_sent = http_->Stop(grace);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    has_answered_ = true;
    changed_.notify_all();
  }
  hurry.join();
  if (working_.joinable()) working_.join();
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
