// The figures of a rehearsal, of what was written down in it.
#ifndef TEKMATCH_REGISTRATION_REHEARSAL_FIGURES_H_
#define TEKMATCH_REGISTRATION_REHEARSAL_FIGURES_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "registration/rehearsal/evidence.h"
#include "registration/rehearsal/rehearsal_config.h"
#include "registration/rehearsal/rehearsal_world.h"
#include "registration/rehearsal/run_ledger.h"

namespace tekmatch {

// Of durations, by rank: p50 is the least that half of them do not exceed. All
// 0 where there are none.
struct Spread {
  int64_t count = 0;
  absl::Duration p50;
  absl::Duration p95;
  absl::Duration p99;
  absl::Duration most;
};
Spread SpreadOf(std::vector<absl::Duration> values);

// What fell into each step of the day.
struct DayStep {
  int64_t registered = 0;
  absl::Duration oldest_in_queue;  // the longest age of a message sent in it
};

struct Figures {
  // ---- Messages and persons
  int64_t num_persons = 0;
  std::map<std::string, int64_t> ends;  // by PersonEndName
  int64_t locked_out = 0;  // who typed a number and did not register
  int64_t issued = 0;
  int64_t reissued = 0;
  int64_t sent = 0;     // messages that reached a gateway
  int64_t arrived = 0;  // of those, at a person
  int64_t redeemed = 0;
  int64_t expired = 0;  // typed rightly, and refused
  Spread sms_queue;     // from the button to the gateway, by the day's time
  Spread mail_queue;
  Spread registered_after;  // from the button

  // ---- Requests, by the machine's clock
  Spread put_right;  // answered with 200
  Spread put_wrong;  // with 406: beyond the budget they are held back
  Spread put_attacker;
  int64_t puts_unanswered = 0;
  int64_t puts_busy = 0;  // 429, 503
  std::map<std::string, int64_t> refusals;

  // ---- Throughput
  absl::Duration registering_real;  // from the first to the last, machine's
  double registrations_per_real_hour = 0;     // over that
  double best_ten_minutes_per_real_hour = 0;  // of any 10 minutes; 0: shorter
  double keys_per_real_hour = 0;
  int64_t keys_accepted = 0;

  // ---- Publication, by the clock
  Spread registered_to_published;  // of keys
  absl::Duration oldest_unpublished;
  // Of contacts: until the phone of somebody who was met had the key, and said
  // so.
  Spread registered_to_notice;

  // ---- Guessing
  int64_t guesses = 0;
  int64_t guess_hits = 0;
  int64_t mistyped = 0;
  int64_t passed_on = 0;
  int64_t most_wrong_an_hour = 0;
  double wrong_rate = 0;  // of all answered requests
  int64_t most_live = 0;
  double hit_probability = 0;  // in the worst hour, with most_live

  // ---- Faults
  std::map<std::string, Spread> recovery;  // by role, machine's clock
  int64_t issue_retries = 0;
  int64_t put_retries = 0;

  absl::Duration step;
  std::vector<DayStep> steps;
};

// `created`: when a key was published, by the clock.
Figures ComputeFigures(const RehearsalConfig& config, const LedgerData& data,
                       const std::vector<PersonEnd>& ends,
                       const std::map<Tek, absl::Time>& created,
                       const RehearsalWorld& world);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_REHEARSAL_FIGURES_H_
