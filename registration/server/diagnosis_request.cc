// Plan: Members by their types; a key; the whole request, of which anything
// else is malformed; then the digest by which a repeated request is known as
// the same.
#include "registration/server/diagnosis_request.h"

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "registration/service/bounded_json.h"

namespace tekmatch {
namespace {

using nlohmann::json;

constexpr JsonLimits kLimits = {
    .max_bytes = 64 << 10, .max_depth = 4, .max_values = 4096};

absl::Status Malformed() {
  return absl::InvalidArgumentError("no request to register");
}

std::optional<int64_t> IntegerOf(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number_integer()) return std::nullopt;
  if (found->is_number_unsigned() &&
      found->get<uint64_t>() >
          static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    return std::nullopt;
  }
  return found->get<int64_t>();
}

std::optional<std::string> TextOf(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

bool IsUuid(absl::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (is_dash ? text[i] != '-'
                : !absl::ascii_isxdigit(static_cast<unsigned char>(text[i]))) {
      return false;
    }
  }
  return true;
}

absl::StatusOr<SubmittedKey> KeyFrom(const json& object) {
  if (!object.is_object()) return Malformed();
  const std::optional<std::string> data = TextOf(object, "keyData");
  const std::optional<int64_t> start = IntegerOf(object, "rollingStartNumber");
  const std::optional<int64_t> period = IntegerOf(object, "rollingPeriod");
  if (!data.has_value() || !start.has_value() || !period.has_value()) {
    return Malformed();
  }
  SubmittedKey key = {.bytes = {},
                      .rolling_start = *start,
                      .rolling_period = *period,
                      .report_type = std::nullopt};
  if (!absl::Base64Unescape(*data, &key.bytes)) key.bytes.clear();
  if (object.contains("reportType")) {
    key.report_type = IntegerOf(object, "reportType");
    if (!key.report_type.has_value()) return Malformed();
  }
  return key;
}

}  // namespace

absl::StatusOr<DiagnosisRequest> ParseDiagnosisRequest(absl::string_view body) {
  TEKMATCH_ASSIGN_OR_RETURN(const json object, ParseBoundedJson(body, kLimits));
  if (!object.is_object()) return Malformed();
  const auto keys = object.find("keys");
  const auto regions = object.find("regions");
  std::optional<std::string> number = TextOf(object, "verificationPayload");
  std::optional<std::string> idempotency_key = TextOf(object, "idempotencyKey");
  if (keys == object.end() || !keys->is_array() || regions == object.end() ||
      !regions->is_array() || !number.has_value() ||
      !idempotency_key.has_value() || !IsUuid(*idempotency_key)) {
    return Malformed();
  }
  DiagnosisRequest request;
  request.number = *std::move(number);
  request.idempotency_key = absl::AsciiStrToLower(*idempotency_key);
  request.keys.reserve(keys->size());
  for (const json& key : *keys) {
    TEKMATCH_ASSIGN_OR_RETURN(SubmittedKey parsed, KeyFrom(key));
    request.keys.push_back(std::move(parsed));
  }
  request.regions.reserve(regions->size());
  for (const json& region : *regions) {
    if (!region.is_string()) return Malformed();
    request.regions.push_back(region.get<std::string>());
  }
  return request;
}

absl::StatusOr<Digest> DigestOf(const DiagnosisRequest& request) {
  // Lengths go before texts, so that no two requests give the same.
  std::string text;
  const auto add = [&text](absl::string_view part) {
    absl::StrAppend(&text, part.size(), ":", part, ",");
  };
  add(request.number);
  absl::StrAppend(&text, request.regions.size(), ";");
  for (const std::string& region : request.regions) add(region);
  for (const SubmittedKey& key : request.keys) {
    add(key.bytes);
    absl::StrAppend(&text, key.rolling_start, ",", key.rolling_period, ",",
                    key.report_type.value_or(-1), ";");
  }
  return HmacSha256(request.idempotency_key, text);
}

}  // namespace tekmatch
