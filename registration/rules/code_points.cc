// Plan: UTF-8 to code points and back, whole and in its shortest form only;
// then which of them are taken for others, dropped or refused.
#include "registration/rules/code_points.h"

#include <cstddef>
#include <cstdint>

namespace tekmatch {

std::optional<char32_t> TakeCodePoint(absl::string_view& text) {
  const auto byte = [text](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  size_t num_bytes = 0;
  char32_t code_point = 0;
  char32_t least = 0;  // what this many bytes are for
  if (first < 0x80) {
    text.remove_prefix(1);
    return first;
  }
  if ((first & 0xe0) == 0xc0) {
    num_bytes = 2;
    code_point = first & 0x1f;
    least = 0x80;
  } else if ((first & 0xf0) == 0xe0) {
    num_bytes = 3;
    code_point = first & 0x0f;
    least = 0x800;
  } else if ((first & 0xf8) == 0xf0) {
    num_bytes = 4;
    code_point = first & 0x07;
    least = 0x10000;
  } else {
    return std::nullopt;
  }
  if (text.size() < num_bytes) return std::nullopt;
  for (size_t i = 1; i < num_bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return std::nullopt;
    code_point = (code_point << 6) | (byte(i) & 0x3f);
  }
  const bool surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
  if (code_point < least || code_point > 0x10ffff || surrogate) {
    return std::nullopt;
  }
  text.remove_prefix(num_bytes);
  return code_point;
}

bool IsUtf8(absl::string_view text) {
  while (!text.empty()) {
    if (!TakeCodePoint(text).has_value()) return false;
  }
  return true;
}

void AppendUtf8(char32_t code_point, std::string& out) {
  const auto append = [&out](char32_t byte) {
    out.push_back(static_cast<char>(static_cast<uint8_t>(byte)));
  };
  if (code_point < 0x80) {
    append(code_point);
  } else if (code_point < 0x800) {
    append(0xc0 | (code_point >> 6));
    append(0x80 | (code_point & 0x3f));
  } else if (code_point < 0x10000) {
    append(0xe0 | (code_point >> 12));
    append(0x80 | ((code_point >> 6) & 0x3f));
    append(0x80 | (code_point & 0x3f));
  } else {
    append(0xf0 | (code_point >> 18));
    append(0x80 | ((code_point >> 12) & 0x3f));
    append(0x80 | ((code_point >> 6) & 0x3f));
    append(0x80 | (code_point & 0x3f));
  }
}

char32_t HalfWidth(char32_t code_point) {
  if (code_point >= 0xff01 && code_point <= 0xff5e) {
    return code_point - 0xff01 + U'!';
  }
  return code_point == 0x3000 ? U' ' : code_point;
}

bool IsSpaceToDrop(char32_t code_point) {
  return code_point == U' ' || code_point == 0xa0 || code_point == 0x3000;
}

bool IsHyphenToDrop(char32_t code_point) {
  switch (code_point) {
    case U'-':
    case 0x2010:  // hyphen
    case 0x2011:  // non-breaking hyphen
    case 0x2012:  // figure dash
    case 0x2013:  // en dash
    case 0x2014:  // em dash
    case 0x2015:  // horizontal bar
    case 0x2212:  // minus sign
    case 0xfe63:  // small hyphen-minus
    case 0xff0d:  // full-width hyphen-minus
    case 0x30fc:  // long-vowel mark of katakana and hiragana
    case 0xff70:  // the same, half-width
      return true;
    default:
      return false;
  }
}

bool IsControl(char32_t code_point) {
  return code_point < 0x20 || (code_point >= 0x7f && code_point <= 0x9f) ||
         code_point == 0x2028 || code_point == 0x2029;
}

}  // namespace tekmatch
