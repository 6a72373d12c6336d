// The people of a rehearsal: each has a number sent, waits for its message,
// types it, and lets their phone send keys; who is refused calls the centre and
// has another number sent.
//
//   issued ─► message ─► waits ─► types ─► PUT ─► 200  registered
//     ▲                                     │
//     │                                     ├──► 406  typed wrongly: again
//     └── called the centre ◄───────────────┤         its hour was over
//                                           ├──► 400  ended, with the reason
//                                           └──► no answer, 429, 503: the same
//                                                request again
//
// Some do it by the pages of a phone (phone_browser.h). The others' phones are
// played here: the keys that the transmission window lets out, the same request
// until it is answered, another request for another number
// (registration/rules). Nothing of symptoms and dates is sent.
//
// Source: REGISTRATION sections 4 and 7.
#ifndef TEKMATCH_REGISTRATION_REHEARSAL_PEOPLE_H_
#define TEKMATCH_REGISTRATION_REHEARSAL_PEOPLE_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "registration/rehearsal/day_plan.h"
#include "registration/rehearsal/diagnosis_put.h"
#include "registration/rehearsal/evidence.h"
#include "registration/rehearsal/message_sinks.h"
#include "registration/rehearsal/operators.h"
#include "registration/rehearsal/rehearsal_world.h"
#include "registration/rehearsal/run_clock.h"
#include "registration/rehearsal/run_ledger.h"
#include "registration/rehearsal/task_scheduler.h"

namespace tekmatch {

// Where the roles are.
struct RoleAddresses {
  ListenAddress server;
  ListenAddress hersys;
  ListenAddress phones;  // unused where nobody has pages
  // The phone of a person by the pages: contacts' phones come first.
  std::map<int, int> phone_of;
  std::string sms_secret;
};

class People {
 public:
  // All outlive it.
  People(const DayPlan& plan, const RehearsalWorld& world,
         const RoleAddresses& roles, const RunClock& clock,
         TaskScheduler& scheduler, TaskScheduler& attacks, Operators& operators,
         RunLedger& ledger);

  // Puts the whole plan on the schedulers.
  void Begin();
  // A message reached a gateway.
  void OnMessage(const SunkMessage& message);

  // The SMS gateway tells the management system that a message arrived.
  void Report(const std::string& id);

  size_t NumOpen() const;
  std::vector<PersonEnd> Ends() const;
  // Numbers that came and were never used, newest first.
  std::vector<std::string> UnusedNumbers() const;
  // How many numbers are good, as far as can be seen from here.
  int64_t NumLive(absl::Duration life) const;

 private:
  struct Person {
    const PersonPlan* plan = nullptr;
    int index = 0;
    // One task at a time works for a person; these are read by others.
    mutable std::mutex mutex;
    PersonEnd end = PersonEnd::kOpen;
    PatientCard card;
    bool asked_before = false;
    absl::Duration queued_at;
    size_t num_messages = 0;
    std::deque<std::string> numbers;  // that came and were not typed yet
    bool is_busy = false;             // types, or sends
    bool has_mistyped = false;
    absl::Duration last_number_at = -absl::InfiniteDuration();
    std::vector<std::string> all_numbers;
  };
  // A request that is repeated until it is answered.
  struct Attempt {
    RegisterPut put;
    std::string number;  // the right one
    bool is_mistyped = false;
    absl::Time first_sent;
    int num_tries = 0;
  };

  void Issue(Person& person);
  void Arrive(Person& person, const std::string& number);

  void Type(Person& person);
  void Send(Person& person, const std::shared_ptr<Attempt>& attempt,
            bool is_second_tap);
  void SendByPages(Person& person, const std::shared_ptr<Attempt>& attempt);
  absl::CivilDay DateOf(const Person& person) const;
  void OnRegistered(Person& person, const Attempt& attempt,
                    const PutAnswer& answer);
  void OnRefused(Person& person, const Attempt& attempt);
  void PassOn(const std::string& number, const Person& from);
  void Guess(const GuessPlan& guess);
  void End(Person& person, PersonEnd end);
  Attempt AttemptOf(const Person& person, const std::string& number);

  const DayPlan& plan_;
  const RehearsalWorld& world_;
  const RoleAddresses& roles_;
  const RunClock& clock_;
  TaskScheduler& scheduler_;
  TaskScheduler& attacks_;
  Operators& operators_;
  RunLedger& ledger_;
  std::vector<std::unique_ptr<Person>> people_;
  std::map<std::string, Person*> by_contact_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_REHEARSAL_PEOPLE_H_
