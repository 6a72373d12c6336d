#include "tools/report/export_statistics.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/shared_data.h"
#include "tests/status_matchers.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"
#include "tools/files/hex.h"

namespace tekmatch {
namespace {

using ::nlohmann::ordered_json;

ordered_json Inspect(const std::string& path) {
  ExportStatistics statistics;
  const auto result = ReadExportFile(
      path, {}, [&statistics](const std::unique_ptr<KeyBlock>& block) {
        statistics.Add(*block);
        return absl::OkStatus();
      });
  EXPECT_THAT(result, IsOk());
  return result.ok() ? statistics.Json(*result) : ordered_json();
}

TEST(ExportStatisticsTest, CountsByEveryField) {
  std::vector<DiagnosisKey> keys = TestKeys(6, 1);
  keys[0].rolling_start = 1;
  keys[1].rolling_start = kTestDay + 143;
  keys[2].rolling_start = kTestDay + 144;
  keys[2].rolling_period = 1;
  keys[1].rolling_period = 100;
  keys[0].metadata.transmission_risk = 0;
  keys[1].metadata.transmission_risk = 8;
  keys[0].metadata.report_type = ReportType::kUnknown;
  keys[1].metadata.report_type = ReportType::kSelfReport;
  keys[2].metadata.report_type = ReportType::kSelfReport;
  keys[0].metadata.days_since_onset = -14;
  keys[1].metadata.days_since_onset = 2;
  keys[2].metadata.days_since_onset = 14;
  keys[0].metadata.variant_of_concern = 3;
  keys[5].metadata.revised = true;
  keys[5].metadata.report_type = ReportType::kRevoked;

  const std::string path = TempPath("file.zip");
  WriteFile(path, WriteTestExport(keys));
  const ordered_json json = Inspect(path);
  EXPECT_EQ(json["path"], path);
  EXPECT_EQ(json["signature"], "present, not checked here");
  const ordered_json info = {{"key_id", "440"},
                             {"key_version", "v1"},
                             {"algorithm", "1.2.840.10045.4.3.2"}};
  EXPECT_EQ(json["signatures"], ordered_json::array({info}));
  EXPECT_EQ(json["signature_infos"], ordered_json::array({info}));
  EXPECT_EQ(json["region"], "440");
  EXPECT_EQ(json["start_timestamp"], "2020-12-02T00:00:00Z");
  EXPECT_EQ(json["end_timestamp"], "2020-12-03T00:00:00Z");
  EXPECT_EQ(json["batch_num"], 1);
  EXPECT_EQ(json["batch_size"], 1);
  EXPECT_EQ(json["keys"], 5);
  EXPECT_EQ(json["revised_keys"], 1);
  EXPECT_EQ(json["rejected"], ordered_json::object());
  EXPECT_EQ(json["dropped_fields"], ordered_json::object());
  EXPECT_FALSE(json.contains("extra_entry"));
  // As text: the order of the members counts.
  EXPECT_EQ(json["with_field"].dump(),
            R"({"transmission_risk":2,"rolling_period":2,"report_type":4,)"
            R"("days_since_onset":3,"variant_of_concern":1})");
  EXPECT_EQ(json["by_transmission_risk"].dump(), R"({"absent":4,"0":1,"8":1})");
  EXPECT_EQ(json["by_report_type"].dump(),
            R"({"absent":2,"unknown":1,"self_report":2,"revoked":1})");
  EXPECT_EQ(json["by_days_since_onset"].dump(),
            R"({"absent":3,"-14":1,"2":1,"14":1})");
  EXPECT_EQ(json["by_variant_of_concern"].dump(), R"({"absent":5,"3":1})");
  EXPECT_EQ(json["by_rolling_period"].dump(), R"({"1":1,"100":1,"144":4})");
  EXPECT_EQ(json["by_start_day"].dump(),
            R"({"1970-01-01":1,"2020-12-01":4,"2020-12-02":1})");
  // Never a key.
  const std::string text = absl::AsciiStrToLower(json.dump());
  for (const DiagnosisKey& key : keys) {
    EXPECT_EQ(text.find(EncodeHex(key.tek.bytes).substr(0, 12)),
              std::string::npos);
  }
}

TEST(ExportStatisticsTest, UnsignedFilesAndExtraEntries) {
  const std::string bin =
      ZipEntry(WriteTestExport(TestKeys(1, 1)), "export.bin");
  const std::string path = TempPath("file.zip");
  WriteFile(path, StoredZip({{"export.bin", bin}, {"notes.txt", "hello"}}));
  const ordered_json json = Inspect(path);
  EXPECT_EQ(json["signature"], "no_signature_entry");
  EXPECT_EQ(json["signatures"], ordered_json::array());
  EXPECT_EQ(json["extra_entry"], "notes.txt");
  WriteFile(path, WriteTestExport(TestKeys(1, 1), TestExportOptions({})));
  EXPECT_EQ(Inspect(path)["signature"], "empty_signature_list");
}

TEST(ExportStatisticsTest, AKeyWithoutAStartIsOfNoDay) {
  const std::string tek = std::string("\x0a\x10") + std::string(16, 'k');
  const std::string path = TempPath("file.bin");
  WriteFile(path, std::string(kExportHeader) + "\x3a\x12" + tek + "\x3a\x14" +
                      tek + std::string("\x18\0", 2));
  const ordered_json json = Inspect(path);
  EXPECT_EQ(json["keys"], 2);
  EXPECT_EQ(json["rejected"].dump(), R"({"missing_rolling_start":2})");
  EXPECT_EQ(json["by_start_day"], ordered_json::object());
}

TEST(ExportStatisticsTest, ATimeThatIsNoneStaysANumber) {
  ExportFileResult file;
  file.report.metadata.start_timestamp = 253402300799;
  file.report.metadata.end_timestamp = 253402300800;
  const ordered_json json = ExportStatistics().Json(file);
  EXPECT_EQ(json["start_timestamp"], "9999-12-31T23:59:59Z");
  EXPECT_EQ(json["end_timestamp"], 253402300800);
}

TEST(ExportStatisticsTest, RealUnsignedFile) {
  TEKMATCH_NEEDS_SHARED_DATA();
  const ordered_json json =
      Inspect(SharedDataPath("exports/unsigned-v15-50.zip"));
  EXPECT_EQ(json["signature"], "empty_signature_list");
  EXPECT_EQ(json["keys"], 50);
  EXPECT_EQ(json["by_report_type"].dump(),
            R"({"confirmed_test":13,"confirmed_clinical_diagnosis":37})");
  EXPECT_EQ(json["by_transmission_risk"].dump(), R"({"2":13,"4":37})");
  EXPECT_EQ(json["by_days_since_onset"].dump(),
            R"({"-11":1,"-9":2,"-8":3,"-7":1,"-6":5,"-3":3,"-2":2,"-1":6,)"
            R"("0":4,"1":4,"2":8,"3":1,"4":4,"5":1,"6":1,"7":1,"9":1,"10":2})");
  EXPECT_EQ(json["by_start_day"].dump(),
            R"({"2020-11-05":4,"2020-11-06":3,"2020-11-07":5,"2020-11-08":4,)"
            R"("2020-11-09":1,"2020-11-10":2,"2020-11-11":3,"2020-11-12":5,)"
            R"("2020-11-13":9,"2020-11-15":9,"2020-11-16":1,"2020-11-17":3,)"
            R"("2020-11-18":1})");
  EXPECT_EQ(json["with_field"]["rolling_period"], 0);
}

// Its keys do not start at midnight.
TEST(ExportStatisticsTest, RealGermanFile) {
  TEKMATCH_NEEDS_SHARED_DATA();
  const ordered_json json =
      Inspect(SharedDataPath("exports/cwa-dev-2020-05-31.zip"));
  EXPECT_EQ(json["signature"], "present, not checked here");
  EXPECT_EQ(json["signatures"][0]["key_id"], "262");
  EXPECT_EQ(json["region"], "DE");
  EXPECT_EQ(json["start_timestamp"], "2020-05-31T00:00:00Z");
  EXPECT_EQ(json["keys"], 24131);
  EXPECT_EQ(json["by_report_type"].dump(), R"({"absent":24131})");
  EXPECT_EQ(json["by_transmission_risk"].dump(),
            R"({"1":3304,"2":3489,"3":3431,"4":3471,"5":3466,"6":3519,)"
            R"("7":3451})");
  EXPECT_EQ(json["by_start_day"].dump(),
            R"({"2020-05-17":882,"2020-05-18":1710,"2020-05-19":1709,)"
            R"("2020-05-20":1661,"2020-05-21":1660,"2020-05-22":1733,)"
            R"("2020-05-23":1731,"2020-05-24":1768,"2020-05-25":1709,)"
            R"("2020-05-26":1774,"2020-05-27":1727,"2020-05-28":1777,)"
            R"("2020-05-29":1715,"2020-05-30":1731,"2020-05-31":844})");
}

TEST(ExportStatisticsTest, RealBareFiles) {
  TEKMATCH_NEEDS_SHARED_DATA();
  const ordered_json italy =
      Inspect(SharedDataPath("exports/immuni-2020-08-23.export.bin"));
  EXPECT_EQ(italy["signature"], "no_signature_entry");
  EXPECT_EQ(italy["region"], "222");
  EXPECT_EQ(italy["by_start_day"].dump(),
            R"({"2020-08-20":1,"2020-08-21":1,"2020-08-22":1})");
  EXPECT_EQ(italy["signature_infos"][0]["app_bundle_id"],
            "it.ministerodellasalute.immuni");
  // "two keys without period, one with transmission risk 0"
  const ordered_json bare =
      Inspect(SharedDataPath("exports/bare-200.export.bin"));
  EXPECT_EQ(bare["keys"], 200);
  EXPECT_EQ(bare["with_field"]["rolling_period"], 198);
  EXPECT_EQ(bare["by_transmission_risk"].dump(), R"({"0":1,"1":29,"2":170})");
  // All its keys are twice as long as keys are.
  const ordered_json long_keys =
      Inspect(SharedDataPath("exports/invalid-32-byte-keys.zip"));
  EXPECT_EQ(long_keys["keys"], 2);
  EXPECT_EQ(long_keys["rejected"].dump(), R"({"wrong_key_length":2})");
  EXPECT_EQ(long_keys["extra_entry"], "content.sig");
  EXPECT_EQ(long_keys["by_start_day"], ordered_json::object());
}

}  // namespace
}  // namespace tekmatch
