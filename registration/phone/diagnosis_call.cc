// Plan: the body; the idempotency key; what an answer means; the call.
#include "registration/phone/diagnosis_call.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "keyformat/random_source.h"
#include "keyformat/status_macros.h"
#include "matcher/store/wipe.h"
#include "registration/rules/key_acceptance.h"
#include "registration/rules/padding.h"
#include "registration/service/bounded_json.h"

namespace tekmatch {
namespace {

using json = nlohmann::json;

constexpr size_t kMostAnswerBytes = 16 << 10;
constexpr absl::Duration kLongestRetryAfter = absl::Hours(1);
// A wrong number's answer may be held back by a minute (guess_budget.h).
constexpr absl::Duration kTimeout = absl::Seconds(90);

// Of a 400 or 413. Others are kUnreachable: not this server's.
constexpr std::array<absl::string_view, 7> kReasons = {
    "malformed",       "bad_number_format", "unsupported_region",
    "nothing_to_send", "too_many_keys",     "no_acceptable_key",
    "too_large"};

void WipeText(std::string& text) { Wipe(text.data(), text.size()); }

absl::Duration RetryAfterOf(const HttpResult& answer) {
  int64_t seconds = 0;
  if (!absl::SimpleAtoi(FindHeader(answer.headers, "Retry-After"), &seconds) ||
      seconds < 0) {
    return absl::ZeroDuration();
  }
  return std::min(absl::Seconds(seconds), kLongestRetryAfter);
}

}  // namespace

absl::StatusOr<SecretText> DiagnosisBody(const DiagnosisCall& call) {
  json keys = json::array();
  for (const DiagnosisKey& key : call.keys) {
    keys.push_back(
        {{"keyData", absl::Base64Escape(
                         {reinterpret_cast<const char*>(key.tek.bytes.data()),
                          key.tek.bytes.size()})},
         {"rollingStartNumber", key.rolling_start},
         {"rollingPeriod", key.rolling_period},
         {"reportType", 1}});
  }
  json object = {{"keys", std::move(keys)},
                 {"regions", json::array({call.region})},
                 {"verificationPayload", std::string(call.number)},
                 {"idempotencyKey", call.idempotency_key}};
  std::string text = object.dump();
  const absl::Cleanup wipe = [&] {
    WipeText(object["verificationPayload"].get_ref<std::string&>());
    WipeText(text);
  };
  RandomSource random = RandomSource::FromSystem();
  TEKMATCH_ASSIGN_OR_RETURN(
      std::string padded,
      PadJsonObject(text, kRequestSizeClasses,
                    [&random](absl::Span<uint8_t> out) { random.Fill(out); }));
  return SecretText(std::move(padded));
}

DiagnosisResult ReadDiagnosisAnswer(const HttpResult& answer) {
  DiagnosisResult result;
  const absl::StatusOr<json> object = ParseBoundedJson(answer.body);
  if (!object.ok() || !object->is_object()) return result;
  if (answer.status == 200) {
    const auto accepted = object->find("accepted");
    if (accepted == object->end() || !accepted->is_number_unsigned() ||
        accepted->get<uint64_t>() > kMostKeysInARequest) {
      return result;
    }
    result.answer = DiagnosisAnswer::kDone;
    result.num_accepted = accepted->get<int64_t>();
    return result;
  }
  const auto reason = object->find("reason");
  if (reason == object->end() || !reason->is_string()) return result;
  const std::string& text = reason->get_ref<const std::string&>();
  switch (answer.status) {
    case 400:
    case 413:
      if (std::find(kReasons.begin(), kReasons.end(), text) != kReasons.end()) {
        result.answer = DiagnosisAnswer::kRefused;
        result.reason = text;
      }
      return result;
    case 406:
      if (text == "number_refused") {
        result.answer = DiagnosisAnswer::kNumberRefused;
      }
      return result;
    case 409:
      if (text == "other_request") result.answer = DiagnosisAnswer::kDoneBefore;
      return result;
    case 429:
      result.answer = DiagnosisAnswer::kTooManyWrong;
      result.retry_after = RetryAfterOf(answer);
      return result;
    case 503:
      result.answer = DiagnosisAnswer::kUnavailable;
      return result;
    default:
      return result;
  }
}

absl::StatusOr<DiagnosisResult> SendDiagnosis(HttpClient& client,
                                              const std::string& server,
                                              const DiagnosisCall& call) {
  TEKMATCH_ASSIGN_OR_RETURN(const SecretText body, DiagnosisBody(call));
  HttpCall http;
  http.method = "PUT";
  http.url = server + "/v1/diagnosis";
  http.headers.emplace_back("Content-Type", "application/json");
  // The same length for both: who sees only that, behind TLS, cannot tell.
  http.headers.emplace_back(call.is_chaff ? "X-Chaff" : "X-Dummy", "1");
  http.body = body.text();
  http.timeout = kTimeout;
  http.max_answer_bytes = kMostAnswerBytes;
  const absl::StatusOr<HttpResult> answer = client.Send(http);
  if (!answer.ok()) return DiagnosisResult();
  return ReadDiagnosisAnswer(*answer);
}

}  // namespace tekmatch
