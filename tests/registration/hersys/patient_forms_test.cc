#include "registration/hersys/patient_forms.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr absl::CivilDay kToday(2020, 12, 10);

// "い" as often.
std::string Characters(int n) {
  std::string text;
  for (int i = 0; i < n; ++i) absl::StrAppend(&text, "い");
  return text;
}

std::vector<std::string> FaultyFields(const PatientInput& input) {
  std::vector<std::string> fields;
  for (const auto& [field, text] : input.faults) {
    EXPECT_FALSE(text.empty());
    fields.push_back(field);
  }
  return fields;
}

TEST(PatientFormsTest, NothingNeedsToBeFilledIn) {
  PatientInput input;
  PatientRecord record;
  EXPECT_TRUE(TakeReport(input, false, kToday, record));
  EXPECT_TRUE(TakeContact(input, record));
  EXPECT_THAT(input.faults, IsEmpty());
  EXPECT_EQ(record.app_in_use, Answer::kUnknown);
  EXPECT_FALSE(record.reported);
}

TEST(PatientFormsTest, ARecordComesBackFromItsInput) {
  PatientRecord record;
  record.outpatient_facility = "第一病院";
  record.test_positive = true;
  record.confirmed_case = true;
  record.diagnosed_on = absl::CivilDay(2020, 12, 9);
  record.app_in_use = Answer::kYes;
  record.wants_to_register = Answer::kNo;
  record.consented = true;
  record.name = "厚労 太郎";
  record.kana = "コウロウ　タロウ";
  record.contact = "09012345678";
  PatientInput input = InputOf(record);
  PatientRecord again;
  ASSERT_TRUE(TakeReport(input, true, kToday, again));
  ASSERT_TRUE(TakeContact(input, again));
  EXPECT_TRUE(again.reported);
  EXPECT_EQ(again.outpatient_facility, record.outpatient_facility);
  EXPECT_EQ(again.diagnosed_on, record.diagnosed_on);
  EXPECT_EQ(again.app_in_use, Answer::kYes);
  EXPECT_EQ(again.wants_to_register, Answer::kNo);
  EXPECT_TRUE(again.consented);
  EXPECT_EQ(again.name, record.name);
  EXPECT_EQ(again.kana, record.kana);
  EXPECT_EQ(again.contact, record.contact);
}

TEST(PatientFormsTest, AReportNeedsAllFour) {
  PatientInput input;
  PatientRecord record;
  record.name = "厚労 太郎";
  EXPECT_FALSE(TakeReport(input, true, kToday, record));
  EXPECT_THAT(FaultyFields(input),
              ElementsAre("confirmed", "diagnosed_on", "facility", "positive"));
  EXPECT_FALSE(record.reported);
  EXPECT_EQ(record.name, "厚労 太郎");
}

TEST(PatientFormsTest, WhatIsReportedStaysReported) {
  PatientInput input;
  PatientRecord record;
  record.reported = true;
  EXPECT_TRUE(TakeReport(input, false, kToday, record));
  EXPECT_TRUE(record.reported);
}

TEST(PatientFormsTest, DaysOfADiagnosis) {
  for (const auto& [day, is_good] :
       std::vector<std::pair<const char*, bool>>{{"2020-12-10", true},
                                                 {"2020-12-11", false},
                                                 {"2020-01-01", true},
                                                 {"2019-12-31", false},
                                                 {"2020-02-30", false},
                                                 {"2020-12", false},
                                                 {"x", false}}) {
    PatientInput input;
    input.diagnosed_on = day;
    PatientRecord record;
    EXPECT_EQ(TakeReport(input, false, kToday, record), is_good) << day;
    EXPECT_EQ(input.faults.count("diagnosed_on"), is_good ? 0u : 1u) << day;
  }
}

// Characters, not bytes.
TEST(PatientFormsTest, LengthsCountCharacters) {
  PatientInput input;
  PatientRecord record;
  input.name = Characters(60);
  input.facility = Characters(100);
  EXPECT_TRUE(TakeReport(input, false, kToday, record));
  EXPECT_TRUE(TakeContact(input, record));
  input.name = Characters(61);
  input.facility = Characters(101);
  EXPECT_FALSE(TakeReport(input, false, kToday, record));
  EXPECT_FALSE(TakeContact(input, record));
  EXPECT_THAT(FaultyFields(input), ElementsAre("facility", "name"));
  EXPECT_EQ(record.name, Characters(60));
}

TEST(PatientFormsTest, SpacesAtTheEndsAreDropped) {
  PatientInput input;
  input.name = "　 厚労　太郎 　";
  input.contact = " 090-1234-5678　";
  input.facility = "　 ";
  PatientRecord record;
  EXPECT_TRUE(TakeReport(input, false, kToday, record));
  EXPECT_TRUE(TakeContact(input, record));
  EXPECT_EQ(record.name, "厚労　太郎");
  EXPECT_EQ(record.contact, "09012345678");
  EXPECT_EQ(record.outpatient_facility, "");
}

// It would come back from the page as another text.
TEST(PatientFormsTest, WhatAPageCannotShowIsRefused) {
  for (const char* text : {"a\nb", "a\tb", "a\x1b", "a\xe2\x80\xae"}) {
    PatientInput input;
    input.name = text;
    PatientRecord record;
    EXPECT_FALSE(TakeContact(input, record)) << text;
    EXPECT_THAT(FaultyFields(input), ElementsAre("name"));
  }
}

TEST(PatientFormsTest, AnswersThatAreNone) {
  EXPECT_EQ(AnswerOf("yes"), Answer::kYes);
  EXPECT_EQ(AnswerOf("無"), Answer::kNo);
  EXPECT_EQ(AnswerOf(""), Answer::kUnknown);
  EXPECT_EQ(AnswerOf("未確認"), Answer::kUnknown);
  EXPECT_EQ(AnswerOf("maybe"), std::nullopt);
  PatientInput input;
  input.app = "maybe";
  input.wants = "YES";
  PatientRecord record;
  EXPECT_FALSE(TakeContact(input, record));
  EXPECT_THAT(FaultyFields(input), ElementsAre("app", "wants"));
}

TEST(PatientFormsTest, AContactHasItsOrigin) {
  for (const auto& [origin, label] :
       std::vector<std::pair<const char*, const char*>>{
           {"center", "入力元：保健所"},
           {"import", "入力元：外来機関等（CSV取込）"},
           {"command_line", "入力元：コマンド"},
           {"x", "入力元：その他"}}) {
    WebForm form("/contact/1", "0");
    AddContactFields(form, PatientInput(), origin);
    EXPECT_THAT(std::move(form).Finish(), HasSubstr(label));
  }
  WebForm form("/contact/1", "0");
  AddContactFields(form, PatientInput(), "");
  EXPECT_THAT(std::move(form).Finish(), Not(HasSubstr("入力元")));
}

}  // namespace
}  // namespace tekmatch
