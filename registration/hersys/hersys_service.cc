// Plan: the routes, each a check of who asks, a parse, and one call of the
// store; a thread for the courier, and one that keeps house; start and stop.
//
// Routes, courier and housekeeping have a connection each. The courier waits
// for gateways, 10 seconds a message, and neither an answer nor the alarm of a
// long queue may wait for that. The routes share theirs under a mutex: their
// transactions are short, and SQLite lets one write at a time anyway.
#include "registration/hersys/hersys_service.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "keyformat/status_macros.h"
#include "registration/hersys/hersys_pages.h"
#include "registration/hersys/hersys_store.h"
#include "registration/hersys/number_keys.h"
#include "registration/rules/redemption.h"
#include "registration/service/bounded_json.h"
#include "registration/service/digests.h"
#include "registration/service/durable_file.h"
#include "registration/service/internal_messages.h"

namespace tekmatch {
namespace {

constexpr char kSmsRoute[] = "/internal/sms/{id}";
constexpr size_t kUuidCharacters = 36;
constexpr std::chrono::milliseconds kTick(200);
constexpr absl::Duration kHousekeeping = absl::Seconds(10);

HttpResponse JsonResponse(std::string body) {
  HttpResponse response;
  response.headers.emplace_back("Content-Type", "application/json");
  response.body = std::move(body);
  return response;
}

}  // namespace

class HersysService::Impl {
 public:
  Impl(const HersysOptions& options, const Clock& clock, RequestLog* log)
      : options_(options), clock_(clock), log_(log) {}
  ~Impl() { Stop(absl::Seconds(5)); }

  absl::Status Start();
  bool Stop(absl::Duration grace);
  const ListenAddress& address() const { return http_->address(); }
  const ListenAddress* pages_address() const {
    return pages_http_ == nullptr ? nullptr : &pages_http_->address();
  }

 private:
  bool IsServer(const HttpRequest& request) const {
    return IsEqualInConstantTime(request.Header(kSecretHeader),
                                 options_.secret);
  }
  HttpResponse Reserve(const HttpRequest& request);
  absl::StatusOr<ReserveAnswer> ReserveOrFail(const ReserveMessage& message);
  HttpResponse Confirm(const HttpRequest& request);
  HttpResponse TakeReport(const HttpRequest& request);
  absl::Status TakeReportOrFail(absl::string_view id, bool delivered);
  HttpResponse Fail(const absl::Status& status);
  void SendMessages();  // a thread each, until stops_
  void KeepHouse();
  absl::Status KeepHouseOnce(absl::Time now);
  void Note(absl::string_view words) {
    if (log_ != nullptr) log_->Note(clock_.Now(), words);
  }

  const HersysOptions options_;
  const Clock& clock_;
  RequestLog* const log_;
  std::optional<FileLock> lock_;
  std::unique_ptr<NumberKeys> keys_;
  std::unique_ptr<MessageGateway> gateway_;
  std::unique_ptr<HersysStore> courier_store_;  // of the courier's thread
  std::unique_ptr<Courier> courier_;
  std::mutex store_mutex_;
  std::unique_ptr<HersysStore> store_;  // of the routes
  Router router_;
  std::unique_ptr<HttpServer> http_;
  std::unique_ptr<HersysPages> pages_;
  std::unique_ptr<HttpServer> pages_http_;
  std::unique_ptr<HersysStore> house_store_;
  std::thread sending_;
  std::thread keeping_house_;

  std::mutex mutex_;  // of all below
  std::condition_variable changed_;
  bool stops_ = false;
};

// ------------------------------------------------------------------- routes

HttpResponse HersysService::Impl::Fail(const absl::Status& status) {
  Note(status.message());
  return PlainRefusal(503);
}

HttpResponse HersysService::Impl::Reserve(const HttpRequest& request) {
  if (!IsServer(request)) return PlainRefusal(403);
  const absl::StatusOr<ReserveMessage> message =
      ParseReserveMessage(request.body);
  if (!message.ok()) return PlainRefusal(400);
  const absl::StatusOr<ReserveAnswer> answer = ReserveOrFail(*message);
  return answer.ok() ? JsonResponse(ToJson(*answer)) : Fail(answer.status());
}

absl::StatusOr<ReserveAnswer> HersysService::Impl::ReserveOrFail(
    const ReserveMessage& message) {
  // Chaff and wrong numbers go the same way as good ones (section 6, rule 7).
  const absl::Time now = clock_.Now();
  // No number has this hash: for chaff, and for what is no number.
  std::vector<NumberHash> hashes(1);
  if (message.number.has_value() && !message.is_chaff) {
    TEKMATCH_ASSIGN_OR_RETURN(hashes, keys_->LookUp(*message.number, now));
  }
  Claim claim;
  std::copy(message.claim.begin(), message.claim.end(), claim.bytes.begin());
  const std::lock_guard<std::mutex> lock(store_mutex_);
  TEKMATCH_ASSIGN_OR_RETURN(const ReserveOutcome outcome,
                            store_->Reserve(hashes, claim, now));
  // For the line of the day of the server, which has no numbers: how likely a
  // guess is to hit depends on how many are good.
  TEKMATCH_ASSIGN_OR_RETURN(const int64_t num_live,
                            store_->numbers().NumLive(now));
  return ReserveAnswer{.result = message.is_chaff || IsGranted(outcome)
                                     ? ReserveResult::kOk
                                     : ReserveResult::kRefused,
                       .num_live = num_live};
}

HttpResponse HersysService::Impl::Confirm(const HttpRequest& request) {
  if (!IsServer(request)) return PlainRefusal(403);
  const absl::StatusOr<Digest> digest = ParseConfirmMessage(request.body);
  if (!digest.ok()) return PlainRefusal(400);
  Claim claim;
  std::copy(digest->begin(), digest->end(), claim.bytes.begin());
  absl::StatusOr<ConfirmOutcome> outcome = ConfirmOutcome::kUnknown;
  {
    const std::lock_guard<std::mutex> lock(store_mutex_);
    outcome = store_->Confirm(claim, clock_.Now());
  }
  if (!outcome.ok()) return Fail(outcome.status());
  // The answer is the same as for success: the keys are stored, and a claim
  // whose row is gone will not come back. A refusal would make the server
  // repeat it for ever.
  if (*outcome == ConfirmOutcome::kUnknown ||
      *outcome == ConfirmOutcome::kAnotherTime) {
    Note(absl::StrCat("confirmed: ", ConfirmOutcomeName(*outcome)));
  }
  return JsonResponse(ConfirmedJson());
}

HttpResponse HersysService::Impl::TakeReport(const HttpRequest& request) {
  const absl::StatusOr<std::string> signature =
      SignatureOf(options_.gateway.sms_secret, request.body);
  if (!signature.ok()) return Fail(signature.status());
  // Without a secret everybody could sign, so nobody may report.
  if (options_.gateway.sms_secret.empty() ||
      !IsEqualInConstantTime(request.Header("X-Signature"), *signature)) {
    return PlainRefusal(403);
  }
  const absl::StatusOr<nlohmann::json> report = ParseBoundedJson(
      request.body, {.max_bytes = 1024, .max_depth = 2, .max_values = 16});
  if (!report.ok() || !report->is_object()) return PlainRefusal(400);
  const auto status = report->find("status");
  if (status == report->end()) return PlainRefusal(400);
  const bool delivered = *status == "delivered";
  if (!delivered && *status != "undeliverable") return PlainRefusal(400);
  const absl::Status taken =
      TakeReportOrFail(LastPart(kSmsRoute, request.path), delivered);
  // A gateway may repeat what is refused. A report about an issue that is
  // purged by now must not come for ever.
  if (!taken.ok() && !absl::IsNotFound(taken)) return Fail(taken);
  HttpResponse response;
  response.status = 204;
  return response;
}

absl::Status HersysService::Impl::TakeReportOrFail(absl::string_view id,
                                                   bool delivered) {
  // The courier's id is the issue's with the number of the try behind it.
  const absl::string_view uuid = id.substr(0, kUuidCharacters);
  const absl::Time now = clock_.Now();
  const std::lock_guard<std::mutex> lock(store_mutex_);
  if (!delivered) {
    return store_->Fail(uuid, FailureReason::kReportedByGateway).status();
  }
  TEKMATCH_ASSIGN_OR_RETURN(const Issue issue, store_->FindIssue(uuid));
  std::optional<absl::Time> expires;
  const LifeOptions& life = options_.courier.life;
  // Only one of the three wordings of row 10 counts from the delivery. With the
  // others a report must not lengthen a life.
  if (life.from == LifeFrom::kDelivery && issue.handed.has_value()) {
    expires = ExpiresAt(
        {.queued = issue.queued, .handed = *issue.handed, .delivered = now},
        life);
  }
  return store_->Deliver(uuid, now, expires).status();
}

// --------------------------------------------------------------- the thread

void HersysService::Impl::SendMessages() {
  const auto stops = [this] {
    const std::lock_guard<std::mutex> lock(mutex_);
    return stops_;
  };
  while (true) {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      if (changed_.wait_for(lock, kTick, [this] { return stops_; })) return;
    }
    const absl::StatusOr<Courier::Round> round = courier_->SendWaiting(stops);
    // An error ends the round, not the thread: the next tick tries again, and
    // the queue is in the database.
    if (!round.ok()) {
      Note(absl::StrCat("ALARM: not sent: ", round.status().message()));
    } else if (round->num_taken + round->num_failed + round->num_waiting > 0) {
      Note(absl::StrCat("sent ", round->num_taken, ", failed ",
                        round->num_failed, ", to try again ",
                        round->num_waiting));
    }
  }
}

void HersysService::Impl::KeepHouse() {
  // By the machine's clock and by the service's: a rehearsal's jumps by an hour
  // in a second.
  absl::Time kept = absl::InfinitePast();
  absl::Time kept_at = absl::InfinitePast();
  while (true) {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      if (changed_.wait_for(lock, kTick, [this] { return stops_; })) return;
    }
    const absl::Time now = clock_.Now();
    if (absl::Now() < kept + kHousekeeping &&
        now < kept_at + absl::Minutes(1)) {
      continue;
    }
    kept = absl::Now();
    kept_at = now;
    const absl::Status status = KeepHouseOnce(now);
    if (!status.ok()) Note(status.message());
  }
}

absl::Status HersysService::Impl::KeepHouseOnce(absl::Time now) {
  // First, so that no error of what follows keeps it back.
  TEKMATCH_ASSIGN_OR_RETURN(const QueueAge queue,
                            house_store_->AgeOfQueue(now));
  if (queue.alarm) {
    Note(absl::StrCat("ALARM: the oldest message waits for ",
                      absl::ToInt64Minutes(queue.age), " minutes"));
  }
  TEKMATCH_RETURN_IF_ERROR(house_store_->Purge(now).status());
  // What was deleted is in the -wal until this, and retention (section 3) means
  // all files.
  return house_store_->Checkpoint();
}

// --------------------------------------------------------- start and stop

absl::Status HersysService::Impl::Start() {
  TEKMATCH_RETURN_IF_ERROR(Validate(options_.courier));
  TEKMATCH_ASSIGN_OR_RETURN(gateway_, OpenGateway(options_.gateway));
  TEKMATCH_ASSIGN_OR_RETURN(
      store_, HersysStore::Open(options_.data, OpenMode::kCreate));
  // The first open makes the folder, which the lock's file needs. The lock
  // comes before the courier and the keys: two couriers would send each message
  // twice, and two processes would overwrite each other's key file.
  TEKMATCH_ASSIGN_OR_RETURN(FileLock lock,
                            FileLock::Take(options_.data + "/hersys.lock"));
  lock_.emplace(std::move(lock));
  TEKMATCH_ASSIGN_OR_RETURN(
      courier_store_, HersysStore::Open(options_.data, OpenMode::kExisting));
  TEKMATCH_ASSIGN_OR_RETURN(
      house_store_, HersysStore::Open(options_.data, OpenMode::kExisting));
  TEKMATCH_ASSIGN_OR_RETURN(keys_, NumberKeys::Open(options_.key_file));
  courier_ = std::make_unique<Courier>(options_.courier, *courier_store_,
                                       *keys_, *gateway_, clock_);
  const auto add = [this](const char* path,
                          HttpResponse (Impl::*handler)(const HttpRequest&)) {
    router_.Add({.method = "POST",
                 .path = path,
                 .handler =
                     [this, handler](const HttpRequest& request) {
                       return (this->*handler)(request);
                     },
                 .refusal = {}});
  };
  add(kReservePath, &Impl::Reserve);
  add(kConfirmPath, &Impl::Confirm);
  add(kSmsRoute, &Impl::TakeReport);
  // The threads start last, after all that can fail: where Start
  // returns an error, they are not there.
  // The pages have workers of their own, so that no log-in, which takes its
  // time, keeps the notification server waiting.
  if (options_.pages.has_value()) {
    // No browser names a socket of this machine as its host.
    if (options_.pages_origin.empty() &&
        !options_.pages->address.unix_path.empty()) {
      return absl::InvalidArgumentError(
          "pages at a Unix socket need the origin that browsers see");
    }
    TEKMATCH_ASSIGN_OR_RETURN(
        pages_, HersysPages::Open({.data = options_.data,
                                   .origin = options_.pages_origin,
                                   .life = options_.courier.life},
                                  clock_, log_));
    TEKMATCH_ASSIGN_OR_RETURN(
        pages_http_,
        HttpServer::Start(*options_.pages, pages_->router(), clock_, log_));
    if (options_.pages_origin.empty()) {
      pages_->SetAddress(pages_http_->address().ToString());
    }
  }
  TEKMATCH_ASSIGN_OR_RETURN(
      http_, HttpServer::Start(options_.http, router_, clock_, log_));
  sending_ = std::thread([this] { SendMessages(); });
  keeping_house_ = std::thread([this] { KeepHouse(); });
  return absl::OkStatus();
}

bool HersysService::Impl::Stop(absl::Duration grace) {
  if (http_ == nullptr) return true;
  // The routes end first. A message that is being sent is waited for, since a
  // cut would make it unclear and send another.
  bool all_sent = http_->Stop(grace);
  if (pages_http_ != nullptr && !pages_http_->Stop(grace)) all_sent = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stops_ = true;
    changed_.notify_all();
  }
  if (sending_.joinable()) sending_.join();
  if (keeping_house_.joinable()) keeping_house_.join();
  return all_sent;
}

HersysService::HersysService(std::unique_ptr<Impl> impl)
    : impl_(std::move(impl)) {}
HersysService::~HersysService() = default;

const ListenAddress& HersysService::address() const { return impl_->address(); }
const ListenAddress* HersysService::pages_address() const {
  return impl_->pages_address();
}
bool HersysService::Stop(absl::Duration grace) { return impl_->Stop(grace); }

absl::StatusOr<std::unique_ptr<HersysService>> HersysService::Start(
    const HersysOptions& options, const Clock& clock, RequestLog* log) {
  auto impl = std::make_unique<Impl>(options, clock, log);
  TEKMATCH_RETURN_IF_ERROR(impl->Start());
  return std::unique_ptr<HersysService>(new HersysService(std::move(impl)));
}

}  // namespace tekmatch
