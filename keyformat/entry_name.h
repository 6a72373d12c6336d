// Which names the entries of an export's zip may have.
#ifndef TEKMATCH_KEYFORMAT_ENTRY_NAME_H_
#define TEKMATCH_KEYFORMAT_ENTRY_NAME_H_

#include "absl/strings/string_view.h"

namespace tekmatch {

// True for a name that can go to a message, a terminal or a JSON text, and that
// leads to no other folder: UTF-8 (RFC 3629) without the control characters of
// ASCII (U+0000..U+001F, U+007F) and of Latin-1 (U+0080..U+009F); not empty,
// not absolute, without "..", backslash, and what a file system leaves out of a
// path, so that two names are two files: "." and empty parts.
bool IsSafeEntryName(absl::string_view name);

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_ENTRY_NAME_H_
