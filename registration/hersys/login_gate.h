// How soon the next log-in is judged, after wrong passwords: later with each of
// the same log-in name, and later for all where many fail.
//
//   of one name   the first three are free; after the n-th failure in a row the
//                 next try waits 1, 2, 4 ... 60 seconds. What comes earlier is
//                 not judged, and makes the wait no longer: whoever guesses has
//                 one guess a minute, and cannot lock an operator out for more.
//   of all        beyond 100 failures within an hour each answer, right or
//                 wrong, is held back by 50 ms a failure, 5 seconds at most
//
// Names that nobody has are counted alike, so that a wait tells nothing. A try
// counts as a failure when it begins: many at once are not judged as one.
//
// Pure: the caller has the clock, which should be the machine's, so that a
// rehearsal's clock that stands still locks nobody out. For any number of
// threads.
//
// Source: OWASP Authentication Cheat Sheet ("Login Throttling"); REGISTRATION
// section 6, rule 9.
#ifndef TEKMATCH_REGISTRATION_HERSYS_LOGIN_GATE_H_
#define TEKMATCH_REGISTRATION_HERSYS_LOGIN_GATE_H_

#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <string>

#include "absl/time/time.h"

namespace tekmatch {

class LoginGate {
 public:
  static constexpr int kFree = 3;
  static constexpr absl::Duration kLongestWait = absl::Minutes(1);
  static constexpr absl::Duration kForgotten = absl::Hours(1);
  static constexpr size_t kMostNames = 10'000;
  static constexpr size_t kFreeOfAll = 100;

  struct Verdict {
    // Positive: the try is not judged; so long to wait.
    absl::Duration wait;
    // How long the answer to a try that is judged is held back.
    absl::Duration hold;
  };
  // A try begins, and counts as failed until Succeeded.
  Verdict Try(const std::string& login, absl::Time now);
  void Succeeded(const std::string& login);

  // Failures within the hour before `now`.
  size_t NumFailures(absl::Time now);

 private:
  struct Name {
    int num_failures = 0;
    absl::Time last;
    absl::Time next;  // when the next try is judged
  };
  void Forget(absl::Time now);

  std::mutex mutex_;
  std::map<std::string, Name> names_;
  std::deque<absl::Time> failures_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_HERSYS_LOGIN_GATE_H_
