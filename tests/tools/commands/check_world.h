// `check` of a small world on the command line: exports of one signer, one
// phone.
#ifndef TEKMATCH_TESTS_TOOLS_COMMANDS_CHECK_WORLD_H_
#define TEKMATCH_TESTS_TOOLS_COMMANDS_CHECK_WORLD_H_

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/run_tekmatch.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"
#include "tools/sightings/sightings_text.h"

namespace tekmatch {

using Arguments = std::vector<std::string>;

inline Arguments operator+(Arguments a, const Arguments& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// A line of the program's own for each thing that is wrong.
inline void ExpectLines(const TekmatchRun& run) {
  EXPECT_THAT(run.err, ::testing::EndsWith("\n"));
  for (const absl::string_view line :
       absl::StrSplit(run.err, '\n', absl::SkipEmpty())) {
    EXPECT_THAT(std::string(line), ::testing::StartsWith("tekmatch: "));
  }
}

// Exports of one signer, a.zip with five keys of a day; one phone.
class CheckWorld : public ::testing::Test {
 protected:
  CheckWorld() {
    WriteFile(At("public.pem"), *TestSigner().key.PublicPem());
    WriteFile(At("a.zip"), WriteTestExport(keys_));
    WriteSightings("s.csv", {HearKey(keys_[0], kTestDaySeconds + 3600),
                             HearKey(keys_[1], kTestDaySeconds + 7200)});
  }

  static std::string At(const std::string& name) { return TempPath(name); }
  static std::string Store() { return At("store"); }
  static std::string DatabasePath() { return Store() + "/tekmatch.sqlite"; }

  static void WriteSightings(const std::string& name,
                             const std::vector<Sighting>& sightings) {
    std::string text = CsvHeader({}) + "\n";
    for (const Sighting& sighting : sightings) text += CsvRow(sighting);
    WriteFile(At(name), text);
  }

  static Arguments Trusting() {
    return {"--trusted-key", "440:v1=" + At("public.pem"), "--now",
            "2020-12-05T00:00:00Z"};
  }

  static TekmatchRun Check(const Arguments& more) {
    return RunTekmatch(Arguments{"check", "--store", Store()} + Trusting() +
                       more);
  }
  static nlohmann::json CheckJson(const Arguments& more) {
    const TekmatchRun run = Check(more + Arguments{"--format", "json"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return run.exit_code == 0 ? nlohmann::json::parse(run.out)
                              : nlohmann::json();
  }
  static TekmatchRun Plain(const Arguments& more) {
    return RunTekmatch(Arguments{"check", "--store", Store()} + more);
  }

  static size_t NumSightingsIn(const std::string& store) {
    const TekmatchRun run = RunTekmatch(
        {"check", "--store", store, "--status", "--format", "json"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return run.exit_code == 0
               ? nlohmann::json::parse(run.out)["sightings"].get<size_t>()
               : 0;
  }

  static Arguments States(const nlohmann::json& report) {
    Arguments states;
    for (const nlohmann::json& given : report["store"]["given"]) {
      states.push_back(
          absl::StrCat(std::filesystem::path(given["path"].get<std::string>())
                           .filename()
                           .string(),
                       " ", given["state"].get<std::string>()));
    }
    return states;
  }

  const std::vector<DiagnosisKey> keys_ = TestKeys(5, 1);
};

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_TOOLS_COMMANDS_CHECK_WORLD_H_
