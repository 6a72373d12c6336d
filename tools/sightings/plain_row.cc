// Plan: eight hexadecimal digits at a time, in a register, without a branch for
// a digit; then the fields in their order, each of which says whether it is
// plain.
#include "tools/sightings/plain_row.h"

#include <bit>
#include <cstdint>
#include <cstring>

#include "matcher/join/sighting.h"
#include "tools/sightings/sighting_fields.h"

namespace tekmatch {
namespace {

// The same byte, eight times.
constexpr uint64_t Each(uint8_t byte) {
  return uint64_t{0x0101010101010101} * byte;
}

// The next eight characters, the first of them in the lowest byte.
uint64_t Load(const char* text) {
  uint64_t word = 0;
  std::memcpy(&word, text, sizeof(word));
  if constexpr (std::endian::native == std::endian::big) {
    word = __builtin_bswap64(word);
  }
  return word;
}

// Writes four bytes for eight digits. Not zero: one is no digit.
uint64_t DecodeEight(const char* digits, uint8_t* out) {
  const uint64_t text = Load(digits);
  // Letters have this bit. Of them the low half is 1 to 6, and 9 is missing.
  const uint64_t letters = text >> 6 & Each(1);
  const uint64_t values = (text & Each(0x0F)) + 9 * letters;
  // What a digit of this value looks like, as a small letter. A byte that is
  // not that, or has a greater value, is none.
  const uint64_t beyond_nine = (values + Each(6)) >> 4 & Each(1);
  const uint64_t digits_of_values =
      values + Each('0') + ('a' - '0' - 10) * beyond_nine;
  const uint64_t wrong =
      (digits_of_values ^ (text | letters << 5)) | (values & Each(0xF0));
  // Two values are a byte; then four bytes come together.
  uint64_t bytes = (values << 4 | values >> 8) & 0x00FF00FF00FF00FF;
  bytes = (bytes | bytes >> 8) & 0x0000FFFF0000FFFF;
  bytes |= bytes >> 16;
  for (int i = 0; i < 4; ++i) out[i] = static_cast<uint8_t>(bytes >> 8 * i);
  return wrong;
}

// The value of up to `most` decimal digits, of which *text is moved to the end.
// Zero digits are zero.
int64_t Digits(const char** text, int most) {
  int64_t value = 0;
  for (int i = 0; i < most; ++i) {
    const auto digit = static_cast<uint8_t>(**text - '0');
    if (digit > 9) break;
    value = 10 * value + digit;
    ++*text;
  }
  return value;
}

// Ten digits; -1 if there is anything else.
int64_t TenDigits(const char* text) {
  const uint64_t word = Load(text);
  const auto ninth = static_cast<uint8_t>(text[8] - '0');
  const auto tenth = static_cast<uint8_t>(text[9] - '0');
  // '0' to '9' are 0x30 to 0x39; seven more stays below 0x40 up to '9' only.
  if ((word & Each(0xF0)) != Each('0') ||
      ((word + Each(6)) & Each(0xF0)) != Each('0') || ninth > 9 || tenth > 9) {
    return -1;
  }
  // Pairs of digits, then fours, then all eight (their first in the lowest
  // byte).
  uint64_t value = word & Each(0x0F);
  value = (value * 10 + (value >> 8)) & 0x00FF00FF00FF00FF;
  value = (value * 100 + (value >> 16)) & 0x0000FFFF0000FFFF;
  value = (value * 10000 + (value >> 32)) & 0x00000000FFFFFFFF;
  return static_cast<int64_t>(value) * 100 + int64_t{ninth} * 10 + tenth;
}

constexpr int kTimeDigits = 10;
constexpr int kRssiDigits = 3;
constexpr int kDeviceDigits = 9;

}  // namespace

const char* ReadPlainRow(const char* row, const CsvColumns& columns,
                         Sighting* sighting) {
  const int64_t time = TenDigits(row);
  if (time < 0 || time > kMaxHeardSeconds) return nullptr;
  sighting->unix_seconds = time;
  row += kTimeDigits;
  if (*row++ != ',') return nullptr;
  uint64_t wrong = 0;
  for (size_t i = 0; i < kRpiBytes; i += 4, row += 8) {
    wrong |= DecodeEight(row, &sighting->rpi.bytes[i]);
  }
  if (*row++ != ',') return nullptr;
  static_assert(kAemBytes == 4);
  wrong |= DecodeEight(row, sighting->aem.bytes.data());
  row += 2 * kAemBytes;
  if (wrong != 0 || *row++ != ',') return nullptr;
  const bool negative = *row == '-';
  if (negative) ++row;
  const char* const rssi_digits = row;
  const int64_t size = Digits(&row, kRssiDigits);
  const int64_t rssi = negative ? -size : size;
  if (row == rssi_digits || rssi < kMinRssi || rssi > kMaxRssi) return nullptr;
  sighting->rssi = static_cast<int16_t>(rssi);
  if (columns.previous_scan) {
    if (*row++ != ',') return nullptr;
    if (*row >= '0' && *row <= '9') {
      const int64_t scan = TenDigits(row);
      if (scan < 0 || !SetPreviousScan(scan, sighting)) return nullptr;
      row += kTimeDigits;
    }
  }
  if (columns.device) {
    if (*row++ != ',') return nullptr;
    const char* const device_digits = row;
    const int64_t device = Digits(&row, kDeviceDigits);
    if (row == device_digits) return nullptr;
    sighting->device = static_cast<uint32_t>(device);
  }
  if (*row == '\r') ++row;
  return *row == '\n' ? row + 1 : nullptr;
}

}  // namespace tekmatch
