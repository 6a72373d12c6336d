#include "registration/rules/key_acceptance.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "matcher/exposure/transmission_window.h"
#include "registration/rules/publish_schedule.h"
#include "tests/keyformat/written_exports.h"
#include "tests/registration/rules/times.h"
#include "tests/status_matchers.h"
#include "tests/time_zones.h"

namespace tekmatch {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kNow[] = "2020-12-15T10:00:00Z";

// A key of the day `day` of December, with bytes of its own.
SubmittedKey Key(int day, uint8_t byte = 1) {
  return {.bytes = std::string(16, static_cast<char>(byte)),
          .rolling_start = int64_t{IntervalAt("2020-12-01T00:00:00Z")} +
                           int64_t{144} * (day - 1),
          .rolling_period = 144,
          .report_type = 1};
}

std::string Verdicts(const std::vector<SubmittedKey>& keys,
                     const char* now = kNow) {
  const Acceptance acceptance = AcceptKeys(keys, At(now), {});
  std::string words(SubmissionVerdictName(acceptance.verdict));
  for (const KeyVerdict verdict : acceptance.verdicts) {
    absl::StrAppend(&words, " ", KeyVerdictName(verdict));
  }
  return words;
}

std::string VerdictOf(SubmittedKey key, const char* now = kNow) {
  const Acceptance acceptance = AcceptKeys({std::move(key)}, At(now), {});
  EXPECT_THAT(acceptance.verdicts, SizeIs(1));
  return std::string(KeyVerdictName(acceptance.verdicts[0]));
}

TEST(KeyAcceptanceTest, EachRuleHasItsReason) {
  EXPECT_EQ(VerdictOf(Key(10)), "accepted");
  SubmittedKey key = Key(10);
  for (const size_t size : {0, 1, 15, 17, 32}) {
    key.bytes = std::string(size, 'k');
    EXPECT_EQ(VerdictOf(key), "not_16_bytes");
  }
  key = Key(10);
  for (const int64_t start :
       {int64_t{0}, int64_t{-144}, key.rolling_start + 1, key.rolling_start - 1,
        key.rolling_start + 143, std::numeric_limits<int64_t>::max(),
        std::numeric_limits<int64_t>::min(), int64_t{1} << 40,
        int64_t{144} << 32}) {
    key.rolling_start = start;
    EXPECT_EQ(VerdictOf(key), "bad_start") << start;
  }
  key = Key(10);
  for (const int64_t period : {int64_t{0}, int64_t{-1}, int64_t{145},
                               int64_t{256 + 144}, int64_t{1} << 40}) {
    key.rolling_period = period;
    EXPECT_EQ(VerdictOf(key), "bad_period") << period;
  }
  for (const int64_t period : {1, 143, 144}) {
    key.rolling_period = period;
    EXPECT_EQ(VerdictOf(key), "accepted") << period;
  }
  key = Key(10);
  key.report_type = std::nullopt;
  EXPECT_EQ(VerdictOf(key), "accepted");
  for (const int64_t type : {0, 2, 3, 4, 5, 6, -1, 257}) {
    key.report_type = type;
    EXPECT_EQ(VerdictOf(key), "report_type") << type;
  }
  EXPECT_EQ(VerdictOf(Key(16)), "in_future");
  EXPECT_EQ(VerdictOf(Key(16), "2020-12-15T23:59:59Z"), "in_future");
  EXPECT_EQ(VerdictOf(Key(16), "2020-12-16T00:00:00Z"), "accepted");
  SubmittedKey far = Key(10);
  far.rolling_start = int64_t{144} * 14912080;  // below 2^31
  EXPECT_EQ(VerdictOf(far), "in_future");
}

// Row 25: whatever D, which the server does not know.
TEST(KeyAcceptanceTest, NeverMoreThanFourteenDaysBeforeRegistration) {
  const struct {
    const char* now;
    int oldest;  // day of December; earlier ones are too old
  } kCases[] = {
      {"2020-12-15T00:00:00Z", 1},
      {"2020-12-15T10:00:00Z", 1},
      {"2020-12-15T15:00:00Z", 1},
      {"2020-12-16T08:59:59+09:00", 1},  // still the 15th in UTC
      {"2020-12-16T09:00:00+09:00", 2},
      {"2020-12-16T00:00:00Z", 2},
      {"2021-01-01T00:00:00Z", 18},
  };
  for (const auto& [now, oldest] : kCases) {
    EXPECT_EQ(VerdictOf(Key(oldest - 1), now), "too_old") << now;
    EXPECT_EQ(VerdictOf(Key(oldest - 30), now), "too_old") << now;
    EXPECT_NE(VerdictOf(Key(oldest), now), "too_old") << now;
    EXPECT_EQ(VerdictOf(Key(oldest + 1), now), "accepted") << now;
  }
}

TEST(R23, OneBadKeyNeverFailsTheOthers) {
  SubmittedKey bad = Key(11, 2);
  bad.rolling_period = 0;
  EXPECT_EQ(Verdicts({bad, Key(10), Key(16, 3), Key(12, 4)}),
            "acceptable bad_period accepted in_future accepted");
  const Acceptance acceptance =
      AcceptKeys({bad, Key(10), Key(16, 3), Key(12, 4)}, At(kNow), {});
  ASSERT_THAT(acceptance.accepted, SizeIs(2));
  EXPECT_EQ(acceptance.accepted[0].index, 1);
  EXPECT_EQ(acceptance.accepted[1].index, 3);
}

// Row 21.
TEST(R9, NothingToSendIsNotTheSameAsNoAcceptableKey) {
  EXPECT_EQ(Verdicts({}), "nothing_to_send");
  EXPECT_EQ(Verdicts({Key(16)}), "no_acceptable_key in_future");
}

// COCOA's server spent the number and answered 200.
TEST(F5, AllKeysFilteredAwayIsKnownBeforeTheNumberIsTouched) {
  EXPECT_EQ(Verdicts({Key(16), Key(-20, 2)}),
            "no_acceptable_key in_future too_old");
}

TEST(F4, AKeyCountsOnceHoweverOftenItComes) {
  SubmittedKey other_period = Key(10);
  other_period.rolling_period = 143;
  SubmittedKey other_start = Key(11);
  SubmittedKey untyped = Key(10);
  untyped.report_type = std::nullopt;  // means the same
  EXPECT_EQ(Verdicts({Key(10), Key(10), other_period, other_start, untyped}),
            "acceptable accepted repeated other_metadata other_metadata "
            "repeated");
  EXPECT_THAT(AcceptKeys({Key(10), Key(10)}, At(kNow), {}).accepted, SizeIs(1));
  // One that was refused does not stand in the way.
  SubmittedKey refused = Key(10);
  refused.rolling_period = 0;
  EXPECT_EQ(Verdicts({refused, Key(10)}), "acceptable bad_period accepted");

  // The same against what is stored.
  const DiagnosisKey stored =
      AcceptKeys({Key(10)}, At(kNow), {}).accepted[0].key;
  EXPECT_EQ(JudgeAgainstStored(stored, stored), KeyVerdict::kRepeated);
  DiagnosisKey other = stored;
  other.rolling_period = 1;
  EXPECT_EQ(JudgeAgainstStored(other, stored), KeyVerdict::kOtherMetadata);
  other = stored;
  other.rolling_start += 144;
  EXPECT_EQ(JudgeAgainstStored(other, stored), KeyVerdict::kOtherMetadata);
  other = stored;
  other.metadata.report_type = ReportType::kSelfReport;
  EXPECT_EQ(JudgeAgainstStored(other, stored), KeyVerdict::kOtherMetadata);
  EXPECT_EQ(Conclude({KeyVerdict::kRepeated}), SubmissionVerdict::kAcceptable);
  EXPECT_EQ(Conclude({KeyVerdict::kOtherMetadata}),
            SubmissionVerdict::kNoAcceptableKey);
}

TEST(KeyAcceptanceTest, AtMostThirtyKeysAndThreeOfAStart) {
  std::vector<SubmittedKey> keys;
  for (uint8_t i = 0; i < 30; ++i) {
    keys.push_back(Key(2 + i / 3, static_cast<uint8_t>(i + 1)));
  }
  EXPECT_THAT(AcceptKeys(keys, At(kNow), {}).accepted, SizeIs(30));
  keys.push_back(Key(14, 99));
  const Acceptance too_many = AcceptKeys(keys, At(kNow), {});
  EXPECT_EQ(too_many.verdict, SubmissionVerdict::kTooManyKeys);
  EXPECT_EQ(SubmissionVerdictName(too_many.verdict), "too_many_keys");
  EXPECT_THAT(too_many.accepted, IsEmpty());
  EXPECT_THAT(too_many.verdicts, IsEmpty());

  EXPECT_EQ(Verdicts({Key(9, 1), Key(9, 2), Key(9, 2), Key(9, 3), Key(9, 4),
                      Key(8, 5)}),
            "acceptable accepted accepted repeated accepted "
            "same_start_too_often accepted");
}

TEST(KeyAcceptanceTest, AKeyInUseIsAcceptedAndEmbargoed) {
  const absl::Time start = At("2020-12-15T00:00:00Z");
  const absl::Time from = start + absl::Hours(26);
  const auto accept = [](absl::Time now, const PublishSchedule& schedule) {
    const Acceptance acceptance = AcceptKeys({Key(15)}, now, schedule);
    EXPECT_THAT(acceptance.accepted, SizeIs(1));
    return acceptance.accepted[0];
  };
  EXPECT_TRUE(accept(start, {}).embargoed);
  EXPECT_EQ(accept(start, {}).slot, At("2020-12-16T15:00:00Z"));
  EXPECT_TRUE(accept(from - absl::Seconds(1), {}).embargoed);
  EXPECT_FALSE(accept(from, {}).embargoed);
  PublishSchedule same_day;
  same_day.rule = ReleaseRule::kSameDay;
  EXPECT_FALSE(accept(start, same_day).embargoed);
  EXPECT_EQ(accept(start, same_day).slot, At("2020-12-15T15:00:00Z"));
}

// Row 27: no days_since_onset.
TEST(R13, WhatIsAcceptedIsWrittenAndReadWithoutLoss) {
  std::vector<DiagnosisKey> keys;
  std::vector<SubmittedKey> submitted;
  for (int day = -5; day <= 18; ++day) {
    for (const int period : {0, 1, 72, 144, 145}) {
      SubmittedKey key =
          Key(day, static_cast<uint8_t>(100 + day * 5 + period % 7));
      key.rolling_period = period;
      submitted.push_back(key);
    }
  }
  for (const SubmittedKey& key : submitted) {
    for (const AcceptedKey& accepted :
         AcceptKeys({key}, At(kNow), {}).accepted) {
      keys.push_back(accepted.key);
      EXPECT_EQ(accepted.key.metadata.days_since_onset, std::nullopt);
      EXPECT_EQ(accepted.key.metadata.report_type, ReportType::kConfirmedTest);
      EXPECT_EQ(accepted.key.metadata.transmission_risk, 4);
    }
  }
  ASSERT_THAT(keys, SizeIs(15 * 3));
  const auto files = WriteAndRead(keys, Options());
  ASSERT_THAT(files, IsOkAndHolds(SizeIs(1)));
  EXPECT_EQ(Sorted((*files)[0].keys), Sorted(keys));
}

// Every start from 20 days before to 2 days after, at every ten minutes of a
// day and the seconds beside: an accepted key goes out exactly once, in the
// slot that acceptance named, before it is too old.
TEST(R14, EveryAcceptedKeyIsExportedOnce) {
  PublishSchedule daily;
  PublishSchedule five;
  five.slots = {absl::Hours(3), absl::Hours(7), absl::Hours(11),
                absl::Hours(15), absl::Hours(23)};
  PublishSchedule midnight;
  midnight.slots = {absl::ZeroDuration()};
  PublishSchedule same_day;
  same_day.rule = ReleaseRule::kSameDay;
  PublishSchedule waiting;
  waiting.min_keys = 1000;
  waiting.longest_wait = absl::Hours(240);
  int64_t num_accepted = 0;
  int64_t num_without_slot = 0;
  for (const PublishSchedule& schedule :
       {daily, five, midnight, same_day, waiting}) {
    for (int second = 0; second <= 86400; second += 600) {
      for (const int beside : {-1, 0, 1}) {
        const absl::Time now =
            At("2020-12-15T00:00:00Z") + absl::Seconds(second + beside);
        for (int day = -5; day <= 17; ++day) {
          SubmittedKey key = Key(day);
          key.rolling_period = day % 2 == 0 ? 144 : 1;
          const Acceptance acceptance = AcceptKeys({key}, now, schedule);
          if (acceptance.verdicts[0] == KeyVerdict::kNoSlotInTime) {
            ++num_without_slot;
            // Only a key on its last day has none.
            EXPECT_LT(absl::FromUnixSeconds(key.rolling_start * 600) +
                          absl::Hours(14 * 24 - 1),
                      now);
          }
          if (acceptance.accepted.empty()) continue;
          ++num_accepted;
          const WaitingKey stored = {
              .rolling_start = acceptance.accepted[0].key.rolling_start,
              .rolling_period = acceptance.accepted[0].key.rolling_period,
              .arrived = absl::UnixEpoch() +
                         absl::Floor(now - absl::UnixEpoch(), absl::Hours(1))};
          absl::Time slot = FirstSlotFrom(now, schedule);
          while (PlanRelease({stored}, slot, schedule).num_going_out == 0) {
            ASSERT_LT(slot, now + absl::Hours(24 * 16)) << now << " " << day;
            slot = FirstSlotFrom(slot + absl::Seconds(1), schedule);
          }
          EXPECT_LT(slot, TooOldFrom(stored.rolling_start));
          EXPECT_GE(slot, acceptance.accepted[0].slot);
          if (schedule.min_keys == 0) {
            EXPECT_EQ(slot, acceptance.accepted[0].slot) << now << " " << day;
          }
        }
      }
    }
  }
  EXPECT_GT(num_accepted, 5 * 145 * 3 * 13);
  EXPECT_GT(num_without_slot, 0);
}

// ---- On the phone -------------------------------------------------------

std::vector<DiagnosisKey> OwnKeys(int first_day, int last_day) {
  std::vector<DiagnosisKey> keys;
  for (int day = first_day; day <= last_day; ++day) {
    DiagnosisKey key;
    key.tek.bytes[0] = static_cast<uint8_t>(day + 100);
    key.rolling_start = static_cast<EnIntervalNumber>(Key(day).rolling_start);
    keys.push_back(key);
  }
  return keys;
}

// Row 21.
TEST(R9, AnAppInstalledTodayHasNothingToRegister) {
  // The key of the 15th begins at 09:00 in Japan.
  const std::vector<DiagnosisKey> today = OwnKeys(15, 15);
  const struct {
    const char* now;
    bool want;
  } kCases[] = {
      {"2020-12-15T09:00:00+09:00", false},
      {"2020-12-15T23:59:59+09:00", false},
      {"2020-12-16T00:00:00+09:00", true},
      {"2020-12-16T08:59:59+09:00", true},
  };
  for (const auto& [now, want] : kCases) {
    EXPECT_EQ(HasKeyOfEarlierDay(today, At(now), Tokyo()), want) << now;
    EXPECT_FALSE(HasKeyOfEarlierDay({}, At(now), Tokyo()));
    EXPECT_TRUE(HasKeyOfEarlierDay(OwnKeys(14, 15), At(now), Tokyo()));
  }
}

// Row 24, by the policy of version 1.2.1: three days, since keys begin at
// 09:00.
TEST(KeyAcceptanceTest, ThePhoneSendsTheWindow) {
  const TransmissionWindowPolicy policy =
      *NamedTransmissionWindowPolicy("cocoa-1.2.1");
  const Registration registration = {
      .onset_or_test = absl::CivilDay(2020, 12, 10),
      .by_test_date = false,
      .registered = At(kNow)};
  const KeysToSend to_send =
      SelectKeysToSend(OwnKeys(-5, 16), registration, policy, Tokyo());
  ASSERT_THAT(to_send.keys, SizeIs(9));
  EXPECT_EQ(to_send.keys.front(), OwnKeys(7, 7)[0]);
  EXPECT_EQ(to_send.keys.back(), OwnKeys(15, 15)[0]);
  ASSERT_THAT(to_send.decisions, SizeIs(22));
  EXPECT_EQ(to_send.decisions[11].reason, WindowReason::kBeforeWindow);
  EXPECT_EQ(to_send.decisions[12].reason, WindowReason::kInWindow);
  EXPECT_EQ(to_send.decisions[21].reason,
            WindowReason::kStartsAfterRegistration);

  EXPECT_THAT(SelectKeysToSend({}, registration, policy, Tokyo()).keys,
              IsEmpty());
}

// Row 25: D is 40 days ago. What the phone sends the server takes.
TEST(KeyAcceptanceTest, PhoneAndServerAgreeOnFourteenDays) {
  const TransmissionWindowPolicy policy =
      *NamedTransmissionWindowPolicy("cocoa-1.2.1");
  for (const char* now : {"2020-12-15T00:00:00Z", "2020-12-15T14:59:59Z",
                          "2020-12-15T15:00:00Z"}) {
    const Registration registration = {
        .onset_or_test = absl::CivilDay(2020, 11, 5),
        .by_test_date = true,
        .registered = At(now)};
    const KeysToSend to_send =
        SelectKeysToSend(OwnKeys(-30, 15), registration, policy, Tokyo());
    EXPECT_EQ(to_send.keys.front(), OwnKeys(1, 1)[0]);
    std::vector<SubmittedKey> submitted;
    for (const DiagnosisKey& key : to_send.keys) {
      submitted.push_back(
          {.bytes = std::string(key.tek.bytes.begin(), key.tek.bytes.end()),
           .rolling_start = key.rolling_start,
           .rolling_period = key.rolling_period,
           .report_type = 1});
    }
    EXPECT_THAT(AcceptKeys(submitted, At(now), {}).accepted, SizeIs(15));
  }
}

// Row 26: 14 days, whatever D, and not a key more than the server takes.
TEST(KeyAcceptanceTest, BeforeVersion121FourteenDays) {
  const auto policy = PublicationPolicy("legacy-14d");
  ASSERT_THAT(policy, IsOk());
  EXPECT_THAT(Validate(*policy), IsOk());
  for (const absl::CivilDay d :
       {absl::CivilDay(2020, 12, 15), absl::CivilDay(2020, 12, 1),
        absl::CivilDay(2020, 11, 5)}) {
    const KeysToSend to_send = SelectKeysToSend(
        OwnKeys(-30, 15),
        {.onset_or_test = d, .by_test_date = false, .registered = At(kNow)},
        *policy, Tokyo());
    EXPECT_EQ(to_send.keys, OwnKeys(1, 15)) << d;
  }
}

// Row 27: a policy that tells the date is not to be had.
TEST(KeyAcceptanceTest, PoliciesThatMayBePublishedBy) {
  for (const char* name : {"cocoa-1.2.1", "civil"}) {
    EXPECT_THAT(PublicationPolicy(name),
                IsOkAndHolds(*NamedTransmissionWindowPolicy(name)));
  }
  for (const char* name : {"cocoa-3", "none", "", "legacy"}) {
    EXPECT_THAT(PublicationPolicy(name),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         ::testing::HasSubstr("legacy-14d")));
  }
}

TEST(KeyAcceptanceTest, ThePhoneSendsTheLatestThirty) {
  std::vector<DiagnosisKey> keys;
  for (const DiagnosisKey& key : OwnKeys(1, 15)) {
    for (uint8_t i = 0; i < 3; ++i) {
      keys.push_back(key);
      keys.back().tek.bytes[1] = i;
    }
  }
  const KeysToSend to_send =
      SelectKeysToSend(keys,
                       {.onset_or_test = absl::CivilDay(2020, 12, 1),
                        .by_test_date = false,
                        .registered = At(kNow)},
                       *NamedTransmissionWindowPolicy("none"), Tokyo());
  EXPECT_EQ(to_send.keys,
            std::vector<DiagnosisKey>(keys.begin() + 15, keys.end()));
}

}  // namespace
}  // namespace tekmatch
