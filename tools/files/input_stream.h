// Files that are read once, from front to back: pipes, as of `<(cat a.zip)`,
// and stdin, which is called "-".
#ifndef TEKMATCH_TOOLS_FILES_INPUT_STREAM_H_
#define TEKMATCH_TOOLS_FILES_INPUT_STREAM_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "keyformat/byte_source.h"

namespace tekmatch {

inline constexpr char kStdStream[] = "-";

// Whether `path` is stdin, by whatever name.
bool IsStdin(absl::string_view path);

// An open file, and what had to be read of it to know that somebody writes.
struct InputStream {
  int fd = -1;  // the caller's
  std::string first;
};

// Any file that can be opened. Errors are the system's, with the path.
// DEADLINE_EXCEEDED: a named pipe into which nobody writes, within a second or
// two.
absl::StatusOr<InputStream> OpenInputStream(const std::string& path);

// All of a pipe or of stdin, in memory, under the name `path`; null for what is
// neither. FAILED_PRECONDITION: it has more than max_bytes; others as above.
absl::StatusOr<std::unique_ptr<ByteSource>> ReadInputStream(
    const std::string& path, uint64_t max_bytes);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_FILES_INPUT_STREAM_H_
