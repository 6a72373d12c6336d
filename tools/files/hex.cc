#include "tools/files/hex.h"

#include "absl/strings/str_cat.h"

namespace tekmatch {
namespace {

// -1 for what is no digit.
int DigitValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

absl::Status DecodeHex(absl::string_view hex, absl::Span<uint8_t> out) {
  if (hex.size() != 2 * out.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(hex.size(), " characters, ", 2 * out.size(), " wanted"));
  }
  for (size_t i = 0; i < out.size(); ++i) {
    const int high = DigitValue(hex[2 * i]);
    const int low = DigitValue(hex[2 * i + 1]);
    if (high < 0 || low < 0) {
      return absl::InvalidArgumentError("not hexadecimal");
    }
    out[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return absl::OkStatus();
}

}  // namespace tekmatch
