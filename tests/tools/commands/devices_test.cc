// Several devices in one run: each has the results that it has alone.
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/run_tekmatch.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::nlohmann::ordered_json;
using ::testing::HasSubstr;

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// The world of the demonstration. Device 7 hears all of it, device 4294967295
// every other row of it.
class DevicesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = TempPath("world");
    const TekmatchRun run = RunTekmatch({"demo", "--out", folder_});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    std::vector<std::string> rows = Lines(ReadFile(At("sightings.csv")));
    const std::string header = rows.front();
    rows.erase(rows.begin());
    std::string half = header + "\n";
    std::string both = header + ",device\n";
    for (size_t i = 0; i < rows.size(); ++i) {
      absl::StrAppend(&both, rows[i], ",7\n");
      if (i % 2 == 1) continue;
      absl::StrAppend(&half, rows[i], "\n");
      absl::StrAppend(&both, rows[i], ",4294967295\n");
    }
    WriteFile(At("half.csv"), half);
    WriteFile(At("both.csv"), both);
  }

  std::string At(const std::string& name) const { return folder_ + "/" + name; }

  ordered_json Match(const std::string& sightings,
                     const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {
        "match",         At("export.zip"),
        "--sightings",   At(sightings),
        "--trusted-key", "440:v1=" + At("public.pem"),
        "--matches-out", At(sightings + ".matches"),
        "--format",      "json",
        "--now",         "2021-01-01T00:00:00Z"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const TekmatchRun run = RunTekmatch(arguments);
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return ordered_json::parse(run.out);
  }

  // The lines of one device, as if it were the only one.
  std::string MatchLinesOf(uint32_t device) const {
    std::string text;
    for (const std::string& line : Lines(ReadFile(At("both.csv.matches")))) {
      ordered_json json = ordered_json::parse(line);
      if (json.at("device") != device) continue;
      json.erase("device");
      absl::StrAppend(&text, json.dump(), "\n");
    }
    return text;
  }

  std::string folder_;
};

TEST_F(DevicesTest, EachHasWhatItHasAlone) {
  const ordered_json both = Match("both.csv", {"--config", "cocoa"});
  ASSERT_EQ(both["devices"].size(), 2U);
  EXPECT_FALSE(both.contains("exposure"));
  const std::map<std::string, uint32_t> devices = {{"sightings.csv", 7},
                                                   {"half.csv", 4294967295}};
  for (const auto& [name, device] : devices) {
    SCOPED_TRACE(name);
    const ordered_json alone = Match(name, {"--config", "cocoa"});
    EXPECT_FALSE(alone.contains("devices"));
    const ordered_json& of_both = both["devices"][device == 7 ? 0 : 1];
    EXPECT_EQ(of_both["device"], device);
    for (const char* member : {"keys_matched", "rpis_matched",
                               "sightings_matched", "dates", "exposure"}) {
      EXPECT_EQ(of_both[member], alone[member]) << member;
      EXPECT_FALSE(alone[member].empty()) << member;
    }
    EXPECT_EQ(MatchLinesOf(device), ReadFile(At(name + ".matches")));
  }
}

TEST_F(DevicesTest, TextTellsEachDevice) {
  const std::vector<std::string> arguments = {
      "match",        At("export.zip"), "--sightings",
      At("both.csv"), "--trusted-key",  "440:v1=" + At("public.pem")};
  const TekmatchRun counts = RunTekmatch(arguments);
  EXPECT_THAT(counts.out, HasSubstr("\nDevice 7\ndate "));
  EXPECT_THAT(counts.out, HasSubstr("\nDevice 4294967295\ndate "));
  std::vector<std::string> with_config = arguments;
  with_config.insert(with_config.end(), {"--config", "cocoa"});
  const TekmatchRun notices = RunTekmatch(with_config);
  EXPECT_THAT(notices.out,
              HasSubstr("Device 7\nAs of 2020-12-14 (UTC), contacts since "
                        "2020-11-29.\nYou may have been"));
  EXPECT_THAT(notices.out, HasSubstr("\nDevice 4294967295\nAs of 2020-12-14"));
}

}  // namespace
}  // namespace tekmatch
