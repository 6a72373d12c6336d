// What `tekmatch export` makes of a folder with files that are published.
#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/run_tekmatch.h"
#include "tests/test_files.h"
#include "tests/tools/commands/export_run.h"

namespace tekmatch {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

class ExportFolderTest : public ExportTest {
 protected:
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
};

TEST_F(ExportFolderTest, APublishedWindowIsNotReplaced) {
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

TEST_F(ExportFolderTest, OfASplitWindowFewerFilesDoNotReplaceIt) {
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

TEST_F(ExportFolderTest, TheNextWindowGoesIntoTheSameFolder) {
  ASSERT_EQ(Export(Window(48)).exit_code, 0);
  ASSERT_EQ(Export(Window(72)).exit_code, 0);
  EXPECT_EQ(ReadFile(At("out") + "/index.txt"),
            "1595980800-1596067200-00001.zip\n"
            "1596067200-1596153600-00001.zip\n");
}

// Else what stands in both of two files of the same keys, each with padding of
// its own, would be the real keys.
TEST_F(ExportFolderTest, AKeyGoesOutInOneWindow) {
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

TEST_F(ExportFolderTest, ARevisionOfAPublishedKeyGoesOutOnce) {
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

TEST_F(ExportFolderTest, WhatIsPublishedIsNotHeldBack) {
  ASSERT_EQ(Export(Window(-24, {"--release-same-day"})).exit_code, 0);
  WriteFile(At("keys.jsonl"), ReadFile(At("keys.jsonl")) + Line(9));
  const TekmatchRun run = Export(Window(0));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("\nLeft out: 8 keys that"));
  EXPECT_THAT(run.out, HasSubstr("\nHeld back: 1 key, "));
}

TEST_F(ExportFolderTest, AFileOfTheFolderThatCannotBeReadIsNamed) {
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
TEST_F(ExportFolderTest, WhatAKilledRunBeganIsCompletedAndSaid) {
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

}  // namespace
}  // namespace tekmatch
