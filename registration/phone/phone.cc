// Plan: names; the draft, and what is over; views; a link's number; the form;
// cancelling. Sending is in phone_send.cc, contacts are in phone_contacts.cc.
//
// The database is opened for each call and closed after it. So a process with
// thousands of phones has as many open as it has threads, and what was deleted
// is gone from the -wal when the call returns.
#include "registration/phone/phone.h"

#include <set>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "keyformat/random_source.h"
#include "keyformat/status_macros.h"
#include "matcher/store/wipe.h"
#include "registration/rules/code_points.h"
#include "registration/rules/key_acceptance.h"
#include "registration/service/digests.h"

namespace tekmatch {
namespace {

// Longer texts are none of a form.
constexpr size_t kMostTypedBytes = 200;
// Of contacts, before today.
constexpr int kShownDays = 14;

// Also what a longer text left there.
void WipeText(std::string& text) {
  text.resize(text.capacity());
  Wipe(text.data(), text.size());
  text.clear();
}

void WipeForm(RegistrationFormInput& form) {
  WipeText(form.symptoms);
  WipeText(form.date);
  WipeText(form.number);
}

std::array<uint8_t, 16> NewSalt() {
  std::array<uint8_t, 16> salt;
  RandomSource::FromSystem().Fill(absl::MakeSpan(salt));
  return salt;
}

// As a person sees it: full-width digits are the same.
bool IsSameNumber(absl::string_view a, absl::string_view b) {
  if (a == b) return true;
  const ProcessingNumber::Parsed one = ProcessingNumber::Parse(a);
  return one.number.has_value() &&
         one.number == ProcessingNumber::Parse(b).number;
}

Preview PreviewOf(const std::vector<DiagnosisKey>& keys, absl::TimeZone zone,
                  const std::string& id) {
  std::set<absl::CivilDay> days;
  for (const DiagnosisKey& key : keys) {
    days.insert(absl::ToCivilDay(
        absl::FromUnixSeconds(int64_t{key.rolling_start} * kIntervalSeconds),
        zone));
  }
  return {.num_days = static_cast<int>(days.size()),
          .num_keys = static_cast<int>(keys.size()),
          .id = id};
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

PhoneView::~PhoneView() {
  WipeForm(typed);
  WipeText(offered);
}

// ------------------------------------------------- the draft, what is over

Phone::Phone(std::string folder, const PhoneOptions& options,
             HttpClient& client, const Clock& clock)
    : folder_(std::move(folder)),
      options_(options),
      client_(client),
      clock_(clock),
      salt_(NewSalt()) {}

void Phone::Draft::Clear() {
  WipeForm(typed);
  WipeText(offered);
  number.reset();  // wipes itself
  Wipe(keys.data(), keys.size() * sizeof(DiagnosisKey));
  keys.clear();
  id.clear();
  ready = by_hand = refused = of_attempt = false;
}

void Phone::EndOldDraft(absl::Time now) {
  // What is on its way is needed for its answer. A clock that was set back
  // makes no draft that stays.
  if (sending_ || absl::AbsDuration(now - draft_.typed_at) < kDraftLife) return;
  draft_.Clear();
  attempt_number_.reset();
  refusal_ = Refusal();
}

void Phone::EndPreviewOfAttempt(bool has_attempt) {
  // Its keys were those of an attempt that is over: the whole form is asked.
  if (sending_ || has_attempt || !draft_.of_attempt || !draft_.ready) return;
  draft_.ready = false;
  refusal_ = Refusal();
}

absl::StatusOr<std::unique_ptr<PhoneStore>> Phone::OpenStore(
    absl::Time now, OpenMode mode) const {
  TEKMATCH_ASSIGN_OR_RETURN(std::unique_ptr<PhoneStore> store,
                            PhoneStore::Open(folder_, mode));
  TEKMATCH_RETURN_IF_ERROR(store->ForgetOld(now, Today(now) - kShownDays));
  return store;
}

absl::Status Phone::ForgetOld(bool files) {
  const absl::Time now = clock_.Now();
  const std::lock_guard<std::mutex> lock(mutex_);
  EndOldDraft(now);
  if (!files || sending_) return absl::OkStatus();
  const absl::Status status = OpenStore(now, OpenMode::kExisting).status();
  return absl::IsNotFound(status) ? absl::OkStatus() : status;
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
  EndOldDraft(now);
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<PhoneStore> store,
                            OpenStore(now, OpenMode::kCreate));
  PhoneView view;
  TEKMATCH_ASSIGN_OR_RETURN(view.settings, store->Settings());
  TEKMATCH_ASSIGN_OR_RETURN(view.gate, GateOf(*store, view.settings, now));
  TEKMATCH_ASSIGN_OR_RETURN(const std::optional<Attempt> attempt,
                            store->FindAttempt());
  view.has_attempt = attempt.has_value();
  EndPreviewOfAttempt(view.has_attempt);
  view.is_sending = sending_;
  view.typed = draft_.typed;
  view.offered = draft_.offered;
  if (draft_.ready) {
    view.preview = PreviewOf(draft_.keys, options_.zone, draft_.id);
  }
  view.refusal = refusal_;
  view.refusal.num_wrong = view.settings.num_wrong;
  view.wait = WaitOf(view.settings, now);
  view.oldest_date = OldestDate(now, options_.zone, options_.form);
  view.latest_date = LatestDate(now, options_.zone);
  return view;
}

absl::Status Phone::SetNotification(bool on) {
  const absl::Time now = clock_.Now();
  const std::lock_guard<std::mutex> lock(mutex_);
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<PhoneStore> store,
                            OpenStore(now, OpenMode::kCreate));
  return store->SetNotification(on);
}

absl::Status Phone::Consent() {
  const absl::Time now = clock_.Now();
  const std::lock_guard<std::mutex> lock(mutex_);
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<PhoneStore> store,
                            OpenStore(now, OpenMode::kCreate));
  return store->SetConsent(true);
}

// ----------------------------------------------------------- a link's number

void Phone::PutNumber(absl::string_view typed, absl::Time now) {
  WipeText(draft_.typed.number);
  draft_.typed.number = std::string(typed);
  draft_.number.reset();
  draft_.ready = draft_.by_hand = draft_.refused = false;
  draft_.typed_at = now;
}

KeptNumber Phone::KeepNumber(absl::string_view typed) {
  const absl::Time now = clock_.Now();
  if (typed.empty() || typed.size() > kMostTypedBytes || !IsUtf8(typed)) {
    return KeptNumber::kNone;
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  EndOldDraft(now);
  const std::string& there = draft_.typed.number;
  // It may have a preview already.
  if (!there.empty() && IsSameNumber(there, typed)) return KeptNumber::kKept;
  // One that the server refused is of no use.
  if (sending_ || (!there.empty() && draft_.by_hand && !draft_.refused)) {
    WipeText(draft_.offered);
    draft_.offered = std::string(typed);
    return KeptNumber::kOffered;
  }
  PutNumber(typed, now);
  return KeptNumber::kKept;
}

void Phone::TakeOffered(bool use) {
  const absl::Time now = clock_.Now();
  const std::lock_guard<std::mutex> lock(mutex_);
  EndOldDraft(now);
  if (use && !sending_ && !draft_.offered.empty()) {
    PutNumber(draft_.offered, now);
  }
  WipeText(draft_.offered);
}

// -------------------------------------------------------------------- form

absl::StatusOr<SubmittedForm> Phone::Submit(RegistrationFormInput input) {
  const absl::Time now = clock_.Now();
  const absl::Cleanup wipe = [&input] { WipeForm(input); };
  const std::lock_guard<std::mutex> lock(mutex_);
  if (sending_) {
    return SubmittedForm{.result = FormResult::kSending, .faults = {}};
  }
  EndOldDraft(now);
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<PhoneStore> store,
                            OpenStore(now, OpenMode::kCreate));
  TEKMATCH_ASSIGN_OR_RETURN(const PhoneSettings settings, store->Settings());
  TEKMATCH_ASSIGN_OR_RETURN(const Gate gate, GateOf(*store, settings, now));
  if (gate != Gate::kOpen) {
    return SubmittedForm{.result = FormResult::kGate, .faults = {}};
  }
  draft_.Clear();
  // A text that is no form's is shown again as empty, and is a fault as such.
  for (std::string* text : {&input.symptoms, &input.date, &input.number}) {
    if (text->size() > kMostTypedBytes) WipeText(*text);
  }
  draft_.typed = input;
  draft_.by_hand = true;
  draft_.typed_at = now;

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
  // After the faults, which can be mended while one waits.
  if (WaitOf(settings, now) > absl::ZeroDuration()) {
    submitted.result = FormResult::kWait;
    return submitted;
  }
  refusal_ = Refusal();
  if (attempt.has_value()) {
    draft_.keys = std::move(attempt->keys);
    draft_.of_attempt = true;
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
  draft_.id = PreviewId();
  submitted.result = FormResult::kReady;
  return submitted;
}

std::string Phone::PreviewId() const {
  // With a salt of this process: the id stands in a page, and whoever knows the
  // keys, as everybody does later, could try which number gives it.
  std::string bytes(reinterpret_cast<const char*>(salt_.data()), salt_.size());
  // Before what is secret comes, so that it does not move.
  bytes.reserve(bytes.size() + kProcessingNumberDigits +
                draft_.keys.size() * (kTekBytes + 24));
  absl::StrAppend(&bytes, draft_.number->digits());
  for (const DiagnosisKey& key : draft_.keys) {
    absl::StrAppend(
        &bytes,
        absl::string_view(reinterpret_cast<const char*>(key.tek.bytes.data()),
                          key.tek.bytes.size()),
        key.rolling_start, "/", key.rolling_period, ";");
  }
  const Digest digest = Sha256(bytes);
  WipeText(bytes);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), 16));
}

absl::StatusOr<CancelResult> Phone::Cancel() {
  const absl::Time now = clock_.Now();
  const std::lock_guard<std::mutex> lock(mutex_);
  if (sending_) return CancelResult::kSending;
  draft_.Clear();
  attempt_number_.reset();
  refusal_ = Refusal();
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<PhoneStore> store,
                            OpenStore(now, OpenMode::kCreate));
  TEKMATCH_ASSIGN_OR_RETURN(const PhoneSettings settings, store->Settings());
  TEKMATCH_ASSIGN_OR_RETURN(const Gate gate, GateOf(*store, settings, now));
  if (gate == Gate::kRegistered) return CancelResult::kRegistered;
  TEKMATCH_ASSIGN_OR_RETURN(const std::optional<Attempt> attempt,
                            store->FindAttempt());
  TEKMATCH_RETURN_IF_ERROR(store->Abandon());
  return attempt.has_value() ? CancelResult::kUnclear
                             : CancelResult::kCancelled;
}

}  // namespace tekmatch
