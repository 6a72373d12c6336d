// Asks a role over HTTP, as a phone, a browser or a gateway on this machine
// does.
//
// Each call has a connection of its own, so that a role that was killed costs
// one call, and nothing is sent twice unasked.
#ifndef TEKMATCH_REGISTRATION_REHEARSAL_LOOPBACK_CLIENT_H_
#define TEKMATCH_REGISTRATION_REHEARSAL_LOOPBACK_CLIENT_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "registration/service/http_message.h"
#include "registration/service/listen_address.h"

namespace tekmatch {

// UNAVAILABLE: nobody listens, the connection ended before the whole answer, or
// the time is over: the request may or may not have been read. DATA_LOSS: what
// came is no answer of ours, or is larger than 64 MiB.
absl::StatusOr<HttpResponse> AskRole(const ListenAddress& address,
                                     const HttpRequest& request,
                                     absl::Duration timeout);

using FormFields = std::vector<std::pair<std::string, std::string>>;

// A browser as far as the pages need one: it keeps cookies, follows 303, and
// sends forms with the token of the page that it shows. For one thread.
class PageClient {
 public:
  explicit PageClient(ListenAddress address) : address_(std::move(address)) {}

  absl::StatusOr<HttpResponse> Get(const std::string& target);
  // Takes the token from the page that was shown last.
  absl::StatusOr<HttpResponse> Post(const std::string& path, FormFields fields);

  // Where redirections led.
  const std::string& target() const { return target_; }
  const std::string& page() const { return page_; }

 private:
  absl::StatusOr<HttpResponse> Ask(HttpRequest request);
  absl::StatusOr<HttpResponse> Follow(absl::StatusOr<HttpResponse> answer);

  const ListenAddress address_;
  std::map<std::string, std::string> cookies_;
  std::string target_;
  std::string page_;
};

// The value of the first hidden field of that name; empty where there is none.
std::string HiddenValue(absl::string_view html, absl::string_view name);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_REHEARSAL_LOOPBACK_CLIENT_H_
