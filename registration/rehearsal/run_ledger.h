// What people, gateways and the attacker saw during a rehearsal, written down
// as it happens: for the invariants (evidence.h) and the figures.
#ifndef TEKMATCH_REGISTRATION_REHEARSAL_RUN_LEDGER_H_
#define TEKMATCH_REGISTRATION_REHEARSAL_RUN_LEDGER_H_

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "keyformat/diagnosis_key.h"
#include "registration/rehearsal/evidence.h"

namespace tekmatch {

// A request to register, answered or not.
struct PutRecord {
  absl::Duration at;    // of the day
  absl::Duration took;  // of the machine's clock
  int status = 0;       // 0: no answer came
  bool by_attacker = false;
};

struct KillRecord {
  std::string role;
  absl::Duration at;        // of the day
  absl::Duration recovery;  // until it was ready again, of the machine's clock
};

struct QueueRecord {
  absl::Duration at;   // when it reached the gateway
  absl::Duration age;  // since the button
  bool by_mail = false;
};

// All times "of the day" are RunClock::DayTime.
struct LedgerData {
  // ---- Of the evidence
  std::map<std::string, std::vector<SentNumber>> sent;
  std::vector<NumberUse> uses;
  absl::flat_hash_map<Tek, absl::Time> accepted;  // when, by the clock
  absl::flat_hash_set<Tek> offered;               // in any request
  std::set<std::string> requests;                 // idempotency keys
  int64_t num_messages = 0;
  int64_t num_without_number = 0;

  // ---- Of the figures
  int64_t num_issued = 0;
  int64_t num_reissued = 0;
  int64_t num_arrived = 0;
  int64_t num_expired = 0;  // right numbers that were refused
  int64_t num_mistyped = 0;
  int64_t num_retries = 0;  // requests that were sent again
  int64_t num_issue_retries = 0;
  int64_t num_guesses = 0;
  int64_t num_guess_hits = 0;
  int64_t num_passed_on = 0;
  std::vector<absl::Duration> wrong_at;  // wrong numbers, of the day
  std::vector<PutRecord> puts;
  std::vector<KillRecord> kills;
  std::vector<QueueRecord> queue;
  std::vector<absl::Duration> registered_at;     // of the day
  std::vector<absl::Duration> registered_after;  // since the button
  std::map<std::string, int64_t> refusals;       // reasons the server stated
  int64_t most_live = 0;
  // When each phone began a fetch after which it said what it had found, by the
  // clock.
  std::map<int, std::vector<absl::Time>> fetched;
};

// For any number of threads.
class RunLedger {
 public:
  // Calls `write` with the data, alone.
  template <typename F>
  auto With(const F& write) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return write(data_);
  }

 private:
  std::mutex mutex_;
  LedgerData data_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_REHEARSAL_RUN_LEDGER_H_
