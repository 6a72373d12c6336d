#include "matcher/report_type_history.h"

#include <algorithm>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace tekmatch {
namespace {

constexpr ReportType kUnknown = ReportType::kUnknown;
constexpr ReportType kTest = ReportType::kConfirmedTest;
constexpr ReportType kClinical = ReportType::kConfirmedClinicalDiagnosis;
constexpr ReportType kSelf = ReportType::kSelfReport;
constexpr ReportType kRecursive = ReportType::kRecursive;
constexpr ReportType kRevoked = ReportType::kRevoked;

Tek TekOf(uint8_t byte) {
  Tek tek;
  tek.bytes.fill(byte);
  return tek;
}

// One key, published with these types one after another.
std::vector<KeyPublication> Publications(const std::vector<ReportType>& types) {
  std::vector<KeyPublication> publications;
  for (size_t i = 0; i < types.size(); ++i) {
    publications.push_back({.tek = TekOf(1),
                            .published_seconds = 1000 + i,
                            .source = static_cast<uint32_t>(i),
                            .revised = i > 0,
                            .report_type = types[i]});
  }
  return publications;
}

TEST(ReportTypeHistoryTest, LegalRevisionsAndNoOthers) {
  for (int from = 0; from < kNumReportTypes; ++from) {
    for (int to = 0; to < kNumReportTypes; ++to) {
      const auto a = static_cast<ReportType>(from);
      const auto b = static_cast<ReportType>(to);
      const bool legal =
          (a == kSelf && b == kTest) || (a == kSelf && b == kClinical) ||
          (a == kSelf && b == kRevoked) || (a == kClinical && b == kTest) ||
          (a == kClinical && b == kRevoked);
      EXPECT_EQ(IsLegalRevision(a, b), legal) << from << " to " << to;
    }
  }
}

TEST(ReportTypeHistoryTest, TheTypeThatStands) {
  struct Case {
    std::vector<ReportType> published;
    ReportType want;
    uint64_t revisions;
    uint64_t ignored;
  };
  const std::vector<Case> cases = {
      {{kTest}, kTest, 0, 0},
      {{kUnknown}, kTest, 0, 0},
      {{kTest, kTest, kUnknown}, kTest, 0, 0},
      {{kSelf, kTest}, kTest, 1, 0},
      {{kSelf, kRevoked}, kRevoked, 1, 0},
      {{kClinical, kRevoked}, kRevoked, 1, 0},
      // A confirmed test cannot be taken back, nor a revocation.
      {{kTest, kRevoked}, kTest, 0, 1},
      {{kRevoked, kTest}, kRevoked, 0, 1},
      {{kTest, kSelf}, kTest, 0, 1},
      // One revision only.
      {{kSelf, kClinical, kTest}, kClinical, 1, 1},
      {{kSelf, kClinical, kRevoked}, kClinical, 1, 1},
      {{kTest, kSelf, kRevoked}, kTest, 0, 2},
  };
  for (const Case& c : cases) {
    const ReportTypes types =
        ResolveReportTypes(Publications(c.published), kTest);
    ASSERT_EQ(types.by_key.size(), 1U);
    EXPECT_EQ(types.by_key.at(TekOf(1)), c.want)
        << ::testing::PrintToString(c.published);
    EXPECT_EQ(types.num_revisions, c.revisions);
    EXPECT_EQ(types.num_ignored_revisions, c.ignored);
  }
}

TEST(ReportTypeHistoryTest, OrderIsThatOfPublicationNotOfTheCaller) {
  std::vector<KeyPublication> publications = Publications({kSelf, kRevoked});
  // The later export has the smaller number.
  publications[0].source = 7;
  publications[1].source = 3;
  // In one file, revised_keys come after keys.
  publications.push_back({.tek = TekOf(2), .report_type = kClinical});
  publications.push_back(
      {.tek = TekOf(2), .revised = true, .report_type = kTest});
  // The same again, as from a file that was read in parts.
  publications.insert(publications.end(), publications.begin(),
                      publications.end());
  std::mt19937 rng(1);
  for (int i = 0; i < 20; ++i) {
    std::shuffle(publications.begin(), publications.end(), rng);
    const ReportTypes types = ResolveReportTypes(publications, kTest);
    EXPECT_EQ(types.by_key.at(TekOf(1)), kRevoked);
    EXPECT_EQ(types.by_key.at(TekOf(2)), kTest);
    EXPECT_EQ(types.num_revisions, 2U);
    EXPECT_EQ(types.num_ignored_revisions, 0U);
  }
}

TEST(ReportTypeHistoryTest, MatchesOfRevokedAndRecursiveKeysAreDropped) {
  std::vector<Match> matches(6);
  for (size_t i = 0; i < matches.size(); ++i) {
    matches[i].tek = TekOf(static_cast<uint8_t>(i));
    matches[i].metadata.report_type = kSelf;
  }
  matches[4].metadata.report_type = kRevoked;  // and not in `types`
  matches[5].metadata.report_type.reset();
  ReportTypes types;
  types.by_key = {{TekOf(0), kTest},
                  {TekOf(1), kRevoked},
                  {TekOf(2), kRecursive},
                  {TekOf(3), kSelf}};
  const ReportTypeCounts counts = ApplyReportTypes(types, matches);
  EXPECT_EQ(counts.num_revoked, 2U);
  EXPECT_EQ(counts.num_recursive, 1U);
  ASSERT_EQ(matches.size(), 3U);
  EXPECT_EQ(matches[0].metadata.report_type, kTest);
  EXPECT_EQ(matches[1].tek, TekOf(3));
  EXPECT_EQ(matches[2].metadata.report_type, std::nullopt);
}

}  // namespace
}  // namespace tekmatch
