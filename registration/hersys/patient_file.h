// A file of patients, as a health centre or an outpatient facility writes one
// with a spreadsheet: CSV, a line for each patient under a line of headings.
//
//   氏名,フリガナ,連絡先,外来機関,検査陽性,確定例,診断年月日,報告,アプリ利用,
//   登録希望,同意
//
// in any order, each once; a column that is not there, or an empty cell, is not
// filled in. Days are 2020-12-09 or 2020/12/9; boxes 有, はい, ○, 1 or yes, and
// 無, いいえ, ×, 0 or no; 報告 有 needs ① to ④, as the button does. Everything
// is checked as the pages check it (patient_forms.h).
//
// UTF-8, with or without a byte order mark, or what Japanese Excel writes,
// Shift_JIS (CP932). Quotes, also with line feeds in them, are RFC 4180's; a
// line that is empty counts and says nothing. What is pasted from a spreadsheet
// has tabs in place of commas.
//
// All faults are found at once, with their line, their column and the reason,
// and without a cell (R24: the loop of a bulk issue mixed its errors). At most
// 5,000 patients.
//
// Source: REGISTRATION row 9; UPSTREAM R19, R24; RFC 4180.
#ifndef TEKMATCH_REGISTRATION_HERSYS_PATIENT_FILE_H_
#define TEKMATCH_REGISTRATION_HERSYS_PATIENT_FILE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "registration/rules/issuance.h"

namespace tekmatch {

struct PatientFileFault {
  size_t line = 0;     // from 1, where the patient begins; 0: the whole file
  std::string column;  // its heading; empty: all of the line
  std::string text;

  // "3行目 連絡先：..."
  std::string ToString() const;
};

struct PatientFile {
  std::vector<PatientRecord> records;
  std::vector<size_t> lines;             // of each record
  std::vector<PatientFileFault> faults;  // by line; empty: all is good
};

inline constexpr size_t kMostPatientsOfAFile = 5000;

// `today` is Japan's.
PatientFile ReadPatientFile(absl::string_view bytes, absl::CivilDay today);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_HERSYS_PATIENT_FILE_H_
