// What a phone sends to register: the body of PUT /v1/diagnosis.
//
//   {"keys":[{"keyData":"<base64>","rollingStartNumber":2677968,
//             "rollingPeriod":144,"reportType":1}],
//    "regions":["440"],
//    "verificationPayload":"01234567",
//    "idempotencyKey":"5f5c1bd4-0d3f-4e39-8b9c-6a0a6f7a2a11",
//    "padding":"..."}
//
// Members that are not listed are passed over and go nowhere. reportType and
// padding may be missing; all others may not, nor be null or of another type
// (F6: COCOA's server answered those with 500).
//
// Source: REGISTRATION section 5; UPSTREAM F2, F6.
#ifndef TEKMATCH_REGISTRATION_SERVER_DIAGNOSIS_REQUEST_H_
#define TEKMATCH_REGISTRATION_SERVER_DIAGNOSIS_REQUEST_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "registration/rules/key_acceptance.h"
#include "registration/service/digests.h"

namespace tekmatch {

struct DiagnosisRequest {
  std::vector<SubmittedKey> keys;
  std::vector<std::string> regions;
  std::string number;           // as typed
  std::string idempotency_key;  // a UUID in small letters
};

// INVALID_ARGUMENT, with nothing of the body in the message.
absl::StatusOr<DiagnosisRequest> ParseDiagnosisRequest(absl::string_view body);

// Equal for two requests that say the same, whatever their padding. Keyed with
// the idempotency key, so that nobody who has the digest and knows the keys, as
// everybody does later, can try which number gives it.
absl::StatusOr<Digest> DigestOf(const DiagnosisRequest& request);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_SERVER_DIAGNOSIS_REQUEST_H_
