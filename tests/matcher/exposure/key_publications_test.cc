#include "matcher/exposure/key_publications.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr EnIntervalNumber kStart = 2677968;  // 2020-12-01T00:00:00Z
constexpr ReportType kTest = ReportType::kConfirmedTest;
constexpr ReportType kSelf = ReportType::kSelfReport;
constexpr ReportType kRecursive = ReportType::kRecursive;
constexpr ReportType kRevoked = ReportType::kRevoked;
using Conflicts = std::array<uint64_t, kNumPublishedFields>;

Tek TekOf(uint8_t byte) {
  Tek tek;
  tek.bytes.fill(byte);
  return tek;
}

KeyPublication Publish(uint32_t source, ReportType type, uint8_t tek = 1) {
  KeyPublication publication;
  publication.source = source;
  publication.key.tek = TekOf(tek);
  publication.key.rolling_start = kStart;
  publication.key.metadata.report_type = type;
  return publication;
}

Match In(EnIntervalNumber interval, uint8_t tek = 1) {
  Match match;
  match.tek = TekOf(tek);
  match.interval = interval;
  match.rolling_start = interval;
  match.rolling_period = 1;
  match.metadata.report_type = kSelf;
  return match;
}

std::vector<EnIntervalNumber> Intervals(const std::vector<Match>& matches) {
  std::vector<EnIntervalNumber> intervals;
  intervals.reserve(matches.size());
  for (const Match& match : matches) intervals.push_back(match.interval);
  return intervals;
}

TEST(KeyPublicationsTest, TheFirstOneDecidesButForTheType) {
  std::vector<KeyPublication> publications = {Publish(3, kSelf),
                                              Publish(7, kTest)};
  publications[0].key.rolling_period = 72;
  publications[0].key.metadata.days_since_onset = 3;
  publications[1].key.metadata.days_since_onset = -5;
  publications[1].key.metadata.transmission_risk = 8;
  for (int i = 0; i < 2; ++i) {
    const KeyHistories histories = ResolvePublications(publications, kTest);
    const KeyHistory& history = histories.by_key.at(TekOf(1));
    EXPECT_EQ(history.source, 3U);
    EXPECT_EQ(history.key.rolling_period, 72);
    EXPECT_EQ(history.key.metadata.days_since_onset, 3);
    EXPECT_EQ(history.key.metadata.transmission_risk, std::nullopt);
    EXPECT_EQ(history.key.metadata.report_type, kTest);
    EXPECT_EQ(histories.num_revisions, 1U);
    EXPECT_EQ(histories.num_conflicts, (Conflicts{0, 1, 1, 1, 0}));
    std::swap(publications[0], publications[1]);
  }
}

TEST(KeyPublicationsTest, KeysComeBeforeRevisedKeysOfTheirFile) {
  KeyPublication revised = Publish(1, kRevoked);
  revised.key.metadata.revised = true;
  revised.key.rolling_start = kStart - 144;  // smaller, and not first
  const KeyHistories histories =
      ResolvePublications({revised, Publish(1, kSelf)}, kTest);
  const KeyHistory& history = histories.by_key.at(TekOf(1));
  EXPECT_EQ(history.key.metadata.report_type, kRevoked);
  EXPECT_EQ(history.key.rolling_start, kStart);
  EXPECT_EQ(histories.num_conflicts, (Conflicts{1, 0, 0, 0, 0}));
}

TEST(KeyPublicationsTest, RecursiveOnesDoNotCount) {
  KeyPublication recursive = Publish(1, kRecursive);
  recursive.key.rolling_period = 1;
  const KeyHistories histories =
      ResolvePublications({recursive, Publish(2, kTest)}, kTest);
  const KeyHistory& history = histories.by_key.at(TekOf(1));
  EXPECT_EQ(history.source, 2U);
  EXPECT_EQ(history.key.rolling_period, 144);
  EXPECT_EQ(history.publications.size(), 1U);
  EXPECT_EQ(histories.num_conflicts, Conflicts{});
  EXPECT_EQ(histories.num_ignored_revisions, 0U);

  const KeyHistories alone = ResolvePublications({recursive}, kTest);
  EXPECT_EQ(alone.by_key.at(TekOf(1)).key.metadata.report_type, kRecursive);
}

TEST(KeyPublicationsTest, AMissingOrUnknownTypeIsTheConfigurations) {
  KeyPublication missing = Publish(1, kTest);
  missing.key.metadata.report_type.reset();
  for (const KeyPublication& first :
       {missing, Publish(1, ReportType::kUnknown)}) {
    EXPECT_EQ(ResolvePublications({first, Publish(2, kRevoked)}, kSelf)
                  .by_key.at(TekOf(1))
                  .key.metadata.report_type,
              kRevoked);
    EXPECT_EQ(ResolvePublications({first, Publish(2, kRevoked)}, kTest)
                  .by_key.at(TekOf(1))
                  .key.metadata.report_type,
              kTest);
  }
}

TEST(KeyPublicationsTest, UnsignedFilesSayNothingOfASignedKey) {
  KeyPublication made_up = Publish(1, kRevoked);
  made_up.is_unsigned = true;
  made_up.key.rolling_period = 1;
  KeyPublication also_made_up = Publish(9, kRevoked);
  also_made_up.is_unsigned = true;
  KeyPublication unsigned_only = Publish(1, kSelf, 2);
  unsigned_only.is_unsigned = true;
  const KeyHistories histories = ResolvePublications(
      {made_up, Publish(5, kSelf), also_made_up, unsigned_only}, kTest);
  const KeyHistory& history = histories.by_key.at(TekOf(1));
  EXPECT_EQ(history.source, 5U);
  EXPECT_EQ(history.key.metadata.report_type, kSelf);
  EXPECT_EQ(histories.num_conflicts, Conflicts{});
  EXPECT_EQ(histories.by_key.at(TekOf(2)).key.metadata.report_type, kSelf);
}

KeyPublication PublishAs(uint32_t authority, uint32_t source, ReportType type,
                         bool revised) {
  KeyPublication publication = Publish(source, type);
  publication.authority = authority;
  publication.key.metadata.revised = revised;
  return publication;
}

// An authority may neither revoke nor revise what is another's, whenever and in
// whichever list it tries.
TEST(KeyPublicationsTest, RevisionsCountForKeysOfTheirAuthority) {
  const KeyPublication published = PublishAs(1, 5, kSelf, false);
  for (const uint32_t source : {2, 9}) {
    for (const bool revised : {false, true}) {
      for (const ReportType type : {kRevoked, kTest}) {
        // That is no revision, but a publication of its own.
        if (!revised && type == kTest) continue;
        KeyPublication foreign = PublishAs(2, source, type, revised);
        foreign.key.rolling_period = 1;
        const KeyHistories histories =
            ResolvePublications({foreign, published}, kTest);
        const KeyHistory& history = histories.by_key.at(TekOf(1));
        EXPECT_EQ(history.key, published.key);
        EXPECT_THAT(history.publications, ElementsAre(published));
        EXPECT_EQ(histories.num_revisions, 0U);
        EXPECT_EQ(histories.num_ignored_revisions, 1U);
        EXPECT_EQ(histories.num_conflicts, Conflicts{});
      }
    }
  }
}

TEST(KeyPublicationsTest, WhoPublishedAKeyTooMayReviseIt) {
  const KeyHistories histories = ResolvePublications(
      {PublishAs(1, 5, kSelf, false), PublishAs(2, 6, kSelf, false),
       PublishAs(2, 7, kRevoked, true)},
      kTest);
  EXPECT_EQ(histories.by_key.at(TekOf(1)).key.metadata.report_type, kRevoked);
  EXPECT_EQ(histories.num_ignored_revisions, 0U);
}

// Its publication may be in a file that nobody gave.
TEST(KeyPublicationsTest, AKeyThatIsOnlyRevisedIsWhosever) {
  const KeyHistories histories = ResolvePublications(
      {PublishAs(1, 5, kSelf, true), PublishAs(2, 6, kRevoked, true)}, kTest);
  EXPECT_EQ(histories.by_key.at(TekOf(1)).key.metadata.report_type, kRevoked);
  EXPECT_EQ(histories.num_revisions, 1U);
}

// A recursive publication makes nobody the key's publisher.
TEST(KeyPublicationsTest, ARecursivePublicationAllowsNoRevision) {
  const KeyHistories histories = ResolvePublications(
      {PublishAs(1, 5, kSelf, false), PublishAs(2, 6, kRecursive, false),
       PublishAs(2, 7, kRevoked, true)},
      kTest);
  EXPECT_EQ(histories.by_key.at(TekOf(1)).key.metadata.report_type, kSelf);
}

// In one list of a file the least counts, and that it disagrees is said once.
TEST(KeyPublicationsTest, AListThatRepeatsAKey) {
  FilePublications file;
  for (const int risk : {5, 2, 7}) {
    DiagnosisKey key = Publish(0, kSelf).key;
    key.metadata.transmission_risk = static_cast<uint8_t>(risk);
    for (int i = 0; i < 10; ++i) file.Add(key);
    key.metadata.revised = true;
    key.metadata.transmission_risk = 1;
    file.Add(key);
  }
  EXPECT_EQ(file.CountKeys(), (HashMap<Tek, uint64_t>{{TekOf(1), 33}}));
  std::vector<KeyPublication> publications;
  file.AppendTo(4, /*is_unsigned=*/false, /*authority=*/2, &publications);
  EXPECT_EQ(publications.size(), 2U);
  KeyHistories histories = ResolvePublications(publications, kTest);
  EXPECT_EQ(histories.by_key.at(TekOf(1)).key.metadata.transmission_risk, 2);
  EXPECT_EQ(histories.num_conflicts, (Conflicts{0, 0, 1, 0, 0}));

  // The same without FilePublications.
  publications.clear();
  for (const int risk : {5, 2, 7}) {
    publications.push_back(Publish(4, kSelf));
    publications.back().key.metadata.transmission_risk =
        static_cast<uint8_t>(risk);
  }
  histories = ResolvePublications(publications, kTest);
  EXPECT_EQ(histories.by_key.at(TekOf(1)).key.metadata.transmission_risk, 2);
  EXPECT_EQ(histories.by_key.at(TekOf(1)).publications.size(), 1U);
  EXPECT_EQ(histories.num_conflicts, (Conflicts{0, 0, 1, 0, 0}));
}

TEST(KeyPublicationsTest, MatchesTakeWhatTheHistorySays) {
  KeyPublication first = Publish(6, kTest);
  first.key.rolling_period = 10;
  first.key.metadata.days_since_onset = 2;
  const KeyHistories histories = ResolvePublications({first}, kTest);
  std::vector<Match> matches = {In(kStart - 1), In(kStart), In(kStart + 9),
                                In(kStart + 10), In(kStart, /*tek=*/2)};
  std::vector<EnIntervalNumber> outside;
  EXPECT_EQ(
      ApplyHistories(histories, matches,
                     [&outside](const Match& match, absl::string_view reason) {
                       EXPECT_EQ(reason, "outside_first_publication");
                       outside.push_back(match.interval);
                     }),
      2U);
  EXPECT_THAT(outside, ElementsAre(kStart - 1, kStart + 10));
  EXPECT_THAT(Intervals(matches), ElementsAre(kStart, kStart + 9, kStart));
  EXPECT_EQ(matches[0].rolling_start, kStart);
  EXPECT_EQ(matches[0].rolling_period, 10);
  EXPECT_EQ(matches[0].metadata, first.key.metadata);
  EXPECT_EQ(matches[0].source, 6U);
  EXPECT_EQ(matches[2], In(kStart, 2));  // it has no history
}

TEST(KeyPublicationsTest, RevokedAndRecursiveMatchesAreDropped) {
  std::vector<Match> matches(5, In(kStart));
  matches[0].metadata.report_type = kRevoked;
  matches[1].metadata.report_type = kRecursive;
  matches[2].metadata.report_type = kTest;
  matches[3].metadata.report_type.reset();
  matches[4].metadata.report_type = kRevoked;
  const ReportTypeCounts counts = DropUnreported(matches);
  EXPECT_EQ(counts.num_revoked, 2U);
  EXPECT_EQ(counts.num_recursive, 1U);
  ASSERT_EQ(matches.size(), 2U);
  EXPECT_EQ(matches[0].metadata.report_type, kTest);
}

// COCOA 3 wants -3..10 days since onset and a start of at most 14 days before.
TEST(KeyPublicationsTest, AContactCountsIfItCountsByAnyPublication) {
  const auto policy = NamedTransmissionWindowPolicy("cocoa-3");
  ASSERT_THAT(policy, IsOk());
  const int64_t contact = int64_t{kStart} * 600 + 3600;
  const auto judge = [&](const std::vector<int>& days_since_onset,
                         const std::vector<int>& days_published) {
    std::vector<KeyPublication> publications;
    std::vector<ExportTimes> windows;
    for (size_t i = 0; i < days_since_onset.size(); ++i) {
      publications.push_back(Publish(static_cast<uint32_t>(i), kTest));
      publications.back().key.metadata.days_since_onset =
          static_cast<int8_t>(days_since_onset[i]);
      const int64_t start =
          int64_t{kStart} * 600 + int64_t{86400} * days_published[i];
      windows.push_back({.start_seconds = start, .end_seconds = start + 86400});
    }
    return JudgeContact(
        ResolvePublications(publications, kTest).by_key.at(TekOf(1)), windows,
        contact, *policy, absl::UTCTimeZone());
  };
  using D = WindowDecision;
  EXPECT_EQ(judge({0}, {1}), (D{true, WindowReason::kInWindow}));
  EXPECT_EQ(judge({-5}, {1}), (D{false, WindowReason::kBeforeWindow}));
  EXPECT_EQ(judge({0}, {15}), (D{false, WindowReason::kTooOld}));
  // In whatever order, one that lets it count is enough.
  EXPECT_TRUE(judge({-5, 0}, {1, 2}).counts);
  EXPECT_TRUE(judge({0, -5}, {1, 2}).counts);
  EXPECT_TRUE(judge({0, 0}, {15, 1}).counts);
  // Each is judged as a whole: not the days of one and the file of the other.
  EXPECT_EQ(judge({-5, 0}, {1, 15}), (D{false, WindowReason::kBeforeWindow}));
  EXPECT_EQ(judge({0, -5}, {15, 1}), (D{false, WindowReason::kTooOld}));
}

TEST(KeyPublicationsTest, FieldsHaveStableNames) {
  std::vector<std::string> names;
  names.reserve(kNumPublishedFields);
  for (int i = 0; i < kNumPublishedFields; ++i) {
    names.emplace_back(PublishedFieldName(static_cast<PublishedField>(i)));
  }
  EXPECT_THAT(
      names, ElementsAre("rolling_start", "rolling_period", "transmission_risk",
                         "days_since_onset", "variant_of_concern"));
}

TEST(KeyPublicationsTest, NothingGivesNothing) {
  EXPECT_THAT(ResolvePublications({}, kTest).by_key, IsEmpty());
}

TEST(KeyPublicationsTest, EachFieldThatDiffersIsAConflictOfItsOwn) {
  for (size_t field = 0; field < kNumPublishedFields; ++field) {
    KeyPublication later = Publish(7, kTest);
    switch (static_cast<PublishedField>(field)) {
      case PublishedField::kRollingStart:
        later.key.rolling_start += 144;
        break;
      case PublishedField::kRollingPeriod:
        later.key.rolling_period = 72;
        break;
      case PublishedField::kTransmissionRisk:
        later.key.metadata.transmission_risk = 8;
        break;
      case PublishedField::kDaysSinceOnset:
        later.key.metadata.days_since_onset = -5;
        break;
      case PublishedField::kVariantOfConcern:
        later.key.metadata.variant_of_concern = 2;
        break;
    }
    Conflicts expected{};
    expected[field] = 1;
    EXPECT_EQ(
        ResolvePublications({Publish(3, kTest), later}, kTest).num_conflicts,
        expected);
  }
}

TEST(KeyPublicationsTest, WhoAsksIsToldWhyAMatchIsDropped) {
  std::vector<Match> matches(3, In(kStart));
  matches[0].metadata.report_type = kRecursive;
  matches[2].metadata.report_type = kRevoked;
  std::vector<std::string> told;
  DropUnreported(matches, [&told](const Match&, absl::string_view reason) {
    told.emplace_back(reason);
  });
  EXPECT_THAT(told, ElementsAre("recursive_key", "revoked_key"));
}

}  // namespace
}  // namespace tekmatch
