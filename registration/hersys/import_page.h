// The page CSV取込: a file or pasted lines of patients, all taken or none.
//
// Source: REGISTRATION row 9; UPSTREAM R24.
#ifndef TEKMATCH_REGISTRATION_HERSYS_IMPORT_PAGE_H_
#define TEKMATCH_REGISTRATION_HERSYS_IMPORT_PAGE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "registration/hersys/hersys_store.h"
#include "registration/hersys/page_frame.h"
#include "registration/hersys/patient_file.h"
#include "registration/service/form_data.h"

namespace tekmatch {

// `rows`: what was pasted. `num_taken`: how many the import before took; 0:
// none.
HttpResponse ImportPage(const PageVisit& visit, absl::string_view rows,
                        const std::vector<PatientFileFault>& faults,
                        int64_t num_taken);

// The form's file, or else its pasted lines. It needs no store, and takes its
// time.
PatientFile ReadImport(const PageVisit& visit, const FormData& form);

// Takes what was read into the store: all, or nothing where there are faults.
// A patient whom the centre has already (HersysStore::FindKnown) becomes one,
// so that a file that is sent again makes nobody twice. Errors are the store's.
absl::Status TakePatients(HersysStore& store, const PageVisit& visit,
                          PatientFile& file);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_HERSYS_IMPORT_PAGE_H_
