// One phone: what a person does on it, from consent to the end of a
// registration, and what it says of contacts. It knows no page.
//
//   consent -> exposure notification on? -> a key of an earlier day? -> form ->
//   transmission window -> preview -> send -> done
//                                          -> refused (reason, wait)
//                                          -> unreachable: the same again
//
// The processing number, symptoms and the date are in memory, from the form to
// the end of the registration, and never at rest. Before a request goes out,
// its idempotency key and its keys are on the disk (phone_store.h). So a person
// whose phone was killed, or whose answer was lost, types the number again, and
// the same request goes out: it ends in the same single success. Symptoms and
// date are not asked again, since its keys are chosen.
//
// After any answer the attempt is forgotten; after a yes all of the
// registration but its day and the count of its keys.
//
// Nothing of own keys is sent before consent. Cancelling forgets what was
// typed, the consent and the attempt, and sends nothing (R20).
//
// After three wrong numbers the next has to wait, 5, 10, 15 seconds and so on
// (guess_budget.h); what was typed stays (R8).
//
// Any number of threads may call at once. While a request is under way the
// phone still answers; a second Send waits for the first and has its outcome
// (two taps send once).
//
// Errors are the database's: matcher/store/database.h.
//
// Source: REGISTRATION sections 2 and 4; UPSTREAM R8, R9, R16, R17, R20-R22.
#ifndef TEKMATCH_REGISTRATION_PHONE_PHONE_H_
#define TEKMATCH_REGISTRATION_PHONE_PHONE_H_

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
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
};

// What pages need, as a value. `typed` has the number: not to be kept.
struct PhoneView {
  Gate gate = Gate::kOpen;
  PhoneSettings settings;
  bool has_attempt = false;  // a request whose answer is not known
  RegistrationFormInput typed;
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
  kGate,           // PhoneView::gate
};

struct SubmittedForm {
  FormResult result = FormResult::kGate;
  RegistrationFormFaults faults;
};

enum class SendResult : uint8_t {
  kDone,
  kRefused,   // there is a refusal
  kWait,      // PhoneView::wait
  kNotReady,  // nothing was previewed
  kGate,      // PhoneView::gate
};

enum class CancelResult : uint8_t {
  kCancelled,   // the number is not used
  kUnclear,     // a request may have arrived before
  kRegistered,  // too late: it was done before
};

class Phone {
 public:
  // All outlive it. The folder is made at the first use.
  Phone(std::string folder, const PhoneOptions& options, HttpClient& client,
        const Clock& clock)
      : folder_(std::move(folder)),
        options_(options),
        client_(client),
        clock_(clock) {}

  absl::StatusOr<PhoneView> View();
  absl::Status SetNotification(bool on);
  absl::Status Consent();
  // A number that came by a link, for the form. What is no text of a form is
  // dropped.
  void KeepNumber(absl::string_view typed);
  absl::StatusOr<SubmittedForm> Submit(RegistrationFormInput input);
  absl::StatusOr<SendResult> Send();
  absl::StatusOr<CancelResult> Cancel();

  // Fetches, and checks against what was heard. The outcome is in Findings();
  // an error is of this phone's own files. Does nothing while exposure
  // notification is off.
  absl::Status Fetch();
  // Days of the last 14 only.
  absl::StatusOr<StoredFindings> Findings();

  // A request that nobody means, of the size of the others, with X-Chaff.
  absl::Status SendChaff();

 private:
  // What was typed, and what comes of it. Wipes itself.
  struct Draft {
    RegistrationFormInput typed;
    std::optional<ProcessingNumber> number;
    std::vector<DiagnosisKey> keys;
    bool ready = false;

    Draft() = default;
    Draft(const Draft&) = delete;
    Draft& operator=(const Draft&) = delete;
    ~Draft() { Clear(); }
    void Clear();
  };

  absl::StatusOr<Gate> GateOf(PhoneStore& store, const PhoneSettings& settings,
                              absl::Time now) const;
  absl::StatusOr<SendResult> Conclude(PhoneStore& store,
                                      const PhoneSettings& settings,
                                      size_t num_keys,
                                      const struct DiagnosisResult& result);
  absl::CivilDay Today(absl::Time now) const;

  const std::string folder_;
  const PhoneOptions& options_;
  HttpClient& client_;
  const Clock& clock_;

  std::mutex fetching_;  // one fetch at a time

  std::mutex mutex_;  // of all below, and of the database but for a fetch's
  std::condition_variable sent_;
  bool sending_ = false;
  SendResult last_sent_ = SendResult::kNotReady;
  Draft draft_;
  Refusal refusal_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_PHONE_PHONE_H_
