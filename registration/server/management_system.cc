// Plan: What libcurl gives is freed by types, and an answer is collected up
// to a limit. The client keeps handles, and with them connections, for the
// next call.
#include "registration/server/management_system.h"

#include <curl/curl.h>

#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"

namespace tekmatch {
namespace {

// Answers are smaller.
constexpr size_t kMaxAnswerBytes = 4096;

struct EndCurl {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
using Curl = std::unique_ptr<CURL, EndCurl>;

struct EndList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

size_t Collect(const char* bytes, size_t size, size_t count, void* text) {
  auto& answer = *static_cast<std::string*>(text);
  if (answer.size() + size * count > kMaxAnswerBytes) return 0;
  answer.append(bytes, size * count);
  return size * count;
}

class Client : public ManagementSystem {
 public:
  Client(ListenAddress address, std::string secret, absl::Duration timeout)
      : address_(std::move(address)),
        secret_(std::move(secret)),
        timeout_(timeout) {}

  absl::StatusOr<ReserveAnswer> Reserve(
      const ReserveMessage& message) override {
    TEKMATCH_ASSIGN_OR_RETURN(const std::string answer,
                              Post(kReservePath, ToJson(message)));
    absl::StatusOr<ReserveAnswer> parsed = ParseReserveAnswer(answer);
    if (!parsed.ok()) return NoAnswer("is no answer");
    return parsed;
  }

  absl::Status Confirm(const Digest& claim) override {
    TEKMATCH_ASSIGN_OR_RETURN(const std::string answer,
                              Post(kConfirmPath, ConfirmToJson(claim)));
    return IsConfirmed(answer) ? absl::OkStatus() : NoAnswer("is no answer");
  }

 private:
  absl::Status NoAnswer(absl::string_view why) const {
    return absl::UnavailableError(absl::StrCat("the management system at ",
                                               address_.ToString(), ": ", why));
  }

  // A handle that kept its connection, or a new one.
  Curl TakeHandle() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (idle_.empty()) return Curl(curl_easy_init());
    Curl curl = std::move(idle_.back());
    idle_.pop_back();
    return curl;
  }

  absl::StatusOr<std::string> Post(const char* path, const std::string& body) {
    Curl curl = TakeHandle();
    const std::unique_ptr<curl_slist, EndList> headers(MakeHeaders());
    if (curl == nullptr || headers == nullptr) return NoAnswer("no memory");
    std::string answer;
    CURL* const handle = curl.get();
    curl_easy_reset(handle);  // keeps the connection
    // Nothing but this, whatever libcurl was built with.
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http");
    // Not one from the environment either: a proxy would see numbers.
    curl_easy_setopt(handle, CURLOPT_PROXY, "");
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    if (!address_.unix_path.empty()) {
      curl_easy_setopt(handle, CURLOPT_UNIX_SOCKET_PATH,
                       address_.unix_path.c_str());
    }
    const std::string url = absl::StrCat(
        "http://",
        address_.unix_path.empty() ? address_.ToString() : "localhost", path);
    curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE,
                     static_cast<long>(body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body.c_str());
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS,
                     static_cast<long>(absl::ToInt64Milliseconds(timeout_)));
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &Collect);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &answer);
    const CURLcode code = curl_easy_perform(handle);
    if (code != CURLE_OK) return NoAnswer(curl_easy_strerror(code));
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200) return NoAnswer(absl::StrCat("status ", status));
    // Only after a whole answer: the next call on a connection that failed
    // could read what is left of this one's.
    const std::lock_guard<std::mutex> lock(mutex_);
    idle_.push_back(std::move(curl));
    return answer;
  }

  curl_slist* MakeHeaders() const {
    curl_slist* headers = nullptr;
    for (const std::string& line :
         {std::string("Content-Type: application/json"), std::string("Expect:"),
          absl::StrCat(kSecretHeader, ": ", secret_)}) {
      curl_slist* const longer = curl_slist_append(headers, line.c_str());
      if (longer == nullptr) {
        curl_slist_free_all(headers);
        return nullptr;
      }
      headers = longer;
    }
    return headers;
  }

  const ListenAddress address_;
  const std::string secret_;
  const absl::Duration timeout_;
  std::mutex mutex_;
  std::vector<Curl> idle_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ManagementSystem>> ManagementSystemAt(
    const ListenAddress& address, const std::string& secret,
    absl::Duration timeout) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) {
    return absl::InternalError("libcurl does not start");
  }
  return std::make_unique<Client>(address, secret, timeout);
}

}  // namespace tekmatch
