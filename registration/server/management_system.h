// The management system as the notification server sees it: who has numbers,
// and says of one whether it is good.
#ifndef TEKMATCH_REGISTRATION_SERVER_MANAGEMENT_SYSTEM_H_
#define TEKMATCH_REGISTRATION_SERVER_MANAGEMENT_SYSTEM_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "registration/service/internal_messages.h"
#include "registration/service/listen_address.h"

namespace tekmatch {

// Any number of threads may call at once. internal_messages.h says what the
// calls mean.
//
// UNAVAILABLE: no answer, or none that is one; the call may or may not have
// been done, and may be repeated.
class ManagementSystem {
 public:
  virtual ~ManagementSystem() = default;
  virtual absl::StatusOr<ReserveAnswer> Reserve(
      const ReserveMessage& message) = 0;
  virtual absl::Status Confirm(const Digest& claim) = 0;
};

// Over HTTP on this machine, by libcurl, which this file's source,
// message_gateway.cc and http_client.cc alone know. A call takes at most
// `timeout`, in all. INTERNAL: no memory for libcurl.
absl::StatusOr<std::unique_ptr<ManagementSystem>> ManagementSystemAt(
    const ListenAddress& address, const std::string& secret,
    absl::Duration timeout = absl::Seconds(5));

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_SERVER_MANAGEMENT_SYSTEM_H_
