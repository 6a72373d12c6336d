#include "tools/page/html.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"

namespace tekmatch {
namespace {

TEST(HtmlTextTest, LeavesNoMarkup) {
  EXPECT_EQ(HtmlText("<b a=\"1\" c='2'>&amp;"),
            "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;");
}

TEST(HtmlTextTest, ShowsWhatNobodySees) {
  EXPECT_EQ(HtmlText("a\x1b[1m\nb"), "a\\x1b[1m\\x0ab");
  // Right-to-left override.
  EXPECT_EQ(HtmlText("\xe2\x80\xae"), "\\u{202e}");
  EXPECT_EQ(HtmlText("\xff"), "\\xff");
  EXPECT_EQ(HtmlText("接触"), "接触");
}

TEST(HtmlTextTest, LinesStay) {
  EXPECT_EQ(HtmlLines("a\n<b>\x1b"), "a\n&lt;b&gt;\\x1b");
}

TEST(SvgNumberTest, HasAtMostTwoDecimals) {
  EXPECT_EQ(SvgNumber(0), "0");
  EXPECT_EQ(SvgNumber(12), "12");
  EXPECT_EQ(SvgNumber(100), "100");
  EXPECT_EQ(SvgNumber(12.5), "12.5");
  EXPECT_EQ(SvgNumber(1.0 / 3), "0.33");
  EXPECT_EQ(SvgNumber(-1.5), "-1.5");
  EXPECT_EQ(SvgNumber(-0.001), "0");
  EXPECT_EQ(SvgNumber(1e6), "1000000");
  EXPECT_EQ(SvgNumber(std::nan("")), "0");
  EXPECT_EQ(SvgNumber(std::numeric_limits<double>::infinity()), "0");
}

TEST(HtmlCountTest, GroupsThreeDigits) {
  EXPECT_EQ(HtmlCount(0), "0");
  EXPECT_EQ(HtmlCount(999), "999");
  EXPECT_EQ(HtmlCount(1000), "1\u202f000");
  EXPECT_EQ(HtmlCount(1234567), "1\u202f234\u202f567");
}

}  // namespace
}  // namespace tekmatch
