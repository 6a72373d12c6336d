// Random worlds with what the platform's own published classes made of them:
// exposure windows, daily summaries and the summary of version 1. Windows of
// infectiousness none are left out, as both platforms document it.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "tests/run_tekmatch.h"
#include "tests/shared_data.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::nlohmann::json;

// The arguments after the program's name, files with their folder.
std::vector<std::string> Arguments(const std::string& command,
                                   const std::string& folder) {
  std::vector<std::string> arguments = absl::StrSplit(command, ' ');
  EXPECT_EQ(arguments.front(), "tekmatch");
  arguments.erase(arguments.begin());
  for (std::string& argument : arguments) {
    const std::string path =
        (std::filesystem::path(folder) / argument).string();
    if (std::filesystem::exists(path)) argument = path;
  }
  return arguments;
}

// Numbers are equal to nine digits, everything else exactly.
bool Same(const json& a, const json& b) {
  if (a.is_number() && b.is_number()) {
    const auto x = a.get<double>();
    const auto y = b.get<double>();
    return std::abs(x - y) <= 1e-9 * std::max(1.0, std::abs(x));
  }
  if (a.type() != b.type() || a.size() != b.size()) return false;
  if (a.is_array()) {
    return std::equal(a.begin(), a.end(), b.begin(), Same);
  }
  if (!a.is_object()) return a == b;
  const auto& members = a.items();
  return std::all_of(members.begin(), members.end(), [&b](const auto& member) {
    return b.contains(member.key()) && Same(member.value(), b[member.key()]);
  });
}

// In an order of their own: the platform's windows have none.
json Sorted(json array) {
  std::sort(array.begin(), array.end(),
            [](const json& x, const json& y) { return x.dump() < y.dump(); });
  return array;
}

// What the platform says of days, by date.
json Days(const json& summaries) {
  json days = json::array();
  for (const json& summary : summaries) {
    json day;
    for (const char* member :
         {"date", "maximum_score", "score_sum", "weighted_duration_sum"}) {
      day[member] = summary.at(member);
    }
    day["by_report_type"] = json::object();
    for (const auto& [type, sums] : summary.at("by_report_type").items()) {
      const auto is_zero = [](const json& sum) {
        return sum.get<double>() == 0;
      };
      if (std::all_of(sums.begin(), sums.end(), is_zero)) continue;
      day["by_report_type"][type] = sums;
    }
    days.push_back(day);
  }
  std::sort(days.begin(), days.end(),
            [](const json& x, const json& y) { return x["date"] < y["date"]; });
  return days;
}

TEST(PlatformWorldsTest, EachMeansWhatThePlatformSays) {
  TEKMATCH_NEEDS_SHARED_DATA();
  int num_worlds = 0;
  size_t num_windows = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(SharedDataPath("platform-worlds"))) {
    const std::string folder = entry.path().string();
    SCOPED_TRACE(folder);
    const json expected = json::parse(ReadFile(folder + "/expected.json"));
    const json without_none =
        json::parse(ReadFile(folder + "/expected_none_dropped.json"));
    const TekmatchRun run =
        RunTekmatch(Arguments(expected.at("command"), folder));
    ASSERT_EQ(run.exit_code, 0) << run.err;
    const json exposure = json::parse(run.out).at("exposure");
    const json windows = Sorted(exposure.at("windows"));
    EXPECT_TRUE(Same(Sorted(without_none.at("windows")), windows)) << windows;
    const json days = Days(exposure.at("daily_summaries"));
    EXPECT_TRUE(Same(Days(without_none.at("daily_summaries")), days)) << days;
    EXPECT_TRUE(Same(expected.at("version_1"), exposure.at("version_1")))
        << exposure.at("version_1");
    ++num_worlds;
    num_windows += windows.size();
  }
  EXPECT_EQ(num_worlds, 8);
  EXPECT_GT(num_windows, 8U);
}

}  // namespace
}  // namespace tekmatch
