// How many wrong processing numbers are borne, over all clients together, and
// what happens beyond.
//
// A number has 8 digits. With L numbers live and w wrong ones tried in an hour,
// by however many clients, a guess hits one with
//
//   expected hits an hour = w L / 10^8,   P = 1 - exp(-w L / 10^8)
//
// that is, for L = 5000: 1 % with w = 200, 10 % with w = 2000, 83 % with
// w = 36,000 (10 a second). A limit on each address does not bound w, since an
// attacker has many (R6). So the budget is over all clients: 200 an hour by
// default, for numbers that live an hour; numbers that live 24 hours are 24
// times as many, and the budget is divided by as much.
//
// Beyond the budget each wrong answer is delayed and an alarm is counted, which
// people have to look at. Right numbers still pass, and at once: an attack may
// not keep people from registering. The delay therefore does not stop an
// attacker who drops the connection and takes silence for a no; it costs him
// connections. What limits him is the server's bound on connections, the bucket
// of each address, and the people whom the alarm calls. They may shorten the
// life of numbers.
//
// The window is the last hour in steps of a minute: a wrong answer counts for
// 60 to 61 minutes. A token bucket of the same size would let twice the budget
// pass within an hour. A clock that is set back stands still here.
//
// Each address has a token bucket of its wrong numbers beside it. It only takes
// the load of a single clumsy client, so it is generous: thousands of people
// share one address of a mobile carrier.
//
// Sources: REGISTRATION section 6 rule 7, section 11 f, row 14; UPSTREAM R6
// (table of P), R8.
#ifndef TEKMATCH_REGISTRATION_RULES_GUESS_BUDGET_H_
#define TEKMATCH_REGISTRATION_RULES_GUESS_BUDGET_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace tekmatch {

struct GuessBudgetOptions {
  int64_t wrong_per_hour = 200;             // at least 0
  absl::Duration delay = absl::Seconds(5);  // 0..60 s
};

// INVALID_ARGUMENT, with the field's name.
absl::Status Validate(const GuessBudgetOptions& options);

// The budget for numbers that live `life`, a positive time: 200 an hour for an
// hour, divided by the hours, at least 1.
int64_t WrongPerHourFor(absl::Duration life);

double ExpectedHitsPerHour(int64_t wrong_per_hour, int64_t num_live);
double HitProbabilityPerHour(int64_t wrong_per_hour, int64_t num_live);

// The budget of one server. A plain value; not for several threads at once.
class GuessBudget {
 public:
  // The options are valid.
  explicit GuessBudget(const GuessBudgetOptions& options) : options_(options) {}

  // Counts wrong numbers of before a restart, as the server's counters have
  // them.
  void Restore(absl::Time at, int64_t num_wrong);

  // Counts a wrong number at `now` and returns how long its answer waits: 0
  // within the budget. Right numbers are not told to the budget at all.
  absl::Duration CountWrong(absl::Time now);

  // In the last hour.
  int64_t NumWrong(absl::Time now) const;

  // Wrong numbers beyond the budget, since the beginning.
  int64_t num_alarms() const { return num_alarms_; }

 private:
  static constexpr int64_t kMinutes = 61;

  void MoveTo(int64_t minute);

  GuessBudgetOptions options_;
  int64_t minute_ = 0;  // of the epoch; the latest that was seen
  std::array<int64_t, kMinutes> wrong_{};  // by minute, modulo kMinutes
  int64_t num_alarms_ = 0;
};

struct AddressBucketOptions {
  int64_t burst = 30;     // wrong numbers at once, at least 1
  int64_t per_hour = 60;  // at least 1
};

absl::Status Validate(const AddressBucketOptions& options);

// The wrong numbers of one address. The caller keeps one per address, in memory
// only, and forgets those that are full again.
class AddressBucket {
 public:
  AddressBucket(const AddressBucketOptions& options, absl::Time now);

  // Whether the address may try a number: a try that is not allowed is answered
  // 429 before the number is looked up.
  bool MayTry(absl::Time now) const {
    return RetryAfter(now) == absl::ZeroDuration();
  }

  // After how long it may try again, in whole seconds; 0: now.
  absl::Duration RetryAfter(absl::Time now) const;

  void CountWrong(absl::Time now);

  bool IsFull(absl::Time now) const;

 private:
  double Tokens(absl::Time now) const;

  AddressBucketOptions options_;
  absl::Time at_;
  double tokens_;
};

// How long the phone lets a person wait before the next number is sent, after
// `num_wrong` wrong ones: nothing after the first two, then 5, 10, 15 s and so
// on, a minute at most. What was typed stays in the field (R8: COCOA threw the
// fourth entry away, which was often the right one).
absl::Duration WaitBeforeNextTry(int64_t num_wrong);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_RULES_GUESS_BUDGET_H_
