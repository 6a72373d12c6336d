#include "tools/commands/command_line.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(CheckWholeNumberTest, DigitsInTheRange) {
  constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();
  const auto check = [](absl::string_view text) {
    return CheckWholeNumber(text, 0, kMost);
  };
  for (const std::string good : {"0", "7", "007", "18446744073709551615"}) {
    EXPECT_EQ(check(good), absl::OkStatus());
  }
  const std::string range = " (0..18446744073709551615)";
  for (const std::string bad :
       {"", "-1", "1.5", "many", "nan", "inf", "1e400"}) {
    EXPECT_EQ(check(bad),
              absl::InvalidArgumentError(absl::StrCat(
                  bad, ": not a whole number in digits, such as 10", range)));
  }
  // What can be read as one is shown as one.
  for (const auto& [bad, digits] :
       std::vector<std::pair<std::string, std::string>>{{"+1", "1"},
                                                        {" 1", "1"},
                                                        {"1 ", "1"},
                                                        {"1.0", "1"},
                                                        {"0x10", "16"},
                                                        {"1e6", "1000000"}}) {
    EXPECT_EQ(check(bad), absl::InvalidArgumentError(absl::StrCat(
                              bad, ": not a whole number in digits, such as ",
                              digits, range)));
  }
  EXPECT_EQ(check("18446744073709551616"),
            absl::InvalidArgumentError(
                "18446744073709551616: not in 0..18446744073709551615"));
  for (const std::string bad : {"0", "1025"}) {
    EXPECT_EQ(CheckWholeNumber(bad, 1, 1024),
              absl::InvalidArgumentError(bad + ": not in 1..1024"));
  }
  EXPECT_EQ(CheckWholeNumber("1024", 1, 1024), absl::OkStatus());
}

// A program with a command that has an option of every kind.
class CommandLineTest : public ::testing::Test {
 protected:
  CommandLineTest() {
    OptionSet add = line_.AddCommand("add", "Adds things up");
    const Option name = add.Text("--name", name_, "Of the sum");
    const Option unit = add.Text("--unit", unit_, "Of all things")
                            .Needs(name)
                            .OneOf({"kg", "m"})
                            .ShowDefault();
    add.Flag("--round", round_, "Without fractions");
    add.Number("--times", times_, "How often", 1, 9).ShowDefault();
    add.Number("--seed", seed_, "Of chance");
    add.Number("--limit", limit_, "Of time", 2, 60);
    add.Repeatable("--also", also_, "More");
    add.Arguments("FILE", files_, "What to add").Required();
    add.Runs([this, unit, add] {
      unit_is_given_ = unit.given();
      given_ = add.Given();
      return 7;
    });
    OptionSet choose = line_.AddCommand("choose", "Takes one of two");
    OptionSet group = choose.ExactlyOne("sides");
    group.Text("--left", left_);
    group.Text("--right", right_);
    choose.Runs([] { return 8; });
  }

  void ExpectRefused(const std::vector<std::string>& arguments,
                     const std::string& message) {
    EXPECT_EQ(line_.Parse(arguments).status(),
              absl::InvalidArgumentError(message))
        << ::testing::PrintToString(arguments);
  }

  CommandLine line_{"sums", "What it is for.", [] { return "sums 0.1"; }};
  std::string name_, unit_ = "kg", left_, right_;
  bool round_ = false;
  int times_ = 3;
  std::optional<uint64_t> seed_, limit_;
  std::vector<std::string> also_, files_, given_;
  bool unit_is_given_ = false;
};

TEST_F(CommandLineTest, WritesWhatWasGiven) {
  const absl::StatusOr<ParsedLine> parsed = line_.Parse(
      {"add", "a", "--also", "x", "b", "--also=y", "--round", "--name", "total",
       "--unit", "m", "--times", "9", "--seed", "18446744073709551615"});
  ASSERT_THAT(parsed, IsOk());
  EXPECT_EQ(parsed->text, "");
  EXPECT_THAT(parsed->body(), IsOkAndHolds(7));
  EXPECT_TRUE(unit_is_given_);
  EXPECT_EQ(name_, "total");
  EXPECT_EQ(unit_, "m");
  EXPECT_TRUE(round_);
  EXPECT_EQ(times_, 9);
  EXPECT_EQ(seed_, std::numeric_limits<uint64_t>::max());
  EXPECT_THAT(also_, ElementsAre("x", "y"));
  EXPECT_THAT(files_, ElementsAre("a", "b"));
  EXPECT_THAT(given_, ElementsAre("--name", "--unit", "--round", "--times",
                                  "--seed", "--also", "FILE"));
}

TEST_F(CommandLineTest, NumbersAreDecimal) {
  for (const auto& [text, value] :
       std::vector<std::pair<std::string, uint64_t>>{
           {"0", 0}, {"000", 0}, {"010", 10}, {"089", 89}}) {
    ASSERT_THAT(line_.Parse({"add", "a", "--seed", text}), IsOk()) << text;
    EXPECT_EQ(seed_, value) << text;
  }
}

TEST_F(CommandLineTest, LeavesTheRestAsItIs) {
  const absl::StatusOr<ParsedLine> parsed = line_.Parse({"add", "a"});
  ASSERT_THAT(parsed, IsOk());
  EXPECT_THAT(parsed->body(), IsOkAndHolds(7));
  EXPECT_FALSE(unit_is_given_);
  EXPECT_EQ(unit_, "kg");
  EXPECT_FALSE(round_);
  EXPECT_EQ(times_, 3);
  EXPECT_EQ(seed_, std::nullopt);
  EXPECT_THAT(given_, ElementsAre("FILE"));
}

TEST_F(CommandLineTest, RunsTheCommandThatIsNamed) {
  const absl::StatusOr<ParsedLine> parsed =
      line_.Parse({"choose", "--right", "r"});
  ASSERT_THAT(parsed, IsOk());
  EXPECT_THAT(parsed->body(), IsOkAndHolds(8));
  EXPECT_EQ(right_, "r");
}

TEST_F(CommandLineTest, RefusesWhatIsWrongWithOneOption) {
  const std::string more = "; `sums help add` has more";
  ExpectRefused({"add"}, "FILE is required" + more);
  ExpectRefused({"add", "a", "--times", "10"},
                "--times: 10: not in 1..9" + more);
  ExpectRefused({"add", "a", "--limit", "61"},
                "--limit: 61: not in 2..60" + more);
  ExpectRefused({"add", "a", "--unit", "m"}, "--unit requires --name" + more);
  ExpectRefused({"add", "a", "--name", "n", "--unit", "s"},
                "--unit: s not in {kg,m}" + more);
}

TEST_F(CommandLineTest, WantsExactlyOneOfAGroup) {
  const std::string more = "; `sums help choose` has more";
  ExpectRefused({"choose"},
                "Exactly 1 option from [--left,--right] is required" + more);
  EXPECT_THAT(line_.Parse({"choose", "--left", "l", "--right", "r"}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(CommandLineTest, NamesOfGroupsAreKnown) {
  ExpectRefused({"choose", "--rihgt", "r"},
                "--rihgt: no such option of choose; did you mean --right? "
                "`sums help choose` lists them");
  ExpectRefused({"ad"},
                "ad: no such command; did you mean add? `sums help` lists "
                "them");
}

TEST_F(CommandLineTest, HelpIsAText) {
  const absl::StatusOr<ParsedLine> help = line_.Parse({"help", "add"});
  ASSERT_THAT(help, IsOk());
  EXPECT_EQ(help->body, nullptr);
  EXPECT_THAT(help->text, HasSubstr("Usage: sums add [OPTIONS] FILE..."));
  EXPECT_THAT(help->text, HasSubstr("--unit TEXT:{kg,m}=kg"));
  EXPECT_THAT(help->text, HasSubstr("--times INT=3"));
  EXPECT_THAT(help->text, HasSubstr("--seed UINT "));
}

TEST_F(CommandLineTest, VersionIsAText) {
  const absl::StatusOr<ParsedLine> version = line_.Parse({"--version"});
  ASSERT_THAT(version, IsOk());
  EXPECT_EQ(version->body, nullptr);
  EXPECT_EQ(version->text, "sums 0.1\n");
}

}  // namespace
}  // namespace tekmatch
