// Plan: the request, at most one at a time; what its answer means; requests
// that nobody means.
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "keyformat/random_source.h"
#include "keyformat/status_macros.h"
#include "registration/phone/diagnosis_call.h"
#include "registration/phone/phone.h"
#include "registration/rules/guess_budget.h"
#include "registration/rules/key_acceptance.h"
#include "registration/service/digests.h"
#include "registration/service/uuid.h"

namespace tekmatch {

absl::Duration WaitOf(const PhoneSettings& settings, absl::Time now) {
  if (!settings.wait_until.has_value() || *settings.wait_until <= now) {
    return absl::ZeroDuration();
  }
  // A clock that was set back makes nobody wait for longer than the rule.
  return std::min(absl::Ceil(*settings.wait_until - now, absl::Seconds(1)),
                  absl::Hours(1));
}

absl::StatusOr<DiagnosisResult> Phone::Ask(
    const Attempt& attempt, const ProcessingNumber& number) const {
  return SendDiagnosis(client_, options_.server,
                       {.idempotency_key = attempt.idempotency_key,
                        .keys = attempt.keys,
                        .number = number.digits(),
                        .region = options_.region});
}

absl::StatusOr<PhoneSendResult> Phone::Send(absl::string_view preview) {
  const absl::Time now = clock_.Now();
  std::unique_lock<std::mutex> lock(mutex_);
  if (sending_) return PhoneSendResult::kSending;
  EndOldDraft(now);
  std::unique_ptr<PhoneStore> store;
  TEKMATCH_ASSIGN_OR_RETURN(store, OpenStore(now, OpenMode::kCreate));
  TEKMATCH_ASSIGN_OR_RETURN(const PhoneSettings settings, store->Settings());
  TEKMATCH_ASSIGN_OR_RETURN(const Gate gate, GateOf(*store, settings, now));
  if (gate == Gate::kRegistered) return PhoneSendResult::kDone;
  if (gate != Gate::kOpen) return PhoneSendResult::kGate;
  TEKMATCH_ASSIGN_OR_RETURN(std::optional<Attempt> attempt,
                            store->FindAttempt());
  EndPreviewOfAttempt(attempt.has_value());
  if (!draft_.ready) {
    return refusal_.kind == RefusalKind::kNone ? PhoneSendResult::kNotReady
                                               : PhoneSendResult::kRefused;
  }
  if (!IsEqualInConstantTime(preview, draft_.id)) {
    return PhoneSendResult::kOtherPreview;
  }
  if (WaitOf(settings, now) > absl::ZeroDuration()) {
    return PhoneSendResult::kWait;
  }
  // Its own copy: the lock is not held while the request is under way.
  const ProcessingNumber number = *draft_.number;
  const bool may_be_anothers = attempt.has_value() && attempt_number_ != number;
  const auto begin = [&](std::vector<DiagnosisKey> keys) -> absl::Status {
    attempt = Attempt{
        .idempotency_key = NewUuid(), .keys = std::move(keys), .begun_at = now};
    attempt_number_ = number;
    return store->BeginAttempt(*attempt);
  };
  if (!attempt.has_value()) TEKMATCH_RETURN_IF_ERROR(begin(draft_.keys));
  // None is open while the network is waited for (phone.cc).
  store.reset();

  // On every way out, of an exception as well.
  struct AtEnd {
    std::unique_lock<std::mutex>& lock;
    bool& sending;
    ~AtEnd() {
      if (!lock.owns_lock()) lock.lock();
      sending = false;
    }
  } const at_end{lock, sending_};
  sending_ = true;
  lock.unlock();
  absl::StatusOr<DiagnosisResult> result = Ask(*attempt, number);
  if (may_be_anothers && result.ok() &&
      result->answer == DiagnosisAnswer::kNumberRefused) {
    // The idempotency key may be bound to another number (phone.h).
    lock.lock();
    TEKMATCH_ASSIGN_OR_RETURN(store, OpenStore(now, OpenMode::kCreate));
    TEKMATCH_RETURN_IF_ERROR(begin(std::move(attempt->keys)));
    store.reset();
    lock.unlock();
    result = Ask(*attempt, number);
  }
  lock.lock();
  if (!result.ok()) return result.status();
  TEKMATCH_ASSIGN_OR_RETURN(store,
                            PhoneStore::Open(folder_, OpenMode::kCreate));
  return Conclude(*store, settings, attempt->keys.size(), *result);
}

absl::StatusOr<PhoneSendResult> Phone::Conclude(PhoneStore& store,
                                                const PhoneSettings& settings,
                                                size_t num_keys,
                                                const DiagnosisResult& result) {
  const absl::Time now = clock_.Now();
  switch (result.answer) {
    case DiagnosisAnswer::kDone:
    case DiagnosisAnswer::kDoneBefore:
      TEKMATCH_RETURN_IF_ERROR(
          store.Finish(Today(now), result.answer == DiagnosisAnswer::kDone
                                       ? result.num_accepted
                                       : static_cast<int64_t>(num_keys)));
      draft_.Clear();
      attempt_number_.reset();
      refusal_ = Refusal();
      return PhoneSendResult::kDone;
    case DiagnosisAnswer::kUnreachable:
      // The server may have taken it, or may yet: the attempt stays, so that
      // what is sent next is the same request.
      refusal_.kind = RefusalKind::kUnreachable;
      return PhoneSendResult::kRefused;
    case DiagnosisAnswer::kUnavailable:
      refusal_.kind = RefusalKind::kUnavailable;
      return PhoneSendResult::kRefused;
    case DiagnosisAnswer::kTooManyWrong:
      TEKMATCH_RETURN_IF_ERROR(
          store.SetWrong(settings.num_wrong, now + result.retry_after));
      refusal_.kind = RefusalKind::kTooManyWrong;
      return PhoneSendResult::kRefused;
    case DiagnosisAnswer::kNumberRefused: {
      const int64_t num_wrong = settings.num_wrong + 1;
      const absl::Duration wait = WaitBeforeNextTry(num_wrong);
      TEKMATCH_RETURN_IF_ERROR(store.SetWrong(num_wrong, now + wait));
      refusal_.kind = RefusalKind::kNumberRefused;
      draft_.refused = true;
      break;
    }
    case DiagnosisAnswer::kRefused:
      refusal_.kind =
          result.reason == "nothing_to_send"     ? RefusalKind::kNothingToSend
          : result.reason == "no_acceptable_key" ? RefusalKind::kNoAcceptableKey
          : result.reason == "bad_number_format" ? RefusalKind::kBadNumberFormat
                                                 : RefusalKind::kBadRequest;
      break;
  }
  // An answer that says no: the next request is another one. What was typed
  // stays.
  draft_.ready = false;
  attempt_number_.reset();
  TEKMATCH_RETURN_IF_ERROR(store.ForgetAttempt());
  return PhoneSendResult::kRefused;
}

absl::Status Phone::SendChaff() {
  RandomSource random = RandomSource::FromSystem();
  std::vector<DiagnosisKey> keys(1 + random.Below(kOldestKeyDays));
  const int64_t today = absl::ToUnixSeconds(clock_.Now()) / kIntervalSeconds /
                        kMaxRollingPeriod * kMaxRollingPeriod;
  for (size_t i = 0; i < keys.size(); ++i) {
    random.Fill(absl::MakeSpan(keys[i].tek.bytes));
    keys[i].rolling_start = static_cast<EnIntervalNumber>(
        today - kMaxRollingPeriod * static_cast<int64_t>(i));
  }
  const ProcessingNumber number = ProcessingNumber::Generate(
      [&random](absl::Span<uint8_t> out) { random.Fill(out); });
  // Whatever the answer is.
  return SendDiagnosis(client_, options_.server,
                       {.idempotency_key = NewUuid(),
                        .keys = keys,
                        .number = number.digits(),
                        .region = options_.region,
                        .is_chaff = true})
      .status();
}

}  // namespace tekmatch
