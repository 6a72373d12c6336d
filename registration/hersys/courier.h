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
// Several messages may be on their way at once (num_senders), so that a slow
// gateway is not the limit of all: the store is used by one of them at a time,
// the gateway by all.
//
// A gateway that takes nothing, or hangs, is asked once a round, and by each
// sender that had asked already: what else would go that way waits for the next
// round. Of several senders every other one sends mails first, and a round
// takes a minute at most: so SMS hold up no mail, nor the other way round.
//
// The contact is read when the try begins. Where it is changed while a message
// is on its way, that number is void and the issue is not handed over: another
// message goes to the new contact.
//
// A number is in this process's memory only while its message is sent, and is
// wiped. Logs say how many, never what or to whom.
//
// Source: REGISTRATION rows 5, 6, 10, section 4; UPSTREAM R1, R19.
#ifndef TEKMATCH_REGISTRATION_HERSYS_COURIER_H_
#define TEKMATCH_REGISTRATION_HERSYS_COURIER_H_

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "registration/hersys/hersys_store.h"
#include "registration/hersys/message_gateway.h"
#include "registration/hersys/number_keys.h"
#include "registration/rules/issuance.h"
#include "registration/rules/processing_number.h"
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
  int num_senders = 1;  // 1..64: messages on their way at once
  // Then a round takes no more, and the queue is read anew.
  absl::Duration longest_round = absl::Minutes(1);
};

// INVALID_ARGUMENT, with the field's name. A number lives 24 hours at most from
// when it is made, as its hash's key is kept no longer.
absl::Status Validate(const CourierOptions& options);

// For one thread; one courier to a database. All others outlive it; the store
// is its own, the gateway and the keys are used by several threads.
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
  // Once through what waits and whose time for another try has come, for
  // longest_round at most, or until `stops` says so between two messages.
  // Errors are those of the store and of the keys' file.
  absl::StatusOr<Round> SendWaiting(absl::FunctionRef<bool()> stops = [] {
    return false;
  });

 private:
  // What goes to one gateway, oldest first.
  struct Way {
    std::vector<const IssueToSend*> issues;
    size_t next = 0;
    bool is_away = false;
  };
  // What the senders of a round share, under the mutex.
  struct Sending {
    std::vector<IssueToSend> issues;
    Way sms;  // and what has no contact that one can send to
    Way mail;
    absl::Time until;
    Round round;
    absl::Status status;  // the first error ends the round
  };
  // What waits and is to be tried now.
  absl::StatusOr<std::vector<IssueToSend>> Due();
  // One sender: takes one issue after the other. `first`: what it sends first;
  // null: what is oldest.
  void SendSome(Sending& sending, Way* first, absl::FunctionRef<bool()> stops);
  const IssueToSend* TakeNext(Sending& sending, Way* first);
  absl::Status Send(const IssueToSend& issue, Sending& sending);
  // nullopt: the issue waits no more.
  absl::StatusOr<std::optional<SendResult>> HandOver(const IssueToSend& issue);
  SendResult CallGateway(const IssueToSend& issue, const std::string& id,
                         const ProcessingNumber& number, absl::Time now);

  const CourierOptions options_;
  HersysStore& store_;
  NumberKeys& keys_;
  MessageGateway& gateway_;
  const Clock& clock_;
  std::mutex mutex_;  // of the store, of a round's Sending, and of all below
  // By issue: when to try again. By the machine's clock, whatever `clock_`
  // does.
  std::map<std::string, absl::Time> waits_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_HERSYS_COURIER_H_
