// What `tekmatch export` promises to those who publish, from end to end: files
// with 8 keys of their own, of 27 July 2020.
#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/p256_key.h"
#include "tests/run_tekmatch.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

// 2020-07-27T00:00:00Z as an interval and a second.
constexpr int kDay = 2659680;
constexpr int64_t kDaySecond = int64_t{kDay} * 600;
constexpr int64_t kHour = 3600;

std::string Line(int number, const std::string& more = "") {
  return absl::StrFormat(
      "{\"tek\":\"a0%02d000102030405060708090a0b0c0d\",\"rolling_start\":%d%s}"
      "\n",
      number, kDay, more);
}

class ExportCommandTest : public ::testing::Test {
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

  // The content of the folder, name by name.
  static std::string Folder() {
    std::vector<std::string> files;
    for (const auto& entry : fs::directory_iterator(At("out"))) {
      files.push_back(absl::StrCat(entry.path().filename().string(), "\n",
                                   ReadFile(entry.path().string())));
    }
    std::sort(files.begin(), files.end());
    std::string all;
    for (const std::string& file : files) all += file;
    return all;
  }

  // The keys' bytes, in hexadecimal, of a file of the folder.
  static std::set<std::string> Keys(const std::string& name) {
    const TekmatchRun run = RunTekmatch({"inspect", At("out") + "/" + name,
                                         "--keys-out", At("keys-out.jsonl")});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    const std::string text = ReadFile(At("keys-out.jsonl"));
    std::set<std::string> keys;
    for (const absl::string_view line : absl::StrSplit(text, '\n')) {
      if (!line.empty()) keys.emplace(line.substr(8, 32));
    }
    return keys;
  }

  // What `inspect` says of a file of the folder `out`, but for its path.
  static std::string Inspect(const std::string& name,
                             const std::string& out = "out") {
    const TekmatchRun run = RunTekmatch({"inspect", At(out) + "/" + name});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return run.out.substr(run.out.find('\n'));
  }
};

constexpr char kFirst[] = "1595980800-1596067200-00001.zip";

TEST_F(ExportCommandTest, APublishedWindowIsNotReplaced) {
  ASSERT_EQ(Export(Window(48)).exit_code, 0);
  const std::string before = Folder();
  // The same again, its seed known or not; one file more; an hour later, as a
  // job that is retried makes it.
  for (const std::vector<std::string>& again :
       {Window(48), Window(48, {"--seed", "7"}), Window(49), Window(47),
        Window(48, {"--min-keys", "1", "--padding-range", "0", "--max-keys",
                    "4"})}) {
    const TekmatchRun run = Export(again);
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, HasSubstr("tekmatch: " + At("out") + "/" + kFirst +
                                   ": is published"));
    EXPECT_EQ(Folder(), before);
  }
}

TEST_F(ExportCommandTest, OfASplitWindowFewerFilesDoNotReplaceIt) {
  const std::vector<std::string> four = {
      "--min-keys", "1", "--padding-range", "0", "--max-keys", "2"};
  ASSERT_EQ(Export(Window(48, four)).exit_code, 0);
  const std::string before = Folder();
  EXPECT_EQ(Export(Window(48)).exit_code, 1);
  EXPECT_EQ(Folder(), before);
  // Not even when the one that would have its name is gone.
  fs::remove(At("out") + "/" + kFirst);
  EXPECT_EQ(Export(Window(48)).exit_code, 1);
}

TEST_F(ExportCommandTest, TheNextWindowGoesIntoTheSameFolder) {
  ASSERT_EQ(Export(Window(48)).exit_code, 0);
  ASSERT_EQ(Export(Window(72)).exit_code, 0);
  EXPECT_EQ(ReadFile(At("out") + "/index.txt"),
            "1595980800-1596067200-00001.zip\n"
            "1596067200-1596153600-00001.zip\n");
}

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

// Else what stands in both of two files of the same keys, each with padding of
// its own, would be the real keys.
TEST_F(ExportCommandTest, AKeyGoesOutInOneWindow) {
  const std::vector<std::string> padded = {"--min-keys", "20",
                                           "--padding-range", "0"};
  ASSERT_EQ(Export(Window(48, padded)).exit_code, 0);
  const std::string kSecond = "1596067200-1596153600-00001.zip";
  const TekmatchRun same = Export(Window(72, padded));
  EXPECT_EQ(same.exit_code, 0) << same.err;
  EXPECT_EQ(same.out,
            absl::StrCat(
                At("out"), "/", kSecond,
                ": 0 keys, 0 of them padding, batch 1 of 1\n"
                "Left out: 8 keys that files of the folder publish already\n"));
  // The list grew, and says something else of a key.
  std::string lines = Line(1, R"(,"transmission_risk":3)");
  for (int i = 2; i <= 10; ++i) lines += Line(i);
  WriteFile(At("keys.jsonl"), lines);
  const TekmatchRun more = Export(Window(96, padded));
  EXPECT_EQ(more.exit_code, 0) << more.err;
  EXPECT_THAT(more.out, HasSubstr(": 20 keys, 18 of them padding"));
  EXPECT_THAT(more.out, HasSubstr("Left out: 8 keys that files of the folder "
                                  "publish already, 1 of them with other "
                                  "metadata\n"));
  const std::set<std::string> first = Keys(kFirst);
  const std::set<std::string> third = Keys("1596153600-1596240000-00001.zip");
  EXPECT_EQ(first.size(), 20);
  EXPECT_EQ(third.size(), 20);
  std::vector<std::string> both;
  std::set_intersection(first.begin(), first.end(), third.begin(), third.end(),
                        std::back_inserter(both));
  EXPECT_THAT(both, IsEmpty());
}

TEST_F(ExportCommandTest, ARevisionOfAPublishedKeyGoesOutOnce) {
  const std::vector<std::string> plain = {"--min-keys", "0", "--padding-range",
                                          "0"};
  const auto Out = [&plain](int hours) {
    const TekmatchRun run = Export(Window(hours, plain));
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return run.out.substr(run.out.find(": "));
  };
  ASSERT_EQ(Export(Window(48, plain)).exit_code, 0);
  const std::string left_out =
      "Left out: 1 key that files of the folder publish already\n";
  const std::string one = ": 1 key, 0 of them padding, batch 1 of 1\n";
  const std::string none = ": 0 keys, 0 of them padding, batch 1 of 1\n";
  WriteFile(At("keys.jsonl"),
            Line(1, R"(,"revised":true,"report_type":"confirmed_test")"));
  EXPECT_EQ(Out(72), one);
  EXPECT_EQ(Out(96), none + left_out);
  WriteFile(At("keys.jsonl"),
            Line(1, R"(,"revised":true,"report_type":"revoked")"));
  EXPECT_EQ(Out(120), one);
  EXPECT_EQ(Out(144), none + left_out);
  // Of its first publication nothing is on offer any more.
  fs::remove(At("out") + "/" + kFirst);
  WriteFile(At("keys.jsonl"), Line(1) + Line(2));
  EXPECT_EQ(Out(168), one + left_out);
}

TEST_F(ExportCommandTest, WhatIsPublishedIsNotHeldBack) {
  ASSERT_EQ(Export(Window(-24, {"--release-same-day"})).exit_code, 0);
  WriteFile(At("keys.jsonl"), ReadFile(At("keys.jsonl")) + Line(9));
  const TekmatchRun run = Export(Window(0));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("\nLeft out: 8 keys that"));
  EXPECT_THAT(run.out, HasSubstr("\nHeld back: 1 key, "));
}

TEST_F(ExportCommandTest, AFileOfTheFolderThatCannotBeReadIsNamed) {
  ASSERT_EQ(Export(Window(48)).exit_code, 0);
  const std::string path = At("out") + "/" + kFirst;
  const std::string whole = ReadFile(path);
  for (const std::string& bytes :
       {std::string(), whole.substr(0, whole.size() / 2),
        std::string("a text")}) {
    WriteFile(path, bytes);
    const std::string before = Folder();
    const TekmatchRun run = Export(Window(72));
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, StartsWith("tekmatch: " + path + ": "));
    EXPECT_THAT(run.err, HasSubstr("nothing was written\n"));
    EXPECT_EQ(Folder(), before);
  }
  fs::remove(path);
  fs::create_symlink("nowhere", path);
  const TekmatchRun run = Export(Window(72));
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, StartsWith("tekmatch: " + path + ": "));
}

// As one that was killed between its first file and its second.
TEST_F(ExportCommandTest, WhatAKilledRunBeganIsCompletedAndSaid) {
  const std::string kSecond = "1595980800-1596067200-00002.zip";
  ASSERT_EQ(Export(Window(48, {"--min-keys", "0", "--padding-range", "0",
                               "--max-keys", "4", "--split", "batch"}))
                .exit_code,
            0);
  const std::string publishing = At("out") + "/.tekmatch-publishing";
  fs::create_directory(publishing);
  for (const std::string& name : {kSecond, std::string("index.txt")}) {
    fs::rename(fs::path(At("out")) / name, fs::path(publishing) / name);
  }
  fs::create_directory(At("out") + "/.tekmatch-0aZ9bY");
  const std::string said =
      absl::StrCat("tekmatch: ", At("out"),
                   ": completed what a run that was killed had begun to "
                   "publish: ",
                   kSecond, ", index.txt\n");
  const TekmatchRun again = Export(Window(48));
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_THAT(again.err, StartsWith(said + "tekmatch: " + At("out") + "/" +
                                    kFirst + ": is published"));
  EXPECT_EQ(ReadFile(At("out") + "/index.txt"),
            absl::StrCat(kFirst, "\n", kSecond, "\n"));
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(At("out"))) {
    files.push_back(entry.path().filename().string());
  }
  EXPECT_THAT(files, UnorderedElementsAre(kFirst, kSecond, "index.txt"));
  const TekmatchRun next = Export(Window(72));
  EXPECT_EQ(next.exit_code, 0);
  EXPECT_EQ(next.err, "");
  EXPECT_THAT(next.out, HasSubstr("Left out: 8 keys"));
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
