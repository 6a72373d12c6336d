// tekmatch inspect over several exports: totals and the page.
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/run_tekmatch.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class InspectCommandTest : public ::testing::Test {
 protected:
  InspectCommandTest()
      : first_(
            WriteTemp("exports/1.zip", WriteTestExport({keys_[0], keys_[1]}))),
        second_(WriteTemp("exports/2.zip",
                          WriteTestExport({keys_[1], keys_[2]}))) {}

  const std::vector<DiagnosisKey> keys_ = TestKeys(3, 1);
  const std::string first_;
  const std::string second_;
};

TEST_F(InspectCommandTest, TotalsOfAFolder) {
  const std::string folder = TempPath("exports");
  const TekmatchRun text = RunTekmatch({"inspect", folder, "--totals"});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(
      text.out,
      HasSubstr("       2          3          1          0          0"));
  const json totals = json::parse(
      RunTekmatch({"inspect", folder, "--totals", "--format", "json"}).out);
  EXPECT_EQ(totals["total"]["new_keys"], 3);
  EXPECT_EQ(totals["total"]["repeated_keys"], 1);
  EXPECT_THAT(
      RunTekmatch({"inspect", folder, "--totals", "--format", "csv"}).out,
      HasSubstr(",new_keys,3\n"));
}

TEST_F(InspectCommandTest, FileThatCannotBeReadIsNotCountedAndIsSaid) {
  const std::string bad = WriteTemp("bad.zip", "no zip");
  const std::string page = TempPath("page.html");
  const TekmatchRun run =
      RunTekmatch({"inspect", first_, bad, "--totals", "--html", page});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("bad.zip: "));
  EXPECT_THAT(run.out, HasSubstr("       1          2          0"));
  EXPECT_THAT(ReadFile(page), HasSubstr("could not be read, and are not "
                                        "counted: 1\n"));
}

TEST_F(InspectCommandTest, PageIsBesideTheTextAndAlwaysTheSame) {
  const std::string page = TempPath("page.html");
  const TekmatchRun with =
      RunTekmatch({"inspect", first_, second_, "--html", page});
  EXPECT_EQ(with.exit_code, 0) << with.err;
  EXPECT_EQ(with.out, RunTekmatch({"inspect", first_, second_}).out);
  const std::string html = ReadFile(page);
  EXPECT_THAT(html, StartsWith("<!DOCTYPE html>\n<html lang=\"en\">"));
  EXPECT_EQ(RunTekmatch({"inspect", first_, second_, "--html", "-"}).out, html);
  // No key is in it: neither as bytes nor in a form that people write.
  for (const DiagnosisKey& key : keys_) {
    const std::string bytes(reinterpret_cast<const char*>(key.tek.bytes.data()),
                            key.tek.bytes.size());
    EXPECT_THAT(html, Not(HasSubstr(bytes)));
  }
  EXPECT_THAT(
      RunTekmatch({"inspect", first_, "--html", "-", "--lang", "ja"}).out,
      HasSubstr("<html lang=\"ja\">"));
}

TEST_F(InspectCommandTest, WrongUsage) {
  const std::string page = TempPath("page");
  const struct {
    std::vector<std::string> more;
    std::string says;
  } kCases[] = {
      {{"--format", "csv"}, "CSV has totals alone: give --totals"},
      {{"--lang", "ja"}, "--lang requires --html"},
      {{"--html", "-", "--out", "-"}, "--html - and --out -: both are stdout"},
      {{"--keys-out", "-", "--html", "-"},
       "--keys-out - and --html -: both are stdout"},
      {{"--html", page, "--out", page}, "is the file of another output"},
      {{"--html", first_}, "is an input too"},
  };
  for (const auto& test : kCases) {
    std::vector<std::string> arguments = {"inspect", first_};
    arguments.insert(arguments.end(), test.more.begin(), test.more.end());
    const TekmatchRun run = RunTekmatch(arguments);
    EXPECT_EQ(run.exit_code, 2) << test.says;
    EXPECT_THAT(run.err, HasSubstr(test.says));
    EXPECT_EQ(run.out, "");
  }
}

}  // namespace
}  // namespace tekmatch
