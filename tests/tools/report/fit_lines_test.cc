#include "tools/report/fit_lines.h"

#include <string>

#include "gtest/gtest.h"

namespace tekmatch {
namespace {

TEST(FitLinesTest, BreaksAtSpacesAndIndents) {
  EXPECT_EQ(FitLines("one two three\nfour\n", 9), "one two\n  three\nfour\n");
  // As deep as the line, and two more.
  EXPECT_EQ(FitLines("  a: bb cc dd", 10), "  a: bb cc\n    dd");
  // What just fits, and what just does not.
  EXPECT_EQ(FitLines("ab cd", 5), "ab cd");
  EXPECT_EQ(FitLines("ab cde", 5), "ab\n  cde");
}

TEST(FitLinesTest, ColumnsStayApart) {
  EXPECT_EQ(FitLines("a   b   c   d", 9), "a   b   c\n  d");
}

TEST(FitLinesTest, AWordIsNeverBroken) {
  EXPECT_EQ(FitLines("/a/path/that/is/long", 8), "/a/path/that/is/long");
  EXPECT_EQ(FitLines("x /a/path/that/is/long y", 8),
            "x\n  /a/path/that/is/long\n  y");
}

TEST(FitLinesTest, WithoutAWidthNothingIsTooWide) {
  const std::string text(1000, 'a');
  EXPECT_EQ(FitLines(text + " " + text, 0), text + " " + text);
  EXPECT_EQ(FitLines("", 5), "");
  EXPECT_EQ(FitLines("   ", 2), "   ");
}

TEST(FitLinesTest, EastAsianCharactersTakeTwoColumns) {
  EXPECT_EQ(DisplayWidth("日本 a"), 6u);
  EXPECT_EQ(DisplayWidth("é"), 1u);
  EXPECT_EQ(FitLines("日本 日本", 8), "日本\n  日本");
  EXPECT_EQ(FitLines("日本 日本", 9), "日本 日本");
}

}  // namespace
}  // namespace tekmatch
