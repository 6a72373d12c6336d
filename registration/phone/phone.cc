// Plan: names; the draft; what keeps a person from the form; the form; sending,
// and what the answer means; contacts are in phone_contacts.cc.
//
// The database is opened for each call and closed after it. So a process with
// thousands of phones has as many open as it has threads, and what was deleted
// is gone from the -wal when the call returns.
#include "registration/phone/phone.h"

#include <algorithm>
#include <array>
#include <memory>
#include <set>

#include "absl/strings/str_cat.h"
#include "keyformat/random_source.h"
#include "keyformat/status_macros.h"
#include "matcher/store/wipe.h"
#include "registration/phone/diagnosis_call.h"
#include "registration/rules/code_points.h"
#include "registration/rules/guess_budget.h"
#include "registration/rules/key_acceptance.h"

namespace tekmatch {
namespace {

// Longer texts are none of a form.
constexpr size_t kMostTypedBytes = 200;

void WipeText(std::string& text) {
  Wipe(text.data(), text.size());
  text.clear();
}

absl::Duration WaitOf(const PhoneSettings& settings, absl::Time now) {
  if (!settings.wait_until.has_value() || *settings.wait_until <= now) {
    return absl::ZeroDuration();
  }
  // A clock that was set back makes nobody wait for longer than the rule.
  return std::min(absl::Ceil(*settings.wait_until - now, absl::Seconds(1)),
                  absl::Hours(1));
}

Preview PreviewOf(const std::vector<DiagnosisKey>& keys, absl::TimeZone zone) {
  std::set<absl::CivilDay> days;
  for (const DiagnosisKey& key : keys) {
    days.insert(absl::ToCivilDay(
        absl::FromUnixSeconds(int64_t{key.rolling_start} * kIntervalSeconds),
        zone));
  }
  return {.num_days = static_cast<int>(days.size()),
          .num_keys = static_cast<int>(keys.size())};
}

}  // namespace

absl::string_view RefusalName(RefusalKind kind) {
  switch (kind) {
    case RefusalKind::kNone:
      return "none";
    case RefusalKind::kNumberRefused:
      return "number_refused";
    case RefusalKind::kTooManyWrong:
      return "too_many_wrong_numbers";
    case RefusalKind::kNothingToSend:
      return "nothing_to_send";
    case RefusalKind::kNoAcceptableKey:
      return "no_acceptable_key";
    case RefusalKind::kBadNumberFormat:
      return "bad_number_format";
    case RefusalKind::kBadRequest:
      return "bad_request";
    case RefusalKind::kUnavailable:
      return "unavailable";
    case RefusalKind::kUnreachable:
      return "unreachable";
  }
  return "";
}

void Phone::Draft::Clear() {
  WipeText(typed.symptoms);
  WipeText(typed.date);
  WipeText(typed.number);
  number.reset();  // wipes itself
  Wipe(keys.data(), keys.size() * sizeof(DiagnosisKey));
  keys.clear();
  ready = false;
}

absl::CivilDay Phone::Today(absl::Time now) const {
  return absl::ToCivilDay(now, options_.zone);
}

// ------------------------------------------------------------------- views

absl::StatusOr<Gate> Phone::GateOf(PhoneStore& store,
                                   const PhoneSettings& settings,
                                   absl::Time now) const {
  if (settings.registered_on.has_value()) {
    const int64_t days = Today(now) - *settings.registered_on;
    // A clock that was set back does not lose the registration.
    if (days < kDaysBetweenRegistrations) return Gate::kRegistered;
  }
  if (!settings.notification_on) return Gate::kNotificationOff;
  if (!settings.consented) return Gate::kNoConsent;
  TEKMATCH_ASSIGN_OR_RETURN(const std::vector<DiagnosisKey> keys,
                            store.OwnKeys());
  return HasKeyOfEarlierDay(keys, now, options_.zone)
             ? Gate::kOpen
             : Gate::kNoKeyOfEarlierDay;
}

absl::StatusOr<PhoneView> Phone::View() {
  const absl::Time now = clock_.Now();
  const std::lock_guard<std::mutex> lock(mutex_);
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<PhoneStore> store,
                            PhoneStore::Open(folder_, OpenMode::kCreate));
  PhoneView view;
  TEKMATCH_ASSIGN_OR_RETURN(view.settings, store->Settings());
  TEKMATCH_ASSIGN_OR_RETURN(view.gate, GateOf(*store, view.settings, now));
  TEKMATCH_ASSIGN_OR_RETURN(const std::optional<Attempt> attempt,
                            store->FindAttempt());
  view.has_attempt = attempt.has_value();
  view.typed = draft_.typed;
  if (draft_.ready) view.preview = PreviewOf(draft_.keys, options_.zone);
  view.refusal = refusal_;
  view.refusal.num_wrong = view.settings.num_wrong;
  view.wait = WaitOf(view.settings, now);
  view.oldest_date = OldestDate(now, options_.zone, options_.form);
  view.latest_date = LatestDate(now, options_.zone);
  return view;
}

absl::Status Phone::SetNotification(bool on) {
  const std::lock_guard<std::mutex> lock(mutex_);
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<PhoneStore> store,
                            PhoneStore::Open(folder_, OpenMode::kCreate));
  return store->SetNotification(on);
}

absl::Status Phone::Consent() {
  const std::lock_guard<std::mutex> lock(mutex_);
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<PhoneStore> store,
                            PhoneStore::Open(folder_, OpenMode::kCreate));
  return store->SetConsent(true);
}

void Phone::KeepNumber(absl::string_view typed) {
  if (typed.size() > kMostTypedBytes || !IsUtf8(typed)) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  // Not while the number that is there is on its way.
  if (sending_) return;
  WipeText(draft_.typed.number);
  draft_.typed.number = std::string(typed);
  draft_.number.reset();
  draft_.ready = false;
}

// -------------------------------------------------------------------- form

absl::StatusOr<SubmittedForm> Phone::Submit(RegistrationFormInput input) {
  const absl::Time now = clock_.Now();
  std::unique_lock<std::mutex> lock(mutex_);
  sent_.wait(lock, [this] { return !sending_; });
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<PhoneStore> store,
                            PhoneStore::Open(folder_, OpenMode::kCreate));
  TEKMATCH_ASSIGN_OR_RETURN(const PhoneSettings settings, store->Settings());
  TEKMATCH_ASSIGN_OR_RETURN(const Gate gate, GateOf(*store, settings, now));
  if (gate != Gate::kOpen) return SubmittedForm{.result = FormResult::kGate};
  draft_.Clear();
  // A text that is no form's is shown again as empty, and is a fault as such.
  for (std::string* text : {&input.symptoms, &input.date, &input.number}) {
    if (text->size() > kMostTypedBytes) WipeText(*text);
  }
  draft_.typed = std::move(input);

  TEKMATCH_ASSIGN_OR_RETURN(std::optional<Attempt> attempt,
                            store->FindAttempt());
  SubmittedForm submitted;
  std::optional<Registration> registration;
  if (attempt.has_value()) {
    ProcessingNumber::Parsed parsed =
        ProcessingNumber::Parse(draft_.typed.number);
    submitted.faults.number = parsed.fault;
    draft_.number = parsed.number;
  } else {
    const CheckedForm checked =
        CheckRegistrationForm(draft_.typed, now, options_.zone, options_.form);
    submitted.faults = checked.faults;
    if (checked.form.has_value()) {
      draft_.number = checked.form->number;
      registration = checked.form->registration;
    }
  }
  if (!submitted.faults.None()) {
    draft_.number.reset();
    submitted.result = FormResult::kFaults;
    return submitted;
  }
  if (WaitOf(settings, now) > absl::ZeroDuration()) {
    submitted.result = FormResult::kWait;
    return submitted;
  }
  refusal_ = Refusal();
  if (attempt.has_value()) {
    draft_.keys = std::move(attempt->keys);
  } else {
    TEKMATCH_ASSIGN_OR_RETURN(const std::vector<DiagnosisKey> own,
                              store->OwnKeys());
    draft_.keys =
        SelectKeysToSend(own, *registration, options_.policy, options_.zone)
            .keys;
  }
  if (draft_.keys.empty()) {
    refusal_.kind = RefusalKind::kNothingToSend;
    submitted.result = FormResult::kNothingToSend;
    return submitted;
  }
  draft_.ready = true;
  submitted.result = FormResult::kReady;
  return submitted;
}

absl::StatusOr<CancelResult> Phone::Cancel() {
  const absl::Time now = clock_.Now();
  std::unique_lock<std::mutex> lock(mutex_);
  sent_.wait(lock, [this] { return !sending_; });
  draft_.Clear();
  refusal_ = Refusal();
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<PhoneStore> store,
                            PhoneStore::Open(folder_, OpenMode::kCreate));
  TEKMATCH_ASSIGN_OR_RETURN(const PhoneSettings settings, store->Settings());
  TEKMATCH_ASSIGN_OR_RETURN(const Gate gate, GateOf(*store, settings, now));
  if (gate == Gate::kRegistered) return CancelResult::kRegistered;
  TEKMATCH_ASSIGN_OR_RETURN(const std::optional<Attempt> attempt,
                            store->FindAttempt());
  TEKMATCH_RETURN_IF_ERROR(store->Abandon());
  return attempt.has_value() ? CancelResult::kUnclear
                             : CancelResult::kCancelled;
}

// ----------------------------------------------------------------- sending

absl::StatusOr<SendResult> Phone::Send() {
  const absl::Time now = clock_.Now();
  std::unique_lock<std::mutex> lock(mutex_);
  if (sending_) {
    sent_.wait(lock, [this] { return !sending_; });
    return last_sent_;
  }
  std::unique_ptr<PhoneStore> store;
  TEKMATCH_ASSIGN_OR_RETURN(store,
                            PhoneStore::Open(folder_, OpenMode::kCreate));
  TEKMATCH_ASSIGN_OR_RETURN(const PhoneSettings settings, store->Settings());
  TEKMATCH_ASSIGN_OR_RETURN(const Gate gate, GateOf(*store, settings, now));
  if (gate == Gate::kRegistered) return SendResult::kDone;
  if (gate != Gate::kOpen) return SendResult::kGate;
  if (!draft_.ready) {
    return refusal_.kind == RefusalKind::kNone ? SendResult::kNotReady
                                               : SendResult::kRefused;
  }
  if (WaitOf(settings, now) > absl::ZeroDuration()) return SendResult::kWait;
  TEKMATCH_ASSIGN_OR_RETURN(std::optional<Attempt> attempt,
                            store->FindAttempt());
  if (!attempt.has_value()) {
    attempt =
        Attempt{.idempotency_key = NewIdempotencyKey(), .keys = draft_.keys};
    TEKMATCH_RETURN_IF_ERROR(store->BeginAttempt(*attempt));
  }
  store.reset();
  // Its own copy: a link may change the draft meanwhile.
  const ProcessingNumber number = *draft_.number;
  sending_ = true;
  last_sent_ = SendResult::kNotReady;
  lock.unlock();
  const absl::StatusOr<DiagnosisResult> result =
      SendDiagnosis(client_, options_.server,
                    {.idempotency_key = attempt->idempotency_key,
                     .keys = attempt->keys,
                     .number = number.digits(),
                     .region = options_.region});
  lock.lock();
  // On every way out: others wait.
  struct AtEnd {
    Phone& phone;
    ~AtEnd() {
      phone.sending_ = false;
      phone.sent_.notify_all();
    }
  } const at_end{*this};
  if (!result.ok()) return result.status();
  TEKMATCH_ASSIGN_OR_RETURN(store,
                            PhoneStore::Open(folder_, OpenMode::kCreate));
  TEKMATCH_ASSIGN_OR_RETURN(
      last_sent_, Conclude(*store, settings, attempt->keys.size(), *result));
  return last_sent_;
}

absl::StatusOr<SendResult> Phone::Conclude(PhoneStore& store,
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
      refusal_ = Refusal();
      return SendResult::kDone;
    case DiagnosisAnswer::kUnreachable:
      refusal_.kind = RefusalKind::kUnreachable;
      return SendResult::kRefused;
    case DiagnosisAnswer::kUnavailable:
      refusal_.kind = RefusalKind::kUnavailable;
      return SendResult::kRefused;
    case DiagnosisAnswer::kTooManyWrong:
      TEKMATCH_RETURN_IF_ERROR(
          store.SetWrong(settings.num_wrong, now + result.retry_after));
      refusal_.kind = RefusalKind::kTooManyWrong;
      return SendResult::kRefused;
    case DiagnosisAnswer::kNumberRefused: {
      const int64_t num_wrong = settings.num_wrong + 1;
      const absl::Duration wait = WaitBeforeNextTry(num_wrong);
      TEKMATCH_RETURN_IF_ERROR(store.SetWrong(num_wrong, now + wait));
      refusal_.kind = RefusalKind::kNumberRefused;
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
  TEKMATCH_RETURN_IF_ERROR(store.ForgetAttempt());
  return SendResult::kRefused;
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
                       {.idempotency_key = NewIdempotencyKey(),
                        .keys = keys,
                        .number = number.digits(),
                        .region = options_.region,
                        .is_chaff = true})
      .status();
}

}  // namespace tekmatch
