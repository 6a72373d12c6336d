#include "keyformat/printable.h"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace tekmatch {
namespace {

TEST(PrintableTest, WhatIsSafeStays) {
  for (const std::string text :
       {"", "a b~", "C:\\x1b", "é", "陽性登録者", "\xf0\x9f\x98\x80",
        "\xef\xbf\xbd", "\xc2\xa0", "\xf4\x8f\xbf\xbd",
        // The first and the last characters of so many bytes, and those beside
        // the surrogates.
        "\xdf\xbf", "\xe0\xa0\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", "\xee\x80\x80"}) {
    EXPECT_EQ(Printable(text), text);
    EXPECT_EQ(PrintableLines(text), text);
    EXPECT_EQ(PrintableJson(text), text);
  }
}

TEST(PrintableTest, WhatIsUnsafeIsSeen) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"a\nb", "a\\x0ab"},
      {"\r", "\\x0d"},
      {"\t", "\\x09"},
      {"\x1f", "\\x1f"},
      {std::string("\0", 1), "\\x00"},
      {"\x1b[31m", "\\x1b[31m"},
      {"\x7f", "\\x7f"},
      {"\xc2\x80", "\\u{80}"},
      {"\xc2\x9b", "\\u{9b}"},
      {"\xc2\x9f", "\\u{9f}"},
      {"\xc2\xad", "\\u{ad}"},
      {"\xd8\x9c", "\\u{61c}"},
      {"\xe2\x80\x8b", "\\u{200b}"},
      {"\xe2\x80\x8f", "\\u{200f}"},
      {"\xe2\x80\xa8", "\\u{2028}"},
      {"\xe2\x80\xae", "\\u{202e}"},
      {"\xe2\x81\xa6", "\\u{2066}"},
      {"\xe2\x81\xa9", "\\u{2069}"},
      {"\xef\xbb\xbf", "\\u{feff}"},
      {"\xf3\xa0\x80\x81", "\\u{e0001}"},
      // No UTF-8: alone, too short, too long, surrogates, beyond U+10FFFF.
      {"\x80", "\\x80"},
      {"\xff", "\\xff"},
      {"\xc3", "\\xc3"},
      {"\xc3(", "\\xc3("},
      {"\xe2\x80", "\\xe2\\x80"},
      {"\xc0\xaf", "\\xc0\\xaf"},
      {"\xc1\xbf", "\\xc1\\xbf"},
      {"\xe0\x9f\xbf", "\\xe0\\x9f\\xbf"},
      {"\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf"},
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
      {"\xed\xbf\xbf", "\\xed\\xbf\\xbf"},
      {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
      {"\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80"}};
  for (const auto& [text, printable] : cases) {
    EXPECT_EQ(Printable(text), printable);
    EXPECT_EQ(Printable("x" + text + "y"), "x" + printable + "y");
    // Once is enough.
    EXPECT_EQ(Printable(printable), printable);
  }
  EXPECT_EQ(PrintableLines("a\n\x1b\n"), "a\n\\x1b\n");
  // The neighbours of unsafe ones.
  for (const std::string text :
       {" ", "~", "\xc2\xa0", "\xc2\xac", "\xc2\xae", "\xe2\x80\x8a",
        "\xe2\x80\x90", "\xe2\x80\xa7", "\xe2\x80\xaf", "\xe2\x81\x9f"}) {
    EXPECT_EQ(Printable(text), text);
  }
}

TEST(PrintableTest, JsonMeansTheSame) {
  const std::string text =
      "a\x1b\x7f\xc2\x9b\xe2\x80\xae \xf3\xa0\x80\x81\" \\ 陽";
  const nlohmann::json json = {{text, text}};
  for (const int indent : {-1, 2}) {
    const std::string printable = PrintableJson(json.dump(indent));
    EXPECT_EQ(nlohmann::json::parse(printable), json);
    EXPECT_EQ(Printable(PrintableJson(json.dump(-1))),
              PrintableJson(json.dump(-1)));
  }
  EXPECT_EQ(PrintableJson(json.dump()),
            R"({"a\u001b\u007f\u009b\u202e \udb40\udc01\" \\ 陽":)"
            R"("a\u001b\u007f\u009b\u202e \udb40\udc01\" \\ 陽"})");
  EXPECT_EQ(PrintableJson("{\n  \"\xff\"\n}"), "{\n  \"\\ufffd\"\n}");
}

}  // namespace
}  // namespace tekmatch
