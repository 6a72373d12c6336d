// Plan: the server, with handlers that look at what they are given; a client
// that sends the bytes as they are; what comes back, and what is in the log.
//
// Any bytes as what a client sends over one connection to the real server, over
// a socket. The server ends the connection in time, answers nothing that is no
// HTTP and never with 500, and goes on serving others; handlers get what the
// headers promise; and the log holds routes of ours and nothing of the
// client's.
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "keyformat/printable.h"
#include "registration/server/diagnosis_request.h"
#include "registration/service/clock.h"
#include "registration/service/form_data.h"
#include "registration/service/http_server.h"
#include "registration/service/request_log.h"
#include "registration/service/router.h"
#include "tests/fuzz/fuzz_bytes.h"
#include "tests/registration/service/http_client.h"
#include "tools/files/scratch_folder.h"

namespace tekmatch {
namespace {

constexpr size_t kMaxBodyBytes = 4 << 10;
constexpr int kRefused = 422;  // libmicrohttpd's own refusals are others

// -------------------------------------------------------------- the handlers

// What holds for every request that comes to a handler.
void CheckRequest(const HttpRequest& request) {
  Require(absl::StartsWith(request.path, "/"));
  Require(!absl::StrContains(request.path, '?'));
  Require(request.body.size() <= kMaxBodyBytes);
  Require(request.client == "unix");
  for (const auto& [name, value] : request.headers) {
    // One line each: what is made of them cannot begin another one.
    Require(!name.empty() &&
            name.find_first_of(" \t\r\n:") == std::string::npos);
    Require(value.find_first_of("\r\n") == std::string::npos);
  }
  size_t length = 0;
  const absl::string_view announced = request.Header("Content-Length");
  if (!announced.empty()) Require(absl::SimpleAtoi(announced, &length));
  Require(request.body.size() == length);
}

HttpResponse TakeDiagnosis(const HttpRequest& request) {
  CheckRequest(request);
  Require(request.method == "PUT");
  const auto parsed = ParseDiagnosisRequest(request.body);
  return PlainResponse(parsed.ok() ? 200 : kRefused, "said\n");
}

HttpResponse TakeForm(const HttpRequest& request) {
  CheckRequest(request);
  Require(request.method == "POST");
  const auto form = FormData::OfBody(request);
  if (!form.ok()) return PlainResponse(kRefused, form.status().message());
  // A field that a page of ours shows again.
  return SeeOther(
      absl::StrCat("/page?number=", QueryValue(form->Get("number"))));
}

HttpResponse ShowPage(const HttpRequest& request) {
  CheckRequest(request);
  const auto query = FormData::Parse(request.query);
  const absl::string_view cookie = FindCookie(request, "session");
  Require(!absl::StrContains(cookie, ';'));
  return PlainResponse(query.ok() ? 200 : kRefused, "a page\n");
}

HttpResponse ShowFile(const HttpRequest& request) {
  CheckRequest(request);
  const absl::string_view name = LastPart("/c19r/440/{file}", request.path);
  Require(!name.empty() && !absl::StrContains(name, '/'));
  return PlainResponse(404, "none\n");
}

// --------------------------------------------------------------- the server

// One for the whole process.
class Served {
 public:
  static Served& Get() {
    static auto* const served = new Served;
    return *served;
  }

  const ListenAddress& address() const { return server_->address(); }

  // What was logged since the last call.
  std::string TakeLog() {
    std::string text;
    std::array<char, 4096> part;
    ssize_t n = 0;
    while ((n = pread(log_fd_, part.data(), part.size(),
                      static_cast<off_t>(num_read_ + text.size()))) > 0) {
      text.append(part.data(), static_cast<size_t>(n));
    }
    // Up to the last whole line; a later connection's may still be written.
    text.erase(text.rfind('\n') + 1);
    num_read_ += text.size();
    return text;
  }

 private:
  Served() {
    auto folder = ScratchFolder::Make();
    Require(folder.ok());
    folder_ = *std::move(folder);
    clock_ = RealClock();
    auto log = RequestLog::Open(absl::StrCat("/proc/self/fd/", log_fd_));
    Require(log.ok());
    log_ = *std::move(log);
    for (Route& route : Routes()) router_.Add(std::move(route));
    HttpServerOptions options;
    options.address.unix_path = folder_->path() + "/socket";
    options.num_workers = 1;
    options.max_body_bytes = kMaxBodyBytes;
    options.max_header_bytes = 8 << 10;
    auto server = HttpServer::Start(options, router_, *clock_, log_.get());
    Require(server.ok());
    server_ = *std::move(server);
  }

  static std::vector<Route> Routes() {
    return {{"PUT", "/v1/diagnosis", TakeDiagnosis, nullptr},
            {"POST", "/form", TakeForm, nullptr},
            {"GET", "/page", ShowPage, nullptr},
            {"GET", "/c19r/440/{file}", ShowFile, nullptr}};
  }

  const int log_fd_ = memfd_create("log", MFD_CLOEXEC);
  size_t num_read_ = 0;
  std::unique_ptr<ScratchFolder> folder_;
  std::unique_ptr<Clock> clock_;
  std::unique_ptr<RequestLog> log_;
  Router router_;
  std::unique_ptr<HttpServer> server_;
};

// --------------------------------------------------------------- the client

int Connect(const ListenAddress& address) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_un to = {};
  to.sun_family = AF_UNIX;
  Require(fd >= 0 && address.unix_path.size() < sizeof(to.sun_path));
  std::memcpy(to.sun_path, address.unix_path.c_str(),
              address.unix_path.size() + 1);
  Require(connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0);
  return fd;
}

// What no request begins with, behind the bytes: it fills up a body that is not
// there whole, so that the server need not wait for it until its time is over,
// and then is a request that it refuses.
std::string Ending() {
  return std::string(kMaxBodyBytes, 'x') + "\r\n\r\n\r\n\r\n";
}

// Sends the bytes, and then nothing more; returns all that came back when the
// server has closed.
std::string Exchange(absl::string_view bytes) {
  // Longer than the server's own limits, and than a busy machine's pauses.
  constexpr int kWaitMilliseconds = 120'000;
  const int fd = Connect(Served::Get().address());
  std::string answer;
  bool is_sending = true;
  while (true) {
    if (is_sending && bytes.empty()) {
      shutdown(fd, SHUT_WR);
      is_sending = false;
    }
    pollfd wait = {.fd = fd, .events = POLLIN, .revents = 0};
    if (is_sending) wait.events |= POLLOUT;
    Require(poll(&wait, 1, kWaitMilliseconds) == 1);
    if (is_sending && (wait.revents & POLLOUT) != 0) {
      const ssize_t n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      // It closes on what is no request.
      bytes.remove_prefix(n > 0 ? static_cast<size_t>(n) : bytes.size());
    }
    if ((wait.revents & (POLLIN | POLLHUP | POLLERR)) == 0) continue;
    std::array<char, 16384> part;
    const ssize_t n = recv(fd, part.data(), part.size(), 0);
    if (n <= 0) break;
    answer.append(part.data(), static_cast<size_t>(n));
  }
  close(fd);
  return answer;
}

// --------------------------------------------------------- what came of it

constexpr absl::string_view kBegin = "HTTP/1.";

// One answer after another, and nothing between.
void CheckAnswers(absl::string_view rest) {
  while (!rest.empty()) {
    const size_t head_end = rest.find("\r\n\r\n");
    // One that was cut: the server closes where it is told to.
    if (head_end == absl::string_view::npos) return;
    HttpAnswer answer;
    answer.head = std::string(rest.substr(0, head_end));
    rest.remove_prefix(head_end + 4);
    Require(absl::StartsWith(answer.head, kBegin) && answer.head.size() > 12);
    Require(absl::SimpleAtoi(answer.head.substr(9, 3), &answer.status));
    Require(answer.status >= 100 && answer.status < 600);
    Require(answer.status != 500);
    constexpr std::array<int, 6> kOurs = {200, 303, 404, 405, 411, kRefused};
    for (const int ours : kOurs) {
      if (answer.status != ours) continue;
      Require(answer.Header("X-Content-Type-Options") == "nosniff");
      Require(answer.Header("Cache-Control") == "no-store");
    }
    size_t length = 0;
    Require(absl::SimpleAtoi(answer.Header("Content-Length"), &length) ||
            answer.status == 100);
    // To HEAD nothing follows. No body of ours begins so.
    if (absl::StartsWith(rest, kBegin)) continue;
    rest.remove_prefix(std::min(length, rest.size()));
  }
}

// "TIME ROUTE STATUS in<1K out<1K <10ms"
void CheckLog(absl::string_view log) {
  for (const absl::string_view line : absl::StrSplit(log, '\n')) {
    if (line.empty()) continue;
    Require(Printable(line) == line);
    bool is_ours = false;
    for (const absl::string_view route :
         {" PUT /v1/diagnosis ", " POST /form ", " GET /page ",
          " GET /c19r/440/{file} ", " - "}) {
      const size_t at = line.find(route);
      if (at == absl::string_view::npos) continue;
      absl::string_view rest = line.substr(at + route.size());
      for (const char c : rest) {
        Require(absl::ascii_isdigit(static_cast<unsigned char>(c)) ||
                absl::StrContains(" <>=Kinoutms", c));
      }
      Require(at == absl::string_view("2020-12-10T09:00:00Z").size());
      is_ours = true;
    }
    Require(is_ours);
  }
}

}  // namespace
}  // namespace tekmatch

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tekmatch;  // NOLINT(google-build-using-namespace)
  constexpr size_t kMostBytes = 16 << 10;
  if (size > kMostBytes) return 0;
  const absl::string_view sent(reinterpret_cast<const char*>(data), size);
  CheckAnswers(Exchange(absl::StrCat(sent, Ending())));
  // Others are served all the same.
  static int num_runs = 0;
  if (num_runs++ % 64 == 0) {
    // A machine may stand still for longer than the server waits for a request.
    bool is_served = false;
    for (int i = 0; i < 5 && !is_served; ++i) {
      is_served = Ask(Served::Get().address(), "GET", "/page").status == 200;
    }
    Require(is_served);
  }
  CheckLog(Served::Get().TakeLog());
  return 0;
}
