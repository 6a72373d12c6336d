// match --explain, run as a person runs it: the reason of a verdict, and every
// window that a rule left out.
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/run_tekmatch.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"
#include "tools/files/hex.h"
#include "tools/sightings/sightings_text.h"

namespace tekmatch {
namespace {

using ::nlohmann::json;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

// Device 0 met seven keys of 1 December, each at an hour of its own. The last
// one is its own.
class ExplainCommandTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::vector<DiagnosisKey> keys = TestKeys(7, 1);
    for (size_t i = 0; i < keys.size(); ++i) {
      keys[i].metadata.days_since_onset = 1;
      teks_.push_back(EncodeHex(keys[i].tek.bytes));
      const int64_t hour = kTestDaySeconds + 3600 * static_cast<int64_t>(6 + i);
      for (int j = 0; j < 6; ++j) {
        Sighting sighting = HearKey(keys[i], hour + int64_t{240} * j);
        sighting.seconds_since_previous_scan = 240;
        sightings_.push_back(sighting);
      }
    }
    keys[1].metadata.days_since_onset = 14;  // cocoa: infectious to +10
    keys[2].metadata.report_type = ReportType::kSelfReport;
    keys[3].metadata.report_type = ReportType::kRecursive;
    // The person fell ill four days after the key.
    keys[4].metadata.days_since_onset = -4;
    DiagnosisKey revoked = keys[2];
    revoked.metadata.report_type = ReportType::kRevoked;
    revoked.metadata.revised = true;
    keys.push_back(revoked);
    // A recording of key 5, played half an hour after it was first heard.
    Sighting replayed = sightings_[30];
    replayed.unix_seconds += 1801;
    sightings_.push_back(replayed);
    WriteFile(At("public.pem"), *TestSigner().key.PublicPem());
    WriteFile(At("a.zip"), WriteTestExport(keys));
    WriteFile(At("own.jsonl"),
              absl::StrCat("{\"tek\":\"", teks_[6], "\",\"device\":0}\n"));
    const CsvColumns columns = ColumnsFor(sightings_);
    std::string text = CsvHeader(columns) + "\n";
    for (const Sighting& sighting : sightings_) {
      text += CsvRow(sighting, columns);
    }
    WriteFile(At("s.csv"), text);
  }

  static std::string At(const std::string& name) { return TempPath(name); }

  static TekmatchRun Explain(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {
        "match",         At("a.zip"),
        "--trusted-key", "440:v1=" + At("public.pem"),
        "--sightings",   "0=" + At("s.csv"),
        "--own-keys",    At("own.jsonl"),
        "--policy",      "civil",
        "--config",      "cocoa",
        "--explain",     "2020-12-01"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunTekmatch(arguments);
  }

  std::vector<std::string> teks_;
  std::vector<Sighting> sightings_;
};

TEST_F(ExplainCommandTest, EveryWindowIsInTheResultOrLeftOutWithItsReason) {
  const TekmatchRun run = Explain({"--format", "json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const json explanation = json::parse(run.out)["devices"][0]["explanation"];
  EXPECT_EQ(explanation["policy"], "civil");
  std::set<std::string> counting;
  for (const json& window : explanation["windows"]) {
    counting.insert(window["tek"].get<std::string>());
  }
  EXPECT_EQ(counting, (std::set<std::string>{teks_[0], teks_[5]}));
  std::map<std::string, std::string> tek_of;
  for (const json& window : explanation["left_out"]) {
    tek_of[window["reason"].get<std::string>()] =
        window["tek"].get<std::string>();
  }
  EXPECT_THAT(
      tek_of,
      ElementsAre(Pair("before_window", teks_[4]),
                  Pair("infectiousness_none", teks_[1]),
                  Pair("own_key", teks_[6]), Pair("recursive_key", teks_[3]),
                  Pair("replayed", teks_[5]), Pair("revoked_key", teks_[2])));
}

// 24 minutes at 40 dB with each of two people.
TEST_F(ExplainCommandTest, TheTextGivesTheReasonWithItsNumbers) {
  const TekmatchRun run = Explain();
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_THAT(
      run.out,
      HasSubstr("Contacts of 2020-12-01 (UTC), configuration cocoa, policy "
                "civil, as of 2020-12-01\n"
                "score sum 2880 >= 1350 and 2880 s >= 900 s: alert\n"
                "2 windows of 2 keys, score maximum 1440\n"));
  for (const char* reason :
       {"before_window, 6 sightings", "infectiousness_none, 6 sightings",
        "own_key, 6 sightings", "recursive_key, 6 sightings",
        "replayed, 1 sighting", "revoked_key, 6 sightings"}) {
    EXPECT_THAT(run.out, HasSubstr(reason));
  }
}

// A person reads it: a time a line at most, and no line that has to be
// scrolled.
TEST_F(ExplainCommandTest, ATimeALine) {
  for (const std::string& line :
       std::vector<std::string>(absl::StrSplit(Explain().out, '\n'))) {
    EXPECT_THAT(line,
                Not(ContainsRegex("[0-9]:[0-9][0-9].*[0-9]:[0-9][0-9]:")));
    if (!absl::StrContains(line, "  file ")) {
      EXPECT_LE(line.size(), 120U) << line;
    }
  }
}

// Whatever the order of the arguments, also of what a device drops as its own.
TEST_F(ExplainCommandTest, EveryWindowNamesTheFileThatPublishedItsKey) {
  ExportWriterOptions later = TestExportOptions();
  later.start_timestamp += 86400;
  later.end_timestamp += 86400;
  WriteFile(At("b.zip"), WriteTestExport(TestKeys(3, 2), later));
  for (const bool first : {true, false}) {
    std::vector<std::string> arguments = {"match",
                                          "--trusted-key",
                                          "440:v1=" + At("public.pem"),
                                          "--sightings",
                                          "0=" + At("s.csv"),
                                          "--own-keys",
                                          At("own.jsonl"),
                                          "--config",
                                          "cocoa",
                                          "--explain",
                                          "2020-12-01",
                                          "--format",
                                          "json",
                                          At(first ? "b.zip" : "a.zip"),
                                          At(first ? "a.zip" : "b.zip")};
    const TekmatchRun run = RunTekmatch(arguments);
    ASSERT_EQ(run.exit_code, 0) << run.err;
    const json explanation = json::parse(run.out)["devices"][0]["explanation"];
    size_t num_windows = 0;
    for (const char* list : {"windows", "left_out"}) {
      for (const json& window : explanation[list]) {
        EXPECT_EQ(window["file"], At("a.zip")) << window["reason"];
        ++num_windows;
      }
    }
    EXPECT_EQ(num_windows, 8U);
  }
}

TEST_F(ExplainCommandTest, WithoutConfigurationItIsWrongUsage) {
  const TekmatchRun run = RunTekmatch(
      {"match", At("a.zip"), "--trusted-key", "440:v1=" + At("public.pem"),
       "--sightings", At("s.csv"), "--explain", "2020-12-01"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_EQ(run.err, "tekmatch: --explain needs --config\n");
  EXPECT_THAT(run.out, IsEmpty());
}

}  // namespace
}  // namespace tekmatch
