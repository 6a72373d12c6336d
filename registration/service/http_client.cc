// Plan: libcurl's handles; what takes an answer in; the client; which urls are
// allowed.
#include "registration/service/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <atomic>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace tekmatch {
namespace {

// Servers of ours send a dozen.
constexpr size_t kMostHeaders = 100;

struct EndCurl {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
using Curl = std::unique_ptr<CURL, EndCurl>;

struct EndList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, EndList>;

// false: no memory.
bool Append(List& list, const std::string& line) {
  curl_slist* const longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) return false;
  list.release();  // NOLINT(bugprone-unused-return-value): it is in `longer`
  list.reset(longer);
  return true;
}

struct Answer {
  HttpResult result;
  size_t max_bytes = 0;
  bool is_too_large = false;
};

size_t TakeBody(const char* bytes, size_t size, size_t count, void* out) {
  auto& answer = *static_cast<Answer*>(out);
  if (answer.result.body.size() + size * count > answer.max_bytes) {
    answer.is_too_large = true;
    return 0;
  }
  answer.result.body.append(bytes, size * count);
  return size * count;
}

size_t TakeHeader(const char* bytes, size_t size, size_t count, void* out) {
  auto& headers = static_cast<Answer*>(out)->result.headers;
  const absl::string_view line(bytes, size * count);
  // The first line of an answer: those before it were of "100 Continue".
  if (absl::StartsWith(line, "HTTP/")) headers.clear();
  const size_t colon = line.find(':');
  if (colon != absl::string_view::npos && headers.size() < kMostHeaders) {
    headers.emplace_back(
        std::string(line.substr(0, colon)),
        std::string(absl::StripAsciiWhitespace(line.substr(colon + 1))));
  }
  return size * count;
}

// libcurl asks at least once a second; not 0 ends the call.
int IsStopped(void* stops, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::atomic<bool>*>(stops)->load() ? 1 : 0;
}

class CurlClient : public HttpClient {
 public:
  void Stop() override { stops_ = true; }

  absl::StatusOr<HttpResult> Send(const HttpCall& call) override {
    const Curl curl(curl_easy_init());
    List headers;
    // An empty "Expect:" keeps libcurl from waiting for "100 Continue".
    bool has_memory = curl != nullptr && Append(headers, "Expect:");
    // Nor does it say of a body that it is a form.
    if (FindHeader(call.headers, "Content-Type").empty()) {
      has_memory = has_memory && Append(headers, "Content-Type:");
    }
    for (const auto& [name, value] : call.headers) {
      has_memory =
          has_memory && Append(headers, absl::StrCat(name, ": ", value));
    }
    if (!has_memory) return absl::UnavailableError("no memory");
    CURL* const handle = curl.get();
    Answer answer;
    answer.max_bytes = call.max_answer_bytes;
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_PROXY, "");
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_URL, call.url.c_str());
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(
        handle, CURLOPT_TIMEOUT_MS,
        static_cast<long>(absl::ToInt64Milliseconds(call.timeout)));
    if (call.method != "GET") {
      curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE,
                       static_cast<long>(call.body.size()));
      curl_easy_setopt(handle, CURLOPT_POSTFIELDS, call.body.data());
      curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, call.method.c_str());
    }
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &TakeBody);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &TakeHeader);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, &answer);
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, &IsStopped);
    curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &stops_);
    const CURLcode code = curl_easy_perform(handle);
    if (answer.is_too_large) {
      return absl::OutOfRangeError("the answer is too large");
    }
    if (code != CURLE_OK) {
      return absl::UnavailableError(curl_easy_strerror(code));
    }
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    answer.result.status = static_cast<int>(status);
    return std::move(answer.result);
  }

 private:
  std::atomic<bool> stops_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<HttpClient>> NewHttpClient() {
  // Once for the process, before any handle: libcurl's own start at the first
  // handle is not for threads.
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) {
    return absl::InternalError("libcurl does not start");
  }
  return std::make_unique<CurlClient>();
}

absl::Status CheckRoleUrl(absl::string_view url) {
  absl::string_view rest = url;
  const bool is_http = absl::ConsumePrefix(&rest, "http://");
  if (!is_http && !absl::ConsumePrefix(&rest, "https://")) {
    return absl::InvalidArgumentError("no url of http or https");
  }
  if (std::any_of(rest.begin(), rest.end(), [](char c) {
        return !absl::ascii_isgraph(static_cast<unsigned char>(c)) ||
               c == '@' || c == '?' || c == '#' || c == '\\';
      })) {
    return absl::InvalidArgumentError(
        "a url has no spaces, and none of @ ? # \\ here");
  }
  const absl::string_view host = rest.substr(0, rest.find('/'));
  if (host.empty()) return absl::InvalidArgumentError("a url without a host");
  if (!is_http) return absl::OkStatus();
  constexpr std::array<absl::string_view, 3> kHere = {"127.0.0.1", "[::1]",
                                                      "localhost"};
  for (absl::string_view name : kHere) {
    absl::string_view port = host;
    if (absl::ConsumePrefix(&port, name) && (port.empty() || port[0] == ':')) {
      return absl::OkStatus();
    }
  }
  return absl::InvalidArgumentError(
      "http is for this machine: https is wanted");
}

}  // namespace tekmatch
