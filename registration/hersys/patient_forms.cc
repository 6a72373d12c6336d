// Plan: a record or a form to an input; the checks, field by field, in the
// order of the page; the fields as HTML.
#include "registration/hersys/patient_forms.h"

#include <array>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "keyformat/printable.h"
#include "registration/hersys/page_frame.h"
#include "registration/rules/code_points.h"
#include "registration/rules/contact_address.h"

namespace tekmatch {
namespace {

constexpr size_t kMostOfFacility = 100;  // characters
constexpr size_t kMostOfName = 60;
constexpr absl::CivilDay kFirstDay(2020, 1, 1);

std::string AnswerText(Answer answer) {
  switch (answer) {
    case Answer::kYes:
      return "yes";
    case Answer::kNo:
      return "no";
    default:
      return "";
  }
}

size_t NumCharacters(absl::string_view text) {
  size_t n = 0;
  while (!text.empty() && TakeCodePoint(text).has_value()) ++n;
  return n;
}

// Without spaces at the ends; empty where there is nothing else.
std::string Trimmed(absl::string_view text) {
  std::u32string characters;
  while (!text.empty()) {
    const std::optional<char32_t> c = TakeCodePoint(text);
    if (!c.has_value()) break;  // FormData let UTF-8 in only
    characters.push_back(*c);
  }
  while (!characters.empty() && IsSpaceToDrop(characters.back())) {
    characters.pop_back();
  }
  size_t begin = 0;
  while (begin < characters.size() && IsSpaceToDrop(characters[begin])) ++begin;
  std::string trimmed;
  for (size_t i = begin; i < characters.size(); ++i) {
    AppendUtf8(characters[i], trimmed);
  }
  return trimmed;
}

// A text of any kind. What a page cannot show as it is, is refused: it would
// come back from the page as another text.
void CheckText(PatientInput& input, const char* field, std::string& text,
               size_t most) {
  text = Trimmed(text);
  if (Printable(text) != text) {
    input.faults[field] = "使用できない文字があります。";
  } else if (NumCharacters(text) > most) {
    input.faults[field] = absl::StrCat(most, "文字以内で入力してください。");
  }
}

FieldText TextOf(const PatientInput& input, const char* name, const char* label,
                 const char* hint = "") {
  const auto fault = input.faults.find(name);
  return {.name = name,
          .label = label,
          .hint = hint,
          .fault = fault == input.faults.end() ? "" : fault->second};
}

TextField FieldOf(FieldText text, std::string value, int max_length) {
  TextField field;
  field.text = std::move(text);
  field.value = std::move(value);
  field.autocomplete = "off";  // it is another person's each time
  field.max_length = max_length;
  return field;
}

}  // namespace

// ------------------------------------------------------------------- inputs

PatientInput InputOf(const PatientRecord& record) {
  PatientInput input;
  input.facility = record.outpatient_facility;
  input.positive = record.test_positive;
  input.confirmed = record.confirmed_case;
  if (record.diagnosed_on.has_value()) {
    input.diagnosed_on = absl::FormatCivilTime(*record.diagnosed_on);
  }
  input.name = record.name;
  input.kana = record.kana;
  input.contact = record.contact;
  input.app = AnswerText(record.app_in_use);
  input.wants = AnswerText(record.wants_to_register);
  input.consent = record.consented;
  return input;
}

PatientInput InputOf(const FormData& form) {
  const auto text = [&form](const char* name) {
    return std::string(form.Get(name));
  };
  PatientInput input;
  input.facility = text("facility");
  input.positive = form.Get("positive") == "yes";
  input.confirmed = form.Get("confirmed") == "yes";
  input.diagnosed_on = text("diagnosed_on");
  input.name = text("name");
  input.kana = text("kana");
  input.contact = text("contact");
  input.app = text("app");
  input.wants = text("wants");
  input.consent = form.Get("consent") == "yes";
  return input;
}

std::optional<Answer> AnswerOf(absl::string_view text) {
  if (text == "yes" || text == "有") return Answer::kYes;
  if (text == "no" || text == "無") return Answer::kNo;
  if (text.empty() || text == "unknown" || text == "未確認") {
    return Answer::kUnknown;
  }
  return std::nullopt;
}

// ------------------------------------------------------------------- checks

bool TakeReport(PatientInput& input, bool complete, absl::CivilDay today,
                PatientRecord& record) {
  CheckText(input, "facility", input.facility, kMostOfFacility);
  std::optional<absl::CivilDay> day;
  if (!input.diagnosed_on.empty()) {
    absl::CivilDay parsed;
    if (!absl::ParseCivilTime(input.diagnosed_on, &parsed)) {
      input.faults["diagnosed_on"] = "日付を2020-12-09の形で入力してください。";
    } else if (parsed > today) {
      input.faults["diagnosed_on"] = "今日までの日付を入力してください。";
    } else if (parsed < kFirstDay) {
      input.faults["diagnosed_on"] = "2020-01-01以降の日付を入力してください。";
    } else {
      day = parsed;
    }
  }
  if (complete) {
    if (input.facility.empty()) {
      input.faults["facility"] = "報告には①外来機関の入力が必要です。";
    }
    if (!input.positive) {
      input.faults["positive"] = "報告には②検査が陽性である旨が必要です。";
    }
    if (!input.confirmed) {
      input.faults["confirmed"] = "報告には③患者（確定例）である旨が必要です。";
    }
    if (input.diagnosed_on.empty()) {
      input.faults["diagnosed_on"] = "報告には④診断年月日の入力が必要です。";
    }
  }
  if (!input.faults.empty()) return false;
  record.outpatient_facility = input.facility;
  record.test_positive = input.positive;
  record.confirmed_case = input.confirmed;
  record.diagnosed_on = day;
  record.reported = record.reported || complete;
  return true;
}

bool TakeContact(PatientInput& input, PatientRecord& record) {
  CheckText(input, "name", input.name, kMostOfName);
  input.kana = Trimmed(input.kana);
  if (!input.kana.empty() && !NormalizeKana(input.kana).has_value()) {
    input.faults["kana"] = "全角カタカナで60文字以内で入力してください。";
  }
  std::string contact;
  if (!Trimmed(input.contact).empty()) {
    const ContactAddress::Parsed parsed = ContactAddress::Parse(input.contact);
    if (parsed.contact.has_value()) {
      contact = std::string(parsed.contact->text());
    } else {
      input.faults["contact"] = std::string(ContactFaultText(parsed.fault));
    }
  }
  const std::optional<Answer> app = AnswerOf(input.app);
  const std::optional<Answer> wants = AnswerOf(input.wants);
  if (!app.has_value()) input.faults["app"] = "選択してください。";
  if (!wants.has_value()) input.faults["wants"] = "選択してください。";
  if (!input.faults.empty()) return false;
  record.name = input.name;
  record.kana = NormalizeKana(input.kana).value_or("");
  record.contact = contact;
  record.app_in_use = *app;
  record.wants_to_register = *wants;
  record.consented = input.consent;
  return true;
}

// --------------------------------------------------------------------- HTML

void AddReportFields(WebForm& form, const PatientInput& input,
                     absl::CivilDay today) {
  form.Text(FieldOf(TextOf(input, "facility", "①外来機関"), input.facility,
                    kMostOfFacility));
  form.Check({.text = TextOf(input, "positive", "②検査が陽性である"),
              .checked = input.positive});
  form.Check({.text = TextOf(input, "confirmed", "③患者（確定例）である"),
              .checked = input.confirmed});
  TextField day = FieldOf(TextOf(input, "diagnosed_on", "④診断年月日"),
                          input.diagnosed_on, 0);
  day.type = "date";
  day.min = absl::FormatCivilTime(kFirstDay);
  day.max = absl::FormatCivilTime(today);
  form.Text(day);
}

void AddContactFields(WebForm& form, const PatientInput& input,
                      absl::string_view origin) {
  form.Paragraph(
      "他の連絡とあわせて、接触確認アプリの利用の有無と、"
      "利用している場合は陽性登録の希望をお尋ねください。"
      "登録により、接触した方が早く通知を受けられます。登録を勧めてください。"
      "ただし、登録は本人の同意に基づくものです。"
      "本人の意思を尊重し、強いることのないようにしてください。");
  const std::vector<Choice> choices = {
      {"yes", "有"}, {"no", "無"}, {"unknown", "未確認"}};
  form.Choose({.text = TextOf(input, "app", "アプリ利用"),
               .choices = choices,
               .chosen = input.app});
  form.Choose({.text = TextOf(input, "wants", "登録希望"),
               .choices = choices,
               .chosen = input.wants});
  form.Check({.text = TextOf(input, "consent",
                             "本人が処理番号の送付を受けることに同意した"),
              .checked = input.consent});
  form.Text(
      FieldOf(TextOf(input, "name", "氏名（漢字）"), input.name, kMostOfName));
  form.Text(FieldOf(TextOf(input, "kana", "フリガナ（全角カタカナ）"),
                    input.kana, 120));
  const std::string hint = absl::StrCat(
      "携帯電話番号（070・080・090）又はメールアドレスを1件。"
      "固定電話には送信できません。",
      origin.empty()
          ? ""
          : absl::StrCat("入力元：", std::string(OriginLabel(origin)),
                         "（入力済みのため再入力は不要です）"));
  form.Text(FieldOf(TextOf(input, "contact", "連絡先", hint.c_str()),
                    input.contact, 300));
}

absl::string_view OriginLabel(absl::string_view origin) {
  if (origin == "center") return "保健所";
  if (origin == "import") return "外来機関等（CSV取込）";
  if (origin == "command_line") return "コマンド";
  return "その他";
}

}  // namespace tekmatch
