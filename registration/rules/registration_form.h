// The form 陽性情報の登録: what a person enters on the phone, and what is wrong
// with it, named for the page.
//
//   ① symptoms, yes or no; there is no default
//   ② the first day of symptoms, or the day of the test if there are none
//   ③ the processing number
//
// Every submit ends in a complete form or in the faults of each field (R22); a
// date that cannot be read is a fault and no exception (F6).
//
// A date is a civil date of the person's time zone, an argument: Asia/Tokyo. It
// is compared with the date that `now` has there, never with an instant: a day
// in Japan begins 9 hours before that of UTC, which moved COCOA's dates by one
// (R10, R11). It may be today and not later (R12). The oldest that is accepted
// is stated on the page: 90 days before today by default. Older ones are slips
// of year or month; how far back contacts count is another question, which the
// transmission window answers (row 25: 14 days before registration, whatever
// the date).
//
// The form stays on the phone. What comes of it is a Registration, for
// SelectKeysToSend (key_acceptance.h), and the number.
//
// Sources: the ministry's paper, 参考資料 (the order ①②③) and 別添２ 問３;
// UPSTREAM 1.2 (COCOA had no oldest date and one field for both days), 2
// (Google's server: 28 days), R7, R10-R12, R22, F6.
#ifndef TEKMATCH_REGISTRATION_RULES_REGISTRATION_FORM_H_
#define TEKMATCH_REGISTRATION_RULES_REGISTRATION_FORM_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "matcher/exposure/transmission_window.h"
#include "registration/rules/processing_number.h"

namespace tekmatch {

// As a page's form submits it.
struct RegistrationFormInput {
  std::string symptoms;  // "yes", "no"; "" where nothing was chosen
  // "2020-12-05", as a browser's date field gives it, or as people type it:
  // "2020/12/5", also full-width; spaces at the ends go.
  std::string date;
  std::string number;  // as ProcessingNumber::Parse takes it
};

struct RegistrationFormOptions {
  int oldest_days = 90;  // before today, 0 or more
};

enum class SymptomsFault : uint8_t {
  kNone,
  kMissing,
  kUnknown,  // neither "yes" nor "no": no page of ours
};

// Where several hold, the first in this order.
enum class DateFault : uint8_t {
  kNone,
  kMissing,
  kMalformed,      // no year, month and day
  kNotInCalendar,  // 30 February
  kInFuture,
  kTooOld,  // before OldestDate
};

// "none", "missing", "unknown".
absl::string_view SymptomsFaultName(SymptomsFault fault);

// "none", "missing", "malformed", "not_in_calendar", "in_future", "too_old".
absl::string_view DateFaultName(DateFault fault);

struct RegistrationFormFaults {
  SymptomsFault symptoms = SymptomsFault::kNone;
  DateFault date = DateFault::kNone;
  NumberFault number = NumberFault::kNone;

  bool None() const { return *this == RegistrationFormFaults(); }
  bool operator==(const RegistrationFormFaults&) const = default;
};

struct CompleteForm {
  Registration registration;  // D, by_test_date, and `now`
  ProcessingNumber number;
};

struct CheckedForm {
  RegistrationFormFaults faults;
  std::optional<CompleteForm> form;  // there if and only if there is no fault
};

CheckedForm CheckRegistrationForm(const RegistrationFormInput& input,
                                  absl::Time now, absl::TimeZone zone,
                                  const RegistrationFormOptions& options);

// The dates that the page states: from the first to the second, inclusive.
absl::CivilDay OldestDate(absl::Time now, absl::TimeZone zone,
                          const RegistrationFormOptions& options);
absl::CivilDay LatestDate(absl::Time now, absl::TimeZone zone);

struct ParsedDate {
  DateFault fault = DateFault::kNone;  // kNone, kMissing, kMalformed,
                                       // kNotInCalendar
  absl::CivilDay day;
};

// A year of four digits, a month and a day of one or two, with - or / between.
ParsedDate ParseFormDate(absl::string_view typed);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_RULES_REGISTRATION_FORM_H_
