// Plan: Pieces that messages share; what is written; what is parsed, of
// which anything else is no message.
#include "registration/service/internal_messages.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "keyformat/status_macros.h"
#include "registration/service/bounded_json.h"

namespace tekmatch {
namespace {

using nlohmann::json;

// These messages are small.
constexpr JsonLimits kLimits = {
    .max_bytes = 1024, .max_depth = 2, .max_values = 16};

std::string Hex(const Digest& digest) {
  return absl::BytesToHexString(
      {reinterpret_cast<const char*>(digest.data()), digest.size()});
}

absl::Status NoMessage() {
  return absl::InvalidArgumentError("no message of this kind");
}

absl::StatusOr<json> ParseObject(absl::string_view text) {
  TEKMATCH_ASSIGN_OR_RETURN(json object, ParseBoundedJson(text, kLimits));
  if (!object.is_object()) return NoMessage();
  return object;
}

// Empty where it is no text.
std::string TextOf(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>()
                                                     : std::string();
}

absl::StatusOr<Digest> ClaimOf(const json& object) {
  const std::string hex = TextOf(object, "claim");
  Digest claim;
  if (hex.size() != 2 * claim.size() ||
      hex.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return NoMessage();
  }
  const std::string bytes = absl::HexStringToBytes(hex);
  std::copy(bytes.begin(), bytes.end(), claim.begin());
  return claim;
}

}  // namespace

std::string ToJson(const ReserveMessage& message) {
  json object = {{"claim", Hex(message.claim)}};
  if (message.number.has_value()) {
    object["number"] = std::string(message.number->digits());
  }
  if (message.is_chaff) object["chaff"] = true;
  return object.dump();
}

std::string ToJson(const ReserveAnswer& answer) {
  json object = {
      {"result", answer.result == ReserveResult::kOk ? "ok" : "refused"}};
  if (answer.num_live.has_value()) object["live"] = *answer.num_live;
  return object.dump();
}

std::string ConfirmToJson(const Digest& claim) {
  return json({{"claim", Hex(claim)}}).dump();
}

std::string ConfirmedJson() { return R"({"result":"ok"})"; }

absl::StatusOr<ReserveMessage> ParseReserveMessage(absl::string_view text) {
  TEKMATCH_ASSIGN_OR_RETURN(const json object, ParseObject(text));
  ReserveMessage message;
  TEKMATCH_ASSIGN_OR_RETURN(message.claim, ClaimOf(object));
  message.number = ProcessingNumber::Parse(TextOf(object, "number")).number;
  const auto chaff = object.find("chaff");
  message.is_chaff = chaff != object.end() && *chaff == true;
  return message;
}

absl::StatusOr<ReserveAnswer> ParseReserveAnswer(absl::string_view text) {
  TEKMATCH_ASSIGN_OR_RETURN(const json object, ParseObject(text));
  ReserveAnswer answer;
  const std::string result = TextOf(object, "result");
  if (result != "ok" && result != "refused") return NoMessage();
  answer.result = result == "ok" ? ReserveResult::kOk : ReserveResult::kRefused;
  const auto live = object.find("live");
  if (live != object.end() && live->is_number_unsigned()) {
    answer.num_live = live->get<int64_t>();
  }
  return answer;
}

absl::StatusOr<Digest> ParseConfirmMessage(absl::string_view text) {
  TEKMATCH_ASSIGN_OR_RETURN(const json object, ParseObject(text));
  return ClaimOf(object);
}

bool IsConfirmed(absl::string_view text) {
  const absl::StatusOr<json> object = ParseObject(text);
  return object.ok() && TextOf(*object, "result") == "ok";
}

}  // namespace tekmatch
