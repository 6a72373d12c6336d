// The fields of a patient as a page has them: from a record, to a record with
// what is wrong, and as HTML. Nothing has to be filled in to be saved; what is
// filled in has to be right, so that a landline or a slip in an address is told
// of when it is typed, not when nothing arrives (R19).
//
// Source: REGISTRATION rows 1-3, 7-9; UPSTREAM R12, R19.
#ifndef TEKMATCH_REGISTRATION_HERSYS_PATIENT_FORMS_H_
#define TEKMATCH_REGISTRATION_HERSYS_PATIENT_FORMS_H_

#include <map>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "registration/rules/issuance.h"
#include "registration/service/form_data.h"
#include "registration/service/web_form.h"

namespace tekmatch {

// As typed, with what is wrong by the field's name.
struct PatientInput {
  std::string facility;
  bool positive = false;
  bool confirmed = false;
  std::string diagnosed_on;  // "2020-12-09"
  std::string name;
  std::string kana;
  std::string contact;
  std::string app;  // "yes", "no", "unknown"; empty: not chosen yet
  std::string wants;
  bool consent = false;

  std::map<std::string, std::string> faults;
};

PatientInput InputOf(const PatientRecord& record);
PatientInput InputOf(const FormData& form);

// Writes the tab's fields into the record where none is wrong; else notes what
// is, and returns false. `complete`: 報告 was pressed, which needs all four of
// the tab. `today` is Japan's.
bool TakeReport(PatientInput& input, bool complete, absl::CivilDay today,
                PatientRecord& record);
// The contact is stored as it is sent to: 11 digits or an address.
bool TakeContact(PatientInput& input, PatientRecord& record);

// "yes", "no", "unknown", or in Japanese as the pages have it.
std::optional<Answer> AnswerOf(absl::string_view text);

void AddReportFields(WebForm& form, const PatientInput& input,
                     absl::CivilDay today);
// `origin` as the store has it; empty: no contact is there.
void AddContactFields(WebForm& form, const PatientInput& input,
                      absl::string_view origin);
// Who entered a contact: 保健所, CSV取込, ...
absl::string_view OriginLabel(absl::string_view origin);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_HERSYS_PATIENT_FORMS_H_
