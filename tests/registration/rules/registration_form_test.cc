#include "registration/rules/registration_form.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/exposure/transmission_window.h"
#include "registration/rules/key_acceptance.h"
#include "tests/registration/rules/times.h"
#include "tests/time_zones.h"

namespace tekmatch {
namespace {

constexpr char kNow[] = "2020-12-15T19:00:00+09:00";

// "complete", or the faults.
std::string Outcome(const RegistrationFormInput& input,
                    const char* now = kNow) {
  const CheckedForm checked =
      CheckRegistrationForm(input, At(now), Tokyo(), {});
  EXPECT_EQ(checked.form.has_value(), checked.faults.None());
  if (checked.form.has_value()) return "complete";
  return absl::StrCat(SymptomsFaultName(checked.faults.symptoms), " ",
                      DateFaultName(checked.faults.date), " ",
                      NumberFaultName(checked.faults.number));
}

std::string DateOutcome(const std::string& date, const char* now = kNow) {
  const CheckedForm checked =
      CheckRegistrationForm({"yes", date, "12345678"}, At(now), Tokyo(), {});
  return std::string(DateFaultName(checked.faults.date));
}

// Row 15, both branches.
TEST(RegistrationFormTest, ACompleteForm) {
  const CheckedForm onset = CheckRegistrationForm(
      {"yes", "2020-12-10", "１２３４－５６７８"}, At(kNow), Tokyo(), {});
  ASSERT_TRUE(onset.form.has_value());
  EXPECT_EQ(onset.form->registration.onset_or_test,
            absl::CivilDay(2020, 12, 10));
  EXPECT_FALSE(onset.form->registration.by_test_date);
  EXPECT_EQ(onset.form->registration.registered, At(kNow));
  EXPECT_EQ(onset.form->number.digits(), "12345678");
  const CheckedForm test = CheckRegistrationForm(
      {"no", "2020-12-10", "00000000"}, At(kNow), Tokyo(), {});
  ASSERT_TRUE(test.form.has_value());
  EXPECT_TRUE(test.form->registration.by_test_date);
}

// Every combination of a few entries of each field ends in success or in the
// faults of just those fields that are wrong.
TEST(R22, EveryEntryEndsInSuccessOrAStatedFault) {
  const std::vector<std::pair<std::string, std::string>> symptoms = {
      {"yes", "none"},
      {"no", "none"},
      {"", "missing"},
      {"maybe", "unknown"},
      {"YES", "unknown"}};
  const std::vector<std::pair<std::string, std::string>> dates = {
      {"2020-12-15", "none"},
      {"2020-12-16", "in_future"},
      {"2020-09-16", "none"},
      {"2020-09-15", "too_old"},
      {"", "missing"},
      {"yesterday", "malformed"},
      {"2020-11-31", "not_in_calendar"}};
  const std::vector<std::pair<std::string, std::string>> numbers = {
      {"12345678", "none"},
      {"", "empty"},
      {"1234567", "too_short"},
      {"x", "not_a_digit"},
      {"\xff", "not_utf8"}};
  for (const auto& [symptom, symptom_fault] : symptoms) {
    for (const auto& [date, date_fault] : dates) {
      for (const auto& [number, number_fault] : numbers) {
        const std::string want =
            absl::StrCat(symptom_fault, " ", date_fault, " ", number_fault);
        EXPECT_EQ(Outcome({symptom, date, number}),
                  want == "none none none" ? "complete" : want);
      }
    }
  }
}

// "Today" is today in Japan, at every hour of it.
TEST(R10, TodayIsTheDateInJapan) {
  const struct {
    const char* now;
    const char* today;
    const char* tomorrow;
  } kCases[] = {
      {"2020-12-15T00:00:00+09:00", "2020-12-15", "2020-12-16"},
      {"2020-12-15T08:59:59+09:00", "2020-12-15", "2020-12-16"},
      {"2020-12-15T09:00:00+09:00", "2020-12-15", "2020-12-16"},
      {"2020-12-15T23:59:59+09:00", "2020-12-15", "2020-12-16"},
      {"2020-12-14T14:59:59Z", "2020-12-14", "2020-12-15"},
      {"2020-12-14T15:00:00Z", "2020-12-15", "2020-12-16"},
      {"2020-12-31T15:00:00Z", "2021-01-01", "2021-01-02"},
      {"2020-02-28T15:00:00Z", "2020-02-29", "2020-03-01"},
      {"2021-02-28T15:00:00Z", "2021-03-01", "2021-03-02"},
  };
  for (const auto& [now, today, tomorrow] : kCases) {
    EXPECT_EQ(DateOutcome(today, now), "none") << now;
    EXPECT_EQ(DateOutcome(tomorrow, now), "in_future") << now;
    EXPECT_EQ(LatestDate(At(now), Tokyo()), ParseFormDate(today).day);
  }
}

// The entered date stays the date, and days are counted between civil dates:
// the key of D - 2 goes out whatever the hour of registration.
TEST(R11, DaysAreCountedBetweenCivilDates) {
  const TransmissionWindowPolicy policy =
      *NamedTransmissionWindowPolicy("civil");
  for (const char* now :
       {"2020-12-15T00:00:00+09:00", "2020-12-15T00:30:00+09:00",
        "2020-12-15T08:59:59+09:00", "2020-12-15T09:00:00+09:00",
        "2020-12-15T23:59:59+09:00"}) {
    const CheckedForm checked = CheckRegistrationForm(
        {"yes", "2020-12-10", "12345678"}, At(now), Tokyo(), {});
    ASSERT_TRUE(checked.form.has_value());
    EXPECT_EQ(checked.form->registration.onset_or_test,
              absl::CivilDay(2020, 12, 10));
    DiagnosisKey before;  // ends with 8 December, 00:00 in Japan
    before.rolling_start = IntervalAt("2020-12-06T15:00:00Z");
    DiagnosisKey first;
    first.rolling_start = IntervalAt("2020-12-07T15:00:00Z");
    EXPECT_THAT(SelectKeysToSend({before, first}, checked.form->registration,
                                 policy, Tokyo())
                    .keys,
                ::testing::ElementsAre(first))
        << now;
  }
}

TEST(R12, TheOldestDateIsStatedAndTheFutureRefused) {
  const absl::Time now = At("2020-12-15T00:30:00+09:00");
  EXPECT_EQ(OldestDate(now, Tokyo(), {}), absl::CivilDay(2020, 9, 16));
  EXPECT_EQ(OldestDate(now, Tokyo(), {.oldest_days = 0}),
            absl::CivilDay(2020, 12, 15));
  EXPECT_EQ(DateOutcome("2020-09-16"), "none");
  EXPECT_EQ(DateOutcome("2020-09-15"), "too_old");
  EXPECT_EQ(DateOutcome("2019-12-15"), "too_old");  // the wrong year
  EXPECT_EQ(DateOutcome("0001-01-01"), "too_old");
  EXPECT_EQ(DateOutcome("9999-12-31"), "in_future");
  // Row 25: 40 days ago is a date like any other.
  EXPECT_EQ(DateOutcome("2020-11-05"), "none");
}

TEST(F6, ADateThatCannotBeReadIsAFault) {
  const std::pair<const char*, const char*> kCases[] = {
      {"2020-12-05", "none"},
      {"2020/12/5", "none"},
      {"２０２０／１２／５", "none"},
      {"２０２０－１２－０５", "none"},
      {"2020ー12ー05", "none"},
      {"　2020-12-05 ", "none"},
      {"2020-02-29", "too_old"},
      {"", "missing"},
      {"  　", "missing"},
      {"2021-02-29", "not_in_calendar"},
      {"1900-02-29", "not_in_calendar"},
      {"2020-12-00", "not_in_calendar"},
      {"2020-00-10", "not_in_calendar"},
      {"2020-13-01", "not_in_calendar"},
      {"2020-12-32", "not_in_calendar"},
      {"2020-06-31", "not_in_calendar"},
      {"20-12-05", "malformed"},
      {"02020-12-05", "malformed"},
      {"2020-012-05", "malformed"},
      {"2020-12", "malformed"},
      {"2020-12-05-01", "malformed"},
      {"2020--05", "malformed"},
      {"-2020-12-05", "malformed"},
      {"20201205", "malformed"},
      {"2020-12-05T00:00:00Z", "malformed"},
      {"2020-12-0x", "malformed"},
      {"2020-12-+5", "malformed"},
      {"令和2年12月5日", "malformed"},
      {"2020-12-0\xff", "malformed"},
      {"null", "malformed"},
  };
  for (const auto& [date, want] : kCases) {
    EXPECT_EQ(DateOutcome(date), want) << date;
  }
  EXPECT_EQ(DateOutcome(std::string(1000, '1')), "malformed");
}

}  // namespace
}  // namespace tekmatch
