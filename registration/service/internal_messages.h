// What the notification server and the management system say to one another.
//
//   POST /internal/reserve  {"number":"01234567","claim":"<64 hex digits>"}
//     200  {"result":"ok"}       the number is this claim's now, or was already
//          {"result":"refused"}  unknown, expired, used, or another claim's
//          either may have "live": how many numbers are good at the moment
//   POST /internal/confirm  {"claim":"<64 hex digits>"}
//     200  {"result":"ok"}       the number of this claim is used; told again,
//                                and for a claim that is unknown, the same
//
// Both have the header X-Registration-Secret, a text of a file that the two
// share; 403 where it is another. 400: no such message. A reserve with
// "chaff":true is of a request that nobody means: it does the work of a number
// that is unknown, counts nothing, and is answered "ok".
//
// claim = SHA-256 of the idempotency key of a person's request: whoever repeats
// the request has the same one. Both calls may be repeated.
//
// Source: REGISTRATION sections 5 and 6.
#ifndef TEKMATCH_REGISTRATION_SERVICE_INTERNAL_MESSAGES_H_
#define TEKMATCH_REGISTRATION_SERVICE_INTERNAL_MESSAGES_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "registration/rules/processing_number.h"
#include "registration/service/digests.h"

namespace tekmatch {

inline constexpr char kReservePath[] = "/internal/reserve";
inline constexpr char kConfirmPath[] = "/internal/confirm";
inline constexpr char kSecretHeader[] = "X-Registration-Secret";

struct ReserveMessage {
  // Absent: what was sent is no number, though a server should have seen that.
  std::optional<ProcessingNumber> number;
  Digest claim{};
  bool is_chaff = false;
};

enum class ReserveResult : uint8_t { kOk, kRefused };

struct ReserveAnswer {
  ReserveResult result = ReserveResult::kRefused;
  std::optional<int64_t> num_live;
};

// A number is in the text, which is wiped by nobody: it goes to the socket.
std::string ToJson(const ReserveMessage& message);
std::string ToJson(const ReserveAnswer& answer);
std::string ConfirmToJson(const Digest& claim);
std::string ConfirmedJson();

// INVALID_ARGUMENT, with nothing of the text in the message.
absl::StatusOr<ReserveMessage> ParseReserveMessage(absl::string_view json);
absl::StatusOr<ReserveAnswer> ParseReserveAnswer(absl::string_view json);
absl::StatusOr<Digest> ParseConfirmMessage(absl::string_view json);
// Whether it says "ok".
bool IsConfirmed(absl::string_view json);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_SERVICE_INTERNAL_MESSAGES_H_
