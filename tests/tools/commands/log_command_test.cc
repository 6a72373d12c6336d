// tekmatch log, over the real binary.
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/run_tekmatch.h"
#include "tests/shared_data.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"
#include "tools/sightings/sightings_text.h"

namespace tekmatch {
namespace {

namespace fs = std::filesystem;
using ::nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class LogCommandTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = TempPath("world");
    fs::remove_all(folder_);
    fs::create_directory(folder_);
    WriteFile(At("a.zip"), WriteTestExport(keys_));
    WriteFile(At("b.zip"), WriteTestExport(TestKeys(2, 2)));
    hash_ = HashOf("a.zip");
    other_hash_ = HashOf("b.zip");
    // Heard twice, and by two keys.
    WriteFile(At("s.csv"),
              CsvHeader({}) + "\n" +
                  CsvRow(HearKey(keys_[0], kTestDaySeconds + 5), {}) +
                  CsvRow(HearKey(keys_[0], kTestDaySeconds + 305), {}) +
                  CsvRow(HearKey(keys_[1], kTestDaySeconds + 5), {}));
  }
  std::string At(const std::string& name) const { return folder_ + "/" + name; }
  std::string HashOf(const std::string& name) const {
    const TekmatchRun run =
        RunTekmatch({"inspect", At(name), "--format", "json"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return json::parse(run.out)[0]["sha256"].get<std::string>();
  }
  static std::string Entry(const std::string& hash, int keys, int matches,
                           const std::string& time) {
    return absl::StrCat(R"({"Hash":")", absl::AsciiStrToUpper(hash),
                        R"(","KeyCount":)", keys, R"(,"MatchCount":)", matches,
                        R"(,"Timestamp":")", time, R"("})");
  }
  std::string IosLog() const {
    const std::string days[] = {"2020-12-02 09:00:00 +0900",
                                "2020-12-03 09:00:00 +0900",
                                "2020-12-06 09:00:00 +0900"};
    std::string checks;
    for (const std::string& day : days) {
      absl::StrAppend(
          &checks, checks.empty() ? "" : ",", R"({"Timestamp":")", day,
          R"(","Files":[)", Entry(hash_, 3, 2, day), ",",
          Entry(std::string(64, 'a'), 5, day == days[2] ? 1 : 0, day), "]}");
    }
    return absl::StrCat(R"({"ExportVersion":2,"ExposureChecks":[)", checks,
                        "]}");
  }
  TekmatchRun Log(const std::string& text,
                  const std::vector<std::string>& more) const {
    WriteFile(At("log.json"), text);
    std::vector<std::string> arguments = {"log", At("log.json")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunTekmatch(arguments);
  }

  const std::vector<DiagnosisKey> keys_ = TestKeys(3, 1);
  std::string folder_;
  std::string hash_;
  std::string other_hash_;
};

TEST_F(LogCommandTest, SaysWhichExportHasAHashAndCountsAgain) {
  const TekmatchRun run =
      Log(IosLog(), {At("a.zip"), At("b.zip"), "--sightings", At("s.csv"),
                     "--format", "json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const json report = json::parse(run.out);
  EXPECT_EQ(report["log"]["format"], "ios-2");
  EXPECT_EQ(report["log"]["checks"], 3);
  EXPECT_EQ(report["log"]["entries"], 6);
  EXPECT_EQ(report["log"]["first_check"], "2020-12-02T00:00:00Z");
  EXPECT_EQ(report["log"]["gaps"],
            json::parse(R"([{"from":"2020-12-03T00:00:00Z",
                             "to":"2020-12-06T00:00:00Z","hours":72}])"));
  EXPECT_EQ(report["files_not_in_log"], json::array({At("b.zip")}));
  ASSERT_EQ(report["hashes"].size(), 2U);
  const json& found = report["hashes"][0];
  EXPECT_EQ(found["sha256"], hash_);
  EXPECT_EQ(found["files"], json::array({At("a.zip")}));
  EXPECT_EQ(found["keys_logged"], json::array({3}));
  EXPECT_EQ(found["keys_in_file"], 3);
  EXPECT_EQ(found["keys_agree"], true);
  EXPECT_EQ(found["matches_found"], 2);
  EXPECT_EQ(found["matches_agree"], true);
  EXPECT_EQ(found["checks"], 3);
  EXPECT_EQ(found["last_check"], "2020-12-06 09:00:00 +0900");
  EXPECT_EQ(found["key_days"],
            json::parse(R"({"first":"2020-12-01","last":"2020-12-01"})"));
  const json& other = report["hashes"][1];
  EXPECT_EQ(other["files"], json::array());
  EXPECT_EQ(other["matches_logged"], json::array({0, 1}));
  EXPECT_EQ(other["matches_found"], nullptr);
  EXPECT_EQ(other["keys_agree"], nullptr);
}

TEST_F(LogCommandTest, TextTellsTheDateOfAContactAndNoTime) {
  const TekmatchRun run = Log(IosLog(), {folder_, "--sightings", At("s.csv")});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  for (const std::string& words : std::vector<std::string>{
           "ios-2, 3 checks, 2020-12-02 00:00:00 UTC to 2020-12-06",
           "Times are those of checks, not of contacts.",
           hash_.substr(0, 16) + "  3     3        2        2      3  ",
           hash_.substr(0, 16) +
               ": 2 keys heard, on 2020-12-01 UTC (in Japan from 09:00 "
               "to 09:00",
           "aaaaaaaaaaaaaaaa: 1 key heard in a file that is not here",
           "2020-12-03 00:00:00 UTC to 2020-12-06 00:00:00 UTC: 72 h",
           "Exports that the log does not have:\n  " + At("b.zip")}) {
    EXPECT_THAT(run.out, HasSubstr(words));
  }
  // Without sightings there is nothing to count.
  const TekmatchRun without = Log(IosLog(), {At("a.zip")});
  EXPECT_THAT(without.out,
              HasSubstr(hash_.substr(0, 16) + "  3     3        2        -"));
}

TEST_F(LogCommandTest, CountsThatDifferAreSaid) {
  std::string log = IosLog();
  log.replace(log.find(R"("KeyCount":3)"), 12, R"("KeyCount":4)");
  const TekmatchRun run = Log(log, {At("a.zip")});
  EXPECT_THAT(run.out, HasSubstr("in the log and here differ: 1."));
  EXPECT_THAT(run.out, HasSubstr("  3/4  "));
}

TEST_F(LogCommandTest, AndroidsTimesStayText) {
  std::string base64 = absl::Base64Escape(absl::HexStringToBytes(hash_));
  const std::string log = absl::StrCat(
      R"([{"timestamp":"=2+5\u001b[2J\u202e,\"x\"","keyCount":3,
           "matchesCount":2,"appName":"x","hash":")",
      base64, R"("}])");
  const TekmatchRun text = Log(log, {At("a.zip")});
  ASSERT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("android, 1 check\n"));
  EXPECT_THAT(text.out, HasSubstr("=2+5\\x1b[2J\\u{202e},"));
  EXPECT_THAT(text.out, Not(HasSubstr("\x1b")));
  const TekmatchRun csv = Log(log, {At("a.zip"), "--format", "csv"});
  EXPECT_THAT(csv.out, StartsWith("sha256,keys_logged,"));
  EXPECT_THAT(csv.out, HasSubstr(absl::StrCat(hash_, ",3,3,2,,1,")));
  EXPECT_THAT(csv.out, HasSubstr(R"(,"'=2+5\x1b[2J\u{202e},""x""",)"));
  EXPECT_THAT(csv.out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(csv.out, HasSubstr(",2020-12-01,2020-12-01,false,"));
}

TEST_F(LogCommandTest, HashesOfChecksAreNoFiles) {
  std::string log = "[";
  for (int i = 0; i < 3; ++i) {
    absl::StrAppend(&log, i > 0 ? "," : "", R"({"timestamp":"t)", i,
                    R"(","keyCount":9,"matchesCount":1,"hash":")",
                    absl::Base64Escape(std::string(32, static_cast<char>(i))),
                    R"("})");
  }
  const TekmatchRun run = Log(log + "]", {At("a.zip")});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("from its version 1.8 on Android\nnotes one"));
  EXPECT_THAT(run.out, HasSubstr("1 key heard in a check; its hash is of no"));
}

TEST_F(LogCommandTest, WhatCannotBeReadIsSaidAndTheRestIsShown) {
  WriteFile(At("broken.zip"), "PK\x03\x04 no");
  const TekmatchRun run = Log(IosLog(), {At("broken.zip"), At("a.zip")});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("broken.zip"));
  EXPECT_THAT(run.out, HasSubstr("of which 1 are of exports given here (1)"));
  const TekmatchRun none = Log("{\"a\x1b\":1}", {});
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_THAT(none.err, HasSubstr("neither a log of exposure checks"));
  const TekmatchRun bad = Log(R"({"ExposureChecks":7})", {});
  EXPECT_EQ(bad.exit_code, 1);
  EXPECT_THAT(bad.err, HasSubstr("log.json: ExposureChecks: missing, or not"));
  EXPECT_EQ(RunTekmatch({"log"}).exit_code, 2);
  EXPECT_EQ(
      RunTekmatch({"log", At("log.json"), "--out", At("log.json")}).exit_code,
      2);
  EXPECT_EQ(Log(IosLog(), {"--format", "html"}).exit_code, 2);
}

constexpr char kCocoa[] = R"({
  "platform": "Android", "app_version": "2.0.1",
  "daily_summaries": [
    {"DateMillisSinceEpoch": 1606780800000,
     "DaySummary": {"MaximumScore": 750.0, "ScoreSum": 1050.0,
                    "WeightedDurationSum": 1050.0}},
    {"DateMillisSinceEpoch": 1606867200000,
     "DaySummary": {"MaximumScore": 1.0, "ScoreSum": 1.0,
                    "WeightedDurationSum": 1.0}},
    {"DateMillisSinceEpoch": 1606953600000,
     "DaySummary": {"MaximumScore": 1.0, "ScoreSum": 1.0,
                    "WeightedDurationSum": 1.0}}],
  "exposure_windows": [
    {"CalibrationConfidence": 0, "DateMillisSinceEpoch": 1606780800000,
     "Infectiousness": 1, "ReportType": 1, "ScanInstances": [
       {"MinAttenuationDb": 40, "SecondsSinceLastScan": 300,
        "TypicalAttenuationDb": 50}]},
    {"CalibrationConfidence": 0, "DateMillisSinceEpoch": 1606784400000,
     "Infectiousness": 2, "ReportType": 1, "ScanInstances": [
       {"MinAttenuationDb": 40, "SecondsSinceLastScan": 300,
        "TypicalAttenuationDb": 46}]},
    {"CalibrationConfidence": 0, "DateMillisSinceEpoch": 1606867200000,
     "Infectiousness": 1, "ReportType": 1, "ScanInstances": [
       {"MinAttenuationDb": 40, "SecondsSinceLastScan": 300,
        "TypicalAttenuationDb": 50}]},
    {"CalibrationConfidence": 0, "DateMillisSinceEpoch": 1607040000000,
     "Infectiousness": 1, "ReportType": 1, "ScanInstances": [
       {"MinAttenuationDb": 40, "SecondsSinceLastScan": 300,
        "TypicalAttenuationDb": 50}]},
    {"CalibrationConfidence": 0, "DateMillisSinceEpoch": 1607040000000,
     "Infectiousness": 0, "ReportType": 1, "ScanInstances": []}],
  "exposure_configuration": {"google_daily_summaries_config": {
    "attenuation_bucket_threshold_db": [46, 60, 65],
    "attenuation_bucket_weights": [1.0, 2.5, 1.3, 0.01],
    "infectiousness_weights": {"High": 1.0, "Standard": 1.0},
    "report_type_weights": {"ConfirmedTest": 1.0},
    "minimum_risk_score": 0.0}}})";

TEST_F(LogCommandTest, CocoasSummariesAreMadeAgain) {
  const TekmatchRun run = Log(kCocoa, {"--format", "json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const json report = json::parse(run.out);
  EXPECT_EQ(report["log"]["config"], "google_daily_summaries_config");
  EXPECT_EQ(report["log"]["windows"], 5);
  EXPECT_EQ(report["log"]["windows_not_reported"], 1);
  std::vector<std::string> verdicts;
  for (const json& day : report["days"]) {
    verdicts.push_back(day["verdict"].get<std::string>());
  }
  EXPECT_THAT(verdicts, ::testing::ElementsAre("agrees", "differs",
                                               "no_windows", "no_summary"));
  EXPECT_EQ(report["days"][0]["made"]["score_sum"], 1050.0);
  EXPECT_EQ(report["days"][1]["made"]["score_sum"], 750.0);
  const TekmatchRun text = Log(kCocoa, {});
  EXPECT_THAT(text.out, HasSubstr("It holds no sightings."));
  EXPECT_THAT(text.out,
              HasSubstr("2020-12-01        750       750       1050"));
  const TekmatchRun csv = Log(kCocoa, {"--format", "csv"});
  EXPECT_THAT(csv.out, HasSubstr("2020-12-04,,750,,750,,750,1,no_summary\n"));
  EXPECT_EQ(Log(kCocoa, {At("a.zip")}).exit_code, 2);
}

TEST_F(LogCommandTest, CocoaOfIosHasWeightsInPercent) {
  std::string log = kCocoa;
  log.replace(log.find("Android"), 7, "iOS");
  const size_t begin = log.find("{\"google_daily");
  log = log.substr(0, begin) + R"({"apple_exposure_config_v2": {
    "attenuation_duration_thresholds": [46, 60, 65],
    "immediate_duration_weight": 100, "near_duration_weight": 250,
    "medium_duration_weight": 130, "other_duration_weight": 1,
    "infectiousness_standard_weight": 100, "infectiousness_high_weight": 100,
    "report_type_confirmed_test_weight": 100,
    "report_type_confirmed_clinical_diagnosis_weight": 100,
    "report_type_self_reported_weight": 100}}})";
  const TekmatchRun run = Log(log, {"--format", "json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(json::parse(run.out)["log"]["config"], "apple_exposure_config_v2");
  EXPECT_EQ(json::parse(run.out)["days"][0]["verdict"], "agrees");
}

TEST_F(LogCommandTest, CocoaThatIsMalformed) {
  const std::pair<const char*, const char*> changes[] = {
      {"\"ReportType\": 1", "\"ReportType\": 9"},
      {"\"ScanInstances\": []", "\"ScanInstances\": 3"},
      {"\"DaySummary\"", "\"DaySummery\""},
      {"1606867200000,\n     \"DaySummary\"",
       "1606780800000,\n     "
       "\"DaySummary\""},
      {"[46, 60, 65]", "[46, 40, 65]"},
      {"[46, 60, 65]", "[46, 60, 1e300]"},
      {"[46, 60, 65]", "[-1e300, 60, 65]"},
      {"[1.0, 2.5, 1.3, 0.01]", "[1.0, 1e300, 1.3, 0.01]"},
      {"\"SecondsSinceLastScan\": 300", "\"SecondsSinceLastScan\": -1"},
      {"1607040000000", "1e300"},
  };
  for (const auto& [from, to] : changes) {
    std::string log = kCocoa;
    const size_t at = log.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    log.replace(at, std::string(from).size(), to);
    const TekmatchRun run = Log(log, {});
    EXPECT_EQ(run.exit_code, 1) << to << run.out;
    EXPECT_THAT(run.err, HasSubstr("log.json: ")) << to;
  }
}

TEST_F(LogCommandTest, APageBesideTheReport) {
  const std::string page = At("page.html");
  const TekmatchRun run =
      Log(IosLog(), {At("a.zip"), "--html", page, "--time-zone", "Asia/Tokyo"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("ios-2, 3 checks"));
  const std::string html = ReadFile(page);
  EXPECT_THAT(html, StartsWith("<!DOCTYPE html>\n<html lang=\"en\">"));
  EXPECT_THAT(html, HasSubstr("last check 2020-12-06 09:00 (Asia/Tokyo)."));
  // On stdout a page stands alone.
  EXPECT_EQ(
      Log(IosLog(), {At("a.zip"), "--html", "-", "--time-zone", "Asia/Tokyo"})
          .out,
      html);
  EXPECT_THAT(Log(kCocoa, {"--html", "-", "--lang", "ja"}).out,
              HasSubstr("<html lang=\"ja\">"));
  // What has no effect, or shares stdout.
  EXPECT_EQ(Log(IosLog(), {"--lang", "ja"}).exit_code, 2);
  EXPECT_EQ(Log(IosLog(), {"--time-zone", "UTC"}).exit_code, 2);
  EXPECT_EQ(Log(IosLog(), {"--html", page, "--time-zone", "Tokyo"}).exit_code,
            2);
  EXPECT_EQ(Log(kCocoa, {"--html", page, "--time-zone", "UTC"}).exit_code, 2);
  EXPECT_EQ(Log(IosLog(), {"--html", "-", "--out", "-"}).exit_code, 2);
  EXPECT_EQ(Log(IosLog(), {"--html", At("log.json")}).exit_code, 2);
}

TEST_F(LogCommandTest, TheSharedCaseOfBothPhones) {
  TEKMATCH_NEEDS_SHARED_DATA();
  const std::string folder = SharedDataPath("../cases/exposure-checks/");
  for (const char* name : {"ExposureChecks.json", "all-exposure-checks.json"}) {
    const TekmatchRun run = RunTekmatch(
        {"log", folder + name, folder + "export.zip", "--format", "json"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    const json hash = json::parse(run.out)["hashes"][0];
    EXPECT_EQ(hash["files"], json::array({folder + "export.zip"}));
    EXPECT_EQ(hash["keys_agree"], true);
    EXPECT_EQ(hash["matches_logged"], json::array({1}));
    EXPECT_EQ(hash["key_days"]["first"], hash["key_days"]["last"]);
  }
}

}  // namespace
}  // namespace tekmatch
