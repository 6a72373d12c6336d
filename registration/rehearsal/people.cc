// Plan: the button; messages; typing and sending; what an answer does; those
// who try numbers that are not theirs; what others ask.
#include "registration/rehearsal/people.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "keyformat/random_source.h"
#include "matcher/exposure/transmission_window.h"
#include "registration/rehearsal/loopback_client.h"
#include "registration/rehearsal/phone_browser.h"
#include "registration/rules/key_acceptance.h"

namespace tekmatch {
namespace {

// Of the machine's clock: a retry hits a role that is being started again.
constexpr absl::Duration kRetry = absl::Milliseconds(300);
// Of the day: to look at the message once more, or to call the centre.
constexpr absl::Duration kLookAgain = absl::Minutes(1);
constexpr absl::Duration kCall = absl::Minutes(3);
constexpr absl::Duration kCallAgain = absl::Minutes(10);
constexpr int kMostReports = 20;

// Each person's own, of 10.0.0.0/8.
std::string AddressOf(int number) {
  return absl::StrCat("10.", number >> 16, ".", (number >> 8) & 255, ".",
                      number & 255);
}

bool IsByTestDate(const PersonPlan& person) {
  return person.onset_days_ago % 3 == 0;
}

std::vector<DiagnosisKey> RandomKeys() {
  DiagnosisKey key;
  RandomSource::FromSystem().Fill(absl::MakeSpan(key.tek.bytes));
  key.rolling_start = static_cast<EnIntervalNumber>(
      absl::ToUnixSeconds(RehearsalBegin() - absl::Hours(48)) /
      kIntervalSeconds);
  return {key};
}

}  // namespace

People::People(const DayPlan& plan, const RehearsalWorld& world,
               const RoleAddresses& roles, const RunClock& clock,
               TaskScheduler& scheduler, TaskScheduler& attacks,
               Operators& operators, RunLedger& ledger)
    : plan_(plan),
      world_(world),
      roles_(roles),
      clock_(clock),
      scheduler_(scheduler),
      attacks_(attacks),
      operators_(operators),
      ledger_(ledger) {
  people_.reserve(plan_.persons.size());
  for (const PersonPlan& person : plan_.persons) {
    people_.push_back(std::make_unique<Person>());
    people_.back()->plan = &person;
    people_.back()->index = static_cast<int>(people_.size()) - 1;
    by_contact_[person.contact] = people_.back().get();
  }
}

void People::Begin() {
  for (const std::unique_ptr<Person>& person : people_) {
    scheduler_.At(person->plan->issue_at,
                  [this, raw = person.get()] { Issue(*raw); });
  }
  for (const GuessPlan& guess : plan_.guesses) {
    attacks_.At(guess.at, [this, &guess] { Guess(guess); });
  }
}

// --------------------------------------------------------------- the button

void People::Issue(Person& person) {
  PatientCard card;
  {
    const std::lock_guard<std::mutex> lock(person.mutex);
    if (person.end != PersonEnd::kOpen) return;
    if (person.card.uuid.empty()) {
      person.card.uuid = NewRequestId();
      person.queued_at = clock_.DayTime();
    }
    card = person.card;
  }
  const IssueOutcome outcome = operators_.Issue(*person.plan, card);
  bool is_first = false;
  {
    const std::lock_guard<std::mutex> lock(person.mutex);
    person.card = card;
    if (outcome != IssueOutcome::kTryAgain) person.card.uuid.clear();
    if (outcome == IssueOutcome::kQueued) {
      is_first = !std::exchange(person.asked_before, true);
    }
  }
  switch (outcome) {
    case IssueOutcome::kQueued:
      ledger_.With([is_first](LedgerData& data) {
        ++(is_first ? data.num_issued : data.num_reissued);
      });
      return;
    case IssueOutcome::kTryAgain:
      ledger_.With([](LedgerData& data) { ++data.num_issue_retries; });
      scheduler_.AfterReal(kRetry, [this, &person] { Issue(person); });
      return;
    case IssueOutcome::kTooManyLive:
      scheduler_.At(clock_.DayTime() + kCallAgain,
                    [this, &person] { Issue(person); });
      return;
    case IssueOutcome::kRegistered:
      return End(person, PersonEnd::kRegisteredBefore);
    case IssueOutcome::kTooManyToday:
      return End(person, PersonEnd::kTooManyIssues);
    case IssueOutcome::kRefused:
      return End(person, PersonEnd::kRefused);
  }
}

// ----------------------------------------------------------------- messages

void People::OnMessage(const SunkMessage& message) {
  const auto found = by_contact_.find(message.to);
  Person* const person = found == by_contact_.end() ? nullptr : found->second;
  const absl::Duration now = clock_.DayTime();
  absl::Duration queued_at = now;
  absl::Duration delay;
  if (person != nullptr) {
    const std::lock_guard<std::mutex> lock(person->mutex);
    queued_at = person->queued_at;
    delay = person->plan->delays[person->num_messages++ % kPlannedMessages];
    person->last_number_at = now;
    person->all_numbers.push_back(message.number);
  }
  ledger_.With([&](LedgerData& data) {
    ++data.num_messages;
    if (message.number.empty()) {
      ++data.num_without_number;
    } else {
      data.sent[message.number].push_back(
          {.person = person == nullptr ? -1 : person->index,
           .arrived = clock_.Now()});
    }
    data.queue.push_back(
        {.at = now, .age = now - queued_at, .by_mail = message.by_mail});
  });
  if (person == nullptr || message.number.empty()) return;
  scheduler_.At(now + delay, [this, person, message] {
    if (!message.by_mail) Report(message.id);
    Arrive(*person, message.number);
  });
}

void People::Report(const std::string& id) {
  HttpRequest request;
  request.method = "POST";
  request.path = absl::StrCat("/internal/sms/", id);
  request.body = R"({"status":"delivered"})";
  request.headers = {
      {"X-Signature", GatewaySignature(roles_.sms_secret, request.body)}};
  for (int i = 0; i < kMostReports; ++i) {
    const absl::StatusOr<HttpResponse> answer =
        AskRole(roles_.hersys, request, absl::Seconds(5));
    if (answer.ok() && answer->status != 503) return;
    absl::SleepFor(kRetry);
  }
}

void People::Arrive(Person& person, const std::string& number) {
  ledger_.With([](LedgerData& data) { ++data.num_arrived; });
  absl::Duration wait;
  {
    const std::lock_guard<std::mutex> lock(person.mutex);
    if (person.end != PersonEnd::kOpen) return;
    person.numbers.push_back(number);
    if (person.is_busy) return;
    person.is_busy = true;
    wait = person.plan->waits[person.num_messages % kPlannedMessages];
  }
  if (person.plan->never) return End(person, PersonEnd::kNeverTyped);
  scheduler_.At(clock_.DayTime() + wait, [this, &person] { Type(person); });
}

// ------------------------------------------------------- typing and sending

absl::CivilDay People::DateOf(const Person& person) const {
  return absl::ToCivilDay(RehearsalBegin(), Japan()) -
         person.plan->onset_days_ago;
}

People::Attempt People::AttemptOf(const Person& person,
                                  const std::string& number) {
  Attempt attempt;
  attempt.number = number;
  attempt.put.number = number;
  attempt.put.request_id = NewRequestId();
  attempt.put.client = AddressOf(person.index + 1);
  if (person.plan->installed_late) return attempt;
  // D is a date in Japan. It goes nowhere but into this choice (row 27).
  const Registration registration = {
      .onset_or_test = DateOf(person),
      .by_test_date = IsByTestDate(*person.plan),
      .registered = RehearsalBegin() + clock_.DayTime()};
  const absl::StatusOr<TransmissionWindowPolicy> policy =
      PublicationPolicy("cocoa-1.2.1");
  if (!policy.ok()) return attempt;
  attempt.put.keys =
      SelectKeysToSend(world_.own_keys[static_cast<size_t>(person.index)],
                       registration, *policy, Japan())
          .keys;
  return attempt;
}

void People::Type(Person& person) {
  std::string number;
  bool mistypes = false;
  {
    const std::lock_guard<std::mutex> lock(person.mutex);
    if (person.end != PersonEnd::kOpen || person.numbers.empty()) return;
    // The newest message; older ones are most likely over.
    number = person.numbers.back();
    mistypes = person.plan->mistypes && !person.has_mistyped;
    if (mistypes) {
      person.has_mistyped = true;
    } else {
      person.numbers.clear();
    }
  }
  const auto attempt = std::make_shared<Attempt>(AttemptOf(person, number));
  attempt->is_mistyped = mistypes;
  if (mistypes) {
    RandomSource random = RandomSource::FromSystem();
    attempt->put.number = Mistyped(number, random);
    ledger_.With([](LedgerData& data) { ++data.num_mistyped; });
  }
  if (person.plan->full_width) {
    attempt->put.number = InFullWidth(attempt->put.number);
  }
  attempt->first_sent = clock_.Now();
  if (roles_.phone_of.count(person.index) != 0) {
    return SendByPages(person, attempt);
  }
  if (person.plan->double_tap) {
    // A page sends the same request twice.
    scheduler_.At(clock_.DayTime(),
                  [this, &person, attempt] { Send(person, attempt, true); });
  }
  Send(person, attempt, false);
}

void People::Send(Person& person, const std::shared_ptr<Attempt>& attempt,
                  bool is_second_tap) {
  const PutAnswer answer =
      SendPut(roles_.server, attempt->put, clock_, ledger_);
  switch (answer.status) {
    case 200:
      return OnRegistered(person, *attempt, answer);
    case 0:
    case 429:
    case 503:
      ledger_.With([](LedgerData& data) { ++data.num_retries; });
      // The first tap's request goes on for both.
      if (is_second_tap) return;
      scheduler_.AfterReal(
          kRetry, [this, &person, attempt] { Send(person, attempt, false); });
      return;
    case 406:
      if (!is_second_tap) OnRefused(person, *attempt);
      return;
    default:
      if (is_second_tap) return;
      ledger_.With([&answer](LedgerData& data) {
        ++data.refusals[absl::StrCat(answer.status, " ", answer.reason)];
      });
      return End(person, answer.reason == "nothing_to_send"
                             ? PersonEnd::kNothingToSend
                             : PersonEnd::kRefused);
  }
}

void People::SendByPages(Person& person,
                         const std::shared_ptr<Attempt>& attempt) {
  // The phone has its own requests; here a person's have one name.
  const PageOutcome outcome = RegisterByPages(
      roles_.phones, roles_.phone_of.at(person.index),
      {.number = attempt->put.number,
       .symptoms = !IsByTestDate(*person.plan),
       .date = DateOf(person),
       .by_link = person.index % 2 == 0 && !attempt->is_mistyped});
  switch (outcome) {
    case PageOutcome::kDone:
      ledger_.With([&attempt](LedgerData& data) {
        for (const DiagnosisKey& key : attempt->put.keys) {
          data.offered.insert(key.tek);
        }
      });
      return OnRegistered(person, *attempt, {.status = 200});
    case PageOutcome::kNumberRefused:
      return OnRefused(person, *attempt);
    case PageOutcome::kNothingToSend:
      return End(person, PersonEnd::kNothingToSend);
    case PageOutcome::kRefused:
      ledger_.With([](LedgerData& data) { ++data.refusals["by page"]; });
      return End(person, PersonEnd::kRefused);
    case PageOutcome::kTryAgain:
      ledger_.With([](LedgerData& data) { ++data.num_retries; });
      scheduler_.AfterReal(
          kRetry, [this, &person, attempt] { SendByPages(person, attempt); });
  }
}

void People::OnRegistered(Person& person, const Attempt& attempt,
                          const PutAnswer& answer) {
  absl::Duration queued_at;
  {
    const std::lock_guard<std::mutex> lock(person.mutex);
    queued_at = person.queued_at;
  }
  const absl::Time clock = clock_.Now();
  const absl::Duration now = clock_.DayTime();
  // A wrong number that is good is somebody else's.
  const std::string number =
      attempt.is_mistyped ? attempt.put.number : attempt.number;
  bool is_first = false;
  ledger_.With([&](LedgerData& data) {
    for (const Tek& tek : AcceptedKeys(attempt.put, answer)) {
      data.accepted.emplace(tek, clock);
    }
    is_first = std::none_of(data.uses.begin(), data.uses.end(),
                            [&attempt](const NumberUse& use) {
                              return use.request == attempt.put.request_id;
                            });
    data.uses.push_back({.number = number,
                         .request = attempt.put.request_id,
                         .person = person.index,
                         .sent = attempt.first_sent,
                         .answered = clock});
    if (!is_first) return;
    data.registered_at.push_back(now);
    data.registered_after.push_back(now - queued_at);
  });
  End(person, PersonEnd::kRegistered);
  if (is_first && person.plan->passes_on) {
    scheduler_.At(now + kLookAgain,
                  [this, number, &person] { PassOn(number, person); });
  }
}

void People::OnRefused(Person& person, const Attempt& attempt) {
  const absl::Duration now = clock_.DayTime();
  bool has_another = attempt.is_mistyped;
  {
    const std::lock_guard<std::mutex> lock(person.mutex);
    if (person.end != PersonEnd::kOpen) return;
    has_another = has_another || !person.numbers.empty();
    if (!has_another) person.is_busy = false;
  }
  ledger_.With([&](LedgerData& data) {
    data.wrong_at.push_back(now);
    if (!attempt.is_mistyped) ++data.num_expired;
  });
  if (has_another) {
    scheduler_.At(now + kLookAgain, [this, &person] { Type(person); });
  } else {
    scheduler_.At(now + kCall, [this, &person] { Issue(person); });
  }
}

// ------------------------------------- those whose numbers are not theirs

void People::PassOn(const std::string& number, const Person& from) {
  const RegisterPut put = {.number = number,
                           .keys = RandomKeys(),
                           .request_id = NewRequestId(),
                           .client = AddressOf(from.index + (1 << 20)),
                           .by_attacker = true};
  const absl::Time sent = clock_.Now();
  for (int i = 0; i < kMostReports; ++i) {
    const PutAnswer answer = SendPut(roles_.server, put, clock_, ledger_);
    if (answer.status == 0 || answer.status == 429 || answer.status == 503) {
      absl::SleepFor(kRetry);
      continue;
    }
    ledger_.With([&](LedgerData& data) {
      ++data.num_passed_on;
      data.wrong_at.push_back(clock_.DayTime());
      for (const Tek& tek : AcceptedKeys(put, answer)) {
        data.accepted.emplace(tek, clock_.Now());
      }
      if (answer.status == 200) {
        data.uses.push_back({.number = number,
                             .request = put.request_id,
                             .person = -1,
                             .sent = sent,
                             .answered = clock_.Now()});
      }
    });
    return;
  }
}

void People::Guess(const GuessPlan& guess) {
  const RegisterPut put = {.number = guess.number,
                           .keys = RandomKeys(),
                           .request_id = NewRequestId(),
                           .client = AddressOf(guess.address + (1 << 21)),
                           .by_attacker = true};
  const absl::Time sent = clock_.Now();
  const PutAnswer answer = SendPut(roles_.server, put, clock_, ledger_);
  ledger_.With([&](LedgerData& data) {
    ++data.num_guesses;
    if (answer.status == 406) data.wrong_at.push_back(clock_.DayTime());
    if (answer.status != 200) return;
    ++data.num_guess_hits;
    for (const Tek& tek : AcceptedKeys(put, answer)) {
      data.accepted.emplace(tek, clock_.Now());
    }
    data.uses.push_back({.number = guess.number,
                         .request = put.request_id,
                         .person = -1,
                         .sent = sent,
                         .answered = clock_.Now()});
  });
}

// ---------------------------------------------------------- what others ask

void People::End(Person& person, PersonEnd end) {
  const std::lock_guard<std::mutex> lock(person.mutex);
  if (person.end == PersonEnd::kOpen) person.end = end;
}

size_t People::NumOpen() const {
  size_t num_open = 0;
  for (const std::unique_ptr<Person>& person : people_) {
    const std::lock_guard<std::mutex> lock(person->mutex);
    if (person->end == PersonEnd::kOpen) ++num_open;
  }
  return num_open;
}

std::vector<PersonEnd> People::Ends() const {
  std::vector<PersonEnd> ends;
  ends.reserve(people_.size());
  for (const std::unique_ptr<Person>& person : people_) {
    const std::lock_guard<std::mutex> lock(person->mutex);
    ends.push_back(person->end);
  }
  return ends;
}

std::vector<std::string> People::UnusedNumbers() const {
  std::vector<std::string> numbers;
  for (const std::unique_ptr<Person>& person : people_) {
    const std::lock_guard<std::mutex> lock(person->mutex);
    if (person->end == PersonEnd::kRegistered) continue;
    numbers.insert(numbers.end(), person->all_numbers.begin(),
                   person->all_numbers.end());
  }
  std::reverse(numbers.begin(), numbers.end());
  return numbers;
}

int64_t People::NumLive(absl::Duration life) const {
  const absl::Duration now = clock_.DayTime();
  int64_t num_live = 0;
  for (const std::unique_ptr<Person>& person : people_) {
    const std::lock_guard<std::mutex> lock(person->mutex);
    if (person->end != PersonEnd::kRegistered &&
        now - person->last_number_at < life) {
      ++num_live;
    }
  }
  return num_live;
}

}  // namespace tekmatch
