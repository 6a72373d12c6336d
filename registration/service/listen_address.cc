// Plan: the system's form of an address comes first, then the text's form, then
// the socket. A ListenAddress holds no host: ToSocketAddress has the loopback
// addresses built in, so no slip can open a role to the network. ListenAt has
// an order: remove a dead Unix socket, bind, set the mode, listen, ask for the
// port. The mode is set before anybody can connect.
#include "registration/service/listen_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "keyformat/status_macros.h"
#include "keyformat/system_error.h"

namespace tekmatch {
namespace {

// Connections that wait to be accepted. Linux may allow fewer (somaxconn).
constexpr int kBacklog = 511;

// One of the three kinds of address, as the system wants it.
struct SocketAddress {
  sockaddr_storage storage = {};
  socklen_t size = 0;

  const sockaddr* get() const {
    return reinterpret_cast<const sockaddr*>(&storage);
  }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketAddress ToSocketAddress(const ListenAddress& address) {
  SocketAddress result;
  if (!address.unix_path.empty()) {
    auto* const unix_address = reinterpret_cast<sockaddr_un*>(&result.storage);
    unix_address->sun_family = AF_UNIX;
    // With the NUL; ParseListenAddress lets no longer path through.
    std::memcpy(unix_address->sun_path, address.unix_path.c_str(),
                address.unix_path.size() + 1);
    result.size = sizeof(sockaddr_un);
  } else if (address.is_ipv6) {
    auto* const ipv6 = reinterpret_cast<sockaddr_in6*>(&result.storage);
    ipv6->sin6_family = AF_INET6;
    ipv6->sin6_port = htons(address.port);
    ipv6->sin6_addr = in6addr_loopback;
    result.size = sizeof(sockaddr_in6);
  } else {
    auto* const ipv4 = reinterpret_cast<sockaddr_in*>(&result.storage);
    ipv4->sin_family = AF_INET;
    ipv4->sin_port = htons(address.port);
    ipv4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    result.size = sizeof(sockaddr_in);
  }
  return result;
}

uint16_t PortOf(const SocketAddress& address) {
  if (address.storage.ss_family == AF_INET6) {
    return ntohs(
        reinterpret_cast<const sockaddr_in6*>(&address.storage)->sin6_port);
  }
  return ntohs(
      reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_port);
}

// Whether anybody answers at a Unix socket.
bool IsListenedAt(const SocketAddress& address) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  // Nobody knows then, and what is perhaps in use must not be removed.
  if (fd < 0) return true;
  const absl::Cleanup close_socket = [fd] { close(fd); };
  return connect(fd, address.get(), address.size) == 0;
}

}  // namespace

std::string ListenAddress::ToString() const {
  if (!unix_path.empty()) return absl::StrCat("unix:", unix_path);
  return absl::StrCat(is_ipv6 ? "[::1]:" : "127.0.0.1:", port);
}

absl::StatusOr<ListenAddress> ParseListenAddress(absl::string_view text) {
  ListenAddress address;
  absl::string_view rest = text;
  if (absl::ConsumePrefix(&rest, "unix:")) {
    // A NUL would end the path early: another one than the text says.
    if (rest.empty() || rest.size() >= sizeof(sockaddr_un::sun_path) ||
        absl::StrContains(rest, absl::string_view("\0", 1))) {
      return absl::InvalidArgumentError(
          "unix: a path of 1 to 107 bytes has to follow");
    }
    address.unix_path = std::string(rest);
    return address;
  }
  address.is_ipv6 = absl::ConsumePrefix(&rest, "[::1]:");
  uint32_t port = 0;
  // Digits only: SimpleAtoi takes a sign and spaces, too.
  if ((!address.is_ipv6 && !absl::ConsumePrefix(&rest, "127.0.0.1:")) ||
      rest.find_first_not_of("0123456789") != absl::string_view::npos ||
      !absl::SimpleAtoi(rest, &port) || port > 65535) {
    return absl::InvalidArgumentError(
        absl::StrCat(text,
                     ": no address of this machine, such as 127.0.0.1:8080, "
                     "[::1]:8080 or unix:PATH; others reach it through a "
                     "reverse proxy"));
  }
  address.port = static_cast<uint16_t>(port);
  return address;
}

absl::StatusOr<int> ListenAt(ListenAddress& address) {
  SocketAddress socket_address = ToSocketAddress(address);
  const std::string name = address.ToString();
  const bool is_unix = !address.unix_path.empty();
  if (is_unix) {
    // A process that was killed leaves its socket, and bind would fail at it.
    // lstat and S_ISSOCK: a link or a file of another kind is never removed.
    struct stat info;
    if (lstat(address.unix_path.c_str(), &info) == 0 &&
        S_ISSOCK(info.st_mode)) {
      if (IsListenedAt(socket_address)) {
        return absl::AlreadyExistsError(
            absl::StrCat(name, ": somebody listens there"));
      }
      unlink(address.unix_path.c_str());
    }
  }
  const int fd = socket(socket_address.storage.ss_family,
                        SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return SystemError(errno, name);
  absl::Cleanup close_socket = [fd] { close(fd); };
  // Else a restart fails while old connections are in TIME_WAIT.
  const int on = 1;
  if (!is_unix) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(fd, socket_address.get(), socket_address.size) != 0) {
    return SystemError(errno, name);
  }
  // Before listen: until then nobody can connect, whatever the mode is.
  if (is_unix && chmod(address.unix_path.c_str(), 0660) != 0) {
    return SystemError(errno, name);
  }
  if (listen(fd, kBacklog) != 0) return SystemError(errno, name);
  if (!is_unix) {
    // With port 0 the system has chosen one.
    socket_address.size = sizeof(socket_address.storage);
    if (getsockname(fd, socket_address.get(), &socket_address.size) != 0) {
      return SystemError(errno, name);
    }
    address.port = PortOf(socket_address);
  }
  std::move(close_socket).Cancel();
  return fd;
}

}  // namespace tekmatch
