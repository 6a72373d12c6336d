// Plan: the options; a round over what waits, by one sender or several; one
// issue, and what its result does to it; the hand-over, which alone sees the
// number.
//
// The hand-over is a series of short transactions, in the order that a kill
// between any two of them needs: the try is counted, the number's hash is
// stored, the message goes out, the issue is handed over with its number's
// life. A cut leads to one more message at most, and never to a message whose
// number is not stored (REGISTRATION section 4).
#include "registration/hersys/courier.h"

#include <algorithm>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "keyformat/random_source.h"
#include "keyformat/status_macros.h"
#include "registration/rules/contact_address.h"
#include "registration/rules/notice_text.h"
#include "registration/rules/processing_number.h"

namespace tekmatch {
namespace {

// What is read at once. Those whose time has not come are among them, so it is
// more than a day has.
constexpr int kMostOfARound = 100'000;
// Of 10^8 numbers a few thousand are good: a second draw is rare.
constexpr int kMostDraws = 20;
constexpr int kMostSenders = 64;

NoticeSettings SettingsOf(const IssueToSend& issue,
                          const CourierOptions& options) {
  return {
      .telephone = issue.telephone, .link = options.link, .life = options.life};
}

}  // namespace

absl::Status Validate(const CourierOptions& options) {
  TEKMATCH_RETURN_IF_ERROR(Validate(NoticeSettings{.telephone = "03-0000-0000",
                                                   .link = options.link,
                                                   .life = options.life}));
  if (options.life.from == LifeFrom::kDelivery &&
      options.life.life + options.life.longest_delivery > absl::Hours(24)) {
    return absl::InvalidArgumentError(
        "life: with the longest delivery more than 24 hours");
  }
  if (options.most_tries < 1) {
    return absl::InvalidArgumentError("most_tries: less than 1");
  }
  if (options.num_senders < 1 || options.num_senders > kMostSenders) {
    return absl::InvalidArgumentError("num_senders: not 1 to 64");
  }
  return absl::OkStatus();
}

// ------------------------------------------------------------------- a round

absl::StatusOr<std::vector<IssueToSend>> Courier::Due() {
  TEKMATCH_ASSIGN_OR_RETURN(std::vector<IssueToSend> issues,
                            store_.IssuesToSend(kMostOfARound, clock_.Now()));
  if (waits_.empty()) return issues;
  // The times are in memory only. After a restart all that waits is tried at
  // once, and the gateway that is away costs a try of each sender. Those of
  // issues that wait no more go with the old map.
  std::map<std::string, absl::Time> waits;
  const absl::Time now = absl::Now();
  std::vector<IssueToSend> due;
  due.reserve(issues.size());
  for (IssueToSend& issue : issues) {
    const auto wait = waits_.find(issue.uuid);
    if (wait != waits_.end() && now < wait->second) {
      waits.insert(*wait);
    } else {
      due.push_back(std::move(issue));
    }
  }
  waits_ = std::move(waits);
  return due;
}

absl::StatusOr<Courier::Round> Courier::SendWaiting(
    absl::FunctionRef<bool()> stops) {
  Sending sending;
  TEKMATCH_ASSIGN_OR_RETURN(sending.issues, Due());
  for (const IssueToSend& issue : sending.issues) {
    const auto contact = ContactAddress::Parse(issue.contact).contact;
    const bool is_mail =
        contact.has_value() && contact->kind() == ContactKind::kMail;
    (is_mail ? sending.mail : sending.sms).issues.push_back(&issue);
  }
  sending.until = absl::Now() + options_.longest_round;
  const size_t num_senders = std::min(
      sending.issues.size(), static_cast<size_t>(options_.num_senders));
  std::vector<std::thread> others;
  others.reserve(num_senders);
  while (others.size() + 1 < num_senders) {
    Way* const first = others.size() % 2 == 0 ? &sending.mail : &sending.sms;
    try {
      others.emplace_back(
          [this, &sending, first, stops] { SendSome(sending, first, stops); });
    } catch (const std::system_error&) {
      break;  // the system has no thread to give: fewer do it
    }
  }
  SendSome(sending, others.empty() ? nullptr : &sending.sms, stops);
  for (std::thread& other : others) other.join();
  if (!sending.status.ok()) return sending.status;
  return sending.round;
}

void Courier::SendSome(Sending& sending, Way* first,
                       absl::FunctionRef<bool()> stops) {
  while (const IssueToSend* const issue = TakeNext(sending, first)) {
    if (stops()) return;
    const absl::Status status = Send(*issue, sending);
    if (status.ok()) continue;
    const std::lock_guard<std::mutex> lock(mutex_);
    sending.status.Update(status);
    return;
  }
}

// nullptr: there is none.
const IssueToSend* Courier::TakeNext(Sending& sending, Way* first) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!sending.status.ok() || absl::Now() >= sending.until) return nullptr;
  // Each try may take the gateway's whole time-out. A thousand of them would
  // hold up the other way for hours (R1).
  const auto next_of = [](const Way& way) -> const IssueToSend* {
    const bool has_one = !way.is_away && way.next < way.issues.size();
    return has_one ? way.issues[way.next] : nullptr;
  };
  const IssueToSend* const sms = next_of(sending.sms);
  const IssueToSend* const mail = next_of(sending.mail);
  if (sms == nullptr && mail == nullptr) return nullptr;
  bool takes_mail = sms == nullptr;
  if (sms != nullptr && mail != nullptr) {
    takes_mail =
        first == nullptr ? mail->queued < sms->queued : first == &sending.mail;
  }
  Way& way = takes_mail ? sending.mail : sending.sms;
  return way.issues[way.next++];
}

// ----------------------------------------------------------------- one issue

absl::Status Courier::Send(const IssueToSend& issue, Sending& sending) {
  // It was checked when it was entered, perhaps by other rules.
  const ContactAddress::Parsed contact = ContactAddress::Parse(issue.contact);
  std::optional<FailureReason> failure;
  std::optional<SendResult> result;
  // This comes before the number is made: nothing dead is sent (section 4).
  const bool is_dead = !MaySend(issue.queued, clock_.Now(), options_.life);
  if (!is_dead && !contact.contact.has_value()) {
    // No further try can help, and the centre has to see the reason (row 17).
    failure = contact.fault == ContactFault::kLandline
                  ? FailureReason::kLandline
                  : FailureReason::kRefusedAddress;
  } else if (!is_dead) {
    TEKMATCH_ASSIGN_OR_RETURN(result, HandOver(issue));
    if (!result.has_value()) return absl::OkStatus();
    if (result == SendResult::kRefused) {
      failure = FailureReason::kRefusedAddress;
    } else if (issue.tries + 1 >= options_.most_tries) {
      failure = FailureReason::kGatewayGaveUp;
    }
  }

  const std::lock_guard<std::mutex> lock(mutex_);
  if (is_dead) {
    ++sending.round.num_failed;
    return store_.Expire(issue.uuid).status();
  }
  if (result == SendResult::kTaken) {
    ++sending.round.num_taken;
    return absl::OkStatus();
  }
  if (failure.has_value()) {
    ++sending.round.num_failed;
    return store_.Fail(issue.uuid, *failure).status();
  }
  ++sending.round.num_waiting;
  (contact.contact->kind() == ContactKind::kMobile ? sending.sms : sending.mail)
      .is_away = true;
  const int doublings = std::min(issue.tries, 20);
  waits_[issue.uuid] =
      absl::Now() + std::min(options_.longest_wait,
                             options_.first_wait * (int64_t{1} << doublings));
  return absl::OkStatus();
}

absl::StatusOr<std::optional<SendResult>> Courier::HandOver(
    const IssueToSend& listed) {
  RandomSource random = RandomSource::FromSystem();
  const auto draw = [&random] {
    return ProcessingNumber::Generate(
        [&random](absl::Span<uint8_t> bytes) { random.Fill(bytes); });
  };
  const absl::Time now = clock_.Now();
  ProcessingNumber number = draw();
  NumberHash hash;
  IssueToSend issue;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    // The try is counted before the message goes out. A courier that is killed
    // while it sends would otherwise send under the same id for ever, and
    // most_tries would never be reached. The round's list may be old by now, so
    // this also asks whether the issue still waits, and where it goes.
    TEKMATCH_ASSIGN_OR_RETURN(std::optional<IssueToSend> waiting,
                              store_.CountTry(listed.uuid));
    if (!waiting.has_value()) return std::nullopt;
    issue = *std::move(waiting);
    // A centre's telephone that is none: as a gateway that is away.
    if (!Validate(SettingsOf(issue, options_)).ok()) {
      return SendResult::kNotTaken;
    }
    // The hash is stored before the message goes out. The other way round, a
    // kill in between would leave a person with a number that is refused. The
    // number has an expiry from the start, so it ends by itself if nothing more
    // happens.
    for (int i = 0;; ++i) {
      TEKMATCH_ASSIGN_OR_RETURN(hash, keys_.Hash(number, now));
      const absl::Status added = store_.numbers().Add(
          hash, issue.patient, issue.uuid,
          ExpiresAt({.queued = issue.queued, .handed = now, .delivered = {}},
                    options_.life));
      if (added.ok()) break;
      if (!absl::IsAlreadyExists(added) || i == kMostDraws) return added;
      number = draw();
    }
  }

  // Each try has an id of its own, since each has a number of its own: a
  // gateway that drops repeated ids must not drop the second.
  const SendResult result = CallGateway(
      issue, absl::StrCat(issue.uuid, ".", issue.tries), number, now);

  const std::lock_guard<std::mutex> lock(mutex_);
  switch (result) {
    case SendResult::kTaken: {
      // By default the life counts from the hand-over (row 10, section 11 a),
      // and the gateway may have taken seconds.
      const absl::Time handed = clock_.Now();
      const absl::Time expires =
          ExpiresAt({.queued = issue.queued, .handed = handed, .delivered = {}},
                    options_.life);
      TEKMATCH_ASSIGN_OR_RETURN(
          const bool is_over,
          store_.HandOver(issue.uuid, hash, handed, expires));
      if (!is_over) return std::nullopt;  // or it goes to another contact
      break;
    }
    // Nobody has this number. Left there, it would count as one of the three
    // that a patient may have, and a few tries would stop all others.
    case SendResult::kRefused:
    case SendResult::kNotTaken:
      TEKMATCH_RETURN_IF_ERROR(store_.ForgetNumber(hash));
      break;
    // The person may have it, so it stays good until its own expiry (section
    // 4).
    case SendResult::kUnclear:
      break;
  }
  return result;
}

SendResult Courier::CallGateway(const IssueToSend& issue, const std::string& id,
                                const ProcessingNumber& number,
                                absl::Time now) {
  const NoticeSettings settings = SettingsOf(issue, options_);
  const ContactAddress::Parsed contact = ContactAddress::Parse(issue.contact);
  if (!contact.contact.has_value()) return SendResult::kNotTaken;
  if (contact.contact->kind() == ContactKind::kMobile) {
    const absl::StatusOr<SecretText> text = SmsText(number, settings);
    return text.ok() ? gateway_.SendSms(id, *contact.contact, *text)
                     : SendResult::kNotTaken;
  }
  const absl::StatusOr<MailText> mail =
      MailTextOf(number, settings, issue.centre);
  return mail.ok() ? gateway_.SendMail(id, *contact.contact, *mail, now)
                   : SendResult::kNotTaken;
}

}  // namespace tekmatch
