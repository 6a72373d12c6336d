// What a phone says to the notification server, and what it understands of the
// answer.
//
//   PUT /v1/diagnosis, application/json, always 4096 bytes (padding.h):
//   {"idempotencyKey":"<uuid>","keys":[{"keyData":"<base64>","reportType":1,
//    "rollingPeriod":144,"rollingStartNumber":2677968}],"regions":["440"],
//    "verificationPayload":"01234567","padding":"..."}
//
// Neither symptoms nor a date are in it, whatever was entered (row 27). One
// that nobody means has the header X-Chaff, all others one of the same length.
//
// Who answers may be somebody else: a proxy, a hotel's network. So nothing but
// an answer of the form that the server promises is one; all others are
// kUnreachable, after which the same request is sent again.
//
// Source: REGISTRATION section 5; registration/server/diagnosis_service.h.
#ifndef TEKMATCH_REGISTRATION_PHONE_DIAGNOSIS_CALL_H_
#define TEKMATCH_REGISTRATION_PHONE_DIAGNOSIS_CALL_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "keyformat/diagnosis_key.h"
#include "registration/rules/notice_text.h"
#include "registration/service/http_client.h"

namespace tekmatch {

struct DiagnosisCall {
  std::string idempotency_key;
  absl::Span<const DiagnosisKey> keys;
  absl::string_view number;  // 8 digits
  std::string region = "440";
  bool is_chaff = false;
};

// INVALID_ARGUMENT: more keys than fit.
absl::StatusOr<SecretText> DiagnosisBody(const DiagnosisCall& call);

enum class DiagnosisAnswer : uint8_t {
  kDone,           // 200
  kDoneBefore,     // 409: this idempotency key had its success, with another
                   // body: another number was typed for the same keys
  kNumberRefused,  // 406
  kRefused,        // 400 or 413, with a reason; the number is not used
  kTooManyWrong,   // 429
  kUnavailable,    // 503: the number is not used
  kUnreachable,    // no answer of this server: not known what became of it
};

struct DiagnosisResult {
  DiagnosisAnswer answer = DiagnosisAnswer::kUnreachable;
  int64_t num_accepted = 0;  // kDone
  std::string reason;        // kRefused: a known one
  // kTooManyWrong; at most an hour.
  absl::Duration retry_after = absl::ZeroDuration();
};

// Sends it to `server` ("http://127.0.0.1:8081") and reads the answer.
// INVALID_ARGUMENT as DiagnosisBody; all that may go wrong on the way is
// kUnreachable.
absl::StatusOr<DiagnosisResult> SendDiagnosis(HttpClient& client,
                                              const std::string& server,
                                              const DiagnosisCall& call);

// What an answer means.
DiagnosisResult ReadDiagnosisAnswer(const HttpResult& answer);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_PHONE_DIAGNOSIS_CALL_H_
