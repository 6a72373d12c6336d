#include "registration/service/courier.h"

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
    const auto wait = waits_.find(issue.uuid);
    if (wait != waits_.end() && absl::Now() < wait->second) continue;
    // It was checked when it was entered, perhaps by other rules.
    const ContactAddress::Parsed contact = ContactAddress::Parse(issue.contact);
    bool* const is_away = !contact.contact.has_value() ? nullptr
                          : contact.contact->kind() == ContactKind::kMobile
                              ? &sms_is_away
                              : &mail_is_away;
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
  if (!MaySend(issue.queued, clock_.Now(), options_.life)) {
    ++round.num_failed;
    return store_.Expire(issue.uuid).status();
  }
  std::optional<FailureReason> failure;
  if (!contact.contact.has_value()) {
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
      const absl::Time handed = clock_.Now();
      const absl::Time expires =
          ExpiresAt({.queued = issue.queued, .handed = handed, .delivered = {}},
                    options_.life);
      TEKMATCH_RETURN_IF_ERROR(store_.numbers().SetExpiry(hash, expires));
      TEKMATCH_RETURN_IF_ERROR(
          store_.HandOver(issue.uuid, handed, expires).status());
      break;
    }
    case SendResult::kRefused:
    case SendResult::kNotTaken:
      TEKMATCH_RETURN_IF_ERROR(store_.ForgetNumber(hash));
      break;
    case SendResult::kUnclear:
      break;
  }
  return result;
}

}  // namespace tekmatch
