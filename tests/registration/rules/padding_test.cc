#include "registration/rules/padding.h"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "registration/rules/key_acceptance.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Every byte value in turn.
void Count(absl::Span<uint8_t> out) {
  static uint8_t next = 0;
  for (uint8_t& byte : out) byte = next++;
}

absl::StatusOr<std::string> Pad(const std::string& object,
                                absl::Span<const size_t> classes) {
  return PadJsonObject(object, classes, Count);
}

// An object of exactly `size` bytes.
std::string ObjectOf(size_t size) {
  if (size == 2) return "{}";
  return absl::StrCat("{\"a\":\"", std::string(size - 8, 'x'), "\"}");
}

// F3: COCOA's real and chaff answers had different sizes.
TEST(F3, EveryLengthIsPaddedToExactlyItsClass) {
  constexpr size_t kMember = 13;  // ,"padding":""
  for (size_t size = 8; size <= 65536 - kMember; ++size) {
    if (size > 10000 && size % 97 != 0 && size < 65500) continue;
    size_t want = 0;
    for (const size_t size_class : {65536, 32768, 16384, 8192, 4096}) {
      if (size + kMember <= size_class) want = size_class;
    }
    const auto padded = Pad(ObjectOf(size), kRequestSizeClasses);
    ASSERT_THAT(padded, IsOk());
    ASSERT_EQ(padded->size(), want) << size;
  }
  EXPECT_EQ(Pad(ObjectOf(8), kAnswerSizeClasses)->size(), 2048);
  EXPECT_EQ(Pad(ObjectOf(2048 - kMember), kAnswerSizeClasses)->size(), 2048);
  EXPECT_EQ(Pad(ObjectOf(2048 - kMember + 1), kAnswerSizeClasses)->size(),
            4096);
  EXPECT_EQ(Pad("{}", kAnswerSizeClasses)->size(), 2048);
}

TEST(PaddingTest, TheObjectStaysWhatItWas) {
  for (const char* text :
       {"{}", R"({"a":1})", R"({"a":[{"b":"}"}],"c":null})"}) {
    const auto padded = Pad(text, kAnswerSizeClasses);
    ASSERT_THAT(padded, IsOk());
    nlohmann::json object = nlohmann::json::parse(*padded);
    EXPECT_TRUE(object["padding"].is_string());
    EXPECT_EQ(object.erase("padding"), 1);
    EXPECT_EQ(object, nlohmann::json::parse(text));
  }
}

TEST(PaddingTest, PaddingIsRandomOfSixtyFourCharacters) {
  const auto padded = Pad("{}", kAnswerSizeClasses);
  ASSERT_THAT(padded, IsOk());
  const std::string padding = nlohmann::json::parse(*padded)["padding"];
  EXPECT_EQ(std::set<char>(padding.begin(), padding.end()).size(), 64);
  EXPECT_NE(*Pad("{\"a\":1}", kAnswerSizeClasses),
            *PadJsonObject("{\"a\":1}", kAnswerSizeClasses,
                           [](absl::Span<uint8_t> out) {
                             for (uint8_t& byte : out) byte = 0;
                           }));
}

TEST(PaddingTest, RefusesWhatItCannotPadWithoutQuotingIt) {
  for (const char* text :
       {"", "{", "}", "[1]", "{} ", " {}", "secret", "{secret", "secret}"}) {
    EXPECT_THAT(
        Pad(text, kAnswerSizeClasses),
        StatusIs(absl::StatusCode::kInvalidArgument, Not(HasSubstr("secret"))))
        << text;
  }
  EXPECT_THAT(Pad(ObjectOf(4096 - 12), kAnswerSizeClasses),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Pad(ObjectOf(65536 - 12), kRequestSizeClasses),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

// Row 27: the number of keys does not show, as all requests and answers are of
// the first class.
TEST(PaddingTest, TheFullestRequestAndAnswerAreOfTheFirstClass) {
  std::vector<std::string> keys;
  std::vector<std::string> reasons;
  size_t longest = 0;
  for (int i = 0; i < kNumKeyVerdicts; ++i) {
    const absl::string_view name = KeyVerdictName(static_cast<KeyVerdict>(i));
    if (name.size() > longest) longest = name.size();
  }
  for (size_t i = 0; i < kMostKeysInARequest; ++i) {
    keys.push_back(absl::StrFormat(
        R"({"keyData":"%s","rollingStartNumber":2659680,"rollingPeriod":144,)"
        R"("reportType":1})",
        std::string(24, 'A')));
    reasons.push_back(absl::StrFormat(R"({"index":%d,"reason":"%s"})", 29,
                                      std::string(longest, 'x')));
  }
  const std::string request = absl::StrCat(
      R"({"keys":[)", absl::StrJoin(keys, ","),
      R"(],"regions":["440"],"verificationPayload":"12345678",)",
      R"("idempotencyKey":"123e4567-e89b-12d3-a456-426614174000"})");
  const std::string answer = absl::StrCat(R"({"accepted":30,"rejected":[)",
                                          absl::StrJoin(reasons, ","), "]}");
  EXPECT_LE(request.size(), 3300);
  EXPECT_LE(answer.size(), 1500);
  EXPECT_EQ(Pad(request, kRequestSizeClasses)->size(), 4096);
  EXPECT_EQ(Pad(answer, kAnswerSizeClasses)->size(), 2048);
}

}  // namespace
}  // namespace tekmatch
