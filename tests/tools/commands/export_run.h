// Runs `tekmatch export` on 8 keys of 27 July 2020, with a signing key of the
// test's own.
#ifndef TEKMATCH_TESTS_TOOLS_COMMANDS_EXPORT_RUN_H_
#define TEKMATCH_TESTS_TOOLS_COMMANDS_EXPORT_RUN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gtest/gtest.h"
#include "keyformat/p256_key.h"
#include "tests/run_tekmatch.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {

// 2020-07-27T00:00:00Z as an interval and a second.
inline constexpr int kDay = 2659680;
inline constexpr int64_t kDaySecond = int64_t{kDay} * 600;
inline constexpr int64_t kHour = 3600;

inline std::string Line(int number, const std::string& more = "") {
  return absl::StrFormat(
      "{\"tek\":\"a0%02d000102030405060708090a0b0c0d\",\"rolling_start\":%d%s}"
      "\n",
      number, kDay, more);
}

class ExportTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const absl::StatusOr<SigningKey> key = SigningKey::Generate();
    ASSERT_THAT(key, IsOk());
    const absl::StatusOr<std::string> pem = key->PrivatePem();
    ASSERT_THAT(pem, IsOk());
    WriteFile(At("signing.pem"), *pem);
    std::string lines;
    for (int i = 1; i <= 8; ++i) lines += Line(i);
    WriteFile(At("keys.jsonl"), lines);
  }

  static std::string At(const std::string& name) { return TempPath(name); }

  // For a window of the 29th into the folder `out`; later options win.
  static TekmatchRun Export(const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {
        "export",        "--keys",          At("keys.jsonl"),
        "--signing-key", At("signing.pem"), "--key-id",
        "440",           "--region",        "440"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunTekmatch(arguments);
  }

  // Options of the window of a day that begins `hours` after the 27th.
  static std::vector<std::string> Window(
      int hours, const std::vector<std::string>& more = {},
      const std::string& out = "out") {
    const int64_t start = kDaySecond + kHour * hours;
    std::vector<std::string> options = {"--start", absl::StrCat(start),
                                        "--end",   absl::StrCat(start + 86400),
                                        "--out",   At(out)};
    options.insert(options.end(), more.begin(), more.end());
    return options;
  }

  // What `inspect` says of a file of the folder `out`, but for its path.
  static std::string Inspect(const std::string& name,
                             const std::string& out = "out") {
    const TekmatchRun run = RunTekmatch({"inspect", At(out) + "/" + name});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return run.out.substr(run.out.find('\n'));
  }
};

// The file of the window of the 29th.
inline constexpr char kFirst[] = "1595980800-1596067200-00001.zip";

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_TOOLS_COMMANDS_EXPORT_RUN_H_
