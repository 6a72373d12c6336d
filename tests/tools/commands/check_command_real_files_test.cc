// `check` on files that others published: their verdicts, an independent
// program's matches, and worlds on which the platform's own classes were run.
// Each is given bit by bit, and says in the end what one `match` says.
#include <openssl/sha.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/signature.h"
#include "tests/run_tekmatch.h"
#include "tests/shared_data.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

namespace fs = std::filesystem;
using ::nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

using Arguments = std::vector<std::string>;

Arguments operator+(Arguments a, const Arguments& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::string Data(const std::string& name) { return SharedDataPath(name); }

std::string Store() { return TempPath("store"); }

json RunJson(const Arguments& arguments) {
  const TekmatchRun run =
      RunTekmatch(arguments + Arguments{"--format", "json"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  return run.exit_code == 0 ? json::parse(run.out) : json();
}

// With the sightings and keys of all of 2020 kept.
Arguments CheckArguments(const Arguments& more) {
  return Arguments{"check", "--store", Store(), "--retention-days", "400"} +
         more;
}
json Check(const Arguments& more) { return RunJson(CheckArguments(more)); }
// A part of what is given, which may be too little for an answer.
void CheckPart(const Arguments& more) {
  const TekmatchRun run = RunTekmatch(CheckArguments(more));
  if (run.exit_code == 0) return;
  EXPECT_THAT(run.err, HasSubstr("no result, since no"));
}

// The rows of a CSV file in two files. Equal rows are in one of them: they are
// as many sightings if they are given together, and one that is given again if
// they are not.
Arguments HalvesOf(const std::string& csv) {
  std::istringstream in(ReadFile(csv));
  std::string header;
  std::getline(in, header);
  std::string halves[2] = {header + "\n", header + "\n"};
  for (std::string line; std::getline(in, line);) {
    halves[std::accumulate(line.begin(), line.end(), 0) % 2] += line + "\n";
  }
  Arguments paths = {TempPath("half-0.csv"), TempPath("half-1.csv")};
  WriteFile(paths[0], halves[0]);
  WriteFile(paths[1], halves[1]);
  return paths;
}

class CheckCommandRealFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    TEKMATCH_NEEDS_SHARED_DATA();
    WriteFile(TempPath("public.pem"), *TestSigner().key.PublicPem());
    WriteFile(TempPath("signing.pem"), *TestSigner().key.PrivatePem());
  }
};

// Real exports of five servers, each in a check of its own, and a phone's real
// sightings, which are of none of these keys.
TEST_F(CheckCommandRealFilesTest, SignedExports) {
  const Arguments exports = {Data("exports/cwa-dev-2020-05-31.zip"),
                             Data("exports/google-sample-110.zip"),
                             Data("exports/server-sample-2.zip"),
                             Data("cocoa/366.zip"),
                             Data("cocoa/774.zip"),
                             Data("cocoa/812.zip")};
  const Arguments common = {
      "--trusted-key",
      "262:v1=" + Data("exports/cwa-dev.pem"),
      "--trusted-key",
      "=" + Data("exports/google-sample-110.pem"),
      "--trusted-key",
      "ExampleServer_k1=" + Data("exports/server-sample-2.pem"),
      "--trusted-key",
      "440:v1=" + Data("cocoa/440-v1.pem"),
      "--config",
      "cocoa",
      "--policy",
      "cocoa-3",
      "--now",
      "2020-06-01T00:00:00Z"};
  const Arguments sightings = {"--sightings",
                               Data("sightings/demo-contact-records.leveldb")};
  const json want = RunJson(Arguments{"match"} + exports + common + sightings);
  EXPECT_GT(want["keys_read"], 24'000);
  // COCOA's are of the summer to come.
  EXPECT_GT(want["keys_rejected"], 0);
  CheckPart(common + sightings + Arguments{exports[3]});
  for (const int i : {5, 0, 2, 4, 1}) {
    CheckPart(common + Arguments{exports[i]});
  }
  json report = Check(common + exports + sightings);
  for (const json& given : report["store"]["given"]) {
    EXPECT_EQ(given["state"], "known") << given;
  }
  EXPECT_EQ(report["store"]["sightings"], 5145);
  report.erase("store");
  EXPECT_EQ(report, want);
}

TEST_F(CheckCommandRealFilesTest, FilesThatAreRefused) {
  const std::vector<std::pair<std::string, std::string>> refused = {
      {"bare-200.export.bin", "(no_signature_entry)"},
      {"demo-2392-nosig.zip", "(no_signature_entry)"},
      {"immuni-2020-08-23.export.bin", "(no_signature_entry)"},
      {"invalid-32-byte-keys.zip", "(no_trusted_key)"},
      {"invalid-no-export-bin.zip", "(malformed)"},
      {"invalid-no-header.zip", "(malformed)"},
      {"unsigned-v15-50.zip", "(empty_signature_list)"}};
  Arguments paths;
  for (const auto& [name, verdict] : refused) {
    paths.push_back(Data("exports/" + name));
  }
  const Arguments common = {"check",
                            "--store",
                            Store(),
                            "--trusted-key",
                            "262:v1=" + Data("exports/cwa-dev.pem"),
                            "--now",
                            "2020-06-01T00:00:00Z",
                            "--sightings",
                            Data("sightings/"
                                 "demo-contact-records."
                                 "leveldb")};
  const TekmatchRun run = RunTekmatch(common + paths);
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.out, "");
  const std::vector<std::string> lines = absl::StrSplit(run.err, '\n');
  for (const auto& [name, verdict] : refused) {
    EXPECT_THAT(lines, ::testing::Contains(
                           AllOf(HasSubstr(name + ": "), HasSubstr(verdict)))
                           .Times(1));
  }
  const json skipped = RunJson(
      common + paths +
      Arguments{Data("exports/cwa-dev-2020-05-31.zip"), "--skip-bad-files"});
  EXPECT_EQ(skipped["store"]["exports"], 1);
  EXPECT_EQ(skipped["keys_read"], 24'131);
}

// The keys of the demonstration's export, which nobody signed, signed by
// ourselves; and the join that an independent program made of them.
TEST_F(CheckCommandRealFilesTest, TheMatchesOfAnIndependentProgram) {
  const std::string jsonl = TempPath("keys.jsonl");
  ASSERT_EQ(RunTekmatch({"inspect", Data("exports/demo-2392-nosig.zip"),
                         "--keys-out", jsonl})
                .exit_code,
            0);
  // In three files, none of which knows of the others.
  std::istringstream in(ReadFile(jsonl));
  std::string parts[3];
  int row = 0;
  for (std::string line; std::getline(in, line); ++row) {
    parts[row % 3] += line + "\n";
  }
  Arguments exports;
  for (int i = 0; i < 3; ++i) {
    WriteFile(jsonl, parts[i]);
    const std::string folder = TempPath(absl::StrCat("export-", i));
    const TekmatchRun run =
        RunTekmatch({"export",
                     "--keys",
                     jsonl,
                     "--signing-key",
                     TempPath("signing.pem"),
                     "--key-id",
                     "440",
                     "--key-version",
                     "v1",
                     "--region",
                     "440",
                     "--start",
                     "2020-05-20T00:00:00Z",
                     "--end",
                     absl::StrCat("2020-05-2", i + 1, "T00:00:00Z"),
                     "--min-keys",
                     "0",
                     "--padding-range",
                     "0",
                     "--out",
                     folder});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    exports.push_back(folder);
  }
  const std::string csv = TempPath("all.csv");
  ASSERT_EQ(
      RunTekmatch({"sightings", Data("sightings/demo-contact-records.leveldb"),
                   "--format", "csv", "--out", csv})
          .exit_code,
      0);
  const Arguments halves = HalvesOf(csv);
  const Arguments common = {"--trusted-key", "440:v1=" + TempPath("public.pem"),
                            "--now",         "2020-06-01T00:00:00Z",
                            "--time-zone",   "Asia/Tokyo"};
  const std::string matches = TempPath("matches.jsonl");
  CheckPart(common + Arguments{exports[2], "--sightings", halves[0]});
  CheckPart(common + Arguments{exports[0]});
  CheckPart(common + Arguments{"--sightings", halves[1]});
  const json report =
      Check(common + Arguments{exports[1], "--matches-out", matches});
  EXPECT_EQ(report["sightings_read"], 5145);
  EXPECT_EQ(report["sightings_matched"], 534);
  EXPECT_EQ(report["dates"].size(), 4U);

  const json expected =
      json::parse(ReadFile(Data("sightings/demo_expected_matches.json")));
  std::multiset<json> want;
  for (const json& match : expected["matches"]) {
    want.insert(json::array({match["tek"], match["interval"], match["rpi"],
                             match["epoch_seconds"], match["rssi"],
                             match["attenuation"]}));
  }
  std::multiset<json> found;
  std::istringstream lines(ReadFile(matches));
  for (std::string line; std::getline(lines, line);) {
    const json match = json::parse(line);
    found.insert(json::array({match["tek"], match["interval"], match["rpi"],
                              match["sighting_time"], match["rssi"],
                              match["attenuation"]}));
  }
  EXPECT_EQ(found.size(), 534U);
  EXPECT_TRUE(found == want);  // too long to print
}

// An export.bin of another, signed by TestSigner().
std::string Signed(const std::string& bin) {
  Sha256Digest digest;
  SHA256(reinterpret_cast<const uint8_t*>(bin.data()), bin.size(),
         digest.data());
  return StoredZip(
      {{"export.bin", bin},
       {"export.sig", SignatureList(std::string(kOidEcdsaSha256),
                                    *TestSigner().key.Sign(digest))}});
}

// The worlds of platform_worlds_test: their files are given last first, one a
// check, and half of the sightings before and half after.
TEST_F(CheckCommandRealFilesTest, ThePlatformsWorlds) {
  int num_worlds = 0;
  size_t num_windows = 0;
  for (const auto& entry : fs::directory_iterator(Data("platform-worlds"))) {
    const std::string folder = entry.path().string();
    SCOPED_TRACE(folder);
    fs::remove_all(Store());
    Arguments exports;
    for (int i = 1; fs::exists(absl::StrCat(folder, "/", i, ".bin")); ++i) {
      exports.push_back(TempPath(absl::StrCat(i, ".zip")));
      WriteFile(exports.back(),
                Signed(ReadFile(absl::StrCat(folder, "/", i, ".bin"))));
    }
    const json expected = json::parse(ReadFile(folder + "/expected.json"));
    const Arguments common = {
        "--trusted-key", "440:v1=" + TempPath("public.pem"),
        "--config",      folder + "/config.json",
        "--now",         absl::StrCat(expected["now"].get<int64_t>())};
    const Arguments halves = HalvesOf(folder + "/sightings.csv");
    json want =
        RunJson(Arguments{"match", "--sightings", folder + "/sightings.csv"} +
                common + exports);
    CheckPart(common + Arguments{exports.back(), "--sightings", halves[1]});
    for (size_t i = exports.size() - 1; i > 0; --i) {
      CheckPart(common + Arguments{exports[i - 1]});
    }
    json report = Check(common + Arguments{"--sightings", halves[0]});
    EXPECT_EQ(report["exposure"], want["exposure"]);
    EXPECT_EQ(report["dates"], want["dates"]);
    report.erase("store");
    EXPECT_EQ(report, want);
    ++num_worlds;
    num_windows += report["exposure"]["windows"].size();
  }
  EXPECT_EQ(num_worlds, 8);
  EXPECT_GT(num_windows, 8U);
}

}  // namespace
}  // namespace tekmatch
