#include "keyformat/report_type_name.h"

#include <iterator>
#include <optional>

#include "gtest/gtest.h"

namespace tekmatch {
namespace {

TEST(ReportTypeNameTest, NamesAndNumbersSayTheSame) {
  const char* const kNames[] = {
      "unknown",     "confirmed_test", "confirmed_clinical_diagnosis",
      "self_report", "recursive",      "revoked"};
  ASSERT_EQ(std::size(kNames), kNumReportTypes);
  for (int i = 0; i < kNumReportTypes; ++i) {
    const auto type = static_cast<ReportType>(i);
    EXPECT_EQ(ReportTypeName(type), kNames[i]);
    EXPECT_EQ(ParseReportType(kNames[i]), type);
  }
}

// A number beyond the last has no name, so the empty name has no number.
TEST(ReportTypeNameTest, OtherNamesAreNone) {
  EXPECT_EQ(ReportTypeName(static_cast<ReportType>(kNumReportTypes)), "");
  for (const char* name : {"", "Unknown", "unknown ", "6", "self-report"}) {
    EXPECT_EQ(ParseReportType(name), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace tekmatch
