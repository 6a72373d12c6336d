// What tests of the management system have in common: a patient of whom nothing
// is missing.
#ifndef TEKMATCH_TESTS_REGISTRATION_HERSYS_HERSYS_TESTING_H_
#define TEKMATCH_TESTS_REGISTRATION_HERSYS_HERSYS_TESTING_H_

#include <string>

#include "absl/time/civil_time.h"
#include "registration/hersys/hersys_store.h"
#include "registration/rules/issuance.h"

namespace tekmatch {

inline PatientRecord CompleteRecord(const std::string& contact) {
  PatientRecord record;
  record.outpatient_facility = "第一病院";
  record.test_positive = true;
  record.confirmed_case = true;
  record.diagnosed_on = absl::CivilDay(2020, 12, 9);
  record.reported = true;
  record.app_in_use = Answer::kYes;
  record.wants_to_register = Answer::kYes;
  record.consented = true;
  record.name = "厚労 太郎";
  // Half-width: the rules convert it.
  record.kana = "ｺｳﾛｳ ﾀﾛｳ";
  record.contact = contact;
  return record;
}

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_REGISTRATION_HERSYS_HERSYS_TESTING_H_
