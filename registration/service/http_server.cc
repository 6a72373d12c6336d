// Plan: an exchange is one request with its answer, from the first line to the
// last byte sent. libmicrohttpd's thread makes it, fills it, suspends its
// connection and queues it; a worker calls the handler and gives it to the
// timer; the timer resumes the connection when the answer may go (at once,
// mostly); libmicrohttpd's thread sends it. In each step one thread has it, and
// the queues' mutex hands it on.
//
// The timer also ends connections whose request does not come to its end.
#include "registration/service/http_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <queue>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"

namespace tekmatch {
namespace {

// Of the process, not of a Clock: rehearsals move those.
using Steady = std::chrono::steady_clock;

constexpr std::pair<const char*, const char*> kHeadersOfAll[] = {
    {"Content-Security-Policy",
     "default-src 'self'; base-uri 'none'; form-action 'self'; "
     "frame-ancestors 'none'"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Referrer-Policy", "no-referrer"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
};

// What a descriptor is needed for beside connections: databases, logs, files.
constexpr unsigned kOtherDescriptors = 100;

struct Exchange {
  HttpRequest request;
  HttpResponse response;
  const Route* route = nullptr;
  std::string log_name = "-";
  size_t length = 0;  // Content-Length
  MHD_Connection* connection = nullptr;
  Steady::time_point whole_at;  // when the request was there whole
  absl::Time received;          // the Clock's, for the log
  size_t num_bytes_out = 0;
  bool started = false;   // its headers were looked at
  bool answered = false;  // `response` is what to send
  bool queued = false;    // the answer was given to libmicrohttpd
  bool in_flight = false;
};

// A connection that may be ended from outside, and until when its request has
// to be there.
struct Deadline {
  int fd = -1;
  Steady::time_point end;
};

// RFC 9110, 5.6.2.
bool IsToken(absl::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           absl::StrContains("!#$%&'*+-.^_`|~", c);
  });
}

// Takes a request's headers as libmicrohttpd tells them, and looks whether they
// are what was sent.
//
// It reads a line that begins with a blank (RFC 9112, 5.2: to be refused) as
// more of the name before it: a proxy that guards X-Real-IP lets "X-Real-" pass
// with " IP" on the next line. Of that the name alone does not tell. But the
// names and values of a request lie where the socket's bytes were read to, one
// line after the other, each ended by a zero in place of a colon or of the
// line's end. A name that was put together lies elsewhere, and in any case a
// line is left over between two headers, or behind the last one. So is what
// follows a zero byte of the client's. Where another version of libmicrohttpd
// copies headers, every request is refused, which the tests notice.
class HeaderLines {
 public:
  explicit HeaderLines(HttpHeaders* headers) : headers_(headers) {}

  static MHD_Result Take(void* self, MHD_ValueKind /*kind*/, const char* key,
                         const char* value) {
    static_cast<HeaderLines*>(self)->Take(key, value == nullptr ? "" : value);
    return MHD_YES;
  }

  // Whether each header was a line of its own, with a token for a name. `end`
  // is where the empty line behind them ends.
  bool are_right(uintptr_t end) const {
    return are_right_ && (end_ == 0 || IsBetween(end, 2, 4));
  }

 private:
  void Take(absl::string_view name, absl::string_view value) {
    const auto name_begin = reinterpret_cast<uintptr_t>(name.data());
    const auto value_begin = reinterpret_cast<uintptr_t>(value.data());
    // LF, or CR LF, since the header before.
    are_right_ = are_right_ && IsToken(name) &&
                 (end_ == 0 || IsBetween(name_begin, 1, 2)) &&
                 value_begin > name_begin + name.size();
    end_ = value_begin + value.size();
    std::string& text =
        headers_->emplace_back(std::string(name), std::string(value)).second;
    // A CR without LF. RFC 9112, 2.2: it is invalid, or a space.
    std::replace(text.begin(), text.end(), '\r', ' ');
  }
  bool IsBetween(uintptr_t at, uintptr_t least, uintptr_t most) const {
    return at - end_ >= least && at - end_ <= most;
  }

  HttpHeaders* const headers_;
  bool are_right_ = true;
  uintptr_t end_ = 0;  // of the last value
};

// Where the empty line ends that follows a request's headers; `method` is what
// libmicrohttpd calls it, which is where the request begins.
uintptr_t EndOfHeaders(MHD_Connection* connection, const char* method) {
  const MHD_ConnectionInfo* const info = MHD_get_connection_info(
      connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
  return info == nullptr
             ? 0
             : reinterpret_cast<uintptr_t>(method) + info->header_size;
}

std::string PeerOf(MHD_Connection* connection) {
  const MHD_ConnectionInfo* const info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  std::array<char, INET6_ADDRSTRLEN> text = {};
  if (info == nullptr || info->client_addr == nullptr) return "unix";
  if (info->client_addr->sa_family == AF_INET) {
    inet_ntop(
        AF_INET,
        &reinterpret_cast<const sockaddr_in*>(info->client_addr)->sin_addr,
        text.data(), text.size());
  } else if (info->client_addr->sa_family == AF_INET6) {
    inet_ntop(
        AF_INET6,
        &reinterpret_cast<const sockaddr_in6*>(info->client_addr)->sin6_addr,
        text.data(), text.size());
  } else {
    return "unix";
  }
  return text.data();
}

int FdOf(MHD_Connection* connection) {
  const MHD_ConnectionInfo* const info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  return info == nullptr ? -1 : info->connect_fd;
}

// What is in the body of the answer; nullptr where there is no memory. Files
// are opened now, so that what is sent is what was there.
MHD_Response* MakeBody(HttpResponse& response, size_t* num_bytes) {
  if (!response.file.empty()) {
    const int fd = open(response.file.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat info;
    if (fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
      *num_bytes = static_cast<size_t>(info.st_size);
      return MHD_create_response_from_fd64(static_cast<uint64_t>(info.st_size),
                                           fd);  // closes it
    }
    if (fd >= 0) close(fd);
    response = PlainRefusal(404);
  }
  *num_bytes = response.body.size();
  return MHD_create_response_from_buffer(
      response.body.size(), response.body.data(), MHD_RESPMEM_MUST_COPY);
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(const HttpServerOptions& options, const Router& router,
       const Clock& clock, RequestLog* log)
      : options_(options), router_(router), clock_(clock), log_(log) {}
  ~Impl() { Stop(absl::Seconds(5)); }

  absl::Status Start();
  bool Stop(absl::Duration grace);
  const ListenAddress& address() const { return options_.address; }

 private:
  using TimedExchange = std::pair<Steady::time_point, Exchange*>;

  // libmicrohttpd's thread.
  static void* OnRequestLine(void* self, const char* uri,
                             MHD_Connection* connection);
  static MHD_Result OnRequest(void* self, MHD_Connection* connection,
                              const char* url, const char* method,
                              const char* version, const char* upload_data,
                              size_t* upload_data_size, void** exchange);
  static void OnCompleted(void* self, MHD_Connection* connection,
                          void** exchange, MHD_RequestTerminationCode code);
  static void OnConnection(void* self, MHD_Connection* connection,
                           void** socket_context,
                           MHD_ConnectionNotificationCode code);
  MHD_Result OnHeaders(Exchange& exchange, const char* method);
  MHD_Result OnWhole(Exchange& exchange);
  MHD_Result Send(Exchange& exchange);
  // Answers without a handler.
  MHD_Result Refuse(Exchange& exchange, HttpResponse response);
  void SetDeadline(MHD_Connection* connection);
  void ClearDeadline(MHD_Connection* connection);

  void Work();
  void RunTimer();

  HttpServerOptions options_;
  const Router& router_;
  const Clock& clock_;
  RequestLog* const log_;
  MHD_Daemon* daemon_ = nullptr;
  int listen_fd_ = -1;
  std::vector<std::thread> workers_;
  std::thread timer_;
  bool stopped_ = false;  // by Stop's thread

  // Of each connection, on libmicrohttpd's thread alone. What it refuses by
  // itself between a request's first line and the end of its headers is never
  // completed: that goes with the connection.
  std::map<MHD_Connection*, std::unique_ptr<Exchange>> exchanges_;

  std::mutex mutex_;  // of all below
  std::condition_variable work_;
  std::condition_variable time_;
  std::condition_variable idle_;
  std::deque<Exchange*> waiting_;
  // The next one first.
  std::priority_queue<TimedExchange, std::vector<TimedExchange>,
                      std::greater<TimedExchange>>
      held_back_;
  std::map<MHD_Connection*, Deadline> deadlines_;
  size_t num_in_flight_ = 0;
  bool no_more_work_ = false;
  bool no_more_time_ = false;
};

// ------------------------------------------------- libmicrohttpd's thread

void* HttpServer::Impl::OnRequestLine(void* self, const char* uri,
                                      MHD_Connection* connection) {
  std::unique_ptr<Exchange>& exchange =
      static_cast<Impl*>(self)->exchanges_[connection];
  exchange = std::make_unique<Exchange>();
  const absl::string_view whole = uri;
  const size_t question = whole.find('?');
  exchange->request.path = std::string(whole.substr(0, question));
  if (question != absl::string_view::npos) {
    exchange->request.query = std::string(whole.substr(question + 1));
  }
  return exchange.get();
}

MHD_Result HttpServer::Impl::OnRequest(void* self, MHD_Connection* connection,
                                       const char* /*url*/, const char* method,
                                       const char* /*version*/,
                                       const char* upload_data,
                                       size_t* upload_data_size,
                                       void** context) {
  auto& server = *static_cast<Impl*>(self);
  auto* const exchange = static_cast<Exchange*>(*context);
  if (exchange == nullptr) return MHD_NO;
  if (!exchange->started) {
    exchange->started = true;
    exchange->connection = connection;
    exchange->request.method = method;
    return server.OnHeaders(*exchange, method);
  }
  if (exchange->answered) {
    return exchange->queued ? MHD_YES : server.Send(*exchange);
  }
  if (*upload_data_size > 0) {
    // No more than what was announced, which is within the limit.
    if (exchange->request.body.size() + *upload_data_size > exchange->length) {
      return MHD_NO;
    }
    exchange->request.body.append(upload_data, *upload_data_size);
    *upload_data_size = 0;
    return MHD_YES;
  }
  return server.OnWhole(*exchange);
}

MHD_Result HttpServer::Impl::OnHeaders(Exchange& exchange, const char* method) {
  exchange.received = clock_.Now();
  exchange.whole_at = Steady::now();
  HttpRequest& request = exchange.request;
  HeaderLines lines(&request.headers);
  MHD_get_connection_values(exchange.connection, MHD_HEADER_KIND,
                            &HeaderLines::Take, &lines);
  if (!lines.are_right(EndOfHeaders(exchange.connection, method))) {
    HttpResponse refusal = PlainRefusal(400);
    // Where the request ends is as uncertain as what it says.
    refusal.headers.emplace_back("Connection", "close");
    return Refuse(exchange, std::move(refusal));
  }
  Router::Match match = router_.Find(request.method, request.path);
  if (match.route == nullptr) {
    return Refuse(exchange, std::move(match.answer));
  }
  exchange.route = match.route;
  exchange.log_name = match.route->Name();
  const absl::string_view length = request.Header("Content-Length");
  if (!request.Header("Transfer-Encoding").empty() ||
      (length.empty() && match.route->method != "GET")) {
    return Refuse(exchange, Router::Refuse(*exchange.route, 411));
  }
  uint64_t num_bytes = 0;
  if (!length.empty() && (!absl::SimpleAtoi(length, &num_bytes) ||
                          num_bytes > options_.max_body_bytes)) {
    return Refuse(exchange, Router::Refuse(*exchange.route, 413));
  }
  exchange.length = num_bytes;
  request.body.reserve(num_bytes);
  return MHD_YES;
}

MHD_Result HttpServer::Impl::OnWhole(Exchange& exchange) {
  exchange.whole_at = Steady::now();
  exchange.received = clock_.Now();
  ClearDeadline(exchange.connection);
  if (!options_.client_header.empty()) {
    exchange.request.client =
        std::string(exchange.request.Header(options_.client_header));
  }
  if (exchange.request.client.empty()) {
    exchange.request.client = PeerOf(exchange.connection);
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (waiting_.size() < options_.max_waiting && !no_more_work_) {
      exchange.in_flight = true;
      ++num_in_flight_;
    }
  }
  if (!exchange.in_flight) {
    return Refuse(exchange, Router::Refuse(*exchange.route, 503));
  }
  // libmicrohttpd has locks of its own, so it is called without ours.
  MHD_suspend_connection(exchange.connection);
  const std::lock_guard<std::mutex> lock(mutex_);
  waiting_.push_back(&exchange);
  work_.notify_one();
  return MHD_YES;
}

MHD_Result HttpServer::Impl::Refuse(Exchange& exchange, HttpResponse response) {
  exchange.response = std::move(response);
  exchange.answered = true;
  return Send(exchange);
}

MHD_Result HttpServer::Impl::Send(Exchange& exchange) {
  HttpResponse& answer = exchange.response;
  MHD_Response* const response = MakeBody(answer, &exchange.num_bytes_out);
  if (response == nullptr) return MHD_NO;
  for (const auto& [name, value] : kHeadersOfAll) {
    MHD_add_response_header(response, name, value);
  }
  for (const auto& [name, value] : answer.headers) {
    MHD_add_response_header(response, name.c_str(), value.c_str());
  }
  if (FindHeader(answer.headers, "Cache-Control").empty()) {
    MHD_add_response_header(response, "Cache-Control", "no-store");
  }
  bool is_closing = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    is_closing = no_more_work_;
  }
  if (is_closing) MHD_add_response_header(response, "Connection", "close");
  const MHD_Result result = MHD_queue_response(
      exchange.connection, static_cast<unsigned>(answer.status), response);
  MHD_destroy_response(response);
  exchange.queued = true;
  return result;
}

void HttpServer::Impl::OnCompleted(void* self, MHD_Connection* connection,
                                   void** context,
                                   MHD_RequestTerminationCode /*code*/) {
  auto& server = *static_cast<Impl*>(self);
  const std::unique_ptr<Exchange> exchange =
      std::exchange(server.exchanges_[connection], nullptr);
  *context = nullptr;
  // The next request of this connection, if there is one.
  server.SetDeadline(connection);
  if (exchange == nullptr) return;
  if (exchange->queued && server.log_ != nullptr) {
    server.log_->Write(
        {.time = exchange->received,
         .route = exchange->log_name,
         .status = exchange->response.status,
         .num_bytes_in =
             std::max(exchange->request.body.size(), exchange->length),
         .num_bytes_out = exchange->num_bytes_out,
         .duration = absl::FromChrono(Steady::now() - exchange->whole_at)});
  }
  if (exchange->in_flight) {
    const std::lock_guard<std::mutex> lock(server.mutex_);
    --server.num_in_flight_;
    server.idle_.notify_all();
  }
}

void HttpServer::Impl::OnConnection(void* self, MHD_Connection* connection,
                                    void** /*socket_context*/,
                                    MHD_ConnectionNotificationCode code) {
  auto& server = *static_cast<Impl*>(self);
  if (code == MHD_CONNECTION_NOTIFY_STARTED) {
    server.SetDeadline(connection);
  } else {
    server.ClearDeadline(connection);
    server.exchanges_.erase(connection);
  }
}

void HttpServer::Impl::SetDeadline(MHD_Connection* connection) {
  const std::lock_guard<std::mutex> lock(mutex_);
  deadlines_[connection] = {
      .fd = FdOf(connection),
      .end =
          Steady::now() + absl::ToChronoNanoseconds(options_.request_timeout)};
}

void HttpServer::Impl::ClearDeadline(MHD_Connection* connection) {
  const std::lock_guard<std::mutex> lock(mutex_);
  deadlines_.erase(connection);
}

// ------------------------------------------------------ workers and timer

void HttpServer::Impl::Work() {
  while (true) {
    Exchange* exchange = nullptr;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      work_.wait(lock, [this] { return no_more_work_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      exchange = waiting_.front();
      waiting_.pop_front();
    }
    exchange->response = Router::Call(*exchange->route, exchange->request);
    const Steady::time_point due =
        exchange->whole_at +
        absl::ToChronoNanoseconds(exchange->response.not_before);
    const std::lock_guard<std::mutex> lock(mutex_);
    held_back_.emplace(due, exchange);
    time_.notify_one();
  }
}

void HttpServer::Impl::RunTimer() {
  // How exactly slow clients are cut off.
  constexpr std::chrono::milliseconds kTick(250);
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    const Steady::time_point now = Steady::now();
    std::vector<MHD_Connection*> due;
    while (!held_back_.empty() &&
           (held_back_.top().first <= now || no_more_work_)) {
      Exchange* const exchange = held_back_.top().second;
      held_back_.pop();
      exchange->answered = true;
      due.push_back(exchange->connection);
    }
    if (!due.empty()) {
      // A connection that is suspended stays.
      lock.unlock();
      for (MHD_Connection* connection : due) MHD_resume_connection(connection);
      lock.lock();
      continue;
    }
    // A descriptor is closed only after OnConnection, which needs the mutex.
    for (auto& [connection, deadline] : deadlines_) {
      if (deadline.fd < 0 || deadline.end > now) continue;
      shutdown(deadline.fd, SHUT_RDWR);
      deadline.fd = -1;
    }
    if (no_more_time_ && held_back_.empty()) return;
    Steady::time_point next = now + kTick;
    if (!held_back_.empty()) next = std::min(next, held_back_.top().first);
    time_.wait_until(lock, next);  // or until there is more to send
  }
}

// --------------------------------------------------------- start and stop

absl::Status HttpServer::Impl::Start() {
  struct rlimit files;
  unsigned max_connections = options_.max_connections;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur =
        std::min<rlim_t>(files.rlim_max, max_connections + kOtherDescriptors);
    setrlimit(RLIMIT_NOFILE, &files);
    max_connections = std::min<unsigned>(
        max_connections,
        std::max<unsigned>(files.rlim_cur, 2 * kOtherDescriptors) -
            kOtherDescriptors);
  }
  TEKMATCH_ASSIGN_OR_RETURN(listen_fd_, ListenAt(options_.address));
  const auto idle_seconds = static_cast<unsigned>(
      std::max<int64_t>(1, absl::ToInt64Seconds(options_.idle_timeout)));
  daemon_ = MHD_start_daemon(
      MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0,
      /*apc=*/nullptr, /*apc_cls=*/nullptr, &OnRequest, this,
      MHD_OPTION_LISTEN_SOCKET, listen_fd_,               //
      MHD_OPTION_CONNECTION_LIMIT, max_connections,       //
      MHD_OPTION_CONNECTION_TIMEOUT, idle_seconds,        //
      MHD_OPTION_CONNECTION_MEMORY_LIMIT,                 //
      static_cast<size_t>(options_.max_header_bytes),     //
      MHD_OPTION_STRICT_FOR_CLIENT, 1,                    //
      MHD_OPTION_URI_LOG_CALLBACK, &OnRequestLine, this,  //
      MHD_OPTION_NOTIFY_COMPLETED, &OnCompleted, this,    //
      MHD_OPTION_NOTIFY_CONNECTION, &OnConnection, this,  //
      MHD_OPTION_END);
  if (daemon_ == nullptr) {
    close(listen_fd_);
    return absl::InternalError(absl::StrCat(options_.address.ToString(),
                                            ": libmicrohttpd does not start"));
  }
  timer_ = std::thread([this] { RunTimer(); });
  for (int i = 0; i < std::max(1, options_.num_workers); ++i) {
    workers_.emplace_back([this] { Work(); });
  }
  return absl::OkStatus();
}

bool HttpServer::Impl::Stop(absl::Duration grace) {
  if (daemon_ == nullptr || stopped_) return true;
  stopped_ = true;
  MHD_quiesce_daemon(daemon_);
  bool all_sent = false;
  {
    std::unique_lock<std::mutex> lock(mutex_);
    no_more_work_ = true;
    work_.notify_all();
    time_.notify_all();
    all_sent = idle_.wait_for(lock, absl::ToChronoNanoseconds(grace),
                              [this] { return num_in_flight_ == 0; });
  }
  for (std::thread& worker : workers_) worker.join();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    no_more_time_ = true;
    time_.notify_all();
  }
  timer_.join();
  MHD_stop_daemon(daemon_);
  close(listen_fd_);
  if (!options_.address.unix_path.empty()) {
    unlink(options_.address.unix_path.c_str());
  }
  return all_sent;
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

const ListenAddress& HttpServer::address() const { return impl_->address(); }
bool HttpServer::Stop(absl::Duration grace) { return impl_->Stop(grace); }

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(
    const HttpServerOptions& options, const Router& router, const Clock& clock,
    RequestLog* log) {
  auto impl = std::make_unique<Impl>(options, router, clock, log);
  TEKMATCH_RETURN_IF_ERROR(impl->Start());
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

}  // namespace tekmatch
