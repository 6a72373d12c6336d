// Plan: take a text apart into characters and bytes that are none; judge each;
// write an unsafe one as its kind of output asks.
#include "keyformat/printable.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/strings/str_format.h"

namespace tekmatch {
namespace {

struct Range {
  uint32_t first;
  uint32_t last;
};

// C1; category Cf of Unicode 15; U+2028 and U+2029.
constexpr std::array kUnsafe = {
    Range{0x80, 0x9f},       Range{0xad, 0xad},       Range{0x600, 0x605},
    Range{0x61c, 0x61c},     Range{0x6dd, 0x6dd},     Range{0x70f, 0x70f},
    Range{0x890, 0x891},     Range{0x8e2, 0x8e2},     Range{0x180e, 0x180e},
    Range{0x200b, 0x200f},   Range{0x2028, 0x202e},   Range{0x2060, 0x2064},
    Range{0x2066, 0x206f},   Range{0xfeff, 0xfeff},   Range{0xfff9, 0xfffb},
    Range{0x110bd, 0x110bd}, Range{0x110cd, 0x110cd}, Range{0x13430, 0x1343f},
    Range{0x1bca0, 0x1bca3}, Range{0x1d173, 0x1d17a}, Range{0xe0001, 0xe0001},
    Range{0xe0020, 0xe007f}};

bool IsSafe(uint32_t c) {
  if (c < 0x7f) return c >= 0x20;
  return c != 0x7f &&
         std::none_of(kUnsafe.begin(), kUnsafe.end(), [c](const Range& range) {
           return c >= range.first && c <= range.last;
         });
}

// A character, or one byte that begins none.
struct Piece {
  size_t num_bytes = 1;
  uint32_t value = 0;  // the code point, or the byte
  bool is_character = false;
};

// Of a text that is not empty. RFC 3629, section 4.
Piece FirstPiece(absl::string_view text) {
  const auto byte = [text](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  Piece piece = {.num_bytes = 1, .value = lead, .is_character = lead < 0x80};
  const size_t num_bytes = lead < 0xc2   ? 1
                           : lead < 0xe0 ? 2
                           : lead < 0xf0 ? 3
                           : lead < 0xf5 ? 4
                                         : 1;
  if (num_bytes == 1 || text.size() < num_bytes) return piece;
  uint32_t value = lead & (0x7fU >> num_bytes);
  for (size_t i = 1; i < num_bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return piece;
    value = value << 6 | (byte(i) & 0x3fU);
  }
  const bool too_long = num_bytes == 3   ? value < 0x800
                        : num_bytes == 4 ? value < 0x10000
                                         : false;
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (too_long || surrogate || value > 0x10ffff) return piece;
  return {.num_bytes = num_bytes, .value = value, .is_character = true};
}

std::string Escape(const Piece& piece) {
  return piece.is_character && piece.value > 0x7f
             ? absl::StrFormat("\\u{%x}", piece.value)
             : absl::StrFormat("\\x%02x", piece.value);
}

// Bytes that are no UTF-8 become U+FFFD: JSON has no other way.
std::string EscapeInJson(const Piece& piece) {
  if (!piece.is_character) return "\\ufffd";
  if (piece.value < 0x10000) return absl::StrFormat("\\u%04x", piece.value);
  const uint32_t rest = piece.value - 0x10000;
  return absl::StrFormat("\\u%04x\\u%04x", 0xd800 + (rest >> 10),
                         0xdc00 + (rest & 0x3ff));
}

template <typename EscapePiece>
std::string EscapeUnsafe(absl::string_view text, bool keep_line_feeds,
                         const EscapePiece& escape) {
  std::string printable;
  printable.reserve(text.size());
  while (!text.empty()) {
    const Piece piece = FirstPiece(text);
    const bool kept = keep_line_feeds && piece.value == '\n';
    if (kept || (piece.is_character && IsSafe(piece.value))) {
      printable.append(text.data(), piece.num_bytes);
    } else {
      printable += escape(piece);
    }
    text.remove_prefix(piece.num_bytes);
  }
  return printable;
}

}  // namespace

std::string Printable(absl::string_view text) {
  return EscapeUnsafe(text, /*keep_line_feeds=*/false, Escape);
}

std::string PrintableLines(absl::string_view text) {
  return EscapeUnsafe(text, /*keep_line_feeds=*/true, Escape);
}

std::string PrintableJson(absl::string_view json) {
  return EscapeUnsafe(json, /*keep_line_feeds=*/true, EscapeInJson);
}

}  // namespace tekmatch
