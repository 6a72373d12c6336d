// Plan: a connection with a deadline; one request and its answer; the browser
// over it.
#include "registration/rehearsal/loopback_client.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "keyformat/status_macros.h"
#include "registration/service/form_data.h"

namespace tekmatch {
namespace {

constexpr size_t kMostAnswerBytes = 64 << 20;
constexpr absl::Duration kPageTimeout = absl::Seconds(30);
constexpr int kMostRedirections = 5;

absl::Status Gone(absl::string_view what) {
  return absl::UnavailableError(what);
}

// Waits until the socket is ready; false: the time is over.
bool WaitFor(int fd, short events, absl::Time end) {
  pollfd wait = {.fd = fd, .events = events, .revents = 0};
  const int64_t left = absl::ToInt64Milliseconds(end - absl::Now());
  return left > 0 && poll(&wait, 1, static_cast<int>(left)) > 0;
}

// A socket, connected within the time.
absl::StatusOr<int> Connect(const ListenAddress& address, absl::Time end) {
  sockaddr_un at_path = {};
  sockaddr_in at_port = {};
  const sockaddr* to = nullptr;
  socklen_t size = 0;
  if (!address.unix_path.empty()) {
    at_path.sun_family = AF_UNIX;
    if (address.unix_path.size() >= sizeof(at_path.sun_path)) {
      return absl::InvalidArgumentError("the socket's path is too long");
    }
    std::memcpy(at_path.sun_path, address.unix_path.c_str(),
                address.unix_path.size() + 1);
    to = reinterpret_cast<const sockaddr*>(&at_path);
    size = sizeof(at_path);
  } else {
    at_port.sin_family = AF_INET;
    at_port.sin_port = htons(address.port);
    at_port.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to = reinterpret_cast<const sockaddr*>(&at_port);
    size = sizeof(at_port);
  }
  const int fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return Gone("no socket");
  absl::Cleanup closes = [fd] { close(fd); };
  // Connecting to this machine is done at once, or refused.
  if (connect(fd, to, size) != 0) return Gone("nobody listens");
  fcntl(fd, F_SETFL, O_NONBLOCK);
  if (!WaitFor(fd, POLLOUT, end)) return Gone("not connected in time");
  std::move(closes).Cancel();
  return fd;
}

absl::Status SendAll(int fd, absl::string_view bytes, absl::Time end) {
  while (!bytes.empty()) {
    const ssize_t n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n > 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
    } else if (errno != EAGAIN || !WaitFor(fd, POLLOUT, end)) {
      return Gone("the request was not taken");
    }
  }
  return absl::OkStatus();
}

// Appends what comes. false: the other side has closed.
absl::StatusOr<bool> Receive(int fd, std::string& bytes, absl::Time end) {
  if (!WaitFor(fd, POLLIN, end)) return Gone("no answer in time");
  std::array<char, 65536> some;
  const ssize_t n = recv(fd, some.data(), some.size(), 0);
  if (n < 0) return Gone("the connection broke");
  bytes.append(some.data(), static_cast<size_t>(n));
  if (bytes.size() > kMostAnswerBytes) {
    return absl::DataLossError("an answer is too large");
  }
  return n > 0;
}

absl::StatusOr<HttpResponse> ParseHead(absl::string_view head) {
  HttpResponse response;
  std::vector<absl::string_view> lines = absl::StrSplit(head, "\r\n");
  if (lines[0].size() < 12 || !absl::StartsWith(lines[0], "HTTP/1.1 ") ||
      !absl::SimpleAtoi(lines[0].substr(9, 3), &response.status)) {
    return absl::DataLossError("what came is no answer");
  }
  lines.erase(lines.begin());
  for (const absl::string_view line : lines) {
    const size_t colon = line.find(':');
    if (colon == absl::string_view::npos) continue;
    response.headers.emplace_back(
        line.substr(0, colon),
        absl::StripAsciiWhitespace(line.substr(colon + 1)));
  }
  return response;
}

// As a browser escapes it back.
std::string FromHtml(absl::string_view text) {
  std::string plain(text);
  const std::array<std::pair<absl::string_view, absl::string_view>, 5> names = {
      {{"&lt;", "<"},
       {"&gt;", ">"},
       {"&quot;", "\""},
       {"&#39;", "'"},
       {"&amp;", "&"}}};
  for (const auto& [name, sign] : names) {
    size_t at = 0;
    while ((at = plain.find(name.data(), at, name.size())) !=
           std::string::npos) {
      plain.replace(at, name.size(), sign.data(), sign.size());
      at += sign.size();
    }
  }
  return plain;
}

}  // namespace

absl::StatusOr<HttpResponse> AskRole(const ListenAddress& address,
                                     const HttpRequest& request,
                                     absl::Duration timeout) {
  const absl::Time end = absl::Now() + timeout;
  TEKMATCH_ASSIGN_OR_RETURN(const int fd, Connect(address, end));
  const absl::Cleanup closes = [fd] { close(fd); };
  std::string text = absl::StrCat(
      request.method, " ", request.path, request.query.empty() ? "" : "?",
      request.query, " HTTP/1.1\r\nHost: ",
      address.unix_path.empty() ? address.ToString() : "localhost",
      "\r\nConnection: close\r\n");
  for (const auto& [name, value] : request.headers) {
    absl::StrAppend(&text, name, ": ", value, "\r\n");
  }
  if (request.method != "GET") {
    absl::StrAppend(&text, "Content-Length: ", request.body.size(), "\r\n");
  }
  absl::StrAppend(&text, "\r\n", request.body);
  TEKMATCH_RETURN_IF_ERROR(SendAll(fd, text, end));

  std::string bytes;
  size_t head_end = std::string::npos;
  while ((head_end = bytes.find("\r\n\r\n")) == std::string::npos) {
    TEKMATCH_ASSIGN_OR_RETURN(const bool more, Receive(fd, bytes, end));
    if (!more) return Gone("the connection ended");
  }
  TEKMATCH_ASSIGN_OR_RETURN(
      HttpResponse response,
      ParseHead(absl::string_view(bytes).substr(0, head_end)));
  bytes.erase(0, head_end + 4);
  size_t length = 0;
  if (response.status != 204 && response.status != 304 &&
      !absl::SimpleAtoi(FindHeader(response.headers, "Content-Length"),
                        &length)) {
    return absl::DataLossError("an answer says no length");
  }
  while (bytes.size() < length) {
    TEKMATCH_ASSIGN_OR_RETURN(const bool more, Receive(fd, bytes, end));
    if (!more) return Gone("the connection ended");
  }
  bytes.resize(length);
  response.body = std::move(bytes);
  return response;
}

absl::StatusOr<HttpResponse> PageClient::Get(const std::string& target) {
  HttpRequest request;
  request.method = "GET";
  const std::pair<std::string, std::string> parts =
      absl::StrSplit(target, absl::MaxSplits('?', 1));
  request.path = parts.first;
  request.query = parts.second;
  target_ = target;
  return Follow(Ask(std::move(request)));
}

absl::StatusOr<HttpResponse> PageClient::Post(const std::string& path,
                                              FormFields fields) {
  HttpRequest request;
  request.method = "POST";
  request.path = path;
  fields.emplace_back("token", HiddenValue(page_, "token"));
  for (const auto& [name, value] : fields) {
    absl::StrAppend(&request.body, request.body.empty() ? "" : "&", name, "=",
                    QueryValue(value));
  }
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                     {"Origin", absl::StrCat("http://", address_.ToString())},
                     {"Sec-Fetch-Site", "same-origin"}};
  target_ = path;
  return Follow(Ask(std::move(request)));
}

absl::StatusOr<HttpResponse> PageClient::Ask(HttpRequest request) {
  std::string cookies;
  for (const auto& [name, value] : cookies_) {
    absl::StrAppend(&cookies, cookies.empty() ? "" : "; ", name, "=", value);
  }
  if (!cookies.empty()) request.headers.emplace_back("Cookie", cookies);
  TEKMATCH_ASSIGN_OR_RETURN(HttpResponse response,
                            AskRole(address_, request, kPageTimeout));
  for (const auto& [name, value] : response.headers) {
    if (!absl::EqualsIgnoreCase(name, "Set-Cookie")) continue;
    const absl::string_view pair =
        absl::string_view(value).substr(0, value.find(';'));
    const size_t equals = pair.find('=');
    if (equals == absl::string_view::npos) continue;
    cookies_[std::string(pair.substr(0, equals))] =
        std::string(pair.substr(equals + 1));
  }
  page_ = response.body;
  return response;
}

absl::StatusOr<HttpResponse> PageClient::Follow(
    absl::StatusOr<HttpResponse> answer) {
  for (int i = 0; i < kMostRedirections; ++i) {
    if (!answer.ok() || answer->status != 303) return answer;
    HttpRequest request;
    request.method = "GET";
    target_ = std::string(FindHeader(answer->headers, "Location"));
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(target_, absl::MaxSplits('?', 1));
    request.path = parts.first;
    request.query = parts.second;
    answer = Ask(std::move(request));
  }
  return answer;
}

std::string HiddenValue(absl::string_view html, absl::string_view name) {
  const std::string mark = absl::StrCat("name=\"", name, "\"");
  const size_t at = html.find(mark);
  if (at == absl::string_view::npos) return "";
  // The tag's own value, wherever it stands in it.
  const size_t begin = html.rfind('<', at);
  const size_t end = html.find('>', at);
  if (begin == absl::string_view::npos || end == absl::string_view::npos) {
    return "";
  }
  const absl::string_view tag = html.substr(begin, end - begin);
  constexpr absl::string_view kValue = "value=\"";
  const size_t value = tag.find(kValue);
  if (value == absl::string_view::npos) return "";
  const absl::string_view rest = tag.substr(value + kValue.size());
  return FromHtml(rest.substr(0, rest.find('"')));
}

}  // namespace tekmatch
