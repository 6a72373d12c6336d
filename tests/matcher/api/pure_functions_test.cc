// What tekmatch.h says without a check: versions and names, the transmission
// window, and rules that are given as JSON.
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "matcher/api/tekmatch.h"
#include "matcher/exposure/transmission_window.h"
#include "tests/matcher/api/c_world.h"
#include "tests/test_exports.h"

namespace tekmatch {
namespace {

absl::TimeZone Tokyo() {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone("Asia/Tokyo", &zone));
  return zone;
}

TEST(TekmatchVersionTest, GoesWithHeadersOfItsMajorVersion) {
  EXPECT_EQ(tekmatch_version_number(), TEKMATCH_VERSION_NUMBER);
  EXPECT_STREQ(TEKMATCH_VERSION_STRING,
               (std::to_string(TEKMATCH_VERSION_MAJOR) + "." +
                std::to_string(TEKMATCH_VERSION_MINOR) + "." +
                std::to_string(TEKMATCH_VERSION_PATCH))
                   .c_str());
  EXPECT_EQ(tekmatch_is_compatible(TEKMATCH_VERSION_NUMBER), 1);
  EXPECT_EQ(tekmatch_is_compatible(TEKMATCH_VERSION_NUMBER + 1), 1);
  EXPECT_EQ(tekmatch_is_compatible(TEKMATCH_VERSION_NUMBER + 100), 0);
  EXPECT_EQ(tekmatch_is_compatible(TEKMATCH_VERSION_NUMBER + 10000), 0);
  EXPECT_EQ(tekmatch_is_compatible(0), 0);
}

TEST(TekmatchNamesTest, AreAbseilsAndTheLibrarys) {
  for (int i = 0; i <= 15; ++i) {
    EXPECT_EQ(tekmatch_status_name(i),
              absl::StatusCodeToString(static_cast<absl::StatusCode>(i)))
        << i;
  }
  EXPECT_STREQ(tekmatch_status_name(99), "UNKNOWN");
  for (int i = 0; i < kNumWindowReasons; ++i) {
    EXPECT_EQ(
        tekmatch_window_reason_name(static_cast<tekmatch_window_reason>(i)),
        WindowReasonName(static_cast<WindowReason>(i)));
  }
  size_t n = 0;
  std::string last;
  while (tekmatch_kernel_name(n) != nullptr) last = tekmatch_kernel_name(n++);
  EXPECT_EQ(last, "portable");
}

TEST(TekmatchWindowTest, SelectsKeysAsTheLibraryDoes) {
  const TransmissionWindowPolicy policy =
      *NamedTransmissionWindowPolicy("cocoa-3");
  std::vector<DiagnosisKey> keys;
  std::vector<tekmatch_own_key> given;
  for (uint32_t day = 0; day < 20; ++day) {
    DiagnosisKey key;
    key.rolling_start = kTestDay - 15 * 144 + day * 144;
    keys.push_back(key);
    given.push_back({key.rolling_start, 144});
  }
  tekmatch_registration registration{};
  registration.struct_size = sizeof(registration);
  registration.onset_or_test = {2020, 11, 28};
  registration.registered = kTestDaySeconds;
  std::vector<tekmatch_decision> decisions(keys.size());
  Message message;
  ASSERT_EQ(tekmatch_select_keys(decisions.data(), given.data(), given.size(),
                                 &registration, "cocoa-3", "Asia/Tokyo",
                                 message.data(), message.size()),
            TEKMATCH_OK)
      << message.str();
  const absl::CivilDay onset(2020, 11, 28);
  const auto right = SelectKeysForPublication(
      keys, {onset, false, absl::FromUnixSeconds(kTestDaySeconds)}, policy,
      Tokyo());
  std::set<int32_t> reasons;
  for (size_t i = 0; i < keys.size(); ++i) {
    EXPECT_EQ(decisions[i].counts != 0, right[i].counts) << i;
    EXPECT_EQ(decisions[i].reason, static_cast<int32_t>(right[i].reason)) << i;
    EXPECT_EQ(decisions[i].days_since_onset,
              DaysSinceOnset(keys[i].rolling_start, onset, policy, Tokyo()));
    reasons.insert(decisions[i].reason);
  }
  EXPECT_GT(reasons.size(), 2);
}

TEST(TekmatchWindowTest, JudgesContactsAsTheLibraryDoes) {
  tekmatch_contact contact{};
  contact.struct_size = sizeof(contact);
  contact.rolling_start = kTestDay;
  contact.report_type = TEKMATCH_MISSING;
  contact.unix_seconds = kTestDaySeconds + 3600;
  tekmatch_decision decision{};
  const auto judge = [&] {
    return tekmatch_judge_contact(&decision, &contact, "cocoa-3", "Asia/Tokyo",
                                  nullptr, 0);
  };
  contact.days_since_onset = 3;
  ASSERT_EQ(judge(), TEKMATCH_OK);
  EXPECT_EQ(decision.counts, 1);
  EXPECT_EQ(decision.reason, TEKMATCH_IN_WINDOW);
  contact.days_since_onset = -14;
  ASSERT_EQ(judge(), TEKMATCH_OK);
  EXPECT_EQ(decision.counts, 0);
  EXPECT_EQ(decision.reason, TEKMATCH_BEFORE_WINDOW);
  contact.days_since_onset = TEKMATCH_MISSING;
  ASSERT_EQ(judge(), TEKMATCH_OK);
  EXPECT_EQ(decision.reason, TEKMATCH_DAYS_SINCE_ONSET_MISSING);
  contact.report_type = 5;
  ASSERT_EQ(judge(), TEKMATCH_OK);
  EXPECT_EQ(decision.reason, TEKMATCH_REPORT_TYPE);
}

TEST(TekmatchRulesTest, TakesJson) {
  std::vector<DiagnosisKey> keys = TestKeys(3, 1);
  for (DiagnosisKey& key : keys) {
    key.metadata.report_type = ReportType::kConfirmedTest;
  }
  const std::string bytes = WriteTestExport(keys);
  const TrustHandle trust = TrustTestSignerInC();
  const IndexHandle index = IndexInC(HearForHalfAnHour(keys));
  tekmatch_check_options options = CocoaOptions();
  options.policy = R"( {"name": "mine", "basis": "contact_time"})";
  options.config = R"({"name": "mine", "attenuation_thresholds": [10, 20, 30],
                       "attenuation_weights": [1, 1, 1, 0],
                       "consultation": {"ja": "窓口", "en": "the desk"}})";
  const ResultHandle result = CheckInC(index.get(), trust.get(),
                                       {MemorySourceInC("a", bytes)}, options);
  ASSERT_NE(result, nullptr);
  EXPECT_EQ(tekmatch_result_compared(result.get(), 0, nullptr, 0), TEKMATCH_OK);
  tekmatch_notice notice{};
  notice.struct_size = sizeof(notice);
  ASSERT_EQ(tekmatch_result_notice(&notice, result.get(), nullptr, 0),
            TEKMATCH_OK);
  EXPECT_STREQ(notice.consultation_japanese, "窓口");
}

}  // namespace
}  // namespace tekmatch
