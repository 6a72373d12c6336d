#include "registration/rules/issuance.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/registration/rules/times.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

PatientRecord Complete() {
  return {.outpatient_facility = "中央病院",
          .test_positive = true,
          .confirmed_case = true,
          .diagnosed_on = absl::CivilDay(2020, 12, 14),
          .reported = true,
          .app_in_use = Answer::kYes,
          .wants_to_register = Answer::kYes,
          .consented = true,
          .name = "山田　太郎",
          .kana = "ヤマダ　タロウ",
          .contact = "090-1234-5678",
          .centre = "中央保健所"};
}

using Gap = std::function<void(PatientRecord&)>;

// Ways in which each item can be missing, in the order of the items.
const std::vector<std::vector<Gap>>& Gaps() {
  static const auto* const gaps = new std::vector<std::vector<Gap>>{
      {[](PatientRecord& p) { p.outpatient_facility = ""; },
       [](PatientRecord& p) { p.outpatient_facility = " 　"; },
       [](PatientRecord& p) { p.outpatient_facility = "\xff"; }},
      {[](PatientRecord& p) { p.test_positive = false; }},
      {[](PatientRecord& p) { p.confirmed_case = false; }},
      {[](PatientRecord& p) { p.diagnosed_on.reset(); }},
      {[](PatientRecord& p) { p.reported = false; }},
      {[](PatientRecord& p) { p.app_in_use = Answer::kUnknown; },
       [](PatientRecord& p) { p.app_in_use = Answer::kNo; }},
      {[](PatientRecord& p) { p.wants_to_register = Answer::kUnknown; },
       [](PatientRecord& p) { p.wants_to_register = Answer::kNo; }},
      {[](PatientRecord& p) { p.consented = false; }},
      {[](PatientRecord& p) { p.name = ""; },
       [](PatientRecord& p) { p.name = "山田\n太郎"; }},
      {[](PatientRecord& p) { p.kana = ""; },
       [](PatientRecord& p) { p.kana = "山田"; },
       [](PatientRecord& p) { p.kana = "Yamada"; }},
      {[](PatientRecord& p) { p.contact = ""; },
       [](PatientRecord& p) { p.contact = "03-3595-3309"; },
       [](PatientRecord& p) { p.contact = "a@b.jp, c@d.jp"; }},
      {[](PatientRecord& p) { p.centre = ""; }},
  };
  return *gaps;
}

// Rows 2, 7 and 8: every one of the 2^12 sets of gaps.
TEST(IssuanceTest, EveryMissingItemIsListedInTheOrderOfThePage) {
  ASSERT_EQ(Gaps().size(), kNumMissingItems);
  for (uint32_t set = 0; set < (1U << kNumMissingItems); ++set) {
    PatientRecord patient = Complete();
    std::vector<MissingItem> want;
    for (size_t i = 0; i < kNumMissingItems; ++i) {
      if ((set >> i & 1) == 0) continue;
      Gaps()[i][set % Gaps()[i].size()](patient);
      want.push_back(static_cast<MissingItem>(i));
    }
    ASSERT_EQ(MissingForIssue(patient), want) << set;
    EXPECT_EQ(JudgeIssue(patient, {}), set == 0
                                           ? IssueVerdict::kMayIssue
                                           : IssueVerdict::kSomethingMissing);
  }
}

TEST(IssuanceTest, EachWayToMissAnItem) {
  for (size_t i = 0; i < Gaps().size(); ++i) {
    for (const Gap& gap : Gaps()[i]) {
      PatientRecord patient = Complete();
      gap(patient);
      EXPECT_THAT(MissingForIssue(patient),
                  ElementsAre(static_cast<MissingItem>(i)));
    }
  }
  // A mail address is a contact too, and half-width kana are kana.
  PatientRecord patient = Complete();
  patient.contact = "taro@example.jp";
  patient.kana = "ﾔﾏﾀﾞ ﾀﾛｳ";
  EXPECT_THAT(MissingForIssue(patient), IsEmpty());
}

TEST(IssuanceTest, ItemsHaveNamesAndLabelsOfTheirOwn) {
  std::set<absl::string_view> names;
  std::set<absl::string_view> labels;
  for (int i = 0; i < kNumMissingItems; ++i) {
    names.insert(MissingItemName(static_cast<MissingItem>(i)));
    labels.insert(MissingItemLabel(static_cast<MissingItem>(i)));
  }
  EXPECT_EQ(names.size(), kNumMissingItems);
  EXPECT_EQ(labels.size(), kNumMissingItems);
  EXPECT_EQ(MissingItemLabel(MissingItem::kDiagnosedOn), "④診断年月日");
}

TEST(IssuanceTest, KanaBecomeFullWidthKatakana) {
  const std::pair<const char*, const char*> kCases[] = {
      {"ヤマダ　タロウ", "ヤマダ　タロウ"},
      {"ﾔﾏﾀﾞ ﾀﾛｳ", "ヤマダ　タロウ"},
      {"やまだ たろう", "ヤマダ　タロウ"},
      {"　ヤマダ  　タロウ ", "ヤマダ　タロウ"},
      {"ｶﾞｷﾞｸﾞｹﾞｺﾞｻﾞｼﾞｽﾞｾﾞｿﾞ", "ガギグゲゴザジズゼゾ"},
      {"ﾀﾞﾁﾞﾂﾞﾃﾞﾄﾞﾊﾞﾋﾞﾌﾞﾍﾞﾎﾞ", "ダヂヅデドバビブベボ"},
      {"ﾊﾟﾋﾟﾌﾟﾍﾟﾎﾟｳﾞ", "パピプペポヴ"},
      {"ｧｨｩｪｫｬｭｮｯｰ", "ァィゥェォャュョッー"},
      {"ｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉ",
       "アイウエオカキクケコサシスセソタチツテトナニヌネノ"},
      {"ﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜｦﾝ", "ハヒフヘホマミムメモヤユヨラリルレロワヲン"},
      {"か\u3099は\u309a", "ガパ"},
      {"カ゛ハ゜", "ガパ"},
      {"ジョン・スミス", "ジョン・スミス"},
      {"ｼﾞｮﾝ･ｽﾐｽ", "ジョン・スミス"},
      {"ヷヺ", "ヷヺ"},
      {"ﾜﾞｦﾞ", "ヷヺ"},
      {"", nullptr},
      {" 　", nullptr},
      {"山田", nullptr},
      {"Yamada", nullptr},
      {"ヤマダ1", nullptr},
      {"ﾞ", nullptr},
      {"ｱﾞ", nullptr},
      {"ｶﾟ", nullptr},
      {"ｶ ﾞ", nullptr},
      {"ガﾞ", nullptr},
      {"ヤマダ\n", nullptr},
      {"\xe3\x83", nullptr},
  };
  for (const auto& [typed, want] : kCases) {
    EXPECT_EQ(NormalizeKana(typed),
              want == nullptr ? std::nullopt : std::optional<std::string>(want))
        << absl::CHexEscape(typed);
  }
  std::string sixty;
  for (int i = 0; i < 60; ++i) sixty += "ア";
  EXPECT_EQ(NormalizeKana(sixty), sixty);
  EXPECT_EQ(NormalizeKana(sixty + "ア"), std::nullopt);
}

// Rows 12 and 13.
TEST(IssuanceTest, WhatTheHistoryForbids) {
  const struct {
    IssueHistory history;
    IssueVerdict want;
  } kCases[] = {
      {{}, IssueVerdict::kMayIssue},
      {{.num_today = 4, .num_live = 2}, IssueVerdict::kMayIssue},
      {{.num_today = 5}, IssueVerdict::kTooManyToday},
      {{.num_today = 6}, IssueVerdict::kTooManyToday},
      {{.num_live = 3}, IssueVerdict::kTooManyLive},
      {{.num_today = 5, .num_live = 3}, IssueVerdict::kTooManyToday},
      {{.closed = true, .num_today = 5}, IssueVerdict::kClosed},
      {{.registered = true, .closed = true}, IssueVerdict::kRegistered},
  };
  for (const auto& [history, want] : kCases) {
    EXPECT_EQ(JudgeIssue(Complete(), history), want) << IssueVerdictName(want);
  }
  // Registered goes before what is missing: the page says that it is done.
  EXPECT_EQ(JudgeIssue({}, {.registered = true}), IssueVerdict::kRegistered);
  EXPECT_EQ(JudgeIssue({}, {.num_today = 9}), IssueVerdict::kSomethingMissing);
}

// R5: one success a patient.
TEST(R5, NoIssueAfterASuccess) {
  EXPECT_EQ(JudgeIssue(Complete(), {.registered = true}),
            IssueVerdict::kRegistered);
}

// Also "0 keys" must not lead to endless reissues.
TEST(R9, AClosedCaseGetsNoNumber) {
  EXPECT_EQ(JudgeIssue(Complete(), {.closed = true}), IssueVerdict::kClosed);
}

TEST(IssuanceTest, StatesOfAnIssue) {
  constexpr auto kQ = IssueState::kQueued;
  constexpr auto kH = IssueState::kHanded;
  constexpr auto kD = IssueState::kDelivered;
  constexpr auto kF = IssueState::kFailed;
  constexpr auto kE = IssueState::kExpired;
  constexpr auto kR = IssueState::kRedeemed;
  constexpr auto kNo = std::nullopt;
  // Columns: hand-over, delivery, failure, expiry, redemption.
  const std::array<std::array<std::optional<IssueState>, kNumIssueEvents>,
                   kNumIssueStates>
      kTable = {{
          {kH, kNo, kF, kE, kR},     // queued
          {kNo, kD, kF, kE, kR},     // handed
          {kNo, kNo, kNo, kE, kR},   // delivered
          {kNo, kNo, kNo, kNo, kR},  // failed
          {kNo, kNo, kNo, kNo, kR},  // expired
          {kNo, kNo, kNo, kNo, kNo}  // redeemed
      }};
  EXPECT_EQ(static_cast<int>(kQ), 0);
  for (size_t state = 0; state < kNumIssueStates; ++state) {
    for (size_t event = 0; event < kNumIssueEvents; ++event) {
      EXPECT_EQ(NextIssueState(static_cast<IssueState>(state),
                               static_cast<IssueEvent>(event)),
                kTable[state][event])
          << state << " " << event;
    }
  }
  EXPECT_EQ(IssueStateName(kR), "redeemed");
  EXPECT_EQ(IssueStateLabel(kR), "使用済");
  EXPECT_EQ(FailureReasonName(FailureReason::kReportedByGateway),
            "reported_by_gateway");
  EXPECT_EQ(FailureReasonLabel(FailureReason::kNone), "");
}

TEST(IssuanceTest, ValidateLifeNamesTheField) {
  EXPECT_THAT(Validate(LifeOptions()), IsOk());
  for (const absl::Duration life :
       {absl::Minutes(1), absl::Hours(24), absl::Minutes(90)}) {
    EXPECT_THAT(Validate(LifeOptions{.life = life}), IsOk());
  }
  for (const absl::Duration life :
       {absl::ZeroDuration(), absl::Seconds(59), absl::Seconds(61),
        absl::Hours(-1), absl::Hours(24) + absl::Minutes(1),
        absl::InfiniteDuration()}) {
    EXPECT_THAT(
        Validate(LifeOptions{.life = life}),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("life")));
  }
  LifeOptions options;
  options.longest_delivery = absl::Hours(25);
  EXPECT_THAT(Validate(options), StatusIs(absl::StatusCode::kInvalidArgument,
                                          HasSubstr("longest_delivery")));
}

// 14 January 2022: an hour counted from the button was over in the queue.
TEST(R1, LifeCountsFromTheHandOver) {
  const absl::Time queued = At("2022-01-14T11:44:00+09:00");
  const absl::Time handed = queued + absl::Hours(3);
  const absl::Time delivered = handed + absl::Minutes(20);
  const LifeOptions hand_over;
  EXPECT_EQ(ExpiresAt({.queued = queued, .handed = handed, .delivered = {}},
                      hand_over),
            handed + absl::Hours(1));
  EXPECT_EQ(
      ExpiresAt({.queued = queued, .handed = handed, .delivered = delivered},
                hand_over),
      handed + absl::Hours(1));
  EXPECT_TRUE(MaySend(queued, handed, hand_over));
  // As it was: nothing dead is sent, at least.
  const LifeOptions issue = {.from = LifeFrom::kIssue};
  EXPECT_EQ(
      ExpiresAt({.queued = queued, .handed = handed, .delivered = {}}, issue),
      queued + absl::Hours(1));
  EXPECT_TRUE(MaySend(queued, queued + absl::Minutes(59), issue));
  EXPECT_FALSE(MaySend(queued, queued + absl::Hours(1), issue));
  EXPECT_FALSE(MaySend(queued, handed, issue));
  // From the delivery: bounded where no report comes, or comes too late.
  const LifeOptions delivery = {.life = absl::Hours(24),
                                .from = LifeFrom::kDelivery};
  EXPECT_EQ(
      ExpiresAt({.queued = queued, .handed = handed, .delivered = delivered},
                delivery),
      delivered + absl::Hours(24));
  for (const std::optional<absl::Time> late :
       {std::optional<absl::Time>(), std::optional(handed + absl::Hours(7))}) {
    EXPECT_EQ(ExpiresAt({.queued = queued, .handed = handed, .delivered = late},
                        delivery),
              handed + absl::Hours(30));
  }
}

TEST(R1, AnOldQueueIsAnAlarm) {
  const absl::Time now = At("2022-01-14T11:44:00+09:00");
  EXPECT_EQ(AgeOfQueue(std::nullopt, now).age, absl::ZeroDuration());
  EXPECT_FALSE(AgeOfQueue(std::nullopt, now).alarm);
  const auto alarm_after = [now](absl::Duration age) {
    const QueueAge of_queue = AgeOfQueue(now - age, now);
    EXPECT_EQ(of_queue.age, std::max(age, absl::ZeroDuration()));
    return of_queue.alarm;
  };
  EXPECT_FALSE(alarm_after(absl::Minutes(10) - absl::Seconds(1)));
  EXPECT_TRUE(alarm_after(absl::Minutes(10)));
  EXPECT_TRUE(alarm_after(absl::Hours(3)));
  EXPECT_FALSE(alarm_after(-absl::Hours(2)));  // a clock set back
}

}  // namespace
}  // namespace tekmatch
