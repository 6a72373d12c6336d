#include "tools/report/export_totals.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::nlohmann::ordered_json;
using ::testing::HasSubstr;

constexpr int64_t kDay = 86400;

class ExportTotalsTest : public ::testing::Test {
 protected:
  // The bytes as a file, read and counted.
  void AddFile(const std::string& bytes) {
    const std::string path = TempPath("file.zip");
    WriteFile(path, bytes);
    const auto result = ReadExportFile(
        path, {}, [this](const std::unique_ptr<KeyBlock>& block) {
          totals_.Add(*block);
          return absl::OkStatus();
        });
    ASSERT_THAT(result, IsOk());
    totals_.EndFile(*result);
  }

  static std::string Export(const std::vector<DiagnosisKey>& keys,
                            const std::string& region = "440",
                            int64_t end = kTestDaySeconds + 2 * kDay) {
    ExportWriterOptions options = TestExportOptions();
    options.region = region;
    options.start_timestamp = static_cast<uint64_t>(end - kDay);
    options.end_timestamp = static_cast<uint64_t>(end);
    return WriteTestExport(keys, options);
  }

  ExportTotals totals_;
};

TEST_F(ExportTotalsTest, KeyIsNewOnceAndRepeatedThen) {
  const std::vector<DiagnosisKey> keys = TestKeys(5, 1);
  AddFile(Export({keys[0], keys[1], keys[2]}));
  AddFile(Export({keys[1], keys[2], keys[3]}));
  AddFile(Export({keys[4], keys[0]}, "441"));
  const PublishedCounts all = totals_.All();
  EXPECT_EQ(all.files, 3u);
  EXPECT_EQ(all.new_keys, 5u);
  EXPECT_EQ(all.repeated_keys, 3u);
  ASSERT_EQ(totals_.by_authority().size(), 2u);
  const auto& [first, counts] = *totals_.by_authority().begin();
  EXPECT_EQ(first.region, "440");
  EXPECT_EQ(first.key_ids, std::vector<std::string>{"440"});
  EXPECT_EQ(counts.files, 2u);
  EXPECT_EQ(counts.new_keys, 4u);
  EXPECT_EQ(counts.repeated_keys, 2u);
}

TEST_F(ExportTotalsTest, RevisedKeyIsNotNewNorMakesAnotherRepeated) {
  std::vector<DiagnosisKey> keys = TestKeys(2, 1);
  keys[0].metadata.report_type = ReportType::kConfirmedTest;
  DiagnosisKey revised = keys[0];
  revised.metadata.revised = true;
  revised.metadata.report_type = ReportType::kRevoked;
  // The revision first: files come in any order.
  AddFile(Export({revised}));
  AddFile(Export(keys));
  const PublishedCounts all = totals_.All();
  EXPECT_EQ(all.new_keys, 2u);
  EXPECT_EQ(all.revised_keys, 1u);
  EXPECT_EQ(all.repeated_keys, 0u);
  for (const auto& [key, count] : all.by_day_and_type) {
    EXPECT_NE(key.second, ReportType::kRevoked);
  }
}

TEST_F(ExportTotalsTest, AgeIsFromTheDayOfTheKeyToTheEndOfItsExport) {
  std::vector<DiagnosisKey> keys = TestKeys(3, 1);
  keys[1].rolling_start = kTestDay - 144;
  // The last interval of the day before.
  keys[2].rolling_start = kTestDay - 1;
  keys[2].rolling_period = 1;
  AddFile(Export(keys));
  // The same keys, later: they were new before.
  AddFile(Export(keys, "440", kTestDaySeconds + 9 * kDay));
  const std::map<int64_t, uint64_t> expected = {{2, 1}, {3, 2}};
  EXPECT_EQ(totals_.All().by_age, expected);
}

TEST_F(ExportTotalsTest, FileThatIsNotWholeLeavesNoTrace) {
  const std::string whole = Export(TestKeys(20000, 1));
  AddFile(whole.substr(0, whole.size() - 100));
  EXPECT_EQ(totals_.All().new_keys, 0u);
  EXPECT_EQ(totals_.All().files, 0u);
  AddFile(whole);
  EXPECT_EQ(totals_.All().new_keys, 20000u);
  EXPECT_EQ(totals_.All().repeated_keys, 0u);
}

TEST_F(ExportTotalsTest, FormatsSayTheSame) {
  std::vector<DiagnosisKey> keys = TestKeys(4, 1);
  keys[0].metadata.days_since_onset = -3;
  keys[1].metadata.transmission_risk = 4;
  keys[2].metadata.report_type = ReportType::kSelfReport;
  keys[3].rolling_start = kTestDay - 144;
  AddFile(Export(keys));

  const ordered_json json = totals_.Json();
  const ordered_json total = {
      {"files", 1},
      {"new_keys", 4},
      {"repeated_keys", 0},
      {"revised_keys", 0},
      {"rejected_keys", 0},
      {"by_start_day", {{"2020-11-30", 1}, {"2020-12-01", 3}}},
      {"by_days_to_publication", {{"2", 3}, {"3", 1}}},
      {"by_days_since_onset", json["total"]["by_days_since_onset"]},
      {"by_report_type", json["total"]["by_report_type"]},
      {"by_transmission_risk", json["total"]["by_transmission_risk"]}};
  EXPECT_EQ(json["total"], total);
  EXPECT_EQ(json["total"]["by_days_since_onset"]["-3"], 1);
  EXPECT_EQ(json["total"]["by_report_type"]["self_report"], 1);
  EXPECT_EQ(json["total"]["by_transmission_risk"]["4"], 1);
  EXPECT_EQ(json["authorities"][0]["region"], "440");
  EXPECT_EQ(json["authorities"][0]["new_keys"], 4);

  // The rows of the only authority, number for number.
  std::string csv = "table,region,key_ids,value,count\n";
  for (const auto& [name, value] : total.items()) {
    if (value.is_number()) {
      absl::StrAppend(&csv, "total,\"440\",\"440\",", name, ",", value.dump(),
                      "\n");
      continue;
    }
    for (const auto& [label, count] : value.items()) {
      absl::StrAppend(&csv, name, ",\"440\",\"440\",", label, ",", count.dump(),
                      "\n");
    }
  }
  EXPECT_EQ(totals_.Csv(), csv);
  EXPECT_THAT(totals_.Text(), HasSubstr("440; 440\n"));
  EXPECT_THAT(
      totals_.Text(),
      HasSubstr("by_start_day\n  2020-11-30                            1\n"));
}

// What a spreadsheet would run.
TEST_F(ExportTotalsTest, RegionIsNoFormula) {
  AddFile(Export(TestKeys(1, 1), "=cmd|\" /C calc\"!A0"));
  EXPECT_THAT(
      totals_.Csv(),
      HasSubstr("total,\"'=cmd|\"\" /C calc\"\"!A0\",\"440\",files,1\n"));
}

}  // namespace
}  // namespace tekmatch
