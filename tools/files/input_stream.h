// Files that are read once, from front to back: pipes, as of `<(cat a.zip)`,
// and stdin, which is called "-".
#ifndef TEKMATCH_TOOLS_FILES_INPUT_STREAM_H_
#define TEKMATCH_TOOLS_FILES_INPUT_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
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

// Reads on until stream->first has `num_bytes`, or all there is: what a file
// begins with can then be looked at. Errors are the system's, with the path.
absl::Status ReadAhead(const std::string& path, size_t num_bytes,
                       InputStream* stream);

// Takes the next bytes, those of stream->first before others, and returns how
// many: fewer than `out` has room for only at the end. Errors as above.
absl::StatusOr<size_t> ReadFrom(const std::string& path, InputStream* stream,
                                absl::Span<char> out);

// All of a pipe or of stdin, in memory, under the name `path`; null for what is
// neither. FAILED_PRECONDITION: it has more than max_bytes; others as above.
absl::StatusOr<std::unique_ptr<ByteSource>> ReadInputStream(
    const std::string& path, uint64_t max_bytes);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_FILES_INPUT_STREAM_H_
