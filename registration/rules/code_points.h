// Text that people type, character by character, and the characters that the
// rules take for one another: a Japanese keyboard has digits, spaces, hyphens
// and letters twice, half-width and full-width.
//
// Mapped one by one, and not by Unicode's normal form NFKC, which also turns
// ① and ² into digits.
//
// Source: RFC 3629 (UTF-8); Unicode 15, block Halfwidth and Fullwidth Forms.
#ifndef TEKMATCH_REGISTRATION_RULES_CODE_POINTS_H_
#define TEKMATCH_REGISTRATION_RULES_CODE_POINTS_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace tekmatch {

// Takes the first character off `text`, which is not empty. nullopt where
// `text` does not begin with valid UTF-8 (overlong forms and surrogates are
// not valid); `text` then stays.
std::optional<char32_t> TakeCodePoint(absl::string_view& text);

// Whether all of it is valid UTF-8.
bool IsUtf8(absl::string_view text);

void AppendUtf8(char32_t code_point, std::string& out);

// Full-width forms of ASCII (U+FF01..FF5E) and the ideographic space (U+3000)
// as ASCII; everything else as it is.
char32_t HalfWidth(char32_t code_point);

// U+0020, U+00A0 (no-break) and U+3000 (ideographic).
bool IsSpaceToDrop(char32_t code_point);

// Every character that a keyboard, a mail or a printed page has where a hyphen
// is meant: - ‐ ‑ ‒ – — ― − ﹣ －, and ー and ｰ, the long-vowel marks, which a
// Japanese keyboard gives for the same key.
bool IsHyphenToDrop(char32_t code_point);

// C0 with CR and LF, DEL, C1, and the separators of lines and paragraphs
// (U+2028, U+2029): nothing that a name, an address or a heading may hold.
bool IsControl(char32_t code_point);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_RULES_CODE_POINTS_H_
