// One phone: what a person does on it, from consent to the end of a
// registration, and what it says of contacts. It knows no page.
//
//   consent -> exposure notification on? -> a key of an earlier day? -> form ->
//   transmission window -> preview -> send -> done
//                                          -> refused (reason, wait)
//                                          -> unreachable: the same again
//
// The processing number, symptoms and the date are in memory, from the form to
// the end of the registration or an hour after they were typed, and never at
// rest. Before a request goes out, its idempotency key and its keys are on the
// disk (phone_store.h). So a person whose phone was killed, or whose answer was
// lost, types the number again, and the same request goes out: it ends in the
// same single success. Symptoms and date are not asked again, since its keys
// are chosen.
//
// After any answer the attempt is forgotten; after a yes all of the
// registration but its day and the count of its keys. 24 hours after it began
// it is forgotten, too: the server has forgotten it by then, and a day's key
// more is to be sent.
//
// An idempotency key may be bound to a number: the server reserved that number
// under it, and could not go on (503). Another number, of a reissue, is refused
// under that key however good it is. So where the number may be another than
// the attempt's, a refusal counts for nothing, and the request goes out once
// more with a new key. Keys are still published once: what was refused under
// the old key has no submission there, nobody repeats it, and the server holds
// each key once whatever request brings it.
//
// A link in a message is opened by any page, so its number never replaces one
// that a person typed; it is offered (TakeOffered).
//
// Nothing of own keys is sent before consent. Cancelling forgets what was
// typed, the consent and the attempt, and sends nothing (R20).
//
// After three wrong numbers the next has to wait, 5, 10, 15 seconds and so on
// (guess_budget.h); what was typed stays (R8).
//
// What goes out is what this page showed: Send has the id of the preview, and
// another tab's preview has another one.
//
// Any number of threads may call at once, and none waits for the network on
// behalf of another: while a request is under way Send, Submit and Cancel say
// so at once (two taps send once), and so does Fetch beside a fetch.
//
// Errors are the database's: matcher/store/database.h.
//
// Source: REGISTRATION sections 2 and 4; UPSTREAM R8, R9, R16, R17, R20-R22.
#ifndef TEKMATCH_REGISTRATION_PHONE_PHONE_H_
#define TEKMATCH_REGISTRATION_PHONE_PHONE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "keyformat/diagnosis_key.h"
#include "keyformat/signature.h"
#include "matcher/exposure/transmission_window.h"
#include "registration/phone/phone_store.h"
#include "registration/rules/processing_number.h"
#include "registration/rules/registration_form.h"
#include "registration/service/clock.h"
#include "registration/service/http_client.h"

namespace tekmatch {

struct PhoneOptions {
  std::string server;   // url of the notification server, without a last '/'
  std::string exports;  // what the urls of exports begin with, alike
  std::string region = "440";
  TransmissionWindowPolicy policy;
  absl::TimeZone zone;
  RegistrationFormOptions form;
  TrustedKeys trusted;  // who signs exports
};

// After so many days another registration may begin: all keys are new.
inline constexpr int kDaysBetweenRegistrations = 15;
// What was typed is forgotten so long after.
inline constexpr absl::Duration kDraftLife = absl::Hours(1);

// What keeps a person from the form; the first that holds.
enum class Gate : uint8_t {
  kOpen,
  kRegistered,
  kNotificationOff,
  kNoConsent,
  kNoKeyOfEarlierDay,
};

// Why a registration did not end. The name is for support: "number_refused".
enum class RefusalKind : uint8_t {
  kNone,
  kNumberRefused,
  kTooManyWrong,     // of this address; the number was not looked at
  kNothingToSend,    // the window lets no key out; nothing was sent
  kNoAcceptableKey,  // so says the server
  kBadNumberFormat,  // alike
  kBadRequest,       // the server does not take what this phone sends
  kUnavailable,      // the server asks to come again
  kUnreachable,      // no answer: not known whether it arrived
};
absl::string_view RefusalName(RefusalKind kind);

struct Refusal {
  RefusalKind kind = RefusalKind::kNone;
  int64_t num_wrong = 0;
};

struct Preview {
  int num_days = 0;  // dates on which the keys that go out begin
  int num_keys = 0;
  std::string id;  // of number and keys; says nothing of them
};

// What pages need, as a value. Wipes what was typed.
struct PhoneView {
  PhoneView() = default;
  PhoneView(const PhoneView&) = default;
  PhoneView(PhoneView&&) = default;
  PhoneView& operator=(const PhoneView&) = default;
  PhoneView& operator=(PhoneView&&) = default;
  ~PhoneView();

  Gate gate = Gate::kOpen;
  PhoneSettings settings;
  bool has_attempt = false;  // a request whose answer is not known
  bool is_sending = false;
  RegistrationFormInput typed;
  std::string offered;             // a link's number, beside the typed one
  std::optional<Preview> preview;  // the form was complete
  Refusal refusal;                 // the last answer, if it was no
  absl::Duration wait;             // before the next number, in whole seconds
  absl::CivilDay oldest_date;
  absl::CivilDay latest_date;
};

enum class FormResult : uint8_t {
  kReady,          // there is a preview
  kFaults,         // beside the fields
  kWait,           // PhoneView::wait
  kNothingToSend,  // there is a refusal
  kSending,        // a request is under way
  kGate,           // PhoneView::gate
};

struct SubmittedForm {
  FormResult result = FormResult::kGate;
  RegistrationFormFaults faults;
};

enum class PhoneSendResult : uint8_t {
  kDone,
  kRefused,       // there is a refusal
  kWait,          // PhoneView::wait
  kSending,       // a request is under way
  kOtherPreview,  // than the one that the person saw
  kNotReady,      // nothing was previewed
  kGate,          // PhoneView::gate
};

enum class KeptNumber : uint8_t {
  kKept,     // it is in the form
  kOffered,  // another one is there that was typed
  kNone,     // it is no text of a form
};

enum class FetchResult : uint8_t {
  kDone,
  kBusy,  // one is under way
};

enum class CancelResult : uint8_t {
  kCancelled,   // the number is not used
  kUnclear,     // a request may have arrived before
  kRegistered,  // too late: it was done before
  kSending,     // a request is under way: nothing was cancelled
};

// Before the next number may be sent, in whole seconds.
absl::Duration WaitOf(const PhoneSettings& settings, absl::Time now);

class Phone {
 public:
  // All outlive it. The folder is made at the first use.
  Phone(std::string folder, const PhoneOptions& options, HttpClient& client,
        const Clock& clock);

  absl::StatusOr<PhoneView> View();
  absl::Status SetNotification(bool on);
  absl::Status Consent();
  // A number that came by a link, for the form.
  KeptNumber KeepNumber(absl::string_view typed);
  // Ends the offer of a link's number: with it in the form, or not.
  void TakeOffered(bool use);
  absl::StatusOr<SubmittedForm> Submit(RegistrationFormInput input);
  // `preview` is the id of the one that the person saw.
  absl::StatusOr<PhoneSendResult> Send(absl::string_view preview);
  absl::StatusOr<CancelResult> Cancel();

  // Fetches, and checks against what was heard. The outcome is in Findings();
  // an error is of this phone's own files. Does nothing while exposure
  // notification is off.
  absl::StatusOr<FetchResult> Fetch();
  // Days of the last 14 only.
  absl::StatusOr<StoredFindings> Findings();

  // A request that nobody means, of the size of the others, with X-Chaff.
  absl::Status SendChaff();

  // What is over goes with every call above but SendChaff. This is for a phone
  // that nobody looks at: what was typed, and, with `files`, what is at rest,
  // where the phone has files.
  absl::Status ForgetOld(bool files);

 private:
  // What was typed, and what comes of it. Wipes itself.
  struct Draft {
    RegistrationFormInput typed;
    std::optional<ProcessingNumber> number;
    std::vector<DiagnosisKey> keys;
    std::string id;           // of the preview
    std::string offered;      // PhoneView::offered
    bool ready = false;       // there is a preview
    bool by_hand = false;     // the number was typed, or seen in the form
    bool refused = false;     // the server said no to the number
    bool of_attempt = false;  // keys are an attempt's of before
    absl::Time typed_at;

    Draft() = default;
    Draft(const Draft&) = delete;
    Draft& operator=(const Draft&) = delete;
    ~Draft() { Clear(); }
    void Clear();
  };

  absl::StatusOr<Gate> GateOf(PhoneStore& store, const PhoneSettings& settings,
                              absl::Time now) const;
  // Opens the store, and forgets what is over.
  absl::StatusOr<std::unique_ptr<PhoneStore>> OpenStore(absl::Time now,
                                                        OpenMode mode) const;
  void EndOldDraft(absl::Time now);
  void EndPreviewOfAttempt(bool has_attempt);
  void PutNumber(absl::string_view typed, absl::Time now);
  std::string PreviewId() const;
  absl::StatusOr<struct DiagnosisResult> Ask(
      const Attempt& attempt, const ProcessingNumber& number) const;
  absl::StatusOr<PhoneSendResult> Conclude(
      PhoneStore& store, const PhoneSettings& settings, size_t num_keys,
      const struct DiagnosisResult& result);
  absl::Status FetchAndCheck(absl::Time now);
  absl::CivilDay Today(absl::Time now) const;

  const std::string folder_;
  const PhoneOptions& options_;
  HttpClient& client_;
  const Clock& clock_;

  const std::array<uint8_t, 16> salt_;  // of ids of previews

  std::mutex mutex_;  // of all below, and of the database but for a fetch's
  bool fetching_ = false;
  bool sending_ = false;
  Draft draft_;
  // What the attempt's idempotency key went out with, as long as a draft lives;
  // nullopt: not known any more.
  std::optional<ProcessingNumber> attempt_number_;
  Refusal refusal_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_PHONE_PHONE_H_
