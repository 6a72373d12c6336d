// Plan: files; the thread that confirms; the thread that publishes; start and
// stop.
#include "registration/server/notification_server.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "registration/service/durable_file.h"

namespace tekmatch {
namespace {

constexpr size_t kMostListBytes = 1 << 20;
// How soon a slot is noticed, and a failed confirmation repeated.
constexpr std::chrono::milliseconds kTick(200);
constexpr std::chrono::milliseconds kRetry(1000);

int64_t HoursOf(absl::Time time) { return absl::ToUnixSeconds(time) / 3600; }

std::string ETagOf(const Digest& sha256) {
  return absl::StrCat(
      "\"",
      absl::BytesToHexString(
          {reinterpret_cast<const char*>(sha256.data()), sha256.size()}),
      "\"");
}

}  // namespace

class NotificationServer::Impl {
 public:
  Impl(const NotificationServerOptions& options, ManagementSystem& management,
       const Clock& clock, RequestLog* log)
      : options_(options),
        clock_(clock),
        log_(log),
        stores_(options.data),
        diagnosis_(options.diagnosis, stores_, management, clock, log),
        file_route_(
            absl::StrCat("/c19r/", options.publisher.region, "/{file}")) {}
  ~Impl() { Stop(absl::Seconds(5)); }

  absl::Status Start();
  bool Stop(absl::Duration grace);
  const ListenAddress& address() const { return http_->address(); }

 private:
  HttpResponse GetFile(const HttpRequest& request);
  absl::StatusOr<HttpResponse> GetFileOrFail(absl::string_view name);
  void Confirm();
  void KeepHouse(absl::Time started);
  absl::Status PublishIfDue();
  // Waits, or until Stop; false: stop.
  bool Pause(std::chrono::milliseconds time);
  void Note(absl::string_view words) {
    if (log_ != nullptr) log_->Note(clock_.Now(), words);
  }

  const NotificationServerOptions options_;
  const Clock& clock_;
  RequestLog* const log_;
  ServerStorePool stores_;
  DiagnosisService diagnosis_;
  const std::string file_route_;
  Router router_;
  std::unique_ptr<HttpServer> http_;
  std::thread confirming_;
  std::thread housekeeping_;
  bool has_looked_for_plans_ = false;  // of the housekeeping thread

  std::mutex mutex_;  // of all below
  std::condition_variable changed_;
  // At the start, too: the table may have some of the process before.
  bool has_claims_ = true;
  bool stops_ = false;
};

// ------------------------------------------------------------------ files

HttpResponse NotificationServer::Impl::GetFile(const HttpRequest& request) {
  absl::StatusOr<HttpResponse> response =
      GetFileOrFail(LastPart(file_route_, request.path));
  if (!response.ok()) {
    Note(response.status().message());
    return PlainRefusal(503);
  }
  const absl::string_view known = request.Header("If-None-Match");
  const absl::string_view etag = FindHeader(response->headers, "ETag");
  if (!etag.empty() && (known == "*" || absl::StrContains(known, etag))) {
    response->status = 304;
    response->body.clear();
    response->file.clear();
  }
  return *std::move(response);
}

absl::StatusOr<HttpResponse> NotificationServer::Impl::GetFileOrFail(
    absl::string_view name) {
  // The path is made of the folder and of a name of ours.
  const std::string folder = RegionFolder(options_.publisher) + "/";
  HttpResponse response;
  response.headers.emplace_back("Cache-Control", "public, max-age=300");
  if (name == kListName) {
    TEKMATCH_ASSIGN_OR_RETURN(std::optional<std::string> list,
                              ReadIfThere(folder + kListName, kMostListBytes));
    response.body = std::move(list).value_or("[]");
    response.headers.emplace_back("Content-Type", "application/json");
    response.headers.emplace_back("ETag", ETagOf(Sha256(response.body)));
    return response;
  }
  const std::optional<int64_t> num = ParseBatchFileName(name);
  if (!num.has_value()) return PlainRefusal(404);
  TEKMATCH_ASSIGN_OR_RETURN(const ServerStorePool::Lease store, stores_.Take());
  // The row counts, not the file, which is there before its batch is published.
  TEKMATCH_ASSIGN_OR_RETURN(const std::optional<Batch> batch,
                            store->FindBatch(*num));
  if (!batch.has_value() || !batch->published) return PlainRefusal(404);
  response.file = folder + BatchFileName(*num);
  response.headers.emplace_back("Content-Type", "application/zip");
  response.headers.emplace_back("ETag", ETagOf(batch->sha256));
  return response;
}

// ---------------------------------------------------------------- threads

bool NotificationServer::Impl::Pause(std::chrono::milliseconds time) {
  std::unique_lock<std::mutex> lock(mutex_);
  return !changed_.wait_for(lock, time, [this] { return stops_; });
}

void NotificationServer::Impl::Confirm() {
  while (true) {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [this] { return stops_ || has_claims_; });
      if (stops_) return;  // the table keeps what is left
      // Before the table is read: a claim that comes meanwhile sets it again.
      has_claims_ = false;
    }
    const absl::Status status = diagnosis_.ConfirmAll();
    if (status.ok()) continue;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      has_claims_ = true;
    }
    if (!Pause(kRetry)) return;
  }
}

absl::Status NotificationServer::Impl::PublishIfDue() {
  TEKMATCH_ASSIGN_OR_RETURN(const ServerStorePool::Lease store, stores_.Take());
  const absl::Time now = clock_.Now();
  TEKMATCH_ASSIGN_OR_RETURN(const std::optional<absl::Time> last,
                            store->LastSlot());
  if (!last.has_value()) return absl::OkStatus();  // Start sets it
  std::optional<absl::Time> slot =
      DueSlot(*last, now, options_.publisher.schedule);
  // Once, at the start: what a run had planned when it was cut goes out now,
  // and not at the next slot.
  if (!slot.has_value() && !has_looked_for_plans_) {
    TEKMATCH_ASSIGN_OR_RETURN(const std::vector<Batch> batches,
                              store->Batches());
    for (const Batch& batch : batches) {
      if (!batch.published) slot = *last;
    }
  }
  if (slot.has_value()) {
    // Writers wait in SQLite meanwhile, never long: each step is a short
    // transaction of its own.
    TEKMATCH_ASSIGN_OR_RETURN(const PublishedBatches published,
                              Publish(options_.publisher, *store, *slot, now));
    Note(ToString(published));
  }
  has_looked_for_plans_ = true;
  return absl::OkStatus();
}

void NotificationServer::Impl::KeepHouse(absl::Time started) {
  // At the start, too, what is over is deleted: a server that runs for less
  // than an hour at a time keeps nothing longer.
  bool has_purged = false;
  bool has_tried = false;
  int64_t hour = HoursOf(started);
  while (Pause(kTick)) {
    if (options_.publishes) {
      const absl::Status status = PublishIfDue();
      if (!status.ok()) {
        // Somebody who publishes by hand is no fault.
        if (!absl::IsUnavailable(status)) {
          Note(absl::StrCat("ALARM: not published: ", status.message()));
        }
        if (!Pause(kRetry)) return;
      }
    }
    const int64_t now_hour = HoursOf(clock_.Now());
    // Where it did not succeed, it is tried again soon; once an hour that is
    // said.
    if (has_purged && now_hour == hour) continue;
    const bool is_first_try = !has_tried || now_hour != hour;
    has_tried = true;
    if (now_hour / 24 != hour / 24) {
      const absl::StatusOr<std::string> line = diagnosis_.RiskLine();
      Note(line.ok() ? *line : line.status().message());
    }
    hour = now_hour;
    has_purged = false;
    const absl::StatusOr<ServerStorePool::Lease> store = stores_.Take();
    if (!store.ok()) {
      if (!Pause(kRetry)) return;
      continue;
    }
    {
      const std::unique_lock<std::mutex> write_lock = store->WriteLock();
      const auto purged = (*store)->Purge(clock_.Now());
      has_purged = purged.ok();
      if (!purged.ok()) {
        if (is_first_try) Note(purged.status().message());
      } else if (purged->num_unpublished > 0) {
        Note(absl::StrCat("ALARM: too old, and never published: ",
                          purged->num_unpublished, " keys"));
      }
    }
    (*store)->Checkpoint().IgnoreError();
    if (!has_purged && !Pause(kRetry)) return;
  }
}

// --------------------------------------------------------- start and stop

absl::Status NotificationServer::Impl::Start() {
  TEKMATCH_RETURN_IF_ERROR(MakeFolders(RegionFolder(options_.publisher)));
  TEKMATCH_RETURN_IF_ERROR(diagnosis_.Restore());
  {
    // A server that has never published begins with the next slot.
    TEKMATCH_ASSIGN_OR_RETURN(const ServerStorePool::Lease store,
                              stores_.Take());
    TEKMATCH_ASSIGN_OR_RETURN(const std::optional<absl::Time> last,
                              store->LastSlot());
    if (!last.has_value()) {
      TEKMATCH_RETURN_IF_ERROR(store->SetLastSlot(clock_.Now()));
    }
  }
  diagnosis_.OnStored([this] {
    const std::lock_guard<std::mutex> lock(mutex_);
    has_claims_ = true;
    changed_.notify_all();
  });
  router_.Add(diagnosis_.ToRoute());
  router_.Add({.method = "GET",
               .path = file_route_,
               .handler = [this](const HttpRequest& request) {
                 return GetFile(request);
               }});
  TEKMATCH_ASSIGN_OR_RETURN(
      http_, HttpServer::Start(options_.http, router_, clock_, log_));
  confirming_ = std::thread([this] { Confirm(); });
  // The time of the start, not of when the thread comes to run: a clock may
  // move as soon as this returns.
  housekeeping_ =
      std::thread([this, started = clock_.Now()] { KeepHouse(started); });
  return absl::OkStatus();
}

bool NotificationServer::Impl::Stop(absl::Duration grace) {
  if (http_ == nullptr) return true;
  const bool all_sent = http_->Stop(grace);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stops_ = true;
    changed_.notify_all();
  }
  if (confirming_.joinable()) confirming_.join();
  if (housekeeping_.joinable()) housekeeping_.join();
  return all_sent;
}

NotificationServer::NotificationServer(std::unique_ptr<Impl> impl)
    : impl_(std::move(impl)) {}
NotificationServer::~NotificationServer() = default;

const ListenAddress& NotificationServer::address() const {
  return impl_->address();
}
bool NotificationServer::Stop(absl::Duration grace) {
  return impl_->Stop(grace);
}

absl::StatusOr<std::unique_ptr<NotificationServer>> NotificationServer::Start(
    const NotificationServerOptions& options, ManagementSystem& management,
    const Clock& clock, RequestLog* log) {
  auto impl = std::make_unique<Impl>(options, management, clock, log);
  TEKMATCH_RETURN_IF_ERROR(impl->Start());
  return std::unique_ptr<NotificationServer>(
      new NotificationServer(std::move(impl)));
}

}  // namespace tekmatch
