#include "registration/rules/processing_number.h"

#include <array>
#include <cstdint>
#include <new>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "registration/rules/code_points.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

ProcessingNumber Number(absl::string_view digits) {
  return *ProcessingNumber::Parse(digits).number;
}

// The digits, or the name of the fault.
std::string Outcome(absl::string_view typed) {
  const ProcessingNumber::Parsed parsed = ProcessingNumber::Parse(typed);
  EXPECT_EQ(parsed.number.has_value(), parsed.fault == NumberFault::kNone);
  return parsed.number.has_value() ? std::string(parsed.number->digits())
                                   : std::string(NumberFaultName(parsed.fault));
}

// Row 14.
TEST(R7, FullWidthDigitsSpacesAndHyphensPassAndNothingElse) {
  const std::pair<const char*, const char*> kCases[] = {
      {"12345678", "12345678"},
      {"00000000", "00000000"},
      {"09876543", "09876543"},
      {"１２３４５６７８", "12345678"},
      {"１２３４－５６７８", "12345678"},
      {"1234-5678", "12345678"},
      {"12 34 56 78", "12345678"},
      {"　１２３４　５６７８　", "12345678"},
      {"1234\u00a05678", "12345678"},
      {"1234‐5678", "12345678"},
      {"1234‑5678", "12345678"},
      {"1234‒5678", "12345678"},
      {"1234–5678", "12345678"},
      {"1234—5678", "12345678"},
      {"1234―5678", "12345678"},
      {"1234−5678", "12345678"},
      {"1234﹣5678", "12345678"},
      {"1234－5678", "12345678"},
      {"1234ー5678", "12345678"},
      {"1234ｰ5678", "12345678"},
      {"-1-2-3-4-5-6-7-8-", "12345678"},
      {"1２3４5６7８", "12345678"},
      {"", "empty"},
      {" 　-ー", "empty"},
      {"1", "too_short"},
      {"1234567", "too_short"},
      {"１２３４５６７", "too_short"},
      {"123456789", "too_long"},
      {"１２３４５６７８９", "too_long"},
      {"1234567890123456789012345678901234567890", "too_long"},
      {"1234.5678", "not_a_digit"},
      {"+12345678", "not_a_digit"},
      {"12345678\n", "not_a_digit"},
      {"12345678\t", "not_a_digit"},
      {"1234567O", "not_a_digit"},
      {"処理番号12345678", "not_a_digit"},
      {"١٢٣٤٥٦٧٨", "not_a_digit"},
      {"۱۲۳۴۵۶۷۸", "not_a_digit"},
      {"①②③④⑤⑥⑦⑧", "not_a_digit"},
      {"1234567²", "not_a_digit"},
      {"१२३४५६७८", "not_a_digit"},
      {"一二三四五六七八", "not_a_digit"},
      {"\U0001d7cf2345678", "not_a_digit"},  // a mathematical digit
      {"1234567\u200b8", "not_a_digit"},     // zero width
      {"123456789x", "not_a_digit"},
      {"x", "not_a_digit"},
  };
  for (const auto& [typed, want] : kCases) {
    EXPECT_EQ(Outcome(typed), want) << typed;
  }
  EXPECT_EQ(Outcome(absl::string_view("1234\0005678", 9)), "not_a_digit");
}

// F2: what is no UTF-8 or holds JSON's quotes never reaches a request.
TEST(F2, TheServerTakesEightDigitsOnly) {
  for (const absl::string_view typed :
       {absl::string_view("1234567\x80"), absl::string_view("\xff"),
        absl::string_view("12345678\xe3\x80"),     // cut off
        absl::string_view("1234567\xc0\xb8"),      // '8', overlong
        absl::string_view("1234567\xed\xa0\x80"),  // a surrogate
        absl::string_view("1\xf4\x90\x80\x80"),    // beyond U+10FFFF
        absl::string_view("x\xf8\x88\x80\x80\x80")}) {
    EXPECT_EQ(Outcome(typed), "not_utf8") << absl::CHexEscape(typed);
  }
  EXPECT_EQ(Outcome("12345678\"}"), "not_a_digit");
  EXPECT_EQ(Outcome("12345678,\"a\":1"), "not_a_digit");
}

// Every character of the first plane by itself between digits: only those that
// the header names are digits or are dropped.
TEST(R7, OverAllCharactersOnlyTheListedOnesPass) {
  std::vector<char32_t> digits;
  std::vector<char32_t> dropped;
  for (char32_t c = 0; c <= 0x10ffff; ++c) {
    if (c >= 0xd800 && c <= 0xdfff) continue;
    std::string typed = "1234";
    AppendUtf8(c, typed);
    typed += "567";
    const std::string outcome = Outcome(typed);
    if (outcome == "too_short") {
      dropped.push_back(c);
    } else if (outcome != "not_a_digit") {
      EXPECT_EQ(outcome.size(), 8);
      digits.push_back(c);
    }
  }
  std::vector<char32_t> want_digits;
  for (char32_t i = 0; i < 10; ++i) want_digits.push_back(U'0' + i);
  for (char32_t i = 0; i < 10; ++i) want_digits.push_back(0xff10 + i);
  EXPECT_EQ(digits, want_digits);
  EXPECT_THAT(dropped, ElementsAre(U' ', U'-', 0xa0, 0x2010, 0x2011, 0x2012,
                                   0x2013, 0x2014, 0x2015, 0x2212, 0x3000,
                                   0x30fc, 0xfe63, 0xff0d, 0xff70));
}

// A source that yields these values, four bytes each, in big endian.
class Script {
 public:
  explicit Script(std::vector<uint32_t> values) : values_(std::move(values)) {}

  void Fill(absl::Span<uint8_t> out) {
    ASSERT_EQ(out.size(), 4);
    ASSERT_LT(next_, values_.size());
    for (size_t i = 0; i < 4; ++i) {
      out[i] = static_cast<uint8_t>(values_[next_] >> (24 - 8 * i));
    }
    ++next_;
  }
  size_t num_used() const { return next_; }

 private:
  std::vector<uint32_t> values_;
  size_t next_ = 0;
};

TEST(ProcessingNumberTest, GeneratesWithoutBiasAndKeepsLeadingZeros) {
  const struct {
    std::vector<uint32_t> drawn;
    const char* want;
  } kCases[] = {
      {{0}, "00000000"},
      {{7}, "00000007"},
      {{99999999}, "99999999"},
      {{100000000}, "00000000"},
      {{4199999999}, "99999999"},
      {{4200000000, 1}, "00000001"},  // the first that would be biased
      {{4294967295, 4200000001, 12345678}, "12345678"},
  };
  for (const auto& [drawn, want] : kCases) {
    Script script(drawn);
    EXPECT_EQ(ProcessingNumber::Generate([&script](absl::Span<uint8_t> out) {
                script.Fill(out);
              }).digits(),
              want);
    EXPECT_EQ(script.num_used(), drawn.size());
  }
}

// Each digit at each place, over numbers spread evenly over all draws.
TEST(ProcessingNumberTest, EveryDigitIsAsLikelyAtEveryPlace) {
  std::array<std::array<int, 10>, kProcessingNumberDigits> counts{};
  constexpr int kOfADigit = 20'000;
  constexpr int kDraws = 10 * kOfADigit;
  uint64_t state = 1;
  for (int i = 0; i < kDraws; ++i) {
    const ProcessingNumber number =
        ProcessingNumber::Generate([&state](absl::Span<uint8_t> out) {
          for (uint8_t& byte : out) {
            state = state * 6364136223846793005 + 1442695040888963407;
            byte = static_cast<uint8_t>(state >> 56);
          }
        });
    for (size_t place = 0; place < kProcessingNumberDigits; ++place) {
      ++counts[place][number.digits()[place] - '0'];
    }
  }
  for (const auto& of_place : counts) {
    for (const int count : of_place) {
      EXPECT_NEAR(count, kOfADigit, 700);  // five standard deviations
    }
  }
}

template <typename T>
concept Streams = requires(std::ostream& out, const T& value) {
  out << value;
};
template <typename T>
concept Concatenates = requires(const T& value) {
  absl::StrCat(value);
};
template <typename T>
concept Stringifies = requires(std::string& sink, const T& value) {
  AbslStringify(sink, value);
};
template <typename T>
concept TurnsToText = std::is_convertible_v<T, absl::string_view> ||
    std::is_convertible_v<T, std::string> || std::is_convertible_v<T, int>;

// Row 6.
TEST(ProcessingNumberTest, CannotBePrintedByAccident) {
  static_assert(Streams<int> && Concatenates<int> && TurnsToText<int>);
  static_assert(!Streams<ProcessingNumber>);
  static_assert(!Concatenates<ProcessingNumber>);
  static_assert(!Stringifies<ProcessingNumber>);
  static_assert(!TurnsToText<ProcessingNumber>);
  static_assert(!Streams<NumberHashKey> && !Concatenates<NumberHashKey>);
}

template <typename T>
std::vector<uint8_t> BytesAfterwards(const T& value) {
  alignas(T) std::array<unsigned char, sizeof(T)> memory{};
  T* copy = new (memory.data()) T(value);
  copy->~T();
  // Read through volatile: the memory is no object of T any more.
  std::vector<uint8_t> bytes;
  bytes.reserve(memory.size());
  const volatile unsigned char* left = memory.data();
  for (size_t i = 0; i < memory.size(); ++i) {
    bytes.push_back(static_cast<uint8_t>(left[i]));
  }
  return bytes;
}

TEST(ProcessingNumberTest, WipesItself) {
  EXPECT_THAT(BytesAfterwards(Number("12345678")), ::testing::Each(0));
  std::array<uint8_t, 32> bytes{};
  bytes.fill(0x5a);
  EXPECT_THAT(BytesAfterwards(NumberHashKey(bytes)), ::testing::Each(0));
}

NumberHashKey Key(uint8_t byte) {
  std::array<uint8_t, 32> bytes{};
  bytes.fill(byte);
  return NumberHashKey(bytes);
}

std::string Hex(const NumberHash& hash) {
  return absl::BytesToHexString(absl::string_view(
      reinterpret_cast<const char*>(hash.bytes.data()), hash.bytes.size()));
}

// Expected: printf 12345678 | openssl dgst -sha256 -mac HMAC
//     -macopt hexkey:0101...01
TEST(ProcessingNumberTest, HashIsHmacSha256OfTheEightDigits) {
  const auto hash = HashNumber(Number("１２３４ー５６７８"), Key(1));
  ASSERT_THAT(hash, IsOk());
  EXPECT_EQ(Hex(*hash),
            "5dd61e24d06d0e03c18afd6651b6452dca8aa5bf1679189e10e7f2dfa8154d30");
  EXPECT_NE(*HashNumber(Number("12345679"), Key(1)), *hash);
  EXPECT_NE(*HashNumber(Number("12345678"), Key(2)), *hash);
}

TEST(ProcessingNumberTest, TwoKeysAreKept) {
  const absl::CivilDay today(2021, 1, 1);
  EXPECT_FALSE(IsKeptNumberHashKey(today - 2, today));
  EXPECT_TRUE(IsKeptNumberHashKey(today - 1, today));
  EXPECT_TRUE(IsKeptNumberHashKey(today, today));
  EXPECT_TRUE(IsKeptNumberHashKey(today + 1, today));  // a clock set back
  EXPECT_FALSE(IsKeptNumberHashKey(today + 2, today));

  const ProcessingNumber number = Number("00000001");
  const std::vector<NumberHashKeyOfDay> keys = {{today - 2, Key(1)},
                                                {today - 1, Key(2)},
                                                {today, Key(3)},
                                                {today + 1, Key(4)}};
  const auto hash = [&number](uint8_t key) {
    return *HashNumber(number, Key(key));
  };
  EXPECT_THAT(HashesToLookUp(number, keys, today),
              IsOkAndHolds(ElementsAre(hash(3), hash(2), hash(4))));
  EXPECT_THAT(HashesToLookUp(number, keys, today + 1),
              IsOkAndHolds(ElementsAre(hash(4), hash(3))));
  EXPECT_THAT(HashesToLookUp(number, keys, today + 9), IsOkAndHolds(IsEmpty()));
}

}  // namespace
}  // namespace tekmatch
