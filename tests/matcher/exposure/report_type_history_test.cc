#include "matcher/exposure/report_type_history.h"

#include <cstdint>
#include <optional>
#include <vector>

#include "gtest/gtest.h"

namespace tekmatch {
namespace {

constexpr ReportType kTest = ReportType::kConfirmedTest;
constexpr ReportType kClinical = ReportType::kConfirmedClinicalDiagnosis;
constexpr ReportType kSelf = ReportType::kSelfReport;
constexpr ReportType kRecursive = ReportType::kRecursive;
constexpr ReportType kRevoked = ReportType::kRevoked;

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
    std::optional<ReportType> want;
    uint64_t revisions;
    uint64_t ignored;
  };
  const std::vector<Case> cases = {
      {{}, std::nullopt, 0, 0},
      {{kTest}, kTest, 0, 0},
      {{kTest, kTest}, kTest, 0, 0},
      {{kSelf, kTest}, kTest, 1, 0},
      {{kSelf, kTest, kTest}, kTest, 1, 0},
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
      // Recursive publications neither begin a history nor revise.
      {{kRecursive}, std::nullopt, 0, 0},
      {{kRecursive, kTest}, kTest, 0, 0},
      {{kRecursive, kRecursive, kSelf, kTest}, kTest, 1, 0},
      {{kSelf, kRecursive, kTest}, kTest, 1, 1},
      {{kRecursive, kRevoked, kTest}, kRevoked, 0, 1},
  };
  for (const Case& c : cases) {
    ReportTypeHistory history;
    for (const ReportType type : c.published) history.Add(type);
    EXPECT_EQ(history.type(), c.want) << ::testing::PrintToString(c.published);
    EXPECT_EQ(history.num_revisions(), c.revisions);
    EXPECT_EQ(history.num_ignored_revisions(), c.ignored)
        << ::testing::PrintToString(c.published);
  }
}

}  // namespace
}  // namespace tekmatch
