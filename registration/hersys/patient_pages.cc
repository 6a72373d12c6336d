// Plan: a patient's tabs, each shown and saved; the number; 対象外 and back.
// Fields are patient_forms.cc, the tab ID管理 number_tab.cc.
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "registration/hersys/hersys_pages_impl.h"
#include "registration/hersys/number_tab.h"
#include "registration/service/uuid.h"
#include "registration/service/web_form.h"
#include "registration/service/web_page.h"

namespace tekmatch {
namespace {

std::string PatientPath(int64_t patient, absl::string_view tab) {
  return absl::StrCat("/patient/", patient, "?tab=", tab);
}

WebPage PatientPage(const PageVisit& visit, const Patient& patient,
                    absl::string_view tab) {
  // Browsers keep titles: no name in them.
  WebPage page = BeginPage(visit, absl::StrCat("患者 ", patient.id), "",
                           patient.record.name.empty()
                               ? "患者（氏名未入力）"
                               : absl::StrCat("患者 ", patient.record.name));
  const std::vector<WebLink> tabs = {
      {PatientPath(patient.id, "report"), "発生届", tab == "report"},
      {PatientPath(patient.id, "contact"), "連絡先・アプリ", tab == "contact"},
      {PatientPath(patient.id, "number"), "ID管理", tab == "number"}};
  page.Links("患者の情報", tabs);
  return page;
}

constexpr char kChangedMeanwhile[] =
    "他の利用者が先に変更したため、保存していません。"
    "現在の内容を確認して、もう一度入力してください。";
constexpr char kIssuedMeanwhile[] =
    "他の利用者が先に発行したため、発行していません。"
    "現在の状況を確認してください。";

}  // namespace

absl::StatusOr<Patient> HersysPages::Impl::FindPatient(const Request& request) {
  const std::lock_guard<std::mutex> lock(store_mutex_);
  return store_->FindPatient(request.visit.who.centre, request.patient);
}

HttpResponse HersysPages::Impl::ShowPatient(Request& request) {
  const absl::string_view tab = request.fields.Get("tab");
  if (tab == "number") {
    return Answer(request.visit, NumberPage(request, {}));
  }
  const absl::StatusOr<Patient> patient = FindPatient(request);
  if (!patient.ok()) return Answer(request.visit, patient.status());
  const PatientInput input = InputOf(patient->record);
  return tab == "contact" ? ContactTab(request, *patient, input, {})
                          : ReportTab(request, *patient, input, {});
}

HttpResponse HersysPages::Impl::ReportTab(const Request& request,
                                          const Patient& patient,
                                          const PatientInput& input,
                                          const Again& again) {
  const PageVisit& visit = request.visit;
  WebPage page = PatientPage(visit, patient, "report");
  if (!again.words.empty()) page.Alert(again.words);
  page.Notice(patient.record.reported ? "報告済" : "未報告");
  WebForm form(absl::StrCat("/report/", patient.id), visit.session.token);
  form.Hidden("seen",
              again.seen.empty() ? ReportMark(patient.record) : again.seen);
  AddReportFields(form, input, JapanDay(visit.now));
  form.Button("保存", "action", "save");
  if (!patient.record.reported) form.Button("報告", "action", "report");
  page.Append(std::move(form).Finish());
  return EndPage(std::move(page), visit, again.status);
}

HttpResponse HersysPages::Impl::ContactTab(const Request& request,
                                           const Patient& patient,
                                           const PatientInput& input,
                                           const Again& again) {
  const PageVisit& visit = request.visit;
  WebPage page = PatientPage(visit, patient, "contact");
  if (!again.words.empty()) page.Alert(again.words);
  WebForm form(absl::StrCat("/contact/", patient.id), visit.session.token);
  form.Hidden("seen",
              again.seen.empty() ? ContactMark(patient.record) : again.seen);
  AddContactFields(form, input, patient.contact_origin);
  form.Paragraph(
      "連絡先を変更すると、前の連絡先へ送った処理番号は使えなくなります。");
  form.Button("保存", "action", "save");
  page.Append(std::move(form).Finish());
  return EndPage(std::move(page), visit, again.status);
}

HttpResponse HersysPages::Impl::SaveReport(Request& request) {
  const PageVisit& visit = request.visit;
  absl::StatusOr<Patient> patient = FindPatient(request);
  if (!patient.ok()) return Answer(visit, patient.status());
  PatientInput input = InputOf(request.fields);
  PatientRecord record = patient->record;
  if (!TakeReport(input, request.fields.Get("action") == "report",
                  JapanDay(visit.now), record)) {
    return ReportTab(request, *patient, input,
                     {.status = 422,
                      .words = "",
                      .seen = std::string(request.fields.Get("seen"))});
  }
  absl::Status status;
  {
    const std::lock_guard<std::mutex> lock(store_mutex_);
    status =
        store_->UpdateReport({.centre = visit.who.centre,
                              .patient = request.patient,
                              .by_operator = visit.who.id,
                              .seen = std::string(request.fields.Get("seen"))},
                             record, visit.now);
  }
  if (absl::IsAborted(status)) {
    patient = FindPatient(request);
    if (!patient.ok()) return Answer(visit, patient.status());
    return ReportTab(request, *patient, InputOf(patient->record),
                     {.status = 409, .words = kChangedMeanwhile, .seen = ""});
  }
  if (!status.ok()) return Answer(visit, status);
  return SeeOther(PatientPath(request.patient, "report"));
}

HttpResponse HersysPages::Impl::SaveContact(Request& request) {
  const PageVisit& visit = request.visit;
  absl::StatusOr<Patient> patient = FindPatient(request);
  if (!patient.ok()) return Answer(visit, patient.status());
  PatientInput input = InputOf(request.fields);
  PatientRecord record = patient->record;
  if (!TakeContact(input, record)) {
    return ContactTab(request, *patient, input,
                      {.status = 422,
                       .words = "",
                       .seen = std::string(request.fields.Get("seen"))});
  }
  absl::Status status;
  {
    const std::lock_guard<std::mutex> lock(store_mutex_);
    status =
        store_->UpdateContact({.centre = visit.who.centre,
                               .patient = request.patient,
                               .by_operator = visit.who.id,
                               .seen = std::string(request.fields.Get("seen"))},
                              record, kByCentre, visit.now);
  }
  if (absl::IsAborted(status)) {
    patient = FindPatient(request);
    if (!patient.ok()) return Answer(visit, patient.status());
    return ContactTab(request, *patient, InputOf(patient->record),
                      {.status = 409, .words = kChangedMeanwhile, .seen = ""});
  }
  if (!status.ok()) return Answer(visit, status);
  return SeeOther(PatientPath(request.patient, "contact"));
}

// -------------------------------------------------------------- the number

absl::StatusOr<HttpResponse> HersysPages::Impl::NumberPage(
    const Request& request, const Again& again) {
  const PageVisit& visit = request.visit;
  NumberTab tab;
  {
    const std::lock_guard<std::mutex> lock(store_mutex_);
    TEKMATCH_ASSIGN_OR_RETURN(
        tab.patient, store_->FindPatient(visit.who.centre, request.patient));
    TEKMATCH_ASSIGN_OR_RETURN(
        tab.issues, store_->IssuesOf(visit.who.centre, request.patient));
    TEKMATCH_ASSIGN_OR_RETURN(
        tab.decision,
        store_->Judge(visit.who.centre, request.patient, visit.now));
  }
  tab.life = options_.life;
  tab.uuid = NewUuid();
  WebPage page = PatientPage(visit, tab.patient, "number");
  if (!again.words.empty()) page.Alert(again.words);
  AddNumberTab(page, visit, tab);
  return EndPage(std::move(page), visit, again.status);
}

HttpResponse HersysPages::Impl::IssueNumber(Request& request) {
  const PageVisit& visit = request.visit;
  absl::StatusOr<IssueDecision> decision = IssueDecision();
  {
    const std::lock_guard<std::mutex> lock(store_mutex_);
    decision =
        store_->QueueIssue({.uuid = std::string(request.fields.Get("uuid")),
                            .centre = visit.who.centre,
                            .patient = request.patient,
                            .by_operator = visit.who.id,
                            .num_seen = NumberOf(request.fields.Get("seen"))},
                           visit.now);
  }
  if (absl::IsInvalidArgument(decision.status())) {
    return OutsidePage(400, "操作できません", "送信内容を読み取れません。");
  }
  if (absl::IsAborted(decision.status())) {
    return Answer(visit, NumberPage(request, {.status = 409,
                                              .words = kIssuedMeanwhile,
                                              .seen = ""}));
  }
  // The second half of a double click ends where the first one does.
  if (!decision.ok() && !absl::IsAlreadyExists(decision.status())) {
    return Answer(visit, decision.status());
  }
  if (decision.ok() && decision->verdict != IssueVerdict::kMayIssue) {
    std::string words = "発行していません。";
    for (const std::string& reason : ReasonsAgainst(*decision)) {
      absl::StrAppend(&words, "\n", reason);
    }
    return Answer(visit, NumberPage(request, {.status = 422,
                                              .words = std::move(words),
                                              .seen = ""}));
  }
  return SeeOther(PatientPath(request.patient, "number"));
}

HttpResponse HersysPages::Impl::ShowClose(Request& request) {
  const absl::StatusOr<Patient> patient = FindPatient(request);
  if (!patient.ok()) return Answer(request.visit, patient.status());
  if (patient->closed || patient->registered_at.has_value()) {
    return SeeOther(PatientPath(request.patient, "number"));
  }
  WebPage page = PatientPage(request.visit, *patient, "");
  page.Subheading("対象外としますか");
  AddCloseForm(page, request.visit, *patient);
  return EndPage(std::move(page), request.visit);
}

HttpResponse HersysPages::Impl::Reopen(Request& request) {
  const PageVisit& visit = request.visit;
  absl::Status status;
  {
    const std::lock_guard<std::mutex> lock(store_mutex_);
    status = store_->ReopenPatient(visit.who.centre, request.patient,
                                   visit.who.id, visit.now);
  }
  if (!status.ok()) return Answer(visit, status);
  return SeeOther(PatientPath(request.patient, "number"));
}

HttpResponse HersysPages::Impl::Close(Request& request) {
  const PageVisit& visit = request.visit;
  absl::Status status;
  {
    const std::lock_guard<std::mutex> lock(store_mutex_);
    status = store_->ClosePatient(visit.who.centre, request.patient,
                                  visit.who.id, visit.now);
  }
  if (!status.ok()) return Answer(visit, status);
  return SeeOther(PatientPath(request.patient, "number"));
}

}  // namespace tekmatch
