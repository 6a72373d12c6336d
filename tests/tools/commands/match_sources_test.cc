// How many matches each file and each authority gave, run as a person runs it.
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/run_tekmatch.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"
#include "tools/sightings/sightings_text.h"

namespace tekmatch {
namespace {

using ::nlohmann::json;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

// Five keys, each met once, and the last one twice. The authority 440 publishes
// 0 and 1 in one file and 1 and 2 in the next, the authority 262 publishes 3
// for its own region and 3 and 4 for both, and 0 after 440 did; nobody signed
// the last file, of two keys that nobody met.
class MatchSourcesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    keys_ = TestKeys(7, 1);
    Write("a.zip", {0, 1}, "440", {TestSigner()}, 0);
    Write("b.zip", {1, 2}, "440", {TestSigner()}, 1);
    const std::vector<ExportSigner> german = {OtherSigner("262", "v1")};
    Write("c.zip", {3}, "DE", german, 0);
    Write("d.zip", {0, 3, 4}, "EU", german, 2);
    Write("e.zip", {5, 6}, "440\n440", {}, 3);
    WriteFile(At("440.pem"), *TestSigner().key.PublicPem());
    WriteFile(At("262.pem"), *german[0].key.PublicPem());
    std::string rows = CsvHeader({}) + "\n";
    for (const size_t key : {0, 1, 2, 3, 4, 4}) {
      rows += CsvRow(HearKey(keys_[key], kTestDaySeconds + 600 +
                                             static_cast<int64_t>(rows.size())),
                     {});
    }
    WriteFile(At("s.csv"), rows);
  }

  static std::string At(const std::string& name) { return TempPath(name); }

  void Write(const std::string& name, const std::vector<size_t>& numbers,
             const std::string& region,
             const std::vector<ExportSigner>& signers, uint64_t day) {
    ExportWriterOptions options = TestExportOptions(signers);
    options.region = region;
    options.start_timestamp += day * 86400;
    options.end_timestamp += day * 86400;
    std::vector<DiagnosisKey> keys;
    keys.reserve(numbers.size());
    for (const size_t number : numbers) keys.push_back(keys_[number]);
    WriteFile(At(name), WriteTestExport(keys, options));
  }

  static TekmatchRun Match(const std::vector<std::string>& exports,
                           const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {
        "match",         "--allow-unsigned",       "--sightings",
        At("s.csv"),     "--trusted-key",          "440:v1=" + At("440.pem"),
        "--trusted-key", "262:v1=" + At("262.pem")};
    for (const std::string& name : exports) arguments.push_back(At(name));
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunTekmatch(arguments);
  }

  std::vector<DiagnosisKey> keys_;
};

TEST_F(MatchSourcesTest, JsonCountsEveryFileAndAuthority) {
  const TekmatchRun run =
      Match({"e.zip", "d.zip", "c.zip", "b.zip", "a.zip", "a.zip"},
            {"--format", "json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const json report = json::parse(run.out);
  const auto of_file = [&report](const std::string& name) {
    for (const json& file : report["files"]) {
      if (file["path"] == At(name) && !file.contains("copy_of")) {
        return std::vector<int>{file["keys_matched"].get<int>(),
                                file["sightings_matched"].get<int>()};
      }
    }
    return std::vector<int>();
  };
  EXPECT_EQ(of_file("a.zip"), (std::vector<int>{2, 2}));
  EXPECT_EQ(of_file("b.zip"), (std::vector<int>{1, 1}));  // 1 is a.zip's
  EXPECT_EQ(of_file("c.zip"), (std::vector<int>{1, 1}));
  EXPECT_EQ(of_file("d.zip"), (std::vector<int>{1, 2}));
  EXPECT_EQ(of_file("e.zip"), (std::vector<int>{0, 0}));
  EXPECT_EQ(report["authorities"], json::parse(R"([
      {"key_ids": [], "region": "440\n440", "files": 1, "keys_matched": 0,
       "sightings_matched": 0},
      {"key_ids": ["262"], "region": "DE", "files": 1, "keys_matched": 1,
       "sightings_matched": 1},
      {"key_ids": ["262"], "region": "EU", "files": 1, "keys_matched": 1,
       "sightings_matched": 2},
      {"key_ids": ["440"], "region": "440", "files": 2, "keys_matched": 3,
       "sightings_matched": 3}])"));
}

TEST_F(MatchSourcesTest, TheTextHasTables) {
  const TekmatchRun run = Match({"a.zip", "b.zip", "c.zip", "d.zip", "e.zip"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out,
              EndsWith("\n"
                       "    keys  sightings   files  by signing key id and "
                       "region\n"
                       "       0          0       1  (nobody trusted), "
                       "440\\x0a440\n"
                       "       1          1       1  262, DE\n"
                       "       1          2       1  262, EU\n"
                       "       3          3       2  440, 440\n"
                       "\n"
                       "    keys  sightings  by file\n"
                       "       2          2  " +
                       At("a.zip") +
                       "\n"
                       "       1          1  " +
                       At("c.zip") +
                       "\n"
                       "       1          1  " +
                       At("b.zip") +
                       "\n"
                       "       1          2  " +
                       At("d.zip") + "\n"));
}

// Of one file all is its own; and a notice tells its reader nothing of sources.
TEST_F(MatchSourcesTest, NoTableWhereThereIsNothingToTell) {
  EXPECT_THAT(Match({"a.zip"}).out, Not(HasSubstr("by file")));
  EXPECT_THAT(Match({"a.zip", "b.zip"}, {"--config", "cocoa"}).out,
              Not(HasSubstr("by file")));
}

}  // namespace
}  // namespace tekmatch
