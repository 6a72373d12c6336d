// Plan: the parts of the tab, in their order on the page: the button, the
// issues, what to ask, closing; at the end, the reasons against an issue.
#include "registration/hersys/number_tab.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "registration/rules/notice_text.h"
#include "registration/service/web_form.h"

namespace tekmatch {
namespace {

void AddIssues(WebPage& page, const NumberTab& tab) {
  page.Subheading("発行の状況");
  if (tab.issues.empty()) {
    page.Paragraph("まだ発行していません。");
    return;
  }
  const std::vector<std::string> header = {"発行",     "状態",     "理由",
                                           "引き渡し", "有効期限", "送信回数"};
  std::vector<std::vector<std::string>> rows;
  rows.reserve(tab.issues.size());
  for (const Issue& issue : tab.issues) {
    rows.push_back({JapanTime(issue.queued),
                    std::string(IssueStateLabel(issue.state)),
                    std::string(FailureReasonLabel(issue.failure)),
                    JapanTime(issue.handed), JapanTime(issue.expires),
                    absl::StrCat(issue.tries)});
  }
  page.Table("処理番号の発行（日本時間）。番号そのものは表示されません。",
             header, rows);
}

void AddButton(WebPage& page, const PageVisit& visit, const NumberTab& tab) {
  const bool again = !tab.issues.empty();
  const char* const label = again ? "再発行" : "処理番号発行";
  WebForm form(absl::StrCat("/issue/", tab.patient.id), visit.session.token);
  form.Hidden("uuid", tab.uuid);
  form.Hidden("seen", absl::StrCat(tab.issues.size()));
  const std::vector<std::string> reasons = ReasonsAgainst(tab.decision);
  if (!reasons.empty()) {
    form.DisabledButton(label, reasons);
  } else {
    form.Paragraph(absl::StrCat(
        "押すと、本人の連絡先へ処理番号がSMS又はメールで直接送られます。",
        "有効期間は", LifeInWords(tab.life.life),
        "です。保健所から番号を伝える必要はありません。"));
    form.Button(label);
  }
  page.Append(std::move(form).Finish());
}

// What a person who calls is asked (rows 17, 18).
void AddChecklist(WebPage& page, const PageVisit& visit, const NumberTab& tab) {
  page.Subheading("登録できないという問合せがあったとき");
  std::vector<std::string> items = {
      "処理番号を半角の数字8桁で入力したか。",
      absl::StrCat("送付から", LifeInWords(tab.life.life),
                   "以内に入力したか。"),
  };
  if (!tab.issues.empty()) {
    const Issue& last = tab.issues.front();
    items.push_back(absl::StrCat("最後の発行：", JapanTime(last.queued),
                                 "、状態：",
                                 std::string(IssueStateLabel(last.state)),
                                 "、有効期限：", JapanTime(last.expires)));
  }
  items.push_back("期限が切れた、又は失敗したときは、再発行する。");
  items.push_back(
      absl::StrCat("本人に伝えてある問合せ先：", visit.who.inquiry_phone));
  page.List(items);
}

void AddClosing(WebPage& page, const PageVisit& visit, const NumberTab& tab) {
  if (tab.patient.registered_at.has_value()) return;
  if (!tab.patient.closed) {
    page.Subheading("対象外とする");
    page.Paragraph(
        "陽性と診断された後にアプリを入れた場合など、"
        "送る記録がないときは、登録の対象外です。");
    page.Link(absl::StrCat("/close/", tab.patient.id),
              "対象外とする（確認へ）");
    return;
  }
  page.Subheading("対象外を取り消す");
  WebForm form(absl::StrCat("/reopen/", tab.patient.id), visit.session.token);
  form.Paragraph("取り消すと、処理番号を再び発行できます。");
  form.Button("対象外を取り消す");
  page.Append(std::move(form).Finish());
}

}  // namespace

void AddCloseForm(WebPage& page, const PageVisit& visit,
                  const Patient& patient) {
  page.Paragraph(
      "対象外とすると、処理番号は発行できなくなり、"
      "送信を待っている処理番号は送られません。");
  WebForm form(absl::StrCat("/close/", patient.id), visit.session.token);
  form.Button("対象外");
  page.Append(std::move(form).Finish());
  page.Link(absl::StrCat("/patient/", patient.id, "?tab=number"),
            "対象外とせずに戻る");
}

std::vector<std::string> ReasonsAgainst(const IssueDecision& decision) {
  std::vector<std::string> reasons;
  switch (decision.verdict) {
    case IssueVerdict::kMayIssue:
      break;
    case IssueVerdict::kRegistered:
      reasons.emplace_back("登録済みのため再発行できません");
      break;
    case IssueVerdict::kClosed:
      reasons.emplace_back("対象外のため発行できません");
      break;
    case IssueVerdict::kSomethingMissing:
      reasons.reserve(decision.missing.size());
      for (const MissingItem item : decision.missing) {
        reasons.push_back(
            absl::StrCat("不足：", std::string(MissingItemLabel(item))));
      }
      break;
    case IssueVerdict::kTooManyToday:
      reasons.push_back(absl::StrCat("発行は1日", kMostIssuesADay,
                                     "回までです。明日発行してください"));
      break;
    case IssueVerdict::kTooManyLive:
      reasons.push_back(
          absl::StrCat("送信待ち又は有効な番号が", kMostLiveNumbers,
                       "件あります。期限が切れてから再発行してください"));
      break;
  }
  return reasons;
}

void AddNumberTab(WebPage& page, const PageVisit& visit, const NumberTab& tab) {
  if (tab.patient.registered_at.has_value()) {
    page.Notice(
        absl::StrCat("登録済（", JapanTime(tab.patient.registered_at), "）"));
  } else if (tab.patient.closed) {
    page.Notice("対象外");
  }
  AddButton(page, visit, tab);
  AddIssues(page, tab);
  AddChecklist(page, visit, tab);
  AddClosing(page, visit, tab);
}

}  // namespace tekmatch
