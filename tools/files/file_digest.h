// The SHA-256 of what a path leads to: to see later whether it is still the
// same.
#ifndef TEKMATCH_TOOLS_FILES_FILE_DIGEST_H_
#define TEKMATCH_TOOLS_FILES_FILE_DIGEST_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tekmatch {

// In place of a digest, where nothing is at the path.
inline constexpr char kNoFile[] = "none";

// 64 hexadecimal digits in lower case, or kNoFile. Of a folder: of the names
// and contents of the files in it, in the order of the names; folders in it are
// not looked at. INVALID_ARGUMENT: neither a file nor a folder, as what can be
// read only once. Others are the system's.
absl::StatusOr<std::string> DigestOfPath(const std::string& path);

// The same of bytes.
std::string DigestOfText(absl::string_view bytes);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_FILES_FILE_DIGEST_H_
