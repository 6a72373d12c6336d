#include "registration/service/bounded_json.h"

#include <nlohmann/json.hpp>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

std::string Nested(int depth) {
  return std::string(static_cast<size_t>(depth), '[') +
         std::string(static_cast<size_t>(depth), ']');
}

TEST(BoundedJsonTest, ReadsWhatNlohmannReads) {
  for (const char* text :
       {"null", "true", "-1", "18446744073709551615", "1.5", "\"\\u3042\"",
        "[]", "{}", "[1,[2,{\"a\":[3,{}]}],\"x\"]",
        "{\"a\":{\"a\":1},\"b\":[{\"a\":2},{\"a\":3}],\"c\":null}"}) {
    const auto value = ParseBoundedJson(text);
    ASSERT_TRUE(value.ok()) << text;
    EXPECT_EQ(*value, nlohmann::json::parse(text)) << text;
  }
}

TEST(BoundedJsonTest, RefusesWhatIsNoJson) {
  for (const std::string& text :
       {std::string(""), std::string(" "), std::string("{"),
        std::string("[1,]"), std::string("{\"a\":1,}"), std::string("{a:1}"),
        std::string("1 2"), std::string("nul"), std::string("// x\n1"),
        std::string("1e999"), std::string("\"\xff\""),
        std::string("\"\xed\xa0\x80\""), std::string("\"a\0b\"", 5),
        std::string("NaN"), std::string("01"), std::string("{} {}")}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseBoundedJson(text).status()))
        << text;
  }
}

TEST(BoundedJsonTest, RefusesANameThatIsThereTwice) {
  EXPECT_FALSE(ParseBoundedJson(R"({"a":1,"a":1})").ok());
  EXPECT_FALSE(ParseBoundedJson(R"([{"b":{"a":1,"\u0061":2}}])").ok());
  EXPECT_TRUE(ParseBoundedJson(R"({"a":1,"A":1})").ok());
}

TEST(BoundedJsonTest, DepthHasAnEnd) {
  EXPECT_TRUE(ParseBoundedJson(Nested(8)).ok());
  EXPECT_FALSE(ParseBoundedJson(Nested(9)).ok());
  EXPECT_FALSE(ParseBoundedJson(std::string(65536, '[')).ok());
  EXPECT_TRUE(ParseBoundedJson(Nested(20), {.max_depth = 20}).ok());
}

TEST(BoundedJsonTest, SizeAndNumberHaveEnds) {
  EXPECT_FALSE(ParseBoundedJson("[1,2,3]", {.max_bytes = 6}).ok());
  EXPECT_FALSE(ParseBoundedJson("[1,2,3]", {.max_values = 3}).ok());
  EXPECT_TRUE(ParseBoundedJson("[1,2,3]", {.max_values = 4}).ok());
}

TEST(BoundedJsonTest, MessageHoldsNothingOfTheText) {
  const absl::Status status =
      ParseBoundedJson(R"({"verificationPayload":"12345678",})").status();
  EXPECT_THAT(std::string(status.message()),
              testing::Not(testing::HasSubstr("1234")));
}

}  // namespace
}  // namespace tekmatch
