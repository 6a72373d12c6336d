// The processing number (処理番号): 8 decimal digits that a health centre has
// sent to a person who tested positive, and that the person types into the app.
//
//   Generate    uniform over the 10^8 numbers, leading zeros kept
//   Parse       what people type, or the fault to name on the page
//   Hash        all that may be stored of a number
//
// What people type (row 14, R7): half-width and full-width digits
// (U+FF10..FF19); spaces and hyphens are dropped (code_points.h lists them).
// Nothing else passes: neither other digits (Arabic, ①, ²) nor letters nor
// points. A phone and the server parse alike (F2: COCOA's server did not look
// at all).
//
// The number is shown nowhere and never at rest (row 6). So a ProcessingNumber
// wipes its digits, has no stream operator and no AbslStringify; whoever needs
// the digits, for the text of a message or for a request, says digits().
//
// Hash = HMAC-SHA-256(key of the day, the 8 ASCII digits). Without the key a
// list of 10^8 hashes undoes any hash of a number; with a key a day, deleting
// an old key makes all older rows of no use to anybody. Two keys are kept, of
// the day and of the day before, so that a number that lives at most 24 hours
// is found again.
//
// Sources: REGISTRATION rows 4, 6, 10, 14, section 3; UPSTREAM R7, F2, section
// 7 (digits); google/exposure-notifications-verification-server (HMAC of codes,
// keys that rotate); RFC 2104.
#ifndef TEKMATCH_REGISTRATION_RULES_PROCESSING_NUMBER_H_
#define TEKMATCH_REGISTRATION_RULES_PROCESSING_NUMBER_H_

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/types/span.h"

namespace tekmatch {

inline constexpr size_t kProcessingNumberDigits = 8;
inline constexpr int64_t kNumProcessingNumbers = 100'000'000;

// Why a typed text is no number. Where several hold, the first in this order.
enum class NumberFault : uint8_t {
  kNone,
  kNotUtf8,
  kNotADigit,  // a character that is no digit, space or hyphen
  kEmpty,      // no digit at all
  kTooShort,
  kTooLong,
};

// "none", "not_utf8", "not_a_digit", "empty", "too_short", "too_long".
absl::string_view NumberFaultName(NumberFault fault);

class ProcessingNumber {
 public:
  struct Parsed;

  // `fill` fills a span with bytes of a cryptographic random source. It is
  // called once or more, each time for 4 bytes: values at or above 42 * 10^8
  // are drawn again, so that every number is equally likely.
  static ProcessingNumber Generate(
      absl::FunctionRef<void(absl::Span<uint8_t>)> fill);

  static Parsed Parse(absl::string_view typed);

  ProcessingNumber(const ProcessingNumber&) = default;
  ProcessingNumber& operator=(const ProcessingNumber&) = default;
  ~ProcessingNumber();

  // 8 ASCII digits; valid as long as the number is.
  absl::string_view digits() const { return {digits_.data(), digits_.size()}; }

  // Not constant-time: numbers are looked up by their hash.
  bool operator==(const ProcessingNumber&) const = default;

 private:
  ProcessingNumber() = default;

  std::array<char, kProcessingNumberDigits> digits_{};
};

// A number, or the fault. Never both, never neither.
struct ProcessingNumber::Parsed {
  std::optional<ProcessingNumber> number;
  NumberFault fault = NumberFault::kNone;
};

// A key of the hash: 32 bytes, of a file that only the management system reads.
class NumberHashKey {
 public:
  static constexpr size_t kBytes = 32;

  explicit NumberHashKey(const std::array<uint8_t, kBytes>& bytes)
      : bytes_(bytes) {}
  NumberHashKey(const NumberHashKey&) = default;
  NumberHashKey& operator=(const NumberHashKey&) = default;
  ~NumberHashKey();

  absl::Span<const uint8_t> bytes() const { return bytes_; }

 private:
  std::array<uint8_t, kBytes> bytes_;
};

struct NumberHash {
  std::array<uint8_t, 32> bytes{};

  auto operator<=>(const NumberHash&) const = default;
};

// RESOURCE_EXHAUSTED if BoringSSL failed, which it does for want of memory
// only.
absl::StatusOr<NumberHash> HashNumber(const ProcessingNumber& number,
                                      const NumberHashKey& key);

struct NumberHashKeyOfDay {
  absl::CivilDay day;
  NumberHashKey key;
};

// Whether the key of a day is kept on `today`: that of the day itself, and of
// its neighbours. The day after is there only where a clock was set back over
// midnight; all other keys are to be deleted.
bool IsKeptNumberHashKey(absl::CivilDay day_of_key, absl::CivilDay today);

// What to look a number up by: its hash with each key that is kept on `today`,
// today's first, then the day before, then the day after. Empty where there is
// no such key. RESOURCE_EXHAUSTED as above.
absl::StatusOr<std::vector<NumberHash>> HashesToLookUp(
    const ProcessingNumber& number, absl::Span<const NumberHashKeyOfDay> keys,
    absl::CivilDay today);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_RULES_PROCESSING_NUMBER_H_
