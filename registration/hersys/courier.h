// Brings processing numbers to people: takes issues from the queue, oldest
// first, makes the number of each at that moment, stores its keyed hash, and
// hands the message to the gateway.
//
//   taken      the life counts from now (LifeOptions); the issue is handed over
//   refused    the number is forgotten, the issue failed
//   not taken  the number is forgotten; another try, with another number
//   unclear    the number stays good until its own expiry, as the message may
//              have gone out; another try makes another. The first success ends
//              all of the patient's.
//
// A courier that is killed leaves the issue queued, and perhaps a number: as
// unclear. Nothing dead is sent (R1), however long the gateway was away: the
// number is younger than its message. Where the life counts from the button, an
// issue whose hour is over is not sent any more.
//
// A gateway that takes nothing, or hangs, is asked once a round: what else
// would go that way waits for the next round, so that SMS hold up no mail.
//
// A number is in this process's memory only while its message is sent, and is
// wiped. Logs say how many, never what or to whom.
//
// Source: REGISTRATION rows 5, 6, 10, section 4; UPSTREAM R1, R19.
#ifndef TEKMATCH_REGISTRATION_HERSYS_COURIER_H_
#define TEKMATCH_REGISTRATION_HERSYS_COURIER_H_

#include <map>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "registration/hersys/hersys_store.h"
#include "registration/hersys/message_gateway.h"
#include "registration/hersys/number_keys.h"
#include "registration/rules/contact_address.h"
#include "registration/rules/issuance.h"
#include "registration/service/clock.h"

namespace tekmatch {

struct CourierOptions {
  std::string link;  // of the messages, as NoticeSettings has it
  LifeOptions life;
  // Then the issue has failed. With the waits below, 100 tries are an hour and
  // a half.
  int most_tries = 100;
  // Between tries of one issue: twice as long each time.
  absl::Duration first_wait = absl::Seconds(1);
  absl::Duration longest_wait = absl::Minutes(1);
};

// INVALID_ARGUMENT, with the field's name. A number lives 24 hours at most from
// when it is made, as its hash's key is kept no longer.
absl::Status Validate(const CourierOptions& options);

// For one thread; one courier to a database. All others outlive it.
class Courier {
 public:
  // The options are valid.
  Courier(const CourierOptions& options, HersysStore& store, NumberKeys& keys,
          MessageGateway& gateway, const Clock& clock)
      : options_(options),
        store_(store),
        keys_(keys),
        gateway_(gateway),
        clock_(clock) {}

  struct Round {
    int num_taken = 0;
    int num_failed = 0;   // and expired before they were sent
    int num_waiting = 0;  // tried, and to be tried again
  };
  // Once through what waits and whose time for another try has come, or until
  // `stops` says so between two messages. Errors are those of the store and of
  // the keys' file.
  absl::StatusOr<Round> SendWaiting(absl::FunctionRef<bool()> stops = [] {
    return false;
  });

 private:
  absl::Status Send(const IssueToSend& issue,
                    const ContactAddress::Parsed& contact, Round& round);
  // nullopt: the issue waits no more.
  absl::StatusOr<std::optional<SendResult>> HandOver(
      const IssueToSend& issue, const ContactAddress& contact);

  const CourierOptions options_;
  HersysStore& store_;
  NumberKeys& keys_;
  MessageGateway& gateway_;
  const Clock& clock_;
  // By issue: when to try again. By the machine's clock, whatever `clock_`
  // does.
  std::map<std::string, absl::Time> waits_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_HERSYS_COURIER_H_
