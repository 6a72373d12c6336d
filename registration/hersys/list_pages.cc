// Plan: what the lists say of states and deeds; the list of patients; adding
// one; adding many; the audit.
#include <algorithm>
#include <array>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "registration/hersys/hersys_pages_impl.h"
#include "registration/hersys/import_page.h"
#include "registration/service/uuid.h"
#include "registration/service/web_form.h"
#include "registration/service/web_page.h"

namespace tekmatch {
namespace {

constexpr size_t kPatientsAPage = 100;
constexpr int kMostOfAudit = 500;
// Forms 新規登録 whose patient is remembered, and what their uuids have.
constexpr size_t kMostAdded = 10'000;
constexpr size_t kUuidLength = 36;

// Names of the states of PatientSummary, with what the list says. Whose number
// was used is 登録済, so none is "redeemed".
constexpr std::array<std::pair<const char*, const char*>, 10> kStates = {{
    {"", "すべて"},
    {"incomplete", "入力中"},
    {"ready", "未発行"},
    {"queued", "送信待ち"},
    {"handed", "送信中"},
    {"delivered", "送信済"},
    {"failed", "失敗"},
    {"expired", "期限切れ"},
    {"registered", "登録済"},
    {"closed", "対象外"},
}};

constexpr std::array<std::pair<const char*, const char*>, 11> kDeeds = {{
    {"add", "患者の追加"},
    {"edit", "入力内容の変更"},
    {"edit_contact", "連絡先の変更"},
    {"report", "報告"},
    {"issue", "処理番号発行"},
    {"close", "対象外"},
    {"reopen", "対象外の取消し"},
    {"registered", "陽性登録の完了"},
    {"login", "ログイン"},
    {"operator_set", "利用者の設定"},
    {"operator_disabled", "利用者の停止"},
}};

std::string DeedLabel(const AuditEntry& entry) {
  absl::string_view what = entry.what;
  if (absl::ConsumePrefix(&what, kLoginFailed)) {
    return absl::StrCat("ログインの失敗（", what, "回）");
  }
  for (const auto& [name, label] : kDeeds) {
    if (what != name) continue;
    return entry.about.empty() ? label
                               : absl::StrCat(label, "（", entry.about, "）");
  }
  return entry.what;
}

}  // namespace

HttpResponse HersysPages::Impl::ListPatients(Request& request) {
  const PageVisit& visit = request.visit;
  const std::string wanted(request.fields.Get("state"));
  const int64_t number =
      std::max<int64_t>(1, NumberOf(request.fields.Get("page")).value_or(1));
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> links;
  int64_t to_skip = 0;
  bool more = false;
  absl::Status status;
  {
    const std::lock_guard<std::mutex> lock(list_mutex_);
    to_skip = std::min<int64_t>(number - 1, 1'000'000) *
              static_cast<int64_t>(kPatientsAPage);
    status = list_store_->VisitPatients(
        visit.who.centre, [&](const PatientSummary& patient) {
          if (!wanted.empty() && PatientStateName(patient) != wanted) {
            return true;
          }
          if (to_skip > 0) {
            --to_skip;
            return true;
          }
          if (rows.size() == kPatientsAPage) {
            more = true;
            return false;
          }
          rows.push_back(
              {patient.name.empty() ? "（氏名未入力）" : patient.name,
               std::string(PatientStateLabel(patient)),
               absl::StrCat(patient.id)});
          links.push_back(absl::StrCat("/patient/", patient.id));
          return true;
        });
  }
  if (!status.ok()) return Fail(status);

  WebPage page = BeginPage(visit, "患者一覧", "/patients");
  std::vector<WebLink> states;
  states.reserve(kStates.size());
  for (const auto& [name, label] : kStates) {
    states.push_back({*name == '\0' ? std::string("/patients")
                                    : absl::StrCat("/patients?state=", name),
                      label, wanted == name});
  }
  page.Links("状態による絞り込み", states);
  if (rows.empty()) {
    page.Paragraph("該当する患者はいません。");
  } else {
    const std::vector<std::string> header = {"氏名", "状態", "番号"};
    page.Table("担当保健所の患者（新しい順）", header, rows, links);
  }
  const auto path_of = [&wanted](int64_t n) {
    return absl::StrCat("/patients?page=", n,
                        wanted.empty() ? "" : "&state=", QueryValue(wanted));
  };
  if (number > 1) page.Link(path_of(number - 1), "前の100件");
  if (more) page.Link(path_of(number + 1), "次の100件");
  return EndPage(std::move(page), visit);
}

// -------------------------------------------------------------- a new one

HttpResponse HersysPages::Impl::NewPage(const PageVisit& visit,
                                        absl::string_view uuid,
                                        const PatientInput& input, int status) {
  WebPage page = BeginPage(visit, "新規登録", "/new");
  WebForm form("/new", visit.session.token);
  form.Hidden("uuid", uuid);
  form.Legend("発生届");
  AddReportFields(form, input, JapanDay(visit.now));
  form.Legend("連絡先・アプリ");
  AddContactFields(form, input, "");
  form.Paragraph("すべて後から入力できます。");
  form.Button("追加", "action", "save");
  page.Append(std::move(form).Finish());
  return EndPage(std::move(page), visit, status);
}

HttpResponse HersysPages::Impl::ShowNew(Request& request) {
  return NewPage(request.visit, NewUuid(), PatientInput(), 200);
}

HttpResponse HersysPages::Impl::AddNew(Request& request) {
  const PageVisit& visit = request.visit;
  const std::string uuid(request.fields.Get("uuid"));
  PatientInput input = InputOf(request.fields);
  PatientRecord record;
  // Both, so that all faults are told at once.
  const bool report = TakeReport(input, false, JapanDay(visit.now), record);
  if (!TakeContact(input, record) || !report) {
    return NewPage(visit, uuid, input, 422);
  }
  absl::StatusOr<int64_t> id = 0;
  {
    const std::lock_guard<std::mutex> lock(store_mutex_);
    // The second half of a double click ends where the first one does.
    const std::pair<int64_t, std::string> key(visit.who.id, uuid);
    const auto known = added_.find(key);
    if (known != added_.end()) {
      return SeeOther(absl::StrCat("/patient/", known->second));
    }
    id = store_->AddPatient(visit.who.centre, record, kByCentre, visit.now,
                            visit.who.id);
    if (id.ok() && uuid.size() == kUuidLength) {
      if (added_order_.size() == kMostAdded) {
        added_.erase(added_order_.front());
        added_order_.pop_front();
      }
      added_order_.push_back(key);
      added_[key] = *id;
    }
  }
  if (!id.ok()) return Fail(id.status());
  return SeeOther(absl::StrCat("/patient/", *id));
}

// --------------------------------------------------- the import, the audit

HttpResponse HersysPages::Impl::ShowImport(Request& request) {
  return ImportPage(request.visit, "", {},
                    NumberOf(request.fields.Get("taken")).value_or(0));
}

HttpResponse HersysPages::Impl::TakeImport(Request& request) {
  // Read before anybody has to wait for it.
  PatientFile file = ReadImport(request.visit, request.fields);
  absl::Status status;
  {
    const std::lock_guard<std::mutex> lock(store_mutex_);
    status = TakePatients(*store_, request.visit, file);
  }
  if (!status.ok()) return Fail(status);
  if (!file.faults.empty()) {
    return ImportPage(request.visit, request.fields.Get("rows"), file.faults,
                      0);
  }
  return SeeOther(absl::StrCat("/import?taken=", file.records.size()));
}

HttpResponse HersysPages::Impl::ShowAudit(Request& request) {
  const PageVisit& visit = request.visit;
  if (visit.who.role != OperatorRole::kAdmin) {
    WebPage page = BeginPage(visit, "権限がありません", "");
    page.Paragraph("監査の記録は管理者だけが見られます。");
    return EndPage(std::move(page), visit, 403);
  }
  absl::StatusOr<std::vector<AuditEntry>> entries;
  {
    const std::lock_guard<std::mutex> lock(store_mutex_);
    entries = store_->ListAudit(visit.who.centre, kMostOfAudit);
  }
  if (!entries.ok()) return Fail(entries.status());
  std::vector<std::vector<std::string>> rows;
  rows.reserve(entries->size());
  for (const AuditEntry& entry : *entries) {
    rows.push_back({JapanTime(entry.at),
                    entry.login.empty() ? "－" : entry.login, DeedLabel(entry),
                    entry.patient == 0 ? "－" : absl::StrCat(entry.patient)});
  }
  WebPage page = BeginPage(visit, "監査", "/audit");
  const std::vector<std::string> header = {"時刻", "利用者", "操作",
                                           "患者の番号"};
  page.Table("担当保健所の記録（日本時間、新しい順、500件まで）", header, rows);
  return EndPage(std::move(page), visit);
}

}  // namespace tekmatch
