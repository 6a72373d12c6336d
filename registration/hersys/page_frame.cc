// Plan: what stands around a page; pages of who is not logged in; times and
// days; the words for a contact that is none; new UUIDs.
#include "registration/hersys/page_frame.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "registration/service/web_form.h"

namespace tekmatch {
namespace {

constexpr char kSite[] = "感染者等情報把握・管理支援システム（リハーサル用）";

absl::TimeZone Japan() { return absl::FixedTimeZone(9 * 60 * 60); }

}  // namespace

WebPage BeginPage(const PageVisit& visit, absl::string_view title,
                  absl::string_view here, absl::string_view heading) {
  std::vector<WebLink> menu = {{"/patients", "患者一覧", here == "/patients"},
                               {"/new", "新規登録", here == "/new"},
                               {"/import", "CSV取込", here == "/import"}};
  if (visit.who.role == OperatorRole::kAdmin) {
    menu.push_back({"/audit", "監査", here == "/audit"});
  }
  WebPage page(kSite, title, menu, heading);
  const std::string minutes =
      absl::StrCat(absl::ToInt64Minutes(visit.queue.age), "分");
  if (visit.queue.alarm) {
    page.Alert(absl::StrCat(
        "警告：処理番号の送信が遅れています。最も古い送信待ち：", minutes,
        "。送信されるまで番号は作られないため、有効期限には影響しません。"));
  } else {
    page.Paragraph(absl::StrCat("最も古い送信待ち：", minutes));
  }
  return page;
}

HttpResponse EndPage(WebPage page, const PageVisit& visit, int status) {
  page.Subheading("担当");
  const std::vector<std::pair<std::string, std::string>> facts = {
      {"担当保健所", visit.who.centre_name},
      {"問合せ電話番号", visit.who.inquiry_phone},
      {"利用者", absl::StrCat(visit.who.login, "（",
                              OperatorRoleLabel(visit.who.role), "）")}};
  page.Facts(facts);
  WebForm form("/logout", visit.session.token);
  form.Button("ログアウト");
  page.Append(std::move(form).Finish());
  return std::move(page).Finish(status);
}

HttpResponse OutsidePage(int status, absl::string_view title,
                         absl::string_view words) {
  WebPage page(kSite, title);
  page.Alert(words);
  page.Link("/login", "ログイン画面へ");
  return std::move(page).Finish(status);
}

HttpResponse FailurePage() {
  HttpResponse response =
      OutsidePage(503, "一時的に利用できません",
                  "記録を読み書きできません。変更は保存されていません。"
                  "しばらくしてから、もう一度操作してください。");
  response.headers.emplace_back("Retry-After", "5");
  return response;
}

HttpResponse PageRefusal(int status) { return WebRefusal(kSite, status); }

HttpResponse LoginPage(int status, absl::string_view token,
                       absl::string_view login, absl::string_view fault) {
  WebPage page(kSite, "ログイン");
  WebForm form("/login", token);
  form.Text({.text = {.name = "login",
                      .label = "ログインID",
                      .hint = "",
                      .fault = std::string(fault)},
             .value = std::string(login),
             .autocomplete = "username",
             .input_mode = "",
             .min = "",
             .max = "",
             .max_length = 64,
             .autofocus = fault.empty()});
  form.Text({.text = {.name = "password",
                      .label = "パスワード",
                      .hint = "",
                      .fault = ""},
             .value = "",
             .type = "password",
             .autocomplete = "current-password",
             .input_mode = "",
             .min = "",
             .max = ""});
  form.Button("ログイン");
  page.Append(std::move(form).Finish());
  return std::move(page).Finish(status);
}

std::string JapanTime(std::optional<absl::Time> time) {
  return time.has_value()
             ? absl::FormatTime("%Y-%m-%d %H:%M:%S", *time, Japan())
             : "－";
}

absl::CivilDay JapanDay(absl::Time time) {
  return absl::ToCivilDay(time, Japan());
}

absl::string_view ContactFaultText(ContactFault fault) {
  switch (fault) {
    case ContactFault::kNone:
      return "";
    case ContactFault::kEmpty:
      return "連絡先を入力してください。";
    case ContactFault::kNotUtf8:
    case ContactFault::kControlCharacter:
      return "使用できない文字があります。";
    case ContactFault::kTooLong:
      return "連絡先が長すぎます。";
    case ContactFault::kNotATelephone:
      return "携帯電話番号かメールアドレスを入力してください。";
    case ContactFault::kForeign:
      return "国外の電話番号には送信できません。";
    case ContactFault::kLandline:
      return "固定電話にはSMSを送信できません。"
             "携帯電話番号（070・080・090）かメールアドレスを入力してください"
             "。";
    case ContactFault::kIpTelephone:
      return "IP電話（050）にはSMSを送信できません。"
             "携帯電話番号かメールアドレスを入力してください。";
    case ContactFault::kPager:
      return "020で始まる番号には送信できません。";
    case ContactFault::kTollFree:
      return "フリーダイヤルの番号には送信できません。";
    case ContactFault::kOtherNumber:
      return "この番号には送信できません。"
             "携帯電話番号かメールアドレスを入力してください。";
    case ContactFault::kTooFewDigits:
      return "携帯電話番号の桁数が足りません（11桁）。";
    case ContactFault::kTooManyDigits:
      return "携帯電話番号の桁数が多すぎます（11桁）。";
    case ContactFault::kSeveralAddresses:
      return "連絡先は1件だけ入力してください。";
    case ContactFault::kBadLocalPart:
      return "メールアドレスの@より前を確認してください。";
    case ContactFault::kBadDomain:
      return "メールアドレスの@より後を確認してください。";
  }
  return "連絡先を確認してください。";
}

}  // namespace tekmatch
