// Which log-ins are judged, and when: less often for whoever gave wrong
// passwords, so that guessing is slow, and an operator is not locked out by
// whoever guesses his password elsewhere.
//
//   of a name from one place   the first three are free; after the n-th failure
//                 in a row the next try waits 1, 2, 4 ... 60 seconds. What
//                 comes earlier is not judged, and makes the wait no longer.
//   of one place  20 failures, then one every 5 seconds, whatever the names
//   at once       two are judged, each of which costs 30 ms and 19 MiB; more
//                 are told to come again
//
// A place is the client's address: of IPv6 the first 64 bits, which one person
// has. An operator who logged in before has a place of his own, by the cookie
// of that device (login_cookies.h): only the first rule holds for it, and what
// others do at the same address, or with the same name, does not touch it. Who
// has no such cookie, and shares an address with somebody who guesses, waits
// with him.
//
// Names that nobody has are counted alike, so that a wait tells nothing. A try
// counts as a failure when it begins: many at once are not judged as one.
//
// Pure: the caller has the clock, which should be a steady one: a machine's
// clock that is set back must lock nobody out. For any number of threads.
//
// Source: OWASP Authentication Cheat Sheet ("Login Throttling") and "Slow Down
// Online Guessing Attacks with Device Cookies"; REGISTRATION section 6, rule 9.
#ifndef TEKMATCH_REGISTRATION_HERSYS_LOGIN_GATE_H_
#define TEKMATCH_REGISTRATION_HERSYS_LOGIN_GATE_H_

#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace tekmatch {

struct LoginTry {
  std::string login;
  std::string client;  // address
  std::string device;  // on which this login succeeded before; empty: none
};

class LoginGate {
 public:
  static constexpr int kFree = 3;
  static constexpr absl::Duration kLongestWait = absl::Minutes(1);
  static constexpr absl::Duration kForgotten = absl::Hours(1);
  static constexpr int kFreeOfAPlace = 20;
  static constexpr absl::Duration kEachOfAPlace = absl::Seconds(5);
  static constexpr int kMostAtOnce = 2;
  // Names and places that are remembered; beyond, the oldest give way.
  static constexpr size_t kMostNames = 10'000;
  // Failures within an hour, of all, beyond which there is an alarm.
  static constexpr size_t kFreeOfAll = 100;

  struct Verdict {
    // Positive: the try is not judged; so long to wait.
    absl::Duration wait;
    bool is_busy = false;  // not judged, since others are just now

    bool may_try() const { return wait == absl::ZeroDuration() && !is_busy; }
  };
  // A try begins. Where it may, it counts as failed until End says that it was
  // right, and End has to follow.
  Verdict Begin(const LoginTry& attempt, absl::Time now);
  void End(const LoginTry& attempt, bool was_right);

  // Failures within the hour before `now`.
  size_t NumFailures(absl::Time now);
  // Whether to alarm: more than kFreeOfAll, and no alarm for a minute.
  bool Alarms(absl::Time now);

 private:
  struct Name {
    int num_failures = 0;
    absl::Time last;
    absl::Time next;  // when the next try is judged
  };
  void Forget(absl::Time now);

  std::mutex mutex_;
  std::map<std::string, Name> names_;  // by place and login
  // When a place will have all its free failures again.
  std::map<std::string, absl::Time> places_;
  std::deque<absl::Time> failures_;
  int num_judged_ = 0;  // just now, of those without a device
  absl::Time next_alarm_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_HERSYS_LOGIN_GATE_H_
