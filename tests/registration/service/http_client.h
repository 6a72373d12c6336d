// A client for tests: it sends bytes as they are given, however wrong, and says
// what comes back.
#ifndef TEKMATCH_TESTS_REGISTRATION_SERVICE_HTTP_CLIENT_H_
#define TEKMATCH_TESTS_REGISTRATION_SERVICE_HTTP_CLIENT_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "registration/service/listen_address.h"

namespace tekmatch {

// Within which what has to happen does, on whatever machine: short of the limit
// of a test, so that it is said what did not.
inline constexpr absl::Duration kPatience = absl::Minutes(4);

struct HttpAnswer {
  int status = 0;  // 0: none came
  std::string head;
  std::string body;

  // Of a header; empty where there is none.
  std::string Header(absl::string_view name) const;
};

// One connection.
class TestConnection {
 public:
  explicit TestConnection(const ListenAddress& address);
  TestConnection(const TestConnection&) = delete;
  TestConnection& operator=(const TestConnection&) = delete;
  ~TestConnection();

  bool connected() const { return fd_ >= 0; }
  // false: the server has closed.
  bool Send(absl::string_view bytes);
  // Reads one answer, for at most so long.
  HttpAnswer Receive(absl::Duration timeout = kPatience, bool has_body = true);
  // Whether the server closes within that time.
  bool IsClosed(absl::Duration timeout);

 private:
  bool Fill(absl::Time end);

  int fd_ = -1;
  std::string read_;
};

// A request with Content-Length and Host, and its answer.
std::string RequestText(
    absl::string_view method, absl::string_view target, absl::string_view body,
    const std::vector<std::pair<std::string, std::string>>& headers = {});
HttpAnswer Ask(
    const ListenAddress& address, absl::string_view method,
    absl::string_view target, absl::string_view body = "",
    const std::vector<std::pair<std::string, std::string>>& headers = {});

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_REGISTRATION_SERVICE_HTTP_CLIENT_H_
