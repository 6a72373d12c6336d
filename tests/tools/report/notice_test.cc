#include "tools/report/notice.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "matcher/exposure/exposure_findings.h"
#include "tests/time_zones.h"
#include "tools/files/hex.h"

namespace tekmatch {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr int64_t kNoon = 1589976000;  // 2020-05-20T12:00:00Z

ExposureConfig Cocoa() { return *NamedExposureConfig("cocoa"); }

// A key heard at each of the times, near by, all of them different RPIs.
std::vector<Match> Heard(uint8_t key, const std::vector<int64_t>& times) {
  std::vector<Match> matches;
  for (const int64_t time : times) {
    Match match;
    match.tek.bytes.fill(key);
    match.rolling_start = static_cast<EnIntervalNumber>(time / 600);
    match.sighting.rpi.bytes.fill(static_cast<uint8_t>(time));
    match.sighting.unix_seconds = time;
    match.attenuation = 50;
    matches.push_back(match);
  }
  return matches;
}

// One contact of 20 minutes, and on the UTC day before one of 2 minutes at
// 15:00, which is the same Japanese date.
std::vector<Match> TwoContacts() {
  std::vector<int64_t> times;
  times.reserve(10);
  for (int i = 0; i < 10; ++i) times.push_back(kNoon + int64_t{300} * i);
  std::vector<Match> matches = Heard(1, {kNoon - int64_t{21} * 3600});
  const std::vector<Match> more = Heard(2, times);
  matches.insert(matches.end(), more.begin(), more.end());
  return matches;
}

std::string Notice(const std::vector<Match>& matches,
                   const NoticeOptions& options,
                   const ExposureConfig& config = Cocoa(),
                   const ExposureCheckResult& run = {},
                   const SightingsCounts& sightings = {}) {
  return NoticeText({.run = run, .sightings = sightings},
                    FindExposures(matches, config, options.zone,
                                  absl::FromUnixSeconds(kNoon + 86400)),
                    config, options);
}

TEST(NoticeTest, English) {
  EXPECT_EQ(Notice(TwoContacts(), {}),
            "As of 2020-05-21 (UTC), contacts since 2020-05-06.\n"
            "You may have been in contact with a person who tested positive.\n"
            "Contacts: 2\n"
            "Dates of contact (UTC):\n"
            "  2020-05-19  2 min\n"
            "  2020-05-20  20 min\n"
            "On these dates the contact was long and close enough to reach the "
            "alert\nthreshold: 2020-05-20\n"
            "What to do: watch your health and avoid meeting people. For "
            "advice, or if you\nfeel unwell, contact the consultation centre "
            "of your prefecture.\n");
}

TEST(NoticeTest, Japanese) {
  EXPECT_EQ(
      Notice(TwoContacts(), {.language = Language::kJapanese, .zone = Tokyo()}),
      "2020-05-21現在（Asia/Tokyo）、2020-05-06以降の接触について。\n"
      "陽性登録者との接触の可能性があります。\n"
      "接触件数：2件\n"
      "接触のあった日（Asia/Tokyo）：\n"
      "  2020-05-20  22分\n"
      "次の日の接触は、通知の基準（距離と時間）に達しています："
      "2020-05-20\n"
      "今後の対応：体調の変化に注意し、人との接触を控えてください。\n"
      "相談先、体調がすぐれないときの連絡先："
      "お住まいの都道府県の受診・相談センター\n");
}

TEST(NoticeTest, LongDates) {
  EXPECT_THAT(Notice(TwoContacts(), {.long_dates = true}),
              HasSubstr("  19 May 2020  2 min\n  20 May 2020  20 min\n"));
  EXPECT_THAT(Notice(TwoContacts(),
                     {.language = Language::kJapanese, .long_dates = true}),
              HasSubstr("  2020年5月19日  2分\n  2020年5月20日  20分\n"));
}

TEST(NoticeTest, NoContact) {
  EXPECT_EQ(Notice({}, {}),
            "As of 2020-05-21 (UTC), contacts since 2020-05-06.\n"
            "No contact with a person who tested positive was found.\n");
  EXPECT_EQ(Notice({}, {.language = Language::kJapanese}),
            "2020-05-21現在（UTC）、2020-05-06以降の接触について。\n"
            "陽性登録者との接触は確認されませんでした。\n");
}

// A configuration without a limit looks at all days.
TEST(NoticeTest, NamesTheDayItWasMadeFor) {
  ExposureConfig config = Cocoa();
  EXPECT_THAT(
      Notice({}, {.long_dates = true}, config),
      StartsWith("As of 21 May 2020 (UTC), contacts since 6 May 2020.\n"));
  config.daily_summaries.days_since_exposure_threshold = 0;
  EXPECT_THAT(Notice({}, {}, config), StartsWith("As of 2020-05-21 (UTC).\n"));
  EXPECT_THAT(Notice({},
                     {.language = Language::kJapanese,
                      .long_dates = true,
                      .zone = Tokyo()},
                     config),
              StartsWith("2020年5月21日現在（Asia/Tokyo）。\n"));
}

// The day is that of the dates' zone: 12 hours later it is the next in Japan.
TEST(NoticeTest, TheZoneDecidesTheDay) {
  const int64_t evening = kNoon + int64_t{4} * 3600;
  const ExposureCheckResult run;
  const SightingsCounts sightings;
  const auto notice = [&](absl::TimeZone zone) {
    return NoticeText(
        {.run = run, .sightings = sightings},
        FindExposures({}, Cocoa(), zone, absl::FromUnixSeconds(evening)),
        Cocoa(), {.zone = zone});
  };
  EXPECT_THAT(notice(absl::UTCTimeZone()),
              StartsWith("As of 2020-05-20 (UTC)"));
  EXPECT_THAT(notice(Tokyo()), StartsWith("As of 2020-05-21 (Asia/Tokyo)"));
}

// The oldest day that COCOA showed is the 15th before today, and the platform's
// the 14th.
TEST(NoticeTest, TheOldestDayThatIsShown) {
  const ExposureConfig platform = *NamedExposureConfig("platform-default");
  for (const auto& [config, days] :
       {std::pair(Cocoa(), 15), std::pair(platform, 14)}) {
    // Today is 2020-05-21.
    const int64_t oldest = kNoon + int64_t{86400} * (1 - days);
    EXPECT_THAT(Notice(Heard(1, {oldest}), {}, config),
                HasSubstr("Contacts: 1\n"));
    EXPECT_THAT(Notice(Heard(1, {oldest - 86400}), {}, config),
                HasSubstr("No contact"));
    // The first second of that day, and the last of the one before.
    const int64_t midnight = oldest - int64_t{12} * 3600;
    EXPECT_THAT(Notice(Heard(1, {midnight}), {}, config),
                HasSubstr("Contacts: 1\n"));
    EXPECT_THAT(Notice(Heard(1, {midnight - 1}), {}, config),
                HasSubstr("No contact"));
  }
}

// 14 minutes 59 are too short, however close; the threshold itself is enough.
TEST(NoticeTest, AlertingDates) {
  const std::vector<Match> matches = TwoContacts();
  ExposureConfig config = Cocoa();
  config.alert.seconds = 1201;
  EXPECT_THAT(Notice(matches, {}, config),
              HasSubstr("On none of them was it long and close enough"));
  EXPECT_THAT(Notice(matches, {.language = Language::kJapanese}, config),
              HasSubstr("通知の基準（距離と時間）に達した日はありません。"));
  config.alert.seconds = 1200;
  EXPECT_THAT(Notice(matches, {}, config), HasSubstr("threshold: 2020-05-20"));
  config.alert = {.score_sum = 0, .seconds = 0};
  EXPECT_THAT(Notice(matches, {}, config),
              HasSubstr("threshold: 2020-05-19, 2020-05-20\n"));
  EXPECT_THAT(Notice(matches, {.language = Language::kJapanese}, config),
              HasSubstr("2020-05-19、2020-05-20\n"));
}

TEST(NoticeTest, TheConfigurationNamesWhomToAsk) {
  ExposureConfig config = Cocoa();
  config.consultation = {.japanese = "0120-000-000", .english = "Dr. Who"};
  EXPECT_THAT(Notice(TwoContacts(), {}, config),
              HasSubstr("contact Dr. Who.\n"));
  EXPECT_THAT(Notice(TwoContacts(), {.language = Language::kJapanese}, config),
              HasSubstr("：0120-000-000\n"));
  config.consultation = {};
  EXPECT_THAT(Notice(TwoContacts(), {}, config), Not(HasSubstr("What to do")));
}

// As in the report: a result of doubtful files says so.
TEST(NoticeTest, FilesThatAReaderHasToKnowAbout) {
  ExposureCheckResult run;
  run.files.resize(2);
  run.files[0].path = "a.zip";
  run.files[0].verdict = "no_signature_entry";
  run.files[0].accepted = true;
  run.files[1].verdict = "wrong_signature";
  run.files[1].path = "b.zip";
  run.files[1].message = "b.zip: does not fit";
  run.files[1].report.signature.verdict = SignatureVerdict::kWrongSignature;
  run.num_rejected = 21;
  SightingsCounts sightings;
  sightings.num_bad = 12;
  sightings.losses = {{"db/000006.log", "is missing"}};
  for (const Language language : {Language::kEnglish, Language::kJapanese}) {
    const std::string text =
        Notice({}, {.language = language}, Cocoa(), run, sightings);
    EXPECT_THAT(text, HasSubstr("no_signature_entry"));
    EXPECT_THAT(text, HasSubstr("a.zip"));
    EXPECT_THAT(text, HasSubstr("wrong_signature"));
    EXPECT_THAT(text, HasSubstr("b.zip"));
    // The reason may repeat what the file says of itself.
    EXPECT_THAT(text, Not(HasSubstr("does not fit")));
    EXPECT_THAT(text, HasSubstr("db/000006.log"));
    EXPECT_THAT(text, ContainsRegex("1[^0-9]+21[^0-9]+12[^0-9]"));
  }
}

// What was not taken as it was published is said to a person too.
TEST(NoticeTest, PublicationsThatDisagree) {
  ExposureCheckResult run;
  run.num_believed_keys = run.num_believed_compared = 1;
  run.num_conflicts = {0, 31, 0, 0, 0};
  run.num_outside_first_publication = 32;
  run.num_outside_tolerance = 33;
  run.num_ignored_revisions = 34;
  for (const Language language : {Language::kEnglish, Language::kJapanese}) {
    const std::string text = Notice({}, {.language = language}, Cocoa(), run);
    EXPECT_THAT(text, HasSubstr("rolling_period"));
    EXPECT_THAT(text, ContainsRegex("31[^0-9]+32[^0-9]+33[^0-9]+34[^0-9]"));
  }
}

// Keys of another month: that none matched means nothing.
TEST(NoticeTest, NoKeyWasInUseWhenSomethingWasHeard) {
  const std::string english = "nothing could match";
  const std::string japanese = "一致するものはあり得ません";
  ExposureCheckResult run;
  run.num_believed_keys = 1;
  EXPECT_THAT(Notice({}, {}, Cocoa(), run), HasSubstr(english));
  EXPECT_THAT(Notice({}, {.language = Language::kJapanese}, Cocoa(), run),
              HasSubstr(japanese));
  // Of unsigned files some were: it is not said of those.
  run.num_compared = 1;
  EXPECT_THAT(Notice({}, {}, Cocoa(), run),
              AllOf(HasSubstr("No key of a verified file"),
                    Not(HasSubstr("No key was in use"))));
  EXPECT_THAT(Notice({}, {.language = Language::kJapanese}, Cocoa(), run),
              HasSubstr("検証済みのファイルのどの鍵も"));
  run.num_believed_compared = 1;
  EXPECT_THAT(Notice({}, {}, Cocoa(), run), Not(HasSubstr(english)));
  // There is no such key.
  run.num_believed_keys = run.num_believed_compared = 0;
  EXPECT_THAT(Notice({}, {}, Cocoa(), run), Not(HasSubstr(english)));
}

TEST(NoticeTest, NeverAClockTimeAKeyOrAnIdentifier) {
  const std::vector<Match> matches = TwoContacts();
  for (const Language language : {Language::kEnglish, Language::kJapanese}) {
    for (const bool long_dates : {false, true}) {
      for (const absl::TimeZone& zone : {absl::UTCTimeZone(), Tokyo()}) {
        const std::string text = Notice(
            matches,
            {.language = language, .long_dates = long_dates, .zone = zone});
        EXPECT_THAT(text, Not(ContainsRegex("[0-9]:[0-9][0-9]")));
        EXPECT_THAT(text, Not(ContainsRegex("[0-9]時")));
        EXPECT_THAT(text, Not(ContainsRegex("[0-9a-fA-F]{8}")));
        for (const Match& match : matches) {
          EXPECT_THAT(text, Not(HasSubstr(EncodeHex(match.tek.bytes))));
          EXPECT_THAT(text,
                      Not(HasSubstr(EncodeHex(match.sighting.rpi.bytes))));
          EXPECT_THAT(
              text,
              Not(HasSubstr(std::to_string(match.sighting.unix_seconds))));
          EXPECT_THAT(text,
                      Not(HasSubstr(std::to_string(match.rolling_start))));
        }
      }
    }
  }
}

}  // namespace
}  // namespace tekmatch
