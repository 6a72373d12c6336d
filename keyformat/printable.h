// Text that others wrote, made safe to show: what a file or a path says may try
// to move the cursor, to begin a line that looks like the program's own, or to
// turn around what stands beside it.
//
// Unsafe are control characters (C0 with the line feed, DEL, C1), characters
// that nobody sees or that change the direction or the order of others (general
// category Cf of Unicode 15, the separators of lines and paragraphs), and bytes
// that are no UTF-8. What is safe stays as it is; so does what was made safe
// before, as a backslash is safe.
//
// Source: Unicode Technical Report 36, "Unicode Security Considerations";
// RFC 3629 (UTF-8); RFC 8259, section 7 (escapes in JSON).
#ifndef TEKMATCH_KEYFORMAT_PRINTABLE_H_
#define TEKMATCH_KEYFORMAT_PRINTABLE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace tekmatch {

// A part of a line. Unsafe bytes become "\x1b", and unsafe characters beyond
// U+007F "\u{202e}".
std::string Printable(absl::string_view text);

// The same, but line feeds stay.
std::string PrintableLines(absl::string_view text);

// Of JSON in UTF-8 without a line feed or tab in its strings, as a library
// dumps it: unsafe characters, which can only be in strings, become JSON's own
// escapes
// ("\u202e"), so that it still means the same.
std::string PrintableJson(absl::string_view json);

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_PRINTABLE_H_
