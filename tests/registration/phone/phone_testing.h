// What tests of the phone share: a server that answers as it is told, a clock,
// own keys.
#ifndef TEKMATCH_TESTS_REGISTRATION_PHONE_PHONE_TESTING_H_
#define TEKMATCH_TESTS_REGISTRATION_PHONE_PHONE_TESTING_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "keyformat/diagnosis_key.h"
#include "registration/service/clock.h"
#include "registration/service/http_client.h"

namespace tekmatch {

// 2020-12-10T09:00:00Z, 18:00 in Japan.
inline const absl::Time kTestNow = absl::FromUnixSeconds(1607590800);
// 2020-12-10T00:00:00Z
inline constexpr int64_t kToday = 1607558400 / 600;

class FakeClock : public Clock {
 public:
  absl::Time Now() const override {
    const std::lock_guard<std::mutex> lock(mutex_);
    return now_;
  }
  void Advance(absl::Duration time) {
    const std::lock_guard<std::mutex> lock(mutex_);
    now_ += time;
  }

 private:
  mutable std::mutex mutex_;
  absl::Time now_ = kTestNow;
};

struct SentCall {
  std::string method;
  std::string url;
  HttpHeaders headers;
  std::string body;

  // Without its padding.
  nlohmann::json Json() const {
    nlohmann::json object = nlohmann::json::parse(body);
    object.erase("padding");
    return object;
  }
};

// Answers come from `answer`, or from the queue where that is not set; without
// any, none comes.
class FakeClient : public HttpClient {
 public:
  absl::StatusOr<HttpResult> Send(const HttpCall& call) override {
    std::unique_lock<std::mutex> lock(mutex);
    calls.push_back({.method = call.method,
                     .url = call.url,
                     .headers = call.headers,
                     .body = std::string(call.body)});
    changed.notify_all();
    changed.wait(lock, [this] { return !holds; });
    if (answer != nullptr) return answer(call);
    if (answers.empty()) return absl::UnavailableError("nobody is there");
    HttpResult result = std::move(answers.front());
    answers.pop_front();
    return result;
  }

  void Answer(int status, const std::string& body,
              const HttpHeaders& headers = {}) {
    answers.push_back({.status = status, .headers = headers, .body = body});
  }

  std::mutex mutex;
  std::condition_variable changed;
  bool holds = false;  // answers wait until it is false
  std::vector<SentCall> calls;
  std::deque<HttpResult> answers;
  std::function<absl::StatusOr<HttpResult>(const HttpCall&)> answer;
};

// A key of so many days before today.
inline DiagnosisKey KeyOfDay(int days_ago) {
  DiagnosisKey key;
  key.tek.bytes.fill(static_cast<uint8_t>(0xA0 + days_ago));
  key.rolling_start =
      static_cast<EnIntervalNumber>(kToday - int64_t{144} * days_ago);
  return key;
}

// Of today and 14 days before it.
inline std::vector<DiagnosisKey> KeysOfAFortnight() {
  std::vector<DiagnosisKey> keys;
  keys.reserve(15);
  for (int day = 0; day <= 14; ++day) keys.push_back(KeyOfDay(day));
  return keys;
}

inline absl::TimeZone Japan() { return absl::FixedTimeZone(9 * 3600); }

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_REGISTRATION_PHONE_PHONE_TESTING_H_
