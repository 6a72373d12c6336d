#include "registration/rules/notice_text.h"

#include <array>
#include <new>
#include <optional>
#include <ostream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "registration/rules/issuance.h"
#include "registration/rules/processing_number.h"
#include "registration/rules/redemption.h"
#include "tests/registration/rules/times.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ProcessingNumber Number() {
  return *ProcessingNumber::Parse("01234567").number;
}

NoticeSettings Settings() {
  return {.telephone = "03-1234-5678",
          .link = "https://www.example.jp/a/",
          .life = {}};
}

std::string Sms(const NoticeSettings& settings) {
  EXPECT_THAT(Validate(settings), IsOk());
  const auto sms = SmsText(Number(), settings);
  EXPECT_THAT(sms, IsOk());
  return sms.ok() ? std::string(sms->text()) : "";
}

// Row 11.
TEST(R18, TheSmsHasNumberLifeTelephoneAndLink) {
  EXPECT_EQ(Sms(Settings()),
            "処理番号 01234567（送信から1時間有効）\n"
            "アプリの登録画面で番号を入力するか、次のリンクを開いてください。\n"
            "https://www.example.jp/a/?pn=01234567\n"
            "有効な時間を過ぎた場合や登録できない場合はお電話ください。\n"
            "電話 03-1234-5678");
  NoticeSettings settings = Settings();
  settings.life = {.life = absl::Hours(24), .from = LifeFrom::kIssue};
  EXPECT_THAT(Sms(settings), HasSubstr("（発行から24時間有効）"));
  settings.life = {.life = absl::Minutes(90), .from = LifeFrom::kDelivery};
  EXPECT_THAT(Sms(settings), HasSubstr("（受信から1時間30分有効）"));
}

TEST(R18, TheMailHasThemToo) {
  const auto mail = MailTextOf(Number(), Settings(), "中央保健所");
  ASSERT_THAT(mail, IsOk());
  EXPECT_EQ(mail->subject, "処理番号のお知らせ");
  EXPECT_EQ(
      std::string(mail->body.text()),
      "処理番号　01234567\n"
      "有効な時間　送信から1時間\n"
      "\n"
      "アプリの登録画面で番号を入力するか、次のリンクを開いてください。\n"
      "https://www.example.jp/a/?pn=01234567\n"
      "\n"
      "有効な時間を過ぎると、番号は無効になります。その場合や登録できない場合は"
      "、\n"
      "下記にお電話ください。番号を再発行します。\n"
      "\n"
      "電話　03-1234-5678\n"
      "中央保健所\n"
      "※このメールには返信できません。\n");
}

TEST(NoticeTextTest, AnOnlookerDoesNotLearnTheDiagnosis) {
  const auto mail = MailTextOf(Number(), Settings(), "中央保健所");
  ASSERT_THAT(mail, IsOk());
  const std::string sms = Sms(Settings());
  const std::string subject = mail->subject;
  const std::string first_lines(
      mail->body.text().substr(0, mail->body.text().find("電話")));
  for (const char* word :
       {"陽性", "感染", "コロナ", "ウイルス", "検査", "患者", "症状", "診断",
        "保健所", "厚生労働省", "接触", "COCOA", "HER-SYS", "covid"}) {
    EXPECT_THAT(sms, Not(HasSubstr(word)));
    EXPECT_THAT(subject, Not(HasSubstr(word)));
    EXPECT_THAT(first_lines, Not(HasSubstr(word)));
  }
}

// From the text to the refusal: what the message says is when the number dies.
TEST(R26, TheLifeInTheTextIsTheLifeOfTheNumber) {
  const absl::Time handed = At("2020-12-15T10:00:00+09:00");
  const Claim claim = *ClaimOf("123e4567-e89b-12d3-a456-426614174000");
  for (int minutes = 1; minutes <= 24 * 60; ++minutes) {
    NoticeSettings settings = Settings();
    settings.life.life = absl::Minutes(minutes);
    const std::string sms = Sms(settings);
    const size_t begin = sms.find("送信から") + std::string("送信から").size();
    const std::string words = sms.substr(begin, sms.find("有効") - begin);
    // As a person reads it: hours before 時間, minutes before 分.
    absl::Duration said = absl::ZeroDuration();
    std::string rest = words;
    const size_t hour = words.find("時間");
    if (hour != std::string::npos) {
      said += absl::Hours(std::stoi(words));
      rest = words.substr(hour + std::string("時間").size());
    }
    if (!rest.empty()) {
      EXPECT_TRUE(absl::EndsWith(rest, "分"));
      said += absl::Minutes(std::stoi(rest));
    }
    const NumberRecord record = {
        .state = NumberState::kLive,
        .claim = {},
        .expires_at = ExpiresAt({.queued = handed - absl::Hours(2),
                                 .handed = handed,
                                 .delivered = {}},
                                settings.life)};
    EXPECT_EQ(
        Reserve(record, false, claim, handed + said - absl::Seconds(1)).outcome,
        ReserveOutcome::kGranted)
        << words;
    EXPECT_EQ(Reserve(record, false, claim, handed + said).outcome,
              ReserveOutcome::kExpired)
        << words;
  }
}

TEST(NoticeTextTest, SmsAreCountedAsAGatewayCounts) {
  const std::pair<std::string, size_t> kCases[] = {
      {"", 0},     {"a", 1},        {"処", 1},
      {"処\n", 2}, {"１２３", 3},   {"ｱ", 1},
      {"が", 1},   {"か\u3099", 2}, {"\U00020bb7野家", 4},
      {"€", 1}};
  for (const auto& [text, units] : kCases) {
    EXPECT_EQ(SmsUnits(text), units) << text;
  }
  EXPECT_EQ(SmsUnits("\xff"), std::nullopt);
  const std::pair<size_t, size_t> kParts[] = {{0, 1},    {70, 1},  {71, 2},
                                              {132, 2},  {133, 3}, {660, 10},
                                              {661, 11}, {198, 3}};
  for (const auto& [units, parts] : kParts) {
    EXPECT_EQ(SmsParts(units), parts) << units;
  }
}

// The longest settings that are valid make a text that is.
TEST(NoticeTextTest, TheLongestSmsIsShortEnough) {
  NoticeSettings settings = Settings();
  settings.telephone = std::string(20, '0');
  settings.link = "https://" + std::string(192, 'x');
  settings.life = {.life = absl::Hours(23) + absl::Minutes(59),
                   .from = LifeFrom::kDelivery};
  const std::string sms = Sms(settings);
  ASSERT_TRUE(SmsUnits(sms).has_value());
  EXPECT_GT(*SmsUnits(sms), 300);
  EXPECT_LE(*SmsUnits(sms), kMostSmsUnits);
  EXPECT_EQ(*SmsUnits(Sms(Settings())), 141);
  EXPECT_EQ(SmsParts(141), 3);
}

TEST(NoticeTextTest, ValidateNamesTheField) {
  const auto refuses = [](const NoticeSettings& settings, const char* field) {
    EXPECT_THAT(Validate(settings), StatusIs(absl::StatusCode::kInvalidArgument,
                                             ::testing::StartsWith(field)));
  };
  NoticeSettings settings = Settings();
  for (const char* telephone :
       {"", "12345", "-03-1234", "03-1234-", "03 1234 5678", "０３１２３４５",
        "03-1234-5678\n", "012345678901234567890", "tel:0312345678"}) {
    settings.telephone = telephone;
    refuses(settings, "telephone: ");
  }
  settings = Settings();
  for (const char* link :
       {"", "https://", "https:///a", "http://www.example.jp/a/",
        "http://127.0.0.1.example.jp/", "http://localhost.example.jp/",
        "ftp://www.example.jp/", "https://example.jp/a?x=1",
        "https://example.jp/#a", "https://example.jp/ a", "https://例.jp/",
        "https://example.jp/\r\nBcc:", "https://example.jp/\"",
        "javascript:x"}) {
    settings.link = link;
    refuses(settings, "link: ");
  }
  settings.link = "https://" + std::string(193, 'x');
  refuses(settings, "link: ");
  for (const char* link : {"http://127.0.0.1:8080/a/", "http://localhost/a/",
                           "https://example.jp/cocoa/a/"}) {
    settings.link = link;
    EXPECT_THAT(Validate(settings), IsOk());
  }
  settings = Settings();
  settings.life.life = absl::ZeroDuration();
  refuses(settings, "life: ");
}

TEST(NoticeTextTest, NoHeadingIsInjected) {
  for (const std::string& centre :
       {std::string("secret\r\nBcc: x@y.jp"), std::string("secret\n"),
        std::string("secret\0", 7), std::string("secret\u2028x"),
        std::string("secret\xff"), std::string(), std::string(" 　"),
        std::string(101, 's')}) {
    EXPECT_THAT(
        MailTextOf(Number(), Settings(), centre),
        StatusIs(absl::StatusCode::kInvalidArgument, Not(HasSubstr("secret"))))
        << absl::CHexEscape(centre);
  }
  for (const char* text : {"a\r\nb", "a\nb", "a\tb", "\x7f", "\xff"}) {
    EXPECT_THAT(EncodeHeading(text),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

// Expected: Python's email.header.Header(..., "utf-8").encode() for the first.
TEST(NoticeTextTest, HeadingsAreEncodedWords) {
  EXPECT_THAT(EncodeHeading("処理番号のお知らせ"),
              IsOkAndHolds("=?UTF-8?B?5Yem55CG55Wq5Y+344Gu44GK55+l44KJ44Gb?="));
  EXPECT_THAT(EncodeHeading(""), IsOkAndHolds(""));
  std::string text;
  for (int i = 0; i < 50; ++i) absl::StrAppend(&text, "処a");
  const auto encoded = EncodeHeading(text);
  ASSERT_THAT(encoded, IsOk());
  std::string decoded;
  for (absl::string_view line : absl::StrSplit(*encoded, "\r\n ")) {
    EXPECT_LE(line.size(), 75);
    EXPECT_TRUE(absl::ConsumePrefix(&line, "=?UTF-8?B?"));
    EXPECT_TRUE(absl::ConsumeSuffix(&line, "?="));
    std::string word;
    EXPECT_TRUE(absl::Base64Unescape(line, &word));
    EXPECT_TRUE(SmsUnits(word).has_value());  // whole characters
    decoded += word;
  }
  EXPECT_EQ(decoded, text);
}

template <typename T>
concept Streams = requires(std::ostream& out, const T& value) {
  out << value;
};

// The bytes of the object itself, which hold a short text.
bool Holds(const void* object, absl::string_view text) {
  return absl::StrContains(
      absl::string_view(static_cast<const char*>(object), sizeof(SecretText)),
      text);
}

TEST(NoticeTextTest, ATextWithANumberIsWiped) {
  // Without its first character: a string that is moved overwrites that one.
  SecretText first("01234567");
  EXPECT_TRUE(Holds(&first, "1234567"));
  SecretText second(std::move(first));
  EXPECT_FALSE(Holds(&first, "1234567"));  // NOLINT(bugprone-use-after-move)
  SecretText third("76543210");
  third = std::move(second);
  EXPECT_TRUE(Holds(&third, "1234567"));
  EXPECT_FALSE(Holds(&second, "1234567"));  // NOLINT(bugprone-use-after-move)
  alignas(SecretText) std::array<unsigned char, sizeof(SecretText)> memory{};
  auto* fourth = new (memory.data()) SecretText(std::move(third));
  EXPECT_TRUE(Holds(memory.data(), "1234567"));
  fourth->~SecretText();
  EXPECT_FALSE(Holds(memory.data(), "1234567"));
}

TEST(NoticeTextTest, ATextWithANumberMovesAndIsNotPrinted) {
  static_assert(!Streams<SecretText>);
  static_assert(!std::is_copy_constructible_v<SecretText>);
  static_assert(!std::is_convertible_v<SecretText, absl::string_view>);
  for (const std::string& text :
       std::vector<std::string>{"01234567", "a text that is long: 01234567"}) {
    SecretText first(text);
    SecretText second(std::move(first));
    EXPECT_EQ(second.text(), text);
    SecretText third("x");
    third = std::move(second);
    EXPECT_EQ(third.text(), text);
  }
}

}  // namespace
}  // namespace tekmatch
