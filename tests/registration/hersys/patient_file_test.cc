#include "registration/hersys/patient_file.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "registration/rules/issuance.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::CivilDay kToday(2020, 12, 10);
constexpr char kHeadings[] =
    "氏名,フリガナ,連絡先,外来機関,検査陽性,確定例,診断年月日,報告,アプリ利用,"
    "登録希望,同意\n";
constexpr char kGood[] =
    "厚労 太郎,ｺｳﾛｳ ﾀﾛｳ,090-1234-5678,第一病院,有,はい,2020/12/9,○,有,有,1\n";

PatientFile Read(const std::string& text) {
  return ReadPatientFile(text, kToday);
}

std::vector<std::string> FaultsOf(const std::string& text) {
  const PatientFile file = Read(text);
  std::vector<std::string> faults;
  for (const PatientFileFault& fault : file.faults) {
    faults.push_back(fault.ToString());
  }
  EXPECT_FALSE(faults.empty()) << text;
  return faults;
}

TEST(PatientFileTest, ALineIsAPatient) {
  const PatientFile file = Read(absl::StrCat(kHeadings, kGood));
  EXPECT_THAT(file.faults, IsEmpty());
  ASSERT_THAT(file.records, SizeIs(1));
  EXPECT_THAT(file.lines, ElementsAre(2));
  PatientRecord record = file.records[0];
  EXPECT_EQ(record.name, "厚労 太郎");
  EXPECT_EQ(record.kana, "コウロウ　タロウ");
  EXPECT_EQ(record.contact, "09012345678");
  EXPECT_EQ(record.diagnosed_on, absl::CivilDay(2020, 12, 9));
  EXPECT_TRUE(record.reported);
  // All but the centre's name, which the store has.
  record.centre = "千代田保健所";
  EXPECT_THAT(MissingForIssue(record), IsEmpty());
}

TEST(PatientFileTest, ColumnsMayBeFewAndInAnyOrder) {
  const PatientFile file =
      Read("連絡先,氏名\ntaro@example.jp,厚労 太郎\n,\n,厚労 花子");
  EXPECT_THAT(file.faults, IsEmpty());
  ASSERT_THAT(file.records, SizeIs(2));
  EXPECT_EQ(file.records[0].contact, "taro@example.jp");
  EXPECT_FALSE(file.records[0].reported);
  EXPECT_EQ(file.records[0].app_in_use, Answer::kUnknown);
  EXPECT_EQ(file.records[1].name, "厚労 花子");
  EXPECT_THAT(file.lines, ElementsAre(2, 4));
}

TEST(PatientFileTest, QuotesAndEndsOfLines) {
  for (const char* end : {"\n", "\r\n", "\r"}) {
    const std::string text = absl::StrReplaceAll(
        "氏名,外来機関\n\"厚労, \"\"太郎\"\"\",\"第一\"\n\n"
        "\"花子\",\"\"\n",
        {{"\n", end}});
    const PatientFile file = Read(text);
    EXPECT_THAT(file.faults, IsEmpty());
    ASSERT_THAT(file.records, SizeIs(2));
    EXPECT_EQ(file.records[0].name, "厚労, \"太郎\"");
    EXPECT_EQ(file.records[0].outpatient_facility, "第一");
    EXPECT_THAT(file.lines, ElementsAre(2, 4));
  }
  // A line feed in a cell counts as a line, and is nothing that a name has.
  EXPECT_THAT(FaultsOf("氏名\n\"厚労\n太郎\"\n花子\n\"x"),
              ElementsAre("2行目 氏名：使用できない文字があります。",
                          "5行目 引用符が閉じていません。"));
  EXPECT_THAT(FaultsOf("氏名\n\"厚労\"太郎\n"),
              ElementsAre("2行目 引用符の後に文字があります。"));
  EXPECT_THAT(FaultsOf("氏名\n厚労\"太郎\n"),
              ElementsAre("2行目 引用符が途中にあります。"));
}

TEST(PatientFileTest, Encodings) {
  const std::string text = absl::StrCat(kHeadings, kGood);
  EXPECT_THAT(Read("\xef\xbb\xbf" + text).faults, IsEmpty());
  // 氏名 CR LF 髙①ｺ, which Shift_JIS has only as Microsoft extended it.
  const PatientFile file = Read("\x8e\x81\x96\xbc\r\n\xfb\xfc\x87\x40\xba\r\n");
  EXPECT_THAT(file.faults, IsEmpty());
  ASSERT_THAT(file.records, SizeIs(1));
  EXPECT_EQ(file.records[0].name, "髙①ｺ");
  // A backslash-like byte in a character (表 is 0x95 0x5c) stays whole.
  EXPECT_EQ(Read("\x8e\x81\x96\xbc\n\x95\x5c,").faults.size(), 1u);
  EXPECT_EQ(Read("\x8e\x81\x96\xbc\n\x95\x5c").records[0].name, "表");
  for (const char* neither : {"\xff\xfe\x0f\x6c", "\x8e\x81\x96"}) {
    EXPECT_THAT(FaultsOf(neither), ElementsAre(HasSubstr("文字コード")));
  }
}

TEST(PatientFileTest, PastedFromASpreadsheet) {
  const PatientFile file = Read("氏名\t外来機関\n厚労 太郎\t第一, 第二\n");
  EXPECT_THAT(file.faults, IsEmpty());
  EXPECT_EQ(file.records[0].outpatient_facility, "第一, 第二");
}

// R24: all faults at once, by line and column; R19.
TEST(PatientFileTest, R24EveryFaultHasItsLine) {
  const std::string text = absl::StrCat(
      kHeadings, kGood, "厚労,厚労,03-1234-5678,,多分,,2020-12-11,,maybe,,\n",
      kGood, "花子,,,,,,,有,,,\n", "x,y\n");
  const PatientFile file = Read(text);
  EXPECT_THAT(file.records, SizeIs(2));
  EXPECT_THAT(
      FaultsOf(text),
      ElementsAre(
          "3行目 フリガナ：全角カタカナで60文字以内で入力してください。",
          HasSubstr("3行目 連絡先：固定電話"),
          "3行目 検査陽性：有又は無を入力してください。",
          "3行目 診断年月日：今日までの日付を入力してください。",
          "3行目 アプリ利用：選択してください。",
          HasSubstr("5行目 外来機関：報告には"),
          HasSubstr("5行目 検査陽性：報告には"),
          HasSubstr("5行目 確定例：報告には"),
          HasSubstr("5行目 診断年月日：報告には"),
          HasSubstr("6行目 列の数が見出しと違います（2列")));
  // No fault says what stood in a cell.
  for (const PatientFileFault& fault : file.faults) {
    EXPECT_EQ(fault.ToString().find("03-1234"), std::string::npos);
    EXPECT_EQ(fault.ToString().find("多分"), std::string::npos);
  }
}

TEST(PatientFileTest, WhatIsNoFileOfPatients) {
  for (const char* nothing : {"", "\n\n", "氏名,連絡先\n", "氏名\n\n,\n"}) {
    EXPECT_THAT(FaultsOf(nothing), SizeIs(1)) << nothing;
  }
  EXPECT_THAT(FaultsOf("氏名,身長,氏名\nx,y,z\n"),
              ElementsAre(HasSubstr("1行目 2列目：使用できない見出しです。"),
                          "1行目 3列目：同じ見出しが2つあります。"));
  EXPECT_THAT(FaultsOf(std::string(40, ',')),
              ElementsAre("1行目 列が多すぎます。"));
}

TEST(PatientFileTest, DaysAsSpreadsheetsWriteThem) {
  for (const char* day : {"2020-12-09", "2020/12/09", "2020/12/9"}) {
    EXPECT_EQ(Read(absl::StrCat("診断年月日,氏名\n", day, ",x\n"))
                  .records[0]
                  .diagnosed_on,
              absl::CivilDay(2020, 12, 9));
  }
  for (const char* day : {"12/9/2020/1", "2020/13/1", "2020/2/30", "-1/1/1",
                          "1999/1/1", "9.12.2020", "44174"}) {
    EXPECT_THAT(FaultsOf(absl::StrCat("診断年月日\n", day, "\n")), SizeIs(1))
        << day;
  }
}

TEST(PatientFileTest, FiveThousandAtMost) {
  std::string text = "氏名\n";
  for (int i = 0; i < 5000; ++i) absl::StrAppend(&text, "太郎", i, "\n");
  EXPECT_THAT(Read(text).records, SizeIs(5000));
  EXPECT_THAT(FaultsOf(text + "花子\n"),
              ElementsAre(HasSubstr("5002行目 一度に")));
}

}  // namespace
}  // namespace tekmatch
