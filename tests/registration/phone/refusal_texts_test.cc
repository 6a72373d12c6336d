#include "registration/phone/refusal_texts.h"

#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr absl::CivilDay kOldest(2020, 9, 11);

// R22: no fault is without words, and each begins with the number of its field.
TEST(RefusalTextsTest, R22EachFaultHasItsWords) {
  std::set<std::string> texts;
  for (const SymptomsFault fault :
       {SymptomsFault::kMissing, SymptomsFault::kUnknown}) {
    EXPECT_THAT(SymptomsFaultText(fault), ::testing::StartsWith("① "));
  }
  for (const DateFault fault :
       {DateFault::kMissing, DateFault::kMalformed, DateFault::kNotInCalendar,
        DateFault::kInFuture, DateFault::kTooOld}) {
    EXPECT_THAT(DateFaultText(fault, kOldest), ::testing::StartsWith("② "));
    texts.insert(DateFaultText(fault, kOldest));
  }
  for (const NumberFault fault :
       {NumberFault::kNotUtf8, NumberFault::kNotADigit, NumberFault::kEmpty,
        NumberFault::kTooShort, NumberFault::kTooLong}) {
    EXPECT_THAT(NumberFaultText(fault), ::testing::StartsWith("③ "));
    texts.insert(NumberFaultText(fault));
  }
  EXPECT_EQ(texts.size(), 9u);  // two kinds of no digit are one to a person
  EXPECT_EQ(SymptomsFaultText(SymptomsFault::kNone), "");
  EXPECT_EQ(DateFaultText(DateFault::kNone, kOldest), "");
  EXPECT_EQ(NumberFaultText(NumberFault::kNone), "");
  EXPECT_EQ(DateFaultText(DateFault::kNotInCalendar, kOldest),
            "② 存在しない日付です。");
  EXPECT_EQ(NumberFaultText(NumberFault::kNotADigit),
            "③ 処理番号に数字以外の文字が含まれています。");
  EXPECT_THAT(DateFaultText(DateFault::kTooOld, kOldest),
              HasSubstr("2020年9月11日より前"));
}

TEST(RefusalTextsTest, EachRefusalHasItsWords) {
  std::set<std::string> names;
  std::set<std::string> words;
  for (const RefusalKind kind :
       {RefusalKind::kNumberRefused, RefusalKind::kTooManyWrong,
        RefusalKind::kNothingToSend, RefusalKind::kNoAcceptableKey,
        RefusalKind::kBadNumberFormat, RefusalKind::kBadRequest,
        RefusalKind::kUnavailable, RefusalKind::kUnreachable}) {
    const RefusalText text = RefusalTextOf({.kind = kind, .num_wrong = 1});
    EXPECT_NE(text.title, "");
    EXPECT_NE(text.what_to_do, "");
    names.insert(std::string(RefusalName(kind)));
    words.insert(text.what);
    // What became of the number is said where it is known.
    const bool is_known = kind != RefusalKind::kNumberRefused &&
                          kind != RefusalKind::kUnreachable;
    EXPECT_EQ(text.what.find("処理番号は使われていません") != std::string::npos,
              is_known)
        << RefusalName(kind);
  }
  EXPECT_EQ(names.size(), 8u);
  EXPECT_EQ(words.size(), 8u);
}

TEST(RefusalTextsTest, R8TriesThatAreLeftAreSaid) {
  const auto what_to_do = [](int64_t num_wrong) {
    return RefusalTextOf(
               {.kind = RefusalKind::kNumberRefused, .num_wrong = num_wrong})
        .what_to_do;
  };
  EXPECT_THAT(what_to_do(1), HasSubstr("あと2回誤ると"));
  EXPECT_THAT(what_to_do(2), HasSubstr("あと1回誤ると"));
  EXPECT_THAT(what_to_do(3), Not(HasSubstr("回誤ると")));
}

// R2: one text for all causes, and what to do for each.
TEST(RefusalTextsTest, R2OneTextForAllCauses) {
  const RefusalText text =
      RefusalTextOf({.kind = RefusalKind::kNumberRefused, .num_wrong = 1});
  for (const char* cause : {"番号が違う", "有効期限が過ぎている", "使われて"}) {
    EXPECT_THAT(text.what, HasSubstr(cause));
  }
  EXPECT_THAT(text.what_to_do, HasSubstr("再発行"));
}

}  // namespace
}  // namespace tekmatch
