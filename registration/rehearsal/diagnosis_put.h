// PUT /v1/diagnosis as a phone sends it, and what its answer says.
#ifndef TEKMATCH_REGISTRATION_REHEARSAL_DIAGNOSIS_PUT_H_
#define TEKMATCH_REGISTRATION_REHEARSAL_DIAGNOSIS_PUT_H_

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "keyformat/diagnosis_key.h"
#include "registration/rehearsal/run_clock.h"
#include "registration/rehearsal/run_ledger.h"
#include "registration/service/http_message.h"
#include "registration/service/listen_address.h"

namespace tekmatch {

// A random UUID of version 4.
std::string NewRequestId();

// Padded to a phone's size. INVALID_ARGUMENT: more than fits.
absl::StatusOr<std::string> PutBody(absl::string_view number,
                                    const std::vector<DiagnosisKey>& keys,
                                    const std::string& request_id);

struct PutAnswer {
  int status = 0;             // 0: none came
  std::string reason;         // of a refusal
  std::set<size_t> rejected;  // positions of keys, of a 200
};

struct RegisterPut {
  std::string number;  // as it was sent
  std::vector<DiagnosisKey> keys;
  std::string request_id;
  std::string client;  // X-Real-IP
  bool by_attacker = false;
};

// Sends it once and writes down how long the answer took.
PutAnswer SendPut(const ListenAddress& server, const RegisterPut& put,
                  const RunClock& clock, RunLedger& ledger);

// The keys that an answer accepted.
std::vector<Tek> AcceptedKeys(const RegisterPut& put, const PutAnswer& answer);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_REHEARSAL_DIAGNOSIS_PUT_H_
