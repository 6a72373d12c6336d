// Plan: A number is drawn and parsed, and wiped when it goes; then its hash
// under a day's key, and the days whose keys are still asked.
#include "registration/rules/processing_number.h"

#include <openssl/digest.h>
#include <openssl/hmac.h>
#include <openssl/mem.h>

#include "absl/status/status.h"
#include "keyformat/status_macros.h"
#include "registration/rules/code_points.h"

namespace tekmatch {
namespace {

constexpr std::array<absl::string_view, 6> kFaultNames = {
    "none", "not_utf8", "not_a_digit", "empty", "too_short", "too_long"};

// The largest multiple of 10^8 that four bytes hold.
constexpr uint32_t kDrawLimit = 4'200'000'000;

}  // namespace

absl::string_view NumberFaultName(NumberFault fault) {
  return kFaultNames[static_cast<size_t>(fault)];
}

ProcessingNumber::~ProcessingNumber() {
  OPENSSL_cleanse(digits_.data(), digits_.size());
}

ProcessingNumber ProcessingNumber::Generate(
    absl::FunctionRef<void(absl::Span<uint8_t>)> fill) {
  std::array<uint8_t, 4> bytes{};
  uint32_t drawn = kDrawLimit;
  while (drawn >= kDrawLimit) {
    fill(absl::MakeSpan(bytes));
    drawn = 0;
    for (const uint8_t byte : bytes) drawn = (drawn << 8) | byte;
  }
  ProcessingNumber number;
  uint32_t rest = drawn % static_cast<uint32_t>(kNumProcessingNumbers);
  for (size_t i = number.digits_.size(); i > 0; --i) {
    number.digits_[i - 1] = static_cast<char>('0' + rest % 10);
    rest /= 10;
  }
  OPENSSL_cleanse(bytes.data(), bytes.size());
  OPENSSL_cleanse(&drawn, sizeof(drawn));
  return number;
}

ProcessingNumber::Parsed ProcessingNumber::Parse(absl::string_view typed) {
  if (!IsUtf8(typed)) return {.number = {}, .fault = NumberFault::kNotUtf8};
  ProcessingNumber number;
  size_t num_digits = 0;
  while (!typed.empty()) {
    const char32_t c = HalfWidth(*TakeCodePoint(typed));
    if (IsSpaceToDrop(c) || IsHyphenToDrop(c)) continue;
    if (c < U'0' || c > U'9') {
      return {.number = {}, .fault = NumberFault::kNotADigit};
    }
    if (num_digits < number.digits_.size()) {
      number.digits_[num_digits] = static_cast<char>(c);
    }
    ++num_digits;
  }
  if (num_digits == 0) return {.number = {}, .fault = NumberFault::kEmpty};
  if (num_digits < kProcessingNumberDigits) {
    return {.number = {}, .fault = NumberFault::kTooShort};
  }
  if (num_digits > kProcessingNumberDigits) {
    return {.number = {}, .fault = NumberFault::kTooLong};
  }
  return {.number = number, .fault = NumberFault::kNone};
}

NumberHashKey::~NumberHashKey() {
  OPENSSL_cleanse(bytes_.data(), bytes_.size());
}

absl::StatusOr<NumberHash> HashNumber(const ProcessingNumber& number,
                                      const NumberHashKey& key) {
  NumberHash hash;
  unsigned int size = 0;
  const absl::string_view digits = number.digits();
  if (HMAC(EVP_sha256(), key.bytes().data(), key.bytes().size(),
           reinterpret_cast<const uint8_t*>(digits.data()), digits.size(),
           hash.bytes.data(), &size) == nullptr) {
    return absl::ResourceExhaustedError("no memory to hash a number");
  }
  return hash;
}

bool IsKeptNumberHashKey(absl::CivilDay day_of_key, absl::CivilDay today) {
  return day_of_key >= today - 1 && day_of_key <= today + 1;
}

absl::StatusOr<std::vector<NumberHash>> HashesToLookUp(
    const ProcessingNumber& number, absl::Span<const NumberHashKeyOfDay> keys,
    absl::CivilDay today) {
  std::vector<NumberHash> hashes;
  hashes.reserve(keys.size());
  for (const absl::CivilDay day : {today, today - 1, today + 1}) {
    for (const NumberHashKeyOfDay& key : keys) {
      if (key.day != day) continue;
      TEKMATCH_ASSIGN_OR_RETURN(const NumberHash hash,
                                HashNumber(number, key.key));
      hashes.push_back(hash);
    }
  }
  return hashes;
}

}  // namespace tekmatch
