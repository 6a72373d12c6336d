// Plan: the options; a round over what waits; one issue, and what its result
// does to it; the hand-over, which alone sees the number.
//
// The hand-over is a series of short transactions, in the order that a kill
// between any two of them needs: the try is counted, the number's hash is
// stored, the message goes out, the number's life is set, the issue is handed
// over. A cut leads to one more message at most, and never to a message whose
// number is not stored (REGISTRATION section 4).
#include "registration/hersys/courier.h"

#include <algorithm>
#include <optional>
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
  return absl::OkStatus();
}

absl::StatusOr<Courier::Round> Courier::SendWaiting(
    absl::FunctionRef<bool()> stops) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::vector<IssueToSend> issues,
                            store_.IssuesToSend(kMostOfARound, clock_.Now()));
  Round round;
  bool sms_is_away = false;
  bool mail_is_away = false;
  for (const IssueToSend& issue : issues) {
    // The times are in memory only. After a restart all that waits is tried at
    // once, and the gateway that is away costs one try a round.
    const auto wait = waits_.find(issue.uuid);
    if (wait != waits_.end() && absl::Now() < wait->second) continue;
    // It was checked when it was entered, perhaps by other rules.
    const ContactAddress::Parsed contact = ContactAddress::Parse(issue.contact);
    bool* const is_away = !contact.contact.has_value() ? nullptr
                          : contact.contact->kind() == ContactKind::kMobile
                              ? &sms_is_away
                              : &mail_is_away;
    // Each try may take the gateway's whole time-out. A thousand of them would
    // hold up the other channel for hours (R1).
    if (is_away != nullptr && *is_away) continue;
    if (stops()) break;
    const int before = round.num_waiting;
    TEKMATCH_RETURN_IF_ERROR(Send(issue, contact, round));
    if (is_away != nullptr) *is_away = round.num_waiting > before;
  }
  return round;
}

absl::Status Courier::Send(const IssueToSend& issue,
                           const ContactAddress::Parsed& contact,
                           Round& round) {
  waits_.erase(issue.uuid);
  // This comes before the number is made: nothing dead is sent (section 4).
  if (!MaySend(issue.queued, clock_.Now(), options_.life)) {
    ++round.num_failed;
    return store_.Expire(issue.uuid).status();
  }
  std::optional<FailureReason> failure;
  if (!contact.contact.has_value()) {
    // No further try can help, and the centre has to see the reason (row 17).
    failure = contact.fault == ContactFault::kLandline
                  ? FailureReason::kLandline
                  : FailureReason::kRefusedAddress;
  } else {
    TEKMATCH_ASSIGN_OR_RETURN(const std::optional<SendResult> result,
                              HandOver(issue, *contact.contact));
    if (!result.has_value()) return absl::OkStatus();
    if (result == SendResult::kTaken) {
      ++round.num_taken;
      return absl::OkStatus();
    }
    if (result == SendResult::kRefused) {
      failure = FailureReason::kRefusedAddress;
    } else if (issue.tries + 1 >= options_.most_tries) {
      failure = FailureReason::kGatewayGaveUp;
    }
  }
  if (failure.has_value()) {
    ++round.num_failed;
    return store_.Fail(issue.uuid, *failure).status();
  }
  ++round.num_waiting;
  const int doublings = std::min(issue.tries, 20);
  waits_[issue.uuid] =
      absl::Now() + std::min(options_.longest_wait,
                             options_.first_wait * (int64_t{1} << doublings));
  return absl::OkStatus();
}

absl::StatusOr<std::optional<SendResult>> Courier::HandOver(
    const IssueToSend& issue, const ContactAddress& contact) {
  const NoticeSettings settings = {.telephone = issue.telephone,
                                   .link = options_.link,
                                   .life = options_.life};
  // The try is counted before the message goes out. A courier that is killed
  // while it sends would otherwise send under the same id for ever, and
  // most_tries would never be reached. The round's list may be old by now, so
  // this also asks whether the issue still waits.
  TEKMATCH_ASSIGN_OR_RETURN(const bool waits, store_.CountTry(issue.uuid));
  if (!waits) return std::nullopt;
  // A centre's telephone that is none: as a gateway that is away.
  if (!Validate(settings).ok()) return SendResult::kNotTaken;

  RandomSource random = RandomSource::FromSystem();
  const auto draw = [&random] {
    return ProcessingNumber::Generate(
        [&random](absl::Span<uint8_t> bytes) { random.Fill(bytes); });
  };
  const absl::Time now = clock_.Now();
  ProcessingNumber number = draw();
  NumberHash hash;
  // The hash is stored before the message goes out. The other way round, a kill
  // in between would leave a person with a number that is refused. The number
  // has an expiry from the start, so it ends by itself if nothing more happens.
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

  // Each try has an id of its own, since each has a number of its own: a
  // gateway that drops repeated ids must not drop the second.
  const std::string id = absl::StrCat(issue.uuid, ".", issue.tries + 1);
  SendResult result = SendResult::kNotTaken;
  if (contact.kind() == ContactKind::kMobile) {
    const absl::StatusOr<SecretText> text = SmsText(number, settings);
    if (text.ok()) result = gateway_.SendSms(id, contact, *text);
  } else {
    const absl::StatusOr<MailText> mail =
        MailTextOf(number, settings, issue.centre);
    if (mail.ok()) result = gateway_.SendMail(id, contact, *mail, now);
  }

  switch (result) {
    case SendResult::kTaken: {
      // By default the life counts from the hand-over (row 10, section 11 a),
      // and the gateway may have taken seconds. The number comes first: a kill
      // before the issue is handed over leaves it queued, as after an unclear
      // result. The other way round, the number could die before the time that
      // the page shows for its issue.
      const absl::Time handed = clock_.Now();
      const absl::Time expires =
          ExpiresAt({.queued = issue.queued, .handed = handed, .delivered = {}},
                    options_.life);
      TEKMATCH_RETURN_IF_ERROR(store_.numbers().SetExpiry(hash, expires));
      TEKMATCH_RETURN_IF_ERROR(
          store_.HandOver(issue.uuid, handed, expires).status());
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

}  // namespace tekmatch
