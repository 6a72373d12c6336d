// Plan: checks of settings come first, then SecretText, then the two texts,
// last what a gateway counts and encodes. A text with a number is made by one
// StrCat, which allocates once, and goes into a SecretText without a copy: each
// further copy would be one more that nobody wipes. The texts begin with the
// number and its life, and name no illness: a locked telephone shows their
// beginning.
#include "registration/rules/notice_text.h"

#include <openssl/mem.h>

#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "keyformat/status_macros.h"
#include "registration/rules/code_points.h"

namespace tekmatch {
namespace {

constexpr absl::string_view kSubject = "処理番号のお知らせ";

constexpr size_t kUnitsOfOneSms = 70;
constexpr size_t kUnitsOfAPart = 66;
constexpr size_t kMostCharactersOfCentre = 100;
constexpr size_t kMostCharactersOfLink = 200;
// Of UTF-8 in an encoded word: 60 characters of base64, 72 with its frame.
constexpr size_t kMostBytesOfWord = 45;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsTelephone(absl::string_view text) {
  if (text.size() < 6 || text.size() > 20) return false;
  if (!IsDigit(text.front()) || !IsDigit(text.back())) return false;
  for (const char c : text) {
    if (!IsDigit(c) && c != '-') return false;
  }
  return true;
}

// ? and # are refused since "?pn=" and the number are appended; quotes and
// angle brackets, since programs that make links of text may end one there.
bool IsLink(absl::string_view text) {
  if (text.size() > kMostCharactersOfLink) return false;
  for (const char c : text) {
    if (!absl::ascii_isgraph(static_cast<unsigned char>(c)) ||
        absl::StrContains("?#\"'<>\\`", absl::string_view(&c, 1))) {
      return false;
    }
  }
  for (const absl::string_view local :
       {"http://127.0.0.1", "http://localhost"}) {
    if (!absl::StartsWith(text, local)) continue;
    // Else http://localhost.example.jp would pass, which is somebody else's.
    const absl::string_view rest = text.substr(local.size());
    return absl::StartsWith(rest, "/") || absl::StartsWith(rest, ":");
  }
  return absl::ConsumePrefix(&text, "https://") && !text.empty() &&
         text.front() != '/';
}

absl::Status CheckCentre(absl::string_view centre) {
  size_t num_characters = 0;
  bool filled = false;
  while (!centre.empty()) {
    const std::optional<char32_t> c = TakeCodePoint(centre);
    if (!c.has_value() || IsControl(*c)) {
      return absl::InvalidArgumentError(
          "centre: no UTF-8, or a control character");
    }
    filled = filled || !IsSpaceToDrop(*c);
    ++num_characters;
  }
  if (!filled || num_characters > kMostCharactersOfCentre) {
    return absl::InvalidArgumentError("centre: not 1..100 characters");
  }
  return absl::OkStatus();
}

// Without a default, so that a compiler warns of a value that is forgotten.
absl::string_view FromInWords(LifeFrom from) {
  switch (from) {
    case LifeFrom::kHandOver:
      break;
    case LifeFrom::kIssue:
      return "発行";
    case LifeFrom::kDelivery:
      return "受信";
  }
  return "送信";
}

}  // namespace

SecretText::SecretText(std::string text) : text_(std::move(text)) {}

SecretText::SecretText(SecretText&& other) noexcept
    : text_(std::move(other.text_)) {
  other.Wipe();  // a short text was copied
}

SecretText& SecretText::operator=(SecretText&& other) noexcept {
  if (this == &other) return *this;
  Wipe();
  text_ = std::move(other.text_);
  other.Wipe();
  return *this;
}

SecretText::~SecretText() { Wipe(); }

void SecretText::Wipe() {
  // An earlier, longer text may have left something behind the end. Within the
  // capacity nothing moves. A plain fill could be optimized away.
  text_.resize(text_.capacity());
  OPENSSL_cleanse(text_.data(), text_.size());
  text_.clear();
}

absl::Status Validate(const NoticeSettings& settings) {
  if (!IsTelephone(settings.telephone)) {
    return absl::InvalidArgumentError(
        "telephone: not 6..20 digits and hyphens");
  }
  if (!IsLink(settings.link)) {
    return absl::InvalidArgumentError("link: not a plain https address");
  }
  return Validate(settings.life);
}

absl::StatusOr<SecretText> SmsText(const ProcessingNumber& number,
                                   const NoticeSettings& settings) {
  SecretText sms(absl::StrCat(
      "処理番号 ", number.digits(), "（", FromInWords(settings.life.from),
      "から", LifeInWords(settings.life.life),
      "有効）\nアプリの登録画面で番号を入力するか、次のリンクを開いてください。"
      "\n",
      settings.link, "?pn=", number.digits(),
      "\n有効な時間を過ぎた場合や登録できない場合はお電話ください。\n電話 ",
      settings.telephone));
  // A text that cannot be counted is refused as well.
  if (SmsUnits(sms.text()).value_or(kMostSmsUnits + 1) > kMostSmsUnits) {
    return absl::InvalidArgumentError("SMS: longer than 660 characters");
  }
  return sms;
}

absl::StatusOr<MailText> MailTextOf(const ProcessingNumber& number,
                                    const NoticeSettings& settings,
                                    absl::string_view centre) {
  TEKMATCH_RETURN_IF_ERROR(CheckCentre(centre));
  return MailText{
      .subject = std::string(kSubject),
      .body = SecretText(absl::StrCat(
          "処理番号　", number.digits(), "\n有効な時間　",
          FromInWords(settings.life.from), "から",
          LifeInWords(settings.life.life),
          "\n\nアプリの登録画面で番号を入力するか、次のリンクを開いてください。"
          "\n",
          settings.link, "?pn=", number.digits(),
          "\n\n有効な時間を過ぎると、番号は無効になります。その場合や登録できな"
          "い場合は、\n下記にお電話ください。番号を再発行します。\n\n電話　",
          settings.telephone, "\n", centre,
          "\n※このメールには返信できません。\n"))};
}

std::string LifeInWords(absl::Duration life) {
  const int64_t minutes = absl::ToInt64Minutes(life);
  const int64_t hours = minutes / 60;
  if (hours == 0) return absl::StrCat(minutes, "分");
  if (minutes % 60 == 0) return absl::StrCat(hours, "時間");
  return absl::StrCat(hours, "時間", minutes % 60, "分");
}

std::optional<size_t> SmsUnits(absl::string_view text) {
  size_t units = 0;
  while (!text.empty()) {
    const std::optional<char32_t> c = TakeCodePoint(text);
    if (!c.has_value()) return std::nullopt;
    // UTF-16 has a pair of surrogates for these.
    units += *c > 0xffff ? 2 : 1;
  }
  return units;
}

size_t SmsParts(size_t units) {
  if (units <= kUnitsOfOneSms) return 1;
  // A part has room for less, as it also says which part it is.
  return (units + kUnitsOfAPart - 1) / kUnitsOfAPart;
}

absl::StatusOr<std::string> EncodeHeading(absl::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto finish = [&words, &word] {
    if (word.empty()) return;
    words.push_back(absl::StrCat("=?UTF-8?B?", absl::Base64Escape(word), "?="));
    word.clear();
  };
  while (!text.empty()) {
    const std::optional<char32_t> c = TakeCodePoint(text);
    if (!c.has_value() || IsControl(*c)) {
      return absl::InvalidArgumentError(
          "heading: no UTF-8, or a control character");
    }
    std::string character;
    AppendUtf8(*c, character);
    // RFC 2047, section 5: no character may be split over two encoded words.
    if (word.size() + character.size() > kMostBytesOfWord) finish();
    word += character;
  }
  finish();
  return absl::StrJoin(words, "\r\n ");
}

}  // namespace tekmatch
