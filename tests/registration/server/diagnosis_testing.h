// A management system in memory, and requests as phones send them.
#ifndef TEKMATCH_TESTS_REGISTRATION_SERVER_DIAGNOSIS_TESTING_H_
#define TEKMATCH_TESTS_REGISTRATION_SERVER_DIAGNOSIS_TESTING_H_

#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/time/time.h"
#include "registration/server/management_system.h"

namespace tekmatch {

// 2020-12-10T09:00:00Z
inline const absl::Time kTestNow = absl::FromUnixSeconds(1607590800);
// 2020-12-09T00:00:00Z
inline constexpr int64_t kYesterday = 1607472000 / 600;

class FakeManagementSystem : public ManagementSystem {
 public:
  struct Number {
    std::optional<Digest> claim;
    bool used = false;
  };

  absl::StatusOr<ReserveAnswer> Reserve(
      const ReserveMessage& message) override {
    const std::lock_guard<std::mutex> lock(mutex);
    if (is_down) return absl::UnavailableError("down");
    if (message.is_chaff) {
      ++num_chaff;
      return ReserveAnswer{.result = ReserveResult::kOk};
    }
    ++num_reserves;
    ReserveAnswer answer = {.num_live = 5000};
    const auto number =
        message.number.has_value()
            ? numbers.find(std::string(message.number->digits()))
            : numbers.end();
    if (number == numbers.end()) return answer;
    if (!number->second.claim.has_value()) {
      number->second.claim = message.claim;
    }
    if (*number->second.claim == message.claim) {
      answer.result = ReserveResult::kOk;
    }
    return answer;
  }

  absl::Status Confirm(const Digest& claim) override {
    const std::lock_guard<std::mutex> lock(mutex);
    if (is_down) return absl::UnavailableError("down");
    for (auto& [digits, number] : numbers) {
      if (number.claim == claim) number.used = true;
    }
    return absl::OkStatus();
  }

  int NumUsed() {
    const std::lock_guard<std::mutex> lock(mutex);
    int n = 0;
    for (const auto& [digits, number] : numbers) n += number.used ? 1 : 0;
    return n;
  }

  std::mutex mutex;
  std::map<std::string, Number> numbers;
  bool is_down = false;
  int num_reserves = 0;
  int num_chaff = 0;
};

// A key whose bytes are all `fill`.
inline nlohmann::json KeyJson(uint8_t fill, int64_t start = kYesterday) {
  return {
      {"keyData", absl::Base64Escape(std::string(16, static_cast<char>(fill)))},
      {"rollingStartNumber", start},
      {"rollingPeriod", 144},
      {"reportType", 1}};
}

// The n-th UUID.
inline std::string TestUuid(int n) {
  std::string digits = std::to_string(n);
  digits.insert(0, 12 - digits.size(), '0');
  return "5f5c1bd4-0d3f-4e39-8b9c-" + digits;
}

inline nlohmann::json RequestJson(const std::string& number, int uuid,
                                  std::vector<nlohmann::json> keys) {
  return {{"keys", std::move(keys)},
          {"regions", nlohmann::json::array({"440"})},
          {"verificationPayload", number},
          {"idempotencyKey", TestUuid(uuid)},
          {"padding", std::string(100, 'x')}};
}

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_REGISTRATION_SERVER_DIAGNOSIS_TESTING_H_
