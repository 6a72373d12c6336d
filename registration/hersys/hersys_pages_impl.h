// What the sources of HersysPages share, and nobody else includes: a request of
// somebody who is logged in, and the page of each route. hersys_pages.cc has
// what holds for all of them, list_pages.cc those of the centre,
// patient_pages.cc those of one patient.
//
// Whoever reads much, the list of patients, has a connection of its own, so
// that it keeps nobody waiting.
#ifndef TEKMATCH_REGISTRATION_HERSYS_HERSYS_PAGES_IMPL_H_
#define TEKMATCH_REGISTRATION_HERSYS_HERSYS_PAGES_IMPL_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "registration/hersys/hersys_pages.h"
#include "registration/hersys/hersys_store.h"
#include "registration/hersys/login_desk.h"
#include "registration/hersys/page_frame.h"
#include "registration/hersys/patient_forms.h"
#include "registration/service/form_data.h"
#include "registration/service/http_message.h"

namespace tekmatch {

// Who entered a contact: HersysStore's `origin`.
inline constexpr char kByCentre[] = "center";

// Digits alone, no sign, as the pages' own links have them.
std::optional<int64_t> NumberOf(absl::string_view text);

class HersysPages::Impl {
 public:
  struct Stores {
    std::unique_ptr<HersysStore> all;
    std::unique_ptr<HersysStore> list;
  };
  Impl(HersysPagesOptions options, Stores stores,
       std::unique_ptr<LoginDesk> desk, const Clock& clock, RequestLog* log);

  const Router& router() const { return router_; }
  void SetHost(absl::string_view host) {
    const std::lock_guard<std::mutex> lock(host_mutex_);
    host_ = std::string(host);
  }

 private:
  // A request of somebody who is logged in.
  struct Request {
    PageVisit visit;
    FormData fields;      // of the query (GET) or of the form (POST)
    int64_t patient = 0;  // in the path; 0: none, or no number
  };
  using Page = HttpResponse (Impl::*)(Request&);

  void AddRoutes();
  void Add(absl::string_view method, const std::string& path, Page page);
  HttpResponse Serve(const Route& route, Page page, const HttpRequest& request);
  bool IsOurs(const HttpRequest& request);
  absl::StatusOr<std::optional<PageVisit>> VisitOf(const HttpRequest& request);
  HttpResponse Fail(const absl::Status& status);
  HttpResponse NotThere(const PageVisit& visit);
  // The page, or the error's.
  HttpResponse Answer(const PageVisit& visit,
                      absl::StatusOr<HttpResponse> page);
  HttpResponse LogOut(Request& request);
  HttpResponse Home(Request& request);

  // list_pages.cc
  HttpResponse ListPatients(Request& request);
  HttpResponse ShowNew(Request& request);
  HttpResponse AddNew(Request& request);
  HttpResponse ShowImport(Request& request);
  HttpResponse TakeImport(Request& request);
  HttpResponse ShowAudit(Request& request);
  HttpResponse NewPage(const PageVisit& visit, absl::string_view uuid,
                       const PatientInput& input, int status);

  // patient_pages.cc
  HttpResponse ShowPatient(Request& request);
  HttpResponse SaveReport(Request& request);
  HttpResponse SaveContact(Request& request);
  HttpResponse IssueNumber(Request& request);
  HttpResponse ShowClose(Request& request);
  HttpResponse Close(Request& request);
  HttpResponse Reopen(Request& request);
  absl::StatusOr<Patient> FindPatient(const Request& request);
  // Why a tab comes back; all empty where it is asked for.
  struct Again {
    int status = 200;
    std::string words;
    // What the patient looked like to who typed it: another's change since then
    // has to stay a conflict when the form is sent again. Empty: as now.
    std::string seen;
  };
  HttpResponse ReportTab(const Request& request, const Patient& patient,
                         const PatientInput& input, const Again& again);
  HttpResponse ContactTab(const Request& request, const Patient& patient,
                          const PatientInput& input, const Again& again);
  absl::StatusOr<HttpResponse> NumberPage(const Request& request,
                                          const Again& again);

  const HersysPagesOptions options_;
  const Clock& clock_;
  RequestLog* const log_;
  Router router_;
  const std::unique_ptr<LoginDesk> desk_;
  std::mutex host_mutex_;
  std::string host_;

  std::mutex store_mutex_;
  const std::unique_ptr<HersysStore> store_;
  // By the operator and the uuid of the form 新規登録: the patient whom it
  // made. In memory: a double click comes within seconds.
  std::map<std::pair<int64_t, std::string>, int64_t> added_;
  std::deque<std::pair<int64_t, std::string>> added_order_;

  std::mutex list_mutex_;
  const std::unique_ptr<HersysStore> list_store_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_HERSYS_HERSYS_PAGES_IMPL_H_
