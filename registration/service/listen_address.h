// Where a role listens, or is found: on this machine and nowhere else.
//
// TLS and the way from outside are a reverse proxy's.
#ifndef TEKMATCH_REGISTRATION_SERVICE_LISTEN_ADDRESS_H_
#define TEKMATCH_REGISTRATION_SERVICE_LISTEN_ADDRESS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tekmatch {

struct ListenAddress {
  std::string unix_path;  // empty: TCP
  bool is_ipv6 = false;   // [::1], else 127.0.0.1
  uint16_t port = 0;      // 0: any that is free

  // As ParseListenAddress takes it.
  std::string ToString() const;
};

// "127.0.0.1:8080", "[::1]:8080" or "unix:/run/tekmatch/server.sock".
// INVALID_ARGUMENT for all else, such as another address.
absl::StatusOr<ListenAddress> ParseListenAddress(absl::string_view text);

// A socket that listens there, non-blocking; the port that it got is written
// into `address`. A Unix socket is made with mode 0660; one that is there and
// that nobody listens on any more is replaced. Errors are the system's;
// ALREADY_EXISTS where somebody listens there.
absl::StatusOr<int> ListenAt(ListenAddress& address);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_SERVICE_LISTEN_ADDRESS_H_
