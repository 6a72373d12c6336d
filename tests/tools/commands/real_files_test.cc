// The tool on files that others published: what the project's data promises.
#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/run_tekmatch.h"
#include "tests/shared_data.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string Exports(const std::string& name) {
  return SharedDataPath("exports/" + name);
}

std::string Database() {
  return SharedDataPath("sightings/demo-contact-records.leveldb");
}

std::vector<std::string> MatchDemo(std::vector<std::string> more = {}) {
  std::vector<std::string> arguments = {
      "match", Exports("demo-2392-nosig.zip"), "--allow-unsigned",
      "--now", "2020-06-01T00:00:00Z",         "--sightings"};
  if (more.empty() || more[0].substr(0, 2) == "--") {
    arguments.push_back(Database());
  }
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::vector<json> Lines(const std::string& text) {
  std::vector<json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    lines.push_back(json::parse(line));
  }
  return lines;
}

class RealFilesTest : public ::testing::Test {
 protected:
  void SetUp() override { TEKMATCH_NEEDS_SHARED_DATA(); }
};

TEST_F(RealFilesTest, DemoMatchesByDateInUtc) {
  const TekmatchRun run = RunTekmatch(MatchDemo({"--format", "json"}));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.err, "");
  const json report = json::parse(run.out);
  EXPECT_EQ(report["keys_read"], 2392);
  EXPECT_EQ(report["keys_rejected"], 0);
  EXPECT_EQ(report["keys_matched"], 4);
  EXPECT_EQ(report["rpis_matched"], 23);
  EXPECT_EQ(report["sightings_read"], 5145);
  EXPECT_EQ(report["sightings_matched"], 534);
  EXPECT_EQ(report["all_files_signed"], false);
  EXPECT_EQ(report["time_zone"], "UTC");
  std::map<std::string, int> sightings;
  for (const json& date : report["dates"]) {
    sightings[date["date"]] = date["sightings"];
  }
  EXPECT_EQ(sightings,
            (std::map<std::string, int>{
                {"2020-05-12", 14}, {"2020-05-14", 32}, {"2020-05-20", 488}}));
  ASSERT_EQ(report["files"].size(), 1U);
  EXPECT_EQ(report["files"][0]["verdict"], "no_signature_entry");
  EXPECT_EQ(report["files"][0]["signed_by"], json::array());
  EXPECT_EQ(report["files"][0]["keys"], 2392);
  EXPECT_EQ(report["files"][0]["rejected"], json::object());
}

TEST_F(RealFilesTest, DemoMatchesByDateInJapan) {
  const TekmatchRun run = RunTekmatch(MatchDemo({"--time-zone", "Asia/Tokyo"}));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("UNSIGNED (no_signature_entry): "));
  std::map<std::string, std::pair<int, int>> dates;  // keys, sightings
  std::istringstream in(run.out);
  for (std::string line; std::getline(in, line);) {
    if (line.substr(0, 5) != "2020-") continue;
    std::istringstream fields(line);
    std::string date;
    std::pair<int, int> counts;
    fields >> date >> counts.first >> counts.second;
    dates[date] = counts;
  }
  EXPECT_EQ(dates, (std::map<std::string, std::pair<int, int>>{
                       {"2020-05-12", {1, 14}},
                       {"2020-05-15", {1, 32}},
                       {"2020-05-20", {2, 386}},
                       {"2020-05-21", {1, 102}}}));
}

// The join that an independent program made of the same files.
TEST_F(RealFilesTest, MatchesAreThoseOfAnIndependentProgram) {
  const std::string path = TempPath("matches.jsonl");
  const TekmatchRun run = RunTekmatch(MatchDemo({"--matches-out", path}));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const json expected = json::parse(
      ReadFile(SharedDataPath("sightings/demo_expected_matches.json")));
  std::multiset<json> want;
  for (const json& match : expected["matches"]) {
    want.insert(json{{"tek", match["tek"]},
                     {"rolling_start", match["start"]},
                     {"rolling_period", match["period"]},
                     {"interval", match["interval"]},
                     {"rpi", match["rpi"]},
                     {"sighting_time", match["epoch_seconds"]},
                     {"rssi", match["rssi"]},
                     {"tx_power", match["tx_power"]},
                     {"attenuation", match["attenuation"]},
                     {"file", Exports("demo-2392-nosig.zip")}});
  }
  const std::vector<json> lines = Lines(ReadFile(path));
  EXPECT_EQ(lines.size(), 534U);
  // Too long to print.
  EXPECT_TRUE(std::multiset<json>(lines.begin(), lines.end()) == want);

  using Order = std::tuple<int64_t, std::string, std::string, int>;
  std::vector<Order> order;
  order.reserve(lines.size());
  for (const json& line : lines) {
    order.emplace_back(line["sighting_time"], line["rpi"], line["tek"],
                       line["interval"]);
  }
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);  // contact data is its owner's
}

TEST_F(RealFilesTest, ThreeFormatsGiveTheSameMatches) {
  std::vector<std::string> matches;
  std::vector<std::string> databases = {Database()};
  for (const std::string format : {"csv", "jsonl"}) {
    databases.push_back(TempPath("sightings." + format));
    const TekmatchRun run = RunTekmatch({"sightings", Database(), "--format",
                                         format, "--out", databases.back()});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(run.out, "5145 sightings (0 skipped)\n");
  }
  for (const std::string& database : databases) {
    const std::string path = TempPath("matches.jsonl");
    const TekmatchRun run =
        RunTekmatch(MatchDemo({database, "--matches-out", path}));
    ASSERT_EQ(run.exit_code, 0) << run.err;
    matches.push_back(ReadFile(path));
  }
  EXPECT_EQ(Lines(matches[0]).size(), 534U);
  EXPECT_EQ(matches[1], matches[0]);
  EXPECT_EQ(matches[2], matches[0]);
}

TEST_F(RealFilesTest, ThreadsDoNotChangeAnything) {
  std::set<std::string> results;
  for (const std::string threads : {"1", "2", "7"}) {
    const std::string path = TempPath("matches.jsonl");
    const TekmatchRun run = RunTekmatch(MatchDemo(
        {"--threads", threads, "--matches-out", path, "--format", "json"}));
    ASSERT_EQ(run.exit_code, 0) << run.err;
    results.insert(run.out + ReadFile(path));
  }
  EXPECT_EQ(results.size(), 1U);
}

TEST_F(RealFilesTest, UnsignedFilesCountOnlyWhenAllowed) {
  const std::string out = TempPath("report.json");
  const std::string matches = TempPath("matches.jsonl");
  const TekmatchRun run =
      RunTekmatch({"match", Exports("demo-2392-nosig.zip"), "--sightings",
                   Database(), "--out", out, "--matches-out", matches});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, HasSubstr("demo-2392-nosig.zip: not signed"));
  EXPECT_THAT(run.err, HasSubstr("(no_signature_entry)"));
  EXPECT_FALSE(std::filesystem::exists(out));
  EXPECT_FALSE(std::filesystem::exists(matches));
}

// Allowing unsigned files does not let a signed one of a stranger in.
TEST_F(RealFilesTest, EveryRefusedFileIsNamed) {
  const TekmatchRun run = RunTekmatch(MatchDemo(
      {Database(), Exports("cwa-dev-2020-05-31.zip"),
       Exports("invalid-no-header.zip"), Exports("no-such-file.zip")}));
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, HasSubstr("cwa-dev-2020-05-31.zip: it names key id "
                                 "\"262\" version \"v1\""));
  EXPECT_THAT(run.err, HasSubstr("(no_trusted_key)"));
  EXPECT_THAT(run.err, HasSubstr("invalid-no-header.zip: "));
  EXPECT_THAT(run.err, HasSubstr("no-such-file.zip: "));
  EXPECT_THAT(run.err, HasSubstr("(unreadable)"));
}

TEST_F(RealFilesTest, SkippedFilesAreLeftOutAndNamed) {
  const TekmatchRun run =
      RunTekmatch(MatchDemo({Database(), Exports("cwa-dev-2020-05-31.zip"),
                             Exports("invalid-no-header.zip"),
                             "--skip-bad-files", "--format", "json"}));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.err, "");  // the result says it
  const json report = json::parse(run.out);
  EXPECT_EQ(report["files"].size(), 3U);
  EXPECT_EQ(report["files"][0]["accepted"], false);
  EXPECT_EQ(report["files"][0]["verdict"], "no_trusted_key");
  EXPECT_EQ(report["files"][2]["verdict"], "malformed");
  EXPECT_EQ(report["keys_read"], 2392);
  EXPECT_EQ(report["sightings_matched"], 534);
}

TEST_F(RealFilesTest, OwnKeysAreLeftOut) {
  const std::string matches = TempPath("matches.jsonl");
  const std::string own = TempPath("own.jsonl");
  ASSERT_EQ(RunTekmatch(MatchDemo({"--matches-out", matches})).exit_code, 0);
  const json first = Lines(ReadFile(matches)).front();
  WriteFile(own, json{{"tek", first["tek"]}}.dump() + "\n");
  const TekmatchRun run =
      RunTekmatch(MatchDemo({"--own-keys", own, "--format", "json"}));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const json report = json::parse(run.out);
  EXPECT_EQ(report["keys_own"], 1);
  EXPECT_EQ(report["keys_matched"], 3);
}

// data/README.md: which file verifies with which key.
TEST_F(RealFilesTest, VerdictOfEveryExport) {
  const std::map<std::string, std::string> verdicts = {
      {"bare-200.export.bin", "no_signature_entry"},
      {"cwa-dev-2020-05-31.zip", "valid, signed by 262:v1"},
      {"demo-2392-nosig.zip", "no_signature_entry"},
      {"google-sample-110.zip", "valid, signed by (no key id)"},
      {"immuni-2020-08-23.export.bin", "no_signature_entry"},
      {"invalid-32-byte-keys.zip", "no_trusted_key, extra entry content.sig"},
      {"invalid-no-export-bin.zip", "malformed"},
      {"invalid-no-header.zip", "malformed"},
      {"server-sample-2.zip", "valid, signed by ExampleServer_k1"},
      {"unsigned-v15-50.zip", "empty_signature_list"},
  };
  const std::vector<std::string> trusted = {
      "--trusted-key", "262:v1=" + Exports("cwa-dev.pem"),
      "--trusted-key", "=" + Exports("google-sample-110.pem"),
      "--trusted-key", "ExampleServer_k1=" + Exports("server-sample-2.pem")};
  std::vector<std::string> all = {"verify"};
  std::set<std::string> seen;
  for (const auto& file :
       std::filesystem::directory_iterator(SharedDataPath("exports"))) {
    const std::string name = file.path().filename().string();
    if (file.path().extension() == ".pem") continue;
    ASSERT_TRUE(verdicts.contains(name)) << name << ": no verdict stated";
    seen.insert(name);
    std::vector<std::string> arguments = {"verify", file.path().string()};
    arguments.insert(arguments.end(), trusted.begin(), trusted.end());
    const TekmatchRun run = RunTekmatch(arguments);
    EXPECT_THAT(run.out,
                StartsWith(file.path().string() + ": " + verdicts.at(name)));
    const bool valid = verdicts.at(name).substr(0, 5) == "valid";
    EXPECT_EQ(run.exit_code, valid ? 0 : 1) << name;
    EXPECT_EQ(run.err.empty(), valid) << run.err;
  }
  EXPECT_EQ(seen.size(), verdicts.size());
}

TEST_F(RealFilesTest, WrongKeyOrVersionIsNotValid) {
  const std::string file = Exports("cwa-dev-2020-05-31.zip");
  const TekmatchRun wrong =
      RunTekmatch({"verify", file, "--trusted-key",
                   "262:v1=" + Exports("google-sample-110.pem")});
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_THAT(wrong.out, HasSubstr(": wrong_signature"));
  const TekmatchRun version = RunTekmatch(
      {"verify", file, "--trusted-key", "262:v2=" + Exports("cwa-dev.pem")});
  EXPECT_EQ(version.exit_code, 1);
  EXPECT_THAT(version.out, HasSubstr(": no_trusted_key"));
}

TEST_F(RealFilesTest, InspectCountsWhatIsInAFile) {
  const TekmatchRun run = RunTekmatch(
      {"inspect", Exports("cwa-dev-2020-05-31.zip"),
       Exports("unsigned-v15-50.zip"), Exports("invalid-32-byte-keys.zip"),
       "--now", "2020-12-01T00:00:00Z", "--format", "json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const json files = json::parse(run.out);
  ASSERT_EQ(files.size(), 3U);
  EXPECT_EQ(files[0]["keys"], 24131);
  EXPECT_EQ(files[1]["keys"], 50);
  int report_types = 0;
  for (const auto& [name, count] : files[1]["by_report_type"].items()) {
    EXPECT_THAT(name, ::testing::AnyOf("confirmed_test",
                                       "confirmed_clinical_diagnosis"));
    report_types += count.get<int>();
  }
  EXPECT_EQ(report_types, 50);
  EXPECT_EQ(files[2]["rejected"], (json{{"wrong_key_length", 2}}));
}

}  // namespace
}  // namespace tekmatch
