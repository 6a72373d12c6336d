// Plan: faults of the form, field by field; refusals of the server.
#include "registration/phone/refusal_texts.h"

#include "absl/strings/str_cat.h"
#include "registration/phone/phone_pages.h"

namespace tekmatch {
namespace {

// Wrong numbers before the first wait (guess_budget.h).
constexpr int64_t kWrongBeforeWait = 3;

constexpr char kCannot[] = "登録できません";

}  // namespace

std::string SymptomsFaultText(SymptomsFault fault) {
  switch (fault) {
    case SymptomsFault::kNone:
      return "";
    case SymptomsFault::kMissing:
    case SymptomsFault::kUnknown:
      return "① 症状があるかないかを選んでください。";
  }
  return "";
}

std::string DateFaultText(DateFault fault, absl::CivilDay oldest) {
  switch (fault) {
    case DateFault::kNone:
      return "";
    case DateFault::kMissing:
      return "② 日付を入力してください。";
    case DateFault::kMalformed:
      return "② 日付は 2020-12-05 のように、年、月、日を入力してください。";
    case DateFault::kNotInCalendar:
      return "② 存在しない日付です。";
    case DateFault::kInFuture:
      return "② 明日以降の日付は入力できません。";
    case DateFault::kTooOld:
      return absl::StrCat("② ", JapaneseDate(oldest),
                          "より前の日付は入力できません（90日前まで）。");
  }
  return "";
}

std::string NumberFaultText(NumberFault fault) {
  switch (fault) {
    case NumberFault::kNone:
      return "";
    case NumberFault::kEmpty:
      return "③ 処理番号を入力してください。";
    case NumberFault::kNotUtf8:
    case NumberFault::kNotADigit:
      return "③ 処理番号に数字以外の文字が含まれています。";
    case NumberFault::kTooShort:
      return "③ 処理番号の桁が足りません。8桁です。";
    case NumberFault::kTooLong:
      return "③ 処理番号の桁が多すぎます。8桁です。";
  }
  return "";
}

RefusalText RefusalTextOf(const Refusal& refusal) {
  switch (refusal.kind) {
    case RefusalKind::kNumberRefused: {
      const int64_t left = kWrongBeforeWait - refusal.num_wrong;
      return {"処理番号を確認できませんでした",
              "番号が違うか、有効期限が過ぎているか、すでに使われています。",
              absl::StrCat(
                  "SMS・メールの番号をもう一度確かめて、"
                  "入力し直してください。有効期限が過ぎている場合は、"
                  "保健所に再発行を依頼してください。何度でも入力できます。",
                  left > 0 ? absl::StrCat("あと", left,
                                          "回誤ると、次の入力までお"
                                          "待ちいただきます。")
                           : "")};
    }
    case RefusalKind::kTooManyWrong:
      return {"しばらくお待ちください",
              "誤った番号が続いたため、受付を一時停止しています。"
              "処理番号は使われていません。",
              "お待ちいただいたあと、もう一度送信してください。"};
    case RefusalKind::kNothingToSend:
      return {kCannot,
              "入力した日付からは、送信できる日の鍵がありません。"
              "処理番号は使われていません。",
              "日付に誤りがないか確かめてください。誤りがなければ、"
              "登録の必要はありません。"};
    case RefusalKind::kNoAcceptableKey:
      return {kCannot,
              "この端末の鍵は、登録できる期間（過去14日間）にありません。"
              "処理番号は使われていません。",
              "端末の日付と時刻が正しいか確かめてください。"};
    case RefusalKind::kBadNumberFormat:
      return {"処理番号を確認できませんでした",
              "処理番号は8桁の数字です。処理番号は使われていません。",
              "入力し直してください。"};
    case RefusalKind::kBadRequest:
      return {kCannot,
              "アプリとサーバーの間に不具合があります。"
              "処理番号は使われていません。",
              "アプリを更新してから、もう一度お試しください。"};
    case RefusalKind::kUnavailable:
      return {"いま登録できません",
              "サーバーが混み合っているか、止まっています。"
              "処理番号は使われていません。",
              "しばらくしてから、もう一度送信してください。"
              "入力した内容は残っています。二重に登録されることはありません。"};
    case RefusalKind::kUnreachable:
      return {"送信の結果を確認できません",
              "サーバーから応答がありませんでした。登録が済んでいるかどうかは、"
              "わかりません。",
              "もう一度送信してください。届いていた場合も、"
              "二重に登録されることはありません。"};
    case RefusalKind::kNone:
      return {"登録", "登録できない理由はありません。", ""};
  }
  return {};
}

}  // namespace tekmatch
