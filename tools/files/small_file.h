// A whole file that a person wrote: a key, a configuration. A pipe is one, too,
// and "-" is stdin.
#ifndef TEKMATCH_TOOLS_FILES_SMALL_FILE_H_
#define TEKMATCH_TOOLS_FILES_SMALL_FILE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tekmatch {

// DATA_LOSS: larger than max_bytes ("path: too large for a key", with `what`
// it is). Other codes: the system's.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path,
                                          uint64_t max_bytes,
                                          absl::string_view what);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_FILES_SMALL_FILE_H_
