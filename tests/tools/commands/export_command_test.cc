// What `tekmatch export` promises to those who publish, from end to end.
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/run_tekmatch.h"
#include "tests/test_files.h"
#include "tests/tools/commands/export_run.h"

namespace tekmatch {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

using ExportCommandTest = ExportTest;

// The SHA-256 of export.bin, which is not that of the signature.
TEST_F(ExportCommandTest, ASeedMakesTheSameExportInAnotherFolder) {
  std::vector<std::string> hashes;
  for (const char* seed : {"7", "7", "8"}) {
    const std::string out = absl::StrCat("out", hashes.size());
    ASSERT_EQ(Export(Window(48, {"--seed", seed}, out)).exit_code, 0);
    const std::string text = Inspect(kFirst, out);
    hashes.push_back(text.substr(text.find("sha256: "), 8 + 64));
  }
  EXPECT_EQ(hashes[0], hashes[1]);
  EXPECT_NE(hashes[0], hashes[2]);
}

TEST_F(ExportCommandTest, SaysWhatThereWasNoRoomToPad) {
  // 8 keys of one kind, two of which differ.
  WriteFile(At("keys.jsonl"), ReadFile(At("keys.jsonl")) +
                                  Line(9, R"(,"days_since_onset":3)") +
                                  Line(10, R"(,"rolling_period":7)"));
  const struct {
    const char* min_keys;
    std::string said;
  } kCases[] = {
      {"10",
       "10 keys, 0 of them padding, batch 1 of 1; "
       "no room to pad 3 kinds of keys\n"},
      {"12",
       "12 keys, 2 of them padding, batch 1 of 1; "
       "no room to pad 1 kind of keys\n"},
      {"13", "13 keys, 3 of them padding, batch 1 of 1\n"},
      {"0", "10 keys, 0 of them padding, batch 1 of 1\n"},
  };
  for (const auto& [min_keys, said] : kCases) {
    const std::string out = absl::StrCat("out", min_keys);
    const TekmatchRun run = Export(
        Window(48, {"--min-keys", min_keys, "--padding-range", "0"}, out));
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(run.out, absl::StrCat(At(out), "/", kFirst, ": ", said));
  }
}

TEST_F(ExportCommandTest, SaysWhichRevisedKeysAreLikeNoOther) {
  const std::string revoked = R"("revised":true,"report_type":"revoked")";
  const std::string alike = Line(1, "," + revoked) + Line(2, "," + revoked);
  const std::string one = Line(3, R"(,"rolling_period":7,)" + revoked);
  const std::string two = one + Line(4, R"(,"rolling_period":8,)" + revoked);
  const struct {
    std::string keys;
    const char* min_keys;
    std::string said;
  } kCases[] = {
      {alike, "50", "2 keys, 0 of them padding, batch 1 of 1\n"},
      {alike + one, "50",
       "3 keys, 0 of them padding, batch 1 of 1; "
       "1 revised key is like no other\n"},
      {alike + two, "50",
       "4 keys, 0 of them padding, batch 1 of 1; "
       "2 revised keys are like no other\n"},
      {one + Line(5), "1",
       "2 keys, 0 of them padding, batch 1 of 1; "
       "no room to pad 1 kind of keys; 1 revised key is like no other\n"},
      {alike + two, "0", "4 keys, 0 of them padding, batch 1 of 1\n"},
  };
  int number = 0;
  for (const auto& [keys, min_keys, said] : kCases) {
    WriteFile(At("keys.jsonl"), keys);
    const std::string out = absl::StrCat("out", number++);
    const TekmatchRun run = Export(
        Window(48, {"--min-keys", min_keys, "--padding-range", "0"}, out));
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(run.out, absl::StrCat(At(out), "/", kFirst, ": ", said));
  }
}

// The eight keys end at midnight of the 28th. The window ends a day after it
// begins.
TEST_F(ExportCommandTest, KeysAreHeldBackUntilTwoHoursAfterTheirEnd) {
  const std::vector<std::string> plain = {"--min-keys", "0", "--padding-range",
                                          "0"};
  const auto Run = [&plain](int hours, const std::string& out,
                            std::vector<std::string> more = {}) {
    more.insert(more.end(), plain.begin(), plain.end());
    const TekmatchRun run = Export(Window(hours, more, out));
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return run.out.substr(run.out.find(": "));
  };
  const std::string all = ": 8 keys, 0 of them padding, batch 1 of 1\n";
  const std::string none =
      ": 0 keys, 0 of them padding, batch 1 of 1\n"
      "Held back: 8 keys, until 2 hours after the end of each\n";
  const std::string not_begun =
      ": 0 keys, 0 of them padding, batch 1 of 1\n"
      "Held back: 8 keys, until the beginning of each\n";
  EXPECT_EQ(Run(-48, "a"), none);  // the window ends a day before they begin
  EXPECT_EQ(Run(-14, "b"), none);  // 14 hours before they end
  EXPECT_EQ(Run(1, "c"), none);    // an hour after they end
  EXPECT_EQ(Run(2, "d"), all);     // two hours
  EXPECT_EQ(Run(-24, "e", {"--release-same-day"}), all);  // as they begin
  EXPECT_EQ(Run(-25, "f", {"--release-same-day"}), not_begun);
  // A window that ends later than now helps nothing.
  const std::string end = absl::StrCat(kDaySecond + 26 * kHour);
  const std::string before = absl::StrCat(kDaySecond + 26 * kHour - 1);
  EXPECT_EQ(Run(48, "g", {"--now", end}), all);
  EXPECT_EQ(Run(48, "h", {"--now", before}), none);
  EXPECT_EQ(Run(48, "i", {"--now", "0", "--release-same-day"}), not_begun);
}

TEST_F(ExportCommandTest, OnlyWhatIsTooEarlyIsHeldBack) {
  WriteFile(At("keys.jsonl"),
            ReadFile(At("keys.jsonl")) + Line(9, R"(,"rolling_period":138)"));
  const TekmatchRun run =
      Export(Window(1, {"--min-keys", "0", "--padding-range", "0"}));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr(": 1 key, 0 of them padding"));
  EXPECT_THAT(run.out, HasSubstr("Held back: 8 keys,"));
  // Without --end the window ends with the last whole hour before now.
  const TekmatchRun now =
      Export({"--now", absl::StrCat(kDaySecond + 25 * kHour + 1800), "--out",
              At("now")});
  ASSERT_EQ(now.exit_code, 0) << now.err;
  EXPECT_THAT(now.out,
              HasSubstr(absl::StrCat("/", kDaySecond + 3600, "-",
                                     kDaySecond + 25 * kHour, "-00001.zip: ")));
  EXPECT_THAT(now.out, HasSubstr("Held back: 8 keys,"));
}

TEST_F(ExportCommandTest, ASplitWindowIsWhatBothPlatformsTake) {
  const std::vector<std::string> three = {
      "--min-keys", "0", "--padding-range", "0", "--max-keys", "3"};
  const TekmatchRun run = Export(Window(48, three));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const std::vector<std::string> names = {"1595980800-1596067198-00001.zip",
                                          "1595980800-1596067199-00001.zip",
                                          "1595980800-1596067200-00001.zip"};
  EXPECT_EQ(ReadFile(At("out") + "/index.txt"),
            absl::StrJoin(names, "\n") + "\n");
  const std::vector<std::string> ends = {"58", "59", "00"};
  for (size_t i = 0; i < names.size(); ++i) {
    EXPECT_THAT(run.out,
                HasSubstr(absl::StrCat(names[i], ": ", i < 2 ? 3 : 2, " keys, ",
                                       "0 of them padding, batch 1 of 1\n")));
    const std::string text = Inspect(names[i]);
    EXPECT_THAT(text, HasSubstr("  batch_num: 1\n  batch_size: 1\n"));
    EXPECT_THAT(text, HasSubstr(absl::StrCat(":", ends[i], "Z\n  batch_num")));
  }
  // The next window begins where the last one ended.
  EXPECT_EQ(Export(Window(72, three)).exit_code, 0);
  // A window shorter than its files in seconds.
  std::vector<std::string> short_window = Window(96, three, "short");
  short_window[3] = absl::StrCat(kDaySecond + 96 * kHour + 2);
  const TekmatchRun refused = Export(short_window);
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("a window of 2 s cannot be split"));
}

TEST_F(ExportCommandTest, ABatchIsNumbered) {
  const TekmatchRun run =
      Export(Window(48, {"--min-keys", "1", "--padding-range", "0",
                         "--max-keys", "4", "--split", "batch"}));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(ReadFile(At("out") + "/index.txt"),
            "1595980800-1596067200-00001.zip\n"
            "1595980800-1596067200-00002.zip\n");
  EXPECT_THAT(Inspect("1595980800-1596067200-00002.zip"),
              HasSubstr("  batch_num: 2\n  batch_size: 2\n"));
}

TEST_F(ExportCommandTest, AKeyThatStandsTwiceGoesOutOnce) {
  WriteFile(At("keys.jsonl"), ReadFile(At("keys.jsonl")) + Line(3) + Line(8));
  const std::vector<std::string> plain =
      Window(48, {"--min-keys", "0", "--padding-range", "0"});
  const TekmatchRun run = Export(plain);
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr(": 8 keys, "));
  EXPECT_THAT(Inspect(kFirst), HasSubstr("  keys: 8\n"));
  // Told two things of one, nothing goes out; the message does not name it.
  WriteFile(At("keys.jsonl"),
            ReadFile(At("keys.jsonl")) + Line(3, R"(,"days_since_onset":3)"));
  const TekmatchRun refused = Export(Window(72));
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_EQ(refused.out, "");
  EXPECT_EQ(refused.err,
            absl::StrCat("tekmatch: ", At("keys.jsonl"),
                         ":11: tek: an earlier line says something else of "
                         "this key\n"));
  EXPECT_EQ(ReadFile(At("out") + "/index.txt"), absl::StrCat(kFirst, "\n"));
}

TEST_F(ExportCommandTest, CountsOutOfRangeAreNamed) {
  const std::string most = "18446744073709551615";
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"--min-keys", "750001"},   {"--min-keys", "-1"},
      {"--min-keys", most},       {"--padding-range", "750001"},
      {"--padding-range", "-1"},  {"--padding-range", most},
      {"--max-keys", "0"},        {"--max-keys", "750001"},
      {"--max-keys", most},       {"--max-keys", "1099"},
      {"--max-keys", most + "0"}, {"--padding-range", "1.5"},
  };
  for (const auto& [option, value] : wrong) {
    const TekmatchRun run = Export(Window(48, {option, value}));
    EXPECT_EQ(run.exit_code, 2) << option << " " << value;
    EXPECT_THAT(run.err, HasSubstr(option));
  }
  const TekmatchRun zero = Export(Window(
      48, {"--min-keys", "0", "--max-keys", most, "--padding-range", most}));
  EXPECT_EQ(zero.exit_code, 2);
  EXPECT_EQ(zero.signal, 0);
  EXPECT_FALSE(fs::exists(At("out")));
}

}  // namespace
}  // namespace tekmatch
