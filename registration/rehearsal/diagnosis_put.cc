// Plan: The body as an app makes it, padded; the request, and what the
// ledger notes of it before and after; which of its keys the answer took.
#include "registration/rehearsal/diagnosis_put.h"

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "keyformat/random_source.h"
#include "keyformat/status_macros.h"
#include "registration/rehearsal/loopback_client.h"
#include "registration/rules/padding.h"
#include "registration/service/bounded_json.h"

namespace tekmatch {
namespace {

using nlohmann::json;

// Longer than a wrong number beyond the budget is made to wait.
constexpr absl::Duration kTimeout = absl::Seconds(30);

void FillRandom(absl::Span<uint8_t> bytes) {
  RandomSource::FromSystem().Fill(bytes);
}

}  // namespace

std::string NewRequestId() {
  std::string bytes(16, '\0');
  FillRandom(
      absl::MakeSpan(reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()));
  // RFC 4122, 4.4.
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  const std::string hex = absl::BytesToHexString(bytes);
  return absl::StrCat(hex.substr(0, 8), "-", hex.substr(8, 4), "-",
                      hex.substr(12, 4), "-", hex.substr(16, 4), "-",
                      hex.substr(20));
}

absl::StatusOr<std::string> PutBody(absl::string_view number,
                                    const std::vector<DiagnosisKey>& keys,
                                    const std::string& request_id) {
  json body = {{"keys", json::array()},
               {"regions", {"440"}},
               {"verificationPayload", std::string(number)},
               {"idempotencyKey", request_id}};
  for (const DiagnosisKey& key : keys) {
    const absl::string_view bytes(
        reinterpret_cast<const char*>(key.tek.bytes.data()),
        key.tek.bytes.size());
    body["keys"].push_back({{"keyData", absl::Base64Escape(bytes)},
                            {"rollingStartNumber", key.rolling_start},
                            {"rollingPeriod", key.rolling_period},
                            {"reportType", 1}});
  }
  return PadJsonObject(body.dump(), kRequestSizeClasses, &FillRandom);
}

PutAnswer SendPut(const ListenAddress& server, const RegisterPut& put,
                  const RunClock& clock, RunLedger& ledger) {
  PutAnswer answer;
  const absl::StatusOr<std::string> body =
      PutBody(put.number, put.keys, put.request_id);
  if (!body.ok()) return answer;
  HttpRequest request;
  request.method = "PUT";
  request.path = "/v1/diagnosis";
  request.headers = {{"Content-Type", "application/json"},
                     {"X-Real-IP", put.client}};
  request.body = *body;
  ledger.With([&put](LedgerData& data) {
    data.requests.insert(put.request_id);
    for (const DiagnosisKey& key : put.keys) data.offered.insert(key.tek);
  });
  const absl::Duration at = clock.DayTime();
  const absl::Time begin = absl::Now();
  const absl::StatusOr<HttpResponse> response =
      AskRole(server, request, kTimeout);
  const absl::Duration took = absl::Now() - begin;
  if (response.ok()) {
    answer.status = response->status;
    const absl::StatusOr<json> said = ParseBoundedJson(response->body);
    if (said.ok() && said->is_object()) {
      const json reason = said->value("reason", json());
      if (reason.is_string()) answer.reason = reason.get<std::string>();
      const json rejected = said->value("rejected", json::array());
      for (const json& key : rejected) {
        const json index =
            key.is_object() ? key.value("index", json()) : json();
        if (index.is_number_unsigned()) {
          answer.rejected.insert(index.get<size_t>());
        }
      }
    }
  }
  ledger.With([&](LedgerData& data) {
    data.puts.push_back({.at = at,
                         .took = took,
                         .status = answer.status,
                         .by_attacker = put.by_attacker});
  });
  return answer;
}

std::vector<Tek> AcceptedKeys(const RegisterPut& put, const PutAnswer& answer) {
  std::vector<Tek> accepted;
  if (answer.status != 200) return accepted;
  for (size_t i = 0; i < put.keys.size(); ++i) {
    if (answer.rejected.count(i) == 0) accepted.push_back(put.keys[i].tek);
  }
  return accepted;
}

}  // namespace tekmatch
