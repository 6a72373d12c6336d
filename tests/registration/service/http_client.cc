#include "tests/registration/service/http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"

namespace tekmatch {

std::string HttpAnswer::Header(absl::string_view name) const {
  for (const absl::string_view line : absl::StrSplit(head, "\r\n")) {
    const size_t colon = line.find(':');
    if (colon != absl::string_view::npos &&
        absl::EqualsIgnoreCase(line.substr(0, colon), name)) {
      return std::string(absl::StripAsciiWhitespace(line.substr(colon + 1)));
    }
  }
  return "";
}

TestConnection::TestConnection(const ListenAddress& address) {
  sockaddr_un unix_address = {};
  sockaddr_in tcp_address = {};
  const sockaddr* to = nullptr;
  socklen_t size = 0;
  if (!address.unix_path.empty()) {
    unix_address.sun_family = AF_UNIX;
    std::memcpy(unix_address.sun_path, address.unix_path.c_str(),
                address.unix_path.size() + 1);
    to = reinterpret_cast<const sockaddr*>(&unix_address);
    size = sizeof(unix_address);
  } else {
    tcp_address.sin_family = AF_INET;
    tcp_address.sin_port = htons(address.port);
    tcp_address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to = reinterpret_cast<const sockaddr*>(&tcp_address);
    size = sizeof(tcp_address);
  }
  fd_ = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd_ >= 0 && connect(fd_, to, size) != 0) {
    close(fd_);
    fd_ = -1;
  }
}

TestConnection::~TestConnection() {
  if (fd_ >= 0) close(fd_);
}

bool TestConnection::Send(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

bool TestConnection::Fill(absl::Time end) {
  pollfd wait = {.fd = fd_, .events = POLLIN, .revents = 0};
  const int64_t left =
      std::max<int64_t>(0, absl::ToInt64Milliseconds(end - absl::Now()));
  if (poll(&wait, 1, static_cast<int>(left)) <= 0) return false;
  std::array<char, 65536> bytes;
  const ssize_t n = recv(fd_, bytes.data(), bytes.size(), 0);
  if (n <= 0) return false;
  read_.append(bytes.data(), static_cast<size_t>(n));
  return true;
}

HttpAnswer TestConnection::Receive(absl::Duration timeout, bool has_body) {
  const absl::Time end = absl::Now() + timeout;
  HttpAnswer answer;
  size_t head_end = 0;
  while ((head_end = read_.find("\r\n\r\n")) == std::string::npos) {
    if (!Fill(end)) return answer;
  }
  answer.head = read_.substr(0, head_end);
  read_.erase(0, head_end + 4);
  size_t length = 0;
  if (has_body && !absl::SimpleAtoi(answer.Header("Content-Length"), &length)) {
    return answer;
  }
  while (read_.size() < length) {
    if (!Fill(end)) return answer;
  }
  answer.body = read_.substr(0, length);
  read_.erase(0, length);
  if (!absl::SimpleAtoi(answer.head.substr(9, 3), &answer.status)) {
    answer.status = 0;
  }
  return answer;
}

bool TestConnection::IsClosed(absl::Duration timeout) {
  pollfd wait = {.fd = fd_, .events = POLLIN, .revents = 0};
  const absl::Time end = absl::Now() + timeout;
  while (true) {
    const int64_t left = absl::ToInt64Milliseconds(end - absl::Now());
    if (left < 0 || poll(&wait, 1, static_cast<int>(left)) <= 0) return false;
    std::array<char, 4096> bytes;
    if (recv(fd_, bytes.data(), bytes.size(), 0) <= 0) return true;
  }
}

std::string RequestText(
    absl::string_view method, absl::string_view target, absl::string_view body,
    const std::vector<std::pair<std::string, std::string>>& headers) {
  std::string text =
      absl::StrCat(method, " ", target, " HTTP/1.1\r\nHost: localhost\r\n");
  for (const auto& [name, value] : headers) {
    absl::StrAppend(&text, name, ": ", value, "\r\n");
  }
  if (method != "GET" && method != "HEAD") {
    absl::StrAppend(&text, "Content-Length: ", body.size(), "\r\n");
  }
  return absl::StrCat(text, "\r\n", body);
}

HttpAnswer Ask(
    const ListenAddress& address, absl::string_view method,
    absl::string_view target, absl::string_view body,
    const std::vector<std::pair<std::string, std::string>>& headers) {
  TestConnection connection(address);
  if (!connection.connected()) return {};
  connection.Send(RequestText(method, target, body, headers));
  return connection.Receive(kPatience, method != "HEAD");
}

}  // namespace tekmatch
