// The operators' pages of the management system.
//
//   GET, POST /login      a session of 20 idle minutes begins (web_session.h)
//   POST /logout
//   GET  /                to /patients
//   GET  /patients?state=STATE&page=N   PatientStateName; a hundred a page
//   GET, POST /new        adds a patient; all fields may be empty
//   GET  /patient/ID?tab=report|contact|number
//   POST /report/ID, /contact/ID        save a tab; `action`=report: 報告
//   POST /issue/ID        処理番号発行, 再発行; `uuid` makes it once
//   GET, POST /close/ID   対象外: asks once more; POST /reopen/ID: back again
//   GET, POST /import     patients from CSV (patient_file.h)
//   GET  /audit           administrators: who did what when
//
// 303 after what changed something; 422 with the form, its values and its
// faults; 404 for a patient who is not there or is another centre's, the same
// page (row 30); 409 where somebody else changed the tab or issued meanwhile,
// with what is there now. Without a session: 303 to /login for GET, 403 for
// POST, as for a form without the token, or from another site. 421: another
// host's name. 429: a log-in before its time (login_desk.h). 503: the disk or
// the database. A form that makes or issues something has a uuid: sent twice,
// it does so once. All answers are pages in Japanese.
//
// Each request looks up its operator: whoever is disabled, or has another
// password by now, has no session any more.
//
// Source: REGISTRATION sections 5, 6 (rule 9), 8; rows 2-4, 7-9, 12, 13, 17,
// 18, 30.
#ifndef TEKMATCH_REGISTRATION_HERSYS_HERSYS_PAGES_H_
#define TEKMATCH_REGISTRATION_HERSYS_HERSYS_PAGES_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "registration/rules/issuance.h"
#include "registration/service/clock.h"
#include "registration/service/request_log.h"
#include "registration/service/router.h"

namespace tekmatch {

struct HersysPagesOptions {
  std::string data;  // folder of the database
  // What browsers have before the path, where a reverse proxy with TLS is in
  // front: "https://hersys.example.jp", in any case, with or without the usual
  // port. Empty: the pages' own address.
  std::string origin;
  LifeOptions life;  // of numbers, as the courier has it
};

class HersysPages {
 public:
  // The database is there. `clock` and `log` outlive it; `log` may be null.
  // INVALID_ARGUMENT: the origin. Others are the store's.
  static absl::StatusOr<std::unique_ptr<HersysPages>> Open(
      const HersysPagesOptions& options, const Clock& clock, RequestLog* log);
  HersysPages(const HersysPages&) = delete;
  HersysPages& operator=(const HersysPages&) = delete;
  ~HersysPages();

  const Router& router() const;
  // Without an origin: "127.0.0.1:8084", which is known once the port is.
  // Requests before are refused.
  void SetAddress(absl::string_view address);

 private:
  class Impl;
  explicit HersysPages(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_HERSYS_HERSYS_PAGES_H_
