// Plan: what all pages have; home; consent; the form with its faults; preview
// and end; contacts; menu. The texts of refusals are in refusal_texts.cc.
#include "registration/phone/phone_pages.h"

#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "registration/phone/refusal_texts.h"
#include "registration/service/web_form.h"

namespace tekmatch {
namespace {

constexpr absl::string_view kSite = "接触確認（リハーサル）";

bool IsIsoDate(absl::string_view text) {
  absl::CivilDay day;
  return text.size() == 10 && absl::ParseCivilTime(text, &day);
}

// The symbols of the page are the paper's: ① ② ③.
constexpr absl::string_view kSymptomsLabel =
    "① 発熱や咳などの症状はありますか（ありましたか）";
constexpr absl::string_view kDateLabel =
    "② 症状が始まった最初の日（症状がない場合は、検査を受けた日）";
constexpr absl::string_view kWhatIsSent =
    "送信するのは、感染させる可能性のある期間の日次鍵"
    "（端末が毎日作る乱数）と、処理番号だけです。";
constexpr absl::string_view kWhatStays =
    "症状の有無と入力した日付は、この端末の中で期間を決めるためだけに使い、"
    "送信しません。登録が終わると消えます。";
constexpr absl::string_view kNumberLabel = "③ 処理番号（8桁の数字）";

// A telephone number as a link that a telephone dials.
void AddTelephone(WebPage& page, absl::string_view whose,
                  absl::string_view number) {
  std::string digits;
  for (const char c : number) {
    if (absl::ascii_isdigit(static_cast<unsigned char>(c)) ||
        (c == '+' && digits.empty())) {
      digits += c;
    }
  }
  const std::string text = absl::StrCat(whose, "：", number);
  if (digits.empty()) {
    page.Paragraph(text);
  } else {
    page.Link(absl::StrCat("tel:", digits), text);
  }
}

}  // namespace

HttpResponse PhoneRefusal(int status) {
  const auto [title, text] = [status]() -> std::pair<const char*, const char*> {
    switch (status) {
      case 403:
        return {"開けません", "この画面は、ほかのページからは開けません。"};
      case 404:
      case 405:
        return {"ページがありません",
                "このアドレスには画面がありません。"
                "ホームからもう一度お進みください。"};
      case 411:
      case 413:
        return {"送信できません", "送信された内容を受け取れません。"};
      case 503:
        return {"混み合っています",
                "しばらくしてから、もう一度お試しください。"};
      default:
        return {"表示できません",
                "アプリに不具合があります。もう一度お試しください。"};
    }
  }();
  WebPage page(kSite, title);
  page.Alert(text);
  HttpResponse response = std::move(page).Finish(status);
  if (status == 503) response.headers.emplace_back("Retry-After", "5");
  return response;
}

std::string JapaneseDate(absl::CivilDay day) {
  return absl::StrFormat("%d年%d月%d日", day.year(), day.month(), day.day());
}

std::string PhonePages::Path(absl::string_view path) const {
  return absl::StrCat(prefix_, path);
}

WebPage PhonePages::NewPage(absl::string_view title,
                            absl::string_view path) const {
  std::vector<WebLink> links;
  for (const auto& [link, text] :
       {std::pair<absl::string_view, absl::string_view>{"/", "ホーム"},
        {"/contacts", "過去14日間の接触"},
        {"/menu", "メニュー"}}) {
    links.push_back({.path = Path(link),
                     .text = std::string(text),
                     .is_here = link == path});
  }
  return WebPage(kSite, title, links);
}

void PhonePages::AddWhomToCall(WebPage& page) const {
  page.Subheading("お問い合わせ");
  page.Paragraph(
      "処理番号のSMS・メールに書かれた電話番号（保健所）へお問い"
      "合わせください。");
  if (!settings_.inquiry_phone.empty()) {
    AddTelephone(page, "電話", settings_.inquiry_phone);
  }
}

HttpResponse PhonePages::Message(int status, absl::string_view title,
                                 absl::string_view text) const {
  WebPage page = NewPage(title, "");
  page.Alert(text);
  page.Link(Path("/"), "ホームへ");
  return std::move(page).Finish(status);
}

// -------------------------------------------------------------------- home

HttpResponse PhonePages::Home(const PhoneView& view,
                              absl::string_view remark) const {
  WebPage page = NewPage("ホーム", "/");
  if (remark == "cancelled") {
    page.Notice("登録をやめました。処理番号は使われていません。");
  } else if (remark == "unclear") {
    page.Notice(
        "登録をやめました。前回の送信がサーバーに届いていた場合は、"
        "登録が済んでいることがあります。");
  }
  const bool on = view.settings.notification_on;
  page.Subheading("接触通知");
  page.Paragraph(on ? "接触通知はオンです。"
                    : "接触通知はオフです。接触の確認も登録もできません。");
  WebForm form(Path("/notification"), token_);
  form.Hidden("on", on ? "no" : "yes");
  form.Button(on ? "接触通知をオフにする" : "接触通知をオンにする");
  page.Append(std::move(form).Finish());
  page.Subheading("過去14日間の接触");
  page.Link(Path("/contacts"), "接触を確認する");
  page.Subheading("陽性情報の登録");
  if (view.settings.registered_on.has_value()) {
    page.Notice(
        absl::StrCat("登録済み：", JapaneseDate(*view.settings.registered_on)));
  }
  if (view.gate == Gate::kRegistered) {
    page.Link(Path("/done"), "登録の内容");
  } else {
    if (view.has_attempt) {
      page.Alert(
          "前回の送信の結果を確認できていません。もう一度登録に進み、"
          "処理番号を入力してください。二重に登録されることはありません。");
    }
    page.Paragraph("陽性と診断され、処理番号を受け取った方");
    page.Link(Path(view.settings.consented ? "/register" : "/consent"),
              "陽性情報の登録に進む");
  }
  return std::move(page).Finish();
}

// ----------------------------------------------------------------- consent

HttpResponse PhonePages::NotificationOff(int status) const {
  WebPage page = NewPage("陽性情報の登録", "");
  page.Alert(
      "接触通知がオフです。登録するには、"
      "はじめに接触通知をオンにしてください。");
  WebForm form(Path("/notification"), token_);
  form.Hidden("on", "yes");
  form.Hidden("next", "consent");
  form.Button("接触通知をオンにする");
  page.Append(std::move(form).Finish());
  page.Link(Path("/"), "ホームへ");
  return std::move(page).Finish(status);
}

HttpResponse PhonePages::Consent(const PhoneView& view, int status) const {
  WebPage page = NewPage("陽性情報の登録への同意", "");
  page.Paragraph(
      "登録は任意です。同意いただくと、あなたと接触した可能性のある方に、"
      "名前や連絡先を知らせることなく通知が届きます。");
  const std::vector<std::string> items = {
      std::string(kWhatIsSent), std::string(kWhatStays),
      "名前、電話番号、場所は、送信も記録もしません。",
      "通知を受けた方には、接触した日と件数だけが表示されます。",
      "「送信」を押すまでは、いつでもやめられます。"};
  page.List(items);
  if (status != 200) {
    page.Alert("「同意する」か「同意しない」を選んでください。");
  }
  if (!view.typed.number.empty()) {
    page.Paragraph("処理番号は、同意のあとの画面に入力されています。");
  }
  WebForm form(Path("/consent"), token_);
  form.Button("同意する", "agree", "yes");
  form.Button("同意しない", "agree", "no");
  page.Append(std::move(form).Finish());
  return std::move(page).Finish(status);
}

HttpResponse PhonePages::NoKeyOfEarlierDay() const {
  WebPage page = NewPage("登録できる情報がありません", "");
  page.Alert(
      "この端末には、昨日までの記録がありません。"
      "診断のあとにアプリを入れた場合は、登録も、"
      "過去の接触の通知もできません。処理番号は使われていません。");
  page.Paragraph("処理番号の入力は必要ありません。");
  WebForm form(Path("/confirm"), token_);
  form.Button("登録をやめる", "action", "cancel");
  page.Append(std::move(form).Finish());
  AddWhomToCall(page);
  return std::move(page).Finish();
}

// -------------------------------------------------------------------- form

HttpResponse PhonePages::Form(const PhoneView& view,
                              const SubmittedForm* submitted) const {
  const RegistrationFormFaults faults =
      submitted == nullptr ? RegistrationFormFaults() : submitted->faults;
  WebPage page = NewPage("陽性情報の登録", "");
  if (view.wait > absl::ZeroDuration()) {
    page.Alert(absl::StrCat("あと", absl::ToInt64Seconds(view.wait),
                            "秒お待ちください。入力した内容は残っています。"));
  }
  WebForm form(Path("/register"), token_);
  if (view.has_attempt) {
    form.Paragraph(
        "前回の送信の結果を確認できていません。"
        "処理番号をもう一度入力してください。前回と同じ内容を送信し、"
        "二重に登録されることはありません。");
  } else {
    form.Choose(
        {.text = {.name = "symptoms",
                  .label = std::string(kSymptomsLabel),
                  .hint = "",
                  .fault = SymptomsFaultText(faults.symptoms)},
         .choices = {{"yes", "症状がある（あった）"}, {"no", "症状がない"}},
         .chosen = view.typed.symptoms});
    const bool is_date = view.typed.date.empty() || IsIsoDate(view.typed.date);
    form.Text(
        {.text = {.name = "date",
                  .label = std::string(kDateLabel),
                  .hint = absl::StrCat(JapaneseDate(view.oldest_date),
                                       "から今日までの日付（90日前まで）"),
                  .fault = DateFaultText(faults.date, view.oldest_date)},
         .value = view.typed.date,
         // A browser shows no text in a field of a date that is none.
         .type = is_date ? "date" : "text",
         .autocomplete = "off",
         .min = is_date ? absl::FormatCivilTime(view.oldest_date) : "",
         .max = is_date ? absl::FormatCivilTime(view.latest_date) : ""});
  }
  form.Text({.text = {.name = "number",
                      .label = std::string(kNumberLabel),
                      .hint = "SMS・メールで届いた番号。全角でも入力できます。",
                      .fault = NumberFaultText(faults.number)},
             .value = view.typed.number,
             .autocomplete = "one-time-code",
             .input_mode = "numeric"});
  form.Button("確認に進む");
  page.Append(std::move(form).Finish());
  WebForm cancel(Path("/confirm"), token_);
  cancel.Button("登録をやめる", "action", "cancel");
  page.Append(std::move(cancel).Finish());
  return std::move(page).Finish(submitted == nullptr ? 200 : 422);
}

// -------------------------------------------------------- preview and end

HttpResponse PhonePages::Confirm(const PhoneView& view) const {
  WebPage page = NewPage("送信の確認", "");
  const Preview preview = view.preview.value_or(Preview());
  page.Notice(absl::StrCat(preview.num_days, "日分の鍵を送信します。"));
  const std::vector<std::pair<std::string, std::string>> facts = {
      {"送信するもの", absl::StrCat("鍵 ", preview.num_keys, "個、処理番号")},
      {"送信しないもの", "症状の有無、日付、名前、連絡先、場所"}};
  page.Facts(facts);
  if (view.wait > absl::ZeroDuration()) {
    page.Alert(absl::StrCat("あと", absl::ToInt64Seconds(view.wait),
                            "秒お待ちください。入力した内容は残っています。"));
  }
  WebForm form(Path("/confirm"), token_);
  form.Hidden("preview", preview.id);
  form.Button("送信", "action", "send");
  form.Button("やめる", "action", "cancel");
  page.Append(std::move(form).Finish());
  page.Link(Path("/register"), "入力に戻る");
  return std::move(page).Finish();
}

HttpResponse PhonePages::Sending() const {
  WebPage page = NewPage("送信しています", "");
  page.Notice("サーバーの応答を待っています。この画面は自動で切り替わります。");
  page.Link(Path("/sending"), "結果を確認する");
  HttpResponse response = std::move(page).Finish();
  response.headers.emplace_back("Refresh", "2");
  return response;
}

HttpResponse PhonePages::Offer() const {
  WebPage page = NewPage("リンクの処理番号", "");
  page.Alert(
      "開いたリンクに、入力済みの番号とは別の処理番号があります。"
      "SMS・メールのリンクをご自身で開いた場合だけ、入れ替えてください。");
  WebForm form(Path("/link"), token_);
  form.Button("リンクの番号に入れ替える", "use", "yes");
  form.Button("入力済みの番号を使う", "use", "no");
  page.Append(std::move(form).Finish());
  return std::move(page).Finish();
}

HttpResponse PhonePages::Done(const PhoneView& view) const {
  WebPage page = NewPage("登録が完了しました", "");
  const std::vector<std::pair<std::string, std::string>> facts = {
      {"登録日",
       JapaneseDate(view.settings.registered_on.value_or(absl::CivilDay()))},
      {"送信した鍵", absl::StrCat(view.settings.num_keys_sent, "個")}};
  page.Facts(facts);
  return std::move(page).Finish();
}

HttpResponse PhonePages::Refused(const PhoneView& view) const {
  const RefusalText text = RefusalTextOf(view.refusal);
  WebPage page = NewPage(text.title, "");
  page.Alert(text.what);
  if (view.wait > absl::ZeroDuration()) {
    page.Notice(absl::StrCat("次の入力まで、あと",
                             absl::ToInt64Seconds(view.wait),
                             "秒お待ちください。"));
  }
  page.Paragraph(text.what_to_do);
  if (view.preview.has_value()) {
    WebForm form(Path("/confirm"), token_);
    form.Hidden("preview", view.preview->id);
    form.Button("もう一度送信する", "action", "send");
    form.Button("やめる", "action", "cancel");
    page.Append(std::move(form).Finish());
  } else {
    page.Link(Path("/register"), "入力に戻る（入力した内容は残っています）");
    WebForm form(Path("/confirm"), token_);
    form.Button("登録をやめる", "action", "cancel");
    page.Append(std::move(form).Finish());
  }
  AddWhomToCall(page);
  const std::vector<std::pair<std::string, std::string>> facts = {
      {"理由の名前", std::string(RefusalName(view.refusal.kind))}};
  page.Facts(facts);
  return std::move(page).Finish();
}

// ---------------------------------------------------------------- contacts

HttpResponse PhonePages::Contacts(const StoredFindings& findings,
                                  bool notification_on) const {
  WebPage page = NewPage("過去14日間の接触", "/contacts");
  const std::string as_of =
      findings.checked_on.has_value()
          ? absl::StrCat(JapaneseDate(*findings.checked_on), "現在、")
          : "";
  if (!notification_on) {
    page.Alert("接触通知がオフです。オンにすると接触を確認できます。");
  }
  switch (findings.state) {
    case CheckState::kNever:
      page.Notice("まだ確認していません。「今すぐ確認する」を押してください。");
      break;
    case CheckState::kComplete:
      if (findings.days.empty()) {
        page.Notice(
            absl::StrCat(as_of, "陽性登録者との接触は確認されませんでした。"));
      }
      break;
    case CheckState::kNothingCompared:
      page.Notice(
          "比べられる記録がまだありません。接触がなかったとは言えません。");
      break;
    case CheckState::kIncomplete:
      page.Alert(
          "公開された情報の一部を確認できませんでした。"
          "接触がなかったとは言えません。時間をおいて、"
          "もう一度確認してください。");
      break;
    case CheckState::kUnreachable:
      page.Alert(
          "公開された情報を取得できませんでした。"
          "接触がなかったとは言えません。時間をおいて、"
          "もう一度確認してください。");
      break;
  }
  if (!findings.days.empty()) {
    uint64_t total = 0;
    std::vector<std::vector<std::string>> rows;
    rows.reserve(findings.days.size());
    for (const DateCount& day : findings.days) {
      total += day.num_keys;
      rows.push_back(
          {JapaneseDate(day.date), absl::StrCat(day.num_keys, "件")});
    }
    page.Alert(absl::StrCat(as_of,
                            "陽性登録者との接触の可能性があります。接触件数：",
                            total, "件"));
    const std::vector<std::string> header = {"接触した日", "件数"};
    page.Table("接触のあった日", header, rows);
    page.Subheading("今後の対応");
    page.Paragraph(
        "体調の変化に注意し、人との接触を控えてください。"
        "相談先にご連絡ください。");
  }
  page.Subheading("相談先");
  page.Paragraph(settings_.consultation.empty()
                     ? "お住まいの地域の受診・相談センター"
                     : settings_.consultation);
  WebForm form(Path("/fetch"), token_);
  form.Button("今すぐ確認する");
  page.Append(std::move(form).Finish());
  return std::move(page).Finish();
}

// -------------------------------------------------------------------- menu

HttpResponse PhonePages::Menu() const {
  WebPage page = NewPage("メニュー", "/menu");
  page.Subheading("お問い合わせ");
  if (!settings_.faq_url.empty()) {
    page.Link(settings_.faq_url, "よくある質問");
  }
  if (!settings_.mail.empty()) {
    page.Link(absl::StrCat("mailto:", settings_.mail),
              absl::StrCat("メールで問い合わせる：", settings_.mail));
  }
  if (!settings_.ministry_url.empty()) {
    page.Link(settings_.ministry_url, "厚生労働省のページ");
  }
  if (!settings_.call_centre.empty()) {
    AddTelephone(page, "コールセンター", settings_.call_centre);
  }
  page.Paragraph(
      "処理番号については、SMS・メールに書かれた電話番号（保健所）へお問い"
      "合わせください。");
  if (!settings_.inquiry_phone.empty()) {
    AddTelephone(page, "保健所", settings_.inquiry_phone);
  }
  return std::move(page).Finish();
}

}  // namespace tekmatch
