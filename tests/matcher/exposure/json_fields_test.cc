// Texts as JSON, before anybody asks for their members.
#include "matcher/exposure/json_fields.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

TEST(JsonFieldsTest, AnObjectIsGivenAsItIs) {
  const auto object = ParseJsonObject(R"( {"a": [1, {"b": null}], "c": "d"} )");
  ASSERT_THAT(object, IsOk());
  EXPECT_EQ(object->dump(), R"({"a":[1,{"b":null}],"c":"d"})");
  const auto empty = ParseJsonObject("{}");
  ASSERT_THAT(empty, IsOk());
  EXPECT_TRUE(empty->is_object());
  EXPECT_TRUE(empty->empty());
}

TEST(JsonFieldsTest, OtherValuesAndOtherTextsAreNoObject) {
  for (const absl::string_view text : {"[]", "[{}]", "1", "null", "\"{}\""}) {
    EXPECT_THAT(ParseJson(text), IsOk()) << text;
    EXPECT_EQ(ParseJsonObject(text).status(),
              absl::InvalidArgumentError("not a JSON object"))
        << text;
  }
  for (const absl::string_view text :
       {absl::string_view(), absl::string_view("{"), absl::string_view("{}}"),
        absl::string_view("{\"a\":}"), absl::string_view("{}\0", 3),
        absl::string_view("{'a':1}"), absl::string_view("\xff")}) {
    EXPECT_EQ(ParseJson(text).status(), absl::InvalidArgumentError("not JSON"))
        << text;
    EXPECT_EQ(ParseJsonObject(text).status(),
              absl::InvalidArgumentError("not a JSON object"))
        << text;
  }
}

// Of an object within an array, too. The name is said if it can be one of ours.
TEST(JsonFieldsTest, ANameThatStandsTwiceIsSaidIfItIsPlain) {
  for (const absl::string_view name : {"a", "z", "azimuth_zone", "_"}) {
    const std::string object =
        absl::StrCat("{\"", name, "\":1,\"", name, "\":2}");
    const absl::Status said = absl::InvalidArgumentError(
        absl::StrCat(name, ": stands twice in one object"));
    EXPECT_EQ(ParseJsonObject(object).status(), said);
    EXPECT_EQ(ParseJson(absl::StrCat("[", object, "]")).status(), said);
  }
  for (const absl::string_view name :
       {"`", "{", "aB", "a1", "a b", "\xc3\xa9"}) {
    const std::string object =
        absl::StrCat("{\"", name, "\":1,\"", name, "\":2}");
    EXPECT_EQ(
        ParseJsonObject(object).status(),
        absl::InvalidArgumentError("a member stands twice in one object"));
  }
  EXPECT_THAT(ParseJsonObject(R"({"a":{"b":1},"b":{"a":2}})"), IsOk());
}

}  // namespace
}  // namespace tekmatch
