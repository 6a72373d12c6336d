// A contact with a published key, held against a transmission window.
#include <optional>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "matcher/exposure/transmission_window.h"
#include "tests/matcher/exposure/transmission_window_test_util.h"

namespace tekmatch {
namespace {

KeyMetadata WithOnset(int days) {
  KeyMetadata metadata;
  metadata.days_since_onset = static_cast<int8_t>(days);
  return metadata;
}

// To the second, in Japan and in UTC.
TEST(JudgeContactTest, CivilCutsInsideTheKeysDay) {
  const TransmissionWindowPolicy policy = Named("civil");
  struct Case {
    absl::TimeZone zone;
    const char* rolling_start;
    int days_since_onset;
    const char* first_second;
  };
  const std::vector<Case> cases = {
      // A key of 7 December 09:00 in Japan, D - 3: its last nine hours count.
      {Tokyo(), "2020-12-07T00:00:00Z", -3, "2020-12-08T00:00:00+09:00"},
      {Tokyo(), "2020-12-07T15:00:00Z", -2, "2020-12-08T00:00:00+09:00"},
      {absl::UTCTimeZone(), "2020-12-07T00:00:00Z", -3, "2020-12-08T00:00:00Z"},
      {absl::UTCTimeZone(), "2020-12-08T00:00:00Z", -2, "2020-12-08T00:00:00Z"},
  };
  for (const Case& c : cases) {
    const int64_t first = Seconds(c.first_second);
    for (const int64_t offset : {-86400, -600, -1, 0, 1, 600, 86400}) {
      EXPECT_EQ(Reason(JudgeContact(Interval(c.rolling_start),
                                    WithOnset(c.days_since_onset), {},
                                    first + offset, policy, c.zone)),
                offset < 0 ? "out: before_window" : "in: in_window")
          << c.rolling_start << " " << offset;
    }
  }
}

// Registration lies in the export's window; the earliest one lets most count.
TEST(JudgeContactTest, CivilAgeLimitFromTheExport) {
  const TransmissionWindowPolicy policy = Named("civil");
  const EnIntervalNumber start = Interval("2020-12-01T00:00:00+09:00");
  const int64_t limit = Seconds("2020-12-01T00:00:00+09:00");
  const ExportTimes window = {
      .start_seconds = Seconds("2020-12-15T23:59:59+09:00"),
      .end_seconds = Seconds("2020-12-20T00:00:00+09:00")};
  EXPECT_EQ(
      Reason(JudgeContact(start, WithOnset(0), window, limit, policy, Tokyo())),
      "in: in_window");
  EXPECT_EQ(Reason(JudgeContact(start, WithOnset(0), window, limit - 1, policy,
                                Tokyo())),
            "out: too_old");
  const ExportTimes next = {
      .start_seconds = Seconds("2020-12-16T00:00:00+09:00"),
      .end_seconds = std::nullopt};
  EXPECT_EQ(
      Reason(JudgeContact(start, WithOnset(0), next, limit, policy, Tokyo())),
      "out: too_old");
  // Without timestamps there is no such limit.
  EXPECT_EQ(
      Reason(JudgeContact(start, WithOnset(0), {}, limit - 1, policy, Tokyo())),
      "in: in_window");
}

TEST(JudgeContactTest, Cocoa121ByRollingStart) {
  const TransmissionWindowPolicy policy = Named("cocoa-1.2.1");
  // The key's Japanese date less D; (D - 3) 00:00 is where the key may start.
  const EnIntervalNumber limit = Interval("2020-11-13T15:00:00Z");
  const int64_t contact = Seconds("2020-11-14T10:00:00+09:00");
  EXPECT_EQ(
      Reason(JudgeContact(limit, WithOnset(-3), {}, contact, policy, Tokyo())),
      "in: in_window");
  EXPECT_EQ(Reason(JudgeContact(limit - 1, WithOnset(-4), {}, contact, policy,
                                Tokyo())),
            "out: before_window");
  // The contact's own time does not matter.
  EXPECT_EQ(Reason(JudgeContact(limit, WithOnset(-3), {},
                                contact - int64_t{7200} * 9, policy, Tokyo())),
            "in: in_window");
}

// Whether the person had symptoms is not published: the later end counts.
TEST(JudgeContactTest, Cocoa3ByDaysSinceOnset) {
  const TransmissionWindowPolicy policy = Named("cocoa-3");
  const EnIntervalNumber start = Interval("2021-03-15T00:00:00Z");
  for (int days = -14; days <= 14; ++days) {
    EXPECT_EQ(
        Reason(JudgeContact(start, WithOnset(days), {}, 0, policy, Tokyo())),
        days < -3   ? "out: before_window"
        : days > 10 ? "out: after_window"
                    : "in: in_window");
  }
  const ExportTimes window = {.start_seconds = Seconds("2021-03-29T23:59:59Z"),
                              .end_seconds = Seconds("2021-03-30T12:00:00Z")};
  EXPECT_EQ(
      Reason(JudgeContact(start, WithOnset(0), window, 0, policy, Tokyo())),
      "in: in_window");
  EXPECT_EQ(
      Reason(JudgeContact(start - 1, WithOnset(0), window, 0, policy, Tokyo())),
      "out: too_old");
  EXPECT_EQ(Reason(JudgeContact(Interval("2021-03-30T00:10:00Z"), WithOnset(0),
                                window, 0, policy, Tokyo())),
            "out: starts_after_registration");
}

TEST(JudgeContactTest, WithoutDaysSinceOnset) {
  const EnIntervalNumber start = Interval("2021-03-15T00:00:00Z");
  const int64_t contact = Seconds("2021-03-15T12:00:00Z");
  const ExportTimes late = {.start_seconds = Seconds("2021-04-15T00:00:00Z"),
                            .end_seconds = std::nullopt};
  for (const char* name : {"civil", "cocoa-1.2.1", "cocoa-3"}) {
    TransmissionWindowPolicy policy = Named(name);
    EXPECT_EQ(Reason(JudgeContact(start, {}, {}, contact, policy, Tokyo())),
              "in: days_since_onset_missing");
    EXPECT_EQ(Reason(JudgeContact(start, {}, late, contact, policy, Tokyo())),
              "out: too_old");
    policy.days_since_onset_missing =
        TransmissionWindowPolicy::WhenMissing::kIgnore;
    EXPECT_EQ(Reason(JudgeContact(start, {}, {}, contact, policy, Tokyo())),
              "out: days_since_onset_missing");
  }
}

TEST(JudgeContactTest, RevokedAndRecursiveKeysNeverCount) {
  for (const char* name : {"none", "civil", "cocoa-1.2.1", "cocoa-3"}) {
    for (int type = 0; type < kNumReportTypes; ++type) {
      KeyMetadata metadata = WithOnset(0);
      metadata.report_type = static_cast<ReportType>(type);
      const bool counts = metadata.report_type != ReportType::kRevoked &&
                          metadata.report_type != ReportType::kRecursive;
      EXPECT_EQ(JudgeContact(2692800, metadata, {}, int64_t{2692800} * 600,
                             Named(name), Tokyo())
                    .counts,
                counts);
    }
  }
}

// Both uses of a rule agree: what goes out on the basis of the key counts where
// nothing is unknown.
TEST(JudgeContactTest, AgreesWithSelectionOverManyDaysAndZones) {
  for (const char* name : {"cocoa-1.2.1", "cocoa-3"}) {
    const TransmissionWindowPolicy policy = Named(name);
    for (const char* zone_name : {"Asia/Tokyo", "UTC", "America/New_York",
                                  "Europe/London", "Australia/Lord_Howe"}) {
      const absl::TimeZone zone = Zone(zone_name);
      for (int day = 0; day < 400; day += 3) {
        const absl::CivilDay onset = absl::CivilDay(2020, 1, 1) + day;
        const absl::Time registered =
            absl::FromCivil(onset + 9, zone) + absl::Hours(10);
        for (int offset = -6; offset <= 8; ++offset) {
          const auto start = static_cast<EnIntervalNumber>(
              absl::ToUnixSeconds(absl::FromCivil(
                  absl::CivilDay(onset + offset), absl::UTCTimeZone())) /
              kIntervalSeconds);
          const int64_t days = DaysSinceOnset(start, onset, policy, zone);
          const WindowDecision selected =
              Select(policy, start,
                     {.onset_or_test = onset, .registered = registered}, zone);
          const int64_t seconds = absl::ToUnixSeconds(registered);
          const WindowDecision judged =
              JudgeContact(start, WithOnset(static_cast<int>(days)),
                           {.start_seconds = seconds, .end_seconds = seconds},
                           0, policy, zone);
          EXPECT_EQ(Reason(judged), Reason(selected))
              << name << " " << zone_name << " " << onset << " " << offset;
        }
      }
    }
  }
}

}  // namespace
}  // namespace tekmatch
